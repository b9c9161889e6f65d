"""What changed between two reports.

In: two commits, reports or recorded results. Out: a page that shows every claim, run,
figure, sentence and file that differs. No other room uses it.
"""

__all__ = []
