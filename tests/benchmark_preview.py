"""Measure how soon the preview shows a saved notebook in Chromium.

``make benchmark`` runs it on the assignment's report in a copy of the project. It also
compares 200 states of a small report with full executions.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from browser import launch
from measure import Row, conclude
from project import Project

TIMES = 9
STATES = "200"
FIRST, SIZE = r"(sentence number \d+\. )?How far", r"figsize=\(6\.\d+, 2\.2\)"
# Wait until the change is in the document, and the next frame is painted.
WAIT = """(sign) => new Promise((go) => {
  const look = () => document.getElementById("report").innerHTML.includes(sign)
    ? requestAnimationFrame(() => setTimeout(() => go(Date.now())))
    : requestAnimationFrame(look);
  look();
})"""
READY = "document.querySelector('#state')?.textContent.startsWith('up to date')"


def main():
    """Measure, print the table, and fail if a save is shown too late."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        project = Project(Path(folder))
        process = project.start("helpers.pipeline.preview")
        address = process.stdout.readline().split()[-1]
        browser = launch(playwright)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(300_000)
        page.goto(address)
        page.locator("nav").wait_for()  # before that, the page is empty
        page.wait_for_function(READY)
        notebook = project.folder / "notebooks" / "report.ipynb"
        text = notebook.read_text(encoding="utf-8")
        cases = {"a sentence": [], "a figure": [], "a figure and all after it": []}
        for k in range(TIMES):
            sign = f"sentence number {k}"
            text = re.sub(FIRST, f"{sign}. How far", text, count=1)
            cases["a sentence"].append(time_to_show(page, notebook, text, sign))
            page.wait_for_function(READY)
            width = 6.3 + (k + 1) / 100
            text = re.sub(SIZE, f"figsize=({width:.2f}, 2.2)", text, count=1)
            sign = f"0 0 {72 * width:.2f}".rstrip("0")
            started = time.time()
            cases["a figure"].append(time_to_show(page, notebook, text, sign))
            page.wait_for_function(READY)
            cases["a figure and all after it"].append(time.time() - started)
        browser.close()
        process.send_signal(signal.SIGINT)
        process.communicate()
    bounds = ("<= 1", "<= 2", "")
    rows = [
        Row(f"{what}, from the save to the page", median(times), "s", bound)
        for (what, times), bound in zip(cases.items(), bounds, strict=True)
    ]
    sys.exit(0 if conclude("preview", rows, TIMES) and equals_full() else 1)


def time_to_show(page, notebook, text, sign):
    """Save a notebook; return the seconds until the page contains a text."""
    started = time.time()
    notebook.write_text(text, encoding="utf-8")
    return page.evaluate(WAIT, sign) / 1000 - started


def equals_full():
    """Compare many states of a small report with full executions."""
    environment = os.environ | {"PREVIEW_STEPS": STATES, "PREVIEW_SEED": "2"}
    tests = ["tests/preview/test_preview.py", "-k", "full_execution"]
    command = [sys.executable, "-m", "pytest", "-n", "0", *tests]
    return subprocess.run(command, env=environment).returncode == 0


if __name__ == "__main__":
    main()
