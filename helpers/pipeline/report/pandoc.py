"""Convert with the locked pandoc, whatever other one a person has installed."""

import os
from pathlib import Path


def convert(text, to, source, *options):
    """Convert a text with pandoc.

    Parameters
    ----------
    text : str
        What to convert.
    to, source : str
        Names of formats.
    *options : str
        Further arguments of pandoc.

    Returns
    -------
    str
        The text in the other format.
    """
    import pypandoc

    [locked] = Path(pypandoc.__file__).with_name("files").glob("pandoc*")
    os.environ["PYPANDOC_PANDOC"] = str(locked)
    return pypandoc.convert_text(text, to, format=source, extra_args=options)
