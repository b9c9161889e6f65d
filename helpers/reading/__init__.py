"""Text files as people write them, and what is wrong with them in one line.

In: a CSV file and its datasheet, or another YAML file. Out: named columns of numbers,
and sentences on how they were read and what was left out.

    table      a text file as a table, however it is written
    content    a file's text, compressed or not, in whatever encoding it is
    numerals   its texts as numbers
    columns    which columns of a table are meant
    datasheet  what is known of a data file, and how to read it
    yamlfile   read a YAML file
"""
