"""Gradient descent under one's hands, for ``notebooks/explore.ipynb``.

trial      one setting, descended and explained: data in, arrays and words out
views      five linked pictures of a trial
scenery    what does not move in them, drawn once
plane      the cost over two directions, and paths on it
explorer   the `controls`, and what happens when one is moved
actions    from a trial to a run, and to a line of the grid
"""
