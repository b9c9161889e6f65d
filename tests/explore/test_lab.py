"""JupyterLab as a person uses it: a real server, a real browser, every control."""

import base64
import contextlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request

import numpy as np
import psutil
import pytest
from matplotlib import style
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image
from project import Project, need

from helpers import ROOT
from helpers.data import load_data
from helpers.explore.controls import FRAMES, rounded
from helpers.explore.explorer import SIZE
from helpers.explore.trial import explain, make_problem, try_setting
from helpers.explore.views import RC, Views
from helpers.optimisers import OPTIMISERS, options_of
from helpers.pipeline.sweep.experiments import read_points

PATIENCE = 60_000  # milliseconds
BEGINNING = {
    "features": "all",
    "scaling": "standardise",
    "learning_rate": 0.1,
    "n_iterations": 1000,
    "initialisation": "zeros",
    "start": "",
    "optimiser": "plain",
    "momentum": None,
    "batch_size": 0,
    "seed": 0,
}
COLUMNS = load_data("data/auto.csv", "mpg").features
# Of the two canvases of ipympl, the one with the figure.
CANVAS = ".jupyter-matplotlib canvas >> nth=0"


# The error of widgets whose kernel was restarted.
OF_A_RESTART = "Comm not found for comm id"


class Lab:
    """A JupyterLab, started as a person does it, in a copy of the project."""

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
        """Stop it as Ctrl-C does, and return all that it had started."""
        family = psutil.Process(self.process.pid).children(recursive=True)
        os.killpg(self.process.pid, signal.SIGINT)
        self.process.wait(30)
        self.reader.join(30)
        self.process.stdout.close()
        return family


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("lab"))
    shutil.copytree(ROOT / "build" / "runs", project.folder / "build" / "runs")
    lab = Lab(project)
    yield lab
    if lab.process.poll() is None:
        family = lab.stop()
        for process in family:
            with contextlib.suppress(psutil.Error):
                process.kill()


@pytest.fixture(scope="module")
def browser():
    need(shutil.which("chromium"), "Chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=chromium)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def open_notebook(lab, browser):
    """Return a function that opens a notebook and runs all its cells."""
    complaints = []

    def opened(path):
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda message: message.type == "error" and complaints.append(message.text),
        )
        page.goto(f"{lab.address(path)}&reset")  # no notebook of another test beside it
        page.wait_for_selector(".jp-Notebook .jp-Cell")
        page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
        run_all(page)
        return page

    yield opened
    assert [text for text in complaints if OF_A_RESTART not in text] == []


def run_all(page):
    page.locator(".lm-MenuBar-itemLabel", has_text="Run").first.click()
    page.get_by_text("Run All Cells", exact=True).click()


@pytest.fixture(scope="module")
def page(lab, open_notebook):
    """Return the page that `make lab` lands in, run."""
    page = open_notebook(lab.path)
    page.locator(CANVAS).wait_for()
    return page


@pytest.fixture
def fresh(page):
    """Return the page with every control as it was at the beginning."""
    page.get_by_role("button", name="Start over").click()
    expect(page, BEGINNING)
    return page


def expect(page, setting, step=None):
    """Wait until text and picture are what the helpers make of a setting."""
    sample = load_data("data/auto.csv", "mpg", setting["features"])
    trial = try_setting(make_problem(sample, setting["scaling"]), setting)
    page.locator(".explanation", has_text=explain(trial)).wait_for()
    wanted = picture_of(trial, step)
    eventually(page, lambda: alike(picture_on(page), wanted))


