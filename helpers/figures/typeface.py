"""The typeface of the page, for its figures.

LaTeX's own font files are used, so the figures of a machine without them fall back to
matplotlib's typeface.
"""

import subprocess
from functools import cache

import matplotlib as mpl
from matplotlib import font_manager

FAMILY = "TeX Gyre Pagella"
FILES = [f"texgyrepagella-{style}.otf" for style in ("regular", "italic", "bold")]


def use_typeface():
    """Draw all further figures in the typeface of the page; return if it was found."""
    found = _find_files()
    if len(found) < len(FILES):
        return False
    known = {font.fname for font in font_manager.fontManager.ttflist}
    for path in set(found) - known:
        font_manager.fontManager.addfont(path)
    mpl.rcParams["font.family"] = [FAMILY, *mpl.rcParamsDefault["font.family"]]
    styles = {"rm": "", "sf": "", "it": ":italic", "cal": ":italic", "bf": ":bold"}
    for name, style in styles.items():
        mpl.rcParams[f"mathtext.{name}"] = FAMILY + style
    mpl.rcParams["mathtext.tt"] = "DejaVu Serif"  # of letters that the others lack
    mpl.rcParams["mathtext.fontset"] = "custom"
    return True


def in_figure(text, instead=None):
    """Return a text that matplotlib draws as it is, beside a formula too.

    It is `instead`, if that is given, where a letter is in no font.
    """
    names = (mpl.rcParams["mathtext.rm"], mpl.rcParams["mathtext.tt"])
    page, other = (font_manager.get_font(font_manager.findfont(name)) for name in names)
    lacking = {each for each in text if not page.get_char_index(ord(each))}
    if instead and not all(other.get_char_index(ord(each)) for each in lacking):
        return instead
    drawn = (
        rf"$\mathtt{{{each}}}$" if each in lacking else each
        for each in text.replace("$", r"\$")
    )
    return "".join(drawn).replace(r"}$$\mathtt{", "")


@cache
def _find_files():
    """Return where TeX has the typeface; nothing without TeX."""
    command = ["kpsewhich", *FILES]
    try:
        return subprocess.run(command, capture_output=True, text=True).stdout.split()
    except OSError:
        return []
