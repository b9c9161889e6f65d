"""Letters that LaTeX's T1 encoding lacks: names of people, in many scripts, and signs.

They are taken from the typeface of the page, else from the fonts that come with
matplotlib. Each of these fonts becomes an encoding of LaTeX, with only the letters that
a document needs, so that they are bold or italic as the text around them is.
"""

import re
import shutil
import struct
import subprocess
import unicodedata
from functools import cache
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path

from helpers.pipeline.command import first_few
from helpers.pipeline.environment import environment
from helpers.pipeline.errors import UserError
from helpers.reading.content import composed

SHAPES = (r"{m}{n}", r"{m}{it}", r"{b}{n}", r"{b}{it}")
PAGE = ("qplr", "qplri", "qplb", "qplbi")  # TeX Gyre Pagella
STIX = ("", "Italic", "Bol", "BolIta")
DEJAVU = ("", "-Italic", "-Bold", "-BoldItalic")
FAMILIES = (
    PAGE,
    tuple(f"STIXGeneral{s}" for s in STIX),
    tuple(f"DejaVuSerif{s}" for s in DEJAVU),
)
OF_CODE = tuple(f"DejaVuSansMono{s}" for s in ("", "-Oblique", "-Bold", "-BoldOblique"))
HEIGHT = 0.449  # of a small x of the page, in ems
LATIN = "\u0100"  # before it is Latin-1, all of which T1 has,
SIGNS = "–—‘’“”…"  # as it has these: most reports need not look for more
WIDTH = 0.525  # of each letter of code
NAMED = 5  # letters of a text that have no font
FIRST, MOST = 33, 200  # the number of the first letter in a font, and how many it has
DECLARED = re.compile(r"\\DeclareUnicodeCharacter\{(\w+)\}")


def require_letters(texts):
    """Raise UserError for all letters that no font has, of texts by their place."""
    found = {}
    for where, text in texts.items():
        missing = sorted(c for c in further_letters(text) if not _families(c))
        if missing:
            named = [f"{c!r} (U+{ord(c):04X})" for c in missing]
            found[where] = first_few(named, NAMED, ", ")
    if found:
        places = "; ".join(f"of {where}: {letters}" for where, letters in found.items())
        none = "no font of the PDF (make html needs none) has letters"
        raise UserError(f"{none} {places}")


def further_letters(text):
    """Return the letters of a text that T1 lacks, or builds from two letters."""
    letters = {c for c in composed(text) if c >= LATIN and c not in SIGNS}
    return letters - _in_t1() if letters else letters


def declarations(text):
    """Return what LaTeX needs for letters that T1 lacks: a preamble, and its files."""
    fonts = {}
    for number, letter in _chosen(further_letters(text)):
        # An accent has a width in code, where it cannot stand over a letter.
        in_code = _has(OF_CODE, letter) and not unicodedata.combining(letter)
        families = FAMILIES[number], OF_CODE if in_code else FAMILIES[number]
        fonts.setdefault(families, []).append(letter)
    lines, files = [], {}
    for families, letters in sorted(fonts.items()):
        for begin in range(0, len(letters), MOST):
            name, part = f"L{len(lines)}", letters[begin : begin + MOST]
            made = _encoding(name, families, part)
            lines += made[0]
            files |= made[1]
    return "\n".join(lines), files


def _chosen(letters):
    """Yield each letter that can be set, after the number of its family of fonts."""
    # All letters of a script are of one family, but Latin ones: T1 has most of them.

    def script(letter):
        name = unicodedata.name(letter, "").split(" ")[0]
        return letter if name in ("LATIN", "") else name

    known = sorted((c for c in letters if _families(c)), key=lambda c: (script(c), c))
    for _, group in groupby(known, key=script):
        group = [*group]
        shared = set.intersection(*map(_families, group))
        for letter in group:
            yield min(shared or _families(letter)), letter


def _encoding(name, families, letters):
    """Return the lines of LaTeX, and the files, that make an encoding of letters."""
    lines = [
        rf"\DeclareFontEncoding{{{name}}}{{}}{{}}",
        rf"\DeclareFontSubstitution{{{name}}}{{ppl}}{{m}}{{n}}",
    ]
    files = {}
    for tex, faces in zip(("ppl", "lmtt"), families, strict=True):
        lines.append(rf"\DeclareFontFamily{{{name}}}{{{tex}}}{{}}")
        for shape, face in zip(SHAPES, faces, strict=True):
            font = f"{name}-{face}"
            declared = rf"\DeclareFontShape{{{name}}}{{{tex}}}"
            lines.append(rf"{declared}{shape}{{<->s*[{_scale(face):.3f}]{font}}}{{}}")
            if "{b}" in shape:
                bold = f"<->ssub*{tex}/{shape[1:-1].replace('}{', '/')}"
                lines.append(rf"{declared}{shape.replace('b', 'bx')}{{{bold}}}{{}}")
            if f"{font}.tfm" not in files:
                made = _font(font, face, letters)
                lines += made[0]
                files |= made[1]
    for number, letter in enumerate(letters, FIRST):
        glyph = rf"\fontencoding{{{name}}}\selectfont\char{number}"
        glyph = rf"{{\ifmmode\text{{{glyph}}}\else{glyph}\fi}}"
        lines.append(rf"\DeclareUnicodeCharacter{{{ord(letter):04X}}}{{{glyph}}}")
    return lines, files


