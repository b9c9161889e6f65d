"""Serve the page of a preview on loopback; open pages update themselves in place."""

import contextlib
import errno
import json
import subprocess
import threading
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from helpers import ROOT
from helpers.pipeline.command import error_in
from helpers.pipeline.environment import environment
from helpers.pipeline.errors import UserError
from helpers.pipeline.kernels.audit import file_stamp
from helpers.pipeline.report.title import report_environment

SCRIPT = ROOT / "report" / "page" / "preview.js"
EMPTY = (
    '<!DOCTYPE html>\n<html lang="en-GB"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width"><title>Preview</title>'
    '<link rel="icon" href="data:,"></head><body><main id="report"></main>'
    "</body></html>"
)
ALIVE = 15  # seconds without news after which to test whether a page is still open


class PageServer(ThreadingHTTPServer):
    """The server: `show` replaces its page, and `set_state` updates its state."""

    def __init__(self, port, paths):
        self.paths = paths
        try:
            super().__init__(("127.0.0.1", port), _Handler)
        except (OSError, OverflowError) as error:
            if getattr(error, "errno", 0) == errno.EADDRINUSE:
                reason = "in use; without PORT, a free one is chosen"
            else:
                reason = "not available: PORT must be from 1024 to 65535"
            raise UserError(f"the port {port} is {reason}") from None
        self.address = f"http://127.0.0.1:{self.server_port}"
        self.changed, self.state = threading.Condition(), {}
        self.show(EMPTY)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def show(self, html, **state):
        """Show a page, and set the state."""
        version = f"{zlib.crc32(html.encode()):x}"
        script = f'<script id="watch" src="preview.js" data-page="{version}"></script>'
        self.html = html.replace("</body>", f"{script}\n</body>")
        self.set_state(page=version, **state)

    def set_state(self, **state):
        """Change the state, and notify all open pages."""
        with self.changed:
            if any(self.state.get(name) != state[name] for name in state):
                self.state = self.state | state
                self.changed.notify_all()

    def make_pdf(self):
        """Make the report, as ``make report`` does, unless it is already being made."""
        with self.changed:
            if self.state.get("making"):
                return
            self.state["making"] = "making the PDF"
        variables = report_environment(self.paths.name)
        command = ["make", "--no-print-directory", "report"]
        command += [f"{name}={text}" for name, text in variables.items() if text]
        pipe, lines = subprocess.PIPE, []
        options = {"cwd": ROOT, "env": environment(), "text": True}
        with subprocess.Popen(
            command, stdout=pipe, stderr=subprocess.STDOUT, **options
        ) as make:
            for line in make.stdout:
                lines.append(line)
                self.set_state(making=f"making the PDF: {line.strip()}", failed="")
        failed = error_in("".join(lines), make.returncode) if make.returncode else ""
        self.set_state(
            making="",
            failed=failed,
            made="" if failed else f"{file_stamp(self.paths.pdf)[0]}",
        )


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        """Log nothing."""

    def do_GET(self):  # noqa: N802
        """Send the page, its script, its changes or the PDF."""
        path = self.path.partition("?")[0]
        if not self._is_local():
            self._send(403, "text/plain", b"this page is only for this machine")
        elif path == "/":
            self._send(200, "text/html; charset=utf-8", self.server.html.encode())
        elif path == "/preview.js":
            self._send(200, "text/javascript; charset=utf-8", SCRIPT.read_bytes())
        elif path == "/report.pdf" and self.server.paths.pdf.exists():
            self._send(200, "application/pdf", self.server.paths.pdf.read_bytes())
        elif path == "/events":
            with contextlib.suppress(OSError):  # the page was closed
                self._send_events()
        else:
            self._send(404, "text/plain", b"there is no such page")

    def do_POST(self):  # noqa: N802
        """Make the PDF, but only for a request from the page itself."""
        origin = f"http://{self.headers['Host']}"
        if not self._is_local() or self.headers["Origin"] != origin:
            self._send(403, "text/plain", b"only the page itself may request this")
            return
        threading.Thread(target=self.server.make_pdf, daemon=True).start()
        self._send(202, "text/plain", b"")

    def _is_local(self):
        """Tell whether the request uses a name of this machine."""
        port = self.server.server_port
        return self.headers["Host"] in (f"127.0.0.1:{port}", f"localhost:{port}")

    def _send(self, status, kind, content):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self._end_head()
        with contextlib.suppress(OSError):
            self.wfile.write(content)

    def _end_head(self):
        self.send_header("Cache-Control", "no-store")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.send_header("X-Frame-Options", "DENY")
        self.end_headers()

    def _send_events(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self._end_head()
        server, sent = self.server, None
        while True:
            with server.changed:
                if server.state is sent:
                    server.changed.wait(ALIVE)
                changed, sent = server.state is not sent, server.state
            text = f"data: {json.dumps(sent)}\n\n" if changed else ": alive\n\n"
            self.wfile.write(text.encode())
            self.wfile.flush()
