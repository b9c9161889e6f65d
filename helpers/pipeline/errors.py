"""Errors that the user can fix."""

from difflib import get_close_matches


class UserError(Exception):
    """An error that the user can fix; its message says what would be right."""

    def _render_traceback_(self):
        """Return the lines that a notebook shows; IPython calls this method."""
        return [f"error: {self}"]


def did_you_mean(name, names, format_name=str):
    """Return the end of an error on an unknown name: the nearest one, or nothing."""
    matches = get_close_matches(name, names, n=1)
    return f"; did you mean {format_name(matches[0])}?" if matches else ""
