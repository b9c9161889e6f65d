"""An interactive figure of gradient descent, for JupyterLab and for web pages.

For a table and a target, the figure computes and draws itself in the browser.

problem   the data of the figure: a few rows with the same costs as all
page      the figure as a self-contained fragment of HTML
widget    the figure in a notebook, with buttons that need the kernel
actions   turns a setting into a run, or into an experiment of the grid

The figure itself is JavaScript, in modules that import only earlier ones:

model     the descent and what its Hessian predicts, computed like the core
explain   sentences on what happened and why
setting   the typed setting as numbers and as an address, and its mistakes
surface   the cost over two directions, and the path of the descent on it
pictures  the content of the five pictures
plots     the pictures, drawn by uPlot
controls  the form
live      all of them in one element
lab       that element in a notebook, with two buttons
"""
