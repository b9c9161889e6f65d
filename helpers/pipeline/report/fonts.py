"""Supply letters that LaTeX's T1 encoding lacks: names in many scripts, and symbols.

They come from the typeface of the page or, failing that, from matplotlib's fonts. Each
such font becomes a LaTeX encoding with only the letters that the document needs, so
that they turn bold or italic with the text around them.
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
MONO = tuple(f"DejaVuSansMono{s}" for s in ("", "-Oblique", "-Bold", "-BoldOblique"))
X_HEIGHT = 0.449  # height of a lowercase x in the page's typeface, in ems
# T1 has all of Latin-1, which ends before this letter, and these signs.
BEYOND_LATIN_1, SIGNS = "\u0100", "–—‘’“”…"
CODE_WIDTH = 0.525  # width of each letter of code, in ems
MAX_NAMED = 5  # letters without a font that an error names for each text
FIRST, MAX_LETTERS = 33, 200  # of a font: the code of its first letter; its capacity
DECLARED = re.compile(r"\\DeclareUnicodeCharacter\{(\w+)\}")


def require_letters(texts):
    """Raise UserError for all letters of texts, given by place, that no font has."""
    missing = {}
    for where, text in texts.items():
        letters = sorted(c for c in letters_beyond_t1(text) if not _families(c))
        if letters:
            names = [f"{c!r} (U+{ord(c):04X})" for c in letters]
            missing[where] = first_few(names, MAX_NAMED, ", ")
    if missing:
        places = "; ".join(f"of {where}: {names}" for where, names in missing.items())
        raise UserError(
            f"the PDF has no font for letters {places} (make html needs none)"
        )


def letters_beyond_t1(text):
    """Return the letters of a text that T1 lacks, or composes from two glyphs."""
    letters = {c for c in composed(text) if c >= BEYOND_LATIN_1 and c not in SIGNS}
    return letters - _in_t1() if letters else letters


def declarations(text):
    """Return the LaTeX preamble for letters that T1 lacks, and the files it needs."""
    fonts = {}
    for number, letter in _with_family(letters_beyond_t1(text)):
        # In code, an accent has a width, and so cannot stand over a letter.
        in_code = _has(MONO, letter) and not unicodedata.combining(letter)
        families = FAMILIES[number], MONO if in_code else FAMILIES[number]
        fonts.setdefault(families, []).append(letter)
    lines, files = [], {}
    for families, letters in sorted(fonts.items()):
        for begin in range(0, len(letters), MAX_LETTERS):
            name, part = f"L{len(lines)}", letters[begin : begin + MAX_LETTERS]
            new_lines, new_files = _encoding(name, families, part)
            lines += new_lines
            files |= new_files
    return "\n".join(lines), files


def _with_family(letters):
    """Yield the number of a font family and a letter, for each letter that has one."""
    # Letters of one script share a family, except Latin ones: T1 has most of those.

    def script(letter):
        name = unicodedata.name(letter, "").split(" ")[0]
        return letter if name in ("LATIN", "") else name

    covered = sorted((c for c in letters if _families(c)), key=lambda c: (script(c), c))
    for _, group in groupby(covered, key=script):
        group = [*group]
        shared = set.intersection(*map(_families, group))
        for letter in group:
            yield min(shared or _families(letter)), letter


def _encoding(name, families, letters):
    """Return the LaTeX lines, and the files, that define an encoding of letters."""
    lines = [
        rf"\DeclareFontEncoding{{{name}}}{{}}{{}}",
        rf"\DeclareFontSubstitution{{{name}}}{{ppl}}{{m}}{{n}}",
    ]
    files = {}
    for tex, faces in zip(("ppl", "lmtt"), families, strict=True):
        lines.append(rf"\DeclareFontFamily{{{name}}}{{{tex}}}{{}}")
        for shape, face in zip(SHAPES, faces, strict=True):
            font = f"{name}-{face}"
            declare = rf"\DeclareFontShape{{{name}}}{{{tex}}}"
            lines.append(rf"{declare}{shape}{{<->s*[{_scale(face):.3f}]{font}}}{{}}")
            if "{b}" in shape:
                bold = f"<->ssub*{tex}/{shape[1:-1].replace('}{', '/')}"
                lines.append(rf"{declare}{shape.replace('b', 'bx')}{{{bold}}}{{}}")
            if f"{font}.tfm" not in files:
                font_lines, font_files = _font(font, face, letters)
                lines += font_lines
                files |= font_files
    for number, letter in enumerate(letters, FIRST):
        glyph = rf"\fontencoding{{{name}}}\selectfont\char{number}"
        glyph = rf"{{\ifmmode\text{{{glyph}}}\else{glyph}\fi}}"
        lines.append(rf"\DeclareUnicodeCharacter{{{ord(letter):04X}}}{{{glyph}}}")
    return lines, files


def _font(name, face, letters):
    """Return the LaTeX lines, and the files, that define a font of letters."""
    glyphs = [_glyphs(face)[c] for c in letters]
    names = [".notdef"] * 256
    names[FIRST : FIRST + len(letters)] = glyphs
    encoding = f"/{name} [ {' '.join(f'/{n}' for n in names)} ] def\n"
    files = {f"{name}.enc": encoding.encode()}
    files[f"{name}.tfm"] = metrics([_size(face, c) for c in letters])
    source = f"{face}.pfb" if face in PAGE else f"{face}.ttf"
    if face not in PAGE:  # TeX does not have it
        files[source] = _path(face).read_bytes()
    lines = [rf"\pdfmapline{{={name} <[{name}.enc <{source}}}"]
    for glyph, letter in zip(glyphs, letters, strict=True):  # for text that is copied
        code = f"{{tfm:{name}/{glyph}}}{{{ord(letter):04X}}}"
        lines.append(rf"\pdfglyphtounicode{code}")
    return lines, files


def metrics(sizes):
    """Return TeX font metrics (TFM) of a font whose letters have codes from `FIRST` on.

    `sizes` are the width, height and depth of each letter in ems. Heights and depths
    are rounded up to tenths, as the format allows only sixteen of each.
    """
    tenths = [tenth / 10 for tenth in range(16)]
    # The first width is for codes without a letter; an accent may have no width either.
    distinct = sorted({width for width, _, _ in sizes})
    widths = [0.0, *distinct]
    letters = b""
    for width, height, depth in sizes:
        up, down = (min(15, max(0, -int(-10 * y // 1))) for y in (height, depth))
        letters += bytes([1 + distinct.index(width), up << 4 | down, 0, 0])
    numbers = [0, 10, *widths, *tenths, *tenths, 0]  # checksum, size, sizes of letters
    words = b"".join(struct.pack(">i", round(n * 2**20)) for n in numbers)
    counts = [2, FIRST, FIRST + len(sizes) - 1, len(widths), 16, 16, 1, 0, 0, 0, 0]
    body = words[:8] + letters + words[8:]
    return struct.pack(">12h", 6 + len(body) // 4, *counts) + body


@cache
def _families(letter):
    """Return the numbers of the families that have a letter in all of their fonts."""
    return {number for number, family in enumerate(FAMILIES) if _has(family, letter)}


def _has(family, letter):
    return all(letter in _glyphs(face) for face in family)


@cache
def _in_t1():
    """Return the letters that LaTeX sets as one glyph, without adding an accent."""
    # The page's font has them, according to its encoding 8r; the rest are spaces.
    names = ("utf8.def", "t1enc.dfu", "ts1enc.dfu", "omsenc.dfu", "ot1enc.dfu")
    declared = {chr(int(code, 16)) for code in DECLARED.findall(_texts(*names))}
    glyph_names = {*re.findall(r"/(\w+)", _texts("8r.enc"))}
    single = {c for c, name in _glyphs(PAGE[0]).items() if name in glyph_names}
    single |= {c for c in declared if unicodedata.category(c)[0] in "ZC"}
    return declared & single


def _texts(*files):
    return "".join(path.read_text() for path in _tex_paths(*files))


@cache
def _glyphs(face):
    """Return the names of a font's glyphs, by letter."""
    if not _path(face):  # TeX is not installed yet
        return {}
    font = _open(face)
    glyphs = font.get_charmap().items()
    return {chr(code): font.get_glyph_name(glyph) for code, glyph in glyphs}


