"""Frames of pandas as tables of texts, in LaTeX and HTML."""

import re
from numbers import Integral, Real

import pandas as pd

from helpers.figures.formatting import BREAK, DOLLAR, math_text

ROOM = 96  # letters of a line of a table
WIDE = 40  # of them at most for a column of texts, which are broken into lines
BROKEN = r">{\ragged%s\arraybackslash}p{%.1fcm}"
COMMAND = re.compile(r"\\[a-z]+|[${}^]")  # in a formula, but no letter
INSIDE = re.compile(r"(?<=\S\S)(?=\S)")  # a word


def texts_of(frame):
    """Return a frame of texts that has all that pandas shows of a frame or series.

    Labels of rows become the first columns, unless they only count the rows and have no
    name; above them is the name of the columns too, as ``pandas.crosstab`` gives one.
    Numbers have at most six digits, as mathematics between dollars; what is missing is
    a dash.
    """
    if isinstance(frame, pd.Series):
        frame = frame.to_frame("" if frame.name is None else frame.name)
    if not isinstance(frame, pd.DataFrame):
        kind = type(frame).__name__
        raise TypeError(f"a table must be a frame or series of pandas, not {kind}")
    above = _joined(tuple(n for n in frame.columns.names if n is not None))
    frame = frame.set_axis([_joined(name) for name in frame.columns], axis=1)
    names = ["" if name is None else str(name) for name in frame.index.names]
    if any(names) or not frame.index.equals(pd.RangeIndex(len(frame))):
        if above:
            names[-1] = f"{names[-1]} \\ {above}" if names[-1] else above
        frame = frame.reset_index(names=names, allow_duplicates=True)
    return frame.astype(object).map(_text)


def layout(texts):
    """Return LaTeX's letters for columns, and how many lines the rows take, about.

    Numbers are on the right. Long texts and names of columns are broken into lines, as
    short as the numbers need them to be.
    """
    columns = [[name, *texts.iloc[:, k]] for k, name in enumerate(texts)]
    numbers = [all(text[:1] in "$–" for text in column[1:]) for column in columns]
    widths = [[len(COMMAND.sub("", text)) for text in column] for column in columns]
    for most in range(WIDE, 7, -1):
        rooms = [max([most, *w[1:] * numbers[k]]) for k, w in enumerate(widths)]
        if sum(map(min, map(max, widths), rooms)) <= ROOM - 2 * len(columns):
            break
    align = ""
    for width, room, n in zip(map(max, widths), rooms, numbers, strict=True):
        broken = BROKEN % ("left" if n else "right", room / 6)
        align += broken if width > room else "r" if n else "l"
    long = [column[1:] for column, n in zip(columns, numbers, strict=True) if not n]
    # Lines that end between words are a third shorter than they may be.
    rows = (max(map(len, row)) for row in zip(*long, strict=True))
    return align, sum(1 if n <= most else 1 + 3 * n // (2 * most) for n in rows)


def to_latex(texts, align, *, long=False):
    """Return texts as a table in LaTeX, with LaTeX's letters for its columns."""
    if "p{" in align:
        texts = texts.map(lambda t: t if "$" in t else INSIDE.sub(BREAK, t))
    style = _styled(texts, "latex-math")
    environment = "longtable" if long else None
    latex = style.to_latex(hrules=True, column_format=align, environment=environment)
    if long:  # no page begins with the last row or two
        latex = re.sub(r"\\\\(?=\n(.*\n){1,2}\\end{longtable})", r"\\\\*", latex)
    latex = re.sub(r"([-<>,`])(?=\1)", r"\1{}", latex)  # which LaTeX would join
    latex = latex.replace(BREAK, r"\penalty9000 ").replace(DOLLAR, r"\$")
    # After the end of a row, LaTeX would take * and [ for what the end is to be like.
    return re.sub(r"^\s*(?=[\[*])", "{}", latex, flags=re.MULTILINE)


def to_html(texts, label):
    """Return texts as a table in HTML; its identifiers begin with the label."""
    return _styled(texts, "html").to_html(table_uuid=label)


def _styled(texts, escape):
    style = texts.style.hide(axis="index").format(escape=escape)
    return style.format_index(axis=1, escape=escape)


def _joined(name):
    """Return the name of a column, which may have several levels."""
    return " ".join(map(str, name)).strip() if isinstance(name, tuple) else str(name)


def _text(value):
    """Return a cell as a text."""
    if isinstance(value, str):
        return value
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return math_text(None)
    if isinstance(value, bool) or not isinstance(value, Real):
        return str(value)
    return math_text(value, "d" if isinstance(value, Integral) else ".6g")
