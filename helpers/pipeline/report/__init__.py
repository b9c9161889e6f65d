"""Make a report: what a notebook publishes, in LaTeX and HTML, with its evidence.

Input: executed runs and a report's notebook. Output: its PDF, its page, and every
number in them, at the places in `paths`. Nothing here depends on verification.
"""

# The modules that other rooms may use.
__all__ = ["build", "claims", "evidence", "page", "paths", "publish"]
__all__ += ["revision", "datasets", "title", "typeset"]
