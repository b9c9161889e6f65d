"""Tables as people and programs write them are read in the only way, or refused."""

import codecs
import io
import re
import unicodedata

import numpy as np
import pandas as pd
import pytest

from helpers.data import join_names, load_data, split_names
from helpers.reading.datasheet import column_fact, load_datasheet
from helpers.reading.numerals import decimal_signs, read_numbers
from helpers.reading.table import read_table

# Numbers that need all their decimal digits.
X = np.array([[0.75, 1234.5], [12.25, 3.0], [0.1 + 0.2, 1e6], [-7.5, 2.0]])
MPG = """\
18.0   8   307.0      130.0      3504.      12.0   70  1\t"chevrolet chevelle malibu"
15.0   8   350.0      165.0      3693.      11.5   70  1\t"buick skylark 320"
25.0   4   98.00      ?          2046.      19.0   71  1\t"ford pinto"
16.0   8   304.0      150.0      3433.      12.0   70  1\t"amc rebel sst"
"""


@pytest.fixture
def table(tmp_path):
    """Return a function that writes a table, and perhaps its datasheet."""

    def write(content, sheet="", name="mine.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        if sheet:
            (tmp_path / "mine.yaml").write_text(sheet)
        return path

    return write


def refused(path, target="y", features="all"):
    """Return the one-line message with which a table is refused."""
    with pytest.raises(ValueError, match=".") as caught:
        load_data(path, target, features)
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix(f"{path}: ")


def test_the_file_of_uci_is_read_with_its_blanks_tabs_and_no_header(table):
    data = load_data(table(MPG), "column 1", "column 5, column 4")
    assert data.y.tolist() == [18, 15, 16]
    assert data.X.tolist() == [[3504, 130], [3693, 165], [3433, 150]]
    assert data.notes == (
        "read as UTF-8, separated by blanks, with a decimal point and no header: its "
        "columns are column 1 to column 9",
        "1 of 4 rows left out, as values are missing: column 4 in 1",
    )
    data = load_data(table(MPG * 3), "column 1")
    assert data.features == [f"column {n}" for n in range(2, 8)]
    left_out = "columns left out: column 8 (it is constant), column 9 (text)"
    assert data.notes[1] == left_out
    named = "columns: [mpg, cyl, disp, power, weight, acc, year, origin, name]\n"
    data = load_data(table(MPG, named), "mpg", "weight, power")
    assert data.X.tolist() == [[3504, 130], [3693, 165], [3433, 150]]
    assert "a decimal point and the names of" in data.notes[0]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", " "])
@pytest.mark.parametrize("decimal", [".", ","])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_what_pandas_writes_is_read_in_every_form(
    table, separator, decimal, encoding, end
):
    frame = pd.DataFrame(X, columns=["größe", "y"])
    file = io.StringIO(newline="")
    frame.to_csv(file, sep=separator, decimal=decimal, index=False, lineterminator=end)
    data = load_data(table(file.getvalue().encode(encoding)), "y")
    np.testing.assert_array_equal(np.column_stack([data.X, data.y]), X)
    assert data.features == ["größe"]
    sign = {".": "point", ",": "comma"}[decimal]
    assert f"with a decimal {sign} and a header" in data.notes[0]


def test_the_encoding_that_was_found_is_said(table):
    text = "y;größe\n1,5;2\n2,5;4\n"
    for encoding, said in [
        ("utf-8", "UTF-8"), ("utf-16", "UTF-16"), ("utf-32", "UTF-32"),
        ("cp1252", "Latin-1 (it is not UTF-8)"),
    ]:  # fmt: skip
        data = load_data(table(text.encode(encoding)), "y")
        assert data.features == ["größe"]
        assert data.notes[0].startswith(f"read as {said}, separated by semicolons, ")
    content = text.replace("ß", "ř").encode("cp1250")
    assert load_data(table(content, "encoding: cp1250"), "y").features == ["gröře"]


def test_what_is_no_text_is_refused(table):
    big = codecs.BOM_UTF16_LE + b"y,a\n1,2"
    for content in (b"PK\3\4\0\0", b"y,a\n\0\0\1", "y,a\n1,2\n".encode("utf-16-le")):
        assert refused(table(content)).startswith("not a text file; save it as CSV")
    assert refused(table(big)).startswith("not a text in UTF-16")
    path = table("y,a\n1,ä\n".encode("latin-1"), "encoding: utf-8")
    assert refused(path) == "not a text in utf-8"
    assert refused(path.parent) == "not a file"
    assert refused("/dev/zero") == "not a file"
    assert "cannot be read: " in refused(table(b"no zip", name="mine.csv.gz"))


@pytest.mark.parametrize(
    ("text", "values"),
    [
        # Thousands, which another number proves, as it can be read in only one way.
        ('y,a\n"3,504",1.5\n"12,345,678",2\n7,3\n', [3504, 12345678, 7]),
        ("y;a\n3.504;0,5\n12.345.678,5;2\n7;3\n", [3504, 12345678.5, 7]),
        ("y\ta\n3 504\t1\n12\u202f345\t2\n7'000\t3\n", [3504, 12345, 7000]),
        ("y;a\n3.504,25;1\n-0,5;2\n−1,5e3;4\n", [3504.25, -0.5, -1500]),
        ("y,a\n–1.5,1\n‐2,3\n—,5\n–,6\n−3,8\n", [-1.5, -2, -3]),
        ("y,a\n1e-3,1\n+2.50,3\n.5,7\n", [0.001, 2.5, 0.5]),
        ("y,a\nTRUE,1\nFALSE,5\nTRUE,2\n", [1, 0, 1]),
        ("sep=;\ny;a\n1;2\n3;5\n", [1, 3]),
        ('y, "a\nb"\n1, 2\n\n3, 5\n', [1, 3]),
        ("y;a;text\n0,5;1;Smith, John\n1,5;3;Doe, Jane\n", [0.5, 1.5]),
    ],
)
def test_numbers_are_read_as_they_are_meant(table, text, values):
    path = table(text)
    (feature,) = [n for n in read_table(path).names if n not in ("y", "text")]
    assert load_data(path, "y", f'"{feature}"').y.tolist() == values


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('y,a\n"3,504",1\n2,3\n', "'3,504' (line 2, column 'y') may be thousands"),
        ("y;a\n3.504;1\n2;3\n", "'3.504' (line 2, column 'y') may be thousands"),
        ("y;a\n0,5;1\n2;3.5\n", "'3.5' (line 3, column 'a') has a decimal po"),
        ("1 234,5 678\n9 111,2 345\n", "its fields may be separated by commas or bl"),
        ("0,1,2\n1,2,4\n4,5,6\n", "0, 1, 2 in line 1 may be names or numbers; write"),
        (",1990,1991\nFrance,58,59\n", ", 1990, 1991 in line 1 may be names or num"),
        ("y,a\n1,2\n3,4,5\n", "not a CSV file: line 3 has 3 fields separated by co"),
        ("y,a\n1,2\n3\n", "not a CSV file: line 3 has 1 field separated by co"),
        ('y,a\n1,"2\n3,4\n', "line 2: unexpected end of data"),
        ("y\n1\n2\n", "not a CSV file: line 1 has one field, 'y'"),
        ("y,a\n1,130 hp\n2,5\n3,7\n", ", line 2, column 'a': '130 hp' is not a finite"),
        ("y,a\n1,1_000\n2,5\n3,7\n", ", line 2, column 'a': '1_000' is not a finite"),
        ("y,a\n1,1e999\n2,5\n3,7\n", ", line 2, column 'a': '1e999' is not a finite"),
        ("y;a\n0,5;1.5.2\n2;3\n3;4\n", ", line 2, column 'a': '1.5.2' is not a finite"),
        ("y,a,a\n1,2,3\n2,5,6\n3,9,8\n", "columns 2 and 3 have the same name 'a': re"),
        ("y,n\n5,1\n6,2\n8,3\n", "for features: all; columns left out: n (it numbers"),
    ],
)  # fmt: skip
def test_what_can_be_read_in_two_ways_or_none_is_refused(table, text, message):
    assert message in refused(table(text))


