"""Make ``report/report.html`` and, unless it is called with ``html``, the PDF."""

import sys

from helpers.pipeline.command import run_command
from helpers.pipeline.report.build import report

if __name__ == "__main__":
    run_command(lambda: report(with_pdf=sys.argv[1:] != ["html"]))
