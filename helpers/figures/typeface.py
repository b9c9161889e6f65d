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


def in_figure(text):
    """Return a text that matplotlib draws as it is, beside a formula too."""
    font = font_manager.get_font(font_manager.findfont(mpl.rcParams["mathtext.rm"]))
    drawn = (
        each if font.get_char_index(ord(each)) else rf"$\mathtt{{{each}}}$"
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
