"""columns.csv: the meaning, unit and zone of each column of each sheet, in English and in Chinese.

A new column needs its line here: `meaning_rows` fails for a column without one.
"""

from collections.abc import Iterator, Sequence
from enum import Enum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from customers.choices import Language
from escalation.exports import changes_csv, highlights, incidents_csv, promises_csv, scorecard, tickets_csv
from escalation.lib.csv_sheets import Cell

COLUMNS = ("sheet", "column", "meaning", "unit", "zone", "meaning_zh", "unit_zh")


class Unit(Enum):
    """What a cell holds; the value is shown."""

    TEXT = _("plain text")
    LOGIN = _("login, as in people.csv")
    CODE = _("code")
    YES_NO = _("yes or no")
    TIME = _("ISO 8601 time with offset")
    LOCAL_TIME = _("local time without offset")
    COUNT = _("count")
    SECONDS = _("seconds of working time")
    MINUTES = _("minutes of working time")
    PERCENT = _("percent")
    BREACHES = _("breaches, with fractions")
    HOLDERS = _("logins, each with seconds of working time")
    SHARES = _("logins, each with a fraction of the breach")
    LOGINS = _("logins, separated by semicolons")
    LIST = _("codes, separated by semicolons")


class Meaning(NamedTuple):
    text: str
    unit: Unit = Unit.TEXT


LOCAL = _("The same time as %(column)s, in the zone named in local_zone")

EVERYWHERE = {
    "ticket": Meaning(_("Number of the ticket"), Unit.CODE),
    "promise": Meaning(_("Number of the SLA: one SLA of one ticket; it links the sheets"), Unit.CODE),
    "customer_code": Meaning(
        _("Short code of the ticket's customer, as of the making of the pack; empty for an unknown sender"),
        Unit.CODE,
    ),
    "customer": Meaning(_("Name of the customer, as of the making of the pack")),
    "scenario": Meaning(
        _(
            "What the customer uses us for, as of the making of the pack: the ticket's own scenario, or else the "
            "customer's"
        ),
        Unit.CODE,
    ),
    "account_manager": Meaning(
        _("Account manager of the customer, as of the making of the pack: earlier ones are not kept"),
        Unit.LOGIN,
    ),
    "account_manager_name": Meaning(_("Name of the account manager, as of the making of the pack")),
    "account_manager_team": Meaning(_("Team of the account manager, as of the making of the pack")),
    "owner": Meaning(
        _("Owner of the ticket, as of the making of the pack; held_by in promises.csv says who had it"),
        Unit.LOGIN,
    ),
    "owner_name": Meaning(_("Name of the owner, as of the making of the pack")),
    "owner_team": Meaning(_("Team of the owner, as of the making of the pack")),
    "priority": Meaning(_("P0 (most urgent) to P3"), Unit.CODE),
    "kind": Meaning(_("What was due: first_response, next_response, update or resolution"), Unit.CODE),
    "due_at": Meaning(_("When the response time ended"), Unit.TIME),
    "left_seconds": Meaning(_("Time that was left when the SLA was met"), Unit.SECONDS),
    "overdue_seconds": Meaning(
        _("Time from the due time until it was done, or until the week ended"), Unit.SECONDS
    ),
    "held_by": Meaning(
        _("Who owned the ticket while the SLA ran, in this order, and for how long"), Unit.HOLDERS
    ),
    "person": Meaning(
        _("The person concerned: owner, receiver of an escalation, or who changed or decided"), Unit.LOGIN
    ),
    "local_zone": Meaning(_("Zone of all columns that end in _local"), Unit.CODE),
}

