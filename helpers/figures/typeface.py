"""Draw figures in the typeface of the page.

The font files are LaTeX's own; without them figures fall back to matplotlib's typeface.
"""

import subprocess
from functools import cache

import matplotlib as mpl
from matplotlib import font_manager

FAMILY = "TeX Gyre Pagella"
FILES = [f"texgyrepagella-{style}.otf" for style in ("regular", "italic", "bold")]


def use_typeface():
    """Draw all further figures in the page's typeface; tell whether it is available."""
    paths = _find_files()
    if len(paths) < len(FILES):
        return False
    registered = {font.fname for font in font_manager.fontManager.ttflist}
    for path in set(paths) - registered:
        font_manager.fontManager.addfont(path)
    mpl.rcParams["font.family"] = [FAMILY, *mpl.rcParamsDefault["font.family"]]
    styles = {"rm": "", "sf": "", "it": ":italic", "cal": ":italic", "bf": ":bold"}
    for name, style in styles.items():
        mpl.rcParams[f"mathtext.{name}"] = FAMILY + style
    mpl.rcParams["mathtext.tt"] = "DejaVu Serif"  # for missing letters
    mpl.rcParams["mathtext.fontset"] = "custom"
    return True


def in_figure(text, fallback=None):
    """Return a text that matplotlib draws literally, even next to a formula.

    If a letter is in neither font, return `fallback`, if that is given.
    """
    names = (mpl.rcParams["mathtext.rm"], mpl.rcParams["mathtext.tt"])
    main, spare = (font_manager.get_font(font_manager.findfont(name)) for name in names)
    missing = {letter for letter in text if not main.get_char_index(ord(letter))}
    if fallback and not all(spare.get_char_index(ord(letter)) for letter in missing):
        return fallback
    letters = (
        rf"$\mathtt{{{letter}}}$" if letter in missing else letter
        for letter in text.replace("$", r"\$")
    )
    return "".join(letters).replace(r"}$$\mathtt{", "")


@cache
def _find_files():
    """Return the paths of TeX's font files; empty without TeX."""
    command = ["kpsewhich", *FILES]
    try:
        return subprocess.run(command, capture_output=True, text=True).stdout.split()
    except OSError:
        return []
