"""Edit a small report at random, and compare its preview with a full execution.

Run ``python previewed.py SEED STEPS`` in a copy of the project with a grid of two runs.
A full execution is that of `make report`: in a fresh kernel, and with a new page.
"""

import random
import re
import sys
from multiprocessing import get_context
from pathlib import Path

import nbformat

from helpers.pipeline.command import run_command
from helpers.pipeline.environment import use_environment
from helpers.pipeline.errors import UserError
from helpers.pipeline.kernels.warm import warm_kernels
from helpers.pipeline.preview import watch
from helpers.pipeline.report import page
from helpers.pipeline.report.paths import ASSIGNMENT
from helpers.pipeline.sweep.execute import execute

BEGIN = [
    """\
import matplotlib.pyplot as plt
import mine
from helpers import ROOT, convergence
from helpers.figures import curves
from helpers.pipeline.report.publish import Report
from helpers.pipeline.records import record
from helpers.pipeline.sweep.results import load_experiment
report = Report()
claims = report.claims""",
    'course: str = "A Course"  # a\ntitle: str = "A Report"  # b\n'
    'student: str = "A. Student"  # c\ndate: str = "22 March 2023"  # d',
    "report.title(course=course, title=title, student=student, date=date)\n"
    'runs = load_experiment("quick")\nkept = []',
]
END = [
    'report.bibliography(ROOT / "report" / "references.bib")',
    "report.provenance()",
    "record(claims={name: claim._asdict() for name, claim in claims.items()})",
]
FIGURE = """\
fig, ax = plt.subplots(figsize=(2, {}))
ax.plot(kept + [mine.factor, runs.costs.iloc[0][-1]])
report.figure(fig, label="costs", caption="Of {{{{cost}}}}.", alt="A curve.")"""
CHANGING = [  # each with a number that edits change
    'claims.state("cost", runs.costs.iloc[-1][-1] * {}, ".6f")',
    'claims.state("mine", mine.twice({}), "d")\nkept.append(mine.factor + {})',
    "%%prose\nThe cost {{{{cost}}}}, then {{{{mine}}}} and {}; see @fig:costs.",
    'lines = (ROOT / "data" / "mine.txt").open()\n'
    'claims.state("read", sum(map(int, lines)) + {}, "d")',
    "%%prose\nIt reads {{{{read}}}} and has {} of [@boyd2004] and @golub2013.",
    FIGURE,
    'claims.state("kept", sum(kept) + len(claims) + {}, "d")',
    "%%prose\nKept: {{{{kept}}}}, $x^{}$ {{{{cost}}}} `code {{{{`.",
    "# Heading {}",
]
EXTRA = [
    "%%prose\nA note.[^{}]\n\n[^{}]: Of {{{{cost}}}}.",
    "%%prose\nCited: [@nesterov2018], {}.",
    "kept.append({})",
    "kept, factor = [{}], 2",
    "%%prose\nBad {{{{none{}}}}}.",
    "%%prose\nSee @fig:none{}.",
    "1 / 0  # {}",
    "import random; plt.rcParams['lines.linewidth'] = {}",
    'report.prose("By code {}: {{{{kept}}}}.")',
    'made = ROOT / "data" / "made.txt"\nmade.write_text("{}")\n'
    "kept.append(int(made.read_text()))",
]


