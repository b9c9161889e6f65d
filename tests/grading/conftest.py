"""Fixtures for the tests of grading."""

import pytest
from project import need

from helpers.pipeline.grading.sandbox import walls_work


@pytest.fixture
def walls():
    need(walls_work(), "bubblewrap that works")
