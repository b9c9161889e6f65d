"""Drive a real browser, and the live figure in it."""

import shutil

from helpers.explore.page import live_html

PATIENCE = 30_000  # milliseconds
# After two frames, the page has been laid out and all size observers have been called.
LAID_OUT = """size => new Promise(done => {
  const wait = () => innerWidth === size.width && innerHeight === size.height
    ? requestAnimationFrame(() => requestAnimationFrame(() => done()))
    : requestAnimationFrame(wait);
  wait();
})"""
DOCUMENT = (
    '<!doctype html><html lang="en"><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width"><title>Live</title>'
    "<body><main><h1>Live</h1>{}</main></body></html>"
)


def launch(playwright):
    """Start Chromium."""
    return playwright.chromium.launch(executable_path=shutil.which("chromium"))


def open_page(context, complaints):
    """Open a page in a context; its errors are appended to `complaints`."""
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda message: message.type == "error" and complaints.append(message.text),
    )
    return page


def write_page(problem, path):
    """Write a page with the live figure, and return its address."""
    path.write_text(DOCUMENT.format(live_html(problem)), encoding="utf-8")
    return path.as_uri()


def settled(page):
    """Wait until the figure is drawn, and its setting is in the address."""
    page.wait_for_function("document.getElementById('live').live?.plots.charts.costs")


def resize(page, size):
    """Resize a page to a width and height, and wait for its new layout."""
    page.set_viewport_size(size)
    page.evaluate(LAID_OUT, size)
