"""The file of the grid: what is valid, and the messages about what is not."""

import pytest

from helpers import ROOT
from helpers.pipeline.errors import UserError
from helpers.pipeline.sweep import parameters
from helpers.pipeline.sweep.experiments import read_points, select
from helpers.pipeline.sweep.notebooks import NOTEBOOKS, DamagedError, read_notebook
from helpers.pipeline.sweep.parameters import notebook_parameters


@pytest.fixture
def grid(tmp_path):
    def write(text):
        path = tmp_path / "experiments.yaml"
        path.write_text(text)
        return path

    return write


def test_every_combination_is_a_point_in_the_order_of_the_file(grid):
    file = grid("a:\n  features: [horsepower, all]\n  learning_rate: [1, 1e-1]\n")
    points = read_points(file)["a"]
    varied = [(p.parameters["features"], p.parameters["learning_rate"]) for p in points]
    assert varied == [("horsepower", 1), ("horsepower", 0.1), ("all", 1), ("all", 0.1)]


def test_points_are_complete_with_the_defaults_of_the_notebook(grid):
    (point,) = read_points(grid("a: {features: all}\n"))["a"]
    assert set(point.parameters) == set(notebook_parameters("descent"))
    assert point.parameters["scaling"] == "standardise"


def test_powers_of_ten_are_numbers(grid):
    (point,) = read_points(grid("a: {learning_rate: 1e-3}\n"))["a"]
    assert point.parameters["learning_rate"] == 0.001


def test_whole_rates_are_the_same_point_as_decimal_ones(grid):
    [first] = read_points(grid("a: {learning_rate: [1, 1.0, 1e0]}\n"))["a"]
    [second] = read_points(grid("a: {learning_rate: 1.0}\n"))["a"]
    assert repr(first) == repr(second)


