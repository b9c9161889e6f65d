"""Publish an experiment without any prose: a figure and a table with full captions."""

import math
import re
import zlib

from helpers.figures.formatting import list_text
from helpers.figures.overview import (
    WITHOUT_COST,
    by_quality,
    costs_of,
    count_optima,
    count_shown,
    final_cost,
    is_summarised,
    iterations_taken,
    plot_experiment,
    setting_text,
    varying,
)
from helpers.figures.overview_table import LISTED, experiment_table
from helpers.figures.statements import count_text
from helpers.pipeline.command import first_few
from helpers.pipeline.sweep.results import load_runs

MAX_NAMED = 4  # runs that one sentence names


def publish_experiment(report, name, **options):
    """Show a figure and a table of an experiment's runs; captions state the results.

    The options are those of `helpers.figures.overview.plot_experiment`.
    """
    runs, label = load_runs(name), label_of(name)
    code, has_options = _code(name), bool({*options.values()} - {None, "cost"})

    def state(claim, value, spec="", **origin):
        report.claims.state(f"{label}.{claim}", value, spec, **origin)
        return f"{{{{{label}.{claim}}}}}"

    conclusion = _conclude(runs, state)
    if any((costs_of(run) > 0).any() for run in runs):
        figure = plot_experiment(runs, **options)
        report.figure(
            figure,
            label=label,
            caption=f"{code}: {_describe(runs, figure, state, **options)} {conclusion}",
            alt="The cost against the iteration, a line for each run.",
            source=(["figures.overview.plot_experiment"], [name]),
        )
    elif has_options and any(run["status"] not in WITHOUT_COST for run in runs):
        raise ValueError(f"{name} has no figure: its runs record no positive costs")
    table = experiment_table(runs)
    rows = " (the best and the worst of them)" if len(runs) > LISTED else ""
    varied = varying(runs)
    fixed = [name for name in runs[0]["listed"] if name not in varied]
    what, every = ("runs", "all ") if len(runs) > 1 else ("run", "")
    setting = f", {every}with {_code(setting_text(runs[0], fixed))}" if fixed else ""
    report.table(
        table,
        label=label,
        caption=f"The {what} of {code}{rows}{setting}. {conclusion}",
        source=(["figures.overview_table.experiment_table"], [name]),
    )


def label_of(name):
    """Return the label of an experiment's figure and table; each has its own."""
    label = "experiment-" + re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")
    if re.fullmatch("[a-z0-9_]+", name):
        return label
    return f"{label}-{zlib.crc32(name.encode()):x}"


def _code(text):
    """Return Markdown that shows a text as code."""
    return f"`{text.replace('`', chr(39))}`"


def _describe(runs, figure, state, show="cost", **panels):
    """Describe what the figure shows."""
    excess = "how far the cost is above its optimum, as a share of it,"
    text = f"{'the cost' if show == 'cost' else excess} against the iteration, "
    if is_summarised(runs, **panels):
        text += "of the best and the worst run, beside the distribution of all."
    else:
        text += "a line for each run." if len(runs) > 1 else "of its run."
    optima = count_optima(figure)
    if optima:
        are = "lines are the optima" if optima > 1 else "line is the optimum"
        text += f" The thin {are}."
    shown, most = count_shown(runs)
    counts = state("shown", int(shown), ",d"), state("most", most, ",d")
    if shown < most:
        text += " Shown are {} of {} iterations.".format(*counts)
    return text


def _conclude(runs, state):
    """Write which run is the best, and how many diverged or failed."""
    # State the same claims whatever the result, as prose may use them on other data.
    best, names = by_quality(runs)[0], varying(runs)
    taken, cost = iterations_taken(best), final_cost(best)
    if cost == math.inf:
        text = f"{state('best', 'No')} run has a final cost."
        ended = [run for run in runs if run["status"] not in WITHOUT_COST]
        if ended and not any(len(costs_of(run)) for run in ended):
            text = ""  # the notebook minimises no cost
    elif taken < math.inf:
        ended = [run for run in runs if final_cost(run) < math.inf]
        first = [run for run in ended if iterations_taken(run) == taken]
        at = f"at iteration {state('best', int(taken), ',d', run=_only(first))}"
        are = "their optimum are" if len(first) > 1 else "its optimum is"
        text = f"The first within one percent of {are} {_named(first, names)}, {at}."
        text = text if names else f"The run is within one percent of its optimum {at}."
        if max(map(iterations_taken, ended)) == 0:
            text += " That is the start, so there is nothing to compare."
    else:
        lowest = [run for run in runs if f"{final_cost(run):.6g}" == f"{cost:.6g}"]
        value = state("best", cost, ".6g", run=_only(lowest))
        text = f"The lowest final cost, {value}, is that of {_named(lowest, names)}."
        text = text if names else f"The final cost of the run is {value}."
    for status in ("diverged", "failed"):
        number = sum(run["status"] == status for run in runs)
        count = state(status, count_text(number, len(runs)))
        text += f" {status.capitalize()}: {count}." if number else ""
    return text


def _only(runs):
    """Return the name of the only run; empty if there are several."""
    return runs[0]["run"] if len(runs) == 1 else ""


def _named(runs, names):
    """Name equally good runs by the parameters that vary; of many, only the first."""
    texts = [_code(setting_text(run, names)) for run in runs]
    few = len(texts) <= MAX_NAMED
    settings = list_text(texts) if few else first_few(texts, MAX_NAMED, ", ")
    return f"the run{'s' if len(runs) > 1 else ''} with {settings}"
