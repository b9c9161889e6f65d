"""Fixtures shared by the tests of reports."""

import shutil
from types import SimpleNamespace

import nbformat
import pypdfium2
import pytest

from helpers.pipeline.report import paths, pdf, publish
from helpers.pipeline.report.paths import Paths


@pytest.fixture
def shown(monkeypatch, tmp_path):
    """Collect what a report displays, as the outputs of a notebook."""
    outputs, places = [], {}

    def display(data, metadata, raw, display_id=None):
        output = nbformat.v4.new_output("display_data", data=data, metadata=metadata)
        outputs.append(output)
        places[display_id] = output

    def update_display(data, metadata, raw, display_id):
        places[display_id].update(data=data, metadata=metadata)

    monkeypatch.setattr(publish, "display", display)
    monkeypatch.setattr(publish, "update_display", update_display)
    nothing = Paths(root=tmp_path / "nothing")  # not the assignment's notebook
    monkeypatch.setattr(paths, "current_report", lambda: nothing)
    return outputs


@pytest.fixture
def shell(monkeypatch):
    """Give reports the shell of a notebook in which nothing has been executed yet."""
    events, user_ns = SimpleNamespace(register=print), {"In": [""]}
    shell = SimpleNamespace(user_ns=user_ns, events=events)
    shell.register_magic_function = print
    monkeypatch.setattr(publish, "get_ipython", lambda: shell)


@pytest.fixture(scope="session")
def preamble(tmp_path_factory):
    """Return the compiled preamble."""
    folder = tmp_path_factory.mktemp("preamble")
    return folder / f"{pdf.compile_preamble(folder)}.fmt"


@pytest.fixture
def to_pdf(preamble, tmp_path):
    """Return a function that compiles LaTeX in `tmp_path`, as for a report."""

    def made(latex, files=None):
        shutil.copy(preamble, tmp_path)
        return pdf.to_pdf(latex, files or {}, tmp_path, preamble.stem)

    return made


@pytest.fixture
def printed(to_pdf):
    """Return a function that returns a document's printed text, without spaces."""

    def read(latex, files=None):
        with pypdfium2.PdfDocument(to_pdf(latex, files)) as document:
            pages = [page.get_textpage().get_text_range() for page in document]
        return "".join("".join(pages).split())

    return read
