"""An experiment that needs no text: its figure and its table, with what they show."""

import math
import re
import zlib

from helpers.figures.overview import (
    LISTED,
    by_quality,
    count_shown,
    experiment_table,
    final_cost,
    is_summarised,
    iterations_taken,
    plot_experiment,
    setting_text,
    varying,
)
from helpers.figures.statements import count_text
from helpers.pipeline.report.frames import BROKEN, WIDE
from helpers.pipeline.sweep.results import load_runs


def publish_experiment(report, name, **options):
    """Show a figure and a table of an experiment's runs, with what they show.

    The options are those of `helpers.figures.overview.plot_experiment`.
    """
    runs, label = load_runs(name), label_of(name)
    code = f"`{name.replace('`', chr(39))}`"

    def state(claim, value, spec="", **of):
        report.claims.state(f"{label}.{claim}", value, spec, **of)
        return f"{{{{{label}.{claim}}}}}"

    conclusion, names = _conclude(runs, state), [run["run"] for run in runs]
    if any(len(run.get("costs", ())) for run in runs):
        report.figure(
            plot_experiment(runs, **options),
            label=label,
            caption=f"{code}: {_describe(runs, state, **options)} {conclusion}",
            alt=f"Curves of the cost against the iteration, for the runs of {name}.",
            source=(["figures.overview.plot_experiment"], names),
        )
    table = experiment_table(runs)
    rows = " (the best and the worst of them)" if len(runs) > LISTED else ""
    varied = varying(runs)
    fixed = [name for name in runs[0]["listed"] if name not in varied]
    setting = f", all with `{setting_text(runs[0], fixed)}`" if fixed else ""
    report.table(
        table,
        label=label,
        align="".join(map(_alignment, table, table.to_numpy().T)),
        caption=f"The runs of {code}{rows}{setting}. {conclusion}",
        source=(["figures.overview.experiment_table"], names),
    )


def label_of(name):
    """Return the label of an experiment's figure and table; each has its own."""
    label = "experiment-" + re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")
    if re.fullmatch("[a-z0-9_]+", name):
        return label
    return f"{label}-{zlib.crc32(name.encode()):x}"


def _describe(runs, state, show="cost", **panels):
    """Say what the figure shows."""
    excess = "by which share of the optimum the cost is above it,"
    text = f"{'the cost' if show == 'cost' else excess} against the iteration, "
    if is_summarised(runs, **panels):
        text += "of the best and the worst run, beside the distribution of all."
    else:
        text += "a line for each run." if len(runs) > 1 else "of its run."
    if show == "cost":
        text += " The thin line is the optimum."
    shown, most = count_shown(runs)
    counts = state("shown", int(shown), ",d"), state("most", most, ",d")
    if shown < most:
        text += " It shows {} of {} iterations.".format(*counts)
    return text


def _conclude(runs, state):
    """Say which run is the best, and how many diverged."""
    # The same is stated whatever comes out, as it is on other data.
    best, names = by_quality(runs)[0], varying(runs)
    taken, cost, of = iterations_taken(best), final_cost(best), {"run": best["run"]}
    which = f"the run with `{setting_text(best, names)}`"
    if taken < math.inf:
        after = f"after {state('best', int(taken), ',d', **of)} iterations"
        first = f"The first within one percent of its optimum is {which}, {after}."
        text = first if names else f"It is within one percent of its optimum {after}."
    elif cost < math.inf:
        lowest = state("best", cost, ".6g", **of)
        text = f"The lowest final cost, {lowest}, is that of {which}."
        text = text if names else f"Its final cost is {lowest}."
    else:
        text = f"{state('best', 'None')} has a final cost."
    diverged = sum(run["status"] == "diverged" for run in runs)
    count = state("diverged", count_text(diverged, len(runs)))
    if diverged:
        text += f" Diverged: {count}."
    return text


def _alignment(name, texts):
    """Align numbers on the right, and break what is long into lines."""
    if all(text[:1] in "$–" for text in texts):
        return "r"
    return BROKEN if max(map(len, [name, *texts])) > WIDE else "l"
