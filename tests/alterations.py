"""Alterations of a report in PDF, as small functions, and where each must be noticed.

Each alteration has a place, with which the lines that report it begin. Alterations of
different places are made in the same file, so that few files are written and read.
"""

import json
from functools import cache, partial
from typing import NamedTuple

from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    BooleanObject,
    DecodedStreamObject,
    DictionaryObject,
    FloatObject,
    NameObject,
    NumberObject,
    TextStringObject,
)

from helpers.pipeline.report.paths import ASSIGNMENT
from helpers.pipeline.verify.reader import read_pdf

PDF = ASSIGNMENT.pdf

ALONE = "alone"  # the place of alterations that move all pages, or stop the comparison


class Alteration(NamedTuple):
    """An alteration of the report.

    Attributes
    ----------
    name : str
        A name for people.
    place : str
        How the lines that report it begin; `ALONE` if it needs its own file.
    change : callable
        Changes a PdfWriter.
    named : str
        A text that one of these lines must contain.
    """

    name: str
    place: str
    change: object
    named: str = ""


@cache
def report():
    """Return the report as `read_pdf` reads it."""
    return read_pdf(PDF)


@cache
def contents():
    """Return the content stream of each page."""
    return [page.get_contents().get_data() for page in PdfReader(PDF).pages]


def write_altered(path, *changes):
    """Write the report with changes."""
    writer = PdfWriter(clone_from=PdfReader(PDF))
    for change in changes:
        change(writer)
    writer.write(path)
    writer.close()


def pdf(value):
    """Convert a value to PDF objects; a text that begins with / becomes a name."""
    if isinstance(value, dict):
        return DictionaryObject({NameObject(k): pdf(v) for k, v in value.items()})
    if isinstance(value, list):
        return ArrayObject(map(pdf, value))
    kinds = {bool: BooleanObject, int: NumberObject, float: FloatObject}
    if type(value) is str:
        return (NameObject if value.startswith("/") else TextStringObject)(value)
    return kinds[type(value)](value) if type(value) in kinds else value


def draw(writer, page, data):
    """Replace the content of a page."""
    stream = DecodedStreamObject()
    stream.set_data(data)
    writer.pages[page - 1][NameObject("/Contents")] = writer._add_object(stream)


def on_page(text, old, new):
    """Return the first page that contains a text, as a place, and a change of it."""
    for number, (page, content) in enumerate(
        zip(report().pages, contents(), strict=True), 1
    ):
        if text in page.text and old in content:
            changed = content.replace(old, new, 1)
            return page.name, partial(draw, page=number, data=changed)
    raise AssertionError(f"no page contains {text!r} and {old!r}")


def after(page, data):
    """Return a change that draws something over a page."""
    data = b"q\n" + contents()[page - 1] + b"\nQ\n" + data
    return partial(draw, page=page, data=data)


def before(page, data):
    """Return a change that inserts something at the start of a page."""
    return partial(draw, page=page, data=data + b"\n" + contents()[page - 1])


def in_page(page, **entries):
    """Return a change of entries of a page."""

    def change(writer):
        writer.pages[page - 1].update(pdf({f"/{k}": v for k, v in entries.items()}))

    return change


def in_figure(page, edit):
    """Return a change of the first figure on a page."""

    def change(writer):
        edit(next(iter(writer.pages[page - 1]["/Resources"]["/XObject"].values())))

    return lambda writer: change(writer)


def stream_of(edit):
    """Return a change of an object's stream."""

    def change(item):
        item = item.get_object()
        content = item.get_data()
        assert edit(content) != content
        item.set_data(edit(content))

    return change


def entry_of(key, value):
    """Return a change of an object's entry."""
    return lambda item: item.get_object().update(pdf({key: value}))


def in_resources(page, key, value):
    """Return a change of a resource of a page."""

    def change(writer):
        resources = DictionaryObject(writer.pages[page - 1]["/Resources"])
        resources[NameObject(key)] = pdf(value)
        writer.pages[page - 1][NameObject("/Resources")] = resources

    return change


