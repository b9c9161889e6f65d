"""The inputs of runs: no run whose inputs have changed counts as cached."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
from project import Project, notebook_of

from helpers import ROOT
from helpers.pipeline import records
from helpers.pipeline.errors import UserError
from helpers.pipeline.kernels.audit import file_stamp, name_in
from helpers.pipeline.records import read_record
from helpers.pipeline.sweep import fingerprints, inputs, results
from helpers.pipeline.sweep.experiments import read_points
from helpers.pipeline.sweep.fingerprints import look_at
from helpers.pipeline.sweep.inputs import code_files, modules_used_by, recorded_inputs

CELLS = [
    """\
import json
from pathlib import Path

import local
import pandas as pd

from helpers import ROOT, a_helper
from helpers.pipeline.records import record""",
    """\
test: str = "data/test.csv"  # from the project's folder
beside: str = "beside.csv"  # from the notebook's
number: float = None  # which""",
    """\
# read what there is
def read(path):
    "Return a file's text."
    return Path(path).read_text()
try:
    optional = read("optional.txt")
except FileNotFoundError:
    optional = "" """,
    "%%time\nfrom helpers import timed\ntimed.VALUE",
    """\
%matplotlib inline
Path("scratch.txt").write_text("written before it is read")
values = [
    len(pd.read_csv(ROOT / test)), read(beside), read("named.csv"), a_helper.text(),
    json.load(open("settings.json")), local.late(), optional, read("scratch.txt"),
]
Path("scratch.txt").unlink()
record(values=values, number=number)""",
]
FILES = {
    "data/test.csv": "a,b\n1,2\n",
    "data/read.txt": "read by a helper",
    "notebooks/beside.csv": "1",
    "notebooks/named.csv": "2",
    "notebooks/settings.json": "3",
    "notebooks/local.py": "import second\ndef late():\n    import third\n"
    "    return second.VALUE + third.VALUE\n",
    "notebooks/second.py": "VALUE = 1  # one\n",
    "notebooks/third.py": "VALUE = 2\n",
    "helpers/a_helper.py": '"""Read."""\n\nfrom pathlib import Path\n\n'
    "from helpers import ROOT\n\n\ndef text():\n"
    '    """Return it."""\n    return Path(ROOT, "data", "read.txt").read_text()\n',
    "helpers/timed.py": "VALUE = 1\n",
}
# Changes of an input, as path, old and new text: a dry run names the path.
CHANGES = {
    "a file that another parameter than data names": ("data/test.csv", "1,2", "1,3"),
    "a file that a parameter names beside the notebook": (
        "notebooks/beside.csv", "1", "11",
    ),
    "a module beside the notebook": ("notebooks/local.py", "second.VALUE +", "9 +"),
    "a local module of a local module": ("notebooks/second.py", "= 1", "= 4"),
    "a module imported in a function": ("notebooks/third.py", "= 2", "= 5"),
    "a file named in a cell": ("notebooks/named.csv", "2", "22"),
    "a file read with json.load": ("notebooks/settings.json", "3", "33"),
    "a file read by a helper": ("data/read.txt", "read", "reads"),
    "a helper": ("helpers/a_helper.py", '"data"', '"data/."'),
    "a helper imported under a magic": ("helpers/timed.py", "1", "2"),
    "a cell": ("notebooks/mine.ipynb", "values = [", "values = [0,"),
    "a magic": ("notebooks/mine.ipynb", "%matplotlib inline", "%matplotlib agg"),
    "the lock": ("requirements.txt", "numpy==", "numpy== "),
}  # fmt: skip
NO_CHANGES = {
    "a docstring": ("helpers/a_helper.py", '"""Return it."""', '"""Give it."""'),
    "a module's docstring": ("helpers/a_helper.py", '"""Read."""', '"""Look."""'),
    "a docstring in a cell": ("notebooks/mine.ipynb", "Return a file's", "Give a"),
    "a comment": ("notebooks/second.py", "# one", "# the first"),
    "a comment in a cell": ("notebooks/mine.ipynb", "# read what", "# see what"),
    "blank lines and layout": (
        "helpers/a_helper.py",
        "def text():",
        "\n\ndef  text( ):",
    ),
    "a markdown cell": ("notebooks/mine.ipynb", "A title", "Another title"),
    "a plotter": ("helpers/figures/plots.py", "import numpy", "x = 1\nimport numpy"),
    "the sweep's code": (
        "helpers/pipeline/sweep/experiments.py",
        "MANY = 10",
        "MANY = 20",
    ),
}


