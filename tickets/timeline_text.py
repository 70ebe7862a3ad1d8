"""Writes the entries of a ticket's timeline as sentences."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from customers.phrases import listed, noted
from tickets.choices import Fact, OwnerRule, Priority, Status
from tickets.models import TimelineEntry
from tickets.models.rule import shown_rule_name
from tickets.models.ticket import ticket_number


def timeline_sentence(entry: TimelineEntry, names: Mapping[int, str]) -> str:
    """The event in a sentence, without time, actor and reason. ``names`` maps keys of people to their names."""
    data = entry.data
    match entry.fact:
        case Fact.OPENED:
            return _("Received, owner %(owner)s (%(rule)s)") % {
                "owner": _name(names, data.get("owner")),
                "rule": _label(OwnerRule, data.get("rule")),
            }
        case Fact.OWNER:
            return _("Owner: %(before)s → %(after)s (%(rule)s)") % {
                "before": _name(names, data.get("before")),
                "after": _name(names, data.get("after")),
                "rule": _label(OwnerRule, data.get("rule")),
            }
        case Fact.CUSTOMER | Fact.SENDER_ACCEPTED:
            return _about_the_customer(entry.fact, data)
        case Fact.STATUS:
            return _("Status: %(before)s → %(after)s") % _before_and_after(Status, data)
        case Fact.PRIORITY:
            return _("Priority: %(before)s → %(after)s") % _before_and_after(Priority, data)
        case Fact.RULES | Fact.RESPONSE_FAILED | Fact.PROPOSED | Fact.CONFIRMED | Fact.REJECTED:
            return _about_mail(entry.fact, data)
        case Fact.TAKEN if "until" in data:
            return _("Acknowledged: nobody else is paged until %(time)s") % {
                "time": _local_time(data["until"])
            }
        case Fact.TAGS:
            return _("Tags: %(before)s → %(after)s") % {
                side: listed(map(str, data.get(side, ()))) or "-" for side in ("before", "after")
            }
        case Fact.MERGED:
            return _about_a_merge(data)
        case fact:
            return str(Fact(fact).label)


def _about_a_merge(data: Mapping[str, Any]) -> str:
    if "merged" in data:
        return _("%(number)s was merged into this ticket") % {"number": ticket_number(data["merged"])}
    return _("Merged into %(number)s") % {"number": ticket_number(data["into"])}


def _about_proposal(fact: str, data: Mapping[str, Any]) -> str:
    priority = _label(Priority, data.get("priority"))
    match fact:
        case Fact.CONFIRMED:
            return _("%(priority)s confirmed") % {"priority": priority}
        case Fact.REJECTED:
            return _("%(priority)s rejected") % {"priority": priority}
        case _proposed:
            found = listed(f"“{word}”" for word in data.get("words", ()))
            words = {"priority": priority, "rule": shown_rule_name(str(data.get("rule", "")))}
            return noted(_("%(priority)s proposed by the rule %(rule)s") % words, found)


def _about_mail(fact: str, data: Mapping[str, Any]) -> str:
    if fact == Fact.RULES:
        return _("Email rules: %(names)s") % {
            "names": listed(shown_rule_name(str(name)) for name in data.get("rules", ()))
        }
    if fact != Fact.RESPONSE_FAILED:
        return _about_proposal(fact, data)
    return _("A reply was not delivered: %(answer)s") % {"answer": str(data.get("answer", ""))[:200]}


def _about_the_customer(fact: str, data: Mapping[str, Any]) -> str:
    if fact == Fact.CUSTOMER:
        return _("Customer: %(name)s") % {"name": str(data.get("name", ""))}
    return _("Sender accepted: %(address)s") % {"address": str(data.get("address", ""))}


def _local_time(stamp: str) -> str:
    """The time with its date, in the reader's zone."""
    return f"{timezone.localtime(datetime.fromisoformat(stamp)):%m-%d %H:%M}"


def _name(names: Mapping[int, str], key: object) -> str:
    return names.get(key, "?") if isinstance(key, int) else "?"


def _before_and_after(choices: Any, data: Mapping[str, object]) -> dict[str, str]:
    return {"before": _label(choices, data.get("before")), "after": _label(choices, data.get("after"))}


def _label(choices: Any, value: object) -> str:
    """The label of a value. Values that a newer version dropped are shown as they are."""
    try:
        return str(choices(value).label)
    except ValueError:
        return str(value)
