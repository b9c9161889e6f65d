"""Gradient descent to be played with: one live figure, for JupyterLab and for a page.

In: a table and a target. Out: a figure that computes and draws itself in the browser.

problem   the data of the figure: a few rows that stand for all
page      the figure as a fragment of HTML, which needs nothing else
widget    the figure in a notebook, with buttons that need the kernel
actions   from a setting to a run, and to an experiment of the grid

The figure itself is JavaScript, in modules that import those before them:

model     the descent and what the Hessian says of it, as the core computes them
explain   a sentence on what happened and why
setting   what was typed, as numbers and as an address, and what is wrong with it
surface   the cost over two directions, and the path on it
pictures  what the five pictures show
plots     the pictures, drawn by uPlot
controls  what can be set
live      all of them in one element
lab       that element in a notebook, and its two buttons
"""
