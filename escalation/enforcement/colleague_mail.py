"""Acknowledges by email, and tells a colleague what became of an email of theirs, or in their name."""

from datetime import timedelta

from escalation.choices import AcknowledgedBy, Medium, NoticeKind
from escalation.enforcement.acknowledge import acknowledge
from escalation.models import Notification
from escalation.notifications.wording import ABOUT_EMAIL, Notice
from escalation.notifications.writing import MAIL_ONLY, tell
from tickets.choices import ColleagueMail
from tickets.errors import DeskError
from tickets.events import ColleagueWrote

KINDS = {
    ColleagueMail.SENT: NoticeKind.SENT_FOR_YOU,
    ColleagueMail.KEPT: NoticeKind.KEPT_AS_NOTE,
    ColleagueMail.ACKNOWLEDGED: NoticeKind.ACKNOWLEDGED,
    ColleagueMail.UNVERIFIED: NoticeKind.UNVERIFIED,
}
# Mail in somebody's name may mean that their mailbox is not theirs alone: other media come first.
WAYS = {ColleagueMail.UNVERIFIED: (Medium.CHAT, Medium.SMS)}
WINDOW = timedelta(hours=1)
# To one colleague about one ticket: whoever gets more is a machine that answers, or somebody who plays with their name.
MOST_TO_ONE = 5
MOST_WORDS = 2_000  # characters


def follow_colleague(event: ColleagueWrote) -> None:
    """Acknowledge if the colleague asked for it, then tell them. An acknowledgement of nothing says why."""
    kind, problem = KINDS[event.became], event.problem
    if event.became is ColleagueMail.ACKNOWLEDGED:
        try:
            acknowledge(ticket=event.ticket, actor=event.colleague, at=event.at, by=AcknowledgedBy.EMAIL)
        except DeskError as error:
            kind, problem = NoticeKind.NOT_ACKNOWLEDGED, str(error)
    if _was_told_often(event):
        return
    words = event.words[:MOST_WORDS] + "…" * (len(event.words) > MOST_WORDS)
    detail = "\n\n".join(filter(None, [problem, words]))
    notice = Notice(kind, event.ticket, detail=detail)
    tell(event.colleague, notice, at=event.at, channels=WAYS.get(event.became, MAIL_ONLY))


def _was_told_often(event: ColleagueWrote) -> bool:
    told = Notification.objects.filter(
        ticket=event.ticket,
        recipient=event.colleague,
        kind__in=ABOUT_EMAIL,
        created_at__gt=event.at - WINDOW,
    )
    return told[:MOST_TO_ONE].count() >= MOST_TO_ONE
