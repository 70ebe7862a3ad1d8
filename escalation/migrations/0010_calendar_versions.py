"""Gives every calendar a definition as JSON and keeps it as a version; the rows of weekly intervals go into it."""

import json
from datetime import UTC, datetime

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def keep(apps, schema_editor):
    """What a calendar said in earlier versions is not known any more: each of them gets what it says now."""
    version = apps.get_model("escalation", "CalendarVersion")
    for calendar in apps.get_model("escalation", "Calendar").objects.prefetch_related("intervals"):
        calendar.definition = definition(calendar)
        calendar.save(update_fields=["definition"])
        version.objects.bulk_create(
            version(
                calendar=calendar, number=number, definition=calendar.definition,
                created_at=datetime(2000, 1, 1, tzinfo=UTC),
            )
            for number in range(1, calendar.version + 1)
        )


def definition(calendar):
    weekly = [[] for _day in range(7)]
    for interval in calendar.intervals.all():
        weekly[interval.weekday].append([minutes(interval.opens), minutes(interval.closes) or 1440])
    said = {
        "zone": calendar.time_zone,
        "always_open": calendar.always_open,
        "weekly": [sorted(day) for day in weekly],
        "country": "",
        "subdivision": "",
        "own_days": [],
        "holidays": [],
        "make_up_days": [],
    }
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def minutes(time):
    return time.hour * 60 + time.minute


class Migration(migrations.Migration):

    dependencies = [
        ('escalation', '0009_merged_tickets'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='calendar',
            name='country',
            field=models.CharField(blank=True, help_text='Two letters such as CN; empty for none.', max_length=2, verbose_name='holidays of'),
        ),
        migrations.AddField(
            model_name='calendar',
            name='definition',
            field=models.TextField(default='', editable=False),
        ),
        migrations.AddField(
            model_name='calendar',
            name='subdivision',
            field=models.CharField(blank=True, help_text='Such as BY for Bavaria in DE.', max_length=20, verbose_name='region'),
        ),
        migrations.AlterField(
            model_name='calendar',
            name='version',
            field=models.PositiveIntegerField(default=0, editable=False, verbose_name='version'),
        ),
        migrations.CreateModel(
            name='CalendarVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(verbose_name='version')),
                ('definition', models.TextField(verbose_name='definition')),
                ('created_at', models.DateTimeField(verbose_name='in force since')),
                ('calendar', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='versions', to='escalation.calendar', verbose_name='calendar')),
                ('created_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='changed by')),
            ],
            options={
                'verbose_name': 'calendar version',
                'verbose_name_plural': 'calendar versions',
                'ordering': ['calendar', '-number'],
            },
        ),
        migrations.RunPython(keep, migrations.RunPython.noop),
        migrations.DeleteModel(
            name='CalendarInterval',
        ),
        migrations.AddConstraint(
            model_name='calendarversion',
            constraint=models.UniqueConstraint(fields=('calendar', 'number'), name='calendar_version_once'),
        ),
    ]
