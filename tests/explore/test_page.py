"""The live figure in a page of its own, opened from disk without a network."""

import io
import json
import re

import numpy as np
import pytest
from browser import resize, settled, write_page
from PIL import Image

from helpers import ROOT
from helpers.data import fit_scaling, load_data
from helpers.explore.page import live_html
from helpers.explore.problem import make_problem
from helpers.model import cost, predict
from helpers.optimisers import OPTIMISERS, options_of
from helpers.theory import optimum

DESK = {"width": 1280, "height": 800}
CARS = make_problem("data/auto.csv", "mpg")
SHOWN = """() => {
  const { result, typed, update } = live.live;
  const { setting, fit, limit } = result;
  return { setting, typed, update, limit, updates: fit.updates, status: fit.status };
}"""
# The weights and offsets at eight places of each line of equal cost.
CONTOURS = """() => [...document.querySelectorAll(".live-drawing circle")].map(line => {
  const shape = line.parentElement.transform.baseVal.consolidate().matrix;
  return [0, 1, 2, 3, 4, 5, 6, 7].map(k => {
    const angle = k * Math.PI / 4, radius = line.r.baseVal.value;
    const onCircle = new DOMPoint(radius * Math.cos(angle), radius * Math.sin(angle));
    const { x, y } = onCircle.matrixTransform(shape);
    return live.live.plots.shown.projection.start([x, y]);
  });
})"""
START = """() => {
  const { left, top, width, height } = document
    .querySelector(".live-handle").getBoundingClientRect();
  return [left + width / 2, top + height / 2];
}"""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    return write_page(CARS, tmp_path_factory.mktemp("page") / "live.html")


@pytest.fixture(scope="module")
def page(new_page, address):
    page = new_page()
    page.goto(address)
    settled(page)
    return page


@pytest.fixture(scope="module")
def other(new_page):
    """Return a page in which tests open one address after another."""
    return new_page()


@pytest.fixture
def fresh(page):
    """Return the page with every control in its initial state."""
    page.emulate_media(color_scheme="light")
    resize(page, DESK)
    page.get_by_role("button", name="Start over").click()
    return page


def shown(page):
    return page.evaluate(SHOWN)


def type_into(page, name, text):
    page.get_by_label(name, exact=True).fill(text)


def coloured(page, number):
    """Count the coloured pixels of a picture, without its axes and the handle."""
    no_handle = ".live-handle { visibility: hidden }"
    png = page.locator(".u-over").nth(number).screenshot(style=no_handle)
    red_green_blue = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), dtype=int)
    return (np.ptp(red_green_blue, axis=2) > 60).sum()


def wrong_beside(page, name):
    return page.locator(f'[data-name="{name}"] .live-wrong').inner_text()


def test_it_is_the_same_text_each_time_and_asks_for_nothing():
    html = live_html(CARS)
    assert html == live_html(make_problem("data/auto.csv", "mpg"))
    tags = re.sub(r"(<script[^>]*>).*?</script>", r"\1", html, flags=re.DOTALL)
    assert not re.search(r"\b(src|href)=|url\(|@import", tags)
    assert len(html.encode()) < 3_000_000


