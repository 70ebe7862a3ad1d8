"""The same seed gives the same lives with the same texts."""

from collections import Counter
from random import Random

from customers.choices import Language
from supportdesk.demo.filling.lives import Life, lives
from supportdesk.demo.filling.texts import Texts
from tests.factories import NOW
from tickets.choices import Priority

WINDOWS = {0: 30, 1: 240, 2: 480, 3: 1440}


def drawn(seed: int) -> list[Life]:
    return list(lives(500, now=NOW, windows=WINDOWS, dice=Random(seed)))


def test_the_same_seed_gives_the_same_lives() -> None:
    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


def test_one_ticket_of_ten_waits_for_an_answer_and_the_oldest_come_first() -> None:
    chosen = drawn(3)
    ended = [life.at for life in chosen if not life.is_open]
    assert Counter(life.is_open for life in chosen) == {False: 450, True: 50}
    assert ended == sorted(ended)


def test_only_a_ticket_that_ends_with_its_first_answer_is_a_p0() -> None:
    urgent = {life.turns for seed in range(4) for life in drawn(seed) if life.priority == Priority.P0}
    assert urgent == {"cr", "c"}


def test_the_same_seed_gives_the_same_texts_in_both_languages() -> None:
    once, again = (Texts(Random(5), " ".join) for _each in range(2))
    for language in Language:
        for _each in range(20):
            assert once.subject(language) == again.subject(language)
        question = once.pools[language].questions[0]
        assert once.with_tail(question, language) == again.with_tail(question, language)
