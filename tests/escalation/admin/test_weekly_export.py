"""Weekly packs in the admin: to see and download for those who may, for nobody to edit."""

import hashlib
import io
import json
from datetime import timedelta
from random import Random
from zipfile import ZipFile

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.urls import reverse

from escalation.exports.pack import export_week
from escalation.exports.pack_zip import zip_chunks
from escalation.lib.weeks import Week
from escalation.models import ExportSubscriber, WeeklyExport
from tests.factories import (
    NOW,
    AdminFactory,
    ClockEventFactory,
    ClockFactory,
    TicketFactory,
    UserFactory,
    set_desk,
    staff,
)

pytestmark = pytest.mark.django_db
LIST = reverse("admin:escalation_weeklyexport_changelist")


@pytest.fixture
def pack():
    return export_week(week=Week(2026, 46), at=NOW, actor=None)


def url(file) -> str:
    return reverse("admin:escalation_weeklyexport_download", args=[file.pk])


def page_of(pack) -> str:
    return reverse("admin:escalation_weeklyexport_change", args=[pack.pk])


def test_a_director_finds_the_pack_and_its_files(login, pack):
    client = login(staff("director", groups=["Support director"]))
    assert "2026-W46" in client.get(LIST).text
    page = client.get(page_of(pack)).text
    assert [url(file) in page and file.sha256 in page for file in pack.files.all()] == [True] * 8
    assert 'name="_save"' not in page


def test_a_file_is_downloaded_byte_by_byte_under_a_name_of_its_own(login, pack):
    file = pack.files.get(name="tickets.csv")
    response = login(staff("director", groups=["Support director"])).get(url(file))
    with default_storage.open(file.path) as stored:
        assert b"".join(response) == stored.read()
    assert response.headers["Content-Disposition"] == 'attachment; filename="2026-W46-tickets.csv"'
    assert response.headers["Content-Type"] == "text/csv"


def test_without_the_permission_there_is_no_download(login, pack):
    file = pack.files.first()
    assert login(UserFactory()).get(url(file)).status_code == 403


def test_the_whole_pack_is_one_zip_with_the_files_byte_by_byte(login, pack):
    client = login(staff("director", groups=["Support director"]))
    address = reverse("admin:escalation_weeklyexport_zip", args=[pack.pk])
    assert address in client.get(page_of(pack)).text
    response = client.get(address)
    data = b"".join(response)
    assert response.headers["Content-Disposition"] == 'attachment; filename="2026-W46-pack.zip"'
    with ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [f"2026-W46-pack/{file.name}" for file in pack.files.all()]
        for file in pack.files.all():
            assert hashlib.sha256(archive.read(f"2026-W46-pack/{file.name}")).hexdigest() == file.sha256
    assert b"".join(client.get(address)) == data


@pytest.fixture
def teams():
    """A lead with ann, whose ticket was opened in the week of the pack, and a ticket of somebody else's."""
    lead = staff("lead", groups=["Team lead"])
    ann, bob = staff("ann", reports_to=lead), staff("bob")
    opened = NOW - timedelta(days=7)
    mine = TicketFactory(owner=ann, opened_at=opened, subject="Ours is silent", customer__account_manager=ann)
    other = TicketFactory(owner=bob, opened_at=opened, subject="Secret room", customer__account_manager=bob)
    for ticket in (mine, other):
        clock = ClockFactory(ticket=ticket, started_at=opened, due_at=opened + timedelta(hours=1))
        ClockEventFactory(clock=clock, at=opened, recorded_at=opened, holder=ticket.owner)
    return lead


def test_a_lead_gets_the_rows_of_the_team_and_nothing_else_of_a_pack(login, teams, pack):
    client = login(teams)
    page = client.get(page_of(pack)).text
    address = reverse("admin:escalation_weeklyexport_team_zip", args=[pack.pk])
    assert address in page
    whole = [reverse(f"admin:escalation_weeklyexport_{name}", args=[pack.pk]) for name in ("zip", "summary")]
    for refused in (*whole, *map(url, pack.files.all())):
        assert refused not in page + client.get(LIST).text
        assert client.get(refused).status_code == 403
    with ZipFile(io.BytesIO(b"".join(client.get(address)))) as archive:
        sheets = {
            name.rpartition("/")[2]: archive.read(name).decode("utf-8-sig") for name in archive.namelist()
        }
    assert "Ours is silent" in sheets["tickets.csv"]
    assert "Secret room" not in "".join(sheets.values())
    assert sheets["promises.csv"].count("SD#") == 1
    manifest = json.loads(sheets["manifest.json"])
    assert (manifest["part"], manifest["seal"]) == ("the tickets that its reader may see", None)
    assert all(
        manifest["files"][name]["bytes"] == len(archive_bytes(sheets[name])) for name in manifest["files"]
    )


def archive_bytes(text: str) -> bytes:
    return b"\xef\xbb\xbf" + text.encode()


def test_a_part_judges_its_rows_as_the_frozen_pack_does(login, teams, pack):
    with default_storage.open(pack.files.get(name="promises.csv").path) as stored:
        frozen = stored.read().decode("utf-8-sig").splitlines()
    address = reverse("admin:escalation_weeklyexport_team_zip", args=[pack.pk])
    with ZipFile(io.BytesIO(b"".join(login(teams).get(address)))) as archive:
        part = archive.read("2026-W46-team/promises.csv").decode("utf-8-sig").splitlines()
    assert len(part) == 2
    assert set(part) < set(frozen)


