"""Show a live preview of a report while it is written: ``make preview``."""

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
from helpers.pipeline.preview.watch import INTERVAL, Preview
from helpers.pipeline.report.paths import requested_report
from helpers.pipeline.report.title import parameters_of

USER_ENVIRONMENT = dict(os.environ)  # before `use_environment`


def main():
    """Serve the preview on this machine until Ctrl-C."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--port", default="", help="by default, a free one")
    parser.add_argument("--again", action="store_true", help="the page is already open")
    options = parser.parse_args()
    if not CAN_FORK:
        raise UserError(
            "the preview needs forked kernels (Linux, without KERNELS=plain): make html"
        )
    if options.port and not options.port.isdecimal():
        raise UserError(
            f"PORT must be a number from 1024 to 65535, got {options.port!r}"
        )
    paths = requested_report()
    parameters_of(paths.name)  # raises an error if it is not a report
    server = PageServer(int(options.port or 0), paths)
    if not options.again:
        print(f"preview of {paths.name}: {server.address}", flush=True)
    try:
        if not options.again:
            open_browser(server.address)
        preview = Preview(server, paths)
        with contextlib.closing(preview.cells):
            while True:
                preview.look()
                time.sleep(INTERVAL)
    except KeyboardInterrupt:
        print("ended", file=sys.stderr)


def open_browser(address):
    """Open an address in the user's browser, if there is a desktop."""
    if any(USER_ENVIRONMENT.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")):
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.Popen(
            [sys.executable, "-m", "webbrowser", address], env=USER_ENVIRONMENT, **quiet
        )


if __name__ == "__main__":
    run_command(main)
