"""Gradient descent for linear regression, and the pipeline of its report.

The core, data in and arrays out::

    model       the model, its cost and its gradients
    descent     gradient descent, one or many at once
    outcome     how a descent ended
    compression few rows with the same costs as many
    triangle    the triangular factor of rows that come piece by piece
    threads     sums that do not depend on how many threads share them
    checks      the data and settings that it refuses
    theory      what the Hessian says of a descent before it is run
    data        read a table, scale its features
    scores      how good a fit is
    derivation  checks that derivation, code and training agree
    plots       data and an Axes in, the Axes out
    ticks       the numbers of logarithmic axes
    tables      runs in, frames of texts out
    words       numbers and names in print

The shell around it, `helpers.pipeline`, touches disk and processes;
`helpers.explore` is what the interactive notebook is made of.
"""

from pathlib import Path

__version__ = "1.0.0"

ROOT = Path(__file__).resolve().parent.parent  # the project's folder
