"""Make a report again, and compare it with what it states.

In: a report and a checkout. Out: a verdict on every number, figure and page. It reads
the evidence that the room `report` wrote into the report.
"""

# The modules that other rooms may use.
__all__ = ["agreement", "file_diffs", "reader", "rebuild", "rounding", "submission"]
__all__ += ["verdicts", "verify"]
