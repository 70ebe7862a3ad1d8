"""Seals: every line is in exactly one, whenever it commits, and one promise is shown without the others."""

import json
from datetime import timedelta
from hashlib import sha256
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from escalation import tasks
from escalation.clocks.line_hashes import FORM
from escalation.models import ClockEvent, Heartbeat, Seal, SealedLine
from escalation.proof import sealing
from escalation.proof.inclusion import check_proof, proof_of
from escalation.proof.sealing import seal_ledger, unsealed_lines
from escalation.proof.whole_proof import prove_all, prove_new, unsealed_in_words
from tests.factories import AdminFactory, ClockEventFactory, StaffProfileFactory
from tests.talk import answered, asked, minute, opened
from tickets.choices import Priority

pytestmark = pytest.mark.django_db


@pytest.fixture
def ticket():
    StaffProfileFactory(user=AdminFactory())
    ticket = opened(priority=Priority.P2)
    answered(ticket, 20)
    return ticket


def numbers(seals):
    return [seal.number for seal in seals]


def test_each_seal_covers_what_is_new_and_the_seal_before_it(ticket):
    [first] = seal_ledger(at=minute(60))
    assert (first.number, first.lines, bytes(first.previous)) == (1, 2, b"")
    asked(ticket, 70)
    [second] = seal_ledger(at=minute(120))
    assert (second.number, second.lines, bytes(second.previous)) == (2, 1, bytes(first.hash))
    covered = SealedLine.objects.order_by("line").values_list("line", flat=True)
    assert list(covered) == list(ClockEvent.objects.order_by("pk").values_list("pk", flat=True))


def test_without_a_new_line_there_is_no_new_seal(ticket):
    seal_ledger(at=minute(60))
    assert seal_ledger(at=minute(120)) == []
    assert Seal.objects.count() == 1


def test_a_long_ledger_is_sealed_in_parts(ticket, monkeypatch):
    monkeypatch.setattr(sealing, "MOST_LINES", 2)
    asked(ticket, 30)
    answered(ticket, 40)
    assert [seal.lines for seal in seal_ledger(at=minute(60))] == [2, 2]
    assert prove_all().mismatches == ()


def test_a_line_that_commits_late_is_in_the_next_seal(ticket):
    """Its number and its time are lower than those of lines that a seal covers already."""
    late = ClockEvent.objects.order_by("pk").first()
    rows = unsealed_lines().exclude(pk=late.pk).values_list(*sealing.SEALED)
    sealing._seal(list(rows), at=minute(60))
    [seal] = seal_ledger(at=minute(120))
    assert (seal.number, [row.line for row in seal.covered.all()]) == (2, [late.pk])


def test_a_line_that_took_days_to_commit_waits_for_the_whole_look(ticket):
    late = ClockEvent.objects.order_by("pk").first()
    rows = unsealed_lines().exclude(pk=late.pk).values_list(*sealing.SEALED)
    sealing._seal(list(rows), at=minute(60))
    after = minute(60) + timedelta(days=2)
    assert seal_ledger(at=after) == []
    assert prove_all().unsealed == 1
    assert numbers(seal_ledger(at=after, whole=True)) == [2]


def test_of_two_runs_at_the_same_moment_one_seals(ticket):
    rows = list(unsealed_lines().values_list(*sealing.SEALED))
    assert sealing._seal(rows, at=minute(60)).number == 1
    assert sealing._seal(rows, at=minute(60)) is None
    assert (Seal.objects.count(), SealedLine.objects.count()) == (1, 2)


def test_a_line_without_a_hash_is_no_old_line_once_others_have_one(ticket):
    clock = ticket.clocks.get()
    ClockEventFactory(clock=clock, state_before=clock.state, state_after=clock.state, due_before=clock.due_at)
    [seal] = seal_ledger(at=minute(60))
    assert (seal.unlinked_until, seal.lines) == (0, 3)
    assert [mismatch.clock for mismatch in prove_all().mismatches] == [clock.pk]


def test_the_first_seal_knows_up_to_which_line_hashes_may_be_missing():
    old = ClockEventFactory()
    assert ClockEvent.objects.get().hash is None
    StaffProfileFactory(user=AdminFactory())
    opened(priority=Priority.P2)
    [seal] = seal_ledger(at=minute(60))
    assert seal.unlinked_until == old.pk
    assert not any("hash" in str(mismatch) for mismatch in prove_all().mismatches)


