"""Every alteration of a PDF is found and named; honest differences hold."""

import json
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
from functools import partial
from pathlib import Path

import pytest
from alterations import (
    ALONE,
    all_alterations,
    first_link,
    in_document,
    in_figure,
    in_results,
    information,
    on_page,
    report,
    stream_of,
    together,
    write_altered,
)
from project import Project, need
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, FloatObject, NameObject, TextStringObject

from helpers import ROOT
from helpers.pipeline.errors import UserError
from helpers.pipeline.kernels.arithmetic import processors
from helpers.pipeline.report.paths import ASSIGNMENT
from helpers.pipeline.verify.reader import read_html, read_pdf
from helpers.pipeline.verify.verdicts import NOTED
from helpers.pipeline.verify.verify import compare_reports

PDF = ASSIGNMENT.pdf


@pytest.fixture(scope="module")
def altered(tmp_path_factory):
    """Return groups of alterations, each with a report that has them all."""
    path = tmp_path_factory.mktemp("altered") / "report.pdf"
    groups = []
    for group in together(all_alterations()):
        write_altered(path, *(it.change for it in group))
        groups.append((group, read_pdf(path)))
    return groups


def on_another_platform(read):
    """Return a report that states another platform."""
    return read._replace(results=read.results | {"platform": "Lunix"})


@pytest.mark.parametrize("claimed", [lambda read: read, on_another_platform])
def test_what_is_altered_is_caught_and_named_whatever_the_platform(altered, claimed):
    missed, blamed = [], []
    for group, read in altered:
        lines = [
            line for line in compare_reports(claimed(read), report()) if line.wrong
        ]
        for it in group:
            here = [line for line in lines if it.place in (ALONE, place_of(line, it))]
            if not any(it.named in f"{line.what} {line.stated}" for line in here):
                missed.append((it.name, here))
            lines = [line for line in lines if line not in here]
        blamed += lines
    assert missed == []
    assert blamed == []  # nothing else


def place_of(line, it):
    """Return the place of a line, as precisely as the alteration states its place."""
    return line.what if "," in it.place else line.what.partition(",")[0]


def test_there_are_many_kinds_of_alterations(altered):
    names = [it.name for group, _ in altered for it in group]
    assert len(names) == len({*names}) >= 100


def wrong_and_noted(read, rebuilt=None):
    """Return what does not hold in a report, and what is noted."""
    lines = compare_reports(read, rebuilt or report())
    noted = [(line.what, line.stated) for line in lines if line.verdict == NOTED]
    return [line for line in lines if line.wrong], noted


QPDF = {
    "as it is": (),
    "for the web": ("--linearize", "--object-streams=disable"),
    "not compressed": ("--stream-data=uncompress", "--object-streams=generate"),
}


@pytest.mark.parametrize("options", QPDF.values(), ids=QPDF)
def test_a_copy_saved_again_by_qpdf_holds_and_is_called_that(tmp_path, options):
    need(shutil.which("qpdf"), "qpdf")
    path = tmp_path / "again.pdf"
    subprocess.run(["qpdf", *options, PDF, path], check=True)
    noted = [("the file", "saved again by qpdf")]
    assert wrong_and_noted(read_pdf(path)) == ([], noted)


VIEWERS = {
    "a library": ([], "another program"),
    "one that stores equal objects once": (
        [lambda writer: writer.compress_identical_objects()],
        "another program",
    ),
    "a viewer that opens what is attached": (
        [in_document(PageMode="/UseAttachments")],
        "another program",
    ),
    "a viewer": (
        [information(Producer="A Viewer\x1b", ModDate="D:20200101000000Z")],
        "A Viewer\x1b",
    ),
}


@pytest.mark.parametrize("name", VIEWERS)
def test_a_copy_saved_again_by_a_viewer_holds_and_is_called_that(tmp_path, name):
    changes, saver = VIEWERS[name]
    write_altered(tmp_path / "again.pdf", *changes)
    noted = [("the file", f"saved again by {saver}")]
    assert wrong_and_noted(read_pdf(tmp_path / "again.pdf")) == ([], noted)


