"""Says in one sentence that a newer Python is needed; written so that every Python 3 can read it.

The README's commands run it, since an old pip gives up before it asks a project; pip runs it by way of `backend`.
"""

import sys

OLDEST = (3, 11)  # as `requires-python` in pyproject.toml


def refuse_older_python():
    """Exit with a sentence on a Python that is too old."""
    if sys.version_info < OLDEST:
        needed = "{}.{}".format(*OLDEST)
        here = "{}.{}.{}".format(*sys.version_info)
        sys.exit(
            "supportdesk needs Python "
            + needed
            + " or newer, and this is Python "
            + here
            + ": install a newer one "
            "and write its name for python3 in the command, as in python" + needed + " -m venv .venv"
        )


if __name__ == "__main__":
    refuse_older_python()
