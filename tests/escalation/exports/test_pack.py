"""The weekly pack: frozen, once per week, corrected only by a further revision, mailed once."""

import csv
import hashlib
import io
import json
import os
import re
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from escalation.choices import ClockState
from escalation.exports import pack
from escalation.exports.column_meanings import SHEETS
from escalation.exports.due_weeks import desk_zone
from escalation.exports.pack import export_week, preview_week
from escalation.exports.pack_files import UNUSED_FROM
from escalation.lib.weeks import Period, Week
from escalation.models import ClockEvent, ExportSubscriber, Seal, SealedLine, WeeklyExport
from escalation.proof.sealing import seal_form
from tests.factories import (
    ClockEventFactory,
    ClockFactory,
    CustomerFactory,
    OutboundMessageFactory,
    TicketFactory,
    UserFactory,
)
from tickets.choices import MailPurpose, Priority
from tickets.errors import DeskError
from tickets.models import OutboundEmail

pytestmark = pytest.mark.django_db
WEEK = Week(2026, 47)
START, END = WEEK.bounds(ZoneInfo(settings.DESK_TIME_ZONE))
MONDAY = END + timedelta(hours=8)
MINUTE = timedelta(minutes=1)
COLUMN_COUNT = sum(len(columns) for _sheet, columns, _own in SHEETS)
FILES = [
    "tickets.csv",
    "promises.csv",
    "incidents.csv",
    "scorecard.csv",
    "people.csv",
    "highlights.csv",
    "columns.csv",
    "manifest.json",
]


def export(**changes):
    return export_week(**({"week": WEEK, "at": MONDAY, "actor": None} | changes))


def data_of(frozen) -> dict[str, bytes]:
    return {file.name: stored(file.path) for file in frozen.files.all()}


def stored(path) -> bytes:
    with default_storage.open(path) as file:
        return file.read()


def place(path) -> str:
    """The path without the folder of the run."""
    return re.sub(r"/[0-9a-f]{12}/", "/", path)


def sheet(frozen, name) -> list[dict[str, str]]:
    text = data_of(frozen)[name].decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.fixture
def a_week():
    """A P0 kept in its last minutes, one broken, one of a sender who means harm; the week before left out."""
    customer = CustomerFactory(code="star", name="星光直播")
    answered_in_time = TicketFactory(customer=customer, priority=Priority.P0, opened_at=START + MINUTE)
    clock = ClockFactory(
        ticket=answered_in_time, state=ClockState.MET, minutes=30, stopped_at=START + 29 * MINUTE,
        answered_by=OutboundMessageFactory(ticket=answered_in_time),
    )  # fmt: skip
    ClockEventFactory(clock=clock)
    broken = ClockFactory(ticket__opened_at=END - timedelta(hours=9), state=ClockState.BREACHED)
    ClockEventFactory(clock=broken)
    TicketFactory(subject='=HYPERLINK("http://evil")', customer=None, opened_at=END - MINUTE)
    TicketFactory(opened_at=START - MINUTE)


def test_a_pack_holds_its_sheets_and_a_manifest_under_its_week(a_week):
    frozen = export()
    assert [file.name for file in frozen.files.all()] == FILES
    assert [place(file.path) for file in frozen.files.all()] == [f"exports/2026-W47/{name}" for name in FILES]
    assert [file.rows for file in frozen.files.all()] == [3, 2, 0, 9, 2, 2, COLUMN_COUNT, 0]
    assert (frozen.week, frozen.revision, frozen.reason) == ("2026-W47", 1, "")


def test_the_sheets_are_read_back_with_the_values_written(a_week):
    frozen = export()
    subjects = [row["subject"] for row in sheet(frozen, "tickets.csv")]
    assert subjects[-1] == '\'=HYPERLINK("http://evil")'
    promises = sheet(frozen, "promises.csv")
    assert [(row["outcome"], row["near_miss"]) for row in promises] == [("met", "yes"), ("breached", "no")]
    desk = sheet(frozen, "scorecard.csv")[0]
    assert (desk["group"], desk["promises"], desk["met"], desk["breached"]) == ("desk", "2", "1", "1")
    assert (desk["met_percent"], desk["near_misses"], desk["breach_share"]) == ("50.0", "1", "1.00")
    assert [row["name"] for row in sheet(frozen, "scorecard.csv") if row["key"] == "star"] == ["星光直播"]