def test_the_datasheet_says_what_the_file_leaves_open(table):
    thousands = 'y,a\n"3,504",1\n"2,100",3\n'
    assert load_data(table(thousands, "decimal: '.'"), "y", "a").y.tolist() == [
        3504,
        2100,
    ]
    fraction = load_data(table(thousands, "decimal: ','"), "y", "a")
    assert fraction.y.tolist() == [3.504, 2.1]
    blanks = "1 234,5 678\n9 111,2 345\n"
    data = load_data(table(blanks, "separator: comma\ncolumns: [y, a]"), "y", "a")
    assert data.X.tolist() == [[5678], [2345]]
    years = "country,1990,1991\nFrance,58.2,58.5\nSpain,39.1,39\nItaly,56,57\n"
    path = table(years, "columns: {country: , '1990': , '1991': }")
    assert load_data(path, "1991", "1990").X[:, 0].tolist() == [58.2, 39.1, 56]


@pytest.mark.parametrize(
    ("field", "right"),
    [
        ("130 HP", "write 130, without the unit or currency sign"),
        ("2,5 EUR", "write 2,5, without the unit or currency sign"),
        ("−5€", "write −5, without the unit or currency sign"),
        ("$-5", "write -5, without the unit or currency sign"),
        ("7 bar", "leave the field empty if the value is not known"),
        ("3k", "leave the field empty if the value is not known"),
        ("3 M", "leave the field empty if the value is not known"),
        ("1O", "leave the field empty if the value is not known"),
        ("(5)", "leave the field empty if the value is not known"),
        ("5-", "leave the field empty if the value is not known"),
        ("1/2", "leave the field empty if the value is not known"),
        ("#red", "leave the field empty if the value is not known"),
        ("#DIV/0!", "a spreadsheet could not compute it: leave the field empty"),
        ("#REF!", "a spreadsheet could not compute it: leave the field empty"),
        ("#VALUE!", "a spreadsheet could not compute it: leave the field empty"),
        ("#NAME?", "a spreadsheet could not compute it: leave the field empty"),
        ("#num!", "a spreadsheet could not compute it: leave the field empty"),
        ("#NULL!", "a spreadsheet could not compute it: leave the field empty"),
        ("#WERT!", "a spreadsheet could not compute it: leave the field empty"),
        ("Err:502", "a spreadsheet could not compute it: leave the field empty"),
    ],
)
def test_what_is_advised_for_a_field_keeps_its_value(table, field, right):
    path = table(f"y;a\n1;2\n2;{field}\n3;4\n")
    said = f"{path}, line 3, column 'a': {field!r} is not a finite number; {right}"
    assert refused(path, features="a") == said
    most = table(f"y;a\n1;{field}\n2;{field}\n3;4\n")
    text = "column 'a' is text" in refused(most, features="a")
    assert text == right.endswith("not known")


