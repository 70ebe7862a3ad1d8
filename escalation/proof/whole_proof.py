"""Everything that shows whether the ledger can be believed: each night over what is new, each week over all."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from escalation.clocks.ledger_guard import missing_guards
from escalation.clocks.ledger_verification import CHUNK, Mismatch, verify
from escalation.lib.garbage import rare_garbage_collection
from escalation.lib.snapshot import one_snapshot, read_side_by_side
from escalation.models import Seal, SealedLine
from escalation.policies.stamp_triggers import missing_triggers
from escalation.proof.message_checks import check_gaps, check_times, check_words
from escalation.proof.seal_checks import check_seals
from escalation.proof.sealing import LATE_BY, sealed_until, unsealed_lines

MOST_NAMED = 1_000


@dataclass(frozen=True)
class LedgerProof:
    """What one run found: the number of promises it read, and what is wrong, at most MOST_NAMED of it.

    ``sealed_at`` (UTC) is the time of the last seal, if there is one, and ``unsealed`` the number of younger lines.
    """

    clocks: int
    mismatches: tuple[Mismatch, ...]
    unsealed: int
    sealed_at: datetime | None


def proof_in_words(*, wrong: int, among: int) -> str:
    """The result of a proof as a sentence."""
    if wrong:
        text = ngettext(
            "%(wrong)s of %(all)s SLAs does not match the ledger.",
            "%(wrong)s of %(all)s SLAs do not match the ledger.",
            wrong,
        )
        return text % {"wrong": wrong, "all": among}
    if not among:
        return _("There is no SLA to check yet.")
    text = ngettext(
        "%(all)s SLA matches the ledger.",
        "All %(all)s SLAs match the ledger.",
        among,
    )
    return text % {"all": among}


def unsealed_in_words(unsealed: int, *, sealed_at: datetime | None) -> str:
    """How much of the ledger no seal covers yet."""
    if sealed_at is None:
        return _("The ledger has no seal yet.")
    if not unsealed:
        return _("Every line is sealed; the last seal is of %(time)s.") % {
            "time": f"{sealed_at:%Y-%m-%d %H:%M} UTC"
        }
    return ngettext(
        "%(count)s line is younger than the last seal, of %(time)s: it is not sealed yet.",
        "%(count)s lines are younger than the last seal, of %(time)s: they are not sealed yet.",
        unsealed,
    ) % {"count": unsealed, "time": f"{sealed_at:%Y-%m-%d %H:%M} UTC"}


def prove_all() -> LedgerProof:
    """Check the whole ledger. Read-only; memory use stays constant."""
    with rare_garbage_collection():
        verification, (others, unsealed) = read_side_by_side(verify, _prove_what_clocks_rest_on)
        return _proof(verification.clocks, chain(verification.mismatches, others), unsealed=unsealed)


def _prove_what_clocks_rest_on() -> tuple[tuple[Mismatch, ...], int]:
    """What is wrong with messages, tickets without their promise and seals; and the number of unsealed lines."""
    found = chain(check_words(), check_times(), check_gaps(), check_seals())
    return tuple(islice(found, MOST_NAMED)), unsealed_lines().count()


def prove_new(*, now: datetime) -> LedgerProof:
    """Check the promises of which a line was sealed in the last day or is not sealed yet, and the seals of that day."""
    with one_snapshot(), rare_garbage_collection():
        yesterday = now - LATE_BY
        unsealed = unsealed_lines(sealed_until(yesterday)).values_list("clock_id", flat=True)
        since = _first_seal_after(yesterday)
        sealed = SealedLine.objects.filter(seal__gte=since).order_by().values_list("clock", flat=True)
        young = list(unsealed)
        clocks = sorted({*young, *sealed})
        verification = verify(clocks=clocks)
        found = chain(
            verification.mismatches,
            _check_messages(clocks),
            check_gaps(opened_since=yesterday),
            check_seals(since=since),
        )
        return _proof(verification.clocks, found, unsealed=len(young))


def _first_seal_after(time: datetime) -> int:
    """The number of the first seal made after a time (UTC), or of the next one if there is none."""
    last = (
        Seal.objects.filter(sealed_at__lte=time).order_by("-number").values_list("number", flat=True).first()
    )
    return (last or 0) + 1


def _check_messages(clocks: Collection[int]) -> Iterator[Mismatch]:
    keys = list(clocks)
    for begin in range(0, len(keys), CHUNK):
        part = keys[begin : begin + CHUNK]
        yield from check_words(part)
        yield from check_times(part)


def _proof(clocks: int, found: Iterable[Mismatch], *, unsealed: int) -> LedgerProof:
    newest = Seal.objects.order_by("-number").values_list("sealed_at", flat=True).first()
    mismatches = tuple(islice(chain(_missing_triggers(), found), MOST_NAMED))
    return LedgerProof(clocks, mismatches, unsealed, newest)


def _missing_triggers() -> Iterator[Mismatch]:
    for name in missing_guards(connection):
        problem = _("The trigger %(name)s, which refuses changes of the ledger, is missing or switched off.")
        yield Mismatch(None, None, problem % {"name": name})
    for name in missing_triggers(connection):
        problem = _(
            "The trigger %(name)s, which announces changes of the policies, is missing or switched off."
        )
        yield Mismatch(None, None, problem % {"name": name})
