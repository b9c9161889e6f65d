"""The regression report on ordinary data of many kinds, read as a reader would."""

import re

import numpy as np
import pypdfium2
import pytest
from project import Project

from helpers.pipeline.verify.reader import text_of
from helpers.pipeline.verify.rebuild import build_report

RNG = np.random.default_rng(3)
ROWS = 50
X, Z, NOISE = RNG.normal(size=(3, ROWS)).round(3)


@pytest.fixture(scope="module")
def report_on(tmp_path_factory):
    """Return a function that makes a report on columns, and returns its text."""
    project = Project(tmp_path_factory.mktemp("regression"))

    def made(columns, kind="html", target="y", sheet=""):
        lines = [",".join(columns)]
        lines += [
            ",".join(map(repr, row)) for row in zip(*columns.values(), strict=True)
        ]
        project.write("data/my_own*.csv", "\n".join(lines))
        project.write("data/my_own*.yaml", sheet or "{}")
        given = {"REPORT": "regression", "DATA": "data/my_own*.csv", "TARGET": target}
        path = build_report(project.folder, given, target=kind)
        if kind == "html":
            return " ".join(text_of(path.read_text(encoding="utf-8")).split())
        with pypdfium2.PdfDocument(path) as document:
            pages = [page.get_textpage().get_text_range() for page in document]
        return " ".join(" ".join(pages).split())

    return made


def columns(y, **others):
    """Return columns of numbers that Python prints as they are meant."""
    features = others or {"x": X, "z": Z}
    return {name: np.asarray(of).tolist() for name, of in (features | {"y": y}).items()}


def test_an_exact_linear_function_is_told_as_one(report_on):
    x, z = np.random.default_rng(5).integers(-20, 20, (2, ROWS))
    said = report_on(columns(3 * x - 2 * z + 7, x=x, z=z))
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
    x, z = np.random.default_rng(5).integers(-20, 20, (2, ROWS))
    said = report_on(columns(2 * x + 1000 * z, x=x, a=x + 0.001 * z))
    assert "The residuals are what the descent has not reached" in said
    assert "None came within" not in said
    assert "Gradient descent has not reached the optimum" in said


def test_what_is_far_above_a_tiny_optimum_has_not_reached_it(report_on):
    said = report_on(columns(X + 0.01 * Z + 1e-4 * NOISE, x=X, a=X + 0.03 * Z))
    assert "explains 100.0 % of the variance" in said
    assert "Gradient descent has not reached the optimum" in said


@pytest.mark.parametrize("noise", [1e-9, 1.0])
def test_noise_that_is_more_than_rounding_is_no_exact_fit(report_on, noise):
    said = report_on(columns(X - Z + noise * NOISE))
    assert "rounding errors" not in said
    assert "exact" not in said
    assert "A parabola in the prediction explains" in said
    assert ("thin lines" in said) == (noise == 1)
    assert ("and the optimum. The largest" in said) == (noise == 1)


def test_all_optimisers_that_are_the_first_are_named(report_on):
    said = report_on(columns(X + NOISE, x=X))
    assert (
        "The first within 1 % of the optimum: plain descent and heavy ball, at" in said
    )
    useless = NOISE - np.polyval(np.polyfit(X, NOISE, 1), X)
    said = report_on(columns(useless + 0.01 * X, x=X))
    assert "The cost at the start is within 1 % of the optimum already, so by" in said
    assert "It is about as bad on samples that it has not seen as on" in said


@pytest.mark.parametrize(("factor", "slow"), [(1e-12, True), (1e-6, False)])
def test_adam_is_excused_where_its_epsilon_is_above_the_gradients(
    report_on, factor, slow
):
    said = report_on(columns(factor * (X - Z + NOISE)))
    assert ("its steps are shorter than they would be" in said) == slow


def test_a_target_whose_letters_have_no_font_is_on_the_page(report_on):
    of = columns(X - Z + NOISE)
    said = report_on({"价格": of.pop("y"), **of}, target="价格")
    assert "This report predicts the column 价格 from 2 features" in said


