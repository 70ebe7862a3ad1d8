"""Refusals that a person can correct. Their text is a translated sentence to show; bugs are other exceptions."""


class DeskError(Exception):
    """The desk refused a change and changed nothing. ``str(error)`` says what is wrong and what to do."""