def eventually(page, check):
    """Wait until something holds; the browser goes on meanwhile."""
    for _ in range(PATIENCE // 50):
        if check():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it did not happen in time")


def picture_on(page):
    """Return the pixels of the figure in the browser."""
    url = page.locator(CANVAS).evaluate("canvas => canvas.toDataURL('image/png')")
    content = base64.b64decode(url.partition(",")[2])
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"), dtype=int)


def picture_of(trial, step):
    """Return the pixels of a trial, drawn here."""
    with style.context(["default", ROOT / "report" / "figures.mplstyle", RC]):
        canvas = FigureCanvasAgg(Figure(figsize=SIZE))
        Views(canvas.figure, COLUMNS).show(trial, step)
    return np.asarray(canvas.buffer_rgba(), dtype=int)[..., :3]


def alike(one, other):
    """Say whether two pictures are the same but for edges of letters and lines."""
    if one.shape != other.shape:
        return False
    return (abs(one - other).max(axis=2) > 60).mean() < 1e-3


def slider(page, name):
    return _widget(page, name).locator(".noUi-handle")


def readout_of(page, name):
    return _widget(page, name).locator(".widget-readout")


def _widget(page, name):
    return page.locator(".widget-slider", has=page.get_by_text(name, exact=True))


def choice(page, name):
    return page.locator(f'.widget-label:text-is("{name}") ~ select')


def press(page, name, key, times=1):
    slider(page, name).focus()
    for _ in range(times):
        page.keyboard.press(key)


def test_it_lands_in_the_notebook_that_answers_at_once(page):
    expect(page, BEGINNING)
    assert page.locator("h1").first.inner_text().startswith("What does the learning")


@pytest.mark.parametrize(
    ("name", "key", "times", "changed"),
    [
        ("learning rate", "ArrowRight", 3, {"learning_rate": rounded(10**-0.97)}),
        ("learning rate", "ArrowLeft", 1, {"learning_rate": rounded(10**-1.01)}),
        ("iterations", "ArrowRight", 2, {"n_iterations": 1002}),
        ("batch, 0: all", "ArrowRight", 4, {"batch_size": 4}),
    ],
)
def test_each_slider_changes_text_and_picture(fresh, name, key, times, changed):
    press(fresh, name, key, times)
    expect(fresh, BEGINNING | changed)


@pytest.mark.parametrize(
    ("name", "option", "changed"),
    [
        ("scaling", "min-max", {"scaling": "min-max"}),
        ("scaling", "none", {"scaling": "none"}),
        ("start", "normal", {"initialisation": "normal"}),
        ("features", ["horsepower"], {"features": "horsepower"}),
        ("features", ["weight", "year"], {"features": "weight, year"}),
    ],
)
def test_each_choice_changes_text_and_picture(fresh, name, option, changed):
    choice(fresh, name).select_option(option)
    expect(fresh, BEGINNING | changed)


def test_each_optimiser_and_its_momentum_change_text_and_picture(fresh):
    momentum = slider(fresh, "momentum")
    for optimiser in OPTIMISERS:
        choice(fresh, "optimiser").select_option(optimiser)
        changed = {"optimiser": optimiser, "momentum": None}
        if "momentum" in options_of(optimiser):
            changed["momentum"] = 0.9
        expect(fresh, BEGINNING | changed)
        off = momentum.evaluate("handle => !!handle.closest('[disabled]')")
        assert off == (changed["momentum"] is None)
    choice(fresh, "optimiser").select_option("nesterov")
    expect(fresh, BEGINNING | {"optimiser": "nesterov", "momentum": 0.9})
    press(fresh, "momentum", "ArrowLeft", 3)
    expect(fresh, BEGINNING | {"optimiser": "nesterov", "momentum": 0.87})


def test_the_seed_changes_text_and_picture(fresh):
    choice(fresh, "start").select_option("normal")
    seed = fresh.locator(".widget-text input[type=number]")
    seed.fill("7")
    seed.press("Enter")
    expect(fresh, BEGINNING | {"initialisation": "normal", "seed": 7})


def test_nonsense_in_a_control_does_no_harm(fresh):
    readout = readout_of(fresh, "learning rate")
    for nonsense in ("fast", "-3"):
        readout.fill(nonsense)
        readout.press("Enter")
    eventually(fresh, lambda: float(readout.inner_text()) > 0)
    fresh.get_by_role("button", name="Start over").click()
    expect(fresh, BEGINNING)


def test_while_a_slider_is_dragged_no_stale_picture_is_queued(fresh):
    """At the end of a long drag the last value is shown, and nothing comes after."""
    handle = slider(fresh, "learning rate").bounding_box()
    x, y = handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2
    fresh.mouse.move(x, y)
    fresh.mouse.down()
    for shift in range(120):
        fresh.mouse.move(x - shift, y)
    fresh.mouse.up()
    rate = float(readout_of(fresh, "learning rate").inner_text())
    expect(
        fresh, BEGINNING | {"learning_rate": rounded(10 ** round(np.log10(rate), 2))}
    )
    last = picture_on(fresh)
    fresh.wait_for_timeout(300)
    assert alike(picture_on(fresh), last)


def test_the_animation_plays_to_the_end(fresh):
    update, seen = readout_of(fresh, "update"), []
    fresh.locator(".widget-play button").first.click()

    def ended():
        seen.append(int(update.inner_text()))
        return seen[-1] == 1000 and min(seen) < 1000

    eventually(fresh, ended)
    played = seen[seen.index(min(seen)) :]
    assert played == sorted(played)
    assert min(played) < 20
    assert len(set(played)) > FRAMES / 4
    expect(fresh, BEGINNING)
    press(fresh, "update", "Home")
    expect(fresh, BEGINNING, step=0)


def test_a_click_on_the_surface_starts_the_descent_there(fresh, lab):
    box = fresh.locator(CANVAS).bounding_box()
    problem = make_problem(load_data("data/auto.csv", "mpg", "all"), "standardise")
    views = Views(FigureCanvasAgg(Figure(figsize=SIZE)).figure, COLUMNS)
    views.show(try_setting(problem, BEGINNING))
    wanted = views.projection.centre + views.projection.half * [0.5, -0.5]
    x, y = views.axes["surface"].transData.transform(wanted).round()
    fresh.mouse.click(box["x"] + x, box["y"] + box["height"] - y)
    kept = lab.project.folder / "build" / "explored" / "setting.json"
    eventually(fresh, lambda: json.loads(kept.read_text())[1])
    start = json.loads(kept.read_text())[1]
    place = views.projection.places(np.array([list(map(float, start.split(",")))]))[0]
    assert np.abs(views.axes["surface"].transData.transform(place) - (x, y)).max() < 2
    expect(fresh, BEGINNING | {"start": start})


def test_a_setting_becomes_an_experiment_of_the_grid_as_it_was_typed(fresh, lab):
    choice(fresh, "optimiser").select_option("heavy-ball")
    expect(fresh, BEGINNING | {"optimiser": "heavy-ball", "momentum": 0.9})
    press(fresh, "momentum", "ArrowLeft", 2)
    readout = readout_of(fresh, "learning rate")
    readout.fill("0.05")
    readout.press("Enter")
    changed = {"optimiser": "heavy-ball", "momentum": 0.88, "learning_rate": 0.05}
    expect(fresh, BEGINNING | changed)
    fresh.get_by_role("button", name="Add to experiments").click()
    fresh.get_by_text("Added to experiments.yaml as explored").wait_for()
    path = lab.project.folder / "experiments.yaml"
    assert path.read_text().startswith((ROOT / "experiments.yaml").read_text())
    assert "\n  learning_rate: 0.05\n" in path.read_text()
    [point] = read_points(path)["explored"]
    assert point.parameters.items() >= changed.items()
    fresh.get_by_role("button", name="Add to experiments").click()
    fresh.get_by_text("It is in experiments.yaml already, as a point of").wait_for()


def test_a_broken_grid_is_named_and_left_alone(fresh, lab):
    path = lab.project.folder / "experiments.yaml"
    kept = path.read_text()
    path.write_text("broken: [\n")
    try:
        fresh.get_by_role("button", name="Add to experiments").click()
        fresh.get_by_text("Mend it and add again; nothing is lost").wait_for()
        assert path.read_text() == "broken: [\n"
    finally:
        path.write_text(kept)


def test_a_setting_shown_as_a_run_has_the_same_bits(fresh, lab):
    press(fresh, "learning rate", "ArrowRight", 2)
    expect(fresh, BEGINNING | {"learning_rate": rounded(10**-0.98)})
    fresh.get_by_role("button", name="Show as a run").click()
    fresh.get_by_text("the same numbers, to the last bit").wait_for()
    link = fresh.locator(".jp-OutputArea a", has_text="build/explored/descent-")
    path = lab.project.folder / link.inner_text()
    assert '"status"' in path.read_text()
    link.click()
    fresh.locator(".lm-TabBar-tabLabel", has_text=path.name[:12]).wait_for()
    fresh.locator(".lm-TabBar-tabLabel", has_text="explore.ipynb").click()


def test_data_that_lose_their_columns_are_an_error_that_is_shown(fresh, lab):
    path = lab.project.folder / "data" / "auto.csv"
    kept = path.read_bytes()
    path.write_text("a,b\n1,2\n")
    trouble = "no column 'mpg'; its columns are a"
    try:
        press(fresh, "learning rate", "ArrowRight")
        fresh.locator(".explanation", has_text=trouble).wait_for()
        assert fresh.get_by_role("button", name="Add to experiments").is_disabled()
    finally:
        path.write_bytes(kept)
    press(fresh, "learning rate", "ArrowRight")
    expect(fresh, BEGINNING | {"learning_rate": rounded(10**-0.98)})


def test_a_restarted_kernel_goes_on_where_it_was(fresh, lab):
    press(fresh, "learning rate", "ArrowRight", 5)
    expect(fresh, BEGINNING | {"learning_rate": rounded(10**-0.95)})
    sessions = lab.ask("api/sessions")
    [kernel] = [s["kernel"]["id"] for s in sessions if "/explore.ipynb" in s["path"]]
    press(fresh, "learning rate", "ArrowRight")
    lab.ask(f"api/kernels/{kernel}/restart", "POST")
    run_all(fresh)
    # The change on the way may have been lost with the kernel, what was shown not.
    shown = re.compile(r"Learning rate 0\.11[25] ")
    fresh.locator(".explanation", has_text=shown).wait_for()
    fresh.get_by_role("button", name="Start over").click()
    expect(fresh, BEGINNING)


def test_the_report_shows_captions_and_references_as_in_print(lab, open_notebook):
    # What another test has added to the grid has not been run.
    grid = (ROOT / "experiments.yaml").read_text(encoding="utf-8")
    lab.project.write("experiments.yaml", grid)
    page = open_notebook("lab/tree/notebooks/report.ipynb")
    page.get_by_text("recorded: claims").wait_for()
    text = page.locator(".jp-Notebook").inner_text()
    assert "Traceback" not in text
    captions = re.findall(r"^(Figure|Table) (\d+)\. ", text, re.MULTILINE)
    figures = [int(number) for kind, number in captions if kind == "Figure"]
    assert figures == list(range(1, len(figures) + 1))
    assert len(figures) > 5
    assert not re.search(r"\{\{[\w.-]+\}\}", text)
    assert "@fig:" not in text
    page.close()


def test_the_experiment_runs_from_top_to_bottom(open_notebook):
    page = open_notebook("lab/tree/notebooks/descent.ipynb")
    page.get_by_text("recorded: n_samples").wait_for()
    assert "Traceback" not in page.locator(".jp-Notebook").inner_text()
    assert page.locator(".jp-OutputArea img").count() == 1
    page.close()


def test_only_this_machine_and_only_with_the_token(lab):
    [server] = psutil.Process(lab.process.pid).children()
    listening = {
        (c.laddr.ip, c.laddr.port)
        for c in server.net_connections("inet")
        if c.status == psutil.CONN_LISTEN
    }
    assert {ip for ip, _ in listening} == {"127.0.0.1"}
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{lab.host}/api/contents", timeout=30)
    assert refused.value.code == 403
    refused.value.close()
    assert lab.ask("api/contents")["type"] == "directory"


def test_it_takes_another_port_if_its_own_is_taken_and_stops_cleanly(lab, tmp_path):
    other = Lab(Project(tmp_path))
    assert other.host != lab.host
    family = other.stop()
    assert not any(process.is_running() for process in family)