def test_the_manifest_holds_the_checksums_of_the_files(a_week):
    frozen = export()
    files = data_of(frozen)
    manifest = json.loads(files["manifest.json"])
    for name in FILES[:-1]:
        assert manifest["files"][name]["sha256"] == hashlib.sha256(files[name]).hexdigest()
        assert manifest["files"][name]["bytes"] == len(files[name])
    assert (manifest["week"], manifest["revision"], manifest["format_version"]) == ("2026-W47", 1, 4)
    assert len(manifest["policies"]) == 2
    assert manifest["time_zone"] == settings.DESK_TIME_ZONE
    assert {file.name: file.sha256 for file in frozen.files.all()} == {
        name: hashlib.sha256(data).hexdigest() for name, data in files.items()
    }


def test_a_second_run_changes_neither_row_nor_byte(a_week):
    first = export()
    before = data_of(first)
    TicketFactory(opened_at=START + MINUTE)  # written down late
    second = export(at=MONDAY + timedelta(days=3))
    assert second == first
    assert data_of(second) == before
    assert WeeklyExport.objects.count() == 1


def test_two_packs_of_the_same_rows_are_the_same_bytes(a_week, tmp_path):
    preview_week(week=WEEK, at=MONDAY, folder=tmp_path / "one")
    preview_week(week=WEEK, at=MONDAY + timedelta(days=9), folder=tmp_path / "two")
    for name in FILES:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_correction_is_a_further_revision_that_says_why(a_week):
    first = export()
    before = data_of(first)
    TicketFactory(opened_at=START + MINUTE)
    second = export(correct="A call was logged late.", actor=UserFactory())
    assert (second.revision, second.reason) == (2, "A call was logged late.")
    assert place(second.files.first().path) == "exports/2026-W47/tickets.csv"
    assert second.files.first().path != first.files.first().path
    assert len(sheet(second, "tickets.csv")) == 4
    assert json.loads(data_of(second)["manifest.json"])["correction_reason"] == "A call was logged late."
    assert data_of(first) == before
    assert export() == second


def test_a_correction_that_would_change_nothing_is_refused(a_week):
    export()
    with pytest.raises(DeskError, match="revision 1"):
        export(correct="Just in case.")
    assert WeeklyExport.objects.count() == 1


def test_without_a_pack_there_is_nothing_to_correct():
    with pytest.raises(DeskError, match="no pack for 2026-W47"):
        export(correct="Too early.")


def test_a_week_that_is_not_over_is_refused_until_its_last_second():
    with pytest.raises(DeskError, match="2026-11-23 00:00"):
        export(at=END - timedelta(seconds=1))
    assert export(at=END).revision == 1


def test_the_database_keeps_one_export_per_week_and_revision():
    export()
    with pytest.raises(IntegrityError), transaction.atomic():
        WeeklyExport.objects.create(week="2026-W47", revision=1, created_at=MONDAY)


def test_a_second_exporter_at_the_same_time_gets_the_pack_of_the_first(a_week, monkeypatch):
    """The other run commits while this one still builds."""
    ExportSubscriber.objects.create(email="director@company.example")
    built = pack.build_pack

    def slowly(*args, **kwargs):
        monkeypatch.setattr(pack, "build_pack", built)
        other.append(export())
        return built(*args, **kwargs)

    other = []
    monkeypatch.setattr(pack, "build_pack", slowly)
    assert export() == other[0]
    assert WeeklyExport.objects.count() == OutboundEmail.objects.count() == 1


def left_by_a_run_that_died(old: timedelta) -> str:
    path = default_storage.save("exports/2026-W47/0123456789ab/tickets.csv", ContentFile(b"half a sh"))
    written = (MONDAY - old).timestamp()
    os.utime(default_storage.path(path), (written, written))
    return path


