"""What a sweep shows while it runs, and at its end."""

import sys
import time

from tqdm import tqdm

from helpers import ROOT
from helpers.pipeline.command import aligned
from helpers.pipeline.sweep.inputs import failed_path_of, identify


class Progress:
    """A live line in a terminal, one plain line for each run elsewhere."""

    def __init__(self, plan):
        self.plan = plan
        self.failed = 0
        self.ended = 0
        self.live = sys.stderr.isatty()
        self.bar = None
        self.started = time.monotonic()

    def __enter__(self):
        if self.live and self.plan.missing:
            self.bar = tqdm(total=len(self.plan.missing), unit="run", leave=False)
        return self

    def __exit__(self, *_):
        if self.bar:
            self.bar.close()

    def begun(self, running):
        """Take note of how many runs are under way."""
        if self.bar:
            cached = len(self.plan.runs) - len(self.plan.missing)
            self.bar.set_postfix(
                running=running, failed=self.failed, cached=cached, refresh=False
            )

    def finished(self, name, error, seconds):
        """Take note of a run that has ended."""
        self.ended += 1
        self.failed += bool(error)
        if self.bar:
            self.bar.update()
            return
        ended = f"[{self.ended}/{len(self.plan.missing)}]"
        how = "failed" if error else "done"
        point = self.plan.runs[name]
        print(f"{ended} {name} {how} ({seconds:.2f} s): {point}", file=sys.stderr)


def print_summary(plan, failures, seconds):
    """Print a table of the experiments, and each failure with its message."""
    header = ("experiment", "runs", "done", "cached", "failed", "time")
    rows = [header, *(_row(plan, e, failures, seconds) for e in plan.points)]
    table = [list(map(str, row)) for row in rows]
    print("\n".join(aligned(table, right=range(1, len(header)))))
    for name, error in failures.items():
        print(f"failed: {plan.runs[name]}")
        print(f"  {error}\n  see {failed_path_of(name).relative_to(ROOT)}")


def _row(plan, experiment, failures, seconds):
    names = {identify(point) for point in plan.points[experiment]}
    failed = len(names & failures.keys())
    done = len(names & seconds.keys()) - failed
    cached = len(names - plan.missing.keys())
    took = sum(seconds.get(name, 0) for name in names)
    return experiment, len(names), done, cached, failed, f"{took:.1f} s"
