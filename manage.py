#!/usr/bin/env python3
"""The desk's command line. A wrong setting ends with its sentence, not with a stack trace."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from supportdesk.work_kinds import begin_work, kind_of_command


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "supportdesk.settings")
    try:
        begin_work(kind_of_command("".join(sys.argv[1:2])))
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.stderr.write(f"The desk cannot start: {error}\n")
        # A mail server keeps a mail that could not be taken now (EX_TEMPFAIL) and would bounce it otherwise.
        return os.EX_TEMPFAIL if sys.argv[1:2] == ["receive_email"] else os.EX_CONFIG
    return 0


if __name__ == "__main__":
    sys.exit(main())
