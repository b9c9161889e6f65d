"""The shell around the core: disk, processes, pages.

In the order in which a report comes about::

    system       what the operating system must have, installed if it can be
    experiments  experiments.yaml, checked, as a list of points
    identity     what identifies a run, all that determines it, and where it is kept
    runs         what a run records, and the tables of many
    plan         what a sweep has to do; `explain` says why
    sweep        run every point that has not been run; `progress` shows it
    execute      execute one point, within bounds
    executors    on this machine's cores, or on Dask; `cluster` starts one here
    kernels      warm, private kernels, by the `provisioner`, forked from the `zygote`
    kernelapp    ipykernel's application, made for that
    arithmetic   the same bits on every processor of a kind
    results      the results of all runs as a table
    claims       the numbers that the report states
    publish      titles, prose, figures, tables and listings of a notebook
    typeset      the executed report as LaTeX; `listings` of code
    pdf          LaTeX as PDF; `pandoc` converts Markdown
    provenance   where a figure or table comes from
    revision     which commit this is, and what differs from it
    evidence     the recorded results, and what the PDF carries of them
    report       execute the report's notebook and set it
    carried      what a PDF carries and prints, read again
    elsewhere    make a report in another copy of the project
    compare      a report with what came of making it again
    verify       make everything anew, and compare
    reproduce    build the commit twice, under different conditions
    submission   the zip that is handed in
    grade        verify all that a class has handed in
    bundle       open one, and take of it what counts
    sandbox      run it behind walls, and within limits
    gradebook    the table of all, and the details of each
    columns      tables for the terminal; `command` speaks to people
"""

import sys

# Whoever reads notebooks imports jsonschema, and that would compile, for a second, a
# grammar of internet addresses. It does without, and no notebook's schema has any.
sys.modules.setdefault("rfc3987_syntax", None)
