"""What a class has handed in, verified behind walls.

In: a folder of submissions. Out: a table with a verdict for each. This is the only
room that handles what may be hostile.
"""

__all__ = []  # the last room: no other uses it
