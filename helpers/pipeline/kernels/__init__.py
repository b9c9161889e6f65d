"""Kernels that start at once and that nobody else can reach.

In: the modules that notebooks will import. Out: options for papermill, with which each
run gets a fresh process, forked from one that has imported them already. It is the
ecosystem's own seam, a kernel provisioner: nothing above this room knows of it.
"""

__all__ = ["arithmetic", "opened", "warm"]  # the modules that other rooms may use
