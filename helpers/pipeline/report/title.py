"""The title block that a person gives to make: COURSE, TITLE, STUDENT and DATE.

Run as a script, it checks them; with ``html``, not whether the PDF has their letters.
"""

import os
import sys

from helpers.pipeline.command import run_command
from helpers.pipeline.errors import UserError
from helpers.pipeline.report.letters import composed, require_letters

LONGEST = 500  # letters of a line of the title block
TITLE_BLOCK = ("course", "title", "student", "date")


def title_block(*, with_pdf=True):
    """Return what the environment has of the title block, each a line of a page.

    Parameters
    ----------
    with_pdf : bool
        Whether the fonts of the PDF must have its letters.
    """
    given = {name: os.environ.get(name.upper(), "") for name in TITLE_BLOCK}
    for name, text in given.items():
        if not text.isprintable() or len(text) > LONGEST:
            raise UserError(
                f"{name.upper()} must be one line of at most {LONGEST} letters, got "
                f"{text[:60]!a}"
            )
        if with_pdf:
            require_letters(text, name.upper())
    return {name: composed(text) for name, text in given.items() if text}


def main():
    """Check the title block."""
    title_block(with_pdf=sys.argv[1:] != ["html"])


if __name__ == "__main__":
    run_command(main)
