"""The report: what a notebook publishes, set in LaTeX, with its evidence.

In: executed runs and ``notebooks/report.ipynb``. Out: ``report/report.pdf`` and
``report/results.json``. A page knows nothing of verifying.
"""

# The modules that other rooms may use.
__all__ = ["build", "evidence", "publish", "revision"]
