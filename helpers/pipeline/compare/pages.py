"""Make pages that show differences.

Their templates escape all texts, because reports of other people are not trusted.
"""

import base64
import io

import numpy as np

from helpers import ROOT
from helpers.pipeline.verify.verdicts import readable

TEMPLATES = ROOT / "helpers" / "pipeline"
NAMESPACES = 'xmlns="http://www.w3.org/2000/svg" '
NAMESPACES += 'xmlns:xlink="http://www.w3.org/1999/xlink"'


def to_page(template, **variables):
    """Render a page from a template, such as ``compare/page.html.j2``."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"picture": picture, "readable": readable}
    return environment.get_template(template).render(variables)


def _printable(value):
    """Return a text without control characters, which could hide other text."""
    if type(value) is not str:
        return value
    return "".join(c if c.isprintable() or c == "\n" else " " for c in value)


def picture(look):
    """Return SVG, grey values or a PNG file as the URL of a picture."""
    kind = "svg+xml" if isinstance(look, str) else "png"
    if isinstance(look, str):
        look = look.replace("<svg ", f"<svg {NAMESPACES} ", 1).encode()
    elif isinstance(look, np.ndarray):
        from PIL import Image

        buffer = io.BytesIO()
        Image.fromarray(look).reduce(2).save(buffer, "png", optimize=True)
        look = buffer.getvalue()
    return f"data:image/{kind};base64,{base64.b64encode(look).decode()}"
