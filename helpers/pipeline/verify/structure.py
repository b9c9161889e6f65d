"""What a PDF holds besides the pictures of its pages, described as texts.

A description does not depend on how the file is stored, so a copy saved again has the
same: objects are numbered in the order in which they are met, equal ones are one, and
streams are digested. Of a link the place counts to which it leads, not the name that
TeX has for it.
"""

import json
import re
from functools import partial

from pypdf.errors import PyPdfError

from helpers.pipeline.files import sha256

# What things are called that have another name in the file.
KINDS = {"/Contents": "drawing", "/XObject": "figures", "/Font": "fonts"}
KINDS |= {"/Annots": "links", "/EmbeddedFiles": "attachments"}
STORAGE = ("/Length", "/Filter", "/DecodeParms", "/Parent", "/Limits")
APART = ("/Contents", "/Resources", "/Parent", "/Pages", "/Names")  # described apart
PLACES = ("/D", "/Dest")  # where a link leads, or the name of that place
SAVER = ("/Producer", "/ModDate")  # what a program says of itself when it saves
# What a viewer shows beside the pages when it opens the file; programs set it.
BESIDE = [("/PageMode", mode) for mode in ("/UseNone", "/UseOutlines", "/UseThumbs")]
BESIDE += [("/PageMode", "/UseAttachments")]
OBJECT = re.compile(r"(?<!\S)#(\d+)(?!\S)")
STREAM = re.compile(r"<[0-9a-f]{64}>")


class Place(str):
    """The description of a place in the document, to which links lead."""


def attached(reader):
    """Return the attachments of a PDF by name; a name's second is called (2)."""
    return {
        f"{name} ({number})" if number > 1 else name: content
        for name, contents in reader.attachments.items()
        for number, content in enumerate(contents, 1)
    }


def describe(reader):
    """Describe the pages of a PDF, and the document: texts by the kinds of things.

    The content of attachments is left out.
    """
    numbers = {page.indirect_reference.idnum: n for n, page in enumerate(reader.pages)}
    root, info = reader.root_object, dict(reader.trailer.get("/Info", {}))
    info = {key: value for key, value in info.items() if key not in SAVER}
    names = dict(root.get("/Names", {}))
    places = [
        (name, Place(_plain(_text(place, numbers, {})).replace("\n", " ")))
        for name, place in _places(names.pop("/Dests", {}))
    ]
    named = dict(places)

    def described(found):
        kinds = {}
        for key, value in found:
            kind = KINDS.get(key, key[1:])
            text = _text(value, numbers, named)
            kinds[kind] = f"{kinds[kind]}\n{text}" if kind in kinds else text
        return kinds

    own = [pair for pair in _own(root) if pair not in BESIDE]
    document = described([*own, *names.items(), ("/Info", info)])
    document["places of links"] = "\n".join(sorted(place for _, place in places))
    if "Metadata" in document:
        own = _metadata(reader, info)
        document["Metadata"] = document["Metadata"] if own is None else own
    document["attachments"] = STREAM.sub("", document.get("attachments", ""))
    return [described(_of_page(page)) for page in reader.pages], document


def _metadata(reader, info):
    """Return what metadata, which viewers add, say that the information does not."""
    # None if they cannot be read.
    try:
        xmp = reader.xmp_metadata
        said = [("/Title", text) for text in (xmp.dc_title or {}).values()]
        said += [("/Subject", text) for text in (xmp.dc_description or {}).values()]
        said += [("/Author", ", ".join(xmp.dc_creator or []))]
        said += [("/Keywords", xmp.pdf_keywords or "")]
    except (PyPdfError, AttributeError):
        return None
    return "\n".join(f"{k} {text}" for k, text in said if text and text != info.get(k))


def _places(tree):
    """Yield the names of places in the document, and the places."""
    for branch in tree.get("/Kids", ()):
        yield from _places(branch.get_object())
    names = tree.get("/Names", ())
    yield from zip(names[::2], names[1::2], strict=True)


def _of_page(page):
    """Yield the keys and values of a page and of its resources."""
    contents = page.get_contents()  # all parts; it is false even if it has data
    yield "/Contents", "" if contents is None else f"<{sha256(contents.get_data())}>"
    yield from _own(page)
    yield from page.get("/Resources", {}).items()


def _own(entries):
    return (pair for pair in entries.items() if pair[0] not in APART)


def _text(value, numbers, named):
    """Describe an object of a PDF and all that it leads to, one on a line."""
    # `numbers` are those of pages, by the number of their object; `named` are places,
    # by their names.
    from pypdf.generic import NameObject, StreamObject

    known, found, lines = {}, [[value]], []

    def short(value):
        at = getattr(value, "idnum", None)  # of a reference
        if at in numbers:
            return f"page-{numbers[at] + 1}"
        value = value.get_object() if at else value
        if isinstance(value, dict) or (isinstance(value, list) and not _is_flat(value)):
            key = (at,) if at else id(value)
            if key not in known:
                known[key] = f"#{len(known)}"
                found.append(value)
            return known[key]
        if isinstance(value, list):
            return f"[ {' '.join(map(short, value))} ]"
        if isinstance(value, int | float):
            return str(value) if value == int(value) else f"{value:.9g}"
        if isinstance(value, Place):
            return value
        if isinstance(value, NameObject):
            return json.dumps(value)[1:-1].replace(" ", "#20")
        return _plain(json.dumps(f"({value})"))

    def entry(value, key):
        item = dict.__getitem__(value, key)
        name = isinstance(item, str) and key in PLACES
        return named.get(item, item) if name else item

    for value in found:  # which grows
        parts = value
        if isinstance(value, dict):
            kept = (key for key in value if key not in STORAGE)
            kept = sorted(kept, key=lambda key: (len(key), key))  # /F9 before /F10
            parts = [p for key in kept for p in (key, entry(value, key))]
        line = " ".join(map(short, parts))
        if isinstance(value, StreamObject):
            line = f"{line} <{sha256(value.get_data())}>"
        lines.append(line)
    return "\n".join(_once_each(lines))


def _once_each(lines):
    """Return the lines of objects without those of equal objects.

    Programs that save a copy may keep only one of them.
    """
    # The first line is of what leads to the objects #0, #1, and so on.
    while len(kept := dict.fromkeys(lines[1:])) < len(lines) - 1:
        numbers = {line: f"#{number}" for number, line in enumerate(kept)}
        now = [numbers[line] for line in lines[1:]]
        renumbered = partial(OBJECT.sub, lambda at, now=now: now[int(at[1])])
        lines = [*map(renumbered, [lines[0], *kept])]
    return lines


def _plain(text):
    """Return a text in which nothing looks like the number of an object."""
    return text.replace("#", "##")


def _is_flat(values):
    return not any(isinstance(v, dict | list) or hasattr(v, "idnum") for v in values)