def write_notebook(project, cells, name="mine"):
    """Write a notebook whose second cell has the parameters."""
    notebook = notebook_of(*cells, parameters=1)
    notebook.cells.insert(0, nbformat.v4.new_markdown_cell("# A title"))
    project.write(f"notebooks/{name}.ipynb", nbformat.writes(notebook))
    project.write("experiments.yaml", f"a: {{notebook: {name}}}\n")


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """Return a copy of the project with a run; the last test to use it changes it."""
    return with_one_run(tmp_path_factory.mktemp("forked"))


def with_one_run(folder):
    """Return a copy of the project with one run, which reads many kinds of files."""
    project = Project(folder)
    write_notebook(project, CELLS)
    for path, text in FILES.items():
        project.write(path, text)
    status, _, err = project.sweep()
    assert status == 0, err
    return project


def reason(project):
    """Return what a dry run prints about the only run."""
    status, out, err = project.sweep("--dry-run")
    assert status == 0, err
    return out.splitlines()[0].partition(": ")[2]


def reason_after(project, *changes):
    """Make changes, return what a dry run prints, and undo them."""
    before = {path: (project.folder / path).read_text() for path, *_ in changes}
    for change in changes:
        project.replace(*change)
    printed = reason(project)
    for path, text in before.items():
        project.write(path, text)
    return printed


