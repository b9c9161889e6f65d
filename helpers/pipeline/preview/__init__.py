"""A live preview of a report's page while the report is written.

In: each saved change of the notebook, the helpers, the grid or the data. Out: a page on
this machine that shows it. Nothing is kept, and no other room uses this one.
"""

__all__ = []
