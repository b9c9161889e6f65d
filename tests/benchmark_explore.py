"""Measure how soon the live figure responds to a change of a control.

``make benchmark`` runs it in Chromium, with 1,000 iterations on the full data. A change
is the event that a moved slider sends. The figure has responded once the browser has
finished the next frame, including painting.
"""

import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
from browser import launch, settled, write_page
from measure import Row, conclude

from helpers.explore.problem import make_problem

TIMES = 60
SIZES = {"a projector": (1920, 1080), "a laptop": (1440, 900), "a phone": (360, 740)}
ROWS = 200_000
# Change a control at the beginning of a frame, as a drag does, and wait for the first
# task after that frame is painted.
MEASURE = """async ({ part, values }) => {
  const control = document.querySelector(part);
  const times = [];
  for (const value of values) {
    await new Promise((go) => setTimeout(go, 50));
    await new Promise((go) => requestAnimationFrame(go));
    const started = performance.now();
    control.value = value;
    control.dispatchEvent(new Event("input", { bubbles: true }));
    const { port1, port2 } = new MessageChannel();
    await new Promise((go) => { port1.onmessage = go; port2.postMessage(0); });
    times.push(performance.now() - started);
  }
  return times;
}"""
RATES = np.linspace(-3, -0.6, TIMES).round(2).astype(str).tolist()
CHANGES = {
    "learning rate": ("[data-name=rate] [type=range]", RATES),
    "optimiser": (
        "[data-name=optimiser] select",
        ["adam", "nesterov", "rmsprop", "plain"] * 15,
    ),
    "scaling": ("[data-name=scaling] select", ["min-max", "standardise"] * 30),
    "iterations": (
        "[data-name=iterations] input",
        [str(970 + k) for k in range(TIMES)],
    ),
}


def main():
    """Measure, print the table, and fail if a response takes too long."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = launch(playwright)
        cars = write_page(make_problem("data/auto.csv", "mpg"), Path(folder, "a.html"))
        rows = [response(browser, cars, name) for name in CHANGES]
        for where in ("a projector", "a phone"):
            rows.append(response(browser, cars, "learning rate", where))
        many = write_page(make_problem(large(folder), "y"), Path(folder, "b.html"))
        rows.append(response(browser, many, "learning rate", of=f", {ROWS:,} rows"))
        browser.close()
    sys.exit(0 if conclude("explore", rows, TIMES) else 1)


def response(browser, address, name, where="a laptop", of=""):
    """Return the median response time to changes of a control."""
    width, height = SIZES[where]
    page = browser.new_page(viewport={"width": width, "height": height})
    page.goto(address)
    settled(page)
    control, values = CHANGES[name]
    page.evaluate(MEASURE, {"part": control, "values": values[:10]})  # warm up
    times = page.evaluate(MEASURE, {"part": control, "values": values})
    page.close()
    row = f"{name}, on {where}{of}"
    return Row(row, statistics.median(times) / 1000, "s", "<= 0.016")


def large(folder):
    """Write a table with many rows, and return its path."""
    rng, path = np.random.default_rng(0), Path(folder, "many.csv")
    X = rng.normal(size=(ROWS, 7))
    table = np.column_stack([X, X.sum(axis=1) + rng.normal(size=ROWS)])
    header = ",".join("abcdefgy")
    np.savetxt(path, table, "%.6g", delimiter=",", header=header, comments="")
    return path


if __name__ == "__main__":
    main()
