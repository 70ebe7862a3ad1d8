"""The erasures of personal data: who asked, who did it, when, why, and how much. Nobody edits them."""

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from customers.admin.base import ReadOnlyAdmin
from customers.admin.fields import person
from customers.phrases import listed
from supportdesk.models import Erasure
from supportdesk.personal_data.counted_words import counts_in_words


@admin.register(Erasure)
class ErasureAdmin(ReadOnlyAdmin):
    list_display = ("at", "kind", "number", "requested_by", "who", "done_at")
    list_filter = ("kind", "requested_by")
    list_select_related = ("actor",)
    sortable_by = ("at",)
    fields = ("at", "kind", "number", "requested_by", "reason", "who", "though_open", "done_at", "how_much")
    readonly_fields = fields

    @display(description=_("erased by"))
    def who(self, erasure: Any) -> str:
        return person(erasure.actor)

    @display(description=_("erased"))
    def how_much(self, erasure: Any) -> str:
        return listed(counts_in_words(erasure.counts)) or "-"