def test_ordinary_kernels_and_nbconvert_find_the_same_paths_and_modules(
    swept, tmp_path_factory, monkeypatch
):
    monkeypatch.setenv("KERNELS", "plain")  # as with nbconvert
    plain = with_one_run(tmp_path_factory.mktemp("plain"))
    (run,) = plain.runs
    assert swept.runs == [run]
    recorded, ordinary = (
        recorded_inputs(project.folder / "build" / "runs" / run)
        for project in (swept, plain)
    )
    assert len(recorded) > len(FILES)
    assert recorded == ordinary
    command = "nbconvert --to notebook --execute mine.ipynb --output-dir ../build"
    done = subprocess.run(
        [sys.executable, "-m", "jupyter", *command.split()],
        cwd=plain.folder / "notebooks",
        env=plain.environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    by_nbconvert = read_record(plain.folder / "build" / "mine.ipynb")
    assert by_nbconvert == read_record(plain.folder / "build" / "runs" / run)


def test_a_run_is_current_until_one_of_its_inputs_changes(swept):
    assert reason(swept) == "cached"
    magic = CHANGES["a magic"]
    changed = ", ".join(sorted({path for path, *_ in CHANGES.values()}))
    others = [change for change in CHANGES.values() if change != magic]
    assert reason_after(swept, *others) == f"to run: {changed} changed"
    assert reason_after(swept, magic) == f"to run: {magic[0]} changed"
    assert reason_after(swept, *NO_CHANGES.values()) == "cached"
    assert reason(swept) == "cached"
    swept.write("notebooks/optional.txt", "there now")
    assert reason(swept) == "to run: notebooks/optional.txt changed"
    swept.write("notebooks/beside.csv", "another")
    both = "notebooks/beside.csv, notebooks/optional.txt"
    assert reason(swept) == f"to run: {both} changed"

    assert swept.sweep()[0] == 0
    assert reason(swept) == "cached"
    (run,) = swept.runs
    values = read_record(swept.folder / "build" / "runs" / run)["values"]
    assert values == [
        1, "another", "2", "read by a helper", 3, 3, "there now",
        "written before it is read",
    ]  # fmt: skip
    left = {path.name for path in (swept.folder / "notebooks").iterdir()}
    mine = {Path(path).name for path in FILES if path.startswith("notebooks")}
    ours = {path.name for path in (ROOT / "notebooks").iterdir()} | {"mine.ipynb"}
    assert left | {"__pycache__"} == mine | ours | {"optional.txt", "__pycache__"}


def test_all_runs_that_were_loaded_are_known_whatever_becomes_of_the_table(finished):
    code = """\
from helpers.pipeline.sweep.results import load_experiment, loaded_experiments
table = load_experiment("quick")
del table["run"], table["costs"]
table.drop(table.index, inplace=True)
print(*loaded_experiments()["quick"]["run"])
"""
    options = {"cwd": finished.folder, "env": finished.environment, "text": True}
    printed = subprocess.check_output([sys.executable, "-c", code], **options)
    assert sorted(printed.split()) == [run.partition(".")[0] for run in finished.runs]


def test_a_run_that_is_not_current_is_not_loaded(finished):
    project = finished
    load = "from helpers.pipeline.sweep.results import load_experiment\n"
    project.write("load.py", load + "print(len(load_experiment('quick')))")
    assert project.run("load")[1] == "2\n"
    project.replace("data/auto.csv", "18.0,8,307.0", "18.1,8,307.0")
    status, _, err = project.run("load")
    assert status == 1
    assert "is out of date, data/auto.csv changed; `make sweep` updates it" in err


def test_a_process_that_lives_on_notices_changed_files(finished):
    project = finished
    code = (
        "from pathlib import Path\n"
        "from helpers.pipeline.sweep.plan import make_plan\n"
        "print(*make_plan().missing.values())\n"
        "for path in ('helpers/model.py', 'experiments.yaml'):\n"
        "    text = Path(path).read_text().replace('[horsepower, all]', 'year')\n"
        "    Path(path).write_text(text + '\\nx: {n_iterations: 1}\\n'\n"
        "                          if 'yaml' in path else text + 'new = 1')\n"
        "    print(*make_plan().missing.values(), sep='; ')\n"
    )
    project.write("look.py", code)
    assert project.run("look")[1].splitlines() == [
        "",
        "helpers/model.py changed; helpers/model.py changed",
        "new; new",
    ]


def test_a_file_that_changes_while_a_run_reads_it_fails_the_run(project):
    cells = ["import subprocess, sys", 'x: str = "data/auto.csv"  # which']
    write = "open('read.txt', 'a').write('more')"
    read = "from pathlib import Path\nPath('read.txt').read_text()\n"
    read += f"subprocess.run([sys.executable, '-c', {write!r}], check=True)"
    write_notebook(project, [*cells, read])
    project.write("notebooks/read.txt", "some")
    status, out, err = project.sweep()
    assert status == 2
    assert "Changed during the run: notebooks/read.txt" in err
    own = "from pathlib import Path\nPath('read.txt').read_text()\n" + write
    write_notebook(project, [*cells, own])
    assert project.sweep()[0] == 0, "a run may change the files that it writes itself"


def test_a_finished_run_that_fails_when_made_again_is_not_kept(project):
    write_notebook(project, ["import ok", "x: int = 0  # which", "ok.value"])
    project.write("notebooks/ok.py", "value = 1\n")
    module = project.folder / "notebooks" / "ok.py"
    os.utime(module, (10**9, 10**9))
    assert project.sweep()[0] == 0
    (run,) = project.runs
    project.write("notebooks/ok.py", "other = 1\n")
    os.utime(module, (10**9, 10**9))  # as if it changed within a second
    assert project.sweep()[0] == 2
    assert project.runs == [run.replace(".ipynb", ".failed.ipynb")]
    assert reason(project) == "to run: failed before"
    project.write("notebooks/ok.py", "value = 1\n")
    assert reason(project) == "to run: notebooks/ok.py changed"
    assert project.sweep()[0] == 0
    assert project.runs == [run]


def test_a_damaged_run_is_made_again(finished):
    path = finished.folder / "build" / "runs" / finished.runs[0]
    path.write_text(path.read_text()[:100])
    assert "to run: damaged" in finished.sweep("--dry-run")[1]


def test_names_depend_on_the_notebook_and_the_parameters_alone(project):
    code = (
        "from helpers.pipeline.sweep.experiments import read_points\n"
        "print(*[p.run for grid in read_points().values() for p in grid])"
    )
    project.write("names.py", code)
    before = project.run("names")[1].split()
    assert len(set(before)) == 2
    project.replace("helpers/model.py", "return", "return 0 +")
    project.replace("data/auto.csv", "18.0,8,307.0", "18.1,8,307.0")
    project.replace("experiments.yaml", "[horsepower, all]", "[weight, horsepower]")
    after = project.run("names")[1].split()
    assert after[1] == before[0]
    assert len({*before, *after}) == 3


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("data/auto.csv", "data/auto.csv"),
        ("notebooks/../data/auto.csv", "data/auto.csv"),
        ("notebooks/__pycache__/a.cpython-311.pyc", "notebooks/a.py"),
        ("build/runs/a.ipynb", ""),
        (".git/HEAD", ""),
        ("notebooks/.ipynb_checkpoints/a.ipynb", ""),
        ("../elsewhere.csv", ""),
        ("buildings.csv", "buildings.csv"),
    ],
)
def test_files_of_the_project_are_named_by_their_paths(tmp_path, path, name):
    assert name_in(str(tmp_path), f"{tmp_path}/{path}") == name
    assert name_in(str(tmp_path), os.fsencode(f"{tmp_path}/{path}")) == name