def test_a_file_beside_the_notebook_must_be_of_the_project(grid, tmp_path):
    (tmp_path / "it.png").touch()
    up = "../" * len(NOTEBOOKS.parts[1:])
    [point] = read_points(grid("a: {start: ../data/auto.csv}\n"))["a"]
    assert point.parameters["start"] == "../data/auto.csv"
    with pytest.raises(UserError, match=rf"a: start: .* \({tmp_path}/it.png\) is not"):
        read_points(grid(f"a: {{start: {up}{tmp_path}/it.png}}\n"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: {features: [all\nb: 1\n", r"experiments.yaml, line \d .*: "),
        (
            "a:\n  seed: 1\nb:\n  seed: 2\na:\n  seed: 3\n",
            "line 5 .a:.: the name 'a' is used twice",
        ),
        ("", "must name at least one experiment"),
        ("- a\n", "must name at least one experiment"),
        (
            "a: 3\n",
            "experiment 'a' must list parameters .* such as `seed: 1`, .*, got 3",
        ),
        (
            "a: {learning_rat: 1}\n",
            "a: descent has no parameter 'learning_rat'; .* 'learning_rate'",
        ),
        ("a: {learning_rate: fast}\n", "learning_rate must be a number, got 'fast'"),
        ("a:\n  learning_rate: 0,05\n", "a number, with a decimal point, got '0,05'"),
        ("a: {learning_rate: 0,05}\n", "no parameter 5; write decimals with a point"),
        ("a: {learning_rate: -0.05}\n", "learning_rate must be positive, got -0.05"),
        (
            "a: {learning_rate: [1, 0]}\n",
            "must be positive, got 0; if this was a decimal comma, write a",
        ),
        ("a: {learning_rate: 0}\n", "learning_rate must be positive, got 0$"),
        ("a: {learning_rate: [0.0]}\n", "learning_rate must be positive, got 0.0$"),
        ("a: {n_iterations: [1, 0]}\n", "n_iterations must be positive, got 0$"),
        ("a: {seed: [0, -1]}\n", "a: seed must be 0 or more, got -1$"),
        (
            "a: {learning_rate: .nan}\n",
            "learning_rate must be a finite number, got nan",
        ),
        ("a: {momentum: .inf}\n", "momentum must be a finite number, got inf"),
        ("a: {n_iterations: 0}\n", "n_iterations must be positive, got 0"),
        ("a:\n", "'a' must list parameters .* such as `seed: 1`, .*, got nothing"),
        ("a: {learning_rate: true}\n", "learning_rate must be a number, got True"),
        ("a: {n_iterations: 1.5}\n", "n_iterations must be a whole number, got 1.5"),
        ("a: {features: 3}\n", "features must be text, got 3"),
        ("a: {scaling: log}\n", "one of standardise, min-max, none, got 'log'"),
        ("a: {learning_rate: []}\n", "learning_rate has no value"),
        ("2024: {seed: 1}\n", "the name 2024 must be in quotes"),
        ("a: {data: 2023-13-45}\n", "experiments.yaml cannot be read"),
        ("a: {seed: !!int x}\n", "experiments.yaml cannot be read"),
        ("a: {seed: \0}\n", "experiments.yaml cannot be read"),
        (f"a: {{learning_rate: 1{'0' * 400}}}\n", "learning_rate is too large"),
        ("a: {notebook: absent}\n", "yaml: a: there is no notebooks/absent.ipynb"),
        ("a: {seed: 0x" + "f" * 5000 + "}\n", "seed is too large a number"),
        ("a: {features: [" + "[" * 1000 + "\n", "experiments.yaml nests too deeply"),
        ("a: {data: " + "x" * 400 + ", seed: x}\n", "seed must be a whole number"),
        ("a: {data: /tmp/b.csv}\n", "a: data: '/tmp/b.csv' is not part of the projec"),
        ("a: {data: [data/auto.csv, ../b.csv]}\n", "data: '../b.csv' .* is not part "),
        (
            "a: {data: ''}\n",
            "data: '' is not part of the project, .*: copy it into data",
        ),
        ("a: {start: /etc/passwd}\n", "a: start: '/etc/passwd' is not part of the pro"),
        (
            f"a: {{start: {ROOT}/Makefile}}\n",
            "project is in this folder: write Makefile",
        ),
        (
            f"a: {{data: {ROOT}/data/auto.csv}}\n",
            "project is in this folder: write data/auto.cs",
        ),
        ('a: {data: "\\ud800"}\n', "data has an invalid character: .*ud800"),
        ('a: {data: "b\\e"}\n', r"data has an invalid character: 'b\\x1b'"),
        ('"": {seed: 1}\n', "a name must be one line of text, got ''"),
        ('"a\\nb": {seed: 1}\n', r"a name must be one line of text, got 'a\\nb'"),
        ('"a {{b}}": {seed: 1}\n', "a name cannot have {{, got 'a {{b}}'"),
        ('"`a`": {seed: 1}\n', "a name cannot have `, got '`a`'"),
        ('"\\ud800": {seed: 1}\n', "a name must be one line of text, got .*ud800"),
    ],
)
def test_what_is_not_valid_is_named_on_one_line(grid, text, message):
    with pytest.raises(UserError, match=message) as caught:
        read_points(grid(text))
    assert "\n" not in str(caught.value)


def test_what_repeats_without_end_is_shown_short(grid):
    doubled = "".join(
        f"&{n} [*{m}, *{m}], " for m, n in zip("abcde", "bcdef", strict=True)
    )
    text = f"x: {{learning_rate: [&a [1, 2], {doubled}]}}\n"
    for more in ("", "y: {seed: &z [*z]}\n"):
        with pytest.raises(UserError) as caught:
            read_points(grid(text + more))
        assert len(str(caught.value)) < 300


def test_points_are_counted_before_they_are_listed(grid):
    values = ", ".join(map(str, range(1, 1001)))
    names = ("learning_rate", "n_iterations", "seed", "momentum")
    text = "".join(f"  {name}: [{values}]\n" for name in names)
    message = r"1,000,000,000,001 points, 1,000,000,000,000 of them in a: at most 1,0"
    with pytest.raises(UserError, match=message):
        read_points(grid(f"a:\n{text}b: {{seed: 1}}\n"))
    assert len(read_points(grid(f"a:\n{text}b: {{seed: 1}}\n "), only="b")["b"]) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[]", "is damaged: it has no list of cells"),
        ("{}", "is damaged: it has no list of cells"),
        ('{"worksheets": []}', "has an old format: open it in JupyterLab and save it"),
        ('{"cells": [{"metadata": {}}]}', "is damaged: cell 1 has no source"),
        ('{"cells": [{"source": "", "cell_type": "code"}]}', "cell 1 has no metadata"),
        (
            '{"cells": [{"source": "", "cell_type": "x", "metadata": {"tags": null}}]}',
            "the tags of cell 1 are not a list",
        ),
        ('{"cells": [], "metadata": {}}', "is damaged: it is not in nbformat 4: open"),
        ('{"cells": [], "metadata": {}, "nbformat": 3}', "it is not in nbformat 4"),
        ('{"cells": [], "metadata": {}, "nbformat": 4}', "names no kernel: open it"),
        (
            '{"cells": [], "nbformat": 4, "metadata": {"kernelspec": {"name": "ir", '
            '"language": "R"}}}',
            "is in R, not in Python",
        ),
        ("[" * 100_000, "is damaged: it nests too deeply"),
        ("{\n<<<<<<< HEAD\n", "git left a conflict in it, line 2: keep one of the ver"),
        (None, "cannot be read: Is a directory"),
    ],
)
def test_a_damaged_notebook_is_named_and_fails_alone(
    tmp_path, grid, monkeypatch, content, message
):
    path = tmp_path / "bad.ipynb"
    path.mkdir() if content is None else path.write_text(content)
    with pytest.raises(DamagedError, match=message) as caught:
        read_notebook("bad", tmp_path)
    assert "\n" not in str(caught.value)

    def read(name):
        return read_notebook(name, tmp_path if name == "bad" else NOTEBOOKS)

    monkeypatch.setattr(parameters, "read_notebook", read)
    points = read_points(grid("a: {seed: [1, 2]}\nb: {notebook: bad, x: [1, 2]}\n"))
    assert {name: len(listed) for name, listed in points.items()} == {"a": 2, "b": 1}