def test_the_canonical_form_is_the_documented_one(ticket):
    """What a stranger computes with any JSON library: sorted keys, no spaces, UTF-8, times by isoformat()."""
    previous = None
    for line in ClockEvent.objects.order_by("pk"):
        form = {member: getattr(line, name) for member, name in FORM.items()}
        for member in ("at", "recorded_at", "due_before", "due_after"):
            form[member] = form[member].isoformat() if form[member] is not None else None
        form |= {"previous": previous, "words": bytes(line.words).hex()}
        text = json.dumps(form, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        previous = bytes(line.hash).hex()
        assert sha256(text.encode()).hexdigest() == previous


def test_the_nightly_proof_reads_what_is_new_and_the_weekly_one_all(ticket):
    seal_ledger(at=minute(60))
    two_days_later = minute(60) + timedelta(days=2)
    assert prove_new(now=minute(70)).clocks == 1
    assert prove_new(now=two_days_later).clocks == 0
    assert prove_all().clocks == 1


def test_the_nightly_proof_reads_all_while_something_is_wrong(ticket, time_machine):
    time_machine.move_to(minute(60) + timedelta(days=3), tick=False)
    seal_ledger(at=minute(60))
    ticket.clocks.update(minutes=1)
    assert tasks.verify_ledger() == "clocks=0 mismatches=0 unsealed=0"
    assert tasks.verify_whole_ledger() == "clocks=1 mismatches=1 unsealed=0"
    assert tasks.verify_ledger() == "clocks=1 mismatches=1 unsealed=0"
    assert Heartbeat.objects.get(name=tasks.LEDGER).detail.startswith("1 of 1")


def test_the_ledger_of_one_promise_is_shown_with_a_path_and_nothing_of_others(ticket):
    opened(priority=Priority.P2)
    seal_ledger(at=minute(60))
    asked(ticket, 70)
    document = json.loads(json.dumps(proof_of(ticket.clocks.get(kind="first_response"))))
    assert list(check_proof(document)) == []
    assert [line["line"]["change"] for line in document["lines"]] == ["started", "met"]
    seal = Seal.objects.get()
    assert {line["seal"]["hash"] for line in document["lines"]} == {bytes(seal.hash).hex()}
    assert len(document["lines"][0]["path"]) == 2


def test_a_line_that_is_not_sealed_yet_is_shown_so(ticket):
    document = proof_of(ticket.clocks.get())
    assert [line["seal"] for line in document["lines"]] == [None, None]
    assert list(check_proof(document)) == []


@pytest.mark.parametrize(
    "forge",
    [
        lambda line: line["line"].update(at="2026-11-18T12:00:01+00:00"),
        lambda line: line.update(hash="00" * 32),
        lambda line: line.update(position=line["position"] ^ 1),
        lambda line: line["path"].reverse(),
        lambda line: line["seal"].update(sealed_at="2026-11-18T12:00:00+00:00"),
        lambda line: line["seal"].update(root="00" * 32),
        lambda line: line.update(number=99),
    ],
)
def test_a_forged_proof_is_recognised_without_the_database(ticket, forge):
    asked(ticket, 30)
    answered(ticket, 40)
    seal_ledger(at=minute(60))
    document = json.loads(json.dumps(proof_of(ticket.clocks.get(kind="first_response"))))
    forge(document["lines"][1])
    assert list(check_proof(document)) != []


def test_the_commands_write_a_proof_and_check_it(ticket, tmp_path):
    seal_ledger(at=minute(60))
    clock = ticket.clocks.get()
    call_command("prove_promise", clock.pk, stdout=(out := StringIO()))
    file = tmp_path / "proof.json"
    file.write_text(out.getvalue())
    call_command("check_proof", file, stdout=(said := StringIO()))
    assert bytes(Seal.objects.get().hash).hex() in said.getvalue()
    file.write_text(out.getvalue().replace('"met"', '"breached"'))
    with pytest.raises(CommandError, match="line 2"):
        call_command("check_proof", file)
    file.write_text("{}")
    with pytest.raises(CommandError, match="not a proof"):
        call_command("check_proof", file)


@pytest.mark.parametrize(
    ("unsealed", "sealed_at", "words"),
    [
        (3, None, "The ledger has no seal yet."),
        (0, minute(60), "Every line is sealed; the last seal is of 2026-11-18 13:00 UTC."),
        (
            1,
            minute(60),
            "1 line is younger than the last seal, of 2026-11-18 13:00 UTC: it is not sealed yet.",
        ),
        (
            2,
            minute(60),
            "2 lines are younger than the last seal, of 2026-11-18 13:00 UTC: they are not sealed yet.",
        ),
    ],
)
def test_what_is_not_sealed_yet_is_said(unsealed, sealed_at, words):
    assert unsealed_in_words(unsealed, sealed_at=sealed_at) == words
