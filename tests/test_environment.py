"""The files that describe the environment, and the Makefile, agree with each other."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from project import Project
from ruamel.yaml import YAML
from small import make_small

from helpers import ROOT
from helpers.pipeline.report.pdf import PREAMBLE

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCK = (ROOT / "requirements.txt").read_text()


def make(folder, *arguments, **variables):
    return subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=100,
    )


def test_a_variable_that_make_does_not_know_is_named(project):
    done = make(project.folder, "report", "STUDNET=Ada")
    assert done.returncode == 2
    hint = "there are A ALL B COURSE CSV DATA"
    assert f"there is no variable STUDNET; {hint}" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert make(project.folder, "help", STUDNET="of the shell").returncode == 0


def test_the_lock_pins_and_hashes_all_that_the_project_names():
    entries = re.split(r"\n(?=[a-zA-Z])", LOCK.split("\n", 2)[2])
    pinned = set()
    for entry in entries:
        name, version = re.match(r"([\w.-]+)(?:\[\w+\])?==(\S+)", entry).groups()
        assert "--hash=sha256:" in entry, name
        assert version
        # With one version for every Python, all make the same report.
        assert canonicalize_name(name) not in pinned
        pinned.add(canonicalize_name(name))
    named = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"]
    for requirement in map(Requirement, named):
        assert canonicalize_name(requirement.name) in pinned


def imported_by(code):
    """Return the names of the packages that code imports anywhere."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module.partition(".")[0]


def code_of(path):
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return text
    cells = [c for c in json.loads(text)["cells"] if c["cell_type"] == "code"]
    sources = ("".join(cell["source"]) for cell in cells)
    return "\n".join(source for source in sources if not source.startswith("%%"))


def test_every_package_that_is_imported_is_named():
    extras = PROJECT["optional-dependencies"]
    named = {
        "helpers": [*PROJECT["dependencies"], *extras["cluster"]],
        "notebooks": PROJECT["dependencies"],
        "tests": [*PROJECT["dependencies"], *extras["cluster"], *extras["dev"]],
    }
    own_modules = {path.stem for path in (ROOT / "tests").glob("*.py")} | {"helpers"}
    elsewhere = {*sys.stdlib_module_names, *own_modules, "torch"}  # which is optional
    distributions = packages_distributions()
    for folder, requirements in named.items():
        allowed = {canonicalize_name(Requirement(line).name) for line in requirements}
        paths = [*(ROOT / folder).rglob("*.py"), *(ROOT / folder).glob("*.ipynb")]
        assert paths
        for path in paths:
            for package in {*imported_by(code_of(path))} - elsewhere:
                names = map(canonicalize_name, distributions.get(package, [package]))
                assert allowed & {*names}, f"{path} imports {package}"


def test_the_installed_packages_are_those_of_the_lock():
    from importlib.metadata import version

    for name in (Requirement(line).name for line in PROJECT["dependencies"]):
        assert f"\n{canonicalize_name(name)}=={version(name)}" in LOCK


def test_conda_users_get_the_same_lock():
    environment = YAML(typ="safe").load((ROOT / "environment.yml").read_text())
    *conda, pip = environment["dependencies"]
    assert pip == {"pip": ["-r requirements.txt"]}
    python = dict(dependency.split("=") for dependency in conda if "=" in dependency)
    assert python["python"] in SpecifierSet(PROJECT["requires-python"])
    assert (
        f"($(CONDA_DEFAULT_ENV),{environment['name']})"
        in (ROOT / "Makefile").read_text()
    )


def test_make_uses_the_conda_environment_if_it_is_active(project):
    active = {"CONDA_DEFAULT_ENV": "dl4ia-report", "CONDA_PREFIX": "/opt/env"}
    planned = make(project.folder, "-n", "report", **active).stdout
    assert "/opt/env/bin/python -Es -m helpers.pipeline.report" in planned
    assert "venv .venv" not in planned
    assert "uv pip install --quiet" in planned
    assert "--require-hashes -r requirements.txt" in planned
    planned = make(project.folder, "-n", "report", CONDA_DEFAULT_ENV="base").stdout
    assert ".venv/bin/python -Es -m helpers.pipeline.report" in planned


