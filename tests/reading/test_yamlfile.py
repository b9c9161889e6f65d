"""Mistakes in YAML, as people make them."""

import pytest

from helpers.reading.yamlfile import read_yaml

SIGN = "a special character such as * % @ & ? or ` must be in quotes"
INDENT = "it is not indented like the lines that it belongs to"
TOO_FAR = "it is indented below a line that has a value already, or lacks a colon"


@pytest.fixture
def refused(tmp_path):
    """Return a function that returns the message about a text that is not YAML."""

    def of(text):
        path = tmp_path / "grid.yaml"
        path.write_text(text)
        with pytest.raises(ValueError, match=r"^grid\.yaml, line \d") as caught:
            read_yaml(path, path.name)
        return str(caught.value)

    return of


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("a: {}\nb: 1\na: {}\n", "3 (a: {})", "the name 'a' is used twice"),
        ("a:\n  x: 1\n  x: 2\n", "3 (x: 2)", "the name 'x' is used twice"),
        ("a:\n\tx: 1\n", "2 (x: 1)", "a tab; indent with spaces"),
        ("a:\n  x: 1\n\ty: 2\n", "3 (y: 2)", "a tab; indent with spaces"),
        ("a:\n  x: 1\n   y: 2\n", "3 (y: 2)", TOO_FAR),
        ("a:\n  x\n   y: 2\n", "3 (y: 2)", TOO_FAR),
        ("a:\n  x: 1\n y: 2\n", "3 (y: 2)", INDENT),
        ("a:\n  x: [1, 2]\n    y: 2\n", "3 (y: 2)", INDENT),
        ("a:\n  x: 1\n  - 2\n", "3 (- 2)", INDENT),
        ("a:\n  x: b: c\n", "2 (x: b: c)", "a colon and a space must be in quotes"),
        ("a:\n  x: [1, 2\n  y: 3\n", "2 (x: [1, 2)", "not closed: ] is missing"),
        ("a: 1\rb: [1\rc: 2\r", "2 (b: [1)", "not closed: ] is missing"),
        ("a: {x: 1\nb: {y: 2}\n", "1 (a: {x: 1)", "not closed: } is missing"),
        ("a: [1,\n", "1 (a: [1,)", "a bracket is not closed, or a value is missing"),
        ("a: 'b\nc: 1\n", "1 (a: 'b)", "a quote is not closed"),
        ("a: 'b'c\n", "1 (a: 'b'c)", "a text continues after its closing quote"),
        ("a:\n  x: 1\n  y\n", "3 (y)", "a name needs a colon after it"),
        ("a:\n  x:\n  -1\n  - 2\n", "3 (-1)", "an item of a list needs `- ` before it"),
        ("a: *\n", "1 (a: *)", SIGN),
        ("a: *b\n", "1 (a: *b)", SIGN),
        ("a: %5\n", "1 (a: %5)", SIGN),
        ('a: "C:\\data"\n', '1 (a: "C:\\data")', "use single quotes"),
        ("a: 1\n---\nb: 2\n", "2 (---)", "remove the ---"),
    ],
)
def test_a_mistake_is_named_with_its_line(refused, text, line, reason):
    message = refused(text)
    assert message.startswith(f"grid.yaml, line {line}: ")
    assert reason in message
    assert "\n" not in message


def test_a_file_in_another_encoding_is_named(tmp_path):
    path = tmp_path / "grid.yaml"
    path.write_bytes("b: 1\r\na: Zoë".encode("latin-1"))
    with pytest.raises(ValueError, match="grid.yaml, line 2: save the file as UTF-8"):
        read_yaml(path, path.name)
