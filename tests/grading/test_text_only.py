"""A report in which only the text changed need not be executed."""

import json
import shutil
import subprocess
import sys

from nbformat.v4 import new_code_cell
from project import Project

MAKE = "from helpers.pipeline.report.build import report; report()"
SET = """\
from pathlib import Path
from helpers.pipeline.grading.text_only import set_texts
from helpers.pipeline.report.title import title_block
pdf, html = set_texts(Path("executed.ipynb"), **title_block())
Path("texts.pdf").write_bytes(pdf)
Path("texts.html").write_bytes(html)
"""
FIRST = "%%prose\nThe costs of @fig:costs are {{all.cost}} and {{horsepower.cost}}."
SECOND = "%%prose\n\n$J = {{all.cost}}$ is lower. {{ all.cost }}\n"


def test_changed_text_is_typeset_as_if_everything_was_executed(tmp_path, small_report):
    """Additional text cells change the numbers of the other cells."""
    shutil.copytree(small_report.folder, tmp_path / "changed")
    project = Project.at(tmp_path / "changed")
    shutil.copy(project.folder / "build" / "report.ipynb", project.folder)
    (project.folder / "report.ipynb").rename(project.folder / "executed.ipynb")
    path = project.folder / "notebooks" / "report.ipynb"
    notebook = json.loads(path.read_text())
    texts = [new_code_cell(text) for text in (FIRST, SECOND)]
    *before, _, figure, provenance, end = notebook["cells"]
    notebook["cells"] = [*before, texts[0], figure, texts[1], provenance, end]
    path.write_text(json.dumps(notebook))
    variables = project.environment | {"STUDENT": "Ada Lovelace"}
    for code in (MAKE, SET):
        command = [sys.executable, "-c", code]
        subprocess.run(command, cwd=project.folder, env=variables, check=True)
    for kind in ("pdf", "html"):
        executed, typeset = (
            project.folder / f"{it}.{kind}" for it in ("report/report", "texts")
        )
        assert typeset.read_bytes() == executed.read_bytes()
    path.write_text(json.dumps(notebook).replace("{{all.cost}}", "{{all.costs}}"))
    done = subprocess.run(
        command, cwd=project.folder, env=variables, capture_output=True, text=True
    )
    error = "no claim is named 'all.costs'; did you mean 'all.cost'?"
    assert done.stderr.strip().endswith(error)
