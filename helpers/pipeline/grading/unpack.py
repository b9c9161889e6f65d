"""Unpack a submission: take the files that count, and trust none of them."""

import contextlib
import os
import re
import stat
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from helpers.pipeline.errors import UserError
from helpers.pipeline.report.paths import is_generated, requested_report
from helpers.reading.content import composed

LARGEST = 200 * 2**20  # bytes of all files that count, unpacked
MOST = 2000  # files
IN_UTF8 = 0x800  # flag of a zip entry: its name is in UTF-8
# The files that count: a report is made from them. All other code is the grader's.
FOLDERS = ("notebooks/", "data/", "helpers/", "report/")
GRID = "experiments.yaml"
GRADERS = ("helpers/pipeline/", "report/template/", "report/page/")
GRADERS += ("report/base/", "report/latex/")  # nbconvert also looks there
# The report that is graded: the assignment, unless REPORT= names another one.
GRADED = requested_report()
NOTEBOOK, PDF = f"notebooks/{GRADED.notebook.name}", f"report/{GRADED.pdf.name}"
REQUIRED = (NOTEBOOK, GRID, PDF)
PAGE = f"report/{GRADED.html.name}"
GENERATED = (f"report/{GRADED.results.name}", PDF, PAGE)
HINT = "hand in the zip that `make submission` writes"
# Files that are handed in by mistake, and cannot be graded.
UNREADABLE = (".ipynb", ".pdf", ".html", ".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2")
UNREADABLE += (".xz", ".zst")
LEFT_OUT = {"__pycache__", ".ipynb_checkpoints", "__MACOSX", ".git", ".venv", "build"}


class Member(NamedTuple):
    """A file of a submission, as its zip or folder describes it."""

    size: int  # in bytes
    regular: bool  # whether it is a file or folder: no link, pipe or device
    read: Callable  # returns the content


def unpack(path, folder):
    """Write the files of a submission that count to a folder, as in a checkout.

    A submission is a zip, a folder, or a folder with one zip among its files. Raise
    UserError if it is damaged, incomplete, too large, or leads out of its folder.
    """
    if not path.is_dir() and not is_zip(path):
        raise UserError(
            f"it is a {path.suffix} file: only a zip or a folder can be graded, with "
            f"the report and all it was made from: {HINT}"
        )
    try:
        with _opened(path) as members:
            counted = select(members)
            grid = counted[GRID].read()
            for name, member in counted.items():
                decomposed = unicodedata.normalize("NFD", name)  # perhaps so in grid
                target = folder / (decomposed if decomposed.encode() in grid else name)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(member.read())
    except UserError:
        raise
    except Exception as error:  # the library raises many kinds on a damaged zip
        raise UserError(f"it cannot be unpacked: {error}") from None


def select(members):
    """Return the files that count, by their paths in a checkout.

    UserError if a file is missing, twice there or a link, or they are too large.
    """
    # A Mac decomposes the letters of names: ü becomes u and its dots.
    members = [(composed(name), it) for name, it in members if name]
    for name, member in members:
        if {"", ".", ".."} & {*name.removesuffix("/").split("/")}:
            raise UserError(f"it leads out of its folder: {name!r}")
        if not member.regular and not _is_left_out(name):
            raise UserError(f"{name!r} is a link, or not an ordinary file")
    top = _top([name for name, _ in members])
    counted = [
        (name.removeprefix(top), member)
        for name, member in members
        if name.startswith(top) and counts(name.removeprefix(top))
    ]
    for name, times in Counter(name for name, _ in counted).items():
        if times > 1:
            raise UserError(f"it has {name} twice")
    files = dict(counted)
    for name in REQUIRED:
        if name not in files:
            raise _missing(name, [name for name, _ in members])
    size = sum(member.size for _, member in counted)
    if size > LARGEST or len(counted) > MOST:
        raise UserError(
            f"it is too large: {size / 2**20:,.0f} MiB in {len(counted):,} files, at "
            f"most {LARGEST / 2**20:.0f} MiB in {MOST:,} can be graded"
        )
    return files


def counts(name):
    """Tell whether a path of a checkout is taken from a submission."""
    if name.startswith(GRADERS) or name[-1:] == "/" or _is_left_out(name):
        return False
    if name in (GRID, *GENERATED):
        return True
    return name.startswith(FOLDERS) and not is_generated(name)