def _font(name, face, letters):
    """Return the lines of LaTeX, and the files, that make a font of letters."""
    glyphs = [_glyphs(face)[c] for c in letters]
    names = [".notdef"] * 256
    names[FIRST : FIRST + len(letters)] = glyphs
    encoding = f"/{name} [ {' '.join(f'/{n}' for n in names)} ] def\n"
    files = {f"{name}.enc": encoding.encode()}
    files[f"{name}.tfm"] = metrics([_size(face, c) for c in letters])
    source = f"{face}.pfb" if face in PAGE else f"{face}.ttf"
    if face not in PAGE:  # TeX lacks it
        files[source] = _path(face).read_bytes()
    lines = [rf"\pdfmapline{{={name} <[{name}.enc <{source}}}"]
    for glyph, letter in zip(glyphs, letters, strict=True):  # what it says when copied
        code = f"{{tfm:{name}/{glyph}}}{{{ord(letter):04X}}}"
        lines.append(rf"\pdfglyphtounicode{code}")
    return lines, files


def metrics(sizes):
    """Return TeX's metrics (TFM) of a font with letters from number `FIRST` on.

    `sizes` are the width, height and depth of each in ems. Heights and depths are
    rounded up to tenths, as the format has only sixteen of each.
    """
    tenths = [tenth / 10 for tenth in range(16)]
    # The first width is for numbers without a letter; an accent also has none.
    different = sorted({width for width, _, _ in sizes})
    widths = [0.0, *different]
    letters = b""
    for width, height, depth in sizes:
        up, down = (min(15, max(0, -int(-10 * y // 1))) for y in (height, depth))
        letters += bytes([1 + different.index(width), up << 4 | down, 0, 0])
    numbers = [0, 10, *widths, *tenths, *tenths, 0]  # a checksum, the size, the sizes
    words = b"".join(struct.pack(">i", round(n * 2**20)) for n in numbers)
    counts = [2, FIRST, FIRST + len(sizes) - 1, len(widths), 16, 16, 1, 0, 0, 0, 0]
    body = words[:8] + letters + words[8:]
    return struct.pack(">12h", 6 + len(body) // 4, *counts) + body


@cache
def _families(letter):
    """Return the numbers of the families of which all fonts have a letter."""
    return {number for number, family in enumerate(FAMILIES) if _has(family, letter)}


def _has(family, letter):
    return all(letter in _glyphs(face) for face in family)


@cache
def _in_t1():
    """Return the letters that LaTeX sets by itself, not as a letter and an accent."""
    # The page's font has them, as its encoding 8r says; others are spaces and such.
    names = ("utf8.def", "t1enc.dfu", "ts1enc.dfu", "omsenc.dfu", "ot1enc.dfu")
    declared = {chr(int(code, 16)) for code in DECLARED.findall(_texts(*names))}
    whole = {*re.findall(r"/(\w+)", _texts("8r.enc"))}
    whole = {c for c, name in _glyphs(PAGE[0]).items() if name in whole}
    whole |= {c for c in declared if unicodedata.category(c)[0] in "ZC"}
    return declared & whole


def _texts(*files):
    return "".join(path.read_text() for path in _found(*files))


@cache
def _glyphs(face):
    """Return the names of a font's glyphs, by letter."""
    if not _path(face):  # there is no TeX yet
        return {}
    font = _open(face)
    glyphs = font.get_charmap().items()
    return {chr(code): font.get_glyph_name(glyph) for code, glyph in glyphs}


def _size(face, letter):
    """Return the width, height and depth of a letter, in its font's ems."""
    from matplotlib.ft2font import LoadFlags

    font = _open(face)
    glyph = font.load_char(ord(letter), flags=LoadFlags.NO_SCALE)
    _, low, _, high = glyph.bbox
    return tuple(n / font.units_per_EM for n in (glyph.horiAdvance, high, -low))


def _scale(face):
    """Return how much larger a font is set than it is, to look like the page's."""
    if face in PAGE:
        return 1
    width, height, _ = _size(face, "x")
    return WIDTH / width if face in OF_CODE else HEIGHT / height


@cache
def _open(face):
    from matplotlib.ft2font import FT2Font

    return FT2Font(str(_path(face)))


def _path(face):
    """Return where a font is; None if TeX has it, and there is no TeX."""
    if face in PAGE:
        return next(iter(_found(f"{face}.pfb")), None)
    package = Path(find_spec("matplotlib").origin).parent
    return package / "mpl-data" / "fonts" / "ttf" / f"{face}.ttf"


@cache
def _found(*files):
    """Return where TeX has files; without TeX, nothing."""
    if not shutil.which("kpsewhich"):
        return []
    command = ["kpsewhich", *files]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True)
    return [Path(line) for line in done.stdout.splitlines()]
