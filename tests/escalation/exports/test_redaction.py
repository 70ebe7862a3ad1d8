"""Weekly packs without somebody who was erased: judged as before, with the digests of what went."""

import csv
import io
import json

import pytest
from django.core.files.storage import default_storage

from customers.traces import Traces
from escalation.exports.pack import export_week
from escalation.exports.redaction import redact_week, weeks_with_packs
from escalation.lib.weeks import Week
from escalation.models import ExportFile, WeeklyExport
from tests.factories import AdminFactory, ContactFactory, CustomerFactory, staff
from tests.talk import answered, minute, opened
from tickets.models import OutboundEmail

pytestmark = pytest.mark.django_db
LATER = minute(8 * 24 * 60)
COMPANY = Traces("[C#7]", names=("Xanadu Broadcasting", "xanadu-code"))


@pytest.fixture
def pack():
    for name, code in (("Xanadu Broadcasting", "xanadu-code"), ("Aurora Live", "aurora")):
        manager = staff(code, groups=["Account manager"])
        answered(
            opened(
                contact=ContactFactory(
                    customer=CustomerFactory(name=name, code=code, account_manager=manager)
                )
            ),
            5,
        )
    return export_week(week=Week(2026, 47), at=LATER, actor=AdminFactory())


def redacted(**more):
    arguments = {"tickets": [], "mark": COMPANY.mark, "number": 3, "at": LATER, "actor": AdminFactory()}
    return redact_week("2026-W47", traces=COMPANY, **arguments | more)


def content(file):
    with default_storage.open(file.path, "rb") as opened_file:
        return opened_file.read()


def _marked(cell):
    return cell.replace("Xanadu Broadcasting", "[C#7]").replace("xanadu-code", "[C#7]")


def rows_of(export, name):
    text = content(export.files.get(name=name)).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_the_newest_sheets_have_a_mark_and_all_other_cells_are_as_they_were(pack):
    before = {name: rows_of(pack, name) for name in ("tickets.csv", "promises.csv", "scorecard.csv")}
    revision = redacted().revision
    assert revision is not None
    assert revision.reason == "Personal data was erased (number 3)."
    for name, rows in before.items():
        marked = [
            {
                key: value.replace("Xanadu Broadcasting", "[C#7]").replace("xanadu-code", "[C#7]")
                for key, value in row.items()
            }
            for row in rows
        ]
        assert rows_of(revision, name) == marked
        assert marked != rows


def test_the_subject_of_a_ticket_of_theirs_goes(pack):
    (first, second) = rows_of(pack, "tickets.csv")
    key = int(first["ticket"].removeprefix("SD#"))
    revision = redacted(tickets=[key]).revision
    assert [row["subject"] for row in rows_of(revision, "tickets.csv")] == ["[…]", second["subject"]]
    assert [row["contact"] for row in rows_of(revision, "tickets.csv")] == [
        first["contact"],
        second["contact"],
    ]


def test_the_manifest_proves_the_new_sheets_and_names_the_old(pack):
    old = {file.name: file.sha256 for file in pack.files.all()}
    report = redacted()
    manifest = json.loads(content(report.revision.files.get(name="manifest.json")))
    digests = {file.name: file.sha256 for file in report.revision.files.exclude(name="manifest.json")}
    assert {name: each["sha256"] for name, each in manifest["files"].items()} == digests
    gone = {each["name"]: each["sha256"] for each in manifest["redacts"]["removed"]}
    assert gone == {name: old[name] for name in gone}
    assert {"tickets.csv", "promises.csv", "scorecard.csv"} <= gone.keys()
    assert manifest["redacts"]["manifest_sha256"] == old["manifest.json"]
    assert manifest["seal"] == json.loads(content(pack.files.get(name="manifest.json")))["seal"]


def test_sheets_of_all_revisions_go_and_mails_no_longer_carry_them(pack):
    report = redacted()
    assert len(report.removed) >= 3
    assert not ExportFile.objects.filter(path__in=report.removed).exists()
    carried = {listed["path"] for mail in OutboundEmail.objects.all() for listed in mail.files}
    assert carried.isdisjoint(report.removed)


def test_a_second_run_finds_nothing_and_neither_does_one_for_a_stranger(pack):
    redacted()
    assert redacted().revision is None
    assert redact_week(
        "2026-W47", traces=Traces("[#1]", names=("Nobody Here",)), tickets=[], mark="[#1]", number=4, at=LATER,
        actor=AdminFactory(),
    ).removed == []  # fmt: skip
    assert WeeklyExport.objects.count() == 2
    assert weeks_with_packs() == ["2026-W47"]
