"""Fixtures for the tests of the live figure."""

import pytest
from browser import open_page


@pytest.fixture(scope="module")
def complaints():
    """Collect the errors of all pages; there must be none."""
    errors = []
    yield errors
    assert errors == []


@pytest.fixture(scope="module")
def new_page(browser, complaints):
    """Return a function that opens an empty page without a network."""

    def opened(**options):
        options.setdefault("viewport", {"width": 1280, "height": 800})
        context = browser.new_context(offline=True, **options)
        page = open_page(context, complaints)
        page.on(
            "request",
            lambda request: (
                request.url.startswith(("http", "ws"))
                and complaints.append(request.url)
            ),
        )
        return page

    return opened
