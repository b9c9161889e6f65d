"""Show what changed between two reports.

In: two commits, reports or recorded results. Out: a page that shows every claim, run,
figure, sentence and file that differs.
"""

# The module that other rooms may use.
__all__ = ["pages"]
