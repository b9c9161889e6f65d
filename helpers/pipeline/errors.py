"""What the user can mend."""


class UserError(Exception):
    """Something the user can mend; the message names it and what would be right."""
