"""Every page of the admin opens for an account manager or is refused; tests/words opens all for an administrator."""

import pytest
from django.contrib import admin
from django.test import RequestFactory
from django.urls import reverse

from tests.adminpages import add_url, list_url, page_url
from tests.factories import (
    NOW,
    AbsenceFactory,
    AttachmentFactory,
    ClockEventFactory,
    ClockFactory,
    ContactFactory,
    ContractFactory,
    CustomerFactory,
    DutyShiftFactory,
    EscalationFactory,
    HeartbeatFactory,
    InboundEmailFactory,
    MailboxFactory,
    MailDomainFactory,
    MessageFactory,
    NotificationFactory,
    OutboundEmailFactory,
    SkillFactory,
    TeamFactory,
    TicketFactory,
    TimelineEntryFactory,
    staff,
)

pytestmark = pytest.mark.django_db

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
each_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)


def furnish(user):
    """A row of nearly everything, around one ticket that the user owns."""
    customer = CustomerFactory(account_manager=user, name="星光直播")
    contact = ContactFactory(customer=customer)
    ContractFactory(customer=customer)
    MailDomainFactory(customer=customer)
    ticket = TicketFactory(owner=user, customer=customer, contact=contact, mailbox=MailboxFactory())
    AttachmentFactory(message=MessageFactory(ticket=ticket, contact=contact))
    clock = ClockFactory(ticket=ticket)
    ClockEventFactory(clock=clock)
    mail = OutboundEmailFactory(ticket=ticket)
    InboundEmailFactory(ticket=ticket, mailbox=ticket.mailbox)
    NotificationFactory(ticket=ticket, mail=mail, escalation=EscalationFactory(clock=clock, to_owner=user))
    TimelineEntryFactory(ticket=ticket)
    AbsenceFactory(user=user)
    DutyShiftFactory(user=user)
    TeamFactory(lead=user)
    SkillFactory()
    HeartbeatFactory(at=NOW)


def opened(client, model):
    """The status of the list, of the page to add a row, and of the page of a row the reader may see."""
    pages = [list_url(model), add_url(model)]
    row = admin.site._registry[model].model._default_manager.first()
    pages += [page_url(row)] if row is not None else []
    return [client.get(page, follow=True).status_code for page in pages]


def allowed(user, model):
    """What those pages should answer."""
    request = RequestFactory().get("/")
    request.user = user
    own, row = admin.site._registry[model], model._default_manager.first()
    may = [own.has_view_or_change_permission(request), own.has_add_permission(request)]
    may += [own.has_view_or_change_permission(request, row)] if row is not None else []
    return [200 if each else 403 for each in may]


@each_model
def test_every_admin_page_opens_for_an_account_manager_or_is_refused(login, model):
    user = staff("ann", groups=["Account manager"])
    furnish(user)
    assert opened(login(user), model) == allowed(user, model)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_board_opens(login, language):
    user = staff("ann", groups=["Account manager"], language=language)
    furnish(user)
    assert login(user).get(reverse("admin:index")).status_code == 200


def test_a_chinese_colleague_is_named_family_name_first(login):
    user = staff(groups=["Account manager"])
    user.first_name, user.last_name = "悦", "林"
    user.save()
    page = login(user).get(reverse("admin:index")).content.decode()
    assert "林悦" in page
    assert "悦 林" not in page
