"""Read text files as people write them, or say in one line what is wrong with them.

In: a CSV file and its datasheet, or another YAML file. Out: named columns of numbers,
and sentences on how they were read and what was left out.

    table      reads a text file as a table, however it is written
    content    reads the text of a file, whatever its compression and encoding
    numerals   reads texts as numbers
    columns    chooses the columns of a table
    datasheet  reads what is known about a data file, and how to read it
    yamlfile   reads a YAML file
"""