def test_what_spreadsheets_export_beside_the_data_is_no_data(table):
    rows = "".join(f"{k};{k * k % 11};{k % 5},5\n" for k in range(1, 12))
    data = load_data(table('n;y;"a\n(m)"\n' + rows + ";;\n;;\n;\n"), "y")
    assert data.features == ["a (m)"]
    assert (len(data.y), data.n_dropped) == (11, 0)
    spaced = rows.replace("3;", "\n;;\n3;", 1) + ";;\n"
    data = load_data(table("\ny;a;b\n\n" + spaced), "y")
    assert data.notes[0].endswith(" and a header; lines without values left out: 3")
    assert (len(data.y), data.n_dropped) == (11, 0)
    titled = table("Houses, sold\nin 2024\ny;a;b\n" + rows.replace(";", ",5;"))
    assert "line 3 is the first with semicolons: remove" in refused(titled)
    ragged = table("y;a\n" + "".join(f"{k};{k % 5},5;\n" for k in range(9)))
    assert "line 2 has 3 fields separated by semicolons, line 1 ha" in refused(ragged)


def test_a_row_of_units_and_a_word_for_what_is_missing_are_recognised(table):
    empty = "leave the field empty if the value is not known"
    units = table("y;a\n€;m²\n1,5;2\n2,5;3\n4;5\n")
    assert refused(units).endswith(
        f"'€' is not a finite number; {empty}, or remove the line if it contains units"
    )
    path = table("y,a\n1,2\n2,k.A.\n3,k.A.\n4,5\n5,9\n")
    said = refused(path, features="a")
    sheet = path.with_suffix(".yaml")
    assert said.endswith(f"; {empty}, or write `missing: 'k.A.'` into {sheet}")
    sheet.write_text("missing: 'k.A.'")
    assert load_data(path, "y").y.tolist() == [1, 4, 5]
    twice = table("y,a\n1,130 hp\n2,130 hp\n3,7\n4,5\n")
    assert "missing" not in refused(twice, features="a")


def test_a_name_is_found_however_its_accents_are_written(table):
    rows = "".join(f"{k * k % 11},{k}.5,{k % 5}\n" for k in range(11))
    for form, other in (("NFC", "NFD"), ("NFD", "NFC")):
        text = unicodedata.normalize(form, f"größe,länge,höhe\n{rows}")
        names = unicodedata.normalize(other, "größe länge").split()
        sheet = unicodedata.normalize(other, "columns: {größe: {unit: m, missing: 3}}")
        path = table(text, sheet)
        data = load_data(path, *names)
        assert data[2:5] == (["länge"], "größe", 2)
        assert column_fact(load_datasheet(path), data.target, "unit") == "m"


