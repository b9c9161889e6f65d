"""The regression report on many kinds of ordinary data, checked as a reader would."""

import json
import re
from functools import cache
from types import SimpleNamespace

import nbformat
import numpy as np
import pypdfium2
import pytest
from project import Project

from helpers.pipeline.verify.reader import read_html, text_of
from helpers.pipeline.verify.rebuild import build_report

ROWS = 50
ROW = np.arange(ROWS)
X, Z, NOISE = np.random.default_rng(3).normal(size=(3, ROWS)).round(3)
INTEGERS, OTHERS = np.random.default_rng(5).integers(-20, 20, (2, ROWS))
A, B, C, REST = np.random.default_rng(1).normal(size=(4, ROWS))
TOTAL = A + B + C + REST / 5
PARTS = np.random.default_rng(1).dirichlet(np.full(5, 9), ROWS).round(3).T
PARTS[-1] += 0.0001 * NOISE
DESIGN = [np.arange(32) >> k & 1 for k in range(3)]


def left_of(y, features):
    """Return the residuals of a linear regression on the features."""
    known = np.column_stack([*features, np.ones(len(y))])
    return y - known @ np.linalg.lstsq(known, y)[0]


# A report takes seconds: each table has several peculiarities; targets vary in scale.
TABLES = {
    "exact": {"x": INTEGERS, "z": OTHERS, "a": ROW == 4, "b": ROW == 5}
    | {"y": 3 * INTEGERS - 2 * OTHERS + 7},
    "parts": dict(zip("abcde", PARTS, strict=True))
    | {"y": 1e-15 * ([1, 2, 3, 4, 5] @ PARTS)},
    "nearly the same": {"x": X, "a": X + 0.03 * Z}
    | {"y": 1e15 * (X + 0.01 * Z + 1e-4 * NOISE - 1)},
    "faint noise": {"x": X, "z": Z, "y": 1e-12 * (X - Z + 1e-9 * NOISE - 1)},
    "noise": {"x": X, "z": Z, "y": 1e-6 * (X - Z + NOISE - 1)},
    "total": {"a": A, "b": B, "c": C, "total": TOTAL, "once": ROW == 4}
    | {"y": 0.0005 * (X - 1)},
    "useless": dict(zip("abc", DESIGN, strict=True))
    | {"y": left_of(NOISE[:32], DESIGN) + 0.01 * DESIGN[0]},
    "poor": {"x": X, "y": 0.01 * (0.16 * X + 0.9 * NOISE - 1)},
    "no mean": {"a_b*": X - X.mean(), "z": Z, "y": 400 * X + NOISE},
    "rare": {"x": X, "z": Z, "y": ROW % 25 == 3},
    "outlier": {"x": X, "z": Z, "y": np.where(ROW == 7, 1e9, X - Z + NOISE)},
}
TABLES["no mean"]["y"] -= TABLES["no mean"]["y"].mean()
LONG = [f"WORKING_HOURS_IN_MONTH_{k}_OF_YEAR" for k in range(9)]
HOURS = 1e12 + 1e9 * np.random.default_rng(2).normal(size=(9, ROWS))
TABLES["long"] = dict(zip(LONG, HOURS, strict=True))
TABLES["long"]["y"] = 3 * TABLES["long"][LONG[4]] + 1e9 * NOISE
FACTS = (
    "{unit: kilograms per square metre, meaning: hours at $20 to $50 MMMMMMMMMMMMMM}"
)
UNITS = {"total": "$", "rare": "$ CO₂ m⁻² руб."}


