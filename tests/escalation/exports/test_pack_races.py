"""Several exporters at once make one pack and one mail."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from escalation.exports.pack import export_week
from escalation.lib.weeks import Week
from escalation.models import ExportFile, ExportSubscriber, WeeklyExport
from tests.factories import NOW, TicketFactory
from tickets.models import OutboundEmail

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True)]
EXPORTERS = 4


def test_many_exporters_of_one_week_keep_one_pack_and_mail_it_once():
    TicketFactory(opened_at=NOW)
    ExportSubscriber.objects.create(email="director@company.example")
    together = Barrier(EXPORTERS)

    def run(_number: int) -> int:
        together.wait()
        try:
            return export_week(week=Week(2026, 46), at=NOW, actor=None).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(EXPORTERS) as pool:
        packs = set(pool.map(run, range(EXPORTERS)))
    assert packs == {WeeklyExport.objects.get().pk}
    assert ExportFile.objects.count() == 8
    assert OutboundEmail.objects.count() == 1