TICKETS = {
    "subject": Meaning(_("Subject of the ticket")),
    "contact": Meaning(_("Number of the contact who wrote, as in the address of their page"), Unit.CODE),
    "status": Meaning(_("Status when the sheet was made: new, open, waiting, resolved or closed"), Unit.CODE),
    "channel": Meaning(_("How the first message came: email, phone, group or chat"), Unit.CODE),
    "language": Meaning(_("Language of the conversation"), Unit.CODE),
    "opened_at": Meaning(_("When the first message reached us"), Unit.TIME),
    "unanswered_since": Meaning(
        _("Time of the oldest message without a reply; empty if all are answered"), Unit.TIME
    ),
    "resolved_at": Meaning(_("When it was resolved"), Unit.TIME),
    "closed_at": Meaning(_("When it was closed"), Unit.TIME),
    "merged_into": Meaning(_("The ticket it was merged into"), Unit.CODE),
    "follows": Meaning(_("The ended ticket that it follows"), Unit.CODE),
    "opened_recorded_at": Meaning(_("When the first message was recorded in the desk"), Unit.TIME),
    "opened_backdated": Meaning(_("Whether a colleague recorded the first message later"), Unit.YES_NO),
}

PROMISES = {
    "policy": Meaning(_("SLA policy that applied")),
    "policy_version": Meaning(_("Version of the policy"), Unit.COUNT),
    "contract": Meaning(_("Contract that applied; empty for the default plan")),
    "window_minutes": Meaning(_("Response time promised"), Unit.MINUTES),
    "calendar_version": Meaning(_("Version of the calendar that says what working time is"), Unit.COUNT),
    "started_at": Meaning(_("When the response time began"), Unit.TIME),
    "raised_at": Meaning(
        _("When the priority was raised, if the response time counts from there"), Unit.TIME
    ),
    "outcome": Meaning(_("At the end of the week: met, breached, cancelled or running"), Unit.CODE),
    "counts_this_week": Meaning(
        _("Whether it was decided in this week; the scorecard counts only these"), Unit.YES_NO
    ),
    "answered_at": Meaning(_("When it was answered, in or before this week"), Unit.TIME),
    "answered_this_week": Meaning(
        _("Whether it was answered in this week; only these responses are on the scorecard"), Unit.YES_NO
    ),
    "answered_by": Meaning(_("Who answered"), Unit.LOGIN),
    "answered_by_name": Meaning(_("Name of the person who answered")),
    "response_seconds": Meaning(_("Time from the start to the answer"), Unit.SECONDS),
    "near_miss": Meaning(_("Whether it was met only in the last tenth of its time"), Unit.YES_NO),
    "breached_at": Meaning(_("When it was breached: always the due time"), Unit.TIME),
    "breach_detected_at": Meaning(_("When the desk noticed the breach"), Unit.TIME),
    "breach_shares": Meaning(
        _("What part of the breach each owner bears, by the time they had it"), Unit.SHARES
    ),
    "waived_at": Meaning(_("When a lead waived the breach"), Unit.TIME),
    "waived_by": Meaning(_("Who waived it"), Unit.LOGIN),
    "waived_by_name": Meaning(_("Name of the person who waived it")),
    "waive_reason": Meaning(_("Why it was waived")),
    "answer_recorded_at": Meaning(_("When the answer was recorded in the desk"), Unit.TIME),
    "answer_backdated": Meaning(_("Whether the answer was recorded later than it happened"), Unit.YES_NO),
    "start_recorded_at": Meaning(_("When the message that started it was recorded"), Unit.TIME),
    "start_backdated": Meaning(_("Whether a colleague recorded that message later"), Unit.YES_NO),
    "channels_promised": Meaning(_("Channels by which an answer was promised"), Unit.LIST),
    "answered_through": Meaning(_("Channels that the answer used"), Unit.LIST),
}

