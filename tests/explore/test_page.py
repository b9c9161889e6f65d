"""The live figure in a page of its own: opened from disk, without a network."""

import json
import re

import numpy as np
import pytest
from browser import resize, settled, write_page

from helpers.data import load_data
from helpers.explore.page import live_html
from helpers.explore.problem import make_problem
from helpers.optimisers import OPTIMISERS, options_of

DESK = {"width": 1280, "height": 800}
CARS = make_problem("data/auto.csv", "mpg")
SHOWN = """() => {
  const { result, typed, update } = live.live;
  const { setting, fit, limit } = result;
  return { setting, typed, update, limit, updates: fit.updates, status: fit.status };
}"""
# How many pixels of a picture's axes have colour.
COLOURED = """number => {
  const { ctx, bbox } = Object.values(live.live.plots.charts)[number];
  const { data } = ctx.getImageData(bbox.left, bbox.top, bbox.width, bbox.height);
  let count = 0;
  for (let i = 0; i < data.length; i += 4) {
    const [red, green, blue] = [data[i], data[i + 1], data[i + 2]];
    const spread = Math.max(red, green, blue) - Math.min(red, green, blue);
    if (data[i + 3] > 0 && spread > 60) count += 1;
  }
  return count;
}"""
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


@pytest.fixture
def fresh(page):
    """Return the page with every control as it was at the beginning."""
    page.emulate_media(color_scheme="light")
    resize(page, DESK)
    page.get_by_role("button", name="Start over").click()
    return page


def shown(page):
    return page.evaluate(SHOWN)


def type_into(page, name, text):
    page.get_by_label(name, exact=True).fill(text)


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
    assert page.evaluate(COLOURED, 4) > 50  # the last of five pictures
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
    assert "sets “colour”, which is no setting" in note
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
    assert "grows by 1.77 at each step" in says
    assert all(fresh.evaluate(COLOURED, number) > 50 for number in range(5))
    low, high = fresh.evaluate(
        "(({ min, max }) => [min, max])(live.live.plots.charts.costs.scales.y)"
    )
    sample = load_data("data/auto.csv", "mpg")
    assert low < np.log10(sample.y.var())
    assert high > 15


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
    fresh.mouse.move(x, y)  # it has been let go
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
        assert all(page.evaluate(COLOURED, number) > 20 for number in range(5))
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
    columns = {
        '"mass, kg"': rng.normal(size=50),
        "same": np.full(50, 5.0),
        "y": rng.normal(size=50),
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