def _size(face, letter):
    """Return the width, height and depth of a letter, in ems of its font."""
    from matplotlib.ft2font import LoadFlags

    font = _open(face)
    glyph = font.load_char(ord(letter), flags=LoadFlags.NO_SCALE)
    _, low, _, high = glyph.bbox
    return tuple(n / font.units_per_EM for n in (glyph.horiAdvance, high, -low))


def _scale(face):
    """Return the factor by which a font is enlarged to match that of the page."""
    if face in PAGE:
        return 1
    width, height, _ = _size(face, "x")
    return CODE_WIDTH / width if face in MONO else X_HEIGHT / height


@cache
def _open(face):
    from matplotlib.ft2font import FT2Font

    return FT2Font(str(_path(face)))


def _path(face):
    """Return the path of a font; None if it is one of TeX's, and TeX is missing."""
    if face in PAGE:
        return next(iter(_tex_paths(f"{face}.pfb")), None)
    package = Path(find_spec("matplotlib").origin).parent
    return package / "mpl-data" / "fonts" / "ttf" / f"{face}.ttf"


@cache
def _tex_paths(*files):
    """Return the paths of TeX's files; none without TeX."""
    if not shutil.which("kpsewhich"):
        return []
    command = ["kpsewhich", *files]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True)
    return [Path(line) for line in done.stdout.splitlines()]
