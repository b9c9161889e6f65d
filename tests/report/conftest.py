"""What the tests of the report share."""

import shutil

import nbformat
import pytest

from helpers.pipeline.report import pdf, publish


@pytest.fixture
def shown(monkeypatch):
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
    return outputs


@pytest.fixture(scope="session")
def preamble(tmp_path_factory):
    """Return the compiled preamble."""
    folder = tmp_path_factory.mktemp("preamble")
    return folder / f"{pdf.compile_preamble(folder)}.fmt"


@pytest.fixture
def to_pdf(preamble, tmp_path):
    """Return a function that sets a document in `tmp_path`, as a report is set."""

    def made(latex, files=None):
        shutil.copy(preamble, tmp_path)
        return pdf.to_pdf(latex, files or {}, tmp_path)

    return made