def test_a_notebook_with_a_very_long_name_is_named(grid):
    with pytest.raises(UserError, match="cannot be read: File name too long"):
        read_notebook("a" * 300)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match="there is no experiments.yaml: it lists"):
        read_points(tmp_path / "experiments.yaml")


def test_the_nearest_name_is_suggested_for_an_unknown_experiment(grid):
    points = read_points(grid("learning_rates: {seed: 1}\n"))
    with pytest.raises(UserError, match="did you mean 'learning_rates'"):
        select(points, "learning_rate")


def test_a_notebook_without_parameters_cell_is_named(monkeypatch):
    cell = {"cell_type": "code", "metadata": {}, "source": ["x = 1"]}
    monkeypatch.setattr(parameters, "read_notebook", lambda name: {"cells": [cell]})
    with pytest.raises(UserError, match="has no cell tagged 'parameters'"):
        notebook_parameters("bare")


def cell_with(monkeypatch, line):
    """Replace the parameters cell of all notebooks by these lines."""
    cell = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": line}
    monkeypatch.setattr(parameters, "read_notebook", lambda name: {"cells": [cell]})


def test_choices_may_come_from_a_collection_of_helpers(grid, monkeypatch):
    line = 'kind: str = "none"  # one of helpers.data.SCALINGS'
    cell_with(monkeypatch, line)
    assert read_points(grid("a: {kind: min-max}\n"))["a"]
    with pytest.raises(UserError, match="must be one of .*min-max.*, got 'log'"):
        read_points(grid("b: {kind: log}\n"))
    cell_with(monkeypatch, line.replace("SCALINGS", "ABSENT"))
    with pytest.raises(UserError, match="names helpers.data.ABSENT, which is missing"):
        read_points(grid("cc: {kind: log}\n"))