@pytest.mark.skipif(not shutil.which("kpsewhich"), reason="TeX is not installed")
def test_every_package_of_the_template_is_installed():
    used = re.findall(r"\\usepackage(?:\[.*?\])?\{(.*?)\}", PREAMBLE.read_text())
    assert used
    for package in ",".join(used).split(","):
        lookup = subprocess.run(["kpsewhich", f"{package}.sty"], capture_output=True)
        assert lookup.returncode == 0, package


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """Return a copy whose Python is a script that prints its arguments."""
    project = Project(tmp_path_factory.mktemp("bare"))
    fake = project.folder / ".venv" / "bin" / "python"
    fake.parent.mkdir(parents=True)
    fake.write_text('#!/bin/sh\nprintf "<%s>\\n" "$@"\n')
    fake.chmod(0o755)
    (project.folder / "requirements-cluster.txt").touch()
    for ready in ("ready-for-dl4ia", "ready-for-cluster"):
        (fake.parents[1] / ready).touch()
    return project


@pytest.mark.parametrize(
    ("command", "name", "option"),
    [
        ("sweep", "TIME_LIMIT", "--time-limit="),
        ("sweep", "EXPERIMENT", "--experiment="),
        ("sweep", "DRY_RUN", "--dry-run="),
        ("sweep", "YES", "--yes="),
        ("sweep", "SCHEDULER", ""),
        ("results", "CSV", "--csv="),
        ("verify", "PDF", "--pdf="),
        ("verify", "TOLERANCE", "--tolerance="),
        ("verify", "JSON", "--json="),
        ("verify", "ALL", "--all="),
        ("grade", "WALLS", "--walls="),
        ("grade", "SUBMISSIONS", ""),
    ],
)
def test_what_is_given_to_make_is_data_and_no_command(bare, command, name, option):
    script = str(bare.folder / ".venv" / "bin" / "python")
    value = "5; touch made; $(shell touch made) `touch made` \"' -x #"
    done = make(bare.folder, command, f"{name}={value}", f"PYTHON3={script}")
    assert not (bare.folder / "made").exists()
    assert done.returncode == 0, done.stderr
    if name != "SCHEDULER":  # which is passed in the environment
        assert f"<{option}{value}>" in done.stdout


def test_the_python_that_makes_the_environment_is_a_program(bare):
    done = make(bare.folder, "build/inputs", "PYTHON3=true; touch made")
    assert done.returncode != 0
    assert not (bare.folder / "made").exists()


@pytest.mark.parametrize(
    ("module", "option", "message"),
    [
        ("sweep", "--dry-run=maybe", "DRY_RUN must be 1 or 0, got 'maybe'"),
        (
            "sweep",
            "--time-limit=",
            "the time limit must be a positive number of seconds, got ''",
        ),
        ("sweep", "--experiment=-x", "no experiment '-x'; there are "),
        (
            "verify",
            "--tolerance=-1",
            "the tolerance must be a number from 0 to below 1",
        ),
        ("verify", "--json=x", "JSON must be 1 or 0, got 'x'"),
        ("grading", "", "name the folder of the submissions: SUBMISSIONS=folder"),
        ("grading", "--walls=no", "WALLS must be none or left out, got 'no'"),
    ],
)
def test_what_is_given_to_make_is_refused_on_one_line(module, option, message):
    command = [sys.executable, "-m", f"helpers.pipeline.{module}"]
    command += [option] if option else []
    command += ["--", "x" if option else ""] if module == "grading" else []
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    (line,) = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (2, "")
    assert line.startswith(f"error: {message}")


def test_distclean_leaves_no_filter_that_points_into_nothing(project):
    def git(*arguments):
        command = ["git", "-C", project.folder, *arguments]
        return subprocess.run(command, capture_output=True, text=True)

    (project.folder / "tests").mkdir()
    git("init", "-q")
    git("config", "filter.notebooks.clean", ".venv/bin/nbstripout")
    for _ in range(2):
        assert make(project.folder, "distclean").returncode == 0
        assert git("config", "filter.notebooks.clean").stdout == ""


@pytest.mark.parametrize("need", ["tex", "venv"])
def test_what_the_system_lacks_is_named_on_one_line(tmp_path, need):
    """The PATH is empty, so there is no apt-get either."""
    script = (
        "import importlib.util, sys\n"
        "from helpers.pipeline import system\n"
        "importlib.util.find_spec = lambda name: None\n"
        f"sys.exit(system.main({need!r}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: missing")
    if need == "tex":
        for package in (ROOT / "apt.txt").read_text().split():
            assert package in line
        assert "macOS" in line
        assert "conda" in line


def test_help_lists_every_command():
    printed = make(ROOT).stdout
    for command in (
        "help",
        "report",
        "sweep",
        "lab",
        "test",
        "lint",
        "clean",
        "distclean",
    ):
        assert re.search(rf"^{command} +\w", printed, re.MULTILINE)


