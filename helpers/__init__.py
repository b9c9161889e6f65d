"""Gradient descent for linear regression, and the pipeline of its report.

The core, arrays in and arrays out::

    model            the model, its cost and its gradients
    optimisers       the step to take, given the gradient
    descent          gradient descent, one or many side by side, and how it ended
    theory           what the Hessian says of a descent before it is run
    convergence      how the cost falls, as predicted and as measured
    data             features and a target from a table, on one scale
    scores           how good a fit is
    compression      few rows with the same costs as many
    validation       data and settings are right, or an error says what would be
    gradient_checks  derivation and code agree
    threads          sums that do not depend on how many threads share them

Around it: `helpers.reading` reads text files as tables, `helpers.figures` draws for
print, `helpers.explore` is the interactive notebook, and `helpers.pipeline` touches
disk and processes.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent  # the project's folder
