"""Read the datasheet of a data file: the YAML file beside it, which describes it.

``data/mine.yaml`` may describe ``data/mine.csv`` by::

    separator: semicolon  # or tab, comma, bar, blank, or the character itself
    decimal: ","          # then points may separate thousands
    encoding: cp1250      # any that Python knows
    missing: -999         # stands for a missing value, besides the usual texts
    columns:              # without a header: the names of all columns, in order
      area: {unit: m², meaning: living area}
      price: {missing: [0, unknown]}

Each line is optional, and so is the datasheet.
"""

import codecs
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from helpers import ROOT
from helpers.reading.content import composed
from helpers.reading.yamlfile import read_yaml

PACKED = (".gz", ".bz2", ".xz", ".zip")
SEPARATORS = {"tab": "\t", "semicolon": ";", "bar": "|", "comma": ",", "blank": " "}
SETTINGS = ("separator", "decimal", "encoding", "columns", "missing")
FACTS = ("unit", "meaning", "missing")  # of a column


class Format(NamedTuple):
    """How to read a data file, according to its datasheet."""

    sheet: str  # the path of the datasheet, which need not exist
    separator: str | None  # None if not stated, as below
    decimal: str | None
    encoding: str | None
    names: list[str]  # of the columns; empty if not stated
    # What stands for a missing value, by column; under None, in any column.
    missing: dict[str | None, list]


def load_datasheet(path):
    """Read the datasheet of a data file; empty if there is none.

    It states the file's origin, licence and checksum, the unit and meaning of each
    column, and how to read it. A relative path starts at the project's folder.
    ValueError if the datasheet is not a mapping in YAML.
    """
    sheet = datasheet_path(path)
    try:
        content = read_yaml(ROOT / sheet, sheet)
    except FileNotFoundError:
        for misnamed in (f"{path}.yaml", str(Path(sheet).with_suffix(".yml"))):
            if (ROOT / misnamed).exists():
                raise ValueError(f"{misnamed} is not read: name it {sheet}") from None
        return {}
    if not isinstance(content, dict):
        raise ValueError(f"{sheet} must have lines such as `separator: semicolon`")
    return content


def column_fact(sheet, name, fact):
    """Return the ``unit`` or ``meaning`` of a column; empty if it is not stated.

    `sheet` is what `load_datasheet` returned.
    """
    columns = sheet.get("columns")
    for column, facts in columns.items() if isinstance(columns, dict) else ():
        if composed(str(column)) == name and isinstance(facts, dict):
            return str(facts.get(fact) or "")
    return ""


def read_format(path):
    """Read from the datasheet of a data file how to read the file.

    ValueError if a setting is not valid.
    """
    content, sheet = load_datasheet(path), datasheet_path(path)
    _refuse_near(content, SETTINGS, sheet)

    def refuse(setting, expected):
        got = content[setting]
        raise ValueError(f"{sheet}: {setting} must be {expected}, got {got!r}")

    separator, decimal, encoding = map(content.get, SETTINGS[:3])
    separator = SEPARATORS.get(str(separator).removesuffix("s"), separator)
    if separator not in (None, *SEPARATORS.values()):
        refuse("separator", f"one of {', '.join(SEPARATORS)}")
    if decimal not in (None, ".", ",") or (decimal and decimal == separator):
        refuse("decimal", "'.' or ',', and not the separator")
    try:
        codecs.lookup(encoding or "UTF-8")
    except (LookupError, TypeError):
        refuse("encoding", "one that Python knows, such as UTF-8, UTF-16 or cp1252")
    if isinstance(content.get("missing"), dict):
        refuse("missing", "a value or a list (that of one column belongs in columns)")
    columns = content.get("columns") or {}
    if not isinstance(columns, dict | list):
        refuse("columns", "a list of names")
    missing = {None: _listed(content.get("missing"))}
    if isinstance(columns, dict):
        for name, facts in columns.items():
            if isinstance(facts, dict):
                _refuse_near(facts, FACTS, sheet)
                missing[composed(str(name))] = _listed(facts.get("missing"))
    names = [composed(str(name)) for name in columns]
    return Format(sheet, separator, decimal, encoding, names, missing)


def _refuse_near(names, settings, sheet):
    """Raise ValueError if a name looks like a misspelt setting."""
    for key in set(map(str, names)) - set(settings):
        for meant in get_close_matches(key.lower(), settings, n=1, cutoff=0.8):
            raise ValueError(f"{sheet}: no setting {key!r}; did you mean {meant!r}?")


def _listed(value):
    """Return a value or a list of values as numbers and texts."""
    values = value if isinstance(value, list) else [value]
    numbers = (int, float)
    return [float(v) if type(v) in numbers else str(v) for v in values if v is not None]


def datasheet_path(path):
    """Return the path of a data file's datasheet, which need not exist."""
    path = Path(path)
    plain = path.with_suffix("") if path.suffix.lower() in PACKED else path
    return str(plain.with_suffix(".yaml"))
