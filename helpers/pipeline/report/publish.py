"""What a notebook puts on the page: prose, figures, tables, listings.

One call shows a thing in JupyterLab and describes it, in the output's metadata, for
`typeset` and `page`, which set it in LaTeX and HTML. Prose and captions are Markdown,
see `markdown`, with ``{{claims}}`` and citations such as ``[@key]``. A label is a name
in references, without its kind: ``costs`` for ``@fig:costs``.
"""

import inspect
import os
import re
import textwrap
from pathlib import Path

from IPython import get_ipython
from IPython.display import display, update_display

from helpers.pipeline.report import frames
from helpers.pipeline.report.claims import Claims, described
from helpers.pipeline.report.drawing import BESIDE, beside, draw
from helpers.pipeline.report.lab import BIBLIOGRAPHIES, Lab, read_works
from helpers.pipeline.report.markdown import KINDS
from helpers.pipeline.report.provenance import trace
from helpers.pipeline.sweep.results import loaded_experiments

MANY = 40  # lines of a table that do not fit on a page
TEXT_WIDTH = 6.3  # inches, on the page that is printed
SHORT = 15  # lines of a listing that is kept whole: on one page, and in JupyterLab


class Report:
    """The page that a notebook writes.

    Making one gives the notebook the cell magic ``%%prose``.

    Attributes
    ----------
    claims : Claims
        Every number that may be named in prose and captions.
    experiments : list of str
        The experiments that `experiment` has shown.
    """

    def __init__(self):
        self.claims, self.experiments = Claims(), []
        self._lab, self._labels = Lab(), {}
        self._provenance, self._drawn_beside = {}, {}
        shell = get_ipython()
        if shell is not None:
            shell.register_magic_function(self._prose_cell, "cell", "prose")
            shell.events.register("pre_run_cell", self._begin_cell)

    def _begin_cell(self, info):
        # Not for code that a cell executes in turn.
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
        shown = {"text/markdown": self._lab.text(self.claims.fill(text))}
        self._emit(shown, kind="prose", text=text)

    def appendix(self):
        """Begin the appendix: the sections that follow have letters."""
        self._emit({"text/markdown": "# Appendix"}, kind="appendix")

    def live(self, html):
        """Put the live figure, a fragment of HTML, on the page; print has none."""
        self._emit({"text/markdown": "*The live figure.*"}, kind="live", html=html)

    def figure(self, figure, *, label, caption, alt="", live="", source=None):
        """Show a matplotlib figure with its caption.

        Parameters
        ----------
        figure : matplotlib.figure.Figure
            As large as it is, at most as wide as the text. Closed afterwards.
        label, caption : str
            See `helpers.pipeline.report.publish`.
        alt : str
            What it looks like, for those who cannot see it; text without mathematics.
        live : str
            Setting of the live figure that shows the same, as in an address:
            ``features=all&rate=0.3``.
        source : (list of str, list of str), optional
            The helper functions and the runs behind it; by default they are traced.

        Raises
        ------
        ValueError
            If there is no `alt`, or a letter that the font of the figure lacks.
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
            if os.environ.get(BESIDE):
                drawn = beside(draw, figure, f"In [{self.claims.number}], {label}")
                self._drawn_beside[label] = drawn, description
                self._emit({"text/plain": alt}, display_id=label, **description)
            else:
                self._emit(draw(figure, label) | {"text/plain": alt}, **description)
        finally:  # else IPython would draw it again after the cell
            plt.close(figure)
        self._lab_caption(label, caption)

    def table(self, frame, *, label, caption, align=None, long=False, source=None):
        """Show a frame of texts as a table with its caption.

        Parameters
        ----------
        frame : pandas.DataFrame or pandas.Series
            Of texts, which may have mathematics between dollars, and of numbers; see
            `helpers.pipeline.report.frames.texts_of`.
        label, caption : str
            See `helpers.pipeline.report.publish`.
        align : str, optional
            LaTeX alignment of the columns; by default numbers are on the right and
            texts on the left, long ones broken into lines.
        long : bool
            Whether it may run over several pages, as one of many rows does anyway.
        source : (list of str, list of str), optional
            See `figure`.
        """
        label = self._label("tab", label, caption)
        texts = frames.texts_of(frame)
        letters, lines = frames.layout(texts)
        long, align = long or max(lines, len(texts)) > MANY, align or letters
        self._lab_caption(label, caption)
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

        Those of ``my_rates`` are ``@fig:experiment-my-rates`` and
        ``@tab:experiment-my-rates``; the claim ``experiment-my-rates.best`` has the
        iterations, or the cost, of the best run.

        Parameters
        ----------
        name : str
            In ``experiments.yaml``.
        rows, columns, show
            See `helpers.figures.overview.plot_experiment`.
        """
        from helpers.pipeline.report.overview import publish_experiment

        self.experiments.append(name)
        publish_experiment(self, name, rows=rows, columns=columns, show=show)

    def listing(self, item, *, label, caption):
        """Show the code of a function, class or module, as it is on disk."""
        label = self._label("lst", label, caption)
        lines, first = inspect.getsourcelines(item)
        code = textwrap.dedent("".join(lines))
        self._lab_caption(label, caption)
        shown = f"```python\n{code}```"
        if len(lines) > SHORT:
            summary = f"<summary>{len(lines)} lines</summary>"
            shown = f"<details>{summary}\n\n{shown}\n\n</details>"
        self._emit(
            {"text/markdown": shown},
            kind="listing",
            label=label,
            caption=caption,
            code=code,
            first_line=max(first, 1),
            breakable=len(lines) > SHORT,
        )

    def provenance(self, *_):
        """List the cell, the helpers and the runs behind each figure and table.

        Where all runs of an experiment are behind something, it is named instead.
        Earlier notebooks name the experiments here, which is not needed.
        """
        loaded = sorted(loaded_experiments().items())
        experiments = {name: [*table["run"]] for name, table in loaded}
        while self._drawn_beside:  # beside the notebook: put them in their places
            label, (drawn, description) = self._drawn_beside.popitem()
            data = drawn() | {"text/plain": description["alt"]}
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
        shown = {"text/markdown": "\n".join(lines)}
        self._emit(shown, kind="provenance", entries=entries)

    def bibliography(self, path):
        """Show the works of a BibTeX file in ``report/``, their titles as typed.

        They are in Chicago's author-date style, which shows no ``note`` of a work.
        """
        path = BIBLIOGRAPHIES / Path(path).name
        works = f"<h1>References</h1>{read_works(path)[1]}"
        self._emit({"text/html": works}, kind="bibliography", path=path.stem)

    def _label(self, kind, label, caption):
        """Return a label with its kind; check it and its caption."""
        if not re.fullmatch("[a-z0-9-]+", label):
            raise ValueError(
                f"label {label!r}: it must be of small letters, digits and hyphens"
            )
        label, cell, number = f"{kind}:{label}", self.claims.cell, self.claims.number
        other, first = self._labels.setdefault(label, (cell or number, number))
        if other != (cell or number):
            raise ValueError(
                f"{label} is given twice: in In [{first}] and in In [{number}]"
            )
        if not caption.strip():
            raise ValueError(f"{label} has no caption: say what it shows")
        block = r"\n\s*\n|^\s*([-*+>#]|\d+[.)])\s|\$\$"
        if re.search(block, caption.strip(), re.MULTILINE):
            raise ValueError(f"{label}: the caption must be one paragraph of text")
        return label

    def _trace(self, label, source):
        """Record what made a figure or table; return whether that is known."""
        shell = get_ipython()
        if shell is not None:
            cells, variables = shell.user_ns["In"], shell.user_ns
            traced = trace(label, cells, variables)
            if source:
                traced = traced._replace(functions=source[0], runs=source[1])
            self._provenance[label] = traced
        return shell is not None

    def _lab_caption(self, label, caption):
        kind, number = self._lab.number(label)
        caption = self._lab.text(self.claims.fill(caption))
        text = f"**{KINDS[kind]} {number}.** {caption}"
        self._emit({"text/markdown": text}, kind="lab")

    def _emit(self, data, *, show=None, display_id=None, **description):
        """Display data with a description that the executed notebook keeps."""
        data.setdefault("text/plain", description["kind"])
        metadata = described(self.claims, **description)
        (show or display)(data, metadata=metadata, raw=True, display_id=display_id)


def _by_experiment(runs, experiments):
    """Name experiments in the place of runs, where all of their runs are among them."""
    whole = {name: of for name, of in experiments.items() if {*of} <= {*runs}}
    named = {run for of in whole.values() for run in of}
    return [*whole, *(run for run in runs if run not in named)]
