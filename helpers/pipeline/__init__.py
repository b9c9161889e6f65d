"""The shell around the core: disk, processes, pages.

In the order in which a report comes about::

    system       what the operating system must have, installed if it can be
    experiments  experiments.yaml, checked, as a list of points
    identity     what identifies a run: all that determines its outcome
    runs         what a run records, and where it is kept
    plan         what a sweep has to do; `explain` says why
    sweep        run every point that has not been run; `progress` shows it
    execute      execute one point, within bounds
    executors    on this machine's cores, or on Dask; `cluster` starts one here
    kernels      warm, private kernels, forked from the `zygote`
    results      the results of all runs as a table
    claims       the numbers that the report states
    publish      titles, prose, figures, tables and listings of a notebook
    typeset      the executed report as LaTeX, and as PDF
    report       execute the report's notebook and set it
"""
