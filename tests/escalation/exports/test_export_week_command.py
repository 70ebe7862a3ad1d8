"""manage.py export_week."""

import io
import json
import re
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from escalation.lib.weeks import Week
from escalation.models import WeeklyExport
from tests.factories import NOW, TicketFactory

pytestmark = pytest.mark.django_db
OVER = Week(2026, 46)  # NOW lies in week 47


def export_week(*args) -> str:
    out = io.StringIO()
    call_command("export_week", *args, stdout=out)
    return out.getvalue()


def test_the_command_without_a_week_exports_the_last_complete_week(frozen):
    output = export_week()
    assert WeeklyExport.objects.get().week == "2026-W46"
    assert "Week 2026-W46, revision 1" in output
    assert re.search(r"exports/2026-W46/[0-9a-f]{12}/tickets.csv  0 rows  sha256 ", output)


@pytest.mark.parametrize(
    ("week", "sentence"),
    [
        ("2026-W60", "W01 to W53"),
        ("2025-W53", "W01 to W52"),
        ("bad", "“bad” is not a week; write it like 2026-W47."),
        ("2026-W47", "2026-W47 does not end until 2026-11-23 00:00"),
        ("2027-W01", "does not end until"),
    ],
)
def test_a_week_that_cannot_be_exported_is_a_sentence(frozen, week, sentence):
    with pytest.raises(CommandError, match=sentence):
        export_week("--week", week)
    assert WeeklyExport.objects.count() == 0


def test_a_correction_needs_a_pack_and_makes_a_revision(frozen):
    with pytest.raises(CommandError, match="no pack"):
        export_week("--week", "2026-W46", "--correct", "late call")
    export_week("--week", "2026-W46")
    TicketFactory(opened_at=NOW - timedelta(days=7))
    assert "revision 2" in export_week("--week", "2026-W46", "--correct", "late call")


def test_a_preview_of_the_running_week_goes_to_a_folder(frozen, tmp_path):
    TicketFactory()
    output = export_week("--week", "2026-W47", "--preview", str(tmp_path / "preview"))
    assert "Preview of week 2026-W47" in output
    assert b"SD#" in (tmp_path / "preview" / "tickets.csv").read_bytes()
    assert json.loads((tmp_path / "preview" / "manifest.json").read_text())["until"] == NOW.isoformat()
    assert WeeklyExport.objects.count() == 0