def test_nothing_is_done_when_nothing_has_changed():
    make(ROOT, "report")
    before = (ROOT / "report" / "report.pdf").stat().st_mtime_ns
    done = make(ROOT, "report")
    assert (done.returncode, done.stderr) == (0, "")
    # The last STUDENT is remembered, so the report may be for somebody.
    assert re.fullmatch(r"report/report.pdf is up to date(, for .*)?\n", done.stdout)
    assert (ROOT / "report" / "report.pdf").stat().st_mtime_ns == before


def test_the_title_block_arrives_as_it_was_typed(project):
    name = "Łukasz $HOME & \"Søn\" 'x' #1 100% \\"
    make(project.folder, "build/inputs", f"STUDENT={name}")
    title = project.folder / "build" / "inputs"
    assert title.read_text().splitlines()[2] == name
    before = title.stat().st_mtime_ns
    make(project.folder, "build/inputs", f"STUDENT={name}")
    assert title.stat().st_mtime_ns == before
    make(project.folder, "build/inputs", "STUDENT=Ada")
    assert title.read_text().splitlines()[2] == "Ada"


def test_what_is_not_given_is_as_it_was_given_last(project):
    name = "Łukasz $HOME & \"Søn\" (x, y) 'x' #1"

    def given(*arguments):
        make(project.folder, "build/inputs", *arguments)
        return (project.folder / "build" / "inputs").read_text().splitlines()[:4]

    assert given() == ["", "", "", ""]
    assert given(f"STUDENT={name}") == ["", "", name, ""]
    assert given("DATE=now") == ["", "", name, "now"]
    assert given("STUDENT=Ada") == ["", "", "Ada", "now"]
    (project.folder / "build" / "runs").mkdir()
    project.write("build/runs/one.ipynb", "{}")
    assert make(project.folder, "clean").returncode == 0
    assert [path.name for path in (project.folder / "build").iterdir()] == ["inputs"]
    assert given() == ["", "", "Ada", "now"]
    assert given("STUDENT=", "DATE=") == ["", "", "", ""]


def test_a_table_elsewhere_counts_whatever_its_name_is(project, tmp_path_factory):
    table = tmp_path_factory.mktemp("my tables") / "a $(table) of 'mine'.csv"
    inputs = project.folder / "build" / "inputs"
    written = []
    for content in ("x,y\n1,2\n", "x,y\n1,3\n", "x,y\n1,3\n"):
        table.write_text(content)
        make(project.folder, "build/inputs", f"DATA={table}")
        written.append((inputs.read_text(), inputs.stat().st_mtime_ns))
    assert written[0][0] != written[1][0]
    assert written[1] == written[2]


def test_inputs_are_written_by_several_at_once(project):
    command = ["make", "--no-print-directory", "build/inputs", "STUDENT=Ada"]
    several = [subprocess.Popen(command, cwd=project.folder) for _ in range(4)]
    assert [process.wait(60) for process in several] == [0, 0, 0, 0]


@pytest.mark.parametrize("package", ["", "explore", "figures", "pipeline"])
def test_each_package_says_what_its_modules_are_for(package):
    folder = ROOT / "helpers" / package
    docstring = (folder / "__init__.py").read_text().split('"""')[1]
    for path in folder.glob("[a-z]*.py"):
        assert re.search(rf"\b{path.stem}\b", docstring), path


def test_a_report_is_not_made_of_what_is_missing(project):
    make_small(project)
    project.write("experiments.yaml", "quick: {features: nonsense}\n")
    project.write("report/report.html", "an earlier report")
    status, _, err = project.run("helpers.pipeline.report", "html")
    assert status == 2
    assert "1 of 1 runs failed: ValueError: data/auto.csv: no column" in err
    assert (project.folder / "report/report.html").read_text() == "an earlier report"


@pytest.mark.parametrize("command", ["sweep", "verify HTML=a", "compare", "preview"])
def test_a_signal_to_make_reaches_the_command_and_not_a_shell(project, command):
    (project.folder / "env/bin").mkdir(parents=True, exist_ok=True)
    project.write("env/bin/python", "#!/bin/sh\necho $PPID\n")
    (project.folder / "env/bin/python").chmod(0o755)
    project.write("env/ready-for-dl4ia", "")
    arguments = ["PREFIX=env", "--assume-old=env/ready-for-dl4ia", *command.split()]
    running = subprocess.Popen(
        ["make", "--no-print-directory", *arguments],
        cwd=project.folder,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert running.communicate(timeout=60)[0] == f"{running.pid}\n"
