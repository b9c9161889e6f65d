"""Write the notebook of a new report: a skeleton that builds, with all kinds of items.

Run it as a script with the report's name.
"""

import re
import sys

from helpers import ROOT
from helpers.pipeline.command import run_command
from helpers.pipeline.errors import UserError
from helpers.pipeline.report.paths import Paths

SKELETON = ROOT / "report" / "template" / "skeleton.ipynb"


def main():
    """Write the notebook, without overwriting an existing one."""
    name = sys.argv[1]
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise UserError(
            "NAME must consist of lowercase letters, digits and hyphens, such as "
            f"assignment2, got {name!r}"
        )
    path = Paths(name).notebook
    shown = path.relative_to(ROOT)
    try:
        with path.open("xb") as notebook:
            notebook.write(SKELETON.read_bytes())
    except FileExistsError:
        raise UserError(f"{shown} exists already: choose another NAME") from None
    print(f"wrote {shown}; now run make report REPORT={name}")


if __name__ == "__main__":
    run_command(main)
