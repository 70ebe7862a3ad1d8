"""The demo's conversations: enough of them, and each text can be filled."""

from random import Random
from typing import Any

import pytest

from supportdesk.demo.scripts import everyday_scripts, scripts_in
from supportdesk.demo.wording import Wording

ALL_SCRIPTS = [*everyday_scripts(), *scripts_in("urgent").values(), *scripts_in("strangers").values()]


def test_there_are_more_than_forty_conversations_in_two_languages() -> None:
    assert len({script.key for script in ALL_SCRIPTS}) == len(ALL_SCRIPTS) > 50
    for language in ("en", "zh-hans"):
        assert sum(script.language == language for script in ALL_SCRIPTS) > 20


@pytest.mark.parametrize("script", ALL_SCRIPTS, ids=lambda script: script.key)
def test_every_text_of_a_script_can_be_filled(script: Any) -> None:
    for seed in range(4):
        wording = Wording(script, Random(seed), first_name="Ann", full_name="Ann Example", company="Example")
        texts = [wording.subject, wording.ask(script.channel)]
        texts += [wording.staff(turn, late=True) for turn in script.turns]
        texts += [wording.customer(turn) for turn in script.turns]
        assert not [text for text in texts if {"{", "}"} & set(text)]
