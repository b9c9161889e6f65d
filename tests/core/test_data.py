"""Reading tables and scaling features."""

import gzip
import hashlib

import numpy as np
import pandas as pd
import pytest

from helpers import ROOT
from helpers.data import fit_scaling, load_data, load_datasheet


@pytest.fixture
def table(tmp_path):
    def write(text):
        path = tmp_path / "table.csv"
        path.write_text(text)
        return path

    return write


def test_the_cars_are_those_of_the_datasheet():
    sheet = load_datasheet("data/auto.csv")
    content = (ROOT / "data" / "auto.csv").read_bytes()
    assert hashlib.sha256(content).hexdigest() == sheet["sha256"]
    header = content.decode().splitlines()[0].split(",")
    assert list(sheet["columns"]) == header
    assert load_data("data/auto.csv", "mpg").X.shape == (sheet["rows"], 7)
    assert "CC BY 4.0" in sheet["licence"]


def test_all_features_are_the_numeric_columns_but_the_target():
    data = load_data("data/auto.csv", "mpg", "all")
    sheet = load_datasheet("data/auto.csv")
    numeric = [name for name in sheet["columns"] if name not in ("mpg", "name")]
    assert data.features == numeric


def test_the_course_variant_loses_its_five_incomplete_rows(table):
    lines = (ROOT / "data" / "auto.csv").read_text().splitlines()
    unknown = "25.0,4,98.0,?,2046,19.0,71,1,ford pinto"
    variant = lines[:30] + [unknown] + lines[30:200] + [unknown] * 4 + lines[200:]
    data = load_data(table("\n".join(variant)), "mpg", "all")
    complete = load_data("data/auto.csv", "mpg", "all")
    assert len(variant) == 1 + 397
    assert data.n_dropped == 5
    assert (data.X == complete.X).all()
    assert (data.y == complete.y).all()


def test_a_missing_value_in_a_column_not_chosen_drops_nothing(table):
    data = load_data(table("y,a,b\n1,2,\n2,3,?\n3,5,1\n"), "y", "a")
    assert data.n_dropped == 0


def test_own_tables_are_read_with_chosen_columns(table):
    data = load_data(
        table("price, rooms ,area,city\n1,2,3,x\n4,5,6,y\n7,8,10,z\n"), "price", "area"
    )
    assert data.X.tolist() == [[3], [6], [10]]
    assert data.y.tolist() == [1, 4, 7]


@pytest.mark.parametrize(
    ("text", "target", "features", "message"),
    [
        ("", "y", "all", "not a CSV file with a header"),
        ("y,a\n", "y", "all", "no rows below the header"),
        ("y,a\n1,2\n", "z", "all", "no column 'z'; its columns are y, a"),
        ("y,a\n1,2\n", "y", "b", "no column 'b'"),
        ("y,a\n1,x\n2,3\n", "y", "a", "line 2, column 'a': 'x' is not a finite number"),
        ("y,a\n1,1\n2,inf\n", "y", "a", "line 3, column 'a': .*inf.* is not a finite"),
        (
            "y,a\n1,1\nnan,2\n",
            "y",
            "a",
            "1 sample cannot .*; 1 of 2 rows left out",
        ),
        (
            "y,a\n1,€2.5\n2,3\n",
            "y",
            "a",
            "not a finite number; write 2.5, without the unit",
        ),
        ("y,a\n1,130 hp\n2,3\n", "y", "a", "not a finite number; write 130, without"),
        ("y,a\n1,<5\n2,3\n", "y", "a", "not a finite number; leave the field empty"),
        ("y,a\n1,1e999\n2,3\n", "y", "a", "not a finite number; leave the field empty"),
        ("y,a\n1,2 €\n2,3 €\n", "y", "a", "not a finite number; write 2, without"),
        ("y,area\n1,2\n", "y", "aera", "no column 'aera'; did you mean 'area'?"),
        (
            "Homes,\ny,a\n1,2\n",
            "y",
            "a",
            "line 2 has that name: remove the lines above",
        ),
        ("y,a\n1,x\n2,z\n", "y", "a", "column 'a' is text, such as 'x'; a target"),
        (
            "1.5,2\n2,3\n",
            "y",
            "a",
            "no header was found: write `columns: .* into .*yaml",
        ),
        ("y,a\n1,2\ny,a\n2,3\n", "y", "a", "line 3, .*; remove the line if it re"),
        ("1,2,3\n1.5,2,3\n", "3", "1", "no column '3'; no header was found: write"),
        ("y,a\n1,2\n", "y", "a", "1 sample cannot determine 2 parameters"),
        ("y,a\n?,2\n1,?\n", "y", "a", "0 samples cannot determine"),
        ("y,a\n1,2\n2,3\n", "y", "y", "other than the target 'y'"),
        ("y,a\n1,2\n2,3\n", "y", "a,a", "features must be different columns"),
        ("y,a\n1,2\n2,3\n", "y", ["a"], "must be names separated by commas, .*'a'"),
        ("y,a\n1,2\n2,x\n3,4\n", "y", "all", "line 3, column 'a': 'x' is not a finite"),
        ("y,a\n9,1,2\n8,3,4\n7,5,7\n", "y", "a", "not a CSV file: line 2 has 3 fields"),
        (
            "y,name\n1,q\n2,r\n",
            "y",
            "all",
            "no column is left .*; columns left out: name",
        ),
    ],
)
def test_bad_tables_are_named(table, text, target, features, message):
    with pytest.raises(ValueError, match=message) as caught:
        load_data(table(text), target, features)
    assert "\n" not in str(caught.value)


