"""Convert pandas frames to tables of texts, in LaTeX and HTML."""

import re
from numbers import Integral, Real

import pandas as pd

from helpers.figures.formatting import BREAK, DOLLAR, math_text

TABLE_WIDTH = 96  # letters in a line of a table
MAX_COLUMN_WIDTH = 40  # letters in a line of a text column; longer texts are broken
BROKEN = r">{\ragged%s\arraybackslash}p{%.1fcm}"  # LaTeX for a column with line breaks
COMMAND = re.compile(r"\\[a-z]+|[${}^]")  # parts of a formula that print no letter
IN_WORD = re.compile(r"(?<=\S\S)(?=\S)")  # where a word may be broken


def texts_of(frame):
    """Return a frame of texts with everything that pandas shows of a frame or series.

    Row labels become the first columns, unless they have no name and only count the
    rows. Their heading includes the name of the columns, such as ``pandas.crosstab``
    sets. Numbers have up to six digits, as mathematics between dollars; missing values
    become a dash.
    """
    if isinstance(frame, pd.Series):
        frame = frame.to_frame("" if frame.name is None else frame.name)
    if not isinstance(frame, pd.DataFrame):
        kind = type(frame).__name__
        raise TypeError(f"a table must be a pandas DataFrame or Series, not {kind}")
    above = _joined(tuple(n for n in frame.columns.names if n is not None))
    frame = frame.set_axis([_joined(name) for name in frame.columns], axis=1)
    names = ["" if name is None else str(name) for name in frame.index.names]
    if any(names) or not frame.index.equals(pd.RangeIndex(len(frame))):
        if above:
            names[-1] = f"{names[-1]} \\ {above}" if names[-1] else above
        frame = frame.reset_index(names=names, allow_duplicates=True)
    return frame.astype(object).map(_text)


def layout(texts):
    """Return the LaTeX alignment of the columns, and about how many lines rows take.

    Numbers are aligned right. Long texts and column names are broken into lines, which
    are as short as the other columns require.
    """
    columns = [[name, *texts.iloc[:, k]] for k, name in enumerate(texts)]
    numbers = [all(text[:1] in "$–" for text in column[1:]) for column in columns]
    widths = [[len(COMMAND.sub("", text)) for text in column] for column in columns]
    for limit in range(MAX_COLUMN_WIDTH, 7, -1):
        limits = [max([limit, *w[1:] * numbers[k]]) for k, w in enumerate(widths)]
        if sum(map(min, map(max, widths), limits)) <= TABLE_WIDTH - 2 * len(columns):
            break
    align = ""
    for width, most, n in zip(map(max, widths), limits, numbers, strict=True):
        broken = BROKEN % ("left" if n else "right", most / 6)
        align += broken if width > most else "r" if n else "l"
    text_columns = [c[1:] for c, n in zip(columns, numbers, strict=True) if not n]
    # Lines are broken between words, and so a third shorter than the limit.
    lengths = (max(map(len, row)) for row in zip(*text_columns, strict=True))
    return align, sum(1 if n <= limit else 1 + 3 * n // (2 * limit) for n in lengths)


def to_latex(texts, align, *, long=False):
    """Return texts as a LaTeX table with this alignment of its columns."""
    if "p{" in align:
        texts = texts.map(lambda t: t if "$" in t else IN_WORD.sub(BREAK, t))
    style = _styled(texts, "latex-math")
    environment = "longtable" if long else None
    latex = style.to_latex(hrules=True, column_format=align, environment=environment)
    if long:  # no page begins with the last row or two
        latex = re.sub(r"\\\\(?=\n(.*\n){1,2}\\end{longtable})", r"\\\\*", latex)
    latex = re.sub(r"([-<>,`])(?=\1)", r"\1{}", latex)  # LaTeX would join two of these
    latex = latex.replace(BREAK, r"\penalty9000 ").replace(DOLLAR, r"\$")
    # At the start of a row, LaTeX would take * and [ for options of the row before.
    return re.sub(r"^\s*(?=[\[*])", "{}", latex, flags=re.MULTILINE)


def to_html(texts, label):
    """Return texts as an HTML table whose identifiers begin with the label."""
    return _styled(texts, "html").to_html(table_uuid=label)


def _styled(texts, escape):
    style = texts.style.hide(axis="index").format(escape=escape)
    return style.format_index(axis=1, escape=escape)


def _joined(name):
    """Return the name of a column, which may have several levels."""
    return " ".join(map(str, name)).strip() if isinstance(name, tuple) else str(name)


def _text(value):
    """Return the value of a cell as a text."""
    if isinstance(value, str):
        return value
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return math_text(None)
    if isinstance(value, bool) or not isinstance(value, Real):
        return str(value)
    return math_text(value, "d" if isinstance(value, Integral) else ".6g")