def test_files_left_by_a_run_that_died_go(a_week):
    path = left_by_a_run_that_died(UNUSED_FROM + MINUTE)
    frozen = export()
    assert not default_storage.exists(path)
    assert data_of(frozen)["tickets.csv"].startswith(b"\xef\xbb\xbfticket,")


def test_files_of_a_run_under_way_stay(a_week):
    path = left_by_a_run_that_died(UNUSED_FROM)
    export()
    assert default_storage.exists(path)


def stored_paths() -> set[str]:
    root = Path(default_storage.path("exports"))
    return {str(path.relative_to(root.parent)) for path in root.rglob("*") if path.is_file()}


def test_what_the_slower_of_two_runs_stored_goes_again(a_week):
    frozen = export()
    latest = WeeklyExport(week=frozen.week, revision=1, created_at=MONDAY, as_of=MONDAY, checked_until=MONDAY)
    with TemporaryDirectory() as folder:
        built = pack.build_pack(Period.of(WEEK, zone=desk_zone()), folder=Path(folder))
        assert pack._freeze(latest, built) == frozen
    assert stored_paths() == {file.path for file in frozen.files.all()}


def test_when_the_storage_fails_no_half_pack_is_kept(a_week, monkeypatch):
    def full(*args, **kwargs):
        raise OSError("No space left on device")

    monkeypatch.setattr(default_storage, "save", full)
    with pytest.raises(OSError, match="No space"):
        export()
    assert WeeklyExport.objects.count() == 0


def test_a_week_without_a_ticket_is_a_pack_too():
    frozen = export()
    assert [file.rows for file in frozen.files.all()] == [0, 0, 0, 1, 0, 0, COLUMN_COUNT, 0]


def test_a_preview_keeps_nothing(a_week, tmp_path):
    ExportSubscriber.objects.create(email="director@company.example")
    preview_week(week=WEEK, at=START + timedelta(hours=1), folder=tmp_path / "new" / "folder")
    text = (tmp_path / "new" / "folder" / "tickets.csv").read_text("utf-8-sig")
    assert len(list(csv.DictReader(io.StringIO(text)))) == 1  # what had been opened by then
    assert WeeklyExport.objects.count() == OutboundEmail.objects.count() == 0


def test_a_preview_of_the_future_is_refused(tmp_path):
    with pytest.raises(DeskError, match="not started"):
        preview_week(week=WEEK, at=START, folder=tmp_path)


def test_the_number_of_queries_does_not_grow_with_the_rows(count_queries):
    def queries_of(number, week):
        start, end = week.bounds(ZoneInfo(settings.DESK_TIME_ZONE))
        calendar = None
        for _each in range(number):
            clock = ClockFactory(ticket__opened_at=start, **({"calendar": calendar} if calendar else {}))
            calendar = clock.calendar
            ClockEventFactory(clock=clock)
        return count_queries(lambda: export(week=week, at=end))

    queries_of(1, Week(2026, 44))  # the first pack looks for directors to subscribe
    assert queries_of(30, Week(2026, 46)) == queries_of(3, Week(2026, 45))


def test_every_active_subscriber_gets_one_mail_in_their_language(a_week):
    ExportSubscriber.objects.create(email="director@company.example")
    ExportSubscriber.objects.create(email="zongjian@company.example", language="zh-hans")
    ExportSubscriber.objects.create(email="former@company.example", is_active=False)
    frozen = export()
    export()
    english, chinese = OutboundEmail.objects.order_by("pk")
    assert (english.recipients, chinese.recipients) == (
        ["director@company.example"],
        ["zongjian@company.example"],
    )
    assert (english.purpose, english.created_at) == (MailPurpose.EXPORT, MONDAY)
    assert english.subject == "Service report, week 47 (2026-11-16 to 2026-11-22): SLA met 50.0%"
    assert "50.0%, adjusted 50.0% (1 met, 1 breached, 0 of them waived). Of those met, 1 was" in english.text
    assert chinese.text.startswith(
        "第 47 周（2026-11-16 至 2026-11-22）SLA 达标率 50.0%，调整后 50.0%：达标 1 个，超时 1 个，其中豁免 0 个。"
    )
    assert f"/weeklyexport/{frozen.pk}/change/" in english.text
    assert [file["name"] for file in english.files] == [f"2026-W47-{name}" for name in FILES]
    assert english.files[0] == {
        "name": "2026-W47-tickets.csv",
        "path": frozen.files.first().path,
        "type": "text/csv",
    }


