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

    def made(columns, kind="html", target="y"):
        lines = [",".join(columns)]
        lines += [
            ",".join(map(repr, row)) for row in zip(*columns.values(), strict=True)
        ]
        project.write("data/mine.csv", "\n".join(lines))
        given = {"REPORT": "regression", "DATA": "data/mine.csv", "TARGET": target}
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
