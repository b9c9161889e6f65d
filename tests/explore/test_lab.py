"""JupyterLab as people use it: a real server, a real browser, the live figure."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request

import psutil
import pytest
from browser import open_page
from project import TWO_RUNS, Project
from small import make_small

from helpers import ROOT
from helpers.pipeline.sweep.experiments import read_points

PATIENCE = 60_000  # milliseconds
PORT = 8888  # JupyterLab's own
FIGURE = """\
fig, ax = plt.subplots()
curves.plot_costs(ax, {run.features: run.costs for run in runs.itertuples()}, unit="")
report.figure(
    fig, label="again", caption="As in @fig:costs: {{all.cost}}.", alt="Two curves."
)"""
# Errors of widgets after a restart of their kernel.
OF_A_RESTART = re.compile("Comm not found for comm id|Cannot send")


class Lab:
    """A JupyterLab, started as a user would, in a copy of the project."""

    def __init__(self, project):
        self.project = project
        ready = f"{sys.prefix}/ready-for-dl4ia"
        own = str(project.folder / "settings")
        settings = {"BROWSER": "true", "JUPYTER_CONFIG_DIR": own, "IPYTHONDIR": own}
        settings |= {"JUPYTERLAB_SETTINGS_DIR": own, "JUPYTERLAB_WORKSPACES_DIR": own}
        self.process = subprocess.Popen(
            ["make", "lab", f"PREFIX={sys.prefix}", f"--assume-old={ready}"],
            cwd=project.folder,
            env=project.environment | settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.output = []
        for line in self.process.stdout:
            self.output.append(line)
            found = re.search(r"(http://127\.0\.0\.1:\d+)/(\S+)\?token=(\w+)", line)
            if found:
                self.host, self.path, self.token = found.groups()
                break
        else:
            raise AssertionError("".join(self.output))
        self.reader = threading.Thread(target=self.process.stdout.read)
        self.reader.start()

    def address(self, path):
        return f"{self.host}/{path}?token={self.token}"

    def ask(self, path, method="GET"):
        request = urllib.request.Request(self.address(path), method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or "null")

    def stop(self):
        """Stop it as Ctrl-C does, and return the processes that it had started."""
        family = psutil.Process(self.process.pid).children(recursive=True)
        os.killpg(self.process.pid, signal.SIGINT)
        self.process.wait(90)
        self.reader.join(90)
        self.process.stdout.close()
        return family


@pytest.fixture(scope="module")
def lab(tmp_path_factory, two_runs):
    """Start JupyterLab while its usual port is taken, with a small report in it."""
    project = Project(tmp_path_factory.mktemp("lab"))
    shutil.copytree(two_runs, project.folder / "build" / "runs")
    make_small(project, FIGURE)
    shutil.copy(ROOT / "experiments.yaml", project.folder)
    with contextlib.ExitStack() as taken:
        with contextlib.suppress(OSError):  # it is taken already
            taken.enter_context(socket.create_server(("127.0.0.1", PORT)))
        lab = Lab(project)
    yield lab
    if lab.process.poll() is None:
        family = lab.stop()
        for process in family:
            with contextlib.suppress(psutil.Error):
                process.kill()


@pytest.fixture(scope="module")
def page(lab, browser):
    """Return the page that `make lab` opens, with all cells executed."""
    complaints = []
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = open_page(context, complaints)
    page.set_default_timeout(PATIENCE)
    page.goto(lab.address(lab.path))
    page.wait_for_selector(".jp-Notebook .jp-Cell")
    run_all(page)
    page.locator(".live-handle").wait_for()
    yield page
    context.close()
    assert [text for text in complaints if not OF_A_RESTART.search(text)] == []


def run_all(page):
    """Run all cells of the current notebook, once its kernel is ready."""
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
    page.locator(".lm-MenuBar-itemLabel", has_text="Run").first.click()
    page.get_by_text("Run All Cells", exact=True).click()


def run_another(page, name, last):
    """Open a notebook in a new tab, run it, and return its panel."""
    page.locator(".jp-DirListing-item", has_text=name).dblclick()
    notebook = page.locator(".jp-NotebookPanel:visible .jp-Notebook")
    page.locator(".lm-TabBar-tab.lm-mod-current", has_text=name).first.wait_for()
    notebook.locator(".jp-Cell").first.wait_for()
    run_all(page)
    notebook.get_by_text(last).wait_for()
    return notebook


@pytest.fixture
def fresh(page):
    """Return the page with every control in its initial state."""
    page.get_by_role("button", name="Start over").click()
    return page


def press(page, name):
    page.get_by_role("button", name=name).click()


def answer(page, text):
    """Wait for an answer of the kernel that contains a text, and return it."""
    page.locator(".live-note", has_text=text).wait_for()
    return page.locator(".live-note", has_text=text).inner_text()


def test_it_lands_in_the_notebook_and_answers_at_once(fresh):
    assert fresh.locator("h1").first.inner_text().startswith("What does the learning")
    says = fresh.locator(".live-says")
    assert "below the limit 0.2168" in says.inner_text()
    fresh.get_by_label("learning rate", exact=True).fill("0.3")
    assert "grows by the factor 1.77 at each step" in says.inner_text()
    box = fresh.locator(".live-plots").bounding_box()
    assert box["width"] > 800


def test_a_setting_becomes_an_experiment_as_it_was_typed(fresh, lab):
    fresh.get_by_label("optimiser").select_option("heavy-ball")
    fresh.get_by_label("momentum", exact=True).fill("0.88")
    fresh.get_by_label("learning rate", exact=True).fill("0.05")
    press(fresh, "Add to experiments")
    assert "Added to experiments.yaml as explored:" in answer(fresh, "Added")
    path = lab.project.folder / "experiments.yaml"
    assert path.read_text().startswith((ROOT / "experiments.yaml").read_text())
    assert "\n  learning_rate: 0.05\n" in path.read_text()
    [point] = read_points(path)["explored"]
    changed = {"features": "all", "momentum": 0.88, "optimiser": "heavy-ball"}
    assert point.parameters.items() >= changed.items()
    press(fresh, "Add to experiments")
    answer(fresh, "It is already in experiments.yaml, as a point of explored")
    fresh.get_by_label("momentum", exact=True).fill("0.87")
    assert fresh.get_by_text("It is already in experiments.yaml").count() == 0


def test_a_broken_grid_is_named_and_left_alone(fresh, lab):
    path = lab.project.folder / "experiments.yaml"
    kept = path.read_text()
    path.write_text("broken: [\n")
    try:
        press(fresh, "Add to experiments")
        answer(fresh, "Fix it and try again; nothing is lost")
        assert path.read_text() == "broken: [\n"
    finally:
        path.write_text(kept)


def test_a_setting_shown_as_a_run_is_one_that_a_sweep_finds(fresh, lab):
    fresh.get_by_label("learning rate", exact=True).fill("0.11")
    press(fresh, "Show as a run")
    digits = re.search(r"with the page to (\d+) digits", answer(fresh, "digits"))
    assert int(digits.group(1)) >= 9
    with fresh.context.expect_page() as opened:
        fresh.locator(".live-note a").click()
    opened.value.locator(".jp-Notebook .jp-Cell").first.wait_for()
    path = fresh.locator(".live-note a").inner_text()
    assert opened.value.get_by_role("tab", name=path.rpartition("/")[2]).count()
    opened.value.close()
    assert (lab.project.folder / path).is_file()
    lab.project.write("experiments.yaml", "it: {features: all, learning_rate: 0.11}\n")
    try:
        _, out, _ = lab.project.sweep("--dry-run")
        assert "0 to run, 1 cached" in out
    finally:
        shutil.copy(ROOT / "experiments.yaml", lab.project.folder)
    fresh.get_by_label("learning rate", exact=True).fill("0.12")
    assert fresh.locator(".live-note", has_text="digits").count() == 0


def test_an_answer_to_another_setting_is_not_shown(fresh):
    fresh.get_by_label("learning rate", exact=True).fill("0.131")
    press(fresh, "Show as a run")
    fresh.get_by_label("learning rate", exact=True).fill("0.132")
    press(fresh, "Show as a run")
    said = answer(fresh, "digits")
    cost = float(re.search(r"The run's cost is (\d+\.\d+)\.", said).group(1))
    shown = fresh.evaluate(
        "document.querySelector('.live').live.result.fit.costs.at(-1)"
    )
    assert cost == pytest.approx(shown, rel=1e-9)


def test_a_mistake_disables_the_buttons(fresh):
    fresh.get_by_label("learning rate", exact=True).fill("fast")
    inert = ".live-player:has-text('Add to experiments')[inert]"
    fresh.locator(inert).wait_for()
    fresh.get_by_label("learning rate", exact=True).fill("0.1")
    assert fresh.locator(inert).count() == 0


def test_a_restarted_kernel_goes_on_where_it_was(fresh, lab):
    fresh.get_by_label("learning rate", exact=True).fill("0.13")
    fresh.locator(".lm-MenuBar-itemLabel", has_text="Kernel").first.click()
    fresh.get_by_text("Restart Kernel…", exact=True).click()
    fresh.locator(".jp-Dialog-button.jp-mod-accept").click()
    fresh.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
    press(fresh, "Show as a run")
    answer(fresh, "busy or was restarted. After a restart, run all cells")
    fresh.evaluate("document.querySelector('.live-says').textContent = 'old'")
    run_all(fresh)
    fresh.locator(".live-says", has_text="Learning rate 0.13 ").wait_for()
    press(fresh, "Show as a run")
    answer(fresh, "digits")


def test_only_this_machine_and_only_with_the_token(lab):
    listening = {
        (c.laddr.ip, c.laddr.port)
        for process in psutil.Process(lab.process.pid).children(recursive=True)
        for c in process.net_connections("inet")
        if c.status == psutil.CONN_LISTEN
    }
    assert {ip for ip, _ in listening} == {"127.0.0.1"}
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{lab.host}/api/contents", timeout=30)
    assert refused.value.code == 403
    refused.value.close()
    assert lab.ask("api/contents")["type"] == "directory"


def test_a_report_shows_captions_and_references_as_in_print(lab, page):
    lab.project.write("experiments.yaml", TWO_RUNS)
    notebook = run_another(page, "report.ipynb", "recorded: claims")
    outputs = notebook.locator(".jp-OutputArea-output:visible").all_inner_texts()
    text = "\n".join(outputs)
    number = r"\d+\.\d{6}"
    assert re.search(rf"The costs are {number} and {number}; see Figure 1\.", text)
    captions = re.findall(r"^Figure \d\. .*$", text, re.MULTILINE)
    assert captions[0] == "Figure 1. The costs."
    assert re.fullmatch(rf"Figure 2\. As in Figure 1: {number}\.", captions[1])
    assert not re.search(r"Traceback|\{\{[\w.-]+\}\}|@fig:", text)
    assert notebook.locator(".jp-OutputArea img").count() == 2


def test_the_experiment_runs_from_top_to_bottom(lab, page):
    shutil.copy(ROOT / "notebooks" / "descent.ipynb", lab.project.folder / "notebooks")
    notebook = run_another(page, "descent.ipynb", "recorded: n_samples")
    assert "Traceback" not in notebook.inner_text()
    assert notebook.locator(".jp-OutputArea img").count() == 1


def test_it_takes_another_port_if_its_own_is_taken_and_stops_cleanly(lab, page):
    assert lab.host != f"http://127.0.0.1:{PORT}"
    page.context.close()  # it would complain that there is no server
    family = lab.stop()
    assert len(family) > 2
    assert psutil.wait_procs(family, timeout=30)[1] == []
