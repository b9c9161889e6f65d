"""Kernels that start at once and that nobody else can reach.

In: the modules that notebooks will import, and cells. Out: their outputs, as Jupyter's
messages, from a fresh process that is forked from one which has imported the modules.
"""

# The modules that other rooms may use.
__all__ = ["arithmetic", "forked", "audit", "warm"]
