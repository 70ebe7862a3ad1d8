"""Mistakes that a person can correct. Their text is a translated sentence to show. A fault of the desk is none."""


class DeskError(Exception):
    """The desk refused a change and changed nothing. ``str(error)`` says what is wrong and what to do."""
