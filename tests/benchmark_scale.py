"""Measure how time grows with the data: loop, compressed descent, and libraries.

``make benchmark`` runs it. ``RECORD=1`` also updates ``report/timings.json``, which the
report shows; this requires PyTorch, which nothing else needs: ``pip install torch``.
All updates of a loop take the same time, so only some updates of slow loops are
measured; the file states how many.
"""

import argparse
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
from measure import REPEATS, Row, alternate, conclude, machine
from sklearn.linear_model import LinearRegression, SGDRegressor

from helpers import ROOT
from helpers.compression import compress
from helpers.data import fit_scaling, load_data
from helpers.descent import gradient_descent
from helpers.model import cost, predict
from helpers.pipeline.kernels.arithmetic import model
from helpers.threads import one_thread

FEATURES, UPDATES = 7, 1000
RATE, RATES = 0.1, np.array([0.3, 0.1, 0.03, 0.01, 0.003])
SIZES = [392, 3_920, 39_200, 10**6, 10**7]
TIMINGS = ROOT / "report" / "timings.json"
MOST_MEASURED = 4 * 10**8  # samples times updates of a loop
BIG, CHUNK, BLOCK = 10**8, 10**6, 2_500_000


def main():
    """Measure, print the table, and fail if a bound is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--record", action="store_true", help=f"update {TIMINGS.name}")
    record = parser.parse_args().record
    if record:
        import torch  # noqa: F401  recording requires it
    rows = [*small(), *mini_batches(), *million(), *from_disk(), *on_dask()]
    if record:
        TIMINGS.write_text(json.dumps(timings(), indent=1) + "\n", encoding="utf-8")
        print(f"written: {TIMINGS.relative_to(ROOT)}")
    sys.exit(0 if conclude("scale", rows) else 1)


def sample(n):
    """Return n samples of standardised, slightly correlated features."""
    rng = np.random.default_rng(20261124)
    X = rng.normal(size=(n, FEATURES))
    X += 0.5 * rng.normal(size=(n, 1))
    X /= np.sqrt(1.25)
    return X, X @ np.arange(1.0, FEATURES + 1) + 20 + 3 * rng.normal(size=n)


def small():
    """Time 1,000 updates on the cars, in bare NumPy, and with 64 rates at once."""
    data = load_data("data/auto.csv", "mpg", "all")
    X = fit_scaling(data.X, method="standardise").apply(data.X)
    small_data = compress(X, data.y)
    settings = {"n_iterations": UPDATES}
    rates = np.geomspace(1e-4, 0.2, 64)
    times = alternate(
        repeats=40 * REPEATS,
        quiet=True,
        cars=lambda: gradient_descent(X, data.y, learning_rate=RATE, **settings),
        bare=lambda: written_out(X, data.y, RATE),
        one=lambda: gradient_descent(*small_data[:2], learning_rate=RATE, **settings),
        many=lambda: gradient_descent(*small_data[:2], learning_rate=rates, **settings),
    )
    return [
        Row("1,000 updates on the 392 cars", times["cars"], "s"),
        Row("the same NumPy calls in one function", times["bare"], "s"),
        Row("  slowdown by ours", times["cars"] / times["bare"], "x", "<= 1.3"),
        Row("1,000 updates on the cars compressed", times["one"], "s"),
        Row("64 learning rates at once", times["many"], "s"),
        Row("  slowdown against one rate", times["many"] / times["one"], "x", "<= 5"),
    ]


@one_thread
def written_out(X, y, learning_rate):
    """Run the NumPy calls of the training loop without its functions and checks."""
    w, b, costs, path = np.zeros(X.shape[1]), 0.0, [], []
    for _ in range(UPDATES):
        z = X @ w + b
        error = z.T - y
        J = np.vecdot(error, error) / len(y)
        error = z.T - y
        dJ_dz = 2 / len(y) * error
        dJ_dw, dJ_db = (dJ_dz @ X).T, dJ_dz.sum(axis=-1)
        w = w - learning_rate * dJ_dw
        b = b - learning_rate * dJ_db
        costs.append(J)
        path.append((w, b))
    return np.array(costs), path


def mini_batches():
    """Time an update in batches of 64 of a million samples, and the cost on all."""
    seconds, w = {}, np.zeros(FEATURES)
    for n in (10**4, 10**6):
        X, y = sample(n)
        descend = partial(batches_of_64, X, y, np.random.default_rng(0))
        few, many = partial(descend, UPDATES), partial(descend, 4 * UPDATES)
        times = alternate(quiet=True, few=few, many=many)
        seconds[n] = (times["many"] - times["few"]) / (3 * UPDATES)
    on_all = alternate(quiet=True, cost=lambda: cost(y, predict(X, w, 0.0)))["cost"]
    return [
        Row("an update in batches of 64, 10⁴ samples", seconds[10**4], "s"),
        Row("the same, 10⁶ samples, beyond the cache", seconds[10**6], "s"),
        Row("the cost on all 10⁶ samples", on_all, "s"),
        Row("  speed-up of an update", on_all / seconds[10**6], "x", ">= 20"),
    ]


def batches_of_64(X, y, rng, n_iterations):
    settings = {"learning_rate": 0.01, "n_iterations": n_iterations}
    return gradient_descent(X, y, batch_size=64, rng=rng, **settings)


def million():
    """Compare five learning rates on a million samples: ours, loop, libraries."""
    X, y = sample(10**6)

    def ours():
        small_data = compress(X, y)
        gradient_descent(*small_data[:2], learning_rate=RATES, n_iterations=UPDATES)

    both = {"repeats": 15, "quiet": True, "ours": ours, "bare": lambda: X.T @ X}
    medians, fastest = alternate(**both), alternate(**both, summary=min)
    quick = alternate(
        ours=ours,
        linear=lambda: LinearRegression().fit(X, y),
        sgd=lambda: SGDRegressor(random_state=0).fit(X, y),
    )
    slow = {"loop": lambda: loops(X, y)}
    if has_torch():
        slow["torch"] = lambda: [torch_loop(X, y, rate, UPDATES) for rate in RATES]
    slow = alternate(repeats=1, **slow)
    names = {
        "loop": "the training loop on all samples, once",
        "torch": "PyTorch, full batch, once",
        "sgd": "scikit-learn, SGDRegressor, one rate, few passes",
        "linear": "scikit-learn, LinearRegression, no descent",
    }
    times, mine = quick | slow, quick["ours"]
    rows = [
        Row("10⁶ samples, 5 rates, 1,000 updates: compressed", mine, "s"),
        Row("one X.T @ X", medians["bare"], "s"),
        Row("  slowdown by ours", medians["ours"] / medians["bare"], "x"),
        Row("  fastest of 15 each", fastest["ours"] / fastest["bare"], "x", "<= 4"),
    ]
    for key in [key for key in names if key in times]:
        bound = ">= 300" if key == "loop" else ">= 1"
        rows += [
            Row(names[key], times[key], "s"),
            Row("  speed-up by compression", times[key] / mine, "x", bound),
        ]
    return rows


def loops(X, y):
    """Run the training loop for each learning rate."""
    for rate in RATES:
        gradient_descent(X, y, learning_rate=rate, n_iterations=UPDATES)


def has_torch():
    """Tell whether PyTorch is installed; it is too large to require."""
    with contextlib.suppress(ImportError):
        import torch  # noqa: F401

        return True
    print("PyTorch is not installed and therefore left out")
    return False


def torch_loop(X, y, rate, updates):
    """Descend on all samples with PyTorch as in its tutorials, and record the costs."""
    import torch

    X, y = torch.from_numpy(X), torch.from_numpy(y)
    model = torch.nn.Linear(X.shape[1], 1, dtype=torch.float64)
    for parameter in model.parameters():
        torch.nn.init.zeros_(parameter)
    optimiser = torch.optim.SGD(model.parameters(), lr=float(rate))
    costs = []
    for _ in range(updates):
        loss = torch.nn.functional.mse_loss(model(X).squeeze(1), y)
        costs.append(loss.item())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return costs


def from_disk():
    """Compress 10⁸ samples from disk; compare memory and pace with X.T @ X."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "samples")
        X, y = sample(CHUNK)
        block = np.column_stack([X, y])
        with open(path, "wb") as file:
            for number in range(BIG // CHUNK):
                (block * (1 + number / 100)).tofile(file)
        results = {"bare": [], "ours": []}
        for _ in range(3):
            for way, outcomes in results.items():
                outcomes.append(read(way, path))
                print(f"  {way}: {outcomes[-1][0]:.2f} s", flush=True)
    bare, ours = (statistics.median(t for t, _ in results[w]) for w in ("bare", "ours"))
    return [
        Row("10⁸ samples, read from disk: X.T @ X", bare, "s"),
        Row("the same: compressed", ours, "s"),
        Row("  pace relative to X.T @ X", bare / ours, "x", ">= 0.5"),
        Row("  memory", max(m for _, m in results["ours"]), "MiB", "<= 1024"),
    ]


def read(way, path):
    """Read the samples in a new process; return seconds, and MiB beyond the imports."""
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("from_disk.py"), way, path],
        check=True,
        capture_output=True,
        text=True,
    )
    seconds, memory = map(float, done.stdout.split())
    return seconds, memory


