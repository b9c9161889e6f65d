"""Publish prose, figures, tables and listings from a notebook.

Each call displays an item in JupyterLab and describes it in the output's metadata, from
which `typeset` and `page` produce the LaTeX and HTML. Prose and captions are Markdown
(see `markdown`), with ``{{claims}}`` and citations such as ``[@key]``. Labels are given
without the kind that references begin with: ``costs`` for ``@fig:costs``.
"""

import inspect
import os
import re
import textwrap
from pathlib import Path

from IPython import get_ipython
from IPython.display import display, update_display

from helpers.pipeline.report import frames
from helpers.pipeline.report.claims import Claims, output_metadata
from helpers.pipeline.report.drawing import IN_BACKGROUND, call_in_background, draw
from helpers.pipeline.report.lab import BIBLIOGRAPHIES, Lab, read_works
from helpers.pipeline.report.markdown import KINDS
from helpers.pipeline.report.provenance import trace
from helpers.pipeline.sweep.results import loaded_experiments

MAX_TABLE_LINES = 40  # a table with more lines may not fit on a page
TEXT_WIDTH = 6.3  # inches, in print
MAX_LISTING_LINES = 15  # a longer listing may break across pages; JupyterLab folds it


class Report:
    """The report that a notebook writes.

    Creating one gives the notebook the cell magic ``%%prose``.

    Attributes
    ----------
    claims : Claims
        The numbers that prose and captions may refer to.
    experiments : list of str
        The experiments shown by `experiment`.
    """

    def __init__(self):
        self.claims, self.experiments = Claims(), []
        self._lab, self._labels = Lab(), {}
        self._provenance, self._pending_figures = {}, {}
        shell = get_ipython()
        if shell is not None:
            shell.register_magic_function(self._prose_cell, "cell", "prose")
            shell.events.register("pre_run_cell", self._begin_cell)

    def _begin_cell(self, info):
        # Ignore code that a cell itself executes.
        if info.cell_id or info.store_history:
            number = len(get_ipython().user_ns["In"])
            self.claims.begin_cell(info.cell_id, number)

    def _prose_cell(self, line, cell):
        self.prose(cell)

    def title(self, *, course, title, student, date):
        """Show the title block."""
        heading = {"course": course, "title": title, "student": student, "date": date}
        self._emit(
            {"text/markdown": f"# {course}\n## {title}\n**{student}** · {date}"},
            kind="title",
            heading=heading,
        )

    def prose(self, text):
        """Show Markdown, with its claims filled in and its references numbered."""
        markdown = self._lab.text(self.claims.fill(text))
        self._emit({"text/markdown": markdown}, kind="prose", text=text)

    def appendix(self):
        """Begin the appendix, whose sections are lettered instead of numbered."""
        self._emit({"text/markdown": "# Appendix"}, kind="appendix")

    def live(self, html):
        """Put the live figure, an HTML fragment, on the page; the PDF omits it."""
        self._emit({"text/markdown": "*The live figure.*"}, kind="live", html=html)

    def figure(self, figure, *, label, caption, alt="", live="", source=None):
        """Show a matplotlib figure with its caption.

        Parameters
        ----------
        figure : matplotlib.figure.Figure
            Printed at its own size, but at most as wide as the text. Closed afterwards.
        label, caption : str
            See `helpers.pipeline.report.publish`.
        alt : str
            A description for readers who cannot see it, without mathematics.
        live : str
            The setting of the live figure that shows the same, as in a web address:
            ``features=all&rate=0.3``.
        source : (list of str, list of str), optional
            The helper functions and the runs behind it; by default they are traced.

        Raises
        ------
        ValueError
            If `alt` is empty, or the figure's font lacks a character.
        """
        import matplotlib.pyplot as plt

        label = self._label("fig", label, caption)
        if not hasattr(figure, "get_figwidth"):
            kind = type(figure).__name__
            raise TypeError(f"{label} must be a figure, such as ax.figure, not {kind}")
        if not alt.strip():
            raise ValueError(f"{label} has no alternative text: alt='what it shows'")
        alt = self.claims.fill(alt, lambda name, text: text.strip("$"))
        description = {"label": label, "caption": caption, "alt": alt, "live": live}
        description |= {"kind": "figure", "traced": self._trace(label, source)}
        if (width := figure.get_figwidth()) < TEXT_WIDTH:
            description["share"] = round(width / TEXT_WIDTH, 4)
        try:
            if os.environ.get(IN_BACKGROUND):
                where = f"In [{self.claims.number}], {label}"
                pending = call_in_background(draw, figure, where)
                self._pending_figures[label] = pending, description
                self._emit({"text/plain": alt}, display_id=label, **description)
            else:
                self._emit(draw(figure, label) | {"text/plain": alt}, **description)
        finally:  # otherwise IPython would draw it again after the cell
            plt.close(figure)
        self._show_caption(label, caption)

    def table(self, frame, *, label, caption, align=None, long=False, source=None):
        """Show a frame as a table with its caption.

        Parameters
        ----------
        frame : pandas.DataFrame or pandas.Series
            Numbers and texts, which may have mathematics between dollars; see
            `helpers.pipeline.report.frames.texts_of`.
        label, caption : str
            See `helpers.pipeline.report.publish`.
        align : str, optional
            LaTeX alignment of the columns. By default, numbers are aligned right, and
            texts left, with line breaks in long ones.
        long : bool
            Whether it may break across pages, as a table with many rows always may.
        source : (list of str, list of str), optional
            See `figure`.
        """
        label = self._label("tab", label, caption)
        texts = frames.texts_of(frame)
        default_align, lines = frames.layout(texts)
        long = long or max(lines, len(texts)) > MAX_TABLE_LINES
        align = align or default_align
        self._show_caption(label, caption)
        self._emit(
            {
                "text/html": frames.to_html(texts, label.partition(":")[2]),
                "text/plain": texts.to_string(),
            },
            kind="longtable" if long else "table",
            label=label,
            caption=caption,
            latex=frames.to_latex(texts, align, long=long),
            columns=[*texts],
            rows=texts.to_numpy().tolist(),
            align=align,
            traced=self._trace(label, source),
        )

    def experiment(self, name, *, rows=None, columns=None, show="cost"):
        """Show the runs of an experiment as a figure and a table, with captions.

        For ``my_rates`` the labels are ``@fig:experiment-my-rates`` and
        ``@tab:experiment-my-rates``, and the claim ``experiment-my-rates.best`` is the
        number of iterations, or the cost, of the best run.

        Parameters
        ----------
        name : str
            The experiment's name in ``experiments.yaml``.
        rows, columns, show
            See `helpers.figures.overview.plot_experiment`.
        """
        from helpers.pipeline.report.overview import publish_experiment

        self.experiments.append(name)
        publish_experiment(self, name, rows=rows, columns=columns, show=show)

    def listing(self, item, *, label, caption):
        """Show the source code of a function, class or module, as it is on disk."""
        label = self._label("lst", label, caption)
        lines, first = inspect.getsourcelines(item)
        code = textwrap.dedent("".join(lines))
        self._show_caption(label, caption)
        markdown = f"```python\n{code}```"
        if breakable := len(lines) > MAX_LISTING_LINES:
            summary = f"<summary>{len(lines)} lines</summary>"
            markdown = f"<details>{summary}\n\n{markdown}\n\n</details>"
        self._emit(
            {"text/markdown": markdown},
            kind="listing",
            label=label,
            caption=caption,
            code=code,
            first_line=max(first, 1),
            breakable=breakable,
        )

    def provenance(self, *_):
        """List the cell, the helpers and the runs behind each figure and table.

        An experiment is named in place of its runs if all of them were used.
        Older notebooks pass the names of experiments, which are ignored.
        """
        loaded = sorted(loaded_experiments().items())
        experiments = {name: [*table["run"]] for name, table in loaded}
        while self._pending_figures:  # put the figures in their places
            label, (pending, description) = self._pending_figures.popitem()
            data = pending() | {"text/plain": description["alt"]}
            self._emit(data, show=update_display, display_id=label, **description)
        entries = [
            {
                **entry._asdict(),
                "what": KINDS[entry.label.partition(":")[0]],
                "runs": _by_experiment(entry.runs, experiments),
            }
            for entry in self._provenance.values()
        ]
        lines = (
            f"- {self._lab.reference(e['label'])}, cell `In [{e['cell']}]`: "
            f"{', '.join(f'`{f}`' for f in e['functions']) or 'no helpers'}; "
            f"runs: {', '.join(e['runs']) or 'none'}"
            for e in entries
        )
        markdown = {"text/markdown": "\n".join(lines)}
        self._emit(markdown, kind="provenance", entries=entries)

    def bibliography(self, path):
        """Show the works of a BibTeX file in ``report/``, with titles as typed.

        The style is Chicago author-date, which omits the ``note`` field.
        """
        path = BIBLIOGRAPHIES / Path(path).name
        works = f"<h1>References</h1>{read_works(path)[1]}"
        self._emit({"text/html": works}, kind="bibliography", path=path.stem)

    def _label(self, kind, label, caption):
        """Check a label and its caption; return the label with its kind in front."""
        if not re.fullmatch("[a-z0-9-]+", label):
            raise ValueError(
                f"label {label!r} must consist of lowercase letters, digits and hyphens"
            )
        label, cell, number = f"{kind}:{label}", self.claims.cell, self.claims.number
        owner, first = self._labels.setdefault(label, (cell or number, number))
        if owner != (cell or number):
            raise ValueError(f"{label} is used twice: In [{first}] and In [{number}]")
        if not caption.strip():
            raise ValueError(f"{label} has no caption: say what it shows")
        block = r"\n\s*\n|^\s*([-*+>#]|\d+[.)])\s|\$\$"
        if re.search(block, caption.strip(), re.MULTILINE):
            raise ValueError(f"{label}: the caption must be one paragraph of text")
        return label

    def _trace(self, label, source):
        """Trace a figure or table if this is a notebook; return whether it is."""
        shell = get_ipython()
        if shell is not None:
            cells, variables = shell.user_ns["In"], shell.user_ns
            traced = trace(label, cells, variables)
            if source:
                traced = traced._replace(functions=source[0], runs=source[1])
            self._provenance[label] = traced
        return shell is not None

    def _show_caption(self, label, caption):
        kind, number = self._lab.number(label)
        caption = self._lab.text(self.claims.fill(caption))
        text = f"**{KINDS[kind]} {number}.** {caption}"
        self._emit({"text/markdown": text}, kind="lab")

    def _emit(self, data, *, show=None, display_id=None, **description):
        """Display data, with a description for the metadata of the output."""
        data.setdefault("text/plain", description["kind"])
        metadata = output_metadata(self.claims, **description)
        (show or display)(data, metadata=metadata, raw=True, display_id=display_id)


def _by_experiment(runs, experiments):
    """Replace the runs of an experiment by its name, if all of them are in `runs`."""
    complete = {name: of for name, of in experiments.items() if {*of} <= {*runs}}
    covered = {run for of in complete.values() for run in of}
    return [*complete, *(run for run in runs if run not in covered)]
