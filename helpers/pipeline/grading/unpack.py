"""Unpack what somebody has handed in: take what counts, and trust nothing."""

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

LARGEST = 200 * 2**20  # bytes of all that counts, unpacked
MOST = 2000  # files
IN_UTF8 = 0x800  # among the flags of an entry of a zip: so is its name
# What counts is what a report is made from. All else that runs is the grader's.
FOLDERS = ("notebooks/", "data/", "helpers/", "report/")
GRID = "experiments.yaml"
GRADERS = ("helpers/pipeline/", "report/template/", "report/page/")
GRADERS += ("report/base/", "report/latex/")  # where nbconvert would look for more
# The report that is graded; the assignment, unless REPORT= names another.
GRADED = requested_report()
NOTEBOOK, PDF = f"notebooks/{GRADED.notebook.name}", f"report/{GRADED.pdf.name}"
NEEDED = (NOTEBOOK, GRID, PDF)
PAGE = f"report/{GRADED.html.name}"
GENERATED = (f"report/{GRADED.results.name}", PDF, PAGE)
RIGHT = "hand in what `make submission` writes"
# Files that are handed in, but cannot be graded.
UNREADABLE = (".ipynb", ".pdf", ".html", ".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2")
UNREADABLE += (".xz", ".zst")
LEFT_OUT = {"__pycache__", ".ipynb_checkpoints", "__MACOSX", ".git", ".venv", "build"}


class Member(NamedTuple):
    """A file of a submission, as its zip or folder describes it."""

    size: int  # in bytes
    regular: bool  # whether it is a file or folder: no link, pipe or device
    read: Callable  # returns its content


def unpack(path, folder):
    """Write what counts of a submission to a folder, with the paths of a checkout.

    It is a zip, a folder, or a folder of files of which one is a zip. UserError if it
    is damaged, incomplete, too large, or leads out of its folder.
    """
    if not path.is_dir() and not is_zip(path):
        raise UserError(
            f"it is a file {path.suffix}: only a zip or a folder can be graded, with "
            f"the report and all it was made from: {RIGHT}"
        )
    try:
        with _opened(path) as members:
            counted = select(members)
            grid = counted[GRID].read()
            for name, member in counted.items():
                apart = unicodedata.normalize("NFD", name)  # as the grid may have it
                place = folder / (apart if apart.encode() in grid else name)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(member.read())
    except UserError:
        raise
    except Exception as error:  # the library raises many kinds on a damaged zip
        raise UserError(f"it cannot be unpacked: {error}") from None


def select(members):
    """Return the files that count, by their paths in a checkout.

    UserError if something is missing, is there twice, is a link, or is too large.
    """
    # A Mac takes apart the letters of names, ü into u and its dots.
    members = [(composed(name), it) for name, it in members if name]
    for name, member in members:
        if {"", ".", ".."} & {*name.removesuffix("/").split("/")}:
            raise UserError(f"it leads out of its folder: {name!r}")
        if not member.regular and not _is_left_out(name):
            raise UserError(f"{name!r} is a link, or no ordinary file")
    top = _top([name for name, _ in members])
    counted = [
        (name.removeprefix(top), member)
        for name, member in members
        if name.startswith(top) and counts(name.removeprefix(top))
    ]
    for name, times in Counter(name for name, _ in counted).items():
        if times > 1:
            raise UserError(f"it has {name} twice")
    found = dict(counted)
    for name in NEEDED:
        if name not in found:
            raise _missing(name, [name for name, _ in members])
    size = sum(member.size for _, member in counted)
    if size > LARGEST or len(counted) > MOST:
        raise UserError(
            f"it is too large: {size / 2**20:,.0f} MiB in {len(counted):,} files, at "
            f"most {LARGEST / 2**20:.0f} MiB in {MOST:,} can be graded"
        )
    return found


def counts(name):
    """Tell whether a path of a checkout is taken from a submission."""
    if name.startswith(GRADERS) or name[-1:] == "/" or _is_left_out(name):
        return False
    if name in (GRID, *GENERATED):
        return True
    return name.startswith(FOLDERS) and not is_generated(name)


