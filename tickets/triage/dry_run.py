"""What a rule would have matched in last week's mail, before it is saved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet

from tickets.mail.classify import MailKind
from tickets.mail.parse import parse
from tickets.mail.values import UnreadableMail
from tickets.models import InboundEmail, Rule
from tickets.triage.facts import MailFacts, facts_of
from tickets.triage.rule_matching import PreparedRule

WEEK = timedelta(days=7)
MOST_MAILS = 1_000
MOST_BYTES = 30_000_000
MOST_LISTED = 50
# Kinds of mail that rules are asked about: automatic replies, reports and our own mail are not.
KINDS = (MailKind.PERSON, MailKind.AUTO_GENERATED, MailKind.LIST)


@dataclass(frozen=True)
class MatchedMail:
    mail: InboundEmail
    words: Sequence[str]


@dataclass(frozen=True)
class DryRun:
    """``read`` is the number of mails that were looked at, newest first; ``is_cut`` if there were more."""

    read: int
    is_cut: bool
    matched: int
    listed: Sequence[MatchedMail]


def try_on_last_week(rule: Rule, mails: QuerySet[InboundEmail], *, now: datetime) -> DryRun:
    """Try a rule, which need not be saved, on those of ``mails`` that the desk received in the last week.

    One query. At most MOST_MAILS and about MOST_BYTES are read.
    """
    prepared = PreparedRule(rule)
    read, matched, size, is_cut = 0, 0, 0, False
    listed: list[MatchedMail] = []
    for mail in _newest(mails, now):
        if read == MOST_MAILS or size > MOST_BYTES:
            is_cut = True
            break
        raw = mail.original
        read, size = read + 1, size + len(raw)
        facts = _facts(mail, raw)
        match = prepared.match(facts) if facts is not None else None
        if match is not None:
            matched += 1
            if len(listed) < MOST_LISTED:
                listed.append(MatchedMail(_without_bytes(mail), match.words))
    return DryRun(read, is_cut, matched, listed)


def _newest(mails: QuerySet[InboundEmail], now: datetime) -> Iterator[InboundEmail]:
    recent = mails.filter(
        received_at__gt=now - WEEK, received_at__lte=now, is_history=False, copy_of=None, kind__in=KINDS,
        message__erased_at=None,
    )  # fmt: skip
    rows = recent.select_related("ticket__customer", "mailbox", "moved_bytes").order_by("-received_at", "-pk")
    return rows[: MOST_MAILS + 1].iterator(chunk_size=50)


def _without_bytes(mail: InboundEmail) -> InboundEmail:
    mail.raw = b""
    mail.moved_bytes = None
    return mail


def _facts(row: InboundEmail, raw: bytes) -> MailFacts | None:
    try:
        mail = parse(raw)
    except UnreadableMail:
        return None
    customer = row.ticket.customer if row.ticket is not None else None
    return facts_of(
        mail,
        mailbox=row.mailbox_id,
        sender=row.sender,
        customer=customer.pk if customer is not None else None,
        scenario=customer.scenario if customer is not None else "",
        words=mail.new_text,
    )
