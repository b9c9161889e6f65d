"""Describe as texts what a PDF contains besides the pictures of its pages.

A description does not depend on how the file is stored, so a copy saved again has the
same: objects are numbered in the order in which they occur, equal objects are merged,
and streams are replaced by digests. What counts for a link is its target, not the name
that TeX gives it.
"""

import json
import re
from functools import partial

from pypdf.errors import PyPdfError

from helpers.pipeline.files import sha256

# Our names for some keys of the file.
KINDS = {"/Contents": "drawing", "/XObject": "figures", "/Font": "fonts"}
KINDS |= {"/Annots": "links", "/EmbeddedFiles": "attachments"}
STORAGE = ("/Length", "/Filter", "/DecodeParms", "/Parent", "/Limits")
SEPARATE = ("/Contents", "/Resources", "/Parent", "/Pages", "/Names")
TARGETS = ("/D", "/Dest")  # the target of a link, or its name
SAVER = ("/Producer", "/ModDate")  # a program that saves the file sets these
# What a viewer shows beside the pages when it opens the file; programs change it.
PANELS = [("/PageMode", mode) for mode in ("/UseNone", "/UseOutlines", "/UseThumbs")]
PANELS += [("/PageMode", "/UseAttachments")]
OBJECT = re.compile(r"(?<!\S)#(\d+)(?!\S)")
STREAM = re.compile(r"<[0-9a-f]{64}>")


class Target(str):
    """The description of a place in the document to which links lead."""


def attached(reader):
    """Return the attachments of a PDF by name; the second of a name is called (2)."""
    return {
        f"{name} ({number})" if number > 1 else name: content
        for name, contents in reader.attachments.items()
        for number, content in enumerate(contents, 1)
    }


def describe(reader):
    """Describe the pages of a PDF, and the document: texts by the kind of part.

    The content of attachments is left out.
    """
    numbers = {page.indirect_reference.idnum: n for n, page in enumerate(reader.pages)}
    root, info = reader.root_object, dict(reader.trailer.get("/Info", {}))
    info = {key: value for key, value in info.items() if key not in SAVER}
    names = dict(root.get("/Names", {}))
    targets = [
        (name, Target(_escaped(_text(target, numbers, {})).replace("\n", " ")))
        for name, target in _targets(names.pop("/Dests", {}))
    ]
    by_name = dict(targets)

    def described(entries):
        kinds = {}
        for key, value in entries:
            kind = KINDS.get(key, key[1:])
            text = _text(value, numbers, by_name)
            kinds[kind] = f"{kinds[kind]}\n{text}" if kind in kinds else text
        return kinds

    entries = [pair for pair in _entries(root) if pair not in PANELS]
    document = described([*entries, *names.items(), ("/Info", info)])
    document["targets of links"] = "\n".join(sorted(target for _, target in targets))
    if "Metadata" in document:
        extra = _metadata(reader, info)
        document["Metadata"] = document["Metadata"] if extra is None else extra
    document["attachments"] = STREAM.sub("", document.get("attachments", ""))
    return [described(_of_page(page)) for page in reader.pages], document


def _metadata(reader, info):
    """Return what XMP metadata state beyond `info`; None if they cannot be read."""
    # Viewers may add such metadata.
    try:
        xmp = reader.xmp_metadata
        items = [("/Title", text) for text in (xmp.dc_title or {}).values()]
        items += [("/Subject", text) for text in (xmp.dc_description or {}).values()]
        items += [("/Author", ", ".join(xmp.dc_creator or []))]
        items += [("/Keywords", xmp.pdf_keywords or "")]
    except (PyPdfError, AttributeError):
        return None
    return "\n".join(f"{k} {text}" for k, text in items if text and text != info.get(k))


def _targets(tree):
    """Yield the names of targets in the document, and the targets."""
    for branch in tree.get("/Kids", ()):
        yield from _targets(branch.get_object())
    names = tree.get("/Names", ())
    yield from zip(names[::2], names[1::2], strict=True)


def _of_page(page):
    """Yield the keys and values of a page and of its resources."""
    contents = page.get_contents()  # all parts; falsy even if it has data
    yield "/Contents", "" if contents is None else f"<{sha256(contents.get_data())}>"
    yield from _entries(page)
    yield from page.get("/Resources", {}).items()


def _entries(dictionary):
    """Yield the entries that are not described separately."""
    return (pair for pair in dictionary.items() if pair[0] not in SEPARATE)


def _text(value, numbers, targets):
    """Describe a PDF object and all objects that it refers to, one on each line."""
    # `numbers` are page numbers by the number of their object; `targets` are by name.
    from pypdf.generic import NameObject, StreamObject

    labels, objects, lines = {}, [[value]], []

    def short(value):
        number = getattr(value, "idnum", None)  # of a reference
        if number in numbers:
            return f"page-{numbers[number] + 1}"
        value = value.get_object() if number else value
        if isinstance(value, dict) or (isinstance(value, list) and not _is_flat(value)):
            key = (number,) if number else id(value)
            if key not in labels:
                labels[key] = f"#{len(labels)}"
                objects.append(value)
            return labels[key]
        if isinstance(value, list):
            return f"[ {' '.join(map(short, value))} ]"
        if isinstance(value, int | float):
            return str(value) if value == int(value) else f"{value:.9g}"
        if isinstance(value, Target):
            return value
        if isinstance(value, NameObject):
            return json.dumps(value)[1:-1].replace(" ", "#20")
        return _escaped(json.dumps(f"({value})"))

    def entry(value, key):
        item = dict.__getitem__(value, key)
        is_name = isinstance(item, str) and key in TARGETS
        return targets.get(item, item) if is_name else item

    for value in objects:  # the list grows meanwhile
        parts = value
        if isinstance(value, dict):
            keys = (key for key in value if key not in STORAGE)
            keys = sorted(keys, key=lambda key: (len(key), key))  # /F9 before /F10
            parts = [p for key in keys for p in (key, entry(value, key))]
        line = " ".join(map(short, parts))
        if isinstance(value, StreamObject):
            line = f"{line} <{sha256(value.get_data())}>"
        lines.append(line)
    return "\n".join(_merged(lines))


def _merged(lines):
    """Merge the lines of equal objects: programs that save a copy may do so, too."""
    # The first line refers to the objects #0, #1, and so on.
    while len(unique := dict.fromkeys(lines[1:])) < len(lines) - 1:
        numbers = {line: f"#{number}" for number, line in enumerate(unique)}
        new = [numbers[line] for line in lines[1:]]
        renumbered = partial(OBJECT.sub, lambda match, new=new: new[int(match[1])])
        lines = [*map(renumbered, [lines[0], *unique])]
    return lines


def _escaped(text):
    """Return a text in which nothing looks like the number of an object."""
    return text.replace("#", "##")


def _is_flat(values):
    return not any(isinstance(v, dict | list) or hasattr(v, "idnum") for v in values)