def on_dask():
    """Compress a Dask array on one worker of a cluster, and on both, in turn.

    Both cases use the same cluster, so that the same processes run beside them.
    """
    from distributed import Client

    from helpers.pipeline.sweep.executors import local_cluster

    with (
        local_cluster(2, memory_limit=None) as cluster,
        Client(cluster) as client,
    ):
        # First distribute an array evenly over both, then one that one worker holds.
        ways = {"two": dask_on(client, 2), "one": dask_on(client, 1)}
        two, one = alternate(repeats=3 * REPEATS, quiet=True, **ways).values()
    return [
        Row("4·10⁷ samples: one Dask worker", one, "s"),
        Row("the same: two Dask workers", two, "s"),
        Row("  speed-up against one", one / two, "x", ">= 1.7"),
    ]


def dask_on(client, workers):
    """Return a function that compresses an array on so many of the workers."""
    import dask
    import dask.array as da
    from distributed import wait

    chosen = list(client.scheduler_info()["workers"])[:workers]
    placement = {"workers": chosen, "allow_other_workers": False}
    with dask.annotate(**placement):
        rng = da.random.default_rng(workers)  # otherwise both arrays would be the same
        X = rng.normal(size=(16 * BLOCK, FEATURES), chunks=(BLOCK, -1))
        X, y = client.persist([X, X.sum(axis=1) + X[:, 0] ** 2])
    wait([X, y])
    client.rebalance([X, y], workers=chosen)

    def case():
        with dask.annotate(**placement):
            compress(X, y)

    case()  # import what it needs
    return case


