"""The shell around the core: all that reads files, starts processes and makes pages.

There are seven rooms, in the order of a report's life. A room may use those before it,
and only the modules that they list in ``__all__``::

    kernels   notebook kernels that start at once
    sweep     the grid, and one executed notebook for each of its points
    report    what a notebook publishes, as PDF and HTML, with its evidence
    preview   its page, live, while it is written
    verify    a report made again, and compared
    compare   what changed between two reports
    grading   the submissions of a class, verified in a sandbox

Besides these, all rooms may use the leaves: `errors` (that the user can fix), `command`
(what all commands share), `files` (atomic writes and digests), `environment` (the
variables that programs get), `signals` (how processes end), `records` (the results of a
run) and `system` (what the operating system must provide).
"""
