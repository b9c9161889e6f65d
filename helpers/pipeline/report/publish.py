"""What a notebook puts on the page: prose, figures, tables, listings.

One call shows a thing in JupyterLab and describes it, in the output's metadata, for
`typeset` and `page`, which set it in LaTeX and HTML. Prose and captions are Markdown,
see `markdown`, with ``{{claims}}`` and citations such as ``[@key]``. A label is a name
in references, without its kind: ``costs`` for ``@fig:costs``.
"""

import base64
import inspect
import io
import json
import textwrap
from functools import cached_property
from pathlib import Path

from IPython import get_ipython
from IPython.display import display

from helpers import ROOT
from helpers.pipeline.report.claims import Claims
from helpers.pipeline.report.markdown import EQUATION, HEADING, KINDS, REFERENCE
from helpers.pipeline.report.provenance import number_of, trace
from helpers.pipeline.report.works import cite_by_name, read_works

NOTEBOOK = ROOT / "notebooks" / "report.ipynb"
BIBLIOGRAPHY = ROOT / "report" / "references.bib"
SHORT = 15  # lines of a listing that is kept whole: on one page, and in JupyterLab


class Report:
    """The page that a notebook writes.

    Making one gives the notebook the cell magic ``%%prose``.

    Attributes
    ----------
    claims : Claims
        Every number that may be named in prose and captions.
    """

    def __init__(self):
        self.claims = Claims()
        self._numbers = {}
        self._provenance = {}
        shell = get_ipython()
        if shell is not None:
            shell.register_magic_function(self._prose_cell, "cell", "prose")
            shell.events.register("pre_run_cell", self._begin_cell)

    def _begin_cell(self, info):
        if (
            info.cell_id or info.store_history
        ):  # not for code that a cell executes in turn
            number = number_of(get_ipython().user_ns["In"])
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
        shown = {"text/markdown": self._for_lab(self.claims.fill(text))}
        self._emit(shown, kind="prose", text=text)

    def appendix(self):
        """Begin the appendix: the sections that follow have letters."""
        self._emit({"text/markdown": "# Appendix"}, kind="appendix")

    def live(self, html):
        """Put the live figure, a fragment of HTML, on the page; print has none."""
        self._emit({"text/markdown": "*The live figure.*"}, kind="live", html=html)

    def figure(self, figure, *, label, caption, alt="", live=""):
        """Show a matplotlib figure with its caption.

        Parameters
        ----------
        figure : matplotlib.figure.Figure
            Closed afterwards.
        label, caption : str
            See `helpers.pipeline.report.publish`.
        alt : str
            What it looks like, for those who cannot see it; text without mathematics.
        live : str
            Setting of the live figure that shows the same, as in an address:
            ``features=all&rate=0.3``.

        Raises
        ------
        ValueError
            If there is no `alt`.
        """
        import matplotlib.pyplot as plt
        from matplotlib.layout_engine import ConstrainedLayoutEngine

        label = f"fig:{label}"
        if not alt.strip():
            raise ValueError(f"{label} has no alternative text: alt='what it shows'")
        # Laid out once; as an engine of the figure it would run at each rendering.
        ConstrainedLayoutEngine().execute(figure)
        data = {
            "image/svg+xml": _saved(figure, "svg", {"Date": None}).decode(),
            "application/pdf": base64.b64encode(
                _saved(figure, "pdf", {"CreationDate": None})
            ).decode(),
            "text/plain": alt,
        }
        plt.close(figure)
        description = {"label": label, "caption": caption, "alt": alt, "live": live}
        self._emit(data, kind="figure", traced=self._trace(label), **description)
        self._lab_caption(label, caption)

    def table(self, frame, *, label, caption, align=None, long=False):
        """Show a frame of texts as a table with its caption.

        Parameters
        ----------
        frame : pandas.DataFrame
            Its cells and column names may have mathematics between dollars.
        label, caption : str
            See `helpers.pipeline.report.publish`.
        align : str, optional
            LaTeX alignment of the columns; by default the first is on the left and
            the others on the right.
        long : bool
            Whether it may run over several pages.
        """
        align = align or "l" + "r" * (frame.shape[1] - 1)
        latex = _styled(frame, "latex-math").to_latex(
            hrules=True,
            column_format=align,
            environment="longtable" if long else None,
        )
        html = _styled(frame, "html").to_html(table_uuid=label)  # else at random
        self._lab_caption(f"tab:{label}", caption)
        self._emit(
            {"text/html": html, "text/plain": frame.to_string()},
            kind="longtable" if long else "table",
            label=f"tab:{label}",
            caption=caption,
            latex=latex,
            columns=[*frame],
            rows=frame.to_numpy().tolist(),
            align=align,
            traced=self._trace(f"tab:{label}"),
        )

    def listing(self, item, *, label, caption):
        """Show the code of a function, class or module, as it is on disk."""
        lines, first = inspect.getsourcelines(item)
        code = textwrap.dedent("".join(lines))
        self._lab_caption(f"lst:{label}", caption)
        shown = f"```python\n{code}```"
        if len(lines) > SHORT:
            summary = f"<summary>{len(lines)} lines</summary>"
            shown = f"<details>{summary}\n\n{shown}\n\n</details>"
        self._emit(
            {"text/markdown": shown},
            kind="listing",
            label=f"lst:{label}",
            caption=caption,
            code=code,
            first_line=max(first, 1),
            breakable=len(lines) > SHORT,
        )

    def provenance(self, experiments=None):
        """List the cell, the helpers and the runs behind each figure and table.

        `experiments` are the runs of experiments, by its name: where all of an
        experiment's runs are behind something, the experiment is named instead.
        """
        entries = [
            {
                **entry._asdict(),
                "what": KINDS[entry.label.partition(":")[0]],
                "runs": _by_experiment(entry.runs, experiments or {}),
            }
            for entry in self._provenance.values()
        ]
        lines = (
            f"- {self._reference(e['label'])}, cell `In [{e['cell']}]`: "
            f"{', '.join(f'`{f}`' for f in e['functions'])}; "
            f"runs: {', '.join(e['runs']) or 'none'}"
            for e in entries
        )
        shown = {"text/markdown": "\n".join(lines)}
        self._emit(shown, kind="provenance", entries=entries)

    def bibliography(self, path):
        """Show the works of a BibTeX file."""
        self._emit(
            {"text/html": f"<h1>References</h1>{read_works(Path(path)).html}"},
            kind="bibliography",
            path=Path(path).stem,
        )

    def _trace(self, label):
        """Record what made a figure or table; return whether that is known."""
        shell = get_ipython()
        if shell is not None:
            cells, variables = shell.user_ns["In"], shell.user_ns
            self._provenance[label] = trace(label, cells, variables)
        return shell is not None

    def _lab_caption(self, label, caption):
        kind, number = self._number(label)
        caption = self._for_lab(self.claims.fill(caption))
        text = f"**{KINDS[kind]} {number}.** {caption}"
        self._emit({"text/markdown": text}, kind="lab")

    def _emit(self, data, **description):
        """Display data with a description that the executed notebook keeps."""
        data.setdefault("text/plain", description["kind"])
        text = description.get("text", "") + description.get("caption", "")
        description["claims"] = self.claims.named_in(text)
        display(data, metadata={"report": description}, raw=True)

    def _for_lab(self, text):
        """Give references and equations the numbers that LaTeX gives in print.

        Works are cited and sections are named by their names, without their labels.
        """
        text = cite_by_name(HEADING.sub(r"\1 \2", text), BIBLIOGRAPHY)
        text = EQUATION.sub(
            lambda m: f"$${m[1].rstrip()} \\tag{{{self._number(m[2])[1]}}}$$", text
        )
        return REFERENCE.sub(lambda m: self._reference(m[0][1:]), text)

    @cached_property
    def _headings(self):
        """The text of each labelled heading of the notebook, by its label."""
        if not NOTEBOOK.exists():
            return {}
        cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
        text = "\n".join("".join(cell["source"]) for cell in cells)
        return {label: heading for _, heading, label in HEADING.findall(text)}

    def _reference(self, label):
        if label.startswith(("sec:", "app:")) and label in self._headings:
            heading = self._headings[label]
            return f"[{heading}](#{heading.replace(' ', '-')})"
        kind, number = self._number(label)
        number = f"({number})" if kind == "eq" else number
        return f"[{KINDS[kind]} {number}](#{label})".replace("[ ", "[")

    def _number(self, label):
        """Return a label's kind, and its place among those of its kind so far."""
        kind = label.partition(":")[0]
        labels = self._numbers.setdefault(kind, [])
        if label not in labels:
            labels.append(label)
        number = labels.index(label)
        return kind, "ABCDEFGH"[number] if kind == "app" else number + 1


def _by_experiment(runs, experiments):
    """Name experiments in the place of runs, where all of their runs are among them."""
    whole = {name: of for name, of in experiments.items() if {*of} <= {*runs}}
    named = {run for of in whole.values() for run in of}
    return [*whole, *(run for run in runs if run not in named)]


def _saved(figure, format, metadata):
    """Return a figure's file, without a date: the same figure has the same bytes."""
    import matplotlib as mpl

    buffer = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "report"}):
        figure.savefig(buffer, format=format, metadata=metadata)
    return buffer.getvalue()


def _styled(frame, escape):
    style = frame.style.hide(axis="index").format(escape=escape)
    return style.format_index(axis=1, escape=escape)
