"""What the user can mend."""


class UserError(Exception):
    """Something the user can mend; the message names it and what would be right."""

    def _render_traceback_(self):
        """Return what a notebook shows of it: IPython asks for this method."""
        return [f"error: {self}"]
