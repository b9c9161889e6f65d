"""An experiment that needs no text: its figure and its table, with what they show."""

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

NAMED = 4  # runs of a sentence


def publish_experiment(report, name, **options):
    """Show a figure and a table of an experiment's runs, with what they show.

    The options are those of `helpers.figures.overview.plot_experiment`.
    """
    runs, label = load_runs(name), label_of(name)
    code, asked = _code(name), {*options.values()} - {None, "cost"}

    def state(claim, value, spec="", **of):
        report.claims.state(f"{label}.{claim}", value, spec, **of)
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
    elif asked and any(run["status"] not in WITHOUT_COST for run in runs):
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
    """Return Markdown that shows a text as it is."""
    return f"`{text.replace('`', chr(39))}`"


def _describe(runs, figure, state, show="cost", **panels):
    """Say what the figure shows."""
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
    """Say which run is the best, and how many diverged or failed."""
    # The same is stated whatever comes out, as it is on other data.
    best, names = by_quality(runs)[0], varying(runs)
    taken, cost = iterations_taken(best), final_cost(best)
    if cost == math.inf:
        text = f"{state('best', 'No')} run has a final cost."
        ended = [run for run in runs if run["status"] not in WITHOUT_COST]
        if ended and not any(len(costs_of(run)) for run in ended):
            text = ""  # of a notebook that descends no cost
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
        found = sum(run["status"] == status for run in runs)
        count = state(status, count_text(found, len(runs)))
        text += f" {status.capitalize()}: {count}." if found else ""
    return text


def _only(runs):
    """Return the name of the only run; of several, nothing."""
    return runs[0]["run"] if len(runs) == 1 else ""


def _named(runs, names):
    """Name runs by what varies: all that are equal, but of many only the first."""
    settings = [_code(setting_text(run, names)) for run in runs]
    several = (
        first_few(settings, NAMED, ", ") if len(runs) > NAMED else list_text(settings)
    )
    return f"the run{'s' if len(runs) > 1 else ''} with {several}"
