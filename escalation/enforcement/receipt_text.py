"""What an acknowledgement of receipt says, by priority; in the active language and zone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from customers.names import desk_name, given_name
from customers.times import moment
from tickets.choices import Priority


@dataclass(frozen=True)
class Receipt:
    """``due_at`` is None where the promised time has passed already: nobody is promised a time that is over.

    Empty or 0 is what there is not: a hotline, an account manager who has the ticket, updates every so many minutes.
    """

    number: str
    name: str
    priority: Priority
    due_at: datetime | None
    hotline: str = ""
    manager: str = ""
    update_minutes: int = 0
    is_paged: bool = False
    is_known: bool = True


def receipt_text(receipt: Receipt) -> str:
    name = given_name(receipt.name)
    hello = _("Hello %(name)s,") % {"name": name} if name else _("Hello,")
    regards = _("Regards,\n%(desk)s") % {"desk": desk_name()}
    return "\n\n".join((hello, *_paragraphs(receipt), regards))


def _paragraphs(receipt: Receipt) -> Iterator[str]:
    match receipt.priority:
        case Priority.P0:
            return _critical(receipt)
        case Priority.P1:
            return _high(receipt)
        case Priority.P2 if receipt.is_known:
            return _general(receipt)
        case _question:
            return _question_of(receipt)


def _critical(receipt: Receipt) -> Iterator[str]:
    yield _(
        "We have received your report and are treating it as a critical incident (P0). Ticket: %(number)s."
    ) % {"number": receipt.number}
    paged = _("The engineer on duty has been paged.") if receipt.is_paged else ""
    yield "\n".join(filter(None, (paged, _first_word(receipt))))
    yield "\n".join(filter(None, (_what_we_need(), _call_now(receipt))))


def _first_word(receipt: Receipt) -> str:
    if receipt.due_at is None:
        return _delayed()
    words = {"time": moment(receipt.due_at), "minutes": receipt.update_minutes}
    if receipt.update_minutes:
        return (
            _(
                "You will hear from us by %(time)s, and at least every %(minutes)s minutes after that until "
                "service is restored."
            )
            % words
        )
    return _("You will hear from us by %(time)s.") % words


def _what_we_need() -> str:
    return _(
        "If you can, reply to this email with the app or room ID, the time it began and how many users are affected."
    )


def _call_now(receipt: Receipt) -> str:
    if not receipt.hotline:
        return ""
    return _("To speak to us right now, call our 24/7 hotline: %(phone)s (quote %(number)s).") % {
        "phone": receipt.hotline,
        "number": receipt.number,
    }


def _high(receipt: Receipt) -> Iterator[str]:
    words = {"number": receipt.number, "manager": receipt.manager}
    thanks = (
        _(
            "Thank you for contacting us. Your request is ticket %(number)s, priority P1, and is with your account "
            "manager %(manager)s."
        )
        if receipt.manager
        else _("Thank you for contacting us. Your request is ticket %(number)s, priority P1.")
    )
    yield f"{thanks % words}\n{_answer_by(receipt)}"
    worse = (
        _(
            "If the problem gets worse, for instance if all users are affected, call %(phone)s or reply to this "
            "email with P0 in its first line."
        )
        if receipt.hotline
        else _(
            "If the problem gets worse, for instance if all users are affected, reply to this email with P0 in its "
            "first line."
        )
    )
    yield f"{_to_add()}\n{worse % {'phone': receipt.hotline}}"


def _general(receipt: Receipt) -> Iterator[str]:
    thanks = _("Thank you for contacting us. Your request is ticket %(number)s.") % {"number": receipt.number}
    yield f"{thanks}\n{_answer_by(receipt)}"
    urgent = _("If it becomes urgent, call %(phone)s and quote %(number)s.") % {
        "phone": receipt.hotline,
        "number": receipt.number,
    }
    yield f"{_to_add()}\n{urgent}" if receipt.hotline else _to_add()


def _question_of(receipt: Receipt) -> Iterator[str]:
    thanks = _("Thank you for your message. It is ticket %(number)s.") % {"number": receipt.number}
    add = _("You can add to it at any time by replying to this email.")
    yield f"{thanks}\n{_answer_by(receipt)}\n{add}"


def _to_add() -> str:
    return _("To add details or files, reply to this email.")


def _answer_by(receipt: Receipt) -> str:
    if receipt.due_at is None:
        return _delayed()
    return _("We will respond by %(time)s.") % {"time": moment(receipt.due_at)}


def _delayed() -> str:
    return _("Your email reached us late, so we have put it first in line. We are working on it now.")