def test_a_file_is_of_the_project_when_a_link_leads_there(tmp_path):
    (tmp_path / "project").mkdir()
    (tmp_path / "link").symlink_to("project")
    root = str(tmp_path / "project")
    assert name_in(root, tmp_path / "link" / "a.csv") == "a.csv"


def test_imports_are_followed_through_the_project():
    modules = modules_used_by("descent")
    assert {"helpers.descent", "helpers.model", "matplotlib", "numpy"} <= set(modules)
    assert "nbconvert" not in modules
    names = {path.rpartition("/")[2] for path in code_files("descent")}
    assert {"descent.ipynb", "descent.py", "records.py", "__init__.py"} <= names
    assert not names & {"run.py", "plan.py", "publish.py"}


@pytest.fixture
def look(tmp_path, monkeypatch):
    """Return a function that writes a file, and returns its fingerprint and imports."""
    monkeypatch.setattr(fingerprints, "ROOT", tmp_path)
    monkeypatch.setattr(fingerprints, "NOTEBOOKS", tmp_path)

    def write_and_look(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".ipynb":
            nbformat.write(notebook_of(text), path)
        else:
            path.write_text(text)
        return look_at(path, file_stamp(path))

    return write_and_look


def test_imported_names_come_with_members_and_parents(look):
    _, names = look("m.py", "from a.b import c\nimport d.e")
    assert names == {"a", "a.b", "a.b.c", "d", "d.e"}
    _, names = look("p/q/m.py", "from . import a\nfrom ..b import c")
    assert names == {"p", "p.q", "p.q.a", "p.b", "p.b.c"}


def test_imports_are_found_in_every_block(look):
    code = """
def f():
    with open(g) as h:
        import a
try:
    if 1:
        pass
    else:
        import b
except OSError:
    import c
else:
    for _ in i: import d
finally:
    match j:
        case 1:
            import e
"""
    assert look("m.py", code)[1] == set("abcde")


@pytest.mark.parametrize(
    ("cell", "imported"),
    [
        ("import a\ntext = '''\n%d rows'''", {"a"}),
        ("import a\nrest = (7\n% 4)", {"a"}),
        ("import a\nif x:\n    %time f()\n!ls", {"a"}),
        ("import a\nfiles = !ls\nfiles?", {"a"}),
        ("%%time\nimport a", {"a"}),
        ("\n\n%%time\nimport a", {"a"}),
        ("%%prose\nWe import a lot.", set()),
    ],
)
def test_magics_are_understood(look, cell, imported):
    assert look("a.ipynb", cell)[1] == imported


def test_a_cell_that_is_not_python_counts_as_it_is(look):
    fingerprint, imported = look("a.ipynb", "import a\nx = [")  # a run of it fails
    assert imported == set()
    assert fingerprint != look("a.ipynb", "import a\ny = [")[0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("%x\ny = 1", "y = 1\n%x"),
        ("%%prose\nText", "%%prose\nOther text"),
        ("!ls a", "!ls b"),
        ("'a text'", "'another text'"),
    ],
)
def test_what_changes_a_cell_changes_its_fingerprint(look, one, other):
    assert look("a.ipynb", one)[0] != look("b.ipynb", other)[0]


