"""Draw figures as SVG and PDF, in a build while the notebook goes on."""

import base64
import contextlib
import io
import logging
import os
import re
import warnings
from multiprocessing import get_context

from helpers.pipeline.environment import figure_formats

# Set while a report is built, where kernels are forked: figures are drawn beside it.
BESIDE = "DRAW_BESIDE"


def draw(figure, name):
    """Return a matplotlib figure in the formats of page and PDF, by MIME type.

    ValueError, which begins with its name, if it cannot be drawn, or lacks a letter.
    """
    formats = figure_formats()
    if not formats:
        return {}
    drawn = {}
    figure.set_dpi(72)  # of SVG and PDF: texts are measured once
    for ax in figure.axes:
        for image in ax.images if ax.get_axisbelow() is True else ():
            image.set_zorder(max(image.get_zorder(), 0.6))  # grids are at 0.5
    with _all_letters(name):
        # Laid out once: its engine would run at each rendering, and move the figure by
        # a last digit. The PDF, which is also made without the page, is saved first.
        (figure.get_layout_engine() or _layout_for(figure)).execute(figure)
        figure.set_layout_engine("none")
        if "pdf" in formats:
            pdf = _saved(figure, "pdf", {"CreationDate": None})
            drawn["application/pdf"] = base64.b64encode(pdf).decode()
        if "svg" in formats:
            svg = _saved(figure, "svg", {"Date": None})
            drawn["image/svg+xml"] = svg.decode()
    return drawn


def _layout_for(figure):
    """Return the engine that lays out a figure which has none of its own."""
    from matplotlib import layout_engine

    # Where a colour bar was made without a layout, the other one divides by zero.
    if any(hasattr(ax, "_colorbar") and ax.get_subplotspec() for ax in figure.axes):
        return layout_engine.TightLayoutEngine()
    return layout_engine.ConstrainedLayoutEngine()


def beside(function, *arguments):
    """Call a function in a forked process; return what waits for it and its result."""
    fork = get_context("fork")
    receiver, sender = fork.Pipe(duplex=False)

    def call():
        try:
            outcome = function(*arguments)
        except Exception as error:
            outcome = error
        sender.send(outcome)
        os._exit(0)  # what ends a kernel must not be done twice

    process = fork.Process(target=call, daemon=True)
    process.start()
    sender.close()

    def result():
        try:
            outcome = receiver.recv()
        except EOFError:
            raise RuntimeError("the process that drew a figure has died") from None
        finally:
            receiver.close()
            process.join()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return result


@contextlib.contextmanager
def _all_letters(name):
    """Raise ValueError for a letter that a font lacks, or another error of a figure."""
    log = logging.getLogger("matplotlib.mathtext")
    log.addFilter(_refuse_dummy)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "Glyph .* missing from font")
        try:
            yield
        except UserWarning as missing:
            found = re.search(r"Glyph (\d+)", str(missing))
            raise ValueError(
                f"{name}: its font has no letter {chr(int(found[1]))!r}"
            ) from None
        except Exception as error:  # such as of a formula
            raise ValueError(f"{name}: {error}") from None
        finally:
            log.removeFilter(_refuse_dummy)


def _refuse_dummy(record):
    """Raise for a letter that a formula lacks what matplotlib only logs."""
    if "dummy symbol" in record.msg:
        raise UserWarning(f"Glyph {record.args[2]} missing from font")
    return True


def _saved(figure, format, metadata):
    """Return a figure's file, without a date: the same figure has the same bytes."""
    import matplotlib as mpl

    buffer = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "report"}):
        figure.savefig(buffer, format=format, metadata=metadata)
    return buffer.getvalue()
