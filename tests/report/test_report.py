"""The report built by `make report`: its notebook, its log, its PDF."""

import fcntl
import json
import re
import shutil
import subprocess
import sys
import unicodedata
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from plain import NBCONVERT
from project import Project
from pypdf import PdfReader
from small import make_small

from helpers import ROOT
from helpers.explore.actions import add_to_experiments
from helpers.pipeline.records import read_record
from helpers.pipeline.report.claims import typed_digits
from helpers.pipeline.report.paths import ASSIGNMENT
from helpers.pipeline.sweep.inputs import path_of
from helpers.pipeline.sweep.notebooks import read_notebook
from helpers.pipeline.sweep.results import load_experiment
from helpers.pipeline.verify.reader import read_pdf
from helpers.pipeline.verify.rebuild import build_report

PDF = ASSIGNMENT.pdf

README = ROOT / "README.md"
EXECUTED = ROOT / "build" / "report.ipynb"


@pytest.fixture(scope="module")
def text():
    """Return the text of the PDF without ligatures and line breaks."""
    pages = " ".join(page.text for page in read_pdf(PDF).pages)
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", pages))


@pytest.fixture(scope="module")
def cells():
    return json.loads(EXECUTED.read_text())["cells"]


@pytest.fixture(scope="module")
def published(cells):
    """Return what was published, in order."""
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    return [
        o["metadata"]["report"] for o in outputs if "report" in o.get("metadata", {})
    ]


@pytest.fixture(scope="module")
def log():
    return (ROOT / "build" / "tex" / "report.log").read_text(errors="replace")


def test_it_has_all_sections_of_the_template(text):
    for heading in (
        "1 Introduction",
        "2 Mathematical exercises",
        "Exercise 1: the chain rule",
        "Exercise 2: the factors",
        "3 Code exercises",
        "Exercise 3. Implement a gradient descent algorithm",
        "4 Results",
        "5 Computing time",
        "References",
        "A Runs, versions and provenance",
    ):
        assert heading in text


def test_it_opens_with_the_title_block_that_was_asked_for(published, text):
    (heading,) = [d["heading"] for d in published if d["kind"] == "title"]
    opening = text[:300]
    for line in heading.values():
        assert line in opening


def test_its_conclusions_hold():
    """Claims must confirm in numbers what prose and captions say in words."""
    claims = {n: c["value"] for n, c in read_record(EXECUTED)["claims"].items()}
    assert claims["above.diverged"] == f"all {claims['above']}"
    assert claims["below.fell"] == f"all {claims['below']}"
    assert claims["rates.matched"] == "all three"
    assert claims["theory.deviation"] < 1e-9
    assert claims["symbolic.exact"] == "all four"
    assert claims["differences.deviation"] <= 1e-9
    assert claims["scores.difference"] < 1e-6
    assert claims["raw.close"] == "none"
    assert claims["limit.status"] == "oscillating"
    assert claims["scaling.verdict"] == "No run on unscaled features converged."
    assert claims["parts.best.count"] > claims["parts.first.count"]
    assert claims["log.all.cost"] < claims["all.cost"]
    assert not (load_experiment("unscaled").status == "converged").any()


def test_it_states_the_two_optima_and_the_limits(text):
    for number in ("23.943663", "10.847481", "0.605948", "0.821478", "0.2168"):
        assert number in text


def test_it_cites_real_works(text):
    for author in (
        "Quinlan",
        "Goodfellow",
        "Boyd",
        "Golub",
        "Harris",
        "Hunter",
        "Kluyver",
    ):
        assert author in text


def test_every_figure_table_and_listing_has_caption_label_and_reference(published):
    floats = [
        d for d in published if d["kind"] in ("figure", "table", "longtable", "listing")
    ]
    assert len([d for d in floats if d["kind"] == "figure"]) >= 6
    prose = " ".join(d["text"] for d in published if d["kind"] == "prose")
    for item in floats:
        assert len(item["caption"].split()) >= 3, item["label"]
        assert f"@{item['label']}" in prose, item["label"]
    labels = [d["label"] for d in floats]
    assert len(set(labels)) == len(labels)


