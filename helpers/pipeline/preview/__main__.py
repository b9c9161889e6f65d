"""Show the page of a report while it is written: ``make preview``."""

import argparse
import contextlib
import os
import subprocess
import sys
import time

from helpers.pipeline.command import run_command
from helpers.pipeline.errors import UserError
from helpers.pipeline.kernels.warm import CAN_FORK
from helpers.pipeline.preview.server import PageServer
from helpers.pipeline.preview.watch import OFTEN, Preview
from helpers.pipeline.report.paths import requested_report
from helpers.pipeline.report.title import parameters_of

SCREEN = dict(os.environ)  # as it was given


def main():
    """Serve the page on this machine, until Ctrl-C."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--port", default="", help="a free one by default")
    parser.add_argument("--again", action="store_true", help="a page is open already")
    options = parser.parse_args()
    if not CAN_FORK:
        raise UserError("a preview forks processes, as Linux can: make html")
    if options.port and not options.port.isdecimal():
        raise UserError(
            f"PORT must be a number from 1024 to 65535, got {options.port!r}"
        )
    paths = requested_report()
    parameters_of(paths.name)  # says what is no report
    server = PageServer(int(options.port or 0), paths)
    if not options.again:
        print(f"{paths.name}, as it is written: {server.address}", flush=True)
    try:
        if not options.again:
            open_browser(server.address)
        preview = Preview(server, paths)
        with contextlib.closing(preview.cells):
            while True:
                preview.look()
                time.sleep(OFTEN)
    except KeyboardInterrupt:
        print("ended", file=sys.stderr)


def open_browser(address):
    """Open an address in the browser of a person's desktop, if there is one."""
    if any(SCREEN.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")):
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.Popen(
            [sys.executable, "-m", "webbrowser", address], env=SCREEN, **quiet
        )


if __name__ == "__main__":
    run_command(main)