def _is_left_out(name):
    """Tell whether a path is hidden, or made by the system or a build."""
    return "/." in f"/{name}" or bool(LEFT_OUT & {*name.split("/")})


def visible(folder):
    """Return the sorted paths in a folder, without hidden ones such as .DS_Store."""
    return sorted(path for path in folder.iterdir() if path.name[0] != ".")


def submissions_in(folder):
    """Return the paths of the submissions in a folder.

    Archives, notebooks and reports that cannot be graded are included, to say so.
    """
    if not folder.exists():
        raise UserError(f"there is no folder {folder}: make grade SUBMISSIONS=folder")
    if (folder / NOTEBOOK).exists() or not folder.is_dir():
        raise UserError(f"{folder} is one submission: name the folder that contains it")
    paths = [
        path
        for path in visible(folder)
        if path.is_dir() or path.suffix.lower() in (".zip", *UNREADABLE)
    ]
    if not paths:
        raise UserError(f"there is no zip and no folder in {folder}")
    return paths


def is_zip(path):
    """Tell whether a path is a file that is named as a zip."""
    return path.suffix.lower() == ".zip" and path.is_file()


def _top(names):
    """Return the folder in a submission that is the checkout."""

    def order(name):
        return _is_left_out(name), name.count("/")

    notebooks = {name for name in names if f"/{name}".endswith(f"/{NOTEBOOK}")}
    if not notebooks:
        raise _missing(NOTEBOOK, names)
    first, *others = sorted(sorted(notebooks), key=order)
    if others and order(others[0]) == order(first):
        raise UserError(f"it has both {first} and {others[0]}: leave out one of them")
    return first.removesuffix(NOTEBOOK)


def _missing(name, names):
    """Return the error for a missing file, with a hint."""
    reports = re.findall(r"\breport/([^/\n]+)\.pdf$", "\n".join(names), re.M)
    zips = [path for path in names if path.lower().endswith(".zip")]
    hint = HINT
    others = [it for it in reports if f"notebooks/{it}.ipynb" in "\n".join(names)]
    if name == PDF and others:
        hint = f"it has report/{others[0]}.pdf: make grade REPORT={others[0]}"
    elif name == PDF and reports:
        hint = f"it has report/{reports[0]}.pdf: if that is the report, name it {PDF}"
    elif name == NOTEBOOK and zips:
        hint = f"it has {zips[0]}: unpack it"
    return UserError(f"there is no {name} in it; {hint}")


@contextlib.contextmanager
def _opened(path):
    """Yield the files in a zip or a folder, as pairs of a name and a `Member`."""
    entries = visible(path) if path.is_dir() else []
    zips = [it for it in entries if is_zip(it) and not it.is_symlink()]
    if len(zips) == 1 and not any(map(Path.is_dir, entries)):
        [path] = zips  # learning platforms provide such folders, perhaps with the PDF
    if path.is_dir():
        yield list(_folder_members(path))
    else:
        with zipfile.ZipFile(path) as archive:
            yield [_zip_member(archive, entry) for entry in archive.infolist()]


def _zip_member(archive, entry):
    """Describe an entry of a zip."""
    kind = stat.S_IFMT(entry.external_attr >> 16)
    ordinary = kind in (0, stat.S_IFREG, stat.S_IFDIR)
    encrypted = entry.flag_bits & 1
    common = entry.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

    def read():
        with archive.open(entry) as file:
            return file.read(entry.file_size)  # no more than it states

    name = entry.filename
    if not entry.flag_bits & IN_UTF8:  # a Mac's own tool does not set the flag
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode()
    # Windows' own tool writes backslashes; no file name there can contain one.
    name = name.replace("\\", "/").removeprefix("./")
    member = Member(entry.file_size, ordinary and common and not encrypted, read)
    return name, member


def _folder_members(folder):
    """Describe the files below a folder; links are not followed."""
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(n for n in {*folders} - LEFT_OUT if n[0] != ".")
        links = [name for name in folders if Path(parent, name).is_symlink()]
        for name in sorted([*files, *links]):
            if name[0] == ".":
                continue
            path = Path(parent, name)
            info = path.lstat()
            member = Member(info.st_size, stat.S_ISREG(info.st_mode), path.read_bytes)
            yield path.relative_to(folder).as_posix(), member