def test_a_feature_that_several_others_explain_together_is_told_as_one(report_on):
    a, b, c, noise = np.random.default_rng(1).normal(size=(4, ROWS))
    total = a + b + c + noise / 5
    assert np.abs(np.corrcoef([a, b, c, total])[3, :3]).max() < 0.7
    others = np.column_stack([a, b, c, np.ones(ROWS)])
    left = total - others @ np.linalg.lstsq(others, total)[0]
    share = f"explain at most {100 * (1 - left.var() / total.var()):.0f} % of a feature"
    said = report_on(columns(X, a=a, b=b, c=c, total=total))
    assert "Some features depend on others" in said
    assert share in said
    design = {name: np.arange(32) >> k & 1 for k, name in enumerate("abc")}
    said = report_on(columns(X[:32], **design))
    assert "No feature depends strongly on the others" in said
    assert "explain at most 0 % of a feature" in said


def test_what_hardly_varies_is_left_out_and_counted(report_on):
    rare = (np.arange(ROWS) == 4).astype(int)
    y = X - Z + NOISE
    one = report_on(columns(y, x=X, a=rare))
    assert "columns left out: a (it hardly varies)." in one
    two = report_on(columns(y, x=X, a=rare, b=(np.arange(ROWS) == 5).astype(int)))
    assert "columns left out: a, b (they hardly vary)." in two


@pytest.mark.parametrize("factor", [1e-15, 0.0005, 0.01, 1e3, 1e15])
def test_the_pdf_holds_targets_of_any_size(report_on, factor):
    said = report_on(columns(factor * (X - Z + NOISE) - factor), "pdf")
    assert "Table 4." in said


def test_the_pdf_holds_a_target_with_one_enormous_value(report_on):
    y = X - Z + NOISE
    y[7] = 1e9
    assert re.search(r"\(.\d\.\d\d ± \d\.\d\d\) × 10", report_on(columns(y), "pdf"))


def test_names_and_numbers_are_printed_as_they_are(report_on):
    y = 400 * X + NOISE - np.mean(400 * X + NOISE)
    said = report_on(columns(y, x=X - X.mean(), z=Z))
    assert "The table data/my_own*.csv has 50 complete rows." in said
    assert "The target has the mean 0 and" in said
    weight = np.polyfit((X - X.mean()) / X.std(), y, 1)[0]
    assert f"the prediction changes by {weight:+.0f}. No feature depends" in said
    assert " model descent closed form mean " in said
    assert "A dash: all" not in said


def test_parts_of_a_whole_are_not_read_one_by_one(report_on):
    parts = np.random.default_rng(1).dirichlet(np.full(5, 9), ROWS).round(3)
    parts[:, -1] += 0.0001 * NOISE
    said = report_on(
        columns(parts @ [1, 2, 3, 4, 5], **dict(zip("abcde", parts.T, strict=True)))
    )
    assert "by itself" not in said
    assert "Some features depend on others, so their weights must be read" in said


@pytest.mark.parametrize(
    ("slope", "than"),
    [(1, "less than"), (0.16, "about as much as"), (None, "more than")],
)
def test_the_error_is_compared_with_that_of_the_mean(report_on, slope, than):
    many = np.random.default_rng(2).normal(size=(15, ROWS))
    said = report_on(
        columns(NOISE, **{f"x{k}": x for k, x in enumerate(many)})
        if slope is None
        else columns(slope * X + 0.9 * NOISE, x=X)
    )
    one, two = map(
        float, re.search(rf"error is (\S+), {than} the (\S+) of", said).groups()
    )
    assert (one < 0.99 * two, one > 1.01 * two) == (than[0] == "l", than[0] == "m")


def test_a_score_that_folds_do_not_have_is_explained(report_on):
    rare = (np.arange(ROWS) % 25 == 3).astype(int)
    assert "A dash: all targets of a fold are equal." in report_on(columns(rare))


@pytest.mark.parametrize("unit", ["$", "$ CO₂ m⁻² руб."])
def test_a_unit_is_drawn_as_it_is_beside_the_formulas_of_a_figure(report_on, unit):
    sheet = f"columns: {{y: {{unit: {unit}}}}}"
    said = report_on(columns(X - Z + NOISE), "pdf", sheet=sheet).replace(" ", "")
    assert said.count(f"in({unit})²".replace(" ", "")) == 2
    assert not re.search(r"\$[Jy]|[J*z]\$|¤|mathtt", said)
