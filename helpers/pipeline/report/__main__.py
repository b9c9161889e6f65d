"""Make a report: its PDF and its page, or only one, with ``pdf`` or ``html``."""

import sys

from helpers.pipeline.command import run_command
from helpers.pipeline.report.build import report

if __name__ == "__main__":
    only = sys.argv[1:]
    run_command(
        lambda: report(with_pdf=only != ["html"], with_page=only != ["pdf"]),
        "finished runs are kept",
    )