@pytest.fixture(scope="module")
def report_on(tmp_path_factory):
    """Return a function that returns the texts of the page and the PDF on a table."""
    project = Project(tmp_path_factory.mktemp("regression"))
    project.write("report/results.json", "not this report's")

    @cache
    def made(name):
        columns = [(of * 1).tolist() for of in TABLES[name].values()]
        rows = [TABLES[name], *(map(repr, row) for row in zip(*columns, strict=True))]
        project.write("data/my_own*.csv", "\n".join(map(",".join, rows)))
        (project.folder / "data" / "my_own*.yaml").unlink(missing_ok=True)
        if name in UNITS or name == "long":
            sheet = f"columns: {{y: {{unit: {UNITS.get(name)}}}}}"
            if name == "long":
                sheet = "columns:\n" + "".join(
                    f"  {n}: {FACTS}\n" for n in TABLES[name]
                )
            project.write("data/my_own*.yaml", sheet)
        given = {"REPORT": "regression", "DATA": "data/my_own*.csv", "TARGET": "y"}
        path = build_report(project.folder, given | {"STUDENT": "Ada"})
        page = text_of(path.with_suffix(".html").read_text(encoding="utf-8"))
        with pypdfium2.PdfDocument(path) as document:
            pages = [page.get_textpage().get_text_range() for page in document]
        texts = {"page": page, "pdf": " ".join(pages)}
        said = {kind: " ".join(text.split()) for kind, text in texts.items()}
        return SimpleNamespace(**said, folder=project.folder)

    return made


def test_an_exact_linear_function_is_told_as_one(report_on):
    said = report_on("exact").page
    assert "known before any training: 0, where" in said
    assert "ended at 0, but for rounding." in said
    assert (
        "The residuals are rounding errors, since the target is exactly linear." in said
    )
    assert "The optimum is zero, so there is no share of it to come within." in said
    assert "explains all of the variance of samples" in said
    assert "so nothing is left to explain." in said
    for untrue in ("parabola", "bend", "above the optimum", "thin lines", "is noise"):
        assert untrue not in said
    assert "four learning rates; the optimum is below the figure." in said


def test_an_exact_linear_function_that_is_not_reached_is_told_as_one(report_on):
    said = report_on("parts").page
    assert "The residuals are what the descent has not reached" in said
    assert "None came within" not in said
    assert "Gradient descent has not reached the optimum" in said


def test_what_is_far_above_a_tiny_optimum_has_not_reached_it(report_on):
    said = report_on("nearly the same").page
    assert "explains 100.0 % of the variance" in said
    assert "Gradient descent has not reached the optimum" in said


@pytest.mark.parametrize("name", ["faint noise", "noise"])
def test_noise_that_is_more_than_rounding_is_no_exact_fit(report_on, name):
    said = report_on(name).page
    assert "rounding errors" not in said
    assert "exact" not in said
    assert "A parabola in the prediction explains" in said
    assert ("thin lines" in said) == (name == "noise")
    assert ("and the optimum. The largest" in said) == (name == "noise")


def test_all_optimisers_that_are_the_first_are_named(report_on):
    said = report_on("poor").page
    assert (
        "The first within 1 % of the optimum: plain descent and heavy ball, at" in said
    )
    assert "It is about as bad on samples that it has not seen as on" in said
    said = report_on("useless").page
    assert "The cost at the start is within 1 % of the optimum already, so by" in said


@pytest.mark.parametrize(("name", "slow"), [("faint noise", True), ("noise", False)])
def test_adam_is_excused_where_its_epsilon_is_above_the_gradients(
    report_on, name, slow
):
    said = report_on(name).page
    assert ("its steps are shorter than they would be" in said) == slow


def test_a_target_whose_letters_have_no_font_is_on_the_page(project):
    rows = np.column_stack([X - Z + NOISE, X, Z]).tolist()
    table = "\n".join(",".join(map(repr, row)) for row in rows)
    project.write("data/prices.csv", f"价格,x,z\n{table}\n")
    given = {"REPORT": "regression", "DATA": "data/prices.csv", "TARGET": "价格"}
    path = build_report(project.folder, given, "html")
    said = text_of(path.read_text(encoding="utf-8"))
    assert "This report predicts the column 价格 from 2 features" in said


def test_a_feature_that_several_others_explain_together_is_told_as_one(report_on):
    assert np.abs(np.corrcoef([A, B, C, TOTAL])[3, :3]).max() < 0.7
    left = left_of(TOTAL, [A, B, C])
    share = f"explain at most {100 * (1 - left.var() / TOTAL.var()):.0f} % of a feature"
    said = report_on("total").page
    assert "Some features depend on others" in said
    assert share in said
    said = report_on("useless").page
    assert "No feature depends strongly on the others" in said
    assert "explain at most 0 % of a feature" in said


