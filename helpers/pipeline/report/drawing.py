"""Draw figures as SVG and PDF; in a build, while the notebook continues."""

import base64
import contextlib
import io
import logging
import os
import re
import warnings
from multiprocessing import get_context

from helpers.pipeline.environment import figure_formats

# Set while a report is built, if kernels are forked: draw figures in other processes.
IN_BACKGROUND = "DRAW_BESIDE"


def draw(figure, name):
    """Return a matplotlib figure in the formats of page and PDF, by MIME type.

    Raises ValueError, which begins with `name`, if the figure cannot be drawn or its
    font lacks a character.
    """
    formats = figure_formats()
    if not formats:
        return {}
    drawn = {}
    figure.set_dpi(72)  # that of SVG and PDF, so that texts are measured only once
    for ax in figure.axes:
        for image in ax.images if ax.get_axisbelow() is True else ():
            image.set_zorder(max(image.get_zorder(), 0.6))  # grids are at 0.5
    with _require_glyphs(name):
        # Lay it out once: the engine would run at each rendering, and move the figure
        # by a last digit. The PDF comes first, as it may be made without the page.
        (figure.get_layout_engine() or _default_layout(figure)).execute(figure)
        figure.set_layout_engine("none")
        if "pdf" in formats:
            pdf = _saved(figure, "pdf", {"CreationDate": None})
            drawn["application/pdf"] = base64.b64encode(pdf).decode()
        if "svg" in formats:
            svg = _saved(figure, "svg", {"Date": None})
            drawn["image/svg+xml"] = svg.decode()
    return drawn


def _default_layout(figure):
    """Return the layout engine for a figure that has none."""
    from matplotlib import layout_engine

    # With a colour bar that was made without a layout, the other divides by zero.
    if any(hasattr(ax, "_colorbar") and ax.get_subplotspec() for ax in figure.axes):
        return layout_engine.TightLayoutEngine()
    return layout_engine.ConstrainedLayoutEngine()


def call_in_background(function, *arguments):
    """Call a function in a forked process; return a function that awaits its result."""
    fork = get_context("fork")
    receiver, sender = fork.Pipe(duplex=False)

    def call():
        try:
            outcome = function(*arguments)
        except Exception as error:
            outcome = error
        sender.send(outcome)
        os._exit(0)  # skip the exit handlers, which are the kernel's

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
def _require_glyphs(name):
    """Raise ValueError if a font lacks a character, or drawing fails in another way."""
    log = logging.getLogger("matplotlib.mathtext")
    log.addFilter(_refuse_dummy)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "Glyph .* missing from font")
        try:
            yield
        except UserWarning as warning:
            letter = chr(int(re.search(r"Glyph (\d+)", str(warning))[1]))
            raise ValueError(f"{name}: its font has no letter {letter!r}") from None
        except Exception as error:  # such as a mistake in a formula
            raise ValueError(f"{name}: {error}") from None
        finally:
            log.removeFilter(_refuse_dummy)


def _refuse_dummy(record):
    """Raise UserWarning for a letter missing from a formula, which is only logged."""
    if "dummy symbol" in record.msg:
        raise UserWarning(f"Glyph {record.args[2]} missing from font")
    return True


def _saved(figure, format, metadata):
    """Return a figure's file, without a date, so that its bytes are reproducible."""
    import matplotlib as mpl

    buffer = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "report"}):
        figure.savefig(buffer, format=format, metadata=metadata)
    return buffer.getvalue()
