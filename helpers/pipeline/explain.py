"""Say what a sweep would run, and why."""

import json

from helpers.pipeline.identity import RUNS, ingredients


def explain(plan):
    """Print every point of the grid with what would be done about it."""
    kept = [_said_of_itself(path) for path in sorted(RUNS.glob("*.ipynb"))]
    for name, point in plan.runs.items():
        parts = ingredients(point)
        reason = _reason(parts, kept) if name in plan.missing else "cached"
        print(f"{name}  {point}: {reason}")
    cached = len(plan.runs) - len(plan.missing)
    print(f"{len(plan.missing)} to run, {cached} cached")


def _said_of_itself(path):
    """Return the ingredients that a kept run was made of, none if it is damaged."""
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        return notebook["metadata"]["run"]["ingredients"]
    except (ValueError, KeyError):
        return {}


def _reason(parts, kept):
    """Compare a missing run with the most alike of those that are kept."""
    alike = [old for old in kept if old.get("parameters") == parts["parameters"]]
    if not alike:
        return "to run: new"
    changes = [
        {part for part in parts.keys() | old.keys() if parts.get(part) != old.get(part)}
        for old in alike
    ]
    fewest = sorted(min(changes, key=len))
    return f"to run: {', '.join(fewest)} changed" if fewest else "to run: failed before"
