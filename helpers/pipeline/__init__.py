"""The shell around the core: disk, processes, pages.

In the order in which a report comes about::

    system       what the operating system must have, installed if it can be
    experiments  experiments.yaml, checked, as a list of points
    runs         what identifies a run, what it records, where it is kept
    sweep        run every point that has not been run
    claims       the numbers that the report states
    publish      titles, prose, figures, tables and listings of a notebook
    typeset      the executed report as LaTeX, and as PDF
    report       execute the report's notebook and set it
"""
