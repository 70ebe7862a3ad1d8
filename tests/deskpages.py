"""The pages of a filled desk by role, for the benchmark and for the test of their plans."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import Count

from customers.models import Customer
from tickets.access import visible_tickets
from tickets.models import Message, Ticket

METRICS_TOKEN = "token-of-a-measurement"
ROLES = ("account manager", "lead", "director", "auditor")


@dataclass(frozen=True)
class Page:
    """A page, at one address or at several in turn, and the plain SQL of what it shows."""

    job: str
    urls: Sequence[str]
    budget: float
    raw: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    roles: tuple[str, ...] = ROLES


def the_people() -> dict[str, User]:
    """The account manager with the most customers, and one of each other role."""
    busiest = Customer.objects.values("account_manager").annotate(number=Count("pk")).order_by("-number")[0]
    return {
        "account manager": User.objects.get(pk=busiest["account_manager"]),
        "lead": User.objects.filter(groups__name="Team lead").order_by("pk")[0],
        "director": User.objects.filter(groups__name="Support director").order_by("pk")[0],
        "auditor": User.objects.filter(groups__name="Auditor").order_by("pk")[0],
    }


def pages(user: User) -> Iterator[Page]:
    refresh = (("HX-Request", "true"),)
    yield Page("board", ["/"], 60, BOARD)
    yield Page("board refreshing itself", ["/"], 40, BOARD, refresh)
    customer = visible_tickets(user).filter(customer__isnull=False).order_by("-pk")[0].customer_id
    filters = {
        "closed": "status=closed", "P0": "priority=0", "one customer": f"customer={customer}",
        "received in a month": "opened_min=2026-10-01&opened_max=2026-10-31", "intake": "owner=intake",
        "mine": "owner=me", "due within the hour": "promise=soon", "no promise": "promise=none",
    }  # fmt: skip
    for name, query in filters.items():
        yield Page(f"board, {name}", [f"/?{query}"], 100)
    yield Page("kept this week", ["/board/kept/"], 40)
    yield Page("ticket list", ["/tickets/ticket/"], 100, LIST)
    yield Page("ticket list, page 3", ["/tickets/ticket/?p=3"], 100)
    for name, words in searches(user).items():
        yield Page(
            f"search, {name}",
            [f"/tickets/ticket/?q={word}" for word in words],
            20 if name == "number" else 100,
        )
    yield Page("board, search of a common word", ["/?q=channel", "/?q=房间"], 100)
    yield Page("notifications", ["/escalation/notification/"], 100, NOTIFICATIONS)
    yield Page("promises", ["/escalation/clock/"], 100)
    yield Page("ledger", ["/escalation/clockevent/"], 100)
    yield Page("escalations", ["/escalation/escalation/"], 100)
    yield Page("incoming mail", ["/tickets/inboundemail/"], 100)
    yield Page("outgoing mail", ["/tickets/outboundemail/"], 100)
    yield Page("customers", ["/customers/customer/"], 100)
    yield Page("contacts", ["/customers/contact/"], 100)
    yield Page("customer page", [f"/customers/customer/{customer}/change/"], 100)
    for messages, budget in ((50, 80), (500, 90)):
        for ticket in long_tickets(messages):
            url = f"/tickets/ticket/{ticket}/change/"
            yield Page(f"ticket page, {messages} messages", [url], budget, CONVERSATION.format(ticket))
    yield Page("operations", ["/operations/"], 50)
    yield Page(
        "metrics",
        ["/metrics"],
        50,
        headers=(("Authorization", f"Bearer {METRICS_TOKEN}"),),
        roles=("director",),
    )
    yield Page("health", ["/healthz"], 50, roles=("director",))


BOARD = """
    SELECT c.id, c.due_at, t.id, t.subject, t.priority, t.status, k.name, u.first_name FROM escalation_clock c
    JOIN tickets_ticket t ON t.id = c.ticket_id JOIN customers_customer k ON k.id = t.customer_id
    JOIN auth_user u ON u.id = t.owner_id WHERE c.stopped_at IS NULL ORDER BY c.due_at LIMIT 50
"""
LIST = "SELECT * FROM tickets_ticket ORDER BY opened_at DESC LIMIT 50"
NOTIFICATIONS = "SELECT * FROM escalation_notification ORDER BY created_at DESC, id DESC LIMIT 50"
CONVERSATION = "SELECT * FROM tickets_message WHERE ticket_id = {} ORDER BY at DESC, id DESC LIMIT 50"


def searches(user: User) -> dict[str, list[str]]:
    """Words that the reader's own messages have, from the common ones of the texts to the rare ones of each."""
    newest = Message.objects.filter(
        ticket__in=list(visible_tickets(user).order_by("-pk").values_list("pk", flat=True)[:400])
    )
    lines = [
        body.rpartition("\n")[2].split()
        for body in newest.exclude(kind="note").values_list("body", flat=True)[:60]
    ]
    rare = [line[1].rstrip(",，") for line in lines if len(line) > 2]
    numbers = visible_tickets(user).order_by("-pk").values_list("pk", flat=True)[:30]
    return {
        "common words": ["channel", "room", "房间", "追踪号", "sdk", "users"],
        "words of one in some hundred": ["reconnect", "echo", "token", "黑屏", "回声", "卡顿"],
        "rare words": rare[:30],
        "two words": [f"{word}+{other}" for word in ("room", "房间") for other in rare[:15]],
        "number": [f"SD%23{number}" for number in numbers],
        "nothing": [f"xq{number}zzz" for number in range(30)],
    }  # fmt: skip


def long_tickets(messages: int) -> list[int]:
    """The ticket of the filled desk with about so many messages, which every role sees."""
    newest = Ticket.objects.filter(clocks__stopped_at=None).order_by("pk").values_list("pk", flat=True)[:2]
    counted = Ticket.objects.filter(pk__in=list(newest)).annotate(said=Count("messages"))
    return [it.pk for it in counted if messages <= it.said < messages * 1.2]