def in_font(page, edit):
    """Return a change of the main font of a page, on that page only."""

    def change(writer):
        fonts = DictionaryObject(writer.pages[page - 1]["/Resources"]["/Font"])
        content = contents()[page - 1]
        name = max(fonts, key=lambda name: content.count(name.encode() + b" "))
        font = DictionaryObject(fonts[name])
        edit(writer, font)
        fonts[NameObject(name)] = writer._add_object(font)
        in_resources(page, "/Font", fonts)(writer)

    return change


def swap_letters(writer, font):
    encoding = DictionaryObject(font["/Encoding"])
    swapped = {"/e": "/a", "/a": "/e"}
    names = [
        NameObject(swapped.get(n, n)) if isinstance(n, str) else n
        for n in encoding["/Differences"]
    ]
    encoding[NameObject("/Differences")] = ArrayObject(names)
    font[NameObject("/Encoding")] = encoding


def swap_meanings(writer, font):
    stream = DecodedStreamObject()
    data = font["/ToUnicode"].get_data()
    assert b"<61> <7E> <0061>" in data
    stream.set_data(data.replace(b"<61> <7E> <0061>", b"<61> <7E> <0062>"))
    font[NameObject("/ToUnicode")] = writer._add_object(stream)


def widen(writer, font):
    widths = [FloatObject(float(width) * 1.1) for width in font["/Widths"]]
    font[NameObject("/Widths")] = ArrayObject(widths)


def rename_font(writer, font):
    font[NameObject("/BaseFont")] = NameObject("/ABCDEF+Courier")


def without_font(writer, font):
    descriptor = DictionaryObject(font["/FontDescriptor"])
    del descriptor["/FontFile"]
    font[NameObject("/FontDescriptor")] = writer._add_object(descriptor)


def first_link(page, edit):
    """Return a change of the first link on a page."""
    return lambda writer: edit(writer.pages[page - 1]["/Annots"][0].get_object())


def no_link(page):
    def change(writer):
        links = writer.pages[page - 1]["/Annots"]
        writer.pages[page - 1][NameObject("/Annots")] = ArrayObject(links[1:])

    return change


def one_more(page, **entries):
    """Return a change that adds an annotation to a page."""

    def change(writer):
        links = ArrayObject(writer.pages[page - 1].get("/Annots", ()))
        note = {"Type": "/Annot", "Rect": [100, 100, 300, 300], **entries}
        links.append(writer._add_object(pdf({f"/{k}": v for k, v in note.items()})))
        writer.pages[page - 1][NameObject("/Annots")] = links

    return change


def in_document(**entries):
    """Return a change of entries of the document's catalogue."""

    def change(writer):
        writer.root_object.update(pdf({f"/{k}": v for k, v in entries.items()}))

    return change


def in_names(**entries):
    def change(writer):
        names = writer.root_object["/Names"]
        names.update(pdf({f"/{k}": v for k, v in entries.items()}))

    return change


def information(**entries):
    return lambda writer: writer.add_metadata({f"/{k}": v for k, v in entries.items()})


def outline(edit):
    return lambda writer: edit(writer.root_object["/Outlines"]["/First"])


def destination(writer):
    """Move a destination to another place of its page."""
    names = writer.root_object["/Names"]["/Dests"]
    while "/Kids" in names:
        names = names["/Kids"][0]
    target = names["/Names"][1].get_object()
    target = target["/D"] if isinstance(target, dict) else target
    target[3] = FloatObject(77)


def attached(writer):
    """Return the attachments of a PDF by name."""
    names = writer.root_object["/Names"]["/EmbeddedFiles"]["/Names"]
    return {names[i]: names[i + 1].get_object() for i in range(0, len(names), 2)}