SCORECARD = {
    "group": Meaning(
        _("What the row is about: desk, priority, team, account_manager, customer or person"), Unit.CODE
    ),
    "key": Meaning(_("Which one: priority, team, login or customer code; empty for none"), Unit.CODE),
    "name": Meaning(_("Its name as people write it, as of the making of the pack")),
    "promises": Meaning(
        _("SLAs decided in this week; in a person's row, those they owned for a time"), Unit.COUNT
    ),
    "met": Meaning(_("Of these, met"), Unit.COUNT),
    "breached": Meaning(_("Of these, breached, waived ones included"), Unit.COUNT),
    "cancelled": Meaning(_("Of these, cancelled: no longer required"), Unit.COUNT),
    "waived": Meaning(_("Waivers in this week"), Unit.COUNT),
    "voided": Meaning(_("Answers that a lead voided in this week"), Unit.COUNT),
    "revoked": Meaning(_("Answers in this week that did not arrive"), Unit.COUNT),
    "met_percent": Meaning(_("Met among met and breached"), Unit.PERCENT),
    "breached_waived": Meaning(_("Breached ones that are waived"), Unit.COUNT),
    "adjusted_percent": Meaning(_("Met among met and breached, without the waived ones"), Unit.PERCENT),
    "first_responses": Meaning(
        _("First responses in this week; in a person's row, those they gave"), Unit.COUNT
    ),
    "first_response_median_seconds": Meaning(_("Median time of the first responses"), Unit.SECONDS),
    "first_response_p90_seconds": Meaning(
        _("Time within which 90 percent of the first responses came"), Unit.SECONDS
    ),
    "first_response_p95_seconds": Meaning(
        _("Time within which 95 percent of the first responses came"), Unit.SECONDS
    ),
    "next_responses": Meaning(
        _("Next responses in this week; in a person's row, those they gave"), Unit.COUNT
    ),
    "next_response_median_seconds": Meaning(_("Median time of the next responses"), Unit.SECONDS),
    "next_response_p90_seconds": Meaning(
        _("Time within which 90 percent of the next responses came"), Unit.SECONDS
    ),
    "next_response_p95_seconds": Meaning(
        _("Time within which 95 percent of the next responses came"), Unit.SECONDS
    ),
    "near_misses": Meaning(_("Met only in the last tenth of their time"), Unit.COUNT),
    "late_downgrades": Meaning(_("Priorities lowered in the last fifth of a running SLA"), Unit.COUNT),
    "proposals_decided": Meaning(_("Proposed priorities that people decided about"), Unit.COUNT),
    "proposals_rejected": Meaning(_("Of these, rejected"), Unit.COUNT),
    "proposals_rejected_percent": Meaning(_("Rejected among decided"), Unit.PERCENT),
    "wrong_rejections": Meaning(
        _("Rejected proposals whose ticket became a P0 or breached an SLA after all"), Unit.COUNT
    ),
    "escalations_received": Meaning(_("Tickets that an escalation brought in this week"), Unit.COUNT),
    "held_seconds": Meaning(_("Time for which people owned SLAs until they were decided"), Unit.SECONDS),
    "breach_share": Meaning(
        _("Breaches shared among their owners by time; a sum of breach_shares"), Unit.BREACHES
    ),
    "adjusted_breach_share": Meaning(_("The same without waived breaches"), Unit.BREACHES),
}

INCIDENTS = {
    "incident": Meaning(
        _(
            "waived, voided, revoked, escalation, late downgrade, proposal confirmed, proposal rejected or "
            "proposal wrongly rejected"
        ),
        Unit.CODE,
    ),
    "at": Meaning(_("When it happened"), Unit.TIME),
}

PEOPLE = {
    "person": Meaning(_("Login, as in the other sheets"), Unit.LOGIN),
    "name": Meaning(_("Name of the person, as of the making of the pack")),
    "team": Meaning(
        _("Team of the person, as of the making of the pack; for a lead without one, the team they lead")
    ),
}

HIGHLIGHTS = {
    "highlight": Meaning(_("worst breach or near miss"), Unit.CODE),
    "rank": Meaning(_("1 is the worst, measured by the response time that was promised"), Unit.COUNT),
    "waived": Meaning(_("Whether a lead waived it"), Unit.YES_NO),
}

