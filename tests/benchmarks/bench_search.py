"""Measures the search of a filled desk for each role, beside the index asked by hand, and what a message's words cost.

The desk has 60 account managers in six teams, 2,000 customers, and three messages a ticket of mixed Chinese and English
text, whose words are as unevenly common as in real life.

    DATABASE_URL=postgres://... python tests/benchmarks/bench_search.py --tickets 300000

A search is asking, and loading the first 50 tickets. Works in a test database of its own.
"""

import argparse
import logging
import os
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from itertools import accumulate, islice
from pathlib import Path
from statistics import median

import django

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "supportdesk.settings")
django.setup()

from django.contrib.auth.models import User  # noqa: E402 - after django.setup()
from django.db import connection, transaction  # noqa: E402

from customers.models import Contact, ContactTokens, Customer  # noqa: E402
from customers.search.column import create_indexes, tidy_index  # noqa: E402
from customers.search.tokens import tokens_of  # noqa: E402
from customers.search.wanted import wanted_words  # noqa: E402
from tests import factories as make  # noqa: E402
from tickets.access import visible_tickets  # noqa: E402
from tickets.choices import MessageKind, Status  # noqa: E402
from tickets.lib.bulk_insert import NewRow, insert_all  # noqa: E402
from tickets.models import Message, MessageTokens, SearchBacklog, Ticket  # noqa: E402
from tickets.search.backlog import index_backlog  # noqa: E402
from tickets.search.finding import find_tickets  # noqa: E402
from tickets.search.indexing import SPANS, index_message, span_token  # noqa: E402

MANAGERS, TEAM, CUSTOMERS, CHUNK = 60, 10, 2_000, 5_000
MESSAGES = 3  # of each ticket
# Words that some of the messages have, one in so many.
SEEDED = {"streamer": 3, "黑屏": 20, "codec": 100, "推流": 200, "handshake": 1_000, "开播": 5_000}
BUDGETS = {"number": 20.0}  # milliseconds, p95; 100 for the others


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tickets", type=int, default=300_000)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument(
        "--keep", action="store_true", help="leave the desk there, or measure the one left there"
    )
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    with test_database(keep=options.keep):
        texts = Texts(options.tickets)
        if not Ticket.objects.exists():
            fill(options.tickets, texts)
        report(the_people(), texts, options.tickets, options.runs)


@contextmanager
def test_database(*, keep: bool) -> Iterator[None]:
    name = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, serialize=False, keepdb=keep)
    try:
        yield
    finally:
        connection.creation.destroy_test_db(name, verbosity=0, keepdb=keep)


def the_people() -> dict[str, User]:
    return {
        "account manager": User.objects.filter(groups__name="Account manager").order_by("pk")[3],
        "lead": User.objects.filter(groups__name="Team lead").order_by("pk")[0],
        "superuser": User.objects.filter(is_superuser=True).order_by("pk")[0],
    }


