"""Every table of this app as migration 0014 leaves it, and the groups of the desk with what each may do.

A new database is made from this file; one that has begun the replaced files goes on with them.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from customers.migrations._create_models import CreateModels
from supportdesk.migrations._groups import ship


class Migration(migrations.Migration):

    initial = True

    replaces = [
        ('supportdesk', '0001_groups'),
        ('supportdesk', '0002_lead_powers'),
        ('supportdesk', '0003_calendars_without_intervals'),
        ('supportdesk', '0004_contract_windows'),
        ('supportdesk', '0005_duty_layers'),
        ('supportdesk', '0006_clusters'),
        ('supportdesk', '0007_readers_of_chains'),
        ('supportdesk', '0008_absences_and_drills'),
        ('supportdesk', '0009_ways_to_be_reached'),
        ('supportdesk', '0010_one_time_passwords'),
        ('supportdesk', '0011_cluster_keys'),
        ('supportdesk', '0012_readers_of_marked_mail'),
        ('supportdesk', '0013_editors_of_mail_rules'),
        ('supportdesk', '0014_readers_of_missing_mail'),
    ]

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('contenttypes', '0002_remove_content_type_name'),
        ('customers', '0001_squashed_0010_no_automatic_mail'),
        ('tickets', '0001_squashed_0032_missing_mail'),
        ('escalation', '0001_squashed_0029_nothing_to_acknowledge'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        CreateModels([
            migrations.CreateModel(
                name='Cluster',
                fields=[
                    ('name', models.CharField(max_length=90, primary_key=True, serialize=False, verbose_name='name')),
                    ('host', models.CharField(max_length=64, verbose_name='host')),
                    ('started_at', models.DateTimeField(verbose_name='started at')),
                    ('seen_at', models.DateTimeField(verbose_name='last seen')),
                    ('worked_at', models.DateTimeField(blank=True, null=True, verbose_name='last task done')),
                    ('workers', models.PositiveSmallIntegerField(default=0, verbose_name='workers')),
                    ('busy', models.PositiveSmallIntegerField(default=0, verbose_name='busy workers')),
                    ('key_mark', models.CharField(default='', editable=False, max_length=12)),
                ],
                options={
                    'verbose_name': 'queue cluster',
                    'verbose_name_plural': 'queue clusters',
                    'ordering': ['host', 'name'],
                },
            ),
            migrations.CreateModel(
                name='OneTimePassword',
                fields=[
                    ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', serialize=False, to=settings.AUTH_USER_MODEL, verbose_name='user')),
                ],
                options={
                    'verbose_name': 'one-time password',
                    'verbose_name_plural': 'one-time passwords',
                    'default_permissions': (),
                },
            ),
        ]),
        migrations.RunPython(ship, migrations.RunPython.noop),
    ]