def _is_left_out(name):
    """Tell whether a path is hidden, or below what a system or a build has made."""
    return "/." in f"/{name}" or bool(LEFT_OUT & {*name.split("/")})


def visible(folder):
    """Return the paths in a folder, sorted, but for hidden ones such as .DS_Store."""
    return sorted(path for path in folder.iterdir() if path.name[0] != ".")


def handed_in(folder):
    """Return the submissions in a folder, with what cannot be one but was meant to be.

    These are its folders, archives, notebooks and reports.
    """
    if not folder.exists():
        raise UserError(f"there is no folder {folder}: make grade SUBMISSIONS=folder")
    if (folder / NOTEBOOK).exists() or not folder.is_dir():
        raise UserError(f"{folder} is a submission: name the folder that it is in")
    found = [
        path
        for path in visible(folder)
        if path.is_dir() or path.suffix.lower() in (".zip", *UNREADABLE)
    ]
    if not found:
        raise UserError(f"there is no zip and no folder in {folder}")
    return found


def is_zip(path):
    """Tell whether a path is a zip by its name, and a file."""
    return path.suffix.lower() == ".zip" and path.is_file()


def _top(names):
    """Return the folder, within a submission, that is the checkout."""

    def order(name):
        return _is_left_out(name), name.count("/")

    found = {name for name in names if f"/{name}".endswith(f"/{NEEDED[0]}")}
    if not found:
        raise _missing(NEEDED[0], names)
    first, *others = sorted(sorted(found), key=order)
    if others and order(others[0]) == order(first):
        raise UserError(f"it has both {first} and {others[0]}: leave out one of them")
    return first.removesuffix(NEEDED[0])


def _missing(name, names):
    """Return the error for a file that is missing, with what would be right."""
    reports = re.findall(r"\breport/([^/\n]+)\.pdf$", "\n".join(names), re.M)
    zips = [other for other in names if other.lower().endswith(".zip")]
    hint = RIGHT
    others = [it for it in reports if f"notebooks/{it}.ipynb" in "\n".join(names)]
    if name == PDF and others:
        hint = f"it has report/{others[0]}.pdf: make grade REPORT={others[0]}"
    elif name == PDF and reports:
        hint = f"it has report/{reports[0]}.pdf: if that is it, call it {PDF}"
    elif name == NEEDED[0] and zips:
        hint = f"it has {zips[0]}: unpack that"
    return UserError(f"there is no {name} in it; {hint}")


@contextlib.contextmanager
def _opened(path):
    """Yield everything in a zip or a folder, as pairs of a name and a `Member`."""
    inside = visible(path) if path.is_dir() else []
    zips = [it for it in inside if is_zip(it) and not it.is_symlink()]
    if len(zips) == 1 and not any(map(Path.is_dir, inside)):
        [path] = zips  # as learning platforms hand them out, perhaps beside the PDF
    if path.is_dir():
        yield list(_in_folder(path))
    else:
        with zipfile.ZipFile(path) as archive:
            yield [_in_zip(archive, entry) for entry in archive.infolist()]


def _in_zip(archive, entry):
    """Describe an entry of a zip."""
    kind = stat.S_IFMT(entry.external_attr >> 16)
    ordinary = kind in (0, stat.S_IFREG, stat.S_IFDIR)
    encrypted = entry.flag_bits & 1
    usual = entry.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

    def read():
        with archive.open(entry) as file:
            return file.read(entry.file_size)  # no more than it states

    name = entry.filename
    if not entry.flag_bits & IN_UTF8:  # a Mac's own tool does not say so
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode()
    # As Windows' own tool writes them; a file's name cannot have one there.
    name = name.replace("\\", "/").removeprefix("./")
    member = Member(entry.file_size, ordinary and usual and not encrypted, read)
    return name, member


def _in_folder(folder):
    """Describe the files below a folder; links are not followed."""
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(n for n in {*folders} - LEFT_OUT if n[0] != ".")
        links = [name for name in folders if Path(parent, name).is_symlink()]
        for name in sorted([*files, *links]):
            if name[0] == ".":
                continue
            path = Path(parent, name)
            about = path.lstat()
            member = Member(about.st_size, stat.S_ISREG(about.st_mode), path.read_bytes)
            yield path.relative_to(folder).as_posix(), member
