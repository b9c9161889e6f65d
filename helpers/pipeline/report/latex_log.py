"""Find in LaTeX's log what is wrong with a document, and where, in one line."""

import re

from helpers.pipeline.errors import did_you_mean

TOLERANCE = 1  # points, too few to be seen
WIDE = re.compile(
    r"^Overfull \\hbox \((\S+)pt too wide\) .*?at lines? (\d+)(?:--(\d+))?.*\n(.*)",
    re.M,
)
HIGH = re.compile(r"^Overfull \\vbox \((\S+)pt too high\)", re.M)
LABEL = re.compile(r"\\label\{(?!from:)(.+?)\}")
LARGE = re.compile(r"Float too large for page by (\S+)pt on input line (\d+)")


def first_problem(log, *, failed, source=""):
    """Return the first error or warning in a LaTeX log that matters, or nothing.

    LaTeX must not have wrapped the lines. The document (`source`) helps to name what is
    too large, or to suggest which label may have been meant.
    """
    character = re.search(r"Unicode character (\S+) \(U\+\w+\)", log)
    if character:
        return f"no font has the character {character[1]}"
    warning = re.search(
        r"Warning: ((?:Reference|Label) .*(?:undefined|multiply).*)", log
    )
    error = re.search(r"^! (.*)", log, re.MULTILINE)
    if error:
        # LaTeX shows what it read up to the mistake, or an unclosed argument.
        where = re.search(r"^Runaway \w+\?\n(.{1,60})", log, re.MULTILINE)
        where = where or re.search(r"^l\.\d+ .*?(.{1,60})$", log, re.MULTILINE)
        return f"{error[1]} At: {where[1].strip()}" if where else error[1]
    if warning:
        message = warning[1].partition(" on input line")[0]
        name = message.split("'")[0].partition("`")[2]
        hint = did_you_mean(name, LABEL.findall(source))
        return message + hint * ("undefined" in message)
    if failed:
        return "it failed, and its log does not say why: is the disk full?"
    return too_large(log, source.splitlines())


def too_large(log, source):
    """Return what is too wide or too high for a page, and where, or nothing."""
    for match in WIDE.finditer(log):
        points, first, last, boxes = match.groups()
        if float(points) > TOLERANCE:
            first = int(first)
            where = _words(boxes) or _label(source, first - 5, int(last or first) + 5)
            where = where or f"line {first} of the document"
            return f"{where} is {_inches(points)} too wide for the page"
    for match in LARGE.finditer(log):
        points, line = float(match[1]), int(match[2])
        if points > TOLERANCE:
            where = _label(source, line - 40, line) or f"line {line} of the document"
            return f"{where} is {_inches(points)} too high for a page: make it smaller"
    for match in HIGH.finditer(log):
        if float(match[1]) > TOLERANCE:
            page = len(re.findall(r"\[\d+", log[: match.start()])) + 1
            return f"page {page} is {_inches(match[1])} too high"
    return ""


def _inches(points):
    """Return a length in inches, the unit of matplotlib's figures."""
    return f"{float(points) / 72.27:.2g} in"


def _words(boxes):
    """Quote the end of the text in boxes, which the log shows; empty without words."""
    text = re.sub(r"\\[A-Z]\w*/\S*|\[\]|\$.*?\$|[|^]|\\[A-Za-z]+", " ", boxes)
    text = " ".join(text.replace("-", "").split())
    return f"the text that ends with {text[-50:]!r}" if re.search(r"\w", text) else ""


def _label(source, first, last):
    """Return the last label in these lines of a document, or nothing."""
    labels = LABEL.findall("\n".join(source[max(0, first) : last]))
    return labels[-1] if labels else ""
