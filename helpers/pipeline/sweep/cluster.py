"""Start a Dask scheduler and workers on this machine, until Ctrl-C."""

import argparse

import dask
from distributed import LocalCluster

from helpers.pipeline.command import run_command

# By default each process looks at itself fifty to a hundred times a second; on two busy
# cores, that takes a twentieth of their time.
SELDOM = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "500ms",
}


def main():
    """Print the address to sweep with, and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=2)
    workers = parser.parse_args().workers
    with local_cluster(workers) as cluster:
        print(f"make sweep SCHEDULER={cluster.scheduler_address}", flush=True)
        cluster.sync(_for_ever)


def local_cluster(workers, **options):
    """Start a scheduler and so many workers here, of one thread each.

    Returns
    -------
    distributed.LocalCluster
        Closed as a context manager.
    """
    dask.config.set(SELDOM)
    options = {"host": "127.0.0.1", "dashboard_address": None} | options
    return LocalCluster(n_workers=workers, threads_per_worker=1, **options)


async def _for_ever():
    import asyncio

    await asyncio.Event().wait()


if __name__ == "__main__":
    run_command(main)
