"""Start a Dask scheduler and workers on this machine, until Ctrl-C."""

import argparse

from distributed import LocalCluster

from helpers.pipeline.command import run_command


def main():
    """Print the address to sweep with, and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=2)
    workers = parser.parse_args().workers
    with LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address=None,
    ) as cluster:
        print(f"make sweep SCHEDULER={cluster.scheduler_address}", flush=True)
        cluster.sync(_for_ever)


async def _for_ever():
    import asyncio

    await asyncio.Event().wait()


if __name__ == "__main__":
    run_command(main)