def test_long_names_units_and_meanings_have_room(report_on):
    said = report_on("long")
    for name in LONG:
        assert said.pdf.replace(" ", "").count(name) >= 2  # in Table 1 and in Table 3
    assert said.pdf.count("hours at $20 to $50") == said.page.count(
        "hours at $20 to $50"
    )
    assert said.page.count("hours at $20 to $50 MMMMMMMMMMMMMM") == 1 + len(LONG)
    belongs = f"The largest belongs to {LONG[4]}: when it alone grows"
    assert belongs in said.page.replace("\N{ZERO WIDTH SPACE}", "")


def test_what_hardly_varies_is_left_out_and_counted(report_on):
    one, two = report_on("total").page, report_on("exact").page
    assert "columns left out: once (constant outside one of the folds)." in one
    assert "columns left out: a, b (constant outside one of the folds)." in two


@pytest.mark.parametrize("name", TABLES)
def test_the_pdf_holds_targets_of_any_size(report_on, name):
    assert "Table 4." in report_on(name).pdf


def test_the_pdf_holds_a_target_with_one_enormous_value(report_on):
    assert re.search(r"\(.\d\.\d\d ± \d\.\d\d\) × 10", report_on("outlier").pdf)


def test_names_and_numbers_are_printed_as_they_are_without_a_datasheet(report_on):
    said = report_on("no mean").page
    assert "The table data/my_own*.csv has 50 complete rows." in said
    assert "predicts the column y from 2 features" in said
    assert "The target has the mean 0 and" in said
    x, z, y = TABLES["no mean"].values()
    best = np.mean(left_of(y, [x, z]) ** 2)
    assert f"before any training: {best:#.5g}," in said
    weight = np.polyfit(x / X.std(), y, 1)[0]
    assert "The largest belongs to a_b*" in said
    assert f"the prediction changes by {weight:+.0f}. No feature depends" in said
    assert "the linear model of y is good" in said
    assert " model descent closed form mean " in said
    assert "A dash: all" not in said


def test_parts_of_a_whole_are_not_read_one_by_one(report_on):
    said = report_on("parts").page
    assert "by itself" not in said
    assert "Some features depend on others, so their weights must be read" in said


@pytest.mark.parametrize(
    ("name", "than"),
    [("no mean", "less than"), ("poor", "about as much as"), ("useless", "more than")],
)
def test_the_error_is_compared_with_that_of_the_mean(report_on, name, than):
    said = report_on(name).page
    one, two = map(
        float, re.search(rf"error is (\S+), {than} the (\S+) of", said).groups()
    )
    assert (one < 0.99 * two, one > 1.01 * two) == (than[0] == "l", than[0] == "m")


def test_a_score_that_folds_do_not_have_is_explained(report_on):
    assert "A dash: all targets of a fold are equal." in report_on("rare").page


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_is_drawn_as_it_is_beside_the_formulas_of_a_figure(report_on, name):
    said = report_on(name).pdf.replace(" ", "")
    assert said.count(f"in({UNITS[name]})²".replace(" ", "")) == 2
    assert not re.search(r"\$[Jy]|[J*z]\$|¤|mathtt", said)


def test_another_report_has_its_own_files_runs_and_data(report_on):
    folder = report_on("no mean").folder
    read = read_html(folder / "report" / "regression.html")
    assert read.build["report"] == "regression"
    assert read.build["table"] == {"data": "data/my_own*.csv", "target": "y"}
    assert read.build["title"]["student"] == "Ada"
    results = json.loads((folder / "report" / "regression-results.json").read_text())
    assert results == read.results
    assert results["runs"] == {}  # plain and adam are optimisers, not experiments
    assert not (folder / "build" / "runs").exists()
    assert (folder / "report" / "results.json").read_text() == "not this report's"
    executed = nbformat.read(folder / "build" / "regression.ipynb", as_version=4)
    assert executed.cells[-1].outputs
