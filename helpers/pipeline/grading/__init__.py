"""Verify the submissions of a class, inside a sandbox.

In: a folder of submissions. Out: a table with a verdict for each. This is the only
room that handles files that may be hostile.
"""

__all__ = []  # the last room: no other room uses it
