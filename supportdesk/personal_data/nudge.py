"""Has the queue go on with erasures after the commit; the task that runs every ten minutes finds what it misses."""

from django_q.tasks import async_task

from tickets.nudges import after_commit


def nudge_erasing() -> None:
    after_commit(_erase)


def _erase() -> None:
    async_task("supportdesk.tasks.go_on_erasing")
