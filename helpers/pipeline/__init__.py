"""The shell around the core: disk, processes, pages.

Seven rooms, in the order in which a report lives. A room may use those before it, and
of them only the modules that their ``__all__`` names::

    kernels   kernels that start at once
    sweep     the grid, and one executed notebook for each of its points
    report    what a notebook publishes, set in LaTeX, with its evidence
    preview   its page, while it is written
    verify    a report made again and compared
    compare   what changed between two reports
    grading   what a class has handed in, verified behind walls

Beside them are the leaves that all may use: `errors` (what the user can mend),
`command` (how commands speak to people), `files` (whole or not there, and digests),
`environment` (what programs get of the environment), `signals` (how processes end),
`records` (what a run reports) and `system` (what the operating system must have).
"""
