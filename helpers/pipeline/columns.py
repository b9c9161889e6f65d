"""Tables for the terminal."""


def aligned(rows, right=()):
    """Align rows of texts in columns.

    Parameters
    ----------
    rows : iterable of sequence of str
        All of the same length.
    right : container of int
        Columns to align on the right.

    Returns
    -------
    list of str
        A line for each row.
    """
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            text.rjust(width) if number in right else text.ljust(width)
            for number, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
