"""The task queue's cluster as this desk runs it: whichever of its processes dies, the whole of it is started anew.

django-q2 replaces a dead process by itself, but a process that is killed takes locks of the shared queues with it, and
the cluster then looks alive and works no more. So it ends instead, and whoever started it starts it again
(.github/decisions/processes.md).

Read in this order: sentinel, watch, reports, probe, question, names; orm_broker, redis_broker.
"""
