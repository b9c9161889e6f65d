"""What a report can be checked by: its recorded results, carried in the PDF.

``report/results.json`` holds every claim and every run, to ten significant digits,
one on a line. It is committed, so that a change of any number shows in review.
"""

import json
import platform
from math import isfinite

from helpers.data import ROOT
from helpers.pipeline.experiments import read_points
from helpers.pipeline.identity import identify
from helpers.pipeline.runs import path_of, read_record

RESULTS = ROOT / "report" / "results.json"
LAYOUT = 1
DIGITS = 10  # beyond them, another processor may say something else
TITLE_BLOCK = ("course", "title", "student", "date")
ATTACHED = ("experiments.yaml", "requirements.txt")


def collect(claims):
    """Collect the recorded results.

    Parameters
    ----------
    claims : dict of str to dict
        As the report's notebook has recorded them.

    Returns
    -------
    dict
        ``layout``; ``claims`` and ``runs`` by their identifiers.
    """
    runs = {}
    for experiment, points in read_points().items():
        for point in points:
            name = identify(point)
            known = runs.setdefault(name, _run(point, read_record(path_of(name))))
            known["experiments"].append(experiment)
    return {"layout": LAYOUT, "claims": rounded(claims), "runs": rounded(runs)}


def _run(point, recorded):
    """Return what is kept of a run."""
    outcome = {"status": recorded.get("status")}
    if recorded.get("costs"):
        outcome["cost"] = recorded["costs"][-1]
    parameters = {"notebook": point.notebook, **point.parameters}
    return {"experiments": [], "parameters": parameters, "outcome": outcome}


def rounded(value):
    """Return a value with its numbers to ten significant digits."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [rounded(item) for item in value]
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") if isfinite(value) else str(value)
    return value


def as_text(results):
    """Write results as JSON, one claim and one run on a line."""
    parts = [f' "layout": {results["layout"]}']
    for kind in ("claims", "runs"):
        lines = (
            f"  {json.dumps(name)}: {json.dumps(entry, ensure_ascii=False)}"
            for name, entry in results[kind].items()
        )
        parts.append(f' "{kind}": {{\n' + ",\n".join(lines) + "\n }")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def record_results(claims):
    """Write ``report/results.json``, unless it says the same already.

    Parameters
    ----------
    claims : dict of str to dict
        As the report's notebook has recorded them.
    """
    text = as_text(collect(claims))
    if not RESULTS.exists() or RESULTS.read_text(encoding="utf-8") != text:
        RESULTS.write_text(text, encoding="utf-8")


def here():
    """Name the platform: on the same one, the same bits are expected."""
    return f"{platform.system()} {platform.machine()}"


def attachments(title, now):
    """Return what the PDF carries.

    Parameters
    ----------
    title : dict of str to str
        The title block as it was asked for.
    now : helpers.pipeline.revision.Revision
        The version that the report was made from.

    Returns
    -------
    dict of str to bytes
        By file name: the recorded results, the grid, the lock, and ``build.json``
        with the commit, a digest of what differs from it, the platform, and the
        title block.
    """
    build = {"layout": LAYOUT, "commit": now.commit, "changes": now.changes}
    build |= {"platform": here(), "title": title}
    content = json.dumps(build, ensure_ascii=False, indent=1) + "\n"
    return {
        RESULTS.name: RESULTS.read_bytes(),
        **{name: (ROOT / name).read_bytes() for name in ATTACHED},
        "build.json": content.encode(),
    }