def test_a_file_that_is_not_there_has_no_fingerprint(look, tmp_path):
    assert look_at(tmp_path / "absent.py", None) == ("", frozenset())
    assert look("there.csv", "")[0]


def test_a_record_survives_to_the_last_bit(monkeypatch, tmp_path):
    calls = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: calls.append(data))
    costs = np.array([0.1 + 0.2, 1e-300, 1 / 3])
    records.record(
        costs=costs, nothing=None, limit=np.float64("inf"), nested=[{"k": costs}]
    )
    output = nbformat.v4.new_output("display_data", data=calls[0])
    cells = [nbformat.v4.new_code_cell(outputs=[output])]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "run.ipynb")
    record = read_record(tmp_path / "run.ipynb")
    assert np.array(record["costs"]).tobytes() == costs.tobytes()
    assert record["nested"][0]["k"] == costs.tolist()
    assert record["nothing"] is None
    assert record["limit"] == math.inf
    assert {"Python", "numpy"} <= set(record["versions"])


def test_files_that_are_not_finished_runs_are_named(tmp_path):
    with pytest.raises(UserError, match="is not a finished run: run `make sweep`"):
        read_record(tmp_path / "absent.ipynb")
    (tmp_path / "cut.ipynb").write_text('{"cells": [')
    with pytest.raises(UserError, match="is not a finished run"):
        read_record(tmp_path / "cut.ipynb")
    (tmp_path / "silent.ipynb").write_text(json.dumps({"cells": []}))
    with pytest.raises(UserError, match="recorded nothing"):
        read_record(tmp_path / "silent.ipynb")


def test_an_experiment_that_has_not_been_run_is_not_loaded(monkeypatch, tmp_path):
    monkeypatch.setattr(inputs, "RUNS", tmp_path)
    name = next(iter(read_points()))
    with pytest.raises(UserError, match="is missing; `make sweep` creates it"):
        results.load_experiment(name)
    inputs.failed_path_of(read_points(only=name)[name][0].run).touch()
    with pytest.raises(
        UserError, match=r"\.failed\.ipynb, a run of .*has failed; `make"
    ):
        results.load_experiment(name)


def test_a_notebook_says_in_one_line_that_a_run_is_missing(project):
    code = "from helpers.pipeline.sweep.results import load_runs; load_runs('quick')"
    status, out, err = project.run("IPython", "--no-banner", "-c", code)
    assert "quick, is missing; `make sweep` creates it" in out + err
    assert "Traceback" not in out + err
    assert len((out + err).strip().splitlines()) == 1
