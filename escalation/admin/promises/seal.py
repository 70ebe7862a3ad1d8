"""The admin of the ledger's seals, read-only: a copy of a hash that is kept elsewhere proves the ledger."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from customers.admin.base import ReadOnlyAdmin
from escalation.models import Seal


@admin.register(Seal)
class SealAdmin(ReadOnlyAdmin):
    list_display = ("number", "sealed_at", "lines", "digest")
    sortable_by = ()
    ordering = ("-number",)
    fields = (("number", "sealed_at"), "lines", "tree_root", "follows", "digest")
    readonly_fields = ("tree_root", "follows", "digest")

    @display(description="SHA-256")
    def digest(self, seal: Seal) -> str:
        return bytes(seal.hash).hex()

    @display(description=_("root of the tree"))
    def tree_root(self, seal: Seal) -> str:
        return bytes(seal.root).hex()

    @display(description=_("hash of the seal before"))
    def follows(self, seal: Seal) -> str:
        return bytes(seal.previous).hex() or "-"
