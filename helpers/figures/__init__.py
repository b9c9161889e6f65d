"""Draw figures and make tables for print, on a given ``Axes`` or as frames of texts.

curves      the cost against the iteration, and the ticks of logarithmic axes
plots       the other figures of the report
tables      the report's tables
overview    a figure for any experiment; overview_table is its table
formatting  numbers and names in print
statements  counts in words, and checks of what sentences state
typeface    the typeface of the page

These modules may import matplotlib and pandas; the core may not.
"""
