"""The task queue's cluster as this desk runs it: if any of its processes dies, all of it is started anew.

django-q2 replaces a dead process by itself, but a killed process takes locks of the shared queues with it, and the
cluster then looks alive but does no work. So it ends instead, and whatever started it starts it again
(.github/decisions/processes.md).

Beside its workers it has a lane that sweeps and pages without the queue.

Read in this order: database_wait, sentinel, sentinel_watch, lane, reports, probe, probe_task, task_ids, cluster_name;
queue_time, orm_broker, redis_broker.
"""
