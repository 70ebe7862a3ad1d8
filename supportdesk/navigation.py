"""The sidebar of the admin: the pages a user may see, in the order of a working day."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tickets.access import MAY_RELEASE
from tickets.models import InboundEmail

MOST_ON_A_BADGE = 100
NOTED = "supportdesk.held_mail"  # in request.META, which no client can set without HTTP_ before it


@dataclass(frozen=True)
class MenuItem:
    """A page by its model ("tickets.ticket"), shown to users with the permission to view it."""

    title: Any
    icon: str
    model: str
    query: str = ""
    page: str = ""  # the URL's name, if it is not the model's list

    def may_see(self, request: HttpRequest) -> bool:
        app, model = self.model.split(".")
        return any(request.user.has_perm(f"{app}.{act}_{model}") for act in ("view", "change"))

    @property
    def link(self) -> str:
        if self.page:
            return reverse(self.page)
        return reverse(f"admin:{self.model.replace('.', '_')}_changelist") + self.query


PARKED = MenuItem(
    _("Held and failed email"), "mark_email_unread", "tickets.inboundemail",
    "?state__exact=parked&state__exact=failed",
)  # fmt: skip
GROUPS: Sequence[tuple[Any, Sequence[MenuItem]]] = (
    (
        _("Desk"),
        (
            MenuItem(_("Tickets"), "confirmation_number", "tickets.ticket"),
            PARKED,
            MenuItem(_("Remembered email"), "rule", "tickets.mailmark"),
            MenuItem(_("Email rules"), "filter_alt", "tickets.rule"),
            MenuItem(_("Outbox"), "outgoing_mail", "tickets.outboundemail"),
            MenuItem(_("Notifications"), "notifications", "escalation.notification"),
        ),
    ),
    (
        _("Customers"),
        (
            MenuItem(_("Customers"), "apartment", "customers.customer"),
            MenuItem(_("Contacts"), "contacts", "customers.contact"),
            MenuItem(_("Contracts"), "contract", "customers.contract"),
            MenuItem(_("Service plans"), "workspace_premium", "customers.serviceplan"),
        ),
    ),
    (
        _("Staff and duty"),
        (
            MenuItem(_("Duty rotas"), "calendar_clock", "escalation.dutyrota"),
            MenuItem(_("Shifts"), "schedule", "escalation.dutyshift"),
            MenuItem(_("Overrides and swaps"), "swap_horiz", "escalation.dutyoverride"),
            MenuItem(_("Contact methods"), "contact_phone", "escalation.contactway"),
            MenuItem(_("Absences"), "beach_access", "customers.absence"),
            MenuItem(_("Returned from leave"), "assignment_return", "escalation.absencemove"),
            MenuItem(_("Staff"), "badge", "customers.staffprofile"),
            MenuItem(_("Teams"), "groups", "customers.team"),
            MenuItem(_("Skills"), "construction", "customers.skill"),
            MenuItem(_("Desk settings"), "support_agent", "customers.desk"),
        ),
    ),
    (
        _("SLAs"),
        (
            MenuItem(_("SLAs"), "timer", "escalation.clock"),
            MenuItem(_("Scorecards"), "leaderboard", "escalation.clock", page="admin:scorecards"),
            MenuItem(_("Escalations"), "trending_up", "escalation.escalation"),
            MenuItem(_("Fire drills"), "local_fire_department", "escalation.drill"),
            MenuItem(_("Ledger"), "receipt_long", "escalation.clockevent"),
            MenuItem(_("Ledger seals"), "verified_user", "escalation.seal"),
            MenuItem(_("Policies"), "policy", "escalation.policy"),
            MenuItem(_("Working calendars"), "calendar_month", "escalation.calendar"),
        ),
    ),
    (
        _("Weekly packs"),
        (
            MenuItem(_("Packs"), "folder_zip", "escalation.weeklyexport"),
            MenuItem(_("Subscribers"), "forward_to_inbox", "escalation.exportsubscriber"),
        ),
    ),
    (
        _("Operations"),
        (
            MenuItem(_("System status"), "monitoring", "supportdesk.cluster", page="admin:operations"),
            MenuItem(_("Mailboxes"), "inbox", "tickets.mailbox"),
            MenuItem(_("Missing email"), "mail_off", "tickets.missingmail"),
            MenuItem(_("Heartbeats"), "monitor_heart", "escalation.heartbeat"),
            MenuItem(_("Timetable"), "event_repeat", "django_q.schedule"),
            MenuItem(_("Failed tasks"), "error", "django_q.failure"),
            MenuItem(_("Waiting tasks"), "hourglass", "django_q.ormq"),
            MenuItem(_("Sign-ins"), "login", "supportdesk.signin"),
            MenuItem(_("Users"), "person", "auth.user"),
            MenuItem(_("Groups"), "shield_person", "auth.group"),
            MenuItem(_("Audit"), "history", "auditlog.logentry"),
            MenuItem(_("Erasures"), "person_off", "supportdesk.erasure"),
        ),
    ),
)


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups with permitted pages. One query for users who see parked mail."""
    board = {"title": _("Board"), "icon": "space_dashboard", "link": reverse("admin:index")}
    groups = [
        {"title": title, "separator": True, "collapsible": False, "items": _items(items, request)}
        for title, items in GROUPS
    ]
    groups[0]["items"].insert(0, board)
    groups[0]["items"].append({"title": _("Help"), "icon": "help", "link": reverse("admin:help")})
    return [group for group in groups if group["items"]]


def _items(items: Sequence[MenuItem], request: HttpRequest) -> list[dict[str, Any]]:
    return [_entry(item, request) for item in items if item.may_see(request)]


def _entry(item: MenuItem, request: HttpRequest) -> dict[str, Any]:
    entry = {"title": item.title, "icon": item.icon, "link": item.link}
    if item is PARKED and (count := _held(request)):
        entry["badge"] = f"{count}+" if count == MOST_ON_A_BADGE else str(count)
        entry["badge_variant"] = "warning"
    return entry


def note_held_mail(request: HttpRequest, number: int) -> None:
    """Save the sidebar of this request its query, for a page that has counted `held_mail` among other things."""
    request.META[NOTED] = number


def held_mail() -> QuerySet[InboundEmail]:
    """Mail that waits for a person, by the index `inbound_held`."""
    return InboundEmail.objects.for_a_person().filter(ticket=None)


def _held(request: HttpRequest) -> int:
    """The number of mails that wait for a person, up to a limit."""
    if not request.user.has_perm(MAY_RELEASE):
        return 0
    if NOTED in request.META:
        return min(int(request.META[NOTED]), MOST_ON_A_BADGE)
    return held_mail().order_by()[:MOST_ON_A_BADGE].count()
