"""Mistakes a person can mend. Their text is a translated sentence to show; a fault of the desk is another error."""


class DeskError(Exception):
    """Refused: nothing was changed. ``str(error)`` says what is wrong and what to do."""
