"""Gradient descent for linear regression, and the pipeline for its report.

The core takes arrays and returns arrays::

    model            the model, its cost and its gradients
    optimisers       the step to take, given the gradient
    descent          gradient descent, one or several side by side, and how it ended
    theory           what the Hessian tells about a descent in advance
    convergence      how fast the cost falls, as predicted and as measured
    data             reads and scales the features and the target
    scores           how good a fit is
    compression      replaces many rows by a few with the same costs
    validation       checks data and settings
    gradient_checks  checks that the derivation and the code agree
    threads          makes sums independent of the number of threads

Around it, `helpers.reading` reads text files as tables, `helpers.figures` draws for
print, `helpers.explore` is the interactive notebook, and `helpers.pipeline` deals with
files and processes.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent  # the project's folder
