"""Stored mails get fingerprints by the rule that new ones have; the second of two equal ones becomes a copy."""

from django.db import IntegrityError, migrations, transaction

from tickets.services.intake.storing import fingerprint_of


def recompute(apps, schema_editor):
    rows = apps.get_model("tickets", "InboundEmail").objects
    for row in rows.only("mailbox", "fingerprint", "raw").order_by("pk").iterator(chunk_size=20):
        fingerprint = fingerprint_of(bytes(row.raw))
        if fingerprint == row.fingerprint:
            continue
        try:
            with transaction.atomic():
                rows.filter(pk=row.pk).update(fingerprint=fingerprint)
        except IntegrityError:
            first = rows.get(mailbox=row.mailbox_id, fingerprint=fingerprint, copy_of=None)
            rows.filter(pk=row.pk).update(fingerprint=fingerprint, copy_of=first)


class Migration(migrations.Migration):
    atomic = False  # a long walk; it may be begun again

    dependencies = [
        ("tickets", "0011_copies_of_mail"),
    ]

    operations = [
        migrations.RunPython(recompute, migrations.RunPython.noop),
    ]
