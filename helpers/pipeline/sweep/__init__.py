"""The grid of experiments, and one executed notebook for each of its points.

In: ``experiments.yaml`` and a notebook with parameters. Out: ``build/runs``, and tables
of the results. Runs know nothing of reports.
"""

# The modules that other rooms may use.
__all__ = ["execute", "executed", "experiments", "inputs", "notebooks", "parameters"]
__all__ += ["plan", "results", "run"]
