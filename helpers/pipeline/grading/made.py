"""What comes of a submission: made behind the walls, printed, and parsed strictly.

Run as a script, which is done behind the walls, it makes what was handed in, and prints
as JSON what came of it. With ``report`` it makes the report, with ``texts`` it only
sets it, see `texts`, with ``claims`` it only executes its notebook, with ``runs`` only
the grid. The names of runs may follow, which need not be run again.
"""

import base64
import contextlib
import hashlib
import json
import os
import shutil
import sys
from typing import NamedTuple

from helpers import ROOT
from helpers.pipeline.command import run_command
from helpers.pipeline.errors import UserError
from helpers.pipeline.grading.sandbox import MIB
from helpers.pipeline.grading.texts import print_texts
from helpers.pipeline.kernels.warm import warm_kernels
from helpers.pipeline.records import NoRecordError, read_record
from helpers.pipeline.report.build import execute_report, report
from helpers.pipeline.report.drawing import FORMATS
from helpers.pipeline.report.paths import ASSIGNMENT
from helpers.pipeline.sweep.experiments import read_points
from helpers.pipeline.sweep.inputs import (
    Inputs,
    modules_behind,
    path_of,
    recorded_inputs,
)
from helpers.pipeline.sweep.plan import make_plan, modules_for
from helpers.pipeline.sweep.run import FailedRunsError, Settings, sweep
from helpers.pipeline.verify.verdicts import DIFFERS, HOLDS, MISSING, NOTED, Line

MOST = 10_000  # claims, runs, or lines of a comparison
LONGEST = 1000  # letters of a text
CURVE = 1_000_000  # costs of a run
LARGEST_PDF = 32 * MIB
VERDICTS = {HOLDS, DIFFERS, MISSING, NOTED}
# What there may be of an earlier build: runs, an executed report, what LaTeX left.
KNOWN = ROOT / "known"
NUMERIC = (int, float)
CODE = (".py", ".ipynb")


class Made(NamedTuple):
    """What came of a submission that was made again.

    Attributes
    ----------
    claims : dict of str to (float, int, str, bool or None)
        Their values.
    constant : list of str
        The claims that the report declares not to come from the data.
    costs : dict of str to list of float
        Of each run.
    settings : list of float
        The values of all parameters in the grid.
    pdf : bytes
        The report.
    records : dict of str to str
        A digest of all that each run has recorded.
    """

    claims: dict = {}
    constant: list = []
    costs: dict = {}
    settings: list = []
    pdf: bytes = b""
    records: dict = {}


def main():
    """Make it, and print its costs, claims and PDF."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # where all else is printed
    what, *accepted = sys.argv[1:]
    for part in KNOWN.iterdir() if KNOWN.is_dir() else ():
        copy_part(part, ROOT / "build" / part.name)
    if what == "texts":
        pdf = print_texts(ASSIGNMENT.executed)
        json.dump({"pdf": base64.b64encode(pdf).decode()}, out)
        return
    points = [point for grid in read_points().values() for point in grid]
    for point in points:
        if point.run in accepted:
            accept(point)
    os.environ[FORMATS] = "pdf" if what == "report" else ""
    made = {}
    if what == "report":
        report(with_page=False)
        made["pdf"] = base64.b64encode(ASSIGNMENT.pdf.read_bytes()).decode()
    else:
        execute(only_runs=what == "runs")
    records = {point.run: record_of(point.run) for point in points}
    made["costs"] = {run: found.get("costs") for run, found in records.items()}
    made["records"] = {run: digest(found) for run, found in records.items()}
    made["settings"] = sorted(
        {
            value
            for point in points
            for value in point.parameters.values()
            if isinstance(value, NUMERIC)
        }
    )
    if what != "runs":
        recorded = read_record(ASSIGNMENT.executed)
        claims = recorded["claims"]
        made["claims"] = {name: claim["value"] for name, claim in claims.items()}
        made["constant"] = recorded.get("constant", [])
    json.dump(made, out)
    out.close()


def copy_part(part, copy):
    """Copy a file, or a folder; what is there already stays."""
    if part.is_dir():
        shutil.copytree(part, copy, dirs_exist_ok=True)
    else:
        shutil.copyfile(part, copy)


def accept(point):
    """Take a known run for one of the code that is here, which has the same results."""
    path, inputs = path_of(point.run), Inputs().of(point)
    if recorded := recorded_inputs(path):
        head, rest = path.read_text(encoding="utf-8").split("\n", 1)
        head = json.loads(head.rstrip(",") + "}")
        known = {name: it for name, it in recorded.items() if not name.endswith(CODE)}
        code = {name: it for name, it in inputs.items() if name.endswith(CODE)}
        head["metadata"]["run"]["inputs"] = known | code
        path.write_text(f"{json.dumps(head)[:-1]},\n{rest}", encoding="utf-8")


def execute(*, only_runs):
    """Execute the grid and, unless it is enough, the report's notebook; set no page."""
    plan = make_plan()
    if only_runs and not plan.missing:
        return
    modules = {*modules_for(plan), *(() if only_runs else modules_behind("report"))}
    with warm_kernels(sorted(modules)) as kernel:
        with contextlib.suppress(FailedRunsError):  # the text may not rest on it
            sweep(plan, Settings())
        if not only_runs:
            execute_report(kernel, {}, Settings().time_limit)


