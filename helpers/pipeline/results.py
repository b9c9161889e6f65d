"""Print the results of all finished runs as a table, or write them as CSV."""

import argparse

from helpers.pipeline.command import UserError, run_command
from helpers.pipeline.experiments import read_points
from helpers.pipeline.identity import identify, path_of
from helpers.pipeline.runs import read_record


def main():
    """Print one row for each finished run of each experiment."""
    import pandas as pd

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--csv", default="", help="file to write instead")
    file = parser.parse_args().csv
    rows = list(results())
    if not rows:
        raise UserError("no run is finished yet; `make sweep` makes them")
    table = pd.DataFrame(rows)
    if file:
        try:
            table.to_csv(file, index=False)
        except OSError as error:
            raise UserError(f"{file} cannot be written: {error.strerror}") from None
    else:
        varied = [name for name in table if table[name].astype(str).nunique() > 1]
        print(table[varied or list(table)].to_string(index=False))


def results():
    """Yield a mapping for each finished run: its parameters and its numbers.

    Of what a run has recorded, the numbers and texts are taken; of a list of
    numbers the last, so the final cost of the costs.
    """
    for experiment, points in read_points().items():
        for point in points:
            name = identify(point)
            if path_of(name).exists():
                recorded = read_record(path_of(name))
                last = {key: _last(value) for key, value in recorded.items()}
                plain = {
                    k: v for k, v in last.items() if not isinstance(v, list | dict)
                }
                yield {"experiment": experiment, "run": name} | point.parameters | plain


def _last(value):
    """Return the last item of a list of plain values, anything else as it is."""
    if isinstance(value, list) and value and not isinstance(value[-1], list | dict):
        return value[-1]
    return value


if __name__ == "__main__":
    run_command(main)
