"""Gradient descent to be played with: the figure of ``notebooks/explore.ipynb``.

In: a table and a target. Out: a widget that answers at once.

trial       one setting: its descent, what theory says, and a sentence on why
projection  the cost over two directions, and paths on it
views       five linked pictures of a trial
background  what does not move in them, drawn once
controls    sliders, choices and buttons
explorer    what happens when one of them is moved
actions     from a setting to a run, and to an experiment of the grid
"""