def test_what_nobody_sees_is_in_no_name_and_no_number(table):
    text = "\ufeffy\u200b,a\xa0(m²),bc\n1,2\u200b.5,3\n2,7,\ufeff5\n3,6,5\n"
    data = load_data(table(text), "y", "a (m²), bc")
    assert data.X.tolist() == [[2.5, 3], [7, 5], [6, 5]]


def test_a_column_left_out_for_its_signs_shows_one(table):
    text = "y,a,b,c\n1,7,$5,red\n2,2,NA,red\n3,9,$8,red\n"
    left_out = "columns left out: b (text, such as '$5'), c (text)"
    assert load_data(table(text), "y").notes[1] == left_out


@pytest.mark.parametrize("name", ["mine.yml", "mine.csv.yaml"])
def test_a_datasheet_with_another_name_is_not_passed_over(table, name):
    path = table("y,a\n1,2\n2,5\n3,7\n")
    path.with_name(name).write_text("missing: 5")
    right = path.with_name("mine.yaml")
    with pytest.raises(ValueError, match=f"{name} is not read: name it {right}$"):
        load_data(path, "y")
    path.with_name(name).rename(right)
    assert load_data(path, "y").n_dropped == 1


def test_the_unit_of_the_datasheet_is_known(table):
    path = table("y,a\n1,2\n2,3 bar\n3,4\n", "columns: {a: {unit: bar}}")
    assert "; write 3, without the unit or currency sign" in refused(path, features="a")


@pytest.mark.parametrize(
    ("above", "line", "sign"),
    [
        ("# exported by tool\n# 2024\n", 1, "#"),
        ("# exported by tool\n", 1, "#"),
        ("\n# one, two\n\n# three, four\n", 2, "#"),
        ("% made by hand\n", 1, "%"),
        ("// a\n// b\n", 1, "//"),
    ],
)
def test_comments_above_the_header_are_named(table, above, line, sign):
    assert refused(table(f"{above}x,y\n1,2\n3,5\n4,1\n")) == (
        f"line {line} begins with {sign}: remove the lines above the header, or that "
        "sign if it is the header"
    )


def test_a_title_above_the_header_is_named(table):
    for separator, word in {",": "commas", ";": "semicolons", "\t": "tabs"}.items():
        text = "x,y\n1,2\n3,5\n4,1\n".replace(",", separator)
        for title, line in (
            ("Exported by a tool\n", 2),
            ("My own data\n\nOf 2024\n", 4),
        ):
            said = f"line {line} is the first with {word}: remove the lines above the "
            assert refused(table(title + text)) == f"{said}header"
    assert "line 3 has 1 field" in refused(table("y,a\n1,2\n3\n"))


def test_a_header_may_begin_with_a_sign_of_comments(table):
    for header in ("#", "# x", "% x"):
        data = load_data(table(f"{header},y\n1.5,2\n3,5\n4,1\n"), "y")
        assert data.features == [header]
    ranks = table("#rank,y,a\n#1,2,4\n#2,4,9\n#3,1,7\n")
    assert load_data(ranks, "y").features == ["a"]


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("nothere.csv", ""),
        ("a.csv", ""),
        ("Three.csv", "; did you mean {}?"),
        ("thre.csv", "; did you mean {}?"),
        ("three.txt", "; did you mean {}?"),
    ],
)
def test_only_a_file_with_a_near_name_is_suggested(table, given, hint):
    path = table("y,a\n1,2\n", name="three.csv")
    said = f"there is no such file{hint.format(path)}"
    assert refused(path.with_name(given)) == said


