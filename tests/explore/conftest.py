"""What the tests of the live figure share."""

import pytest
from browser import PATIENCE


@pytest.fixture(scope="module")
def complaints():
    """Collect what pages complain about; there must be nothing."""
    found = []
    yield found
    assert found == []


@pytest.fixture(scope="module")
def new_page(browser, complaints):
    """Return a function that opens an empty page without a network."""

    def opened(**options):
        options.setdefault("viewport", {"width": 1280, "height": 800})
        context = browser.new_context(offline=True, **options)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda message: message.type == "error" and complaints.append(message.text),
        )
        page.on(
            "request",
            lambda request: (
                request.url.startswith(("http", "ws"))
                and complaints.append(request.url)
            ),
        )
        return page

    return opened
