"""Base classes of all the desk's admin lists: quick pages, only visible rows, read-only records."""

from collections.abc import Iterator
from typing import Any

from django.contrib.admin import ShowFacets
from django.contrib.admin.options import BaseModelAdmin
from django.contrib.auth.models import AnonymousUser, User
from django.core.paginator import Paginator
from django.db.models import ForeignKey, Model, QuerySet, TextField
from django.db.models.fields.related import RelatedField
from django.http import HttpRequest
from django.utils.functional import cached_property
from unfold.admin import ModelAdmin, TabularInline
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RelatedDropdownFilter

from customers.admin.fields import AssigneeField, StaffChoiceField, person, staff_members

LONGEST_TEXT = 20_000  # characters of a note, a reason or a description


class VisibleChoices(BaseModelAdmin):
    """Forms that offer and accept only related rows the person may see, and colleagues who may sign in.

    A colleague who is given work must also be able to open tickets.
    """

    # Fields that say whom a row is about. All other fields with colleagues give them work.
    about_people: tuple[str, ...] = ("user",)

    def get_field_queryset(
        self, db: str | None, db_field: "RelatedField[Any, Any]", request: HttpRequest
    ) -> "QuerySet[Any] | None":
        narrowed = visible_rows_of(self.admin_site._registry, db_field.remote_field.model, request)
        return narrowed if narrowed is not None else super().get_field_queryset(db, db_field, request)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Bound every text: columns of text are as long as somebody likes."""
        if isinstance(db_field, TextField) and db_field.max_length is None:
            kwargs.setdefault("max_length", LONGEST_TEXT)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def formfield_for_foreignkey(
        self, db_field: "ForeignKey[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> Any:
        if db_field.remote_field.model is User:
            form_class = StaffChoiceField if db_field.name in self.about_people else AssigneeField
            kwargs.update(queryset=staff_members(), form_class=form_class)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class CappedPaginator(Paginator):
    """Counts up to a limit: counting a million rows takes a third of the page's time, and nobody pages that far.

    In the order of the list, whose index then gives the newest rows: the planner would otherwise read all tickets to
    find those that the person may see.
    """

    most = 1_000

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        capped: int = rows.values("pk")[: self.most].count()
        return capped


class DeskAdmin(VisibleChoices, ModelAdmin):
    """Quick lists: 50 rows per page, and no exact count of all rows."""

    paginator = CappedPaginator
    list_per_page = 50
    list_max_show_all = 50
    show_full_result_count = False
    list_filter_submit = True
    show_facets = ShowFacets.NEVER  # a count for each choice of each filter would be slow
    list_fullwidth = True
    compressed_fields = True
    warn_unsaved_form = True
    view_on_site = False


class RowAccessAdmin(DeskAdmin):
    """Shows only rows that `visible` returns, here and in the autocompletes of other pages."""

    def visible(self, user: User | AnonymousUser) -> "QuerySet[Any]":
        raise NotImplementedError

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        rows, ordering = self.visible(request.user), self.get_ordering(request)
        return rows.order_by(*ordering) if ordering else rows


class UntitledInline(TabularInline):
    """Inline rows without each row's name above it."""

    show_title = False
    if hasattr(TabularInline, "hide_title"):  # Unfold 0.91; later versions have `show_title` and warn of this
        hide_title = True


class ReadOnlyAdmin(DeskAdmin):
    """Records that only services write: people can read them here but not edit them."""

    actions: Any = None
    warn_unsaved_form = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReadOnlyInline(UntitledInline):
    """Read-only rows below the page they belong to."""

    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class VisibleRelatedFilter(AutocompleteSelectFilter):
    """A filter by a related row, which is looked up while somebody types: only rows that the person may see.

    A list of thousands of customers would be most of the page.
    """

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:
        """The one chosen is named by its key, which anybody can write: only a visible one has a name."""
        for choice in super().choices(changelist):
            model = self.field.remote_field.model
            rows = visible_rows_of(self.model_admin.admin_site._registry, model, self.request)
            if rows is not None:
                choice["form"].fields[self.lookup_kwarg].queryset = rows
            yield choice


class PersonFilter(RelatedDropdownFilter):
    """A filter by a colleague, shown by name."""

    def field_choices(
        self, field: Any, request: HttpRequest, model_admin: "ModelAdmin"
    ) -> list[tuple[Any, str]]:
        return [(user.pk, person(user)) for user in staff_members()]


def visible_rows_of(
    registry: dict[type[Model], Any], model: type[Model], request: HttpRequest
) -> "QuerySet[Any] | None":
    """The rows of a related model that its own admin lets the person see; None if that admin restricts nothing."""
    related = registry.get(model)
    return related.visible(request.user) if isinstance(related, RowAccessAdmin) else None