def test_a_line_of_sums_is_no_sample(table, rng):
    numbers = rng.integers(1, 100, size=(12, 3)) / 8
    lines = [f"{k},{a},{b},{c}" for k, (a, b, c) in enumerate(numbers.tolist(), 1)]
    a, b, c = numbers.sum(axis=0)
    mean = numbers[:, 2].mean()
    ends = [f",{a},{b},{c}", f",{a},{b},{mean:.2g}"]
    for end in [*ends, f"13,{a},{b},{c + 0.5}", f"13,{a},{b},{1.1 * mean}"]:
        path = table("\n".join(["id,y,a,b", *lines, end]))
        if end.startswith("13"):
            assert len(load_data(path, "y").y) == 13
        else:
            with pytest.raises(ValueError, match="csv, line 14 has the sums or means"):
                load_data(path, "y")


def test_a_line_of_sums_may_have_some_of_both_signs(table, rng):
    numbers = rng.normal(size=(12, 2)).round(3)
    numbers[:, 0] += 7
    sums = numbers.sum(axis=0).round(3)
    lines = [f"{y},{a}" for y, a in [*numbers.tolist(), sums.tolist()]]
    with pytest.raises(ValueError, match="csv, line 14 has the sums or means"):
        load_data(table("\n".join(["y,a", *lines])), "y")


def test_numbers_that_double_do_not_end_with_sums(table):
    doubled = "".join(f"{2**k},{3 * 2**k}\n" for k in range(15))
    assert len(load_data(table(f"y,a\n1,3\n{doubled}"), "y").y) == 16


def test_a_compressed_table_is_read(tmp_path):
    rng = np.random.default_rng(0)
    for number in range(60):  # one of five has a ; before any comma in its first line
        path = tmp_path / f"{number}.csv.gz"
        rows = "".join(f"{a},{b}\n" for a, b in rng.normal(size=(9, 2)))
        path.write_bytes(gzip.compress(f"y,a\n{rows}".encode()))
        assert load_data(path, "y").X.shape == (9, 1)


def test_a_missing_file_and_a_binary_file_are_named(tmp_path):
    with pytest.raises(ValueError, match="nowhere.csv: there is no such file"):
        load_data("nowhere.csv", "y")
    for name in ("auto.csv", "data/atuo.csv"):
        with pytest.raises(ValueError, match="file; did you mean data/auto.csv?"):
            load_data(name, "mpg")
    (tmp_path / "b.xlsx").write_bytes(b"PK")
    with pytest.raises(ValueError, match="b.xlsx: it is a spreadsheet; save it as CSV"):
        load_data(tmp_path / "b.xlsx", "y")
    (tmp_path / "b.csv").write_bytes(b"\xff\xfe\x00y,a\n1,2")
    with pytest.raises(ValueError, match="not a CSV file"):
        load_data(tmp_path / "b.csv", "y")


@pytest.mark.parametrize("method", ["standardise", "min-max", "none"])
def test_original_weights_predict_the_same(rng, method):
    X, w, b = rng.normal(5, 3, size=(30, 2)), rng.normal(size=2), 1.5
    scaling = fit_scaling(X, method=method)
    w_original, b_original = scaling.original(w, b)
    np.testing.assert_allclose(X @ w_original + b_original, scaling.apply(X) @ w + b)


def test_a_frame_is_scaled_like_an_array_and_small_types_do_not_wrap(rng):
    X = rng.integers(0, 255, size=(10, 2)).astype("uint8")
    frame = pd.DataFrame(X, index=range(5, 15))
    for method in ("standardise", "min-max"):
        expected = fit_scaling(X.astype(float), method=method).apply(X.astype(float))
        for values in (X, frame, X.astype("float16")):
            scale = fit_scaling(values, method=method)
            np.testing.assert_allclose(scale.apply(values), expected, rtol=1e-15)
            np.testing.assert_allclose(scale.apply(X), expected, rtol=1e-15)
    assert fit_scaling(frame, method="standardise").apply(frame).std() == (
        pytest.approx(1)
    )
    with pytest.raises(ValueError, match="X is a masked array"):
        fit_scaling(np.ma.masked_greater(X, 200), method="standardise")


def test_a_constant_feature_is_named():
    X = np.array([[1.0, 7.0], [2.0, 7.0]])
    with pytest.raises(ValueError, match=r"feature 'doors' is constant \(7\)"):
        fit_scaling(X, method="standardise", names=["power", "doors"])
    assert fit_scaling(X, method="none").apply(X).tolist() == X.tolist()


def test_an_unknown_scaling_is_named():
    with pytest.raises(ValueError, match="standardise, min-max, none, got 'log'"):
        fit_scaling(np.ones((2, 2)), method="log")
    with pytest.raises(ValueError, match="did you mean 'standardise'?"):
        fit_scaling(np.ones((2, 2)), method="standardize")


def test_a_scaling_is_for_as_many_features_as_it_was_learnt_from(rng):
    scale = fit_scaling(rng.normal(size=(9, 2)), method="standardise")
    for X in (np.ones((3, 1)), np.ones(2)):
        with pytest.raises(ValueError, match="X must be .* n_features = 2, got"):
            scale.apply(X)
    with pytest.raises(ValueError, match="w must be .* n_features = 2, got"):
        scale.original([1.0], 3.0)
