"""Nobody stands above their own manager."""

import pytest

from customers.errors import DeskError
from customers.models import StaffProfile
from customers.services.hierarchy import refuse_circle
from tests.adminpages import errors, page_url
from tests.factories import AdminFactory, UserFactory, staff

pytestmark = pytest.mark.django_db


def chain():
    boss = staff("boss")
    lead = staff("lead", reports_to=boss)
    return boss, lead, staff("ann", reports_to=lead)


def test_reporting_to_ones_report_is_refused_at_any_distance():
    boss, lead, ann = chain()
    for manager in (lead, ann):
        with pytest.raises(DeskError, match="already reports to"):
            refuse_circle(person=boss, manager=manager)


def is_refused(person, manager) -> bool:
    try:
        refuse_circle(person=person, manager=manager)
    except DeskError:
        return True
    return False


def test_reporting_upwards_or_sideways_is_fine():
    boss, lead, ann = chain()
    assert not is_refused(ann, boss)
    assert not is_refused(lead, UserFactory())


def test_an_existing_circle_of_managers_causes_no_endless_loop():
    boss, lead, _ann = chain()
    StaffProfile.objects.filter(user=boss).update(reports_to=lead)
    assert not is_refused(UserFactory(), lead)


def test_the_profile_page_and_the_user_page_refuse_a_circle_of_managers(login):
    boss, lead, _ann = chain()
    client = login(AdminFactory())
    profile = {"reports_to": lead.pk, "language": "en", "time_zone": "Asia/Shanghai"}
    response = client.post(page_url(boss.staff_profile), profile | {"user": boss.pk})
    assert "already reports to" in errors(response)
    inline = {f"staff_profile-0-{name}": value for name, value in profile.items()}
    inline |= {"staff_profile-0-id": boss.staff_profile.pk, "staff_profile-0-user": boss.pk}
    inline |= {"staff_profile-TOTAL_FORMS": 1, "staff_profile-INITIAL_FORMS": 1}
    response = client.post(page_url(boss), {"username": "boss", "is_staff": "on"} | inline)
    assert "already reports to" in errors(response)
    assert StaffProfile.objects.get(user=boss).reports_to is None


def test_a_profile_is_saved_with_its_skills(login):
    boss, _lead, ann = chain()
    data = {"user": ann.pk, "reports_to": boss.pk, "language": "en", "time_zone": "Asia/Shanghai"}
    assert login(AdminFactory()).post(page_url(ann.staff_profile), data).status_code == 302
    assert StaffProfile.objects.get(user=ann).reports_to == boss
