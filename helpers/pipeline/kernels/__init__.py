"""Kernels that start at once and that nobody else can reach.

In: the modules that notebooks will import. Out: options for nbclient and papermill,
with which each run gets a fresh process, forked from one that has imported them. All
that starts kernels stays unchanged, as this is a Jupyter kernel provisioner.
"""

# The modules that other rooms may use.
__all__ = ["arithmetic", "forkserver", "opened", "warm"]
