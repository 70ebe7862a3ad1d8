"""The database broker of django-q2, extended to read the queue of its own cluster too.

Any host may take a task from the shared queue, so a host whose cluster is dead would hide behind the others.
Only the cluster itself takes tasks from its own queue, so a task left there shows whether it works.
"""

from typing import Any

from django_q.brokers.orm import ORM
from django_q.conf import Conf
from django_q.models import OrmQ

from customers import time_of_record
from supportdesk.processes.cluster.cluster_name import own_name, queue_of
from tickets.lib.single_row import insert_row

Tasks = list[tuple[Any, Any]] | None


class OwnOrm(ORM):
    """Reads the cluster's own queue first, at the cost of one small query per poll."""

    def enqueue(self, task: str) -> int:
        """As the original does, with a statement that is written once."""
        self.get_connection()  # ends a connection that is too old
        row = OrmQ(key=self.list_key or Conf.CLUSTER_NAME, payload=task, lock=time_of_record.now())
        insert_row(row)
        key: int = row.pk
        return key

    def dequeue(self) -> Tasks:
        return self._own() or super().dequeue()  # type: ignore[no-untyped-call]

    def _own(self) -> Tasks:
        if not own_name():
            return None
        rows = self.get_connection()
        waiting = rows.filter(key=queue_of(own_name()), lock__lt=time_of_record.now())
        return [
            (task.pk, task.payload)
            for task in waiting
            if rows.filter(pk=task.pk, lock=task.lock).update(lock=self.timeout(task))  # type: ignore[no-untyped-call]
        ]
