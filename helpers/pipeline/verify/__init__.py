"""A report made again and compared with what it states.

In: a report and a checkout. Out: a verdict on every number, figure and page. What is
read of a report is what the room `report` wrote into it.
"""

# The modules that other rooms may use.
__all__ = ["agreement", "file_diffs", "reader", "rebuild", "rounding", "submission"]
__all__ += ["verdicts", "verify"]
