"""The text of a file, compressed or not, in whatever encoding it is."""

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
MARKS |= {BOM_UTF16_LE: "UTF-16", BOM_UTF16_BE: "UTF-16"}  # a UTF-32 begins like one
SPREADSHEETS = (".xlsx", ".xls", ".ods")
OPEN = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
BROKEN = (OSError, EOFError, lzma.LZMAError, zlib.error, zipfile.BadZipFile)
NEAR = 0.75  # how much alike names of files are, one of which may be meant
INVISIBLE = "\N{ZERO WIDTH SPACE}\N{ZERO WIDTH NO-BREAK SPACE}"
NOT_TEXT = re.compile("[\0-\b\x0e-\x1f]")


def content_of(path):
    """Return the bytes of a file, uncompressed; ValueError if it cannot be read."""
    file = ROOT / path
    try:
        if file.exists() and not file.is_file():
            raise ValueError("not a file")
        if file.suffix.lower() in SPREADSHEETS and file.exists():
            raise ValueError("a spreadsheet; save it as CSV")
        if file.suffix.lower() == ".zip":
            with zipfile.ZipFile(file) as archive:
                if len(archive.namelist()) != 1:
                    raise ValueError("must hold one file")
                return archive.read(archive.namelist()[0])
        with OPEN.get(file.suffix.lower(), open)(file, "rb") as stream:
            return stream.read()
    except FileNotFoundError:
        there = (found for found in file.parent.glob("*") if found.suffix != ".yaml")
        stems = {found.stem.lower(): found.name for found in there}
        near = get_close_matches(file.stem.lower(), stems, n=1, cutoff=NEAR)
        near = [Path(path).with_name(stems[stem]) for stem in near]
        found = [Path("data", path), *near]
        found = [inside for inside in found if (ROOT / inside).is_file()]
        hint = f"; did you mean {found[0]}?" if found else ""
        raise ValueError(f"there is no such file{hint}") from None
    except BROKEN as error:
        reason = getattr(error, "strerror", None) or error
        raise ValueError(f"cannot be read: {reason}") from None


def decoded(content, told):
    """Return a text, with one kind of line end, and its encoding, perhaps as `told`."""
    marked = next((MARKS[mark] for mark in MARKS if content.startswith(mark)), None)
    encoding = told.encoding or marked or "UTF-8"
    try:
        text = content.decode(encoding)
    except (UnicodeError, LookupError):  # some that Python knows are not of texts
        if told.encoding or marked:
            raise ValueError(f"not a text in {encoding}") from None
        encoding = "Latin-1 (it is not UTF-8)"
        # What Windows calls Latin-1; a byte that it does not know becomes a control.
        text = content.decode("cp1252", "replace").replace("\ufffd", "\0")
    if NOT_TEXT.search(text):
        raise ValueError(
            f"not a table in text; save it as CSV, or write its `encoding` into "
            f"{told.sheet}"
        )
    for invisible in INVISIBLE:
        text = text.replace(invisible, "")
    return composed(text.replace("\r\n", "\n").replace("\r", "\n")), encoding


def composed(text):
    """Return a text whose letters and accents are one letter, where there is one."""
    return unicodedata.normalize("NFC", text)