@pytest.mark.parametrize(
    ("sheet", "message"),
    [
        ("separator: x", "separator must be one of tab, semicolon, bar, comma, blank"),
        ("decimal: ';'", "decimal must be '.' or ',', and not the separator, got ';'"),
        ("encoding: utf-9", "encoding must be one that Python knows, such as UTF-8, "),
        ("columns: y", "columns must be a list of names, got 'y'"),
        ("columns: [y, b]", "names a column 'b', but the columns are y, a"),
        ("seperator: ';'", "no setting 'seperator'; did you mean 'separator'?"),
        ("columns: {a: {units: m}}", "no setting 'units'; did you mean 'unit'?"),
        ("columns: {a: {Unit: m}}", "no setting 'Unit'; did you mean 'unit'?"),
        ("columns: {a: {mising: 9}}", "no setting 'mising'; did you mean 'missing'?"),
        ("missing: {a: 9}", "missing must be a value or a list (that of one column"),
        ("separator: [", "mine.yaml, line 1 (separator: [): a bracket is not closed, "),
        ("[" * 1000, "mine.yaml nests too deeply"),
        ("just text", "must have lines such as `separator: semicolon`"),
        ("encoding: base64", "not a text in base64"),
    ],
)  # fmt: skip
def test_a_datasheet_that_is_not_valid_is_named(table, sheet, message):
    assert message in refused(table("y,a\n1,2\n2,5\n", sheet))


def test_columns_without_header_must_all_be_named(table):
    path = table("1.5,2,7\n2.5,5,8\n", "columns: [y, a]")
    assert refused(path) == (
        f"it has no header and 3 columns, but {path.with_suffix('.yaml')} names 2"
    )


def test_the_datasheet_of_a_compressed_file_is_that_of_the_file(table):
    import gzip

    path = table(gzip.compress(b"1.5,2\n2.5,5\n"), "columns: [y, a]", "mine.csv.gz")
    assert load_data(path, "y", "a").y.tolist() == [1.5, 2.5]
    assert load_datasheet(path) == {"columns": ["y", "a"]}
    assert load_datasheet(path.with_name("other.csv")) == {}


def test_missing_values_are_those_of_pandas_r_and_spreadsheets(table):
    for written in (
        "",
        "NA",
        "n/a",
        "#N/A",
        "<NA>",
        "nan",
        "NaN",
        "NULL",
        "None",
        "-",
        "?",
    ):
        data = load_data(table(f"y,a,b\n1,{written},x\n2,3,x\n5,4,x\n"), "y", "a")
        assert (data.n_dropped, data.y.tolist()) == (1, [2, 5]), written
        assert data.notes[-1] == "1 of 3 rows left out, as values are missing: a in 1"


def test_a_sentinel_is_not_guessed_but_named_by_the_datasheet(table):
    text = "y,a,b\n1,-999,2\n2,3,-999.0\n5,4,unknown\n9,1,7\n9,0,0\n"
    assert "'unknown' is not a finite number" in refused(table(text), "y", "a, b")
    assert load_data(table(text), "y", "a").X[0, 0] == -999
    sheet = "columns: {b: {missing: [-999, unknown]}}"
    data = load_data(table(text, sheet), "y", "a, b")
    assert data.X.tolist() == [[-999, 2], [1, 7], [0, 0]]
    data = load_data(table(text, sheet + "\nmissing: [-999, 0]"), "y", "a")
    assert data.y.tolist() == [2, 5, 9]


def test_an_index_and_a_repeated_column_are_never_features(table, rng):
    frame = pd.DataFrame(rng.normal(size=(9, 3)), columns=["y", "a", "b"])
    frame["again"] = frame["a"]
    frame["target"] = frame["y"]
    frame["n"] = np.arange(1, 10)
    frame["id"] = np.arange(9) ** 2
    frame["empty"] = None
    frame["colour"] = "red"
    frame["A"] = frame["a"]
    file = io.StringIO()
    frame.to_csv(file)
    data = load_data(table(file.getvalue().replace(",A\n", ",a\n")), "y")
    assert data.features == ["a", "b"]
    np.testing.assert_array_equal(data.X, frame[["a", "b"]])
    assert data.notes[1] == (
        "columns left out: column 1 (it has no name), again (it repeats a), "
        "target (it repeats y), n (it numbers the rows), id (it numbers the rows), "
        "empty (it is empty), colour (text), column 11 (it repeats a)"
    )
    assert load_data(table(file.getvalue()), "y", "n, again").X[:, 0].tolist() == [
        *range(1, 10)
    ]


@pytest.mark.parametrize(
    ("name", "numbers", "left_out"),
    [
        ("n", [3, 1, 4, 2, 0], True),
        ("n", [5, 4, 3, 2, 1], True),
        ("n", [3, 1, 4, 2, 2], False),
        ("n", [7, 1, 4, 2, 0], False),
        ("n", [0.5, 1, 4, 2, 3], False),
        ("customer_id", [1007, 1001, 1004, 1002, 1000], True),
        ("PassengerId", [9, 5, 3, 2, 1], True),
        ("store id", [9, 5, 5, 2, 1], False),
        ("acid", [9, 5, 3, 2, 1], False),
    ],
)
def test_what_numbers_the_rows_does_so_in_any_order(table, name, numbers, left_out):
    rows = "".join(f"{k % 3},{n},{k * k % 7}.5\n" for k, n in enumerate(numbers))
    data = load_data(table(f"y,{name},a\n{rows}"), "y")
    assert data.features == (["a"] if left_out else [name, "a"])
    assert (f"{name} (it numbers the rows)" in data.notes[-1]) == left_out


