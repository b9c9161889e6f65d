"""The preview: no stale numbers, errors at their cells, for this machine only."""

import gc
import http.client
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from browser import PATIENCE
from project import until
from pypdf import PdfReader
from small import files_of, make_small

from helpers.pipeline.errors import UserError
from helpers.pipeline.kernels.warm import CAN_FORK
from helpers.pipeline.preview.__main__ import main
from helpers.pipeline.preview.server import PageServer
from helpers.pipeline.preview.snapshots import Snapshots
from helpers.pipeline.report.paths import Paths
from helpers.pipeline.sweep.notebooks import NOTEBOOKS

# How many states to compare; `make benchmark` compares 200.
STEPS = os.environ.get("PREVIEW_STEPS", "3")
SEED = os.environ.get("PREVIEW_SEED", "16")
EDITS = Path(__file__).parents[1] / "previewed.py"


def test_the_preview_shows_what_a_full_execution_does(finished):
    command = [sys.executable, str(EDITS), SEED, STEPS]
    options = {"capture_output": True, "text": True, "env": finished.environment}
    done = subprocess.run(command, cwd=finished.folder, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "compared: " in done.stdout


WRITING = """
from pathlib import Path
from helpers.pipeline.preview.snapshots import Snapshots

if __name__ == "__main__":
    cells = Snapshots(["helpers.new"], Path())
    assert "helpers/new.py" in cells.preloaded
    path = Path("data", "mine.txt")
    for source in (
        f"from pathlib import Path; path = Path('{path}')",
        "path.write_text('1')",
        "path.write_text(path.read_text() + '1')",
        "path.read_text()",
    ):
        cells.execute({"id": "a", "source": source, "counts": True}, bool)
    changed = [cells.changed_since(done.read) for done in cells.done]
    other = Snapshots([], Path())  # as of another preview
    source = "open('data/other.txt', 'w').close()"
    other.execute({"id": "a", "source": source, "counts": True}, bool)
    other.close()
    path.write_text("other")
    print(*changed, *(cells.changed_since(done.read) for done in cells.done))
    print(*cells.written())
    with open(cells.log.name, "ab", buffering=0) as log:  # a line in two parts
        log.write(b'["data/half')
        print(*cells.written() - {"data/mine.txt"})
        log.write(b'.txt", "written", null]\\n')
        print(*cells.written() - {"data/mine.txt"})
    cells.close()
"""


def test_what_cells_read_and_write_is_known(project):
    project.write("writing.py", WRITING)
    project.write("helpers/new.py", "")  # its bytecode is written when it is imported
    command = [sys.executable, "writing.py"]
    environment = project.environment | {"PYTHONDONTWRITEBYTECODE": ""}
    options = {"capture_output": True, "text": True, "env": environment}
    done = subprocess.run(command, cwd=project.folder, timeout=100, **options)
    changed, written, *of_halves = done.stdout.splitlines()
    # For the second cell, the file is as the third one left it. The fourth need not
    # know of the change: it is executed again with any cell before it.
    assert changed == "False True False False False True True False", done.stderr
    assert written == "data/mine.txt"
    assert of_halves == ["", "data/half.txt"]


@pytest.mark.skipif(not CAN_FORK, reason="kernels are forked on Linux only")
def test_a_kernel_of_which_nothing_is_shown_any_more_ends_at_once():
    gc.disable()  # the garbage collector would end it sooner or later
    cells, pids = Snapshots([], NOTEBOOKS), []
    slow = "import os, time; time.sleep(0.1); print(os.getpid())"
    try:
        for source in (slow, slow, slow, "1 / 0"):
            done = cells.execute({"id": "a", "source": source, "counts": True}, bool)
            pids += [int(output.text) for output in done.outputs if "text" in output]
        assert len({*filter(psutil.pid_exists, pids)}) == 3
        cells.back_to(1)
        until(lambda: [psutil.pid_exists(pid) for pid in pids] == [True, False, False])
    finally:
        cells.close()
        gc.enable()


BY_HAND = """
from types import SimpleNamespace
from helpers import ROOT
from helpers.pipeline.environment import use_environment
from helpers.pipeline.preview.watch import Preview
from helpers.pipeline.report.paths import Paths

if __name__ == "__main__":
    paths, pages = Paths(), []
    use_environment(JPY_SESSION_NAME=str(paths.notebook))
    server = SimpleNamespace(
        set_state=lambda **state: None, show=lambda html, **state: pages.append(html)
    )
    preview = Preview(server, paths)
    for text in ("", "22", ""):
        if text:
            (ROOT / "data" / "made.txt").write_text(text)
        preview.look()
        print(len(pages), "title=\\"n: 22" in pages[-1])
    print([done.cell["id"] for done in preview.cells.done if preview.path in done.read])
    preview.cells.close()
"""


def test_a_change_by_hand_of_what_a_cell_has_written_is_shown(project):
    made = 'made = ROOT / "data" / "made.txt"\nmade.exists() or made.write_text("1")'
    stated = 'claims.state("n", int(made.read_text()), "d")'
    listed = "report.listing(load_experiment, label='load', caption='By @boyd2004.')"
    works = 'report.experiment("quick")\nreport.bibliography("references.bib")'
    make_small(project, made, stated, "%%prose\nThere are {{n}}.", listed, works)
    project.write("by_hand.py", BY_HAND)
    command = [sys.executable, "by_hand.py"]
    options = {"capture_output": True, "text": True, "env": project.environment}
    done = subprocess.run(command, cwd=project.folder, timeout=100, **options)
    *shown, reading = done.stdout.splitlines()
    assert shown == ["1 False", "2 True", "2 True"], done.stderr
    assert reading == "[]"  # saving the notebook must not execute these cells again


@pytest.fixture(scope="module")
def server():
    with PageServer(0, Paths()) as server:
        yield server
        server.shutdown()


def ask(server, method, path, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=9)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def test_only_this_machine_is_served(server):
    assert server.server_address[0] == "127.0.0.1"
    assert ask(server, "GET", "/")[0] == 200
    for host in ("evil.example", f"evil.example:{server.server_port}"):
        assert ask(server, "GET", "/", Host=host)[0] == 403
        assert ask(server, "GET", "/events", Host=host)[0] == 403


def test_only_the_page_itself_has_the_pdf_made(server, monkeypatch):
    requests = []
    monkeypatch.setattr(server, "make_pdf", lambda: requests.append(True))
    for headers in ({}, {"Origin": "http://evil.example"}, {"Origin": "null"}):
        assert ask(server, "POST", "/pdf", **headers)[0] == 403
    assert not requests
    assert ask(server, "POST", "/pdf", Origin=server.address)[0] == 202


def test_a_port_in_use_is_named(server):
    with pytest.raises(UserError, match=f"the port {server.server_port} is in use"):
        PageServer(server.server_port, Paths())


MAKE = f"#!/bin/sh\nexec {sys.executable} -m helpers.pipeline.report\n"


@pytest.fixture
def preview(finished, tmp_path_factory, monkeypatch):
    make_small(finished)
    make = tmp_path_factory.mktemp("bin") / "make"  # it makes no environment
    make.write_text(MAKE)
    make.chmod(0o755)
    monkeypatch.setenv("PATH", f"{make.parent}:{os.environ['PATH']}")
    process = finished.start("helpers.pipeline.preview")
    process.address = process.stdout.readline().split()[-1]
    yield process
    process.kill()
    process.communicate()


def change(project, old, new):
    """Change the text of the notebook in one step, as an editor does."""
    path = project.folder / "notebooks" / "report.ipynb"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.with_suffix(".new").write_text(text.replace(old, new, 1), encoding="utf-8")
    path.with_suffix(".new").replace(path)


LIVE = (
    "from helpers.explore.page import live_html; "
    "from helpers.explore.problem import make_problem; "
    "report.live(live_html(make_problem('data/auto.csv', 'mpg')))"
)


def test_a_report_is_seen_while_it_is_written(finished, preview, browser):
    page = browser.new_page(viewport={"width": 1440, "height": 400})
    page.set_default_timeout(4 * PATIENCE)
    problems = []
    page.on("pageerror", lambda error: problems.append(error))
    page.goto(preview.address)
    status = page.locator("#state").get_by_role("status")

    def wait_for(text, place="#report"):
        page.locator(place, has_text=text).wait_for()

    page.locator("nav").wait_for()  # at first, the page is empty
    wait_for("up to date", "#state")
    before = files_of(finished.folder).keys()
    page.evaluate("document.getElementById('fig:costs').scrollIntoView()")
    page.evaluate("window.same = true")
    figure = page.locator("[id='fig:costs']")
    place = figure.bounding_box()["y"]

    change(
        finished, "The costs are", "A new sentence, which is long. " * 20 + "They are"
    )
    wait_for("A new sentence")
    assert figure.bounding_box()["y"] == pytest.approx(place, abs=2)

    change(finished, "fig, ax = plt.subplots()", "fig, ax = plt.subplots(); 1 / 0")
    wait_for("ZeroDivisionError", ".wrong")
    assert page.locator("#cell-cell-4 + .wrong").count() == 1
    assert figure.is_visible()  # the outputs below stay
    change(finished, "plt.subplots(); 1 / 0", "plt.subplots(figsize=(3, 2))")
    page.locator(".wrong").wait_for(state="detached")
    page.locator("svg[viewBox='0 0 216 144']").wait_for()

    path = finished.folder / "notebooks" / "report.ipynb"
    text = path.read_text(encoding="utf-8")
    path.write_text(text[: len(text) // 2], encoding="utf-8")
    wait_for("waiting: notebooks/report.ipynb is damaged", "#state")
    assert figure.is_visible()
    path.write_text(text.replace("They are", "There are"), encoding="utf-8")
    wait_for("There are")

    change(finished, "fig, ax = plt.subplots", f"{LIVE}; fig, ax = plt.subplots")
    page.locator(".live-handle").wait_for()  # scripts that are added later run too

    change(finished, "There are", "See @fig:nowhere. There are")
    wait_for("nowhere", ".wrong")  # errors of the page are shown at their cells as well
    assert page.locator("#cell-cell-3 + .wrong").count() == 1
    change(finished, "See @fig:nowhere. There are", "There are")
    page.locator(".wrong").wait_for(state="detached")

    change(
        finished, "ax = plt.subplots", "ax = [iter(int, 1)] and [*iter(int, 1)] or 1, 2"
    )
    wait_for("executing cell", "#state")
    wait_for("s: cell-4", "#state")  # the name and the time so far
    change(
        finished, "ax = [iter(int, 1)] and [*iter(int, 1)] or 1, 2", "ax = plt.subplots"
    )
    wait_for("up to date", "#state")

    finished.replace("experiments.yaml", "n_iterations: 10", "n_iterations: 11")
    wait_for("running the experiments", "#state")
    wait_for("up to date", "#state")
    run = max(
        (finished.folder / "build" / "runs").glob("*.ipynb"), key=os.path.getmtime
    )
    assert '"n_iterations": 11' in run.read_text(encoding="utf-8")
    shutil.rmtree(finished.folder / "build" / "runs")  # as make clean does
    wait_for("running the experiments", "#state")
    wait_for("up to date", "#state")
    assert status.text_content().startswith("up to date")
    assert page.evaluate("window.same")  # the page was never reloaded
    page.get_by_role("button", name="Make the PDF").click()
    page.get_by_role("link", name="report.pdf").wait_for()
    [found] = PdfReader(finished.folder / "report" / "report.pdf").pages
    assert "/Form" in str(
        [each.get_object() for each in found["/Resources"]["/XObject"].values()]
    )
    before |= {"report/report.pdf", "report/report.html"}
    assert not problems
    page.close()

    children = psutil.Process(preview.pid).children(recursive=True)
    assert children
    preview.send_signal(signal.SIGINT)
    assert preview.wait(timeout=20) == 0
    gone, alive = psutil.wait_procs(children, timeout=20)
    assert not alive
    assert files_of(finished.folder).keys() == before


def test_the_preview_of_what_is_no_report_is_refused(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["preview"])
    monkeypatch.setenv("REPORT", "descent")
    with pytest.raises(UserError, match=r"notebooks/descent.ipynb is not a report"):
        main()


@pytest.mark.parametrize("port", ["eighty", "-1"])
def test_what_is_no_port_is_named(port, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["preview", f"--port={port}"])
    with pytest.raises(UserError, match="PORT must be a number from 1024 to 65535"):
        main()
