"""The works of a bibliography, and citations by their authors' names.

JupyterLab shows ``[@boyd2004]`` as it is; print has pandoc and BibTeX to name the work.
"""

import re
from functools import cache, partial
from typing import NamedTuple

from helpers.pipeline.report.drawing import beside
from helpers.pipeline.report.markdown import KINDS, markdown_to_html
from helpers.pipeline.report.mathematics import CODE

ENTRY = re.compile(r"^@\w+\{\s*([\w-]+),", re.MULTILINE)
KEY = rf"@(?!(?:{'|'.join(KINDS)}):)([\w-]*\w)"
CITATION = re.compile(
    rf"{CODE.pattern}|\[(?P<group>[^\[\]]*{KEY}[^\[\]]*)\](?!\()|(?<![\w@]){KEY}",
    re.DOTALL,
)
_begun = {}  # by path: what waits until a file has been read


class Works(NamedTuple):
    """The works of a bibliography."""

    names: dict[str, tuple]  # authors and year of each work, by its key
    html: str  # the list of all works


def begin_to_read(path):
    """Have another core read a BibTeX file; `read_works` then waits for it."""
    if path.exists():
        _begun[path] = beside(_read, path)


@cache
def read_works(path):
    """Return the works of a BibTeX file."""
    return _begun.pop(path, partial(_read, path))()


def _read(path):
    """Read a BibTeX file, in one call of pandoc."""
    keys = ENTRY.findall(path.read_text(encoding="utf-8"))
    citations, html = markdown_to_html([f"@{key}" for key in keys], path)
    names = {}
    for key, citation in zip(keys, citations, strict=True):
        text = " ".join(re.sub("<.*?>", "", citation, flags=re.DOTALL).split())
        authors, _, year = text.rpartition(" ")
        names[key] = authors, year.strip("()")
    return Works(names, html)


def cite_by_name(text, path):
    """Write the citations in Markdown as ``(Boyd and Vandenberghe, 2004)``.

    A key that the BibTeX file at `path` does not have stays as it is.
    """

    def named(match):
        keys, names = re.findall(KEY, match[0]), {}
        if keys and not match[0].startswith(("`", "~")):
            names = read_works(path).names
        if not all(key in names for key in keys):
            return match[0]
        if match["group"] is None:
            return re.sub(KEY, lambda m: "{} ({})".format(*names[m[1]]), match[0])
        years = re.sub(f"-{KEY}", lambda m: names[m[1]][1], match["group"])
        return f"({re.sub(KEY, lambda m: ', '.join(names[m[1]]), years)})"

    return CITATION.sub(named, text)
