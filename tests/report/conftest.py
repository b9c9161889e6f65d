"""What the tests of the report share."""

import nbformat
import pytest

from helpers.pipeline.report import publish


@pytest.fixture
def shown(monkeypatch):
    """Collect what a report displays, as the outputs of a notebook."""
    outputs = []

    def display(data, metadata, raw):
        outputs.append(
            nbformat.v4.new_output("display_data", data=data, metadata=metadata)
        )

    monkeypatch.setattr(publish, "display", display)
    return outputs
