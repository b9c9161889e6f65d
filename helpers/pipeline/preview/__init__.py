"""The page of a report while it is written.

In: the saves of its notebook, of helpers, grid and data. Out: a page on this machine
that shows each of them. Nothing that it makes is kept, and no other room uses it.
"""

__all__ = []
