"""Figures and tables for print: data in, an ``Axes`` drawn on or a frame of texts out.

curves      the cost against the iteration, and the ticks of logarithmic axes
plots       the other figures of the report
tables      the report's tables
overview    a figure of any experiment; overview_table is its table
formatting  numbers and names in print
statements  counts in words, and what a sentence rests on
typeface    the typeface of the page

It may import matplotlib and pandas; the core may not.
"""
