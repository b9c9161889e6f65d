"""The report: what a notebook publishes, set in LaTeX and HTML, with its evidence.

In: executed runs and the notebook of a report. Out: its PDF, its page, and every number
in them; `paths` says where they are. A page knows nothing of verifying.
"""

# The modules that other rooms may use.
__all__ = ["build", "claims", "evidence", "page", "paths", "publish"]
__all__ += ["revision", "datasets", "title", "typeset"]
