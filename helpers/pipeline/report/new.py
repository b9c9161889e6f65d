"""Write the notebook of a new report: a skeleton that builds, with an example of all.

Run as a script, it is given the report's name.
"""

import re
import sys

from helpers import ROOT
from helpers.pipeline.command import run_command
from helpers.pipeline.errors import UserError
from helpers.pipeline.report.paths import Paths

SKELETON = ROOT / "report" / "template" / "skeleton.ipynb"


def main():
    """Write the notebook; nothing is overwritten."""
    name = sys.argv[1]
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise UserError(
            "NAME must be small letters, digits and hyphens, such as assignment2, got "
            f"{name!r}"
        )
    path = Paths(name).notebook
    try:
        with path.open("xb") as new:
            new.write(SKELETON.read_bytes())
    except FileExistsError:
        given = path.relative_to(ROOT)
        raise UserError(f"{given} exists already: choose another NAME") from None
    print(f"written: {path.relative_to(ROOT)}; now make report REPORT={name}")


if __name__ == "__main__":
    run_command(main)