CHANGES = {
    "outcome_before": Meaning(
        _("Outcome in the revision before; empty if the SLA was not on its list"), Unit.CODE
    ),
    "outcome_after": Meaning(_("Outcome in this revision; empty if the SLA is not on its list"), Unit.CODE),
    "counted_before": Meaning(_("Whether the revision before counted it in this week"), Unit.YES_NO),
    "counted_after": Meaning(_("Whether this revision counts it in this week"), Unit.YES_NO),
    "answered_at_before": Meaning(_("When it was answered, by the revision before"), Unit.TIME),
    "answered_at_after": Meaning(_("When it was answered, by this revision"), Unit.TIME),
    "answered_local_before": Meaning(
        _("The same time as answered_at_before, in the zone named in local_zone"), Unit.LOCAL_TIME
    ),
    "answered_local_after": Meaning(
        _("The same time as answered_at_after, in the zone named in local_zone"), Unit.LOCAL_TIME
    ),
    "waived_before": Meaning(_("Whether it was waived in the revision before"), Unit.YES_NO),
    "waived_after": Meaning(_("Whether it is waived in this revision"), Unit.YES_NO),
    "recorded_at": Meaning(_("When the last change was recorded in the desk"), Unit.TIME),
    "ledger_lines": Meaning(_("Kinds of the ledger's lines that made the difference"), Unit.LIST),
    "by": Meaning(_("Who made the changes; empty if the desk did"), Unit.LOGINS),
    "cause": Meaning(_("Why, as it was recorded")),
}

OF_COLUMNS = {
    "sheet": Meaning(_("File that has the column; changes.csv is only in corrections"), Unit.CODE),
    "column": Meaning(_("Name in the first line of the file"), Unit.CODE),
    "meaning": Meaning(_("What the column says, in English")),
    "unit": Meaning(_("What its cells hold, in English")),
    "zone": Meaning(_("Zone of its times; empty for other columns"), Unit.CODE),
    "meaning_zh": Meaning(_("What the column says, in Chinese")),
    "unit_zh": Meaning(_("What its cells hold, in Chinese")),
}

SHEETS: Sequence[tuple[str, Sequence[str], dict[str, Meaning]]] = (
    ("tickets.csv", tickets_csv.COLUMNS, TICKETS),
    ("promises.csv", promises_csv.COLUMNS, PROMISES),
    ("incidents.csv", incidents_csv.COLUMNS, INCIDENTS),
    ("scorecard.csv", scorecard.COLUMNS, SCORECARD),
    ("people.csv", incidents_csv.PEOPLE_COLUMNS, PEOPLE),
    ("highlights.csv", highlights.COLUMNS, HIGHLIGHTS),
    ("changes.csv", changes_csv.COLUMNS, CHANGES),  # only in corrections
    ("columns.csv", COLUMNS, OF_COLUMNS),
)


def meaning_rows(zone: ZoneInfo) -> Iterator[list[Cell]]:
    """A row for each column of each sheet; `zone` is that of the local columns."""
    for sheet, columns, own in SHEETS:
        for column in columns:
            yield _meaning_row(sheet, column, columns, own, zone)


def _meaning_row(
    sheet: str, column: str, columns: Sequence[str], own: dict[str, Meaning], zone: ZoneInfo
) -> list[Cell]:
    zones = {Unit.TIME: "UTC", Unit.LOCAL_TIME: zone.key}
    meaning, base = _meaning_of(column, columns, own)
    texts: list[Cell] = []
    for language in (Language.ENGLISH, Language.CHINESE):
        with translation.override(language.value):
            texts += [gettext(meaning.text) % {"column": base}, gettext(meaning.unit.value)]
    english, unit, chinese, chinese_unit = texts
    return [sheet, column, english, unit, zones.get(meaning.unit), chinese, chinese_unit]


def _meaning_of(column: str, columns: Sequence[str], own: dict[str, Meaning]) -> tuple[Meaning, str]:
    """The meaning of a column and, for a local one, the column whose time it repeats."""
    meanings = EVERYWHERE | own
    if not column.endswith("_local"):
        return meanings[column], ""
    stem = column.removesuffix("_local")
    base = next(name for name in (f"{stem}_at", stem) if name in columns)
    return Meaning(LOCAL, Unit.LOCAL_TIME), base