def test_it_is_short_and_lists_the_functions_of_the_exercise(published):
    mine = [d for d in published if d.get("label", "").startswith("tab:experiment-")]
    assert len(PdfReader(PDF).pages) <= 18 or mine
    shown = [d["label"] for d in published if d["kind"] == "listing"]
    functions = ["initialize", "model", "cost", "gradients", "plain", "heavy-ball"]
    assert shown == [f"lst:{name}" for name in [*functions, "descent"]]


def test_every_figure_says_what_can_be_concluded_and_has_words_for_the_blind(published):
    for figure in (d for d in published if d["kind"] == "figure"):
        assert len(re.findall(r"[.:](?:\s|$)", figure["caption"])) >= 2
        assert len(figure["alt"].split()) >= 3


def test_numbers_in_the_notebook_agree_with_those_in_print(published, text):
    """Items are numbered in the order in which the text mentions them, in both."""
    for kind, word in (("figure", "Figure"), ("listing", "Listing")):
        shown = [d["label"] for d in published if d["kind"] == kind]
        prose = " ".join(d.get("text", "") + d.get("caption", "") for d in published)
        named = sorted(
            (label for label in shown if f"@{label}" in prose),
            key=lambda label: prose.index(f"@{label}"),
        )
        assert named == shown[: len(named)]
        assert f"{word} {len(shown)}." in text
    prose = " ".join(d["text"] for d in published if d["kind"] == "prose")
    declared = re.findall(r"\{#(eq:[a-z-]+)\}", prose)
    assert declared == sorted(declared, key=lambda label: prose.index(label))


def test_the_notebook_shows_captions_and_references_as_in_print(cells):
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    text = "\n".join(
        "".join(output["data"][kind])
        for output in outputs
        for kind in ("text/markdown", "text/html")
        if kind in output.get("data", {})
    )
    figures = re.findall(r"^\*\*Figure (\d+)\.\*\* ", text, re.MULTILINE)
    assert figures == [str(number + 1) for number in range(len(figures))]
    assert len(figures) > 5
    assert not re.search(r"\{\{[\w.-]+\}\}|@(fig|tab|lst|eq|app):", text)
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert all(cell["metadata"]["jupyter"]["source_hidden"] for cell in code)


def test_the_log_is_clean(log):
    assert "undefined" not in log
    assert "multiply" not in log
    too_wide = [
        float(width) for width in re.findall(r"Overfull \\hbox \(([\d.]+)pt", log)
    ]
    assert [width for width in too_wide if width > 1] == []


def test_the_outline_has_the_numbers_of_sections():
    def titles(outline):
        for item in outline:
            yield from titles(item) if isinstance(item, list) else [item.title]

    found = list(titles(PdfReader(PDF).outline))
    assert found[0] == "1 Introduction"
    assert "2.1 Exercise 1: the chain rule" in found
    assert "References" in found
    assert [title for title in found if title.startswith("A ")]


def test_all_fonts_are_embedded():
    seen = set()

    def look(resources):
        for font in (resources.get("/Font") or {}).values():
            font = font.get_object()
            for part in font.get("/DescendantFonts", [font]):
                descriptor = part.get_object().get("/FontDescriptor")
                if font["/Subtype"] == "/Type3":
                    continue  # its glyphs are drawings in the file itself
                embedded = {"/FontFile", "/FontFile2", "/FontFile3"} & set(descriptor)
                assert embedded, font["/BaseFont"]
                seen.add(font["/BaseFont"])
        for inner in (resources.get("/XObject") or {}).values():
            if "/Resources" in inner.get_object():
                look(inner.get_object()["/Resources"])

    for page in PdfReader(PDF).pages:
        look(page["/Resources"])
    assert len(seen) > 5


def test_links_lead_somewhere():
    reader = PdfReader(PDF)
    targets = set(reader.named_destinations)
    used = set()
    for page in reader.pages:
        for link in page.get("/Annots", []):
            action = link.get_object().get("/A", {})
            if action.get("/S") == "/GoTo":
                used.add(action["/D"])
    assert len(used) > 30
    assert used <= targets