@pytest.mark.parametrize(
    ("size", "scheme"),
    [((360, 740), "light"), ((1440, 900), "dark"), ((1920, 1080), "light")],
)
def test_it_fills_the_width_and_bars_nobody(fresh, size, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page, (width, height) = fresh, size
    page.emulate_media(color_scheme=scheme)
    resize(page, {"width": width, "height": height})
    box = page.locator(".live-plots").bounding_box()
    assert box["width"] > width - 40
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    options = {"resultTypes": ["violations"]}
    found = Axe().run(page, options=options).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"]) for v in found] == []


@pytest.mark.parametrize("ratio", [1.25, 3])
def test_it_is_sharp_at_every_pixel_ratio(new_page, address, ratio):
    page = new_page(device_scale_factor=ratio)
    page.goto(address)
    settled(page)
    size = "canvas => canvas.width / canvas.getBoundingClientRect().width"
    sharpness = page.locator(".live-plots canvas").first.evaluate(size)
    assert sharpness == pytest.approx(ratio, rel=0.01)
    assert coloured(page, 4) > 50  # the last of five pictures
    page.context.close()


def test_each_control_changes_the_setting_as_it_is_typed(fresh):
    for optimiser in OPTIMISERS:
        fresh.get_by_label("optimiser").select_option(optimiser)
        assert shown(fresh)["setting"]["optimiser"] == optimiser
        enabled = fresh.get_by_label("momentum", exact=True).is_enabled()
        assert enabled == ("momentum" in options_of(optimiser))
    fresh.get_by_label("optimiser").select_option("nesterov")
    typed = {"learning rate": "0.05", "iterations": "321", "momentum": "0.85"}
    typed |= {"batch size (0: all)": "16", "seed of the batches": "7"}
    for name, text in typed.items():
        type_into(fresh, name, text)
    fresh.get_by_label("weight", exact=True).uncheck()
    state = shown(fresh)
    assert state["typed"]["rate"] == "0.05"
    expected = {
        "rate": 0.05,
        "iterations": 321,
        "momentum": 0.85,
        "batch": 16,
        "seed": 7,
    }
    assert state["setting"].items() >= expected.items()
    assert "weight" not in state["setting"]["features"]
    assert (
        "each update sees 16 of 392 samples" in fresh.locator(".live-says").inner_text()
    )


def test_the_keyboard_is_enough(fresh):
    fresh.get_by_label("learning rate, as a slider").focus()
    for _ in range(3):
        fresh.keyboard.press("ArrowRight")
    assert shown(fresh)["setting"]["rate"] == pytest.approx(0.107)
    fresh.get_by_label("scaling").focus()
    fresh.keyboard.press("ArrowDown")
    assert shown(fresh)["setting"]["scaling"] == "min-max"
    fresh.locator(".live-handle").focus()
    before = fresh.evaluate(START)
    fresh.keyboard.press("ArrowUp")
    assert fresh.evaluate(START)[1] < before[1]
    assert len(shown(fresh)["setting"]["start"]) == 8
    for name, update in (("Step back", 999), ("Step forward", 1000)):
        fresh.get_by_role("button", name=name).focus()
        fresh.keyboard.press("Enter")
        assert shown(fresh)["update"] == update
    fresh.get_by_label("origin", exact=True).focus()
    fresh.keyboard.press("Space")
    assert "origin" not in shown(fresh)["setting"]["features"]


@pytest.mark.parametrize(
    ("name", "label", "nonsense", "answer"),
    [
        ("rate", "learning rate", "fast", "it must be a positive number"),
        ("rate", "learning rate", "-3", "it must be a positive number"),
        ("rate", "learning rate", "", "it must be a positive number"),
        ("rate", "learning rate", "1e999", "it must be a positive number"),
        ("iterations", "iterations", "1e9", "a whole number from 1 to 100000"),
        ("batch", "batch size (0: all)", "393", "from 1 to 392, or 0 for all"),
        ("start", "start: weights, offset", "1, 2", "it must be 8 numbers"),
        (
            "start",
            "start: weights, offset",
            "0,0,0,0,0,0,0,1e200",
            "too large a number",
        ),
    ],
)
def test_nonsense_gets_a_sentence_beside_it(fresh, name, label, nonsense, answer):
    before = shown(fresh)["setting"]
    type_into(fresh, label, nonsense)
    assert answer in wrong_beside(fresh, name)
    assert shown(fresh)["setting"] == before
    type_into(fresh, "learning rate", "0.2")
    fresh.get_by_role("button", name="Start over")
    type_into(fresh, label, "0.3" if name == "rate" else "0" if name == "batch" else "")
    if name == "iterations":
        type_into(fresh, label, "50")
    assert wrong_beside(fresh, name) == ""
    assert shown(fresh)["setting"]["rate"] in (0.2, 0.3)


def test_no_feature_is_a_mistake_that_is_named(fresh):
    for name in CARS["features"]:
        fresh.get_by_label(name, exact=True).uncheck()
    assert "choose at least one feature" in fresh.locator(".live-features").inner_text()
    fresh.get_by_role("button", name="all", exact=True).click()
    assert shown(fresh)["setting"]["features"] == CARS["features"]


def test_the_address_holds_the_setting_and_sets_it(new_page, address):
    page = new_page()
    page.goto(f"{address}#features=horsepower&rate=0.3&optimiser=heavy-ball&update=5")
    settled(page)
    state = shown(page)
    assert state["setting"]["features"] == ["horsepower"]
    assert (state["setting"]["rate"], state["update"]) == (0.3, 5)
    page.get_by_label("momentum", exact=True).fill("0.55")
    page.wait_for_function("location.hash.includes('momentum=0.55')")
    again = new_page()
    again.goto(page.url)
    settled(again)
    assert shown(again)["typed"] == shown(page)["typed"]
    page.evaluate("location.hash = '#features=all&scaling=none&rate=1e-7'")
    page.wait_for_function("live.live.typed.rate === '1e-7'")
    assert shown(page)["setting"]["scaling"] == "none"
    page.evaluate("location.hash = '#references'")  # a place of the page
    assert shown(page)["typed"]["rate"] == "1e-7"
    again.context.close()
    page.context.close()


def test_a_broken_address_opens_with_a_note(new_page, address):
    page = new_page()
    page.goto(f"{address}#rate=fast&colour=red&features=mass&iterations=20")
    settled(page)
    note = page.locator(".live-note").inner_text()
    assert "sets “colour”, which is not a setting" in note
    assert "sets rate to “fast”: it must be a positive number" in note
    assert "there is no feature “mass”" in note
    state = shown(page)["setting"]
    assert (state["rate"], state["iterations"]) == (0.1, 20)
    page.context.close()


def test_a_button_copies_the_link(fresh, address):
    fresh.context.grant_permissions(["clipboard-read", "clipboard-write"])
    type_into(fresh, "learning rate", "0.25")
    fresh.wait_for_function("location.hash.includes('rate=0.25')")
    fresh.get_by_role("button", name="Copy link").click()
    fresh.get_by_text("The link is copied.").wait_for()
    copied = fresh.evaluate("navigator.clipboard.readText()")
    assert copied == fresh.url
    assert copied.startswith(f"{address}#")


def test_divergence_is_a_picture(fresh):
    type_into(fresh, "learning rate", "0.3")
    says = fresh.locator(".live-says").inner_text()
    assert "is above the limit 0.2168" in says
    assert "grows by the factor 1.77 at each step" in says
    assert all(coloured(fresh, number) > 50 for number in range(5))
    low, high = fresh.evaluate(
        "(({ min, max }) => [min, max])(live.live.plots.charts.costs.scales.y)"
    )
    sample = load_data("data/auto.csv", "mpg")
    assert low < np.log10(sample.y.var())
    assert high > 15


@pytest.mark.parametrize("features", ["horsepower", "all"])
def test_lines_of_equal_cost_are_such(other, address, features):
    opened_at(other, address, f"features={features}")
    lines = other.evaluate(CONTOURS)
    data = load_data("data/auto.csv", "mpg", features)
    X = fit_scaling(data.X, method="standardise").apply(data.X)
    costs = np.array(
        [[cost(data.y, predict(X, w, b)) for *w, b in line] for line in lines]
    )
    above = costs - optimum(X, data.y).J
    np.testing.assert_allclose(above, above[:, :1] * np.ones(8), rtol=1e-5)
    assert (np.diff(above[:, 0]) > 0).all()


def test_the_surface_lies_on_its_axes_in_a_report(new_page, address):
    page = new_page()
    page.goto(address)
    settled(page)
    page.add_style_tag(path=ROOT / "report" / "page" / "page.css")
    resize(page, {"width": 1440, "height": 900})
    axes = page.locator(".u-over").nth(1).bounding_box()
    assert page.locator(".live-drawing svg").bounding_box() == axes
    page.context.close()


def test_without_scaling_it_starts_at_a_rate_that_does_something(fresh):
    fresh.get_by_label("scaling").select_option("none")
    state = shown(fresh)
    assert state["limit"] / 4 < state["setting"]["rate"] < state["limit"]
    assert "about half the limit" in fresh.locator(".live-note").inner_text()


def test_the_start_is_dragged_over_the_surface(fresh):
    x, y = fresh.evaluate(START)
    fresh.mouse.move(x, y)
    fresh.mouse.down()
    for step in range(1, 6):
        fresh.mouse.move(x + 8 * step, y - 6 * step)
    fresh.mouse.up()
    start = shown(fresh)["setting"]["start"]
    assert len(start) == 8
    np.testing.assert_allclose(fresh.evaluate(START), [x + 40, y - 30], atol=2)
    fresh.mouse.move(x, y)  # after its release
    assert shown(fresh)["setting"]["start"] == start


def test_it_plays_to_the_end_and_pauses(fresh):
    type_into(fresh, "iterations", "400")
    fresh.get_by_role("button", name="Play").click()
    fresh.wait_for_function("live.live.update > 3 && live.live.update < 400")
    fresh.get_by_role("button", name="Pause").click()
    assert 3 < shown(fresh)["update"] < 400
    fresh.get_by_role("button", name="Play").click()
    fresh.wait_for_function("live.live.timer === null")
    assert shown(fresh)["update"] == 400


def write_csv(path, columns):
    names = ",".join(columns)
    table = np.column_stack(list(columns.values()))
    np.savetxt(path, table, delimiter=",", header=names, comments="", fmt="%.10g")
    return path


def test_other_data_are_shown_as_well(new_page, tmp_path, rng):
    def opened(columns, target):
        data = write_csv(tmp_path / "data.csv", columns)
        problem = json.loads(json.dumps(make_problem(data, target)))
        page = new_page()
        page.goto(write_page(problem, tmp_path / "live.html"))
        settled(page)
        assert all(coloured(page, number) > 20 for number in range(5))
        return page

    rooms = rng.integers(1, 9, 500).astype(float)
    page = opened({"rooms": rooms, "price": 1e7 + 3e6 * rooms}, "price")
    assert shown(page)["status"] == "converged"
    page.context.close()

    columns = {f"x{j}": rng.normal(size=700) for j in range(300)}
    page = opened(columns | {"y": rng.normal(size=700)}, "y")
    assert shown(page)["limit"] > 0
    page.context.close()

    many = rng.normal(size=(3, 200_000))
    page = opened(dict(zip("aby", many, strict=True)), "y")
    assert page.get_by_text("Fit: 1000 of 200000 samples").is_visible()
    page.context.close()


def test_a_constant_column_is_named_and_can_be_left_out(new_page, tmp_path, rng):
    columns = {  # "same" is constant in the complete rows
        '"mass, kg"': rng.normal(size=50),
        "y": np.append(np.nan, rng.normal(size=49)),
        "same": np.append(6.0, np.full(49, 5.0)),
    }
    problem = make_problem(write_csv(tmp_path / "data.csv", columns), "y")
    page = new_page()
    page.goto(write_page(problem, tmp_path / "live.html"))
    page.get_by_text("feature “same” is constant (5)").wait_for()
    page.get_by_label("same").uncheck()
    settled(page)
    assert shown(page)["setting"]["features"] == ["mass, kg"]
    assert shown(page)["typed"]["features"] == '"mass, kg"'
    page.context.close()


def test_without_javascript_a_sentence_is_left(new_page, address):
    page = new_page(java_script_enabled=False)
    page.goto(address)
    assert "it needs JavaScript" in page.locator("#live").inner_text()
    page.context.close()


def says(page):
    return page.locator(".live-says").inner_text()


def opened_at(page, address, setting):
    """Open the address of a setting in a page."""
    page.goto("about:blank")
    page.goto(f"{address}#{setting}")
    settled(page)


@pytest.mark.parametrize(
    ("setting", "sentences"),
    [
        ("rate=0.1", ["below the limit 0.2168", "The slowest, along displacement, is"]),
        (
            "rate=1e-13",
            ["multiplied by more than 0.999999", "it is still falling, but did"],
        ),
        (
            "rate=0.21684",
            ["Learning rate 0.21684 is above the limit 0.21682", "1.0002"],
        ),
        ("rate=0.21684", ["the optimum 10.8475; it rises."]),
        ("rate=1e200", ["grows by the factor 9.22e200", "stopped after 1 update,"]),
        ("rate=0.1&optimiser=heavy-ball", ["Each is multiplied by 0.949 at each step"]),
        (
            "features=horsepower&rate=0.5",
            ["Each is multiplied by nearly 0 ", "after 1 update."],
        ),
        ("features=horsepower&rate=1.0", ["on the limit", "; it oscillates."]),
        ("rate=0.1&batch=1", ["is too large for batches of 1", "; it rises."]),
        ("rate=0.1&batch=49&iterations=1", ["; it is still falling, but did not come"]),
    ],
)
def test_the_sentence_is_true_of_what_happened(other, address, setting, sentences):
    opened_at(other, address, setting)
    for sentence in sentences:
        assert sentence in says(other)


def test_data_that_are_met_exactly_or_do_not_determine_a_weight(other, tmp_path, rng):
    rooms = rng.integers(1, 9, 50).astype(float)
    exact = {"rooms": rooms, "price": np.full(50, 5.0)}
    incomes = {"income": rng.normal(5e6, 1e6, 50), "age": rng.normal(40, 9, 50)}
    twice = {"a": rooms, "b": rooms + 1, "y": rng.normal(size=50)}
    for columns, setting, sentence in (
        (exact, "rate=0.1", "; it has converged."),
        (incomes | {"y": rng.normal(size=50)}, "scaling=none&rate=1e-14", "0.999999"),
        (twice, "rate=0.1", "which the data do not determine"),
    ):
        data = write_csv(tmp_path / "data.csv", columns)
        problem = make_problem(data, list(columns)[-1])
        opened_at(other, write_page(problem, tmp_path / "live.html"), setting)
        assert sentence in says(other)


def test_equal_predictions_are_drawn(other, address):
    opened_at(other, address, "rate=0.1&update=0")
    scale = "live.live.plots.charts.residuals.scales"
    x, y = other.evaluate(f"[{scale}.x, {scale}.y].map(({{ min, max }}) => [min, max])")
    target = load_data("data/auto.csv", "mpg").y
    assert x[0] <= 0 < target.max() <= x[1]
    assert y[0] < target.min() < target.max() < y[1]
    assert coloured(other, 3) > 50


def test_a_start_far_away_stays_at_the_edge_and_its_path_comes_in(new_page, address):
    page = new_page(viewport=DESK)
    for weight in ("-100", "-3000"):
        opened_at(page, address, f"start={weight},0,0,0,0,0,0,0")
        assert page.evaluate("document.documentElement.scrollWidth") == DESK["width"]
        box = page.locator(".live-plots figure").nth(1).bounding_box()
        x, _ = page.evaluate(START)
        assert box["x"] < x < box["x"] + box["width"] + 10
        assert page.evaluate("live.live.plots.shown.places.length") > 50
    opened_at(page, address, "start=1e20,0,0,0,0,0,0,-1e20")  # without errors
    page.context.close()


def test_the_start_cannot_be_dragged_out_of_the_picture(fresh):
    x, y = fresh.evaluate(START)
    fresh.mouse.move(x, y)
    fresh.mouse.down()
    before = fresh.evaluate("live.live.plots.shown.spans")
    for step in range(1, 12):
        fresh.mouse.move(x + 40 * step, y - 60 * step)
    held = fresh.evaluate("live.live.plots.shown.spans")
    fresh.mouse.up()
    assert held == before
    place = fresh.evaluate("live.live.plots.shown.places[0]")
    spans = fresh.evaluate("live.live.plots.shown.spans")
    for value, (low, high), (_, edge) in zip(place, spans, before, strict=True):
        assert low <= value <= high
        assert value == pytest.approx(edge)


def test_the_legend_names_theory_only_where_there_is_any(fresh):
    named = fresh.locator(".u-legend").first.get_by_text("theory")
    assert named.is_visible()
    fresh.get_by_label("optimiser").select_option("adam")
    assert not named.is_visible()
    fresh.get_by_label("optimiser").select_option("plain")
    assert named.is_visible()


def test_what_has_no_effect_is_not_judged_and_one_can_always_start_over(fresh):
    fresh.get_by_label("optimiser").select_option("heavy-ball")
    type_into(fresh, "momentum", "1")
    assert "less than 1" in wrong_beside(fresh, "momentum")
    fresh.get_by_label("optimiser").select_option("plain")
    assert wrong_beside(fresh, "momentum") == ""
    type_into(fresh, "batch size (0: all)", "16")
    type_into(fresh, "seed of the batches", "-1")
    assert "at least 0" in wrong_beside(fresh, "seed")
    type_into(fresh, "batch size (0: all)", "0")
    assert wrong_beside(fresh, "seed") == ""
    type_into(fresh, "iterations", "none")
    fresh.get_by_role("button", name="Start over").click()
    assert wrong_beside(fresh, "iterations") == ""
    assert shown(fresh)["setting"]["iterations"] == 1000


@pytest.mark.parametrize(
    ("setting", "notes"),
    [
        ("features=mass&start=1,2", ["no feature “mass”", "sets start to “1,2”"]),
        ("start=0,0,0,0,0,0,0,1e200", ["too large a number"]),
        ('features=weight,"year', ['there is no feature “weight,"year”']),
        ("toString=5&rate=0.2", ["sets “toString”, which is not a setting"]),
        ("iterations=abc&update=5", ["sets iterations to “abc”"]),
    ],
)
def test_a_broken_address_is_shown_without_what_is_wrong(
    other, address, setting, notes
):
    opened_at(other, address, setting)
    note = other.locator(".live-note").inner_text()
    assert all(text in note for text in notes)
    assert note.count("The address sets") == len(notes)
    assert other.locator(".live-wrong").all_inner_texts() == [""] * 9


def test_a_column_named_all_is_one_feature(other, tmp_path, rng):
    columns = {"all": rng.normal(size=40), "b": rng.normal(size=40)}
    data = write_csv(tmp_path / "data.csv", columns | {"y": rng.normal(size=40)})
    opened_at(other, write_page(make_problem(data, "y"), tmp_path / "live.html"), "")
    other.get_by_label("b", exact=True).uncheck()
    assert shown(other)["setting"]["features"] == ["all"]


def test_ticks_tell_their_places_apart(other, tmp_path, address, rng):
    ticks = "Object.values(live.live.plots.charts).map(c => c.axes.map(a => a._values))"
    opened_at(other, address, "iterations=33")
    marks = other.evaluate(ticks)
    assert all(float(text).is_integer() for text in marks[0][0])
    rooms = rng.integers(1, 9, 50).astype(float)
    columns = {"rooms": rooms, "price": 1e7 + 3e4 * rooms + rng.normal(0, 1e4, 50)}
    data = write_csv(tmp_path / "data.csv", columns)
    path = write_page(make_problem(data, "price"), tmp_path / "live.html")
    opened_at(other, path, "rate=0.2")
    for axes in other.evaluate(ticks):
        for texts in axes:
            assert len(set(texts)) == len(texts)


def test_it_plays_on_from_where_it_was_paused_and_stops_for_another_setting(fresh):
    fresh.locator("input[aria-label='update that is shown']").fill("500")
    fresh.get_by_role("button", name="Play").click()
    fresh.wait_for_function("live.live.update !== 500")
    assert shown(fresh)["update"] > 500
    fresh.evaluate("location.hash = '#rate=0.2&update=7'")
    fresh.wait_for_function("live.live.typed.rate === '0.2'")
    assert fresh.evaluate("live.live.timer") is None
    assert shown(fresh)["update"] == 7


def test_focus_and_zoom_stay(fresh):
    fresh.locator(".live-handle").focus()
    resize(fresh, {"width": 1200, "height": 800})
    assert fresh.evaluate("document.activeElement.className") == "live-handle"
    scale = "live.live.plots.charts.costs.scales.x"
    fresh.evaluate("live.live.plots.charts.costs.setScale('x', { min: 0, max: 50 })")
    fresh.wait_for_function(f"{scale}.max === 50")
    fresh.get_by_role("button", name="Step back").click()
    assert fresh.evaluate(f"{scale}.max") == 50
    type_into(fresh, "learning rate", "0.2")
    fresh.wait_for_function(f"{scale}.max === 1000")


def test_the_address_is_the_readers(new_page, address):
    """Only the reader changes it, and never from another place of the page."""
    page = new_page()
    page.clock.install()
    page.goto(address)
    settled(page)
    page.clock.run_for(1000)
    assert page.url == address
    type_into(page, "learning rate", "0.15")
    page.clock.run_for(1000)
    assert page.url == f"{address}#rate=0.15"
    page.get_by_role("button", name="Play").click()
    page.evaluate("location.hash = '#references'")
    page.wait_for_function("location.hash === '#references'")
    page.clock.run_for(10_000)
    assert shown(page)["update"] == 1000
    assert page.url == f"{address}#references"
    page.go_back()
    page.wait_for_function("location.hash === '#rate=0.15'")
    assert shown(page)["typed"]["rate"] == "0.15"
    page.context.close()