def test_null_is_a_value_where_it_is_the_default(grid, monkeypatch):
    cell_with(monkeypatch, "share: float = None  # of the step\nrate: float = 1.0")
    (point,) = read_points(grid("a: {share: null}\n"))["a"]
    assert point.parameters == {"share": None, "rate": 1.0}
    with pytest.raises(UserError, match="share must be a number, or null, got 'x'"):
        read_points(grid("bb: {share: x}\n"))
    with pytest.raises(UserError, match="rate must be a number, got None"):
        read_points(grid("ccc: {rate: null}\n"))


def test_lines_without_a_type_are_parameters_too(grid, monkeypatch):
    cell_with(monkeypatch, 'steps = 10\nrate = 0.5\nname = "a"\nquick = False')
    found = notebook_parameters("own")
    assert {name: each.type for name, each in found.items()} == {
        "steps": int, "rate": float, "name": str, "quick": bool,
    }  # fmt: skip
    (point,) = read_points(grid("d: {steps: 20, rate: 1}\n"))["d"]
    assert point.parameters == {"steps": 20, "rate": 1.0, "name": "a", "quick": False}
    with pytest.raises(UserError, match="steps must be a whole number, got 2.5"):
        read_points(grid("ee: {steps: 2.5}\n"))


COMPUTED = """\
steps = 10
half = steps // 2
quarter: int = half // 2
path = f"{name}.csv" if (name := "a") else ""
rates = [0.1, 0.2]
"""


def test_a_computed_line_is_refused_if_what_it_uses_changes(grid, monkeypatch):
    cell_with(monkeypatch, COMPUTED + 'other: str = "x"')
    (point,) = read_points(grid("f: {other: y, steps: 10}\n"))["f"]
    assert point.parameters == {"steps": 10, "other": "y"}
    message = (
        r"gg: steps changes, but `half = steps // 2` in the parameters cell of "
        r"notebooks/descent.ipynb would not: move that line to the next cell"
    )
    with pytest.raises(UserError, match=message):
        read_points(grid("gg: {steps: [10, 20]}\n"))
    with pytest.raises(UserError, match="half cannot be set: `half = steps // 2` in"):
        read_points(grid("hhh: {half: 3}\n"))
    with pytest.raises(UserError, match=r"rates cannot be set: `rates = \[0.1, 0.2\]`"):
        read_points(grid("iiii: {rates: 3}\n"))
    cell_with(monkeypatch, "steps = 10\nhalf = steps // 2\nquarter = half // 2")
    lines = parameters.read_parameters("own")[1]
    assert [line.uses for line in lines] == [{"steps"}, {"steps", "half"}]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("n: int = 10.5", "n must be a whole number, got 10.5"),
        ("n: int = True", "n must be a whole number, got True"),
        ("n: str = 3", "n must be text, got 3"),
        ("n: list = [1]", r"the line of n .* must be n: str\|int\|float\|bool = value"),
        ("n: int", r"the line of n .* must be n: str\|int\|float\|bool = value"),
        ("n = 1\nn = 2", "the parameters cell assigns n twice"),
        ("n = 1\nn += 2", "the parameters cell assigns n twice"),
        ('n: str = "c"  # one of a, b', "n must be one of a, b, got 'c'"),
        ("n = (", "the parameters cell: '.' was never closed"),
    ],
)
def test_a_parameters_cell_that_is_not_valid_is_refused(monkeypatch, line, message):
    cell_with(monkeypatch, line)
    with pytest.raises(UserError, match=message) as caught:
        notebook_parameters("own")
    assert "\n" not in str(caught.value)


def test_a_whole_default_of_a_number_is_that_number(monkeypatch):
    cell_with(monkeypatch, "rate: float = 1")
    assert repr(notebook_parameters("own")["rate"].default) == "1.0"


def test_a_notebook_is_named_by_a_name(grid):
    with pytest.raises(UserError, match="notebook must be a notebook's name, got 3"):
        read_points(grid("a: {notebook: 3}\n"))
    with pytest.raises(UserError, match="a notebook's name, got 'notebooks/x'"):
        read_points(grid("bb: {notebook: notebooks/x}\n"))
