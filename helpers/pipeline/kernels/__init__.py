"""Kernels that start at once and that nobody else can reach.

In: the modules that notebooks will import, and cells. Out: the outputs of the cells, as
Jupyter messages, from a fresh fork of a process that has imported the modules.
"""

# The modules that other rooms may use.
__all__ = ["arithmetic", "forked", "audit", "warm"]