def record_of(run):
    """Return what a run has recorded; nothing if it has not, or failed."""
    with contextlib.suppress(NoRecordError):
        return read_record(path_of(run)) if path_of(run).exists() else {}
    return {}


def digest(record):
    """Return a text that is another one if anything in a record is."""
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()


def read_made(content):
    """Parse what `main` has printed; raise UserError if it is anything else."""
    found = _parsed(content)
    claims, costs = found.get("claims", {}), found.get("costs", {})
    constant, settings = found.get("constant", []), found.get("settings", [])
    records = found.get("records", {})
    _demand(_is_dict(claims) and all(map(_is_plain, claims.values())), "claims")
    _demand(_is_list(constant) and all(map(_is_text, constant)), "claims")
    _demand(_is_list(settings) and all(map(_is_number, settings)), "settings")
    _demand(_is_dict(costs) and all(map(_is_curve, costs.values())), "costs")
    _demand(_is_dict(records) and all(map(_is_text, records.values())), "records")
    pdf = found.get("pdf", "")
    _demand(isinstance(pdf, str) and len(pdf) <= LARGEST_PDF, "a report")
    try:
        pdf = base64.b64decode(pdf, validate=True)
    except ValueError:
        _demand(False, "a report")
    curves = {run: curve for run, curve in costs.items() if curve}
    return Made(claims, constant, curves, settings, pdf, records)


def read_lines(content):
    """Parse the lines of a comparison that `verify` has printed."""
    lines = _parsed(content).get("checked")
    _demand(_is_list(lines), "lines of a comparison")
    for line in lines:
        _demand(_is_dict(line) and line.keys() == {*Line._fields}, "a comparison")
        texts = line["what"], line["stated"], line["reproduced"]
        _demand(all(isinstance(text, str) for text in texts), "a comparison")
        gap = line["difference"]
        _demand(gap is None or _is_number(gap), "a comparison")
        _demand(line["verdict"] in VERDICTS, "a comparison")
    return [Line(**line)._replace(what=line["what"][:LONGEST]) for line in lines]


def read_version(content):
    """Parse the version and the title block that `verify.reader` has printed."""
    found = _parsed(content)
    title = found.get("title")
    _demand(_is_dict(title) and all(map(_is_text, title.values())), "a title block")
    for name, kind in (("commit", str), ("time", int), ("changes", str)):
        value = found.get(name)
        _demand(type(value) is kind and len(str(value)) <= LONGEST, "a version")
    return found


def _parsed(content):
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):  # numbers of many digits are among these
        found = None
    _demand(isinstance(found, dict), "JSON")
    return found


def _demand(right, what):
    if not right:
        raise UserError(
            f"what came out of the sandbox is not {what} of the size and kind that "
            "are graded"
        )


def _is_dict(value):
    return isinstance(value, dict) and len(value) <= MOST and all(map(_is_text, value))


def _is_list(value):
    return isinstance(value, list) and len(value) <= MOST


def _is_text(value):
    return isinstance(value, str) and len(value) <= LONGEST


def _is_number(value):
    return isinstance(value, float) or (type(value) is int and abs(value) < 10**300)


def _is_plain(value):
    known = value is None or isinstance(value, bool)
    return known or _is_text(value) or _is_number(value)


def _is_curve(value):
    if value is None:
        return True
    right = isinstance(value, list) and len(value) <= CURVE
    return right and all(map(_is_number, value))


if __name__ == "__main__":
    run_command(main)
