"""Read the text of a file, whatever its compression and encoding."""

import bz2
import gzip
import lzma
import re
import unicodedata
import zipfile
import zlib
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, BOM_UTF32_BE, BOM_UTF32_LE
from difflib import get_close_matches
from pathlib import Path

from helpers import ROOT

MARKS = {BOM_UTF8: "UTF-8", BOM_UTF32_LE: "UTF-32", BOM_UTF32_BE: "UTF-32"}
MARKS |= {
    BOM_UTF16_LE: "UTF-16",
    BOM_UTF16_BE: "UTF-16",
}  # last: UTF-32's begins with it
SPREADSHEETS = (".xlsx", ".xls", ".ods")
OPEN = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
BROKEN = (OSError, EOFError, lzma.LZMAError, zlib.error, zipfile.BadZipFile)
NEAR = 0.75  # similarity from which on another file's name is suggested
INVISIBLE = "\N{ZERO WIDTH SPACE}\N{ZERO WIDTH NO-BREAK SPACE}"
NOT_TEXT = re.compile("[\0-\b\x0e-\x1f]")


def read_content(path):
    """Return the uncompressed bytes of a file; ValueError if it cannot be read."""
    file = ROOT / path
    try:
        if file.exists() and not file.is_file():
            raise ValueError("not a file")
        if file.suffix.lower() in SPREADSHEETS and file.exists():
            raise ValueError("it is a spreadsheet; save it as CSV")
        if file.suffix.lower() == ".zip":
            with zipfile.ZipFile(file) as archive:
                if len(archive.namelist()) != 1:
                    raise ValueError("it must contain exactly one file")
                return archive.read(archive.namelist()[0])
        with OPEN.get(file.suffix.lower(), open)(file, "rb") as stream:
            return stream.read()
    except FileNotFoundError:
        siblings = (each for each in file.parent.glob("*") if each.suffix != ".yaml")
        stems = {sibling.stem.lower(): sibling.name for sibling in siblings}
        near = get_close_matches(file.stem.lower(), stems, n=1, cutoff=NEAR)
        candidates = [Path("data", path)]
        candidates += [Path(path).with_name(stems[stem]) for stem in near]
        files = [candidate for candidate in candidates if (ROOT / candidate).is_file()]
        hint = f"; did you mean {files[0]}?" if files else ""
        raise ValueError(f"there is no such file{hint}") from None
    except BROKEN as error:
        reason = getattr(error, "strerror", None) or error
        raise ValueError(f"cannot be read: {reason}") from None


def decoded(content, declared):
    r"""Return the text, with ``\n`` at the end of lines, and its encoding."""
    marked = next((MARKS[mark] for mark in MARKS if content.startswith(mark)), None)
    encoding = declared.encoding or marked or "UTF-8"
    try:
        text = content.decode(encoding)
    except (UnicodeError, LookupError):  # some codecs of Python are not for text
        if declared.encoding or marked:
            raise ValueError(f"not a text in {encoding}") from None
        encoding = "Latin-1 (it is not UTF-8)"
        # Windows' version of Latin-1; an undefined byte becomes a control character.
        text = content.decode("cp1252", "replace").replace("\ufffd", "\0")
    if NOT_TEXT.search(text):
        raise ValueError(
            "not a text file; save it as CSV, or write its `encoding` into "
            f"{declared.sheet}"
        )
    for invisible in INVISIBLE:
        text = text.replace(invisible, "")
    return composed(text.replace("\r\n", "\n").replace("\r", "\n")), encoding


def composed(text):
    """Return a text in which a letter and its accent are one character (NFC)."""
    return unicodedata.normalize("NFC", text)
