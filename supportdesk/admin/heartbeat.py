"""The admin of heartbeats, with the names and words of the operations page."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from escalation.admin.heartbeat import HeartbeatAdmin
from escalation.models import Heartbeat
from supportdesk.monitoring.heartbeat_wording import TITLES, heartbeat_in_words

admin.site.unregister(Heartbeat)


@admin.register(Heartbeat)
class WordedHeartbeatAdmin(HeartbeatAdmin):
    list_display = ("task", "at", "said")
    fields = (("task", "at"), "said", ("name", "detail"))
    readonly_fields = ("task", "said")

    @display(description=_("task"))
    def task(self, beat: Heartbeat) -> str:
        return str(TITLES.get(beat.name, beat.name))

    @display(description=_("result"))
    def said(self, beat: Heartbeat) -> str:
        return heartbeat_in_words(beat.name, beat.detail) or "-"