def test_what_says_nothing_is_left_out_and_costs_no_row(table):
    path = table("y,a,b,c\n1,7,5,0.1234567890123456789\n2,3,,0.1234567890123456780\n")
    data = load_data(path, "y")
    constant = "b (it is constant), c (it is constant to 16 digits)"
    assert data.notes[1:] == (f"columns left out: {constant}",)
    assert data.y.tolist() == [1, 2]


def test_a_number_that_is_not_what_the_file_has_is_told(table):
    large = [2**63 - 1, 2**53, 2**53 + 1, 7]
    rows = [(k, n, word) for k, (n, word) in enumerate(zip(large, "TFTT", strict=True))]
    words = {"T": "TRUE", "F": "false"}
    text = "".join(f"{3 * k % 5},{n},{words[w]},{2**53 + 2 * k}\n" for k, n, w in rows)
    data = load_data(table("y,a,b,c\n" + text), "y", "a, b, c")
    assert data.X[:, 1].tolist() == [1, 0, 1, 1]
    assert data.notes[1:] == (
        "TRUE read as 1, FALSE as 0: b",
        "rounded to 16 digits: a",
    )


def test_a_column_of_texts_and_numbers_shows_a_text(table):
    text = "y,a,b\n" + "".join(f"{k},{k * k % 7},{k - 3}\n" for k in range(7))
    text = re.sub(r",-(\d)\n", r",(\1)\n", text).replace(",3\n", ",low\n")
    left_out = "columns left out: b (text in 4 of 7 rows, such as '(3)')"
    assert load_data(table(text), "y").notes[1] == left_out


def test_the_row_names_of_r_are_no_feature(table):
    text = '"","y","a","kind"\n"1",2.5,1,"x"\n"2",3.5,NA,"y"\n"4",1,7,NA\n"7",2,1,"x"\n'
    data = load_data(table(text), "y")
    assert data.features == ["a"]
    assert data.X.tolist() == [[1], [7], [1]]
    assert data.notes[1:] == (
        "columns left out: column 1 (it has no name), kind (text)",
        "1 of 4 rows left out, as values are missing: a in 1",
    )


def test_names_with_commas_are_quoted(table):
    names = ["price, net", 'the "best"', "plain"]
    assert split_names(join_names(names)) == names
    assert split_names(" a , b,c ") == ["a", "b", "c"]
    data = load_data(table('y,"price, net"\n1,2\n2,5\n'), "y", '"price, net"')
    assert data.features == ["price, net"]
    assert refused(table("y,a\n1,2\n2,5\n"), "y", '"a').startswith("features must be")


def test_every_number_is_read_to_its_last_bit(rng):
    values = rng.normal(size=1000) * 10.0 ** rng.integers(-300, 300, size=1000)
    for decimal in ".,":
        fields = [repr(value).replace(".", decimal) for value in values.tolist()]
        read, wrong = read_numbers([*fields, "x"], decimal)
        assert read[:-1].tobytes() == values.tobytes()
        assert wrong.tolist() == [False] * 1000 + [True]


@pytest.mark.parametrize(
    ("text", "signs"),
    [
        ("1,234", ".,"), ("1.234", ".,"), ("0,75", ","), ("0,123", ","), ("0.75", "."),
        ("1,234,567", "."), ("1.234.567", ","), ("1234,567", ","), ("1,234.5", "."),
        ("1.234,5", ","), ("1 234,5", ","), ("1,23,456", ""), ("12.05.2020", ""),
        ("1,234 567", ""), ("12 34", ""), ("5", ".,"), ("3504.", "."), ("0x10", ""),
    ],
)  # fmt: skip
def test_a_number_shows_which_decimal_sign_it_has(text, signs):
    assert decimal_signs(text) == signs


def test_a_column_named_all_is_in_quotes(table):
    path = table("all,b,y\n" + "".join(f"{i},{i % 3},{i * i}\n" for i in range(20)))
    only = load_data(path, "y", join_names(["all"]))
    assert only.features == ["all"]
    assert load_data(path, "y", "all").features == ["b"]