def test_figures_are_vectors():
    images = [image for page in PdfReader(PDF).pages for image in page.images]
    assert images == []


def test_no_number_is_typed(cells):
    """Outside mathematics, prose and captions have digits only in claims."""
    for cell in cells:
        if cell["cell_type"] == "code":
            assert typed_digits("".join(cell["source"])) == [], cell["id"]


def test_every_claim_is_used_and_leads_to_its_run(cells):
    sources = " ".join("".join(cell["source"]) for cell in cells)
    for name, claim in read_record(EXECUTED)["claims"].items():
        assert "{{" + name + "}}" in sources, name
        if claim["run"]:
            assert path_of(claim["run"]).exists()


def test_claims_are_what_the_runs_recorded():
    claims = read_record(EXECUTED)["claims"]
    curves = load_experiment("cost_curves").set_index("features")
    assert claims["horsepower.cost"]["value"] == curves.loc["horsepower"].costs[-1]
    assert claims["all.cost"]["value"] == curves.loc["all"].costs[-1]
    assert claims["horsepower.cost"]["run"] == curves.loc["horsepower", "run"]


def test_the_axes_of_every_figure_are_labelled():
    """Run the figure cells with a report that checks the axes."""
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    shell.run_cell("import matplotlib; matplotlib.use('agg')").raise_error()
    notebook = json.loads((ROOT / "notebooks" / "report.ipynb").read_text())
    seen = []

    def look(figure, **_):
        for axes in figure.axes:
            seen.append(axes)
            assert axes.get_xlabel(), axes
            shared = axes.get_shared_y_axes().joined(axes, figure.axes[0])
            assert axes.get_ylabel() or (axes is not figure.axes[0] and shared)
            if len(axes.get_lines()) > 1 and not figure.legends:
                labels = [t.get_text() for t in getattr(axes.get_legend(), "texts", [])]
                named = [li for li in axes.get_lines() if li.get_label()[0] != "_"]
                assert len(named) <= len(labels) or len(named) <= 1

    for cell in notebook["cells"]:
        code = "".join(cell["source"])
        if cell["cell_type"] != "code" or code.startswith("%%"):
            continue
        if "report.figure" in code or "report." not in code or "Report()" in code:
            shell.run_cell(code, silent=True).raise_error()
        if "Report()" in code:
            shell.user_ns["report"].figure = look
    assert len({axes.figure for axes in seen}) == code_cells_with_figures(notebook)
    InteractiveShell.clear_instance()
    plt.close("all")


def test_placeholders_and_references_are_all_resolved(text):
    assert "{{" not in text
    assert "??" not in text
    assert not re.search(r"@(fig|tab|lst|eq|app):", text)