def timings():
    """Time each way at each size, for the report: seconds for 1,000 updates."""
    seconds = {}
    for n in SIZES:
        for way, time in timings_at(n, measured(n)).items():
            seconds.setdefault(way, {})[str(n)] = float(f"{time:.3g}")
    packages = ("numpy", "scikit-learn", "torch")
    return {
        "machine": f"{model()}, {machine()}",
        "packages": {name: version(name).partition("+")[0] for name in packages},
        "features": FEATURES,
        "updates": UPDATES,
        "measured updates": {str(n): measured(n) for n in SIZES},
        "repeats": REPEATS,
        "seconds": seconds,
    }


def measured(n):
    """Return how many updates of a loop over n samples are measured."""
    return max(5, min(UPDATES, MOST_MEASURED // n))


def timings_at(n, updates):
    """Time each way on n samples; extrapolate loops from so many updates."""
    X, y = sample(n)

    def loop(n_iterations):
        gradient_descent(X, y, learning_rate=RATE, n_iterations=n_iterations)

    ways = {
        "training loop": lambda: loop(updates),
        "PyTorch": lambda: torch_loop(X, y, RATE, updates),
        "SGDRegressor": lambda: SGDRegressor(random_state=0).fit(X, y),
        "LinearRegression": lambda: LinearRegression().fit(X, y),
        "compressed": lambda: gradient_descent(
            *compress(X, y)[:2], learning_rate=RATE, n_iterations=UPDATES
        ),
        "X.T @ X": lambda: X.T @ X,
    }
    once = {
        "training loop": lambda: loop(1),
        "PyTorch": lambda: torch_loop(X, y, RATE, 1),
    }
    for way in [*once.values(), ways["compressed"], ways["X.T @ X"]]:
        way()  # warm up
    times, first = alternate(**ways), alternate(**once)
    for way, start in first.items():
        times[way] = start + (times[way] - start) * (UPDATES - 1) / (updates - 1)
    return times


if __name__ == "__main__":
    main()