def attachment(name, edit):
    """Return a change of the stream of an attachment."""

    def change(writer):
        stream = attached(writer)[name]["/EF"]["/F"].get_object()
        content = edit(stream.get_data())
        assert content != stream.get_data()
        stream.set_data(content)

    return change


def in_file(name, old, new):
    """Return a change of the text of an attachment."""
    return attachment(name, lambda data: data.replace(old.encode(), new.encode(), 1))


def emptied(name):
    return attachment(name, lambda data: b"")


def without(name):
    def change(writer):
        names = writer.root_object["/Names"]["/EmbeddedFiles"]["/Names"]
        position = names.index(name)
        del names[position : position + 2]

    return change


def with_another(name):
    """Return a change that attaches a file, perhaps a second one of the same name."""

    def change(writer):
        stream = DecodedStreamObject()
        stream.set_data(b"mine")
        file = {"/Type": "/Filespec", "/F": name, "/UF": name}
        file["/EF"] = pdf({"/F": writer._add_object(stream)})
        names = writer.root_object["/Names"]["/EmbeddedFiles"]["/Names"]
        names += [TextStringObject(name), writer._add_object(pdf(file))]

    return change


def for_viewers(writer):
    """Give an attachment different content that some viewers show."""
    stream = DecodedStreamObject()
    stream.set_data(b"mine")
    attached(writer)["apt.txt"]["/EF"][NameObject("/UF")] = writer._add_object(stream)


def in_results(edit):
    """Return a change of the recorded results attached to the PDF."""

    def change(writer):
        stream = attached(writer)["results.json"]["/EF"]["/F"].get_object()
        results = json.loads(stream.get_data())
        edit(results)
        stream.set_data(json.dumps(results).encode())

    return change


def in_claim(name, key, value):
    return in_results(lambda results: results["claims"][name].update({key: value}))


def in_run(number, key, value):
    """Return the place and a change of an entry of a run."""
    name = [*report().results["runs"]][number]

    def edit(results):
        entries = results["runs"][name]
        (entries if key in entries else entries["parameters"])[key] = value

    return f"run {name}", in_results(edit)


def without_claim(name):
    return in_results(lambda results: results["claims"].pop(name))


def with_claim(name, claim):
    return in_results(lambda results: results["claims"].update({name: claim}))


def remove_page(writer):
    writer.remove_page(5)


def add_page(writer):
    writer.add_page(PdfReader(PDF).pages[8])


def swap_pages(writer):
    kids = writer.root_object["/Pages"]["/Kids"]
    kids = kids[0].get("/Kids", kids)
    kids[1], kids[2] = kids[2], kids[1]


SCRIPT = {"S": "/JavaScript", "JS": "app.alert(1)"}
SCRIPT = {f"/{key}": value for key, value in SCRIPT.items()}
CLAIM = {"value": 1, "text": "1", "unit": "", "run": ""}


