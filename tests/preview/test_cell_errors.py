"""Errors of cells in the preview: one line each, with the place to look at."""

import json
import subprocess
import sys

import pytest

from helpers import ROOT
from helpers.pipeline.preview.cell_errors import place_in

# Executes each cell after the first one only, and prints its error.
SCRIPT = """
import json, sys
from pathlib import Path
from helpers.pipeline.environment import use_environment
from helpers.pipeline.preview.snapshots import Snapshots

use_environment(IPYTHONDIR=str(Path("ipython").resolve()))
cells = Snapshots([], Path("notebooks"))
first, *others = json.load(sys.stdin)
for source in (first, *others):
    cells.back_to(min(1, len(cells.done)))
    cell = {"id": "a", "source": source, "counts": True}
    print(cells.execute(cell, lambda: False).error)
cells.close()
"""
BEGIN = """\
from helpers.pipeline.report.publish import Report
report = Report()
report.claims.state("all.cost", 1.5)"""
PROSE = "%%prose\nA first line.\n\n{}The cost is {{{{all.cost}}}}{}"
LONG = "A sentence that is long. " * 9


def errors_of(project, *sources):
    """Return the errors of cells, each executed after `BEGIN` only."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=project.folder,
        env=project.environment,
        input=json.dumps([BEGIN, *sources]),
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    first, *errors = done.stdout.splitlines()
    assert first == ""
    return errors


def test_an_error_of_a_text_names_the_line_where_it_stands(project):
    cells = {
        PROSE.format("", ""): "",
        PROSE.format(
            "", " {{nosuch}}."
        ): "ValueError: no claim is named 'nosuch' (line "
        "4: The cost is {{all.cost}} {{nosuch}}.)",
        PROSE.format(LONG, " {{ al.cost }}, which"): "ValueError: no claim is named "
        "'al.cost'; did you mean 'all.cost'? (line 4: …ost is {{all.cost}} "
        "{{ al.cost }}, which)",
        PROSE.format("", " {{a b}}"): "ValueError: '{{a b}}' is not a claim: write "
        "{{name}}; in mathematics, put a space between braces (line 4: The cost is "
        "{{all.cost}} {{a b}})",
        PROSE.format("", r" for $\alpha"): "ValueError: mathematics is left open: "
        r"'$\\alpha'; write \$ for the currency (line 4: The cost is {{all.cost}} for "
        r"$\alpha)",
        PROSE.format("", "").replace("%%prose", "%%prse"): "UsageError: Cell magic "
        "`%%prse` not found; did you mean %%prose?",
        "x = 1\n1 / 0": "ZeroDivisionError: division by zero (line 2: 1 / 0)",
    }
    assert errors_of(project, *cells) == [*cells.values()]


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("def broken(:", "SyntaxError: invalid syntax"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("open('nosuch')", "FileNotFoundError: [Errno 2] No such file or directory: "
         "'nosuch'"),
        ("raise TypeError", "TypeError:"),
    ],
)  # fmt: skip
def test_an_error_of_a_helper_names_the_helper(project, code, error):
    text = (project.folder / "helpers" / "optimisers.py").read_text()
    project.write("helpers/optimisers.py", f"{code}\n{text}")
    [found] = errors_of(project, "import math\nfrom helpers import descent")
    assert found == f"{error} (helpers/optimisers.py, line 1: {code})"


def test_an_error_of_a_helper_that_is_called_names_the_cell(project):
    call = "from helpers.data import load_data\nload_data('data/auto.csv', 'mgp')"
    [found] = errors_of(project, call)
    assert found.endswith(" (line 2: load_data('data/auto.csv', 'mgp'))")


def test_a_printed_traceback_names_the_last_line_of_the_project():
    frame = '  File "{}/{}", line {}\n    def broken(:\n'
    printed = frame.format(ROOT, "helpers/data.py", 3)
    printed += frame.format(ROOT, "helpers/reading/table.py", 1)
    printed += frame.format("/usr/lib/python3", "ast.py", 50) + "SyntaxError: invalid"
    assert place_in(printed) == " (helpers/reading/table.py, line 1)"
    assert place_in("SyntaxError: invalid") == ""
