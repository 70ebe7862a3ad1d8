"""Short histories that the desk once judged otherwise than the model that was written from the design."""

import pytest

from tests.escalation.clocks.histories import Act, History, Step
from tests.escalation.clocks.history_model import judged
from tests.escalation.clocks.history_play import People, people_of_a_desk

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def people(rows_of_the_module: None) -> People:
    return people_of_a_desk()


def of_priority(priority: int, *steps: Step) -> History:
    return History(priority, 0, steps, 400)


def to_be_resolved(priority: int, *steps: Step) -> History:
    """The customer is promised a resolution too."""
    return History(priority, 0, steps, 1200, resolves=True)


# What the desk learns late changes nothing about what is true.
LEARNED_LATE = {
    "read after a raise": of_priority(
        3, Step(10, Act.REPLIED), Step(100, Act.PRIORITY, priority=1), Step(110, Act.ASKED, happened=20)
    ),
    "read after a lowering": of_priority(
        0, Step(10, Act.REPLIED), Step(50, Act.PRIORITY, priority=3), Step(60, Act.ASKED, happened=20)
    ),
    "call written down after a raise": of_priority(
        3,
        Step(20, Act.ASKED, happened=20),
        Step(100, Act.PRIORITY, priority=1),
        Step(110, Act.CALLED, happened=10),
    ),
    "bounced after a raise": of_priority(
        3, Step(10, Act.REPLIED), Step(20, Act.PRIORITY, priority=1), Step(30, Act.BOUNCED, answer=10)
    ),
    "answered before it was read": of_priority(
        1,
        Step(10, Act.REPLIED),
        Step(20, Act.ASKED, happened=5),
        Step(30, Act.REPLIED),
        Step(40, Act.BOUNCED, answer=30),
    ),
    "read in two steps after a lowering": of_priority(
        0,
        Step(10, Act.REPLIED),
        Step(30, Act.PRIORITY, priority=3),
        Step(40, Act.ASKED, happened=35),
        Step(50, Act.ASKED, happened=20),
    ),
    "a call answers the older of two that were read late": of_priority(
        1,
        Step(263, Act.REPLIED),
        Step(271, Act.ASKED, happened=231),
        Step(280, Act.ASKED, happened=21),
        Step(290, Act.CALLED, happened=141, then="resolved"),
    ),
    "only the older question has another answer": of_priority(
        1,
        Step(20, Act.ASKED, happened=20),
        Step(30, Act.REPLIED),
        Step(40, Act.CALLED, happened=10),
        Step(50, Act.BOUNCED, answer=30),
    ),
}
# A call counts from when it took place, even if a later answer was written down before it.
WRITTEN_AFTER_A_LATER_ANSWER = {
    "it answers in time what was answered late": of_priority(
        1, Step(250, Act.REPLIED), Step(260, Act.CALLED, happened=100)
    ),
    "the later answer answers what was asked between": of_priority(
        1,
        Step(120, Act.ASKED, happened=120),
        Step(250, Act.REPLIED),
        Step(260, Act.CALLED, happened=100),
    ),
    "the update after it was owed and kept": of_priority(
        0, Step(10, Act.REPLIED), Step(100, Act.REPLIED), Step(110, Act.CALLED, happened=50)
    ),
    "the update before it was kept though the ticket was ended": of_priority(
        0,
        Step(10, Act.REPLIED),
        Step(90, Act.STATUS, then="resolved"),
        Step(100, Act.CALLED, happened=60),
    ),
    "it is voided, and the later answer counts again": of_priority(
        1,
        Step(250, Act.REPLIED),
        Step(260, Act.CALLED, happened=100),
        Step(270, Act.VOIDED, answer=260),
    ),
    "two of them, the older one last": of_priority(
        0,
        Step(20, Act.ASKED, happened=20),
        Step(70, Act.REPLIED),
        Step(80, Act.CALLED, happened=40),
        Step(90, Act.CALLED, happened=10),
    ),
}
# An answer with which the ticket had been resolved does not count: all runs on as if it had never been given.
TAKEN_BACK = {
    "a call on the ticket that it had resolved": of_priority(
        0,
        Step(10, Act.REPLIED, then="resolved"),
        Step(20, Act.CALLED, happened=15),
        Step(30, Act.BOUNCED, answer=10),
    ),
    "two updates on the ticket that it had resolved": of_priority(
        0,
        Step(5, Act.REPLIED),
        Step(20, Act.REPLIED, then="resolved"),
        Step(40, Act.REPLIED),
        Step(110, Act.REPLIED),
        Step(120, Act.BOUNCED, answer=20),
    ),
    "an older call on the ticket that it had resolved": of_priority(
        0,
        Step(5, Act.REPLIED),
        Step(20, Act.REPLIED, then="resolved"),
        Step(40, Act.REPLIED),
        Step(50, Act.CALLED, happened=30),
        Step(60, Act.VOIDED, answer=20),
    ),
    "the customer had written since": of_priority(
        0,
        Step(5, Act.REPLIED),
        Step(20, Act.REPLIED, then="resolved"),
        Step(40, Act.REPLIED),
        Step(50, Act.ASKED, happened=50),
        Step(60, Act.BOUNCED, answer=20),
        Step(80, Act.REPLIED),
    ),
    "the priority was lowered meanwhile": of_priority(
        0,
        Step(10, Act.REPLIED, then="resolved"),
        Step(20, Act.REPLIED),
        Step(25, Act.PRIORITY, priority=2),
        Step(30, Act.REPLIED),
        Step(40, Act.BOUNCED, answer=10),
    ),
    "an older call had resolved it": of_priority(
        0,
        Step(20, Act.REPLIED),
        Step(50, Act.CALLED, happened=10, then="resolved"),
        Step(60, Act.VOIDED, answer=50),
    ),
    "a colleague ended the ticket before the next answer": of_priority(
        0,
        Step(5, Act.REPLIED),
        Step(20, Act.REPLIED),
        Step(30, Act.STATUS, then="resolved"),
        Step(90, Act.REPLIED),
        Step(100, Act.BOUNCED, answer=20),
    ),
    "a colleague ended and opened the ticket since": of_priority(
        0,
        Step(5, Act.REPLIED),
        Step(20, Act.REPLIED),
        Step(30, Act.STATUS, then="resolved"),
        Step(40, Act.STATUS, then="open"),
        Step(100, Act.BOUNCED, answer=20),
    ),
    "a younger question is left on a resolved ticket": of_priority(
        1,
        Step(10, Act.ASKED, happened=10),
        Step(20, Act.REPLIED),
        Step(30, Act.STATUS, then="resolved"),
        Step(40, Act.CALLED, happened=5),
        Step(50, Act.BOUNCED, answer=20),
    ),
}
# What was said in one ticket says nothing in another, until they are merged.
MERGED = {
    "the other ticket's answer is none": of_priority(
        1,
        Step(10, Act.OPENED, happened=10, priority=1),
        Step(20, Act.REPLIED),
        Step(30, Act.REPLIED, ticket=1, then="resolved"),
        Step(40, Act.MERGED, into=1),
        Step(50, Act.BOUNCED, answer=20),
    ),
    "a resolved ticket's solution bounces in a resolved one": of_priority(
        0,
        Step(10, Act.OPENED, happened=10),
        Step(15, Act.REPLIED),
        Step(20, Act.REPLIED, then="resolved"),
        Step(30, Act.REPLIED, ticket=1, then="resolved"),
        Step(40, Act.MERGED, into=1),
        Step(50, Act.BOUNCED, answer=20),
    ),
    "the stricter one holds, though it is younger": of_priority(
        3,
        Step(16, Act.REPLIED),
        Step(20, Act.OPENED, happened=20, priority=0),
        Step(30, Act.MERGED, into=1),
        Step(40, Act.BOUNCED, answer=16),
    ),
    "what fell due before the merge is broken": of_priority(
        0,
        Step(1, Act.OPENED, happened=0, priority=0),
        Step(10, Act.REPLIED, ticket=1),
        Step(40, Act.MERGED, ticket=1),
        Step(50, Act.BOUNCED, answer=10),
    ),
    "the merged ticket had been raised meanwhile": of_priority(
        3,
        Step(5, Act.OPENED, happened=5, priority=3),
        Step(10, Act.REPLIED),
        Step(20, Act.PRIORITY, priority=1),
        Step(30, Act.REPLIED, ticket=1),
        Step(40, Act.MERGED, into=1),
        Step(50, Act.BOUNCED, answer=10),
    ),
    "a call from before the ticket that stays was opened": of_priority(
        1,
        Step(60, Act.OPENED, happened=60, priority=1),
        Step(70, Act.REPLIED, ticket=1),
        Step(80, Act.MERGED, into=1),
        Step(90, Act.CALLED, happened=50),
    ),
    "a question of the merged ticket keeps its priority": of_priority(
        0,
        Step(5, Act.ASKED, happened=5),
        Step(10, Act.OPENED, happened=10, priority=3),
        Step(12, Act.REPLIED, ticket=1),
        Step(15, Act.MERGED, into=1),
        Step(20, Act.CALLED, happened=3),
    ),
}
# A lead closes a ticket over a question: nobody waits, unless somebody opens it again.
CLOSED_OVER_A_QUESTION = {
    "asked again since, before a call from before the closing is logged": of_priority(
        2,
        Step(20, Act.CLOSED),
        Step(30, Act.STATUS, then="open"),
        Step(50, Act.ASKED, happened=40),
        Step(60, Act.CALLED, happened=10),
    ),
    "asked again since, before such a call is logged that would close it": of_priority(
        2,
        Step(20, Act.CLOSED),
        Step(30, Act.STATUS, then="waiting"),
        Step(50, Act.ASKED, happened=40),
        Step(60, Act.CALLED, happened=10, then="closed"),
    ),
    "opened again to wait for the customer": of_priority(
        2, Step(10, Act.CLOSED), Step(20, Act.STATUS, then="waiting")
    ),
    "a call from before is voided": of_priority(
        2, Step(20, Act.CLOSED), Step(30, Act.CALLED, happened=10), Step(40, Act.VOIDED, answer=30)
    ),
    "a reply since bounces": of_priority(
        0, Step(20, Act.CLOSED), Step(30, Act.REPLIED), Step(40, Act.BOUNCED, answer=30)
    ),
    "a reply that resolves it bounces": of_priority(
        0, Step(20, Act.CLOSED), Step(30, Act.REPLIED, then="resolved"), Step(40, Act.BOUNCED, answer=30)
    ),
    "a reply since bounces after it was opened again": of_priority(
        0,
        Step(20, Act.CLOSED),
        Step(30, Act.REPLIED),
        Step(40, Act.STATUS, then="open"),
        Step(50, Act.BOUNCED, answer=30),
    ),
    "the answer to an older question bounces": of_priority(
        1,
        Step(10, Act.REPLIED),
        Step(20, Act.ASKED, happened=20),
        Step(30, Act.CLOSED),
        Step(40, Act.BOUNCED, answer=10),
    ),
    "a call answers only the older of two": of_priority(
        1, Step(20, Act.ASKED, happened=20), Step(30, Act.CLOSED), Step(40, Act.CALLED, happened=10)
    ),
    "a call answers only the older of two after it was opened again": of_priority(
        1,
        Step(20, Act.ASKED, happened=20),
        Step(30, Act.CLOSED),
        Step(40, Act.STATUS, then="open"),
        Step(50, Act.CALLED, happened=10),
    ),
    "a call from before the question opens it again": of_priority(
        1,
        Step(10, Act.REPLIED),
        Step(20, Act.ASKED, happened=20),
        Step(30, Act.CLOSED),
        Step(40, Act.CALLED, happened=15, then="waiting"),
    ),
    "the customer writes again": of_priority(
        1, Step(20, Act.CLOSED), Step(30, Act.ASKED, happened=30), Step(40, Act.CALLED, happened=25)
    ),
    "it is merged into an open ticket": of_priority(
        1,
        Step(10, Act.OPENED, happened=10, priority=1),
        Step(20, Act.REPLIED, ticket=1),
        Step(30, Act.CLOSED),
        Step(40, Act.MERGED, into=1),
    ),
    "an open ticket is merged into it": of_priority(
        1,
        Step(10, Act.OPENED, happened=10, priority=1),
        Step(20, Act.REPLIED, ticket=1),
        Step(30, Act.CLOSED),
        Step(40, Act.MERGED, ticket=1),
    ),
    "somebody else excuses it": of_priority(0, Step(20, Act.CLOSED), Step(30, Act.CONFIRMED)),
    "it was excused before": of_priority(
        1, Step(10, Act.EXCUSED), Step(20, Act.CONFIRMED), Step(30, Act.CLOSED)
    ),
}
# Who has the ticket changes nothing.
HANDED_OVER = {
    "to a colleague and to who stands in": of_priority(
        0, Step(10, Act.ASSIGNED), Step(20, Act.ABSENT), Step(40, Act.REPLIED), Step(50, Act.ABSENT)
    ),
}
# A resolution is paused while its ticket waits for the customer, and runs on if the solution did not arrive.
TO_BE_RESOLVED = {
    "resolved, and opened again to wait for the customer": to_be_resolved(
        1, Step(10, Act.REPLIED, then="resolved"), Step(20, Act.STATUS, then="waiting")
    ),
    "the customer wrote before the solution bounced": to_be_resolved(
        1,
        Step(10, Act.REPLIED, then="resolved"),
        Step(20, Act.ASKED, happened=20),
        Step(30, Act.BOUNCED, answer=10),
    ),
    "it was opened by hand before the solution was voided": to_be_resolved(
        1,
        Step(10, Act.CALLED, happened=5, then="resolved"),
        Step(20, Act.STATUS, then="open"),
        Step(30, Act.VOIDED, answer=10),
    ),
    "it waited for the customer before the solution bounced": to_be_resolved(
        1,
        Step(5, Act.REPLIED),
        Step(10, Act.REPLIED, then="resolved"),
        Step(20, Act.STATUS, then="waiting"),
        Step(50, Act.STATUS, then="open"),
        Step(60, Act.BOUNCED, answer=10),
    ),
    "the priority was raised before the solution bounced": to_be_resolved(
        2,
        Step(5, Act.REPLIED),
        Step(10, Act.REPLIED, then="resolved"),
        Step(20, Act.PRIORITY, priority=0),
        Step(30, Act.BOUNCED, answer=10),
    ),
    "somebody else resolved it before the solution bounced": to_be_resolved(
        1,
        Step(5, Act.REPLIED),
        Step(10, Act.REPLIED, then="resolved"),
        Step(20, Act.STATUS, then="open"),
        Step(30, Act.STATUS, then="resolved"),
        Step(40, Act.BOUNCED, answer=10),
    ),
    "it waited for the customer, who waited as long without the answer that bounced": to_be_resolved(
        2,
        Step(240, Act.REPLIED, then="resolved"),
        Step(930, Act.ASKED, happened=911),
        Step(940, Act.CALLED, happened=869, then="waiting"),
        Step(1100, Act.BOUNCED, answer=240),
    ),
    "the merged ticket waits, and the one that stays does not": to_be_resolved(
        2,
        Step(5, Act.REPLIED),
        Step(10, Act.OPENED, happened=10, priority=1),
        Step(20, Act.REPLIED, ticket=1, then="waiting"),
        Step(80, Act.MERGED, ticket=1),
    ),
    "the ticket that stays waits, and the merged one does not": to_be_resolved(
        2,
        Step(5, Act.REPLIED, then="waiting"),
        Step(10, Act.OPENED, happened=10, priority=1),
        Step(20, Act.REPLIED, ticket=1),
        Step(80, Act.MERGED, ticket=1),
    ),
    "a pause makes it the looser one": to_be_resolved(
        1,
        Step(5, Act.REPLIED, then="waiting"),
        Step(60, Act.OPENED, happened=60, priority=1),
        Step(70, Act.REPLIED, ticket=1),
        Step(200, Act.MERGED, ticket=1),
    ),
    "a question that was read late, after it was opened again": to_be_resolved(
        0, Step(20, Act.CLOSED), Step(50, Act.STATUS, then="open"), Step(60, Act.ASKED, happened=40)
    ),
    "a question that was read late, after it was opened again with nothing to answer": to_be_resolved(
        0,
        Step(10, Act.REPLIED, then="resolved"),
        Step(50, Act.STATUS, then="waiting"),
        Step(60, Act.ASKED, happened=40),
    ),
}
# A pause counts only if the answer does with which it began, though a sweep may have ended it or recorded a breach.
PAUSED_IN_VAIN = {
    "it was as long as it may be": to_be_resolved(
        1, Step(61, Act.REPLIED, then="waiting"), Step(555, Act.BOUNCED, answer=61)
    ),
    "the resolution was late in spite of it": to_be_resolved(
        1, Step(61, Act.REPLIED, then="waiting"), Step(955, Act.BOUNCED, answer=61)
    ),
    "the priority was raised during it": to_be_resolved(
        1,
        Step(61, Act.REPLIED, then="waiting"),
        Step(100, Act.PRIORITY, priority=0),
        Step(150, Act.BOUNCED, answer=61),
    ),
    "the priority was raised when it was over, though it was late without it": to_be_resolved(
        1,
        Step(61, Act.REPLIED, then="waiting"),
        Step(650, Act.PRIORITY, priority=0),
        Step(700, Act.BOUNCED, answer=61),
    ),
    "a colleague had let it wait before": to_be_resolved(
        1,
        Step(10, Act.REPLIED),
        Step(20, Act.STATUS, then="waiting"),
        Step(50, Act.ASKED, happened=50),
        Step(61, Act.REPLIED, then="waiting"),
        Step(555, Act.BOUNCED, answer=61),
    ),
    "another ticket was merged into it": to_be_resolved(
        1,
        Step(10, Act.OPENED, happened=10, priority=1),
        Step(20, Act.REPLIED, ticket=1),
        Step(61, Act.REPLIED, then="waiting"),
        Step(100, Act.MERGED, ticket=1),
        Step(555, Act.BOUNCED, answer=61),
    ),
}
HISTORIES = (
    PAUSED_IN_VAIN
    | TO_BE_RESOLVED
    | CLOSED_OVER_A_QUESTION
    | HANDED_OVER
    | LEARNED_LATE
    | WRITTEN_AFTER_A_LATER_ANSWER
    | TAKEN_BACK
    | MERGED
)


@pytest.mark.parametrize("history", list(HISTORIES.values()), ids=list(HISTORIES))
def test_the_desk_judges_as_the_design_says(people, history):
    assert people.play(history, []) == judged(history)


@pytest.mark.parametrize("history", list(PAUSED_IN_VAIN.values()), ids=list(PAUSED_IN_VAIN))
def test_a_pause_in_vain_does_not_count_whatever_sweeps_saw(people, history):
    assert people.play(history, range(30, 1200, 90)) == judged(history)