def test_a_correction_is_mailed_as_one(a_week):
    export()
    ExportSubscriber.objects.create(email="director@company.example")
    TicketFactory(opened_at=START + MINUTE)
    export(correct="A call was logged late.")
    mail = OutboundEmail.objects.get()
    assert "correction 1" in mail.subject
    assert "A call was logged late." in mail.text
    assert mail.files[0]["name"] == "2026-W47-r2-tickets.csv"


def test_a_large_pack_is_linked_and_not_attached(a_week, monkeypatch):
    monkeypatch.setattr("escalation.exports.pack_mail.ATTACH_UP_TO", 1000)
    ExportSubscriber.objects.create(email="director@company.example")
    export()
    assert OutboundEmail.objects.get().files == []


def test_a_subscriber_who_cannot_be_written_to_stops_nothing(a_week, caplog):
    ExportSubscriber.objects.create(email=settings.DESK_ADDRESS)
    ExportSubscriber.objects.create(email="director@company.example")
    export()
    assert OutboundEmail.objects.get().recipients == ["director@company.example"]
    assert settings.DESK_ADDRESS in caplog.text


def test_the_mail_links_to_the_summary(a_week):
    ExportSubscriber.objects.create(email="director@company.example")
    frozen = export()
    assert f"Summary on two pages: {settings.SITE_URL}" in OutboundEmail.objects.get().text
    assert f"/weeklyexport/{frozen.pk}/summary/" in OutboundEmail.objects.get().text


def test_the_seal_of_the_ledger_leaves_the_desk_in_the_manifest_and_the_mail(a_week, tmp_path):
    ExportSubscriber.objects.create(email="director@vendor.example", language="en")
    frozen = export()
    seal = Seal.objects.get()
    assert json.loads(data_of(frozen)["manifest.json"])["seal"] == seal_form(seal)
    assert SealedLine.objects.count() == ClockEvent.objects.count() > 0
    [mail] = OutboundEmail.objects.filter(purpose=MailPurpose.EXPORT)
    assert f"Seal 1 of the ledger: {bytes(seal.hash).hex()}." in mail.text
    manifest = tmp_path / "manifest.json"
    manifest.write_bytes(data_of(frozen)["manifest.json"])
    with pytest.raises(CommandError):  # the rows of this test were not written by the services
        call_command("verify_ledger", against=manifest, stdout=(said := io.StringIO()))
    assert "The desk still has the seal that the manifest names." in said.getvalue()


def test_a_manifest_that_names_another_seal_is_told_apart(a_week, tmp_path):
    manifest = json.loads(data_of(export())["manifest.json"])
    manifest["seal"]["hash"] = "00" * 32
    file = tmp_path / "manifest.json"
    file.write_text(json.dumps(manifest))
    with pytest.raises(CommandError):
        call_command("verify_ledger", against=file, stdout=(said := io.StringIO()))
    assert "computed anew" in said.getvalue()


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"seal": {"number": "1"}}', '{"seal": null}', "[" * 100_000]
)
def test_a_file_that_is_no_manifest_with_a_seal_is_named_as_such(text, tmp_path):
    file = tmp_path / "manifest.json"
    file.write_text(text)
    with pytest.raises(CommandError, match=r"manifest\.json|before the ledger had a seal"):
        call_command("verify_ledger", against=file)


def test_a_week_before_the_first_line_has_no_seal():
    assert json.loads(data_of(export())["manifest.json"])["seal"] is None
