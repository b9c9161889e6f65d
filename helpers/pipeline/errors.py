"""What the user can mend."""

from difflib import get_close_matches


class UserError(Exception):
    """Something the user can mend; the message names it and what would be right."""

    def _render_traceback_(self):
        """Return what a notebook shows of it: IPython asks for this method."""
        return [f"error: {self}"]


def did_you_mean(name, known, shown=str):
    """Return what ends an error on an unknown name: the nearest one, or nothing."""
    near = get_close_matches(name, known, n=1)
    return f"; did you mean {shown(near[0])}?" if near else ""
