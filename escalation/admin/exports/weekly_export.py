"""The admin of weekly packs: view, download, and make one that is not made yet. The schedule makes them too."""

from collections.abc import Iterator
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.core.files.storage import default_storage
from django.db.models import QuerySet
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponseBase,
    StreamingHttpResponse,
)
from django.shortcuts import get_object_or_404, redirect
from django.template.defaultfilters import filesizeformat
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from customers import time_of_record
from customers.access import sees_all
from customers.admin.base import ReadOnlyInline
from customers.admin.fields import person
from escalation.admin.exports.summary_page import SEES_TICKETS, SummaryPage, missing_file
from escalation.exports.due_weeks import due_time, weeks_to_make
from escalation.exports.pack import export_week
from escalation.exports.pack_mail import content_type, download_name
from escalation.exports.pack_zip import missing_files, zip_chunks, zip_name
from escalation.exports.team_pack import team_zip, team_zip_name
from escalation.lib.desk_reasons import in_readers_words
from escalation.lib.weeks import WeekError, parse_week
from escalation.models import ExportFile, WeeklyExport
from tickets.errors import DeskError

MAKE = "escalation_weeklyexport_make"
MAKES = "escalation.add_weeklyexport"  # directors and administrators
DOWNLOAD = "escalation_weeklyexport_download"
ZIP = "escalation_weeklyexport_zip"
TEAM_ZIP = "escalation_weeklyexport_team_zip"


class ExportFileInline(ReadOnlyInline):
    """The files, each with a link and the digest that the manifest names."""

    model = ExportFile
    fields = readonly_fields = ("download", "rows", "human_size", "sha256")

    @display(description=gettext_lazy("file"))
    def download(self, file: ExportFile) -> str:
        return format_html('<a href="{}">{}</a>', reverse(f"admin:{DOWNLOAD}", args=[file.pk]), file.name)

    @display(description=gettext_lazy("size"))
    def human_size(self, file: ExportFile) -> str:
        return filesizeformat(file.size)


@admin.register(WeeklyExport)
class WeeklyExportAdmin(SummaryPage):
    list_before_template = "escalation/weekly_export/to_make.html"
    list_display = ("week", "revision", "summary", "lateness", "created_at", "made_by", "why")
    list_select_related = ("created_by",)
    search_fields = ("week", "reason")
    sortable_by = ("week",)
    fields = (
        "week",
        "revision",
        "lateness",
        "as_of",
        "why",
        "created_at",
        "made_by",
        "summary",
        "whole_pack",
        "team_pack",
    )
    readonly_fields = ("made_by", "lateness", "why", "summary", "whole_pack", "team_pack")
    inlines = (ExportFileInline,)

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        """The files are the whole desk's; who leads a team gets its part of them."""
        return self.inlines if sees_all(request.user) else ()

    def get_list_display(self, request: HttpRequest) -> Any:
        hidden = () if sees_all(request.user) else ("summary",)
        return [name for name in self.list_display if name not in hidden]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        hidden = ("team_pack",) if sees_all(request.user) else ("summary", "whole_pack")
        return [name for name in self.fields if name not in hidden]

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("files/<int:file_id>/", wrap(self.download_view), name=DOWNLOAD),
            path("make/", wrap(self.make_view), name=MAKE),
            path("<int:export_id>/pack.zip", wrap(self.zip_view), name=ZIP),
            path("<int:export_id>/team.zip", wrap(self.team_view), name=TEAM_ZIP),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        return super().get_queryset(request).select_related("created_by")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        now = time_of_record.now()
        weeks = weeks_to_make(now) if request.user.has_perm(MAKES) else []
        due = {week for week in weeks if due_time(week) <= now}
        context = {"weeks_to_make": [(week, week in due) for week in weeks], **(extra_context or {})}
        return super().changelist_view(request, context)

    def make_view(self, request: HttpRequest) -> HttpResponseBase:
        """Make the pack of one week that is over; made already, it stays as it is."""
        if request.method != "POST" or not request.user.has_perm(MAKES):
            raise PermissionDenied
        try:
            week = parse_week(request.POST.get("week", ""))
            export = export_week(week=week, at=time_of_record.now(), actor=cast(User, request.user))
        except (WeekError, DeskError) as refusal:
            messages.error(request, str(refusal))
            return redirect("admin:escalation_weeklyexport_changelist")
        messages.success(request, _("The weekly pack of %(week)s is made.") % {"week": week})
        return redirect("admin:escalation_weeklyexport_change", export.pk)

    @display(description=gettext_lazy("made late"))
    def lateness(self, export: WeeklyExport) -> str:
        return _("made late") if export.is_late else "-"

    @display(description=gettext_lazy("reason of the correction"))
    def why(self, export: WeeklyExport) -> str:
        return in_readers_words(export.reason, by_person=export.created_by_id is not None) or "-"

    @display(description=gettext_lazy("created by"))
    def made_by(self, export: WeeklyExport) -> str:
        return person(export.created_by) if export.created_by else _("the schedule")

    @display(description=gettext_lazy("whole pack"))
    def whole_pack(self, export: WeeklyExport) -> str:
        return format_html('<a href="{}">{}</a>', reverse(f"admin:{ZIP}", args=[export.pk]), zip_name(export))

    @display(description=gettext_lazy("your team's part"))
    def team_pack(self, export: WeeklyExport) -> str:
        return format_html(
            '<a href="{}">{}</a>', reverse(f"admin:{TEAM_ZIP}", args=[export.pk]), team_zip_name(export)
        )

    def zip_view(self, request: HttpRequest, export_id: int) -> HttpResponseBase:
        """Stream all files of a pack as one zip, to the same readers as each of them."""
        export = get_object_or_404(WeeklyExport.objects.prefetch_related("files"), pk=export_id)
        self.refuse_whole(request, export)
        files = list(export.files.all())
        if missing := missing_files(files):
            return missing_file(request, export, missing[0])
        return _archive(zip_chunks(export, files), zip_name(export))

    def team_view(self, request: HttpRequest, export_id: int) -> HttpResponseBase:
        """Stream the reader's part of a pack: the rows of the tickets that they may see."""
        export = get_object_or_404(WeeklyExport, pk=export_id)
        if not self.has_view_permission(request, export) or not request.user.has_perm(SEES_TICKETS):
            raise PermissionDenied
        return _archive(team_zip(export, reader=request.user), team_zip_name(export))

    def download_view(self, request: HttpRequest, file_id: int) -> HttpResponseBase:
        """Stream one file to a reader who may see the whole pack; if the file is missing, show a message."""
        file = get_object_or_404(ExportFile.objects.select_related("export"), pk=file_id)
        self.refuse_whole(request, file.export)
        try:
            stored = default_storage.open(file.path)
        except FileNotFoundError:
            return missing_file(request, file.export, file.path)
        return FileResponse(
            stored,
            as_attachment=True,
            filename=download_name(file.export, file.name),
            content_type=content_type(file.name),
        )


def _archive(chunks: Iterator[bytes], name: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(chunks, content_type="application/zip")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response
