"""The structure of the code: what each room may import, and what it exposes."""

import ast
import tomllib
from importlib import import_module

import pytest

from helpers import ROOT

# In the order of a report's life: a room may use those before it.
ROOMS = ["kernels", "sweep", "report", "preview", "verify", "compare", "grading"]
HELPERS = ROOT / "helpers"
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): (
        path
    )
    for path in sorted(HELPERS.rglob("*.py"))
}
CORE = [name for name in MODULES if name.count(".") == 1 and name + ".x" not in MODULES]
CORE = [name for name in CORE if (HELPERS / f"{name.partition('.')[2]}.py").is_file()]


def imports(name):
    """Return the modules that a module imports anywhere, with full names of helpers.

    ``from helpers.data import load_data`` imports ``helpers.data``.
    """
    imported = set()
    for node in ast.walk(ast.parse(MODULES[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            members = {f"{node.module}.{alias.name}" for alias in node.names}
            imported |= members & MODULES.keys() or {node.module}
    return imported


def room(name):
    """Return the room of a module; else "core" or, in the pipeline, "leaf"."""
    _, first, *rest = [*name.split("."), ""]
    if first in ("reading", "figures", "explore"):
        return first
    if first == "pipeline":
        return rest[0] if rest and rest[0] in ROOMS else "leaf"
    return "core"


TEXTBOOK = {"core", "reading"}


def ours(name):
    return {other for other in imports(name) if other.split(".")[0] == "helpers"}


@pytest.mark.parametrize("name", CORE)
def test_the_core_imports_numpy_and_itself_and_what_reads_tables(name):
    others = {other.split(".")[0] for other in imports(name)} - {"helpers"}
    outside = {"matplotlib", "IPython", "ipywidgets", "pandas", "papermill", "yaml"}
    assert not others & outside
    assert {room(other) for other in ours(name)} <= TEXTBOOK


def test_reading_knows_no_other_room():
    for name in filter(lambda name: room(name) == "reading", MODULES):
        assert {room(other) for other in ours(name)} <= {"reading", "core"}, name
        assert ours(name) & set(CORE) == set(), name


def test_figures_know_the_core_only():
    for name in filter(lambda name: room(name) == "figures", MODULES):
        assert {room(other) for other in ours(name)} <= {
            "core",
            "reading",
            "figures",
        }, name


def test_the_leaves_of_the_pipeline_know_no_room():
    for name in filter(lambda name: room(name) == "leaf", MODULES):
        assert {room(other) for other in ours(name)} <= {*TEXTBOOK, "leaf"}, name


@pytest.mark.parametrize("number", range(len(ROOMS)), ids=ROOMS)
def test_rooms_import_downwards_only(number):
    allowed = {*TEXTBOOK, "figures", "leaf", *ROOMS[: number + 1]}
    for name in filter(lambda name: room(name) == ROOMS[number], MODULES):
        assert {room(other) for other in ours(name)} <= allowed, name


def test_exploring_stands_beside_the_report():
    allowed = {*TEXTBOOK, "figures", "explore", "leaf", "kernels", "sweep"}
    for name in filter(lambda name: room(name) == "explore", MODULES):
        assert {room(other) for other in ours(name)} <= allowed, name


def test_nobody_reaches_past_what_a_room_names():
    doors = {each: import_module(f"helpers.pipeline.{each}").__all__ for each in ROOMS}
    for name in MODULES:
        for other in ours(name):
            home = room(other)
            if home in doors and home != room(name):
                assert other.split(".")[3] in doors[home], f"{name} uses {other}"


def test_doors_name_modules_that_are_there_and_used_by_others():
    for each in ROOMS:
        used = {
            other.split(".")[3]
            for name in MODULES
            if room(name) != each
            for other in ours(name)
            if room(other) == each
        }
        notebooks = "".join(
            path.read_text(encoding="utf-8")
            for path in (ROOT / "notebooks").glob("*.ipynb")
        )
        for module in import_module(f"helpers.pipeline.{each}").__all__:
            name = f"helpers.pipeline.{each}.{module}"
            assert name in MODULES
            assert module in used or name in notebooks, name


def test_the_tests_of_every_room_are_run():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    named = project["tool"]["pytest"]["ini_options"]["testpaths"]
    folders = {path.parent.name for path in ROOT.glob("tests/*/test_*.py")}
    assert folders == {name.removeprefix("tests/") for name in named if "*" not in name}


def test_modules_are_short():
    scripts = {path.name: path for path in HELPERS.rglob("*.js")}
    long = {
        name: len(path.read_text(encoding="utf-8").splitlines())
        for name, path in (MODULES | scripts).items()
    }
    assert not {name: lines for name, lines in long.items() if lines > 300}