def test_a_part_needs_the_permission_for_packs_and_for_tickets(login, client, pack):
    address = reverse("admin:escalation_weeklyexport_team_zip", args=[pack.pk])
    assert login(staff("ann", groups=["Account manager"])).get(address).status_code == 403
    client.logout()
    assert client.get(address).status_code == 302


def test_the_zip_is_written_while_it_is_downloaded(login, pack):
    """A file of random bytes, which cannot be compressed, leaves in pieces of a quarter megabyte."""
    file = pack.files.get(name="tickets.csv")
    default_storage.delete(file.path)
    default_storage.save(file.path, ContentFile(Random(1).randbytes(2_000_000)))
    pieces = list(zip_chunks(pack, [file]))
    assert len(pieces) == 9
    assert max(map(len, pieces)) < 300_000


def test_the_zip_has_the_readers_of_the_files(login, client, pack):
    address = reverse("admin:escalation_weeklyexport_zip", args=[pack.pk])
    assert client.get(address).status_code == 302
    assert login(UserFactory()).get(address).status_code == 403
    assert login(AdminFactory()).get(address.replace(str(pack.pk), "0")).status_code == 404


def test_a_zip_of_a_pack_that_lost_a_file_says_so_before_it_begins(login, pack):
    file = pack.files.first()
    default_storage.delete(file.path)
    response = login(AdminFactory()).get(
        reverse("admin:escalation_weeklyexport_zip", args=[pack.pk]), follow=True
    )
    assert f"{file.path} is missing from the storage" in response.text


def test_a_visitor_is_sent_to_sign_in(client, pack):
    response = client.get(url(pack.files.first()))
    assert response.status_code == 302
    assert "login" in response.headers["Location"]


def test_a_file_that_does_not_exist_is_not_found(login, pack):
    client = login(AdminFactory())
    assert client.get(reverse("admin:escalation_weeklyexport_download", args=[0])).status_code == 404


def test_a_file_lost_from_the_storage_gives_a_message_and_no_error_page(login, pack):
    file = pack.files.first()
    default_storage.delete(file.path)
    response = login(AdminFactory()).get(url(file), follow=True)
    assert response.status_code == 200
    assert f"{file.path} is missing from the storage" in response.text


@pytest.mark.parametrize("page", ["add", "change", "delete"])
def test_nobody_edits_a_pack_not_even_an_administrator(login, pack, page):
    args = [] if page == "add" else [pack.pk]
    response = login(AdminFactory()).post(
        reverse(f"admin:escalation_weeklyexport_{page}", args=args), {"week": "2026-W01"}
    )
    assert response.status_code == 403
    pack.refresh_from_db()
    assert pack.week == "2026-W46"


def test_thirty_packs_cost_the_queries_of_three(login, count_queries):
    client = login(AdminFactory())

    def packs(weeks):
        for number in weeks:
            TicketFactory()
            export_week(week=Week(2025, number), at=NOW, actor=UserFactory())
        return count_queries(lambda: client.get(LIST))

    packs(range(1, 3))
    assert packs(range(3, 6)) == packs(range(6, 16))


def test_a_director_keeps_the_list_of_subscribers(login):
    client = login(staff("director", groups=["Support director"]))
    response = client.post(
        reverse("admin:escalation_exportsubscriber_add"),
        {"email": "ceo@company.example", "language": "zh-hans", "is_active": "on"},
    )
    assert response.status_code == 302
    assert ExportSubscriber.objects.get().language == "zh-hans"


MAKE = reverse("admin:escalation_weeklyexport_make")


@pytest.fixture
def missing(frozen):
    """A week that is over, due and not made, as of `NOW`."""
    set_desk()
    ClockEventFactory(clock=ClockFactory(started_at=NOW - timedelta(days=7)))


def test_a_director_makes_the_pack_of_a_missing_week(login, missing):
    client = login(staff("director", groups=["Support director"]))
    assert "The weekly pack of 2026-W46 is due and missing." in client.get(LIST).text
    response = client.post(MAKE, {"week": "2026-W46"}, follow=True)
    assert "The weekly pack of 2026-W46 is made." in response.text
    assert WeeklyExport.objects.get().is_late
    assert "is due and missing" not in client.get(LIST).text


def test_who_may_only_read_is_neither_offered_nor_allowed_to_make_one(login, missing):
    client = login(staff("lead", groups=["Team lead"]))
    assert "Make this week" not in client.get(LIST).text
    assert client.post(MAKE, {"week": "2026-W46"}).status_code == 403
    assert WeeklyExport.objects.count() == 0


@pytest.mark.parametrize(
    ("week", "words"),
    [("", "is not a week"), ("2026-W47", "does not end until"), ("2026-W99", "There is no week")],
)
def test_a_week_that_cannot_be_made_is_a_message(login, missing, week, words):
    response = login(AdminFactory()).post(MAKE, {"week": week}, follow=True)
    assert words in response.text
    assert WeeklyExport.objects.count() == 0


def test_a_pack_is_not_made_by_a_link(login, missing):
    assert login(AdminFactory()).get(MAKE, {"week": "2026-W46"}).status_code == 403


def test_the_desks_own_reason_is_in_the_readers_words(login, pack):
    WeeklyExport.objects.update(revision=2, reason="SLAs judged differently since then: 3.")
    client = login(AdminFactory())
    page = client.get(LIST, headers={"Accept-Language": "zh-hans"}).text
    assert "其后判定有变的 SLA：3 个。" in page