class Project:
    """The report to edit; `write` writes the files that have changed."""

    def __init__(self, chance):
        self.chance, self.n_cells = chance, 0
        self.cells = [self.cell(template) for template in CHANGING]
        self.files = {"data/mine.txt": "1\n2\n", "notebooks/mine.py": self.helper()}
        self.grid(10)

    def cell(self, template):
        self.n_cells += 1
        return f"cell-{self.n_cells}", template, self.chance.randint(1, 9)

    def helper(self):
        factor, times = self.chance.randint(1, 5), self.chance.randint(2, 4)
        return f"factor = {factor}\n\n\ndef twice(x):\n    return {times} * x\n"

    def grid(self, n):
        text = f"quick:\n  features: [horsepower, all]\n  n_iterations: {n}\n"
        self.files["experiments.yaml"] = text

    def edit(self):
        """Make a random change; return its kind."""
        chance, cells = self.chance, self.cells
        position = chance.randrange(len(cells))
        name, template, _ = cells[position]
        kind = chance.choice(
            ["number"] * 6 + ["insert", "remove", "move", "file", "grid", "core"]
        )
        if kind == "number":
            cells[position] = name, template, chance.randint(1, 9)
        elif kind == "insert":
            cells.insert(position, self.cell(chance.choice(EXTRA)))
        elif kind == "remove" and template in EXTRA:
            del cells[position]
        elif kind == "move":
            cells.insert(chance.randrange(len(cells)), cells.pop(position))
        elif kind == "file":
            self.files["notebooks/mine.py"] = self.helper()
            self.files["data/mine.txt"] = f"{chance.randint(1, 9)}\n2\n"
        elif kind == "grid":
            self.grid(chance.choice([10, 11]))
        elif kind == "core":  # a module of the project, without changing what it does
            path = Path("helpers/convergence.py")
            text = re.sub(r"\n# \d\n$", "", path.read_text(encoding="utf-8"))
            self.files[str(path)] = f"{text}\n# {chance.randint(1, 9)}\n"
        return kind

    def restore(self):
        """Restore all cells, so that errors do not hide the rest for ever."""
        self.cells = [c for c in self.cells if c[1] in CHANGING]
        self.cells.sort(key=lambda c: CHANGING.index(c[1]))

    def write(self):
        for name, text in self.files.items():
            path = Path(name)
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                path.write_text(text, encoding="utf-8")
        kernel = {"name": "python3", "language": "python", "display_name": "Python"}
        sources = [(f"begin-{k}", source) for k, source in enumerate(BEGIN)]
        sources += [(n, t.format(*[k] * t.count("{}"))) for n, t, k in self.cells]
        sources += [(f"end-{k}", source) for k, source in enumerate(END)]
        cells = []
        for name, source in sources:
            kind = "markdown" if source.startswith("#") else "code"
            cells.append(getattr(nbformat.v4, f"new_{kind}_cell")(source))
            cells[-1]["id"] = name
        cells[1].metadata["tags"] = ["parameters"]
        notebook = nbformat.v4.new_notebook(
            cells=cells, metadata={"kernelspec": kernel}
        )
        nbformat.write(notebook, "notebooks/report.ipynb")


class Shown:
    """A stand-in for the server of a preview, which keeps what it would show."""

    def __init__(self):
        self.html, self.state = "", {}

    def show(self, html, **state):
        self.html = html
        self.set_state(**state)

    def set_state(self, **state):
        self.state |= state


def body(html):
    """Return the content of a page, without what only a preview has."""
    html = re.sub(r'\s*<span id="cell-[^"]*" hidden></span>', "", html)
    shown = re.search(r"<nav.*</main>", html, re.DOTALL)[0]
    return re.sub(r"\s*\n\s*", "\n", shown)


def executed():
    """Return the page of a full execution, or its error."""
    done = execute("report", {})
    if done.error:
        return "error", done.error
    fork = get_context("fork")
    ours, theirs = fork.Pipe()

    def send():
        page.exporter.cache_clear()
        page.inline_svg.cache_clear()
        notebook = nbformat.reads(done.notebook, as_version=4)
        try:
            html = page.to_html(notebook, watch.CARRIED, watch.UNKNOWN)
            theirs.send(("page", body(html)))
        except UserError as error:
            theirs.send(("error", str(error)))

    process = fork.Process(target=send)
    process.start()
    result = ours.recv()
    process.join()
    return result


def main():
    """Edit and compare; print the edits, and fail at the first difference."""
    seed, steps = map(int, sys.argv[1:])
    chance = random.Random(seed)
    project, shown = Project(chance), Shown()
    project.write()
    use_environment()
    packages = ["matplotlib.pyplot", "pandas"]
    counts = {"page": 0, "error": 0}
    with warm_kernels(packages):
        preview = watch.Preview(shown, ASSIGNMENT)
        for step in range(steps):
            preview.look()
            while preview.is_changed():
                preview.look()
            kind, expected = executed()
            counts[kind] += 1
            error = shown.state.get("error", "")
            if kind == "error":
                assert error
                assert error.split(" (line")[0] in expected, (error, expected)
            else:
                assert not error, error
                assert not shown.state["stale"]
                assert body(shown.html) == expected, difference(shown.html, expected)
            edits = [project.edit() for _ in range(chance.randint(1, 3))]
            if kind == "error" and chance.random() < 0.5:
                project.restore()
                edits.append("restore")
            print(step, kind, "then", *edits, flush=True)
            project.write()
        preview.cells.close()
    print(f"compared: {counts['page']} pages, {counts['error']} errors")


def difference(html, expected):
    """Return the first line that differs."""
    pairs = zip(body(html).split("\n"), expected.split("\n"), strict=False)
    return next(((a[:300], b[:300]) for a, b in pairs if a != b), "one is longer")


if __name__ == "__main__":
    run_command(main)
