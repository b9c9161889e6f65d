"""A report made again, and compared with what it states.

In: a report and a checkout. Out: a verdict on every number, figure and page. It reads
what the report's room wrote, by what the report says of itself.
"""

__all__ = ["compare", "verify"]  # the modules that other rooms may use
