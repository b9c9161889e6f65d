"""Make the page of a report and, unless it is called with ``html``, its PDF."""

import sys

from helpers.pipeline.command import run_command
from helpers.pipeline.report.build import report

if __name__ == "__main__":
    run_command(lambda: report(with_pdf=sys.argv[1:] != ["html"]))