class Texts:
    """Words by Zipf's law, half English, half Chinese. The same for every run with as many tickets."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        letters, characters = "abcdefghijklmnopqrstuvwxyz", [chr(0x4E00 + 7 * each) for each in range(2_500)]
        self.english = [self._word(letters, 3, 9) for _each in range(30_000)]
        self.chinese = [self._word(characters, 2, 2) for _each in range(8_000)]
        self.weights = {
            len(it): list(accumulate(1 / (rank + 5) for rank in range(len(it)))) for it in self.lists
        }

    @property
    def lists(self) -> tuple[list[str], list[str]]:
        return self.english, self.chinese

    def _word(self, letters: Sequence[str], fewest: int, most: int) -> str:
        return "".join(self.random.choices(letters, k=self.random.randint(fewest, most)))

    def words(self, of: list[str], number: int) -> list[str]:
        return self.random.choices(of, cum_weights=self.weights[len(of)], k=number)

    def text(self, number: int) -> str:
        seeded = [word for word, one_in in SEEDED.items() if number % one_in == 0]
        return " ".join([*self.words(self.english, 25), "".join(self.words(self.chinese, 30)), *seeded])

    def subject(self) -> str:
        return " ".join([*self.words(self.english, 4), "".join(self.words(self.chinese, 4))])


def fill(tickets: int, texts: Texts) -> None:
    started = time.perf_counter()
    boss = make.AdminFactory()
    leads = [make.staff(groups=["Team lead"], reports_to=boss) for _each in range(MANAGERS // TEAM)]
    managers = [
        make.staff(groups=["Account manager"], reports_to=leads[number // TEAM]) for number in range(MANAGERS)
    ]
    customers = Customer.objects.bulk_create(
        Customer(
            name=f"{texts.subject()} {number}", code=f"c{number}", account_manager=managers[number % MANAGERS]
        )
        for number in range(CUSTOMERS)
    )
    contacts = Contact.objects.bulk_create(
        Contact(
            name=name_of(texts),
            email=f"li{it.pk}@company{it.pk}.example",
            phone=f"+86 138 {it.pk:04} {it.pk:04}",
            customer=it,
        )
        for it in customers
    )
    ContactTokens.store(contacts)
    insert_tickets(tickets, texts, customers, contacts, managers)
    insert_messages(tickets, texts, contacts)
    filled = time.perf_counter() - started
    vacuum()
    print(f"filled in {filled:,.0f} s, indexed after {time.perf_counter() - started:,.0f} s")


def name_of(texts: Texts) -> str:
    return texts.words(texts.chinese, 1)[0]


def in_chunks(rows: Iterator[NewRow[object]]) -> None:
    while chunk := list(islice(rows, CHUNK)):
        insert_all(chunk)


def insert_tickets(
    tickets: int, texts: Texts, customers: list[Customer], contacts: list[Contact], managers: list[User]
) -> None:
    def row(number: int) -> NewRow[object]:
        place = texts.random.randrange(CUSTOMERS)
        at = make.NOW - timedelta(minutes=tickets - number)
        return NewRow(
            Ticket,
            {
                "subject": texts.subject(),
                "status": Status.CLOSED if number < tickets * 0.9 else Status.OPEN,
                "customer_id": customers[place].pk,
                "contact_id": contacts[place].pk,
                "owner_id": managers[place % MANAGERS if texts.random.random() < 0.9 else place % 7].pk,
                "opened_at": at,
                "updated_at": at,
            },
        )

    in_chunks(row(number) for number in range(tickets))


def insert_messages(tickets: int, texts: Texts, contacts: list[Contact]) -> None:
    """The messages with their words. PostgreSQL builds the index afterwards, which is many times quicker."""
    subjects = dict(Ticket.objects.order_by().values_list("pk", "subject"))
    first = min(subjects)
    numbers = iter(range(1, MESSAGES * tickets + 1))
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"DROP INDEX {MessageTokens._meta.db_table}_words")
    while chunk := list(islice(numbers, CHUNK)):
        bodies = [texts.text(number) for number in chunk]
        keys = [
            first + max(0, number - texts.random.randrange(3_000)) // MESSAGES % tickets for number in chunk
        ]
        at = make.NOW - timedelta(seconds=20 * (MESSAGES * tickets - chunk[0]))
        insert_all(
            [
                NewRow(
                    Message,
                    {"ticket_id": key, "kind": MessageKind.INBOUND, "at": at, "created_at": at, "body": body},
                )
                for key, body in zip(keys, bodies, strict=True)
            ]
        )
        last = Message.objects.order_by("-pk").values_list("pk", flat=True)[0]
        pks = range(last - len(chunk) + 1, last + 1)
        insert_tokens(
            (pk, key, [*tokens_of(subjects[key], body), *(span_token(bits, pk >> bits) for bits in SPANS)])
            for pk, key, body in zip(pks, keys, bodies, strict=True)
        )
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET maintenance_work_mem = '2GB'")
        create_indexes(MessageTokens)


def insert_tokens(rows: Iterator[tuple[int, int, list[str]]]) -> None:
    if connection.vendor != "postgresql":
        MessageTokens.objects.bulk_create(
            MessageTokens(message_id=pk, ticket_id=ticket, tokens=tokens) for pk, ticket, tokens in rows
        )
        return
    statement = f"COPY {MessageTokens._meta.db_table} (message_id, ticket_id, tokens) FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for pk, ticket, tokens in rows:
            copy.write_row((pk, ticket, " ".join(f"'{token}'" for token in tokens)))


def vacuum() -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")


def report(people: dict[str, User], texts: Texts, tickets: int, runs: int) -> None:
    print(f"{tickets:,} tickets, {MESSAGES * tickets:,} messages on {connection.vendor}; milliseconds")
    print_sizes()
    print(f"{'':44}{'p50':>8}{'p95':>8}{'CPU':>8}{'found':>8}   p95 is to be")
    measure("a query for nothing, through Django", [lambda: first_hits("xyxyxyx")] * runs)
    for role, user in people.items():
        for job, asked in jobs(texts, user, runs).items():
            searches = [partial(search, user, text) for text in asked]
            measure(f"{role}: {job}", searches, BUDGETS.get(job, 100))
    for word in SEEDED:
        measure(f"the index by hand, in no order: {word}", [partial(first_hits, word)] * runs)
    print_writing(texts)


def jobs(texts: Texts, user: User, runs: int) -> dict[str, list[str]]:
    """Searches by job, each of something else as far as there is something else."""
    visible = list(visible_tickets(user).order_by("-pk").values_list("pk", flat=True)[:runs])
    rare = [texts.random.choice(texts.english[5_000:]) for _each in range(runs)]
    contacts = list(Contact.objects.order_by("?").values_list("email", "phone")[:runs])
    return {
        "rare word": rare,
        "common word, one in 3": ["streamer"] * runs,
        "common word, one in 100": ["codec"] * runs,
        "common word, one in 1,000": ["handshake"] * runs,
        "the commonest words": texts.english[:runs],
        "two Chinese characters": texts.chinese[:runs],
        "two Chinese characters, one in 20": ["黑屏"] * runs,
        "two words, one of them common": [f"{word} streamer" for word in texts.english[100 : 100 + runs]],
        "two words that never meet": [
            f"{one} {other}" for one, other in zip(rare, reversed(rare), strict=True)
        ],
        "unfinished word": [word[:3] for word in rare],
        "number": [f"SD#{pk}" for pk in visible],
        "address": [email for email, _phone in contacts],
        "telephone number": [phone.replace(" ", "").removeprefix("+86") for _email, phone in contacts],
        "company": list(Customer.objects.order_by("?").values_list("name", flat=True)[:runs]),
        "nothing": [f"xq{number}zzz" for number in range(runs)],
    }


def search(user: User, text: str) -> int:
    """Search as a page does. Return how many tickets were found."""
    tickets = visible_tickets(user)
    keys = find_tickets(tickets, text).keys
    list(
        tickets.filter(pk__in=keys)
        .select_related("customer", "contact", "owner")
        .order_by("-updated_at", "-pk")[:50]
    )
    return len(keys)


def first_hits(word: str) -> int:
    return len(
        MessageTokens.objects.filter(tokens__has=wanted_words(word)).order_by().values_list("ticket")[:1_001]
    )


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def measure(job: str, searches: Sequence[Callable[[], int]], budget: float = 0) -> None:
    """CPU is what both processes took for one search, which others on the machine do not change."""
    found, times, cpu = 0, [], cpu_seconds()
    for each in searches:
        started = time.perf_counter()
        found += each()
        times.append(1_000 * (time.perf_counter() - started))
    cpu = 1_000 * (cpu_seconds() - cpu) / len(times)
    ordered = sorted(times)
    p95 = ordered[-(-95 * len(ordered) // 100) - 1]
    bar = f"   {budget:.0f}{'' if p95 <= budget else '  MISSED'}" if budget else ""
    print(f"{job:44}{median(times):>8.1f}{p95:>8.1f}{cpu:>8.1f}{found / len(times):>8,.0f}{bar}")


def cpu_seconds() -> float:
    """Of this process and, where it can be seen, of the one that PostgreSQL has for it."""
    ours = time.process_time()
    if connection.vendor != "postgresql":
        return ours
    stat = Path(f"/proc/{connection.connection.info.backend_pid}/stat")
    if not stat.exists():
        return ours
    user, system = stat.read_text().rpartition(")")[2].split()[11:13]
    return ours + (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def print_sizes() -> None:
    if connection.vendor != "postgresql":
        return
    table = MessageTokens._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_size_pretty(pg_table_size(%s)), pg_size_pretty(pg_relation_size(%s)), "
            "pg_size_pretty(pg_table_size(%s))",
            [table, f"{table}_words", Message._meta.db_table],
        )
        print("table of words {}, its index {}, messages {}".format(*cursor.fetchone()))


def print_writing(texts: Texts) -> None:
    """What one message's words cost: made, written, and sorted in afterwards; then the same by the backlog's task."""
    messages = list(Message.objects.order_by("-pk").select_related("ticket")[:1_000])
    MessageTokens.objects.filter(pk__in=[message.pk for message in messages]).delete()
    making = seconds(lambda: [tokens_of(message.ticket.subject, message.body) for message in messages])

    def write() -> None:
        for message in messages:
            with transaction.atomic():
                index_message(message, subject=message.ticket.subject)

    writing = seconds(write)
    waiting = [1_000 * seconds(lambda: first_hits("handshake")) for _run in range(10)]
    sorting = seconds(lambda: tidy_index(MessageTokens))
    print(f"\n{'of each of 1,000 messages':44}ms")
    print(f"{'making its tokens':44}{making:>8.2f}")
    print(f"{'writing them, in a transaction of their own':44}{writing:>8.2f}")
    print(f"{'sorting them in, by the task':44}{sorting:>8.2f}")
    print(f"{'a search while all of them wait':44}{median(waiting):>8.2f}")
    newest = Ticket.objects.order_by("-pk").values_list("pk", flat=True)[0]
    SearchBacklog.objects.update_or_create(source="tickets", defaults={"below": newest + 1})
    rounds = iter(range(20))
    started = time.perf_counter()
    done = index_backlog(may_go_on=lambda: next(rounds, None) is not None)
    print(f"{'taking in old tickets, a second':44}{done / (time.perf_counter() - started):>8,.0f}")


if __name__ == "__main__":
    main()
