"""The output of the sandbox is parsed strictly."""

import json

import pytest

from helpers.pipeline.errors import UserError
from helpers.pipeline.grading.pictures import read_pictures
from helpers.pipeline.grading.rebuilt import OUT, read_lines, read_rebuilt
from helpers.pipeline.report.evidence import LAYOUT
from helpers.pipeline.verify.reader import read_build

LINE = {"what": "a", "stated": "1", "reproduced": "2", "difference": 0.5}
LINE |= {"verdict": "differs"}
TITLE = {"course": "C", "title": "T", "student": "S", "date": "D"}
VERSION = {"commit": "c", "time": 1, "changes": "", "title": TITLE, "layout": LAYOUT}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"[" * 100_000,
        b'{"claims": {"a": ' + b"9" * 100_000 + b"}}",
        {"claims": {f"c{n}": 1.0 for n in range(10**5)}},
        {"claims": {"a": {"value": 1}}},
        {"claims": {"a": "x" * 10**5}},
        {"claims": {"a" * 10**5: 1}},
        {"claims": ["a"]},
        {"constant": [1]},
        {"records": {"run": {"costs": [0.0] * 1_000_001}}},
        {"records": {"run": {"note": "x" * 10**5}}},
        {"records": {"run": {"deep": json.loads("[" * 50 + "]" * 50)}}},
        {"records": {"run": {f"n{n}": 1.0 for n in range(10**5)}}},
        {"pdf": "not base 64"},
        {"pdf": 1},
        {"records": {"run": 1}},
    ],
)
def test_results_are_parsed_strictly(content):
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    with pytest.raises(UserError, match="the output of the sandbox contains no valid"):
        read_rebuilt(text)


def test_results_are_read():
    rebuilt = read_rebuilt(
        b'{"claims": {"a": NaN, "b": null, "c": "x"}, "pdf": "JVBERg=="}'
    )
    assert rebuilt.pdf == b"%PDF"
    assert [*rebuilt.claims] == ["a", "b", "c"]
    records = {"run": {"costs": [2.5, 1], "folds": [{"R2": 0.5}], "at": None}}
    assert read_rebuilt(json.dumps({"records": records}).encode()).records == records


@pytest.mark.parametrize(
    "change",
    [
        {"what": 1},
        {"difference": "0.5"},
        {"verdict": "<b>"},
        {"more": 1},
        {"stated": None},
    ],
)
def test_lines_are_parsed_strictly(change):
    content = json.dumps({"checked": [LINE | change]}).encode()
    with pytest.raises(UserError, match="the output of the sandbox contains no valid"):
        read_lines(content)
    assert read_lines(json.dumps({"checked": [LINE]}).encode())[0].wrong


@pytest.mark.parametrize(
    "change",
    [
        {"title": TITLE | {"student": 1}},
        {"title": None},
        {"table": {"target": 1}},
        {"time": 10**2000},
        {"time": 1.5},
        {"commit": "x" * 10**6},
    ],
)
def test_a_version_is_parsed_strictly(change):
    with pytest.raises(UserError, match="the output of the sandbox is damaged"):
        read_build(json.dumps(VERSION | change).encode(), OUT)
    assert read_build(json.dumps(VERSION).encode(), OUT) == VERSION


@pytest.mark.parametrize("name", ["commit", "time", "changes", "title"])
def test_no_part_of_a_version_may_be_missing(name):
    incomplete = {key: value for key, value in VERSION.items() if key != name}
    with pytest.raises(UserError, match="the output of the sandbox is damaged"):
        read_build(json.dumps(incomplete).encode(), OUT)


@pytest.mark.parametrize(
    "content",
    [b"", b"1", b"[[1, [2, 2, 'AAAA'], null]]", b'[[1, [99999, 1, "AA=="], null]]']
    + [b'[[1, [4, 4, "AA=="], null]]', b'[["x", null, null]]', b'[[1, "PNG", null]]'],
)
def test_pictures_are_parsed_strictly(content):
    with pytest.raises(UserError, match="the pictures cannot be read"):
        read_pictures(content)


def test_pictures_are_made_of_grey_values():
    ((number, first, second),) = read_pictures(b'[[7, [2, 1, "AP8="], null]]')
    assert (number, second) == (7, None)
    assert first.startswith(b"\x89PNG")