def all_alterations():
    """Return one alteration of each type."""
    words = [
        ("a digit", *on_page("Training both", b"(610.5", b"(610.4"), "610.4"),
        ("a digit elsewhere", *on_page("67.6", b"(67.6", b"(67.5"), "67.5"),
        ("a word", *on_page("The fit", b"(Figure)", b"(Finger)"), "Finger"),
        ("a caption", *on_page("Figure 2.", b"2,000", b"2,001"), "2,001"),
        ("a cell", *on_page("Table 2.", b"417.091", b"417.092"), "417.092"),
        (
            "a cell's word",
            *on_page("Table 2.", b"(descending)", b"(ascending)"),
            "ascending",
        ),
        ("the title block", *on_page("Student", b"(Student)", b"(Sudent)"), "Sudent"),
        ("a listing", *on_page("as_floats(X", b"(@)", b"(*)"), "*"),
        (
            "a list of runs",
            *on_page("The recorded runs that the", b"(1,000)", b"(1,001)"),
            "1,001",
        ),
    ]
    box = b"q 1 g 100 100 400 600 re f Q"
    hidden = b"BT /F156 9 Tf %s 200 300 Td (Hello) Tj ET"
    grey = contents()[17].replace(b"0 g 0 G", b".5 g .5 G")
    drawings = [
        ("a white box", "page 3", after(3, box), "a drawing"),
        ("a line", "page 2", after(2, b"q 2 w 90 90 m 500 700 l S Q"), "a drawing"),
        ("a small dot", "page 5", after(5, b"0 g 200 400 2 2 re f"), "a drawing"),
        ("invisible words", "page 3", after(3, hidden % b"3 Tr"), "H"),
        ("white words", "page 5", after(5, hidden % b"1 g"), "H"),
        ("a shift", "page 6", before(6, b"1 0 0 1 2 0 cm"), "a drawing"),
        ("a scale", "page 7", before(7, b".99 0 0 .99 0 0 cm"), "a drawing"),
        ("a clip", "page 8", before(8, b"0 0 300 842 re W n"), "a drawing"),
        ("no words", "page 9", partial(draw, page=9, data=b""), ""),
        ("grey text", "page 18", partial(draw, page=18, data=grey), "a drawing"),
    ]
    flat = stream_of(lambda data: data.replace(b" l\n", b" m\n"))
    layer = {"/Type": "/OCG", "/Name": "hidden"}
    figures = [
        ("a curve", "page 4", in_figure(4, flat), ""),
        ("no figure", "page 9", in_figure(9, stream_of(lambda d: b"")), ""),
        (
            "a matrix",
            "page 10, figures",
            in_figure(10, entry_of("/Matrix", [0.9, 0, 0, 1, 0, 0])),
            "0.9",
        ),
        (
            "a bounding box",
            "page 11, figures",
            in_figure(11, entry_of("/BBox", [0, 0, 99, 99])),
            "99",
        ),
        (
            "a layer",
            "page 12, figures",
            in_figure(12, entry_of("/OC", layer)),
            "hidden",
        ),
        (
            "a figure's note",
            "page 13, figures",
            in_figure(13, entry_of("/PieceInfo", {"/Mine": {}})),
            "/Mine",
        ),
    ]
    script = {"/O": SCRIPT}
    pages = [
        ("a crop", "page 1, CropBox", in_page(1, CropBox=[0, 0, 500, 842]), "500"),
        ("a paper", "page 2, MediaBox", in_page(2, MediaBox=[0, 0, 700, 842]), "700"),
        ("a rotation", "page 3", in_page(3, Rotate=180), "180"),
        ("a page's unit", "page 5, UserUnit", in_page(5, UserUnit=2), "2"),
        ("a page's script", "page 6, AA", in_page(6, AA=script), "alert"),
        ("a duration", "page 7, Dur", in_page(7, Dur=3), "3"),
        ("a transition", "page 8, Trans", in_page(8, Trans={"/S": "/Fly"}), "/Fly"),
        ("private data", "page 14, PieceInfo", in_page(14, PieceInfo={"/A": 1}), "/A"),
        ("a thumbnail", "page 15, Thumb", in_page(15, Thumb={"/W": 1}), "/W"),
        (
            "a state",
            "page 16, ExtGState",
            in_resources(16, "/ExtGState", {"/G": {"/ca": 0.5}}),
            "0.5",
        ),
        (
            "a page's layer",
            "page 18, Properties",
            in_resources(18, "/Properties", {"/P": layer}),
            "hidden",
        ),
    ]
    address = {"/S": "/URI", "/URI": "https://example.org"}
    launch = {"/S": "/Launch", "/F": "a.exe"}
    note = {"Subtype": "/FreeText", "Contents": "10.8"}
    field = {"Subtype": "/Widget", "FT": "/Tx", "T": "name", "V": "10.8"}
    links = [
        (
            "an address",
            "page 17, links",
            first_link(17, entry_of("/A", address)),
            "org",
        ),
        (
            "a target",
            "page 1, links",
            first_link(1, entry_of("/A", {"/S": "/GoTo", "/D": "section.1"})),
            "page-1",
        ),
        ("a program", "page 2, links", first_link(2, entry_of("/A", launch)), "Launch"),
        (
            "a link's place",
            "page 3, links",
            first_link(3, entry_of("/Rect", [10, 10, 99, 99])),
            "99",
        ),
        (
            "a link's border",
            "page 4, links",
            first_link(4, entry_of("/Border", [0, 0, 7])),
            "7",
        ),
        ("a link less", "page 5, links", no_link(5), ""),
        (
            "a link more",
            "page 6, links",
            one_more(6, Subtype="/Link", A=address),
            "org",
        ),
        ("a note", "page 7, links", one_more(7, Subtype="/Text", Contents="Hi"), "Hi"),
        ("a hidden note", "page 9, links", one_more(9, **note, F=2), "10.8"),
        ("a note over the text", "page 10, links", one_more(10, **note), "10.8"),
        ("a field", "page 11, links", one_more(11, **field), "10.8"),
        (
            "an attached note",
            "page 12, links",
            one_more(12, Subtype="/FileAttachment", FS="a.py"),
            "a.py",
        ),
    ]
    fonts = [
        ("letters", "page 14, fonts", in_font(14, swap_letters), "fonts"),
        ("meanings", "page 16", in_font(16, swap_meanings), ""),
        ("widths", "page 15", in_font(15, widen), ""),
        ("a font's name", "page 17, fonts", in_font(17, rename_font), "Courier"),
        ("no font", "page 18, fonts", in_font(18, without_font), "fonts"),
    ]
    info = "document, Info"
    document = [
        ("the author", info, information(Author="Somebody Else"), "Somebody"),
        ("the title", info, information(Title="Mine"), "Mine"),
        ("the subject", info, information(Subject="Mine"), "Mine"),
        ("the time", info, information(CreationDate="D:20200101000000Z"), "2020"),
        ("a word on itself", info, information(Mine="1"), "/Mine"),
        (
            "a heading",
            "document, Outlines",
            outline(entry_of("/Title", "Mine")),
            "Mine",
        ),
        (
            "a heading's target",
            "document, Outlines",
            outline(entry_of("/A", address)),
            "org",
        ),
        (
            "a heading less",
            "document, Outlines",
            outline(lambda first: first.pop("/Next")),
            "",
        ),
        (
            "an opening script",
            "document, OpenAction",
            in_document(OpenAction=SCRIPT),
            "alert",
        ),
        (
            "a closing script",
            "document, AA",
            in_document(AA={"/WC": SCRIPT}),
            "alert",
        ),
        (
            "a script by name",
            "document, JavaScript",
            in_names(JavaScript={"/Names": ["a", SCRIPT]}),
            "alert",
        ),
        ("a destination", "document, targets of links", destination, "77"),
        (
            "page numbers",
            "document, PageLabels",
            in_document(PageLabels={"/Nums": [0, {"/S": "/r"}]}),
            "/r",
        ),
        ("a language", "document, Lang", in_document(Lang="sv"), "sv"),
        (
            "a view",
            "document, PageLayout",
            in_document(PageLayout="/TwoColumnLeft"),
            "Two",
        ),
        (
            "layers",
            "document, OCProperties",
            in_document(OCProperties={"/D": {}}),
            "/D",
        ),
        ("a form", "document, AcroForm", in_document(AcroForm={"/XFA": "a"}), "XFA"),
        (
            "a second description",
            "document, Metadata",
            in_document(Metadata={"/A": "Mine"}),
            "Mine",
        ),
    ]
    build = "attached build.json"
    files = [
        (
            "the grid",
            "attached experiments.yaml",
            in_file("experiments.yaml", "n_folds: 5", "n_folds: 4"),
            "",
        ),
        (
            "the lock",
            "attached requirements.txt",
            in_file("requirements.txt", "numpy==2", "numpy==1"),
            "",
        ),
        ("the commit", build, in_file("build.json", '"commit": "', '"commit": "0'), ""),
        (
            "the student",
            build,
            in_file("build.json", '"student": "', '"student": "X'),
            "",
        ),
        (
            "the code",
            "attached helpers/model.py",
            in_file("helpers/model.py", "2 / error", "3 / error"),
            "",
        ),
        ("an empty file", "attached pyproject.toml", emptied("pyproject.toml"), ""),
        ("a file less", "attached Makefile", without("Makefile"), "missing"),
        ("a file more", "attached mine.py", with_another("mine.py"), "there"),
        (
            "a name twice",
            "attached helpers/data.py (2)",
            with_another("helpers/data.py"),
            "(2)",
        ),
        ("a file for viewers", "attached apt.txt", for_viewers, ""),
    ]
    claims = [
        ("a value", "all.cost", in_claim("all.cost", "value", 10.8475), "10.8475"),
        (
            "a printed value",
            "all.cost",
            in_claim("all.cost", "text", "10.848"),
            "10.848",
        ),
        ("R²", "all.r2", in_claim("all.r2", "text", "0.822"), "0.822"),
        ("a unit", "all.cost", in_claim("all.cost", "unit", "mi/gal"), "mi/gal"),
        ("a claim's run", "all.cost", in_claim("all.cost", "run", "descent-0"), ""),
        ("a text", "limit.status", in_claim("limit.status", "value", "fine"), "fine"),
        ("a version", "versions", in_claim("versions", "text", "numpy 2.5.6"), "2.5.6"),
        ("decimals more", "all.bend", in_claim("all.bend", "text", "1.31 0.0"), "0.0"),
        ("decimals less", "batch.noise", in_claim("batch.noise", "text", ""), ""),
        (
            "a claim less",
            "horsepower.cost",
            without_claim("horsepower.cost"),
            "missing",
        ),
        ("a claim more", "mine", with_claim("mine", CLAIM), "1"),
        ("no claim", "above", with_claim("above", "good"), "good"),
        ("a number without end", "below", in_claim("below", "value", 10**400), ""),
        ("a list", "batch.size", in_claim("batch.size", "value", [49]), "49"),
    ]
    cited = {claim["run"] for claim in report().results["claims"].values()}
    name = next(name for name in report().results["runs"] if name not in cited)
    runs = [
        ("a run's parameter", *in_run(0, "learning_rate", 0.2), "learning_rate: 0.2"),
        ("a run's end", *in_run(2, "cost", 1.0), "cost: 1.0"),
        ("a run's status", *in_run(3, "status", "failed"), "failed"),
        ("a run's experiment", *in_run(4, "experiments", ["mine"]), "mine"),
        (
            "a run less",
            f"run {name}",
            in_results(lambda results: results["runs"].pop(name)),
            "missing",
        ),
        (
            "a run more",
            "run descent-0",
            in_results(lambda results: results["runs"].update({"descent-0": {}})),
            "there",
        ),
    ]
    alone = [
        ("a page less", ALONE, remove_page, "page 6"),
        ("a page more", ALONE, add_page, "page 19"),
        ("pages in another order", ALONE, swap_pages, "page "),
    ]
    groups = words, drawings, figures, pages, links, fonts, document, files, claims
    return [Alteration(*entry) for group in (*groups, runs, alone) for entry in group]


def together(alterations):
    """Group alterations so that each group alters a place only once.

    The entries of a page are separate places, but a page is altered only once as well.
    """
    groups = []
    for alteration in alterations:
        place = alteration.place
        place = place.partition(",")[0] if place.startswith("page") else place
        added = {place} if place != ALONE else {ALONE, object()}
        group = next(
            (g for g in groups if ALONE not in g[0] | added and not g[0] & added), None
        )
        if group is None:
            groups.append(group := (set(), []))
        group[0].update(added)
        group[1].append(alteration)
    return [group for _, group in groups]
