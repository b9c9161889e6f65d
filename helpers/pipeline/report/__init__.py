"""The report: what a notebook publishes, set in LaTeX and HTML, with its evidence.

In: executed runs and ``notebooks/report.ipynb``. Out: ``report/report.pdf``,
``report/report.html`` and ``report/results.json``. A page knows nothing of verifying.
"""

# The modules that other rooms may use.
__all__ = ["build", "claims", "evidence", "publish", "revision", "title"]
