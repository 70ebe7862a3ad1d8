"""The weekly packs of the demo, frozen on Monday mornings as the schedule does it."""

from datetime import datetime, timedelta

from customers.choices import Language
from escalation.exports.due_packs import make_due_packs
from escalation.exports.due_weeks import desk_zone
from escalation.lib.weeks import week_of
from escalation.models import ExportSubscriber
from supportdesk.demo.world import World

EIGHT_O_CLOCK = timedelta(hours=8)


def schedule_packs(world: World) -> None:
    """Schedule the work of each Monday of the story; the director gets the packs by mail."""
    director = world.users["zhou.huimin"]
    ExportSubscriber.objects.create(email=director.email, language=Language.CHINESE)
    zone = desk_zone()
    monday = week_of(world.since, zone).bounds(zone)[1]
    while (ready := monday + EIGHT_O_CLOCK) < world.now:
        world.agenda.add(ready, _export)
        monday += timedelta(days=7)


def _export(at: datetime) -> None:
    make_due_packs(at=at)