def test_another_build_is_waited_for_and_what_cannot_be_set_changes_nothing(
    tmp_path, small_report
):
    project = Project.at(tmp_path / "it")
    shutil.copytree(small_report.folder, project.folder)
    made = [project.folder / "report" / name for name in ("report.pdf", "results.json")]
    before = [path.read_bytes() for path in made]
    project.replace("notebooks/report.ipynb", "run.costs[-1],", "run.costs[-1] + 1,")
    project.replace("notebooks/report.ipynb", "see @fig:costs", "see @fig:cost")
    with (project.folder / "build" / "report.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # as another build does
        build = project.start("helpers.pipeline.report")
        assert "waiting for another `make report`" in build.stderr.readline()
        assert build.poll() is None
    _, err = build.communicate(timeout=100)
    assert build.returncode == 2
    assert "Reference `fig:cost' on page 1 undefined; did you mean fig:costs?" in err
    assert err.rstrip().endswith("(In [4])")
    assert [path.read_bytes() for path in made] == before


def test_a_misspelt_beginning_of_a_text_is_named(finished):
    make_small(finished)
    finished.replace("notebooks/report.ipynb", "%%prose", "%%prse")
    status, _, err = finished.run("helpers.pipeline.report", "html")
    assert status == 2
    assert "Cell magic `%%prse` not found; did you mean %%prose? (see build/" in err


def test_what_is_printed_and_not_in_the_report_is_noted(finished):
    warned = "import warnings\nwarnings.warn('it')"
    make_small(finished, "print('a line')", "1 + 1", warned)
    status, _, err = finished.run("helpers.pipeline.report", "html")
    assert status == 0
    assert (
        "\nnote: what In [6], In [7] printed is not in the report; a %%prose cell "
        "can state it\n"
    ) in err


def test_a_report_that_records_no_claims_says_so(finished):
    make_small(finished)
    finished.replace("notebooks/report.ipynb", "record(claims=", "record(numbers=")
    status, _, err = finished.run("helpers.pipeline.report", "html")
    assert status == 2
    assert err.splitlines()[-1] == (
        "error: notebooks/report.ipynb records no claims: its last cell must be "
        "record(claims=…)"
    )


def test_what_was_found_by_hand_is_included_and_what_failed_is_named(finished):
    sources = ("".join(cell["source"]) for cell in read_notebook("report")["cells"])
    [further] = [source for source in sources if "## Further experiments" in source]
    further = (
        "from helpers.figures.formatting import list_text\n"
        "from helpers.pipeline.report.overview import label_of\n"
        "from helpers.pipeline.sweep.experiments import read_points\n"
        f"from helpers.pipeline.sweep.results import loaded_experiments\n{further}"
    )
    # The figure that the README explains how to add.
    [mine] = re.findall(r"```python\n(run = .*?)```", README.read_text(), re.DOTALL)
    mine = "from helpers.figures.curves import plot_costs\n" + mine
    make_small(finished, mine.replace("cost_curves", "quick"), further)
    setting = {"features": ["weight", "year"], "rate": "0.3", "iterations": 1000}
    setting |= {"optimiser": "heavy-ball", "momentum": "0.5", "scaling": "standardise"}
    setting |= {"start": [], "batch": 0, "seed": 0}
    path = finished.folder / "experiments.yaml"
    add_to_experiments(
        {"data": "data/auto.csv", "target": "mpg", "setting": setting}, path
    )
    with path.open("a") as file:
        file.write("broken: {features: nonsense, n_iterations: 5}\n")
    made = read_pdf(build_report(finished.folder))
    text = " ".join("\n".join(page.text for page in made.pages).split())
    assert "Further experiments" in text
    assert "The cost falls to 10." in text
    assert re.search(r"explored \(Table \d+\) and broken \(Table \d+\)\.", text)
    assert "explored: the cost against the iteration, of its run. " in text
    assert "features=weight, year, " in text
    assert "optimiser=heavy-ball, momentum=0.5" in text
    assert "within one percent of its optimum at iteration " in text
    best = {n: c for n, c in made.results["claims"].items() if n.endswith(".best")}
    assert best["experiment-explored.best"]["value"] > 0
    assert best["experiment-broken.best"]["value"] == "No"
    runs = {r["experiments"][0]: r for r in made.results["runs"].values()}
    assert runs["explored"]["status"] == "converged"
    named = "The run of broken, with features=nonsense, n_iterations=5."
    assert f"{named} No run has" in text
    assert runs["broken"]["status"] == "failed"


def code_cells_with_figures(notebook):
    return sum("report.figure(" in "".join(c["source"]) for c in notebook["cells"])


def test_nbconvert_by_itself_sets_the_report_in_latex(tmp_path):
    """So does the benchmark's baseline, which names the exporter's parts as options."""
    shutil.copy(EXECUTED, tmp_path)
    program = Path(sys.executable).with_name(NBCONVERT.split()[0])
    _, *options = NBCONVERT.format(root=ROOT).split()
    subprocess.run([program, *options], cwd=tmp_path, check=True, capture_output=True)
    latex = (tmp_path / "report.tex").read_text()
    assert r"\section{Introduction}" in latex
    assert not re.search(r"\{\{[\w.-]+\}\}", latex)
