"""A form acts once, and a failed one may try again."""

import uuid
from datetime import datetime

import pytest
from django.db import transaction

from tests.factories import UserFactory
from tickets.services.submissions import claim_submission

pytestmark = pytest.mark.django_db


def test_a_form_token_is_claimed_once(now: datetime) -> None:
    token, user = uuid.uuid4(), UserFactory()
    assert [claim_submission(token, actor=user, at=now) for _time in range(2)] == [True, False]


def test_a_form_token_can_be_used_again_after_its_act_failed(now: datetime) -> None:
    token, user = uuid.uuid4(), UserFactory()
    with transaction.atomic():
        claim_submission(token, actor=user, at=now)
        transaction.set_rollback(True)
    assert claim_submission(token, actor=user, at=now)
