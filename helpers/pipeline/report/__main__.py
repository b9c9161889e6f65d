"""Make ``report/report.pdf``."""

from helpers.pipeline.command import run_command
from helpers.pipeline.report.build import report

if __name__ == "__main__":
    run_command(report)
