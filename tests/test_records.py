"""Records are read back unchanged, or refused with the name of the value."""

import json
import math
from decimal import Decimal

import nbformat
import numpy as np
import pandas as pd
import pytest

from helpers.pipeline import records


@pytest.fixture
def recorded(monkeypatch, tmp_path):
    """Return a function that records values in cells, and reads the run."""

    def run(*calls):
        displayed = []
        monkeypatch.setattr(
            "IPython.display.display", lambda data, raw: displayed.append(data)
        )
        for values in calls:
            records.record(**values)
        content = json.loads(json.dumps(displayed, allow_nan=False))
        outputs = [
            nbformat.v4.new_output("display_data", data=data) for data in content
        ]
        cells = [nbformat.v4.new_code_cell(outputs=[output]) for output in outputs]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "run.ipynb")
        return records.read_record(tmp_path / "run.ipynb")

    return run


def test_numbers_and_texts_come_back_as_they_were(recorded):
    values = {
        "whole": 2**70, "truth": True, "nothing": None, "text": "nan", "word": "inf",
        "texts": ["nan", "1"], "deep": {"a": [{"b": -math.inf}]}, "tiny": 5e-324,
    }  # fmt: skip
    record = recorded(values)
    assert {name: record[name] for name in values} == values
    assert math.isnan(recorded({"x": [1.0, math.nan]})["x"][1])


def test_arrays_keep_their_numbers(recorded):
    record = recorded(
        {
            "small": np.array([200, 255], dtype="uint8"),
            "half": np.float16(0.1),
            "truth": np.array([True, False]),
            "texts": np.array(["a", "inf"]),
            "table": np.array([[1.5, np.nan], [np.inf, 4]]),
        }
    )
    assert record["small"] == [200, 255]
    assert record["half"] == float(np.float16(0.1))
    assert record["truth"] == [True, False]
    assert record["texts"] == ["a", "inf"]
    np.testing.assert_array_equal(record["table"], [[1.5, np.nan], [np.inf, 4]])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (pd.DataFrame({"a": [1]}), r"x is of type DataFrame: record its columns"),
        (pd.Series([1, 2]), r"x is of type Series: record its to_numpy\(\)"),
        ([{"k": pd.Series([1])}], r"x\[0\]\['k'\] is of type Series"),
        (
            np.array([1j]),
            "x is of type ndarray of complex128: record numbers, texts",
        ),
        (np.datetime64("2026-01-01"), "x is of type datetime64 of datetime64"),
        (np.ma.masked_greater([1, 2], 1), "x is of type MaskedArray of int64"),
        (np.array([None, 1]), "x is of type ndarray of object"),
        (np.zeros(1, dtype="f4,f8"), "x is of type ndarray of .*f0"),
        (np.longdouble(1), "x is of type longdouble of "),
        ({1: 2}, "a key of x must be a text, got 1"),
        ({1, 2}, "x is of type set"),
        (Decimal("0.1"), "x is of type Decimal"),
    ],
)
def test_what_would_be_changed_is_refused(recorded, value, message):
    with pytest.raises(TypeError, match=message) as caught:
        recorded({"x": value})
    assert "\n" not in str(caught.value)


def test_several_calls_add_up(recorded):
    record = recorded({"a": 1, "b": 2}, {"b": 3, "c": 4})
    assert (record["a"], record["b"], record["c"]) == (1, 3, 4)
    assert record["versions"] == records.VERSIONS
    with pytest.raises(TypeError, match="run is reserved"):
        recorded({"run": 1})
