"""The notebooks as they are committed."""

import ast
import json
import re
import subprocess

import pytest

from helpers import ROOT
from helpers.data import SCALINGS
from helpers.model import INITIALISATIONS
from helpers.pipeline.report.revision import git
from helpers.pipeline.sweep.parameters import notebook_parameters

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


IN_GIT = pytest.mark.skipif(not (ROOT / ".git").exists(), reason="there is no git")


def committed(path):
    """Return a notebook as it is in git; files on the disk may have outputs."""
    name = path.relative_to(ROOT).as_posix()
    return git("show", f"HEAD:{name}").decode()


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def cells(request):
    return json.loads(request.param.read_text())["cells"]


def code_of(cells):
    return ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]


def test_there_are_notebooks():
    assert {path.stem for path in NOTEBOOKS} >= {"descent", "explore", "report"}


@IN_GIT
@pytest.mark.parametrize("name", ["descent", "explore", "report"])
def test_they_are_committed_without_outputs(name):
    for cell in json.loads(committed(ROOT / "notebooks" / f"{name}.ipynb"))["cells"]:
        assert not cell.get("outputs")
        assert not cell.get("execution_count")


@IN_GIT
@pytest.mark.parametrize("name", ["descent", "explore", "report"])
def test_git_keeps_nothing_of_what_running_leaves(tmp_path, name):
    def blob(content, *filtered):
        command = ["git", "-C", ROOT, "hash-object", "--stdin", *filtered]
        return subprocess.run(
            command, input=content.encode(), capture_output=True, check=True
        ).stdout

    path = f"notebooks/{name}.ipynb"
    clean = committed(ROOT / path)
    notebook = json.loads(clean)
    language = notebook["metadata"]["language_info"]
    language |= {"version": "3.11.7", "codemirror_mode": {"name": "ipython"}}
    notebook["metadata"]["widgets"] = {"state": {}}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            output = {"output_type": "stream", "name": "stdout", "text": ["1\n"]}
            cell |= {"outputs": [output], "execution_count": 7}
            cell["metadata"]["execution"] = {"iopub.status.busy": "now"}
    executed = json.dumps(notebook, ensure_ascii=False, indent=1)
    assert blob(executed, f"--path={path}") == blob(clean, "--no-filters")


def test_they_hold_no_logic_and_no_paths(cells):
    for code in code_of(cells):
        if not code.startswith("%%"):
            tree = ast.parse(code)
            kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
            assert not any(isinstance(node, kinds) for node in ast.walk(tree))
        assert "sys.path" not in code
        assert "%cd" not in code
        assert "filterwarnings" not in code


def test_each_parameter_has_a_type_a_default_and_an_explanation(cells):
    for cell in cells:
        if "parameters" in cell["metadata"].get("tags", []):
            for line in "".join(cell["source"]).splitlines():
                pattern = r"\w+: (str|int|float|bool) = [^#]+  # [^=]+"
                assert re.fullmatch(pattern, line), line


def test_papermill_reads_the_same_parameters():
    import papermill

    for path in (
        ROOT / "notebooks" / name for name in ("descent.ipynb", "report.ipynb")
    ):
        inspected = papermill.inspect_notebook(path)
        parameters = notebook_parameters(path.stem)
        assert list(inspected) == list(parameters)
        for name, description in inspected.items():
            assert description["inferred_type_name"] == parameters[name].type.__name__
            assert ast.literal_eval(description["default"]) == parameters[name].default


def test_choices_are_those_of_the_helpers():
    parameters = notebook_parameters("descent")
    assert parameters["scaling"].choices == list(SCALINGS)
    assert parameters["initialisation"].choices == list(INITIALISATIONS)