XMP = """\
<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"
  xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:CreatorTool="A Viewer">
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{}</rdf:li></rdf:Alt></dc:title>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""


def test_metadata_that_a_viewer_adds_may_say_only_what_is_there(tmp_path):
    def adds(title):
        return lambda writer: setattr(
            writer, "xmp_metadata", XMP.format(title).encode()
        )

    title = PdfReader(PDF).metadata["/Title"]
    write_altered(tmp_path / "again.pdf", adds(title))
    assert wrong_and_noted(read_pdf(tmp_path / "again.pdf"))[0] == []
    write_altered(tmp_path / "other.pdf", adds("Another Title"))
    (wrong,), _ = wrong_and_noted(read_pdf(tmp_path / "other.pdf"))
    assert wrong.what == "document, Metadata"
    assert "Another" in wrong.stated


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-256"])
def test_an_encrypted_copy_is_called_that(tmp_path, algorithm):
    path = tmp_path / "it.pdf"
    if algorithm == "RC4-128":
        encrypt = partial(PdfWriter.encrypt, user_password="", algorithm=algorithm)
        write_altered(path, encrypt)
    else:
        need(shutil.which("qpdf"), "qpdf")
        command = ["qpdf", "--encrypt", "", "owner", "256", "--", PDF, path]
        subprocess.run(command, check=True)
    with pytest.raises(UserError, match="is encrypted: save a copy that is not"):
        read_pdf(path)


def last_digits(results):
    """Change the last bits of numbers."""
    for run in results["runs"].values():
        if isinstance(run.get("cost"), float):
            run["cost"] *= 1 + 1e-11
    results["claims"]["all.cost"]["value"] *= 1 - 1e-11


def another_python(results):
    here, there = f"Python {platform.python_version()}", "Python 3.14.10"
    results.update(json.loads(json.dumps(results).replace(here, there)))


def print_another_python(writer):
    version = platform.python_version().encode()
    on_page("The runs used", b"(Python)-250(" + version, b"(Python)-250(3.14.10")[1](
        writer
    )


def last_places(data):
    """Move lines as rounding on another platform would."""
    return re.sub(rb"(\d+\.\d{5})\d+(?= [\d.]+ l\n)", rb"\g<1>9", data)


def in_another_order(results):
    results["runs"] = dict(reversed(results["runs"].items()))


def nudge(link):
    link["/Rect"][0] = FloatObject(float(link["/Rect"][0]) + 0.0005)


def named_by_another_tex(name):
    return TextStringObject(name.replace("equation.", "equation.2."))


def name_places_as_another_tex(writer):
    """Name the targets of links as another version of TeX does."""
    trees = [writer.root_object["/Names"]["/Dests"]]
    for tree in trees:  # the list grows
        trees += [branch.get_object() for branch in tree.get("/Kids", ())]
        names = tree.get("/Names", ArrayObject())
        names[::2] = map(named_by_another_tex, names[::2])
    for page in writer.pages:
        for link in page.get("/Annots", ()):
            action = link.get_object().get("/A", {})
            if action.get("/S") == "/GoTo":
                named = named_by_another_tex(action["/D"])
                action[NameObject("/D")] = named


def name_fonts_as_another_tex(writer):
    """Rename the fonts of a page, and make a line slightly wider."""
    page, change = on_page("Derivation and code agree", b"-250(", b"-290(")
    change(writer)
    page = writer.pages[int(page.split()[1]) - 1]
    fonts, stream = page["/Resources"]["/Font"], page["/Contents"].get_object()
    content = stream.get_data()
    for name in [*fonts]:
        other = f"/F{int(name[2:]) - 95}"  # some get fewer digits
        fonts[NameObject(other)] = fonts.pop(name)
        content = content.replace(name.encode() + b" ", other.encode() + b" ")
    stream.set_data(content)


# All differences that an honest report of another platform may have.
ELSEWHERE = [
    name_places_as_another_tex,
    name_fonts_as_another_tex,
    in_results(another_python),
    print_another_python,
    in_results(lambda results: results.update(platform="L, Python 3.14.10, TeX 4")),
    in_results(last_digits),
    in_results(in_another_order),
    in_figure(9, stream_of(last_places)),
    first_link(1, nudge),
    information(Producer="pdfTeX-4"),
]


def test_an_honest_report_of_another_platform_holds(tmp_path):
    write_altered(tmp_path / "it.pdf", *ELSEWHERE)
    noted = [("platform", "L, Python 3.14.10, TeX 4")]
    assert wrong_and_noted(read_pdf(tmp_path / "it.pdf")) == ([], noted)


def test_a_claim_may_be_rounded_otherwise_if_its_value_is_between(tmp_path):
    def rounded(value, text):
        claim = report().results["claims"]["all.cost"] | {"value": value, "text": text}
        claims = report().results["claims"] | {"all.cost": claim}
        return report().results | {"claims": claims}

    path = tmp_path / "it.pdf"
    page, change = on_page("10.847", b"10.847", b"10.848")
    write_altered(path, change)
    elsewhere = on_another_platform(
        read_pdf(path)._replace(results=rounded(10.8475000001, "10.848"))
    )
    between = report()._replace(results=rounded(10.8475 - 1e-10, "10.847"))
    assert wrong_and_noted(elsewhere, between)[0] == []
    below = report()._replace(results=rounded(10.8475 - 1e-6, "10.847"))
    wrong = {line.what for line in wrong_and_noted(elsewhere, below)[0]}
    assert wrong == {"all.cost", page}


ARITHMETIC = "helpers/pipeline/kernels/arithmetic.py"
LEVEL_3 = "x86-64-v3"
# Changes that select the arithmetic of an older processor.
OLDER = {
    "Haswell": "Nehalem",
    '"X86_V3"': '""',
    'DISABLE_CPU_FEATURES": ""': 'DISABLE_CPU_FEATURES": "X86_V3 X86_V4"',
    f'return "{LEVEL_3}"': 'return "x86-64-v2"',
}


def test_another_python_in_a_folder_of_any_name_makes_the_same(tmp_path, small_report):
    """Use Debian's Python, a saved notebook, no git, and a path that is not ASCII.

    On processors of level 3, also use the last bits of level 2.
    """
    python = Path("/usr/bin/python3")
    minor = f"{sys.version_info.major}.{sys.version_info.minor}"
    need(python.exists() and python.resolve().name == f"python{minor}", "other Python")
    environment = tmp_path / "environment"
    command = [python, "-m", "venv", "--without-pip", environment]
    subprocess.run(command, check=True)
    packages = environment / "lib" / f"python{minor}" / "site-packages"
    (packages / "packages.pth").write_text(sysconfig.get_path("purelib"))
    (environment / "share").symlink_to(Path(sys.prefix, "share"))
    project = Project.at(tmp_path / "Übung é")
    ignored = shutil.ignore_patterns("build", "report.pdf", "report.html")
    shutil.copytree(small_report.folder, project.folder, ignore=ignored)
    changed = {f"attached {ARITHMETIC}"} if processors() == LEVEL_3 else set()
    for old, new in OLDER.items() if changed else ():
        project.replace(ARITHMETIC, old, new)
    path = project.folder / "notebooks" / "report.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for number, cell in enumerate(notebook["cells"], 1):
        cell["execution_count"] = number
    path.write_text(json.dumps(notebook, indent=1), encoding="utf-8")
    done = subprocess.run(
        [environment / "bin" / "python", "-m", "helpers.pipeline.report"],
        cwd=project.folder,
        env=project.environment | {"LC_ALL": "C", "LANG": "C"},
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr.decode()
    version = subprocess.run([python, "--version"], capture_output=True, text=True)
    same = version.stdout.strip() == f"Python {platform.python_version()}"
    for read, name in ((read_pdf, "report.pdf"), (read_html, "report.html")):
        first, second = (
            read(project.folder / "report" / name)
            for project in (project, small_report)
        )
        wrong, noted = wrong_and_noted(first, second)
        assert {line.what for line in wrong} == changed
        platforms = [] if same and not changed else ["platform"]
        assert [what for what, _ in noted] == platforms


def test_a_clone_has_the_ends_of_lines_that_were_committed(tmp_path):
    source, clone = tmp_path / "one", tmp_path / "two"
    source.mkdir()
    shutil.copy(ROOT / ".gitattributes", source)
    (source / "a.csv").write_bytes(b"a,b\n1,2\n")
    author = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for command in (["init", "-q"], ["add", "."], [*author, "commit", "-qm", "Begin"]):
        subprocess.run(["git", *command], cwd=source, check=True)
    convert = ["git", "-c", "core.autocrlf=true", "clone", "-q", source, clone]
    subprocess.run(convert, check=True)
    assert (clone / "a.csv").read_bytes() == b"a,b\n1,2\n"
