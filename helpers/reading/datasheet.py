"""The datasheet of a data file: the YAML file beside it, which says how to read it.

``data/mine.yaml`` may say of ``data/mine.csv``::

    separator: semicolon  # or tab, comma, bar, blank, or the sign itself
    decimal: ","          # then points may separate thousands
    encoding: cp1250      # any that Python knows
    missing: -999         # what stands for a missing value, beside what always does
    columns:              # where there is no header: all names in their order
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
    """What a datasheet says of how to read its file."""

    sheet: str  # the datasheet's path, whether or not it is there
    separator: str | None  # None if it does not say, as below
    decimal: str | None
    encoding: str | None
    names: list[str]  # of the columns; empty if it does not say
    # What stands for a missing value, by column; under None, what does in all of them.
    missing: dict[str | None, list]


def load_datasheet(path):
    """Read what is known of a data file; empty if there is no datasheet.

    That is its origin, licence, checksum, the unit and meaning of each column, and how
    to read it. A relative path starts at the project's folder. ValueError if the
    datasheet is no YAML, or no mapping.
    """
    sheet = path_of_sheet(path)
    try:
        known = read_yaml(ROOT / sheet, sheet)
    except FileNotFoundError:
        for other in (f"{path}.yaml", str(Path(sheet).with_suffix(".yml"))):
            if (ROOT / other).exists():
                raise ValueError(f"{other} is not read: name it {sheet}") from None
        return {}
    if not isinstance(known, dict):
        raise ValueError(f"{sheet} must have lines such as `separator: semicolon`")
    return known


def column_fact(sheet, name, fact):
    """Return the ``unit`` or ``meaning`` of a column, or "" where a datasheet has none.

    `sheet` is what `load_datasheet` returned.
    """
    columns = sheet.get("columns")
    for known, facts in columns.items() if isinstance(columns, dict) else ():
        if composed(str(known)) == name and isinstance(facts, dict):
            return str(facts.get(fact) or "")
    return ""


def read_format(path):
    """Read how a data file is to be read, as far as its datasheet says.

    ValueError if a setting is not valid.
    """
    known, sheet = load_datasheet(path), path_of_sheet(path)
    _refuse_near(known, SETTINGS, sheet)

    def refuse(setting, right):
        got = known[setting]
        raise ValueError(f"{sheet}: {setting} must be {right}, got {got!r}")

    separator, decimal, encoding = map(known.get, SETTINGS[:3])
    separator = SEPARATORS.get(str(separator).removesuffix("s"), separator)
    if separator not in (None, *SEPARATORS.values()):
        refuse("separator", f"one of {', '.join(SEPARATORS)}")
    if decimal not in (None, ".", ",") or (decimal and decimal == separator):
        refuse("decimal", "'.' or ',', and not the separator")
    try:
        codecs.lookup(encoding or "UTF-8")
    except (LookupError, TypeError):
        refuse("encoding", "one that Python knows, such as UTF-8, UTF-16 or cp1252")
    if isinstance(known.get("missing"), dict):
        refuse("missing", "a value or a list; that of one column is below columns")
    columns = known.get("columns") or {}
    if not isinstance(columns, dict | list):
        refuse("columns", "a list of names")
    missing = {None: _listed(known.get("missing"))}
    if isinstance(columns, dict):
        for name, told in columns.items():
            if isinstance(told, dict):
                _refuse_near(told, FACTS, sheet)
                missing[composed(str(name))] = _listed(told.get("missing"))
    names = [composed(str(name)) for name in columns]
    return Format(sheet, separator, decimal, encoding, names, missing)


def _refuse_near(known, settings, sheet):
    """Raise ValueError if a name is nearly that of a setting."""
    for key in set(map(str, known)) - set(settings):
        for meant in get_close_matches(key.lower(), settings, n=1, cutoff=0.8):
            raise ValueError(f"{sheet}: no setting {key!r}; did you mean {meant!r}?")


def _listed(value):
    """Return a value or a list of values as numbers and texts."""
    values = value if isinstance(value, list) else [value]
    numbers = (int, float)
    return [float(v) if type(v) in numbers else str(v) for v in values if v is not None]


def path_of_sheet(path):
    """Return the path of a data file's datasheet, whether or not it is there."""
    path = Path(path)
    plain = path.with_suffix("") if path.suffix.lower() in PACKED else path
    return str(plain.with_suffix(".yaml"))
