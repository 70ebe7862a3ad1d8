"""Every table of this app as migration 0029 leaves it, the guard of the ledger, and the default policy.

A new database is made from this file; one that has begun the replaced files goes on with them.
"""

import customers.choices
import django.core.validators
import django.db.models.deletion
import customers.encrypted_field
import escalation.models.policy
from django.conf import settings
from django.db import migrations, models

from customers.migrations._create_models import CreateModels
from escalation.clocks.ledger_guard import guard, unguard
from escalation.migrations._default_policy import ship


def guarded(apps, schema_editor):
    guard(schema_editor)


def unguarded(apps, schema_editor):
    unguard(schema_editor)


class Migration(migrations.Migration):

    initial = True

    replaces = [
        ('escalation', '0001_initial'),
        ('escalation', '0002_default_policy'),
        ('escalation', '0003_waive_permission'),
        ('escalation', '0004_raised_clock'),
        ('escalation', '0005_guard_the_ledger'),
        ('escalation', '0006_voided_answers'),
        ('escalation', '0007_updates_resolution_waivers'),
        ('escalation', '0008_default_updates'),
        ('escalation', '0009_merged_tickets'),
        ('escalation', '0010_calendar_versions'),
        ('escalation', '0011_contract_windows'),
        ('escalation', '0012_chains_and_acknowledgements'),
        ('escalation', '0013_duty_layers'),
        ('escalation', '0014_noticed_breaches'),
        ('escalation', '0015_served_through'),
        ('escalation', '0016_ways_to_be_reached'),
        ('escalation', '0017_absences_and_drills'),
        ('escalation', '0018_default_chain'),
        ('escalation', '0019_contract_window_versions'),
        ('escalation', '0020_taken'),
        ('escalation', '0021_absence_notices'),
        ('escalation', '0022_steps_from_the_beginning'),
        ('escalation', '0023_lean_indexes'),
        ('escalation', '0024_lately_to_groups'),
        ('escalation', '0025_words'),
        ('escalation', '0026_staff_mail'),
        ('escalation', '0027_mailbox_notices'),
        ('escalation', '0028_proposals'),
        ('escalation', '0029_nothing_to_acknowledge'),
    ]

    dependencies = [
        ('customers', '0001_squashed_0010_no_automatic_mail'),
        ('tickets', '0001_squashed_0032_missing_mail'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        CreateModels([
            migrations.CreateModel(
                name='Calendar',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('name', models.CharField(max_length=100, unique=True, verbose_name='name')),
                    ('time_zone', models.CharField(default='UTC', max_length=64, validators=[customers.choices.validate_zone], verbose_name='time zone')),
                    ('always_open', models.BooleanField(default=False, verbose_name='24/7')),
                    ('version', models.PositiveIntegerField(default=0, editable=False, verbose_name='version')),
                    ('country', models.CharField(blank=True, help_text='Two letters such as CN; empty for none.', max_length=2, verbose_name='holidays of')),
                    ('definition', models.TextField(default='', editable=False)),
                    ('subdivision', models.CharField(blank=True, help_text='Such as BY for Bavaria in DE.', max_length=20, verbose_name='region')),
                ],
                options={
                    'verbose_name': 'calendar',
                    'verbose_name_plural': 'calendars',
                    'ordering': ['name'],
                },
            ),
            migrations.CreateModel(
                name='DutyRota',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('name', models.CharField(max_length=100, unique=True, verbose_name='name')),
                    ('time_zone', models.CharField(default='Asia/Shanghai', max_length=64, validators=[customers.choices.validate_zone], verbose_name='time zone')),
                ],
                options={
                    'verbose_name': 'duty rota',
                    'verbose_name_plural': 'duty rotas',
                    'ordering': ['name'],
                },
            ),
            migrations.CreateModel(
                name='ExportSubscriber',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('email', models.EmailField(max_length=254, unique=True, verbose_name='email')),
                    ('language', models.CharField(choices=[('en', 'English'), ('zh-hans', '简体中文')], default='en', max_length=10, verbose_name='language')),
                    ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ],
                options={
                    'verbose_name': 'subscriber',
                    'verbose_name_plural': 'subscribers',
                    'ordering': ['email'],
                },
            ),
            migrations.CreateModel(
                name='Heartbeat',
                fields=[
                    ('name', models.CharField(max_length=40, primary_key=True, serialize=False, verbose_name='name')),
                    ('at', models.DateTimeField(verbose_name='time')),
                    ('detail', models.CharField(blank=True, max_length=300, verbose_name='detail')),
                ],
                options={
                    'verbose_name': 'heartbeat',
                    'verbose_name_plural': 'heartbeats',
                    'ordering': ['name'],
                },
            ),
            migrations.CreateModel(
                name='Policy',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('name', models.CharField(max_length=100, unique=True, verbose_name='name')),
                    ('is_default', models.BooleanField(default=False, verbose_name='default')),
                    ('duty_rota', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='escalation.dutyrota', verbose_name='duty rota for P0')),
                    ('plan', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='policy', to='customers.serviceplan', verbose_name='service plan')),
                ],
                options={
                    'verbose_name': 'policy',
                    'verbose_name_plural': 'policies',
                    'ordering': ['-is_default', 'name'],
                    'constraints': [
                        models.UniqueConstraint(models.F('is_default'), condition=models.Q(('is_default', True)), name='one_default_policy'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='EscalationStep',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('percent', models.PositiveIntegerField(blank=True, null=True, verbose_name='percent of the response time')),
                    ('tell', models.JSONField(default=list, verbose_name='notify')),
                    ('reassign_to', models.CharField(blank=True, choices=[('manager', "the owner's manager"), ('managers_manager', "the manager of the owner's manager"), ('duty_person', 'the person on duty'), ('duty_manager', 'the duty manager'), ('account_manager', 'the account manager'), ('backup', 'the backup account manager'), ('person', 'a named person')], max_length=20, verbose_name='reassign to')),
                    ('policy', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='steps', to='escalation.policy', verbose_name='policy')),
                    ('ack_minutes', models.PositiveIntegerField(default=15, verbose_name='acknowledgement time limit in minutes')),
                    ('ack_required', models.BooleanField(default=False, verbose_name='acknowledgement required')),
                    ('channels', models.JSONField(default=escalation.models.policy.mail_only, verbose_name='channels')),
                    ('contract', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='steps', to='customers.contract', verbose_name='contract')),
                    ('created_at', models.DateTimeField(editable=False, null=True, verbose_name='in force since')),
                    ('highest_priority', models.SmallIntegerField(choices=[(0, 'P0 Urgent'), (1, 'P1 High'), (2, 'P2 Medium'), (3, 'P3 Low')], default=0, verbose_name='from priority')),
                    ('lowest_priority', models.SmallIntegerField(choices=[(0, 'P0 Urgent'), (1, 'P1 High'), (2, 'P2 Medium'), (3, 'P3 Low')], default=3, verbose_name='to priority')),
                    ('minutes_from_due', models.IntegerField(blank=True, null=True, verbose_name='minutes from the due time')),
                    ('person', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='named person')),
                    ('repeat_cap', models.PositiveIntegerField(blank=True, null=True, verbose_name='repeats at most')),
                    ('repeat_minutes', models.PositiveIntegerField(blank=True, null=True, verbose_name='repeat after minutes')),
                    ('retired_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='in force until')),
                    ('rota', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='escalation.dutyrota', verbose_name='duty rota')),
                    ('created_by', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='changed by')),
                    ('retired_by', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='ended by')),
                ],
                options={
                    'verbose_name': 'escalation step',
                    'verbose_name_plural': 'escalation steps',
                    'ordering': ['policy', 'percent', 'minutes_from_due', 'pk'],
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(models.Q(('contract__isnull', False), ('policy', None)), models.Q(('contract', None), ('policy__isnull', False)), _connector='OR'), name='escalation_step_of_one_chain'),
                        models.CheckConstraint(condition=models.Q(models.Q(('minutes_from_due__isnull', False), ('percent', None)), models.Q(('minutes_from_due', None), ('percent__isnull', False)), _connector='OR'), name='escalation_step_at_one_moment'),
                        models.CheckConstraint(condition=models.Q(('highest_priority__lte', models.F('lowest_priority'))), name='escalation_step_priorities'),
                        models.CheckConstraint(condition=models.Q(('ack_minutes__gte', 1)), name='escalation_step_time_out'),
                        models.CheckConstraint(condition=models.Q(('repeat_minutes', None), ('repeat_minutes__gte', 1), _connector='OR'), name='escalation_step_repeat'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='PolicyVersion',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('number', models.PositiveIntegerField(verbose_name='version')),
                    ('created_at', models.DateTimeField(verbose_name='in force since')),
                    ('created_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='changed by')),
                    ('policy', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='escalation.policy', verbose_name='policy')),
                    ('pause_cap_minutes', models.PositiveIntegerField(default=4320, verbose_name='longest pause in minutes')),
                    ('channels', models.JSONField(blank=True, default=dict, verbose_name='channels covered')),
                ],
                options={
                    'verbose_name': 'policy version',
                    'verbose_name_plural': 'policy versions',
                    'ordering': ['policy', '-number'],
                    'constraints': [
                        models.UniqueConstraint(fields=('policy', 'number'), name='policy_version_once'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='PolicyTarget',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('kind', models.CharField(choices=[('first_response', 'First response'), ('next_response', 'Next response'), ('update', 'Update'), ('resolution', 'Resolution')], max_length=20, verbose_name='kind')),
                    ('priority', models.SmallIntegerField(choices=[(0, 'P0 Urgent'), (1, 'P1 High'), (2, 'P2 Medium'), (3, 'P3 Low')], verbose_name='priority')),
                    ('minutes', models.PositiveIntegerField(verbose_name='response time in minutes')),
                    ('calendar', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='escalation.calendar', verbose_name='calendar')),
                    ('version', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='targets', to='escalation.policyversion', verbose_name='policy version')),
                ],
                options={
                    'verbose_name': 'response time',
                    'verbose_name_plural': 'response times',
                    'ordering': ['kind', 'priority'],
                    'constraints': [
                        models.UniqueConstraint(fields=('version', 'kind', 'priority'), name='policy_target_once'),
                        models.CheckConstraint(condition=models.Q(('minutes__gte', 1)), name='policy_target_positive'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='WeeklyExport',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('week', models.CharField(max_length=8, verbose_name='week')),
                    ('revision', models.PositiveSmallIntegerField(default=1, verbose_name='revision')),
                    ('reason', models.CharField(blank=True, max_length=300, verbose_name='reason of the correction')),
                    ('created_at', models.DateTimeField(verbose_name='created at')),
                    ('created_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='created by')),
                ],
                options={
                    'verbose_name': 'weekly pack',
                    'verbose_name_plural': 'weekly packs',
                    'ordering': ['-week', '-revision'],
                    'constraints': [
                        models.UniqueConstraint(fields=('week', 'revision'), name='weekly_export_once'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='ExportFile',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('name', models.CharField(max_length=60, verbose_name='name')),
                    ('path', models.CharField(max_length=200)),
                    ('sha256', models.CharField(max_length=64, verbose_name='SHA-256')),
                    ('size', models.PositiveBigIntegerField(verbose_name='size')),
                    ('rows', models.PositiveIntegerField(verbose_name='rows')),
                    ('export', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='files', to='escalation.weeklyexport', verbose_name='weekly pack')),
                ],
                options={
                    'verbose_name': 'file',
                    'verbose_name_plural': 'files',
                    'ordering': ['pk'],
                    'constraints': [
                        models.UniqueConstraint(fields=('export', 'name'), name='export_file_once'),
                    ],
                },
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
                    'constraints': [
                        models.UniqueConstraint(fields=('calendar', 'number'), name='calendar_version_once'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='ContractWindow',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('kind', models.CharField(choices=[('first_response', 'First response'), ('next_response', 'Next response'), ('update', 'Update'), ('resolution', 'Resolution')], max_length=20, verbose_name='kind')),
                    ('priority', models.SmallIntegerField(choices=[(0, 'P0 Urgent'), (1, 'P1 High'), (2, 'P2 Medium'), (3, 'P3 Low')], verbose_name='priority')),
                    ('minutes', models.PositiveIntegerField(verbose_name='response time in minutes')),
                    ('calendar', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='escalation.calendar', verbose_name='calendar')),
                    ('contract', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='windows', to='customers.contract', verbose_name='contract')),
                    ('created_at', models.DateTimeField(verbose_name='in force since')),
                    ('created_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='changed by')),
                    ('retired_at', models.DateTimeField(blank=True, null=True, verbose_name='in force until')),
                ],
                options={
                    'verbose_name': 'contract response time',
                    'verbose_name_plural': 'contract response times',
                    'ordering': ['kind', 'priority', 'created_at', 'pk'],
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(('minutes__gte', 1)), name='contract_window_positive', violation_error_message='A response time must be at least one minute.'),
                        models.UniqueConstraint(condition=models.Q(('retired_at', None)), fields=('contract', 'kind', 'priority'), name='contract_window_once'),
                        models.CheckConstraint(condition=models.Q(('retired_at', None), ('retired_at__gte', models.F('created_at')), _connector='OR'), name='contract_window_retired_after_its_start'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Clock',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('kind', models.CharField(choices=[('first_response', 'First response'), ('next_response', 'Next response'), ('update', 'Update'), ('resolution', 'Resolution')], max_length=20, verbose_name='kind')),
                    ('state', models.CharField(choices=[('running', 'Running'), ('paused', 'Paused'), ('met', 'Met'), ('breached', 'Breached'), ('cancelled', 'Cancelled')], default='running', max_length=10, verbose_name='state')),
                    ('priority', models.SmallIntegerField(choices=[(0, 'P0 Urgent'), (1, 'P1 High'), (2, 'P2 Medium'), (3, 'P3 Low')], verbose_name='priority')),
                    ('started_at', models.DateTimeField(verbose_name='started at')),
                    ('due_at', models.DateTimeField(verbose_name='due at')),
                    ('stopped_at', models.DateTimeField(blank=True, null=True, verbose_name='stopped at')),
                    ('breached_at', models.DateTimeField(blank=True, null=True, verbose_name='breached at')),
                    ('detected_at', models.DateTimeField(blank=True, null=True, verbose_name='breach detected at')),
                    ('next_step_at', models.DateTimeField(blank=True, editable=False, null=True)),
                    ('minutes', models.PositiveIntegerField(verbose_name='response time in minutes')),
                    ('calendar_version', models.PositiveIntegerField(verbose_name='calendar version')),
                    ('answered_by', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='answered_clocks', to='tickets.message', verbose_name='answered by')),
                    ('calendar', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='escalation.calendar', verbose_name='calendar')),
                    ('contract', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='customers.contract', verbose_name='contract')),
                    ('started_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='started_clocks', to='tickets.message', verbose_name='started by')),
                    ('ticket', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='clocks', to='tickets.ticket', verbose_name='ticket')),
                    ('policy_version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='clocks', to='escalation.policyversion', verbose_name='policy version')),
                    ('raised_at', models.DateTimeField(blank=True, null=True, verbose_name='raised at')),
                    ('paused_at', models.DateTimeField(blank=True, null=True, verbose_name='paused at')),
                    ('paused_seconds', models.PositiveIntegerField(default=0, verbose_name='seconds paused')),
                    ('waive_reason', models.CharField(blank=True, max_length=300, verbose_name='reason for waiving')),
                    ('waived_at', models.DateTimeField(blank=True, null=True, verbose_name='waived at')),
                    ('waived_by', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='waived by')),
                    ('held_until', models.DateTimeField(blank=True, null=True, verbose_name='acknowledged until')),
                    ('stranded_at', models.DateTimeField(blank=True, null=True, verbose_name='chain ended since')),
                    ('contract_window', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='escalation.contractwindow', verbose_name='response time of the contract')),
                    ('paused_before_raise', models.PositiveIntegerField(default=0, editable=False)),
                ],
                options={
                    'verbose_name': 'SLA',
                    'verbose_name_plural': 'SLAs',
                    'ordering': ['due_at'],
                    'permissions': [
                        ('waive_clock', 'Can end an unanswered promise with a reason'),
                    ],
                    'indexes': [
                        models.Index(condition=models.Q(('stopped_at', None)), fields=['next_step_at'], name='clock_next_step'),
                        models.Index(condition=models.Q(('stopped_at', None)), fields=['due_at'], name='clock_open_due'),
                        models.Index(fields=['started_at'], name='clock_started'),
                        models.Index(fields=['due_at'], name='clock_due'),
                        models.Index(condition=models.Q(('stopped_at', None), ('stranded_at__isnull', False)), fields=['stranded_at'], name='clock_stranded'),
                        models.Index(condition=models.Q(('detected_at__isnull', False)), fields=['detected_at'], name='clock_noticed'),
                        models.Index(condition=models.Q(('contract__isnull', False)), fields=['contract'], name='clock_contract'),
                        models.Index(condition=models.Q(('waived_by__isnull', False)), fields=['waived_by'], name='clock_waived_by'),
                        models.Index(condition=models.Q(('answered_by__isnull', False)), fields=['answered_by'], name='clock_answered_by'),
                    ],
                    'constraints': [
                        models.UniqueConstraint(condition=models.Q(('stopped_at', None)), fields=('ticket', 'kind'), name='one_open_clock_of_a_kind'),
                        models.CheckConstraint(condition=models.Q(('due_at__gte', models.F('started_at'))), name='clock_due_after_start'),
                        models.CheckConstraint(condition=models.Q(('breached_at', None), ('breached_at', models.F('due_at')), _connector='OR'), name='clock_breached_at_its_due_time'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='ClockEvent',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('change', models.CharField(choices=[('started', 'Started'), ('met', 'Met'), ('breached', 'Breached'), ('answered_late', 'Done after the breach'), ('revoked', 'Reply revoked, running again from its start'), ('retargeted', 'Due time changed'), ('handed_over', 'Owner changed'), ('cancelled', 'Cancelled'), ('paused', 'Paused'), ('resumed', 'Resumed'), ('waived', 'Waived'), ('merged', 'Moved by a merge'), ('step', 'Escalation step'), ('acknowledged', 'Acknowledged')], max_length=20, verbose_name='change')),
                    ('at', models.DateTimeField(verbose_name='time')),
                    ('recorded_at', models.DateTimeField(verbose_name='recorded at')),
                    ('state_before', models.CharField(blank=True, choices=[('running', 'Running'), ('paused', 'Paused'), ('met', 'Met'), ('breached', 'Breached'), ('cancelled', 'Cancelled')], max_length=10, verbose_name='state before')),
                    ('state_after', models.CharField(choices=[('running', 'Running'), ('paused', 'Paused'), ('met', 'Met'), ('breached', 'Breached'), ('cancelled', 'Cancelled')], max_length=10, verbose_name='state after')),
                    ('due_before', models.DateTimeField(blank=True, null=True, verbose_name='due before')),
                    ('due_after', models.DateTimeField(verbose_name='due after')),
                    ('cause', models.CharField(blank=True, max_length=300, verbose_name='cause')),
                    ('data', models.JSONField(default=dict, verbose_name='data')),
                    ('actor', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='actor')),
                    ('clock', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='escalation.clock', verbose_name='SLA')),
                    ('holder', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='owner then')),
                    ('message', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tickets.message', verbose_name='message')),
                ],
                options={
                    'verbose_name': 'ledger line',
                    'verbose_name_plural': 'ledger',
                    'ordering': ['pk'],
                    'indexes': [
                        models.Index(condition=models.Q(('actor__isnull', False)), fields=['actor'], name='clockevent_actor'),
                        models.Index(condition=models.Q(('message__isnull', False)), fields=['message'], name='clockevent_message'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Escalation',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('due_at', models.DateTimeField(verbose_name='step due at')),
                    ('fired_at', models.DateTimeField(verbose_name='executed at')),
                    ('route', models.JSONField(default=list, verbose_name='lookup path')),
                    ('clock', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='escalations', to='escalation.clock', verbose_name='SLA')),
                    ('from_owner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='from')),
                    ('to_owner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='escalations_received', to=settings.AUTH_USER_MODEL, verbose_name='to')),
                    ('step', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='escalation.escalationstep', verbose_name='step')),
                    ('by', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='escalated by')),
                    ('reason', models.CharField(blank=True, max_length=300, verbose_name='reason')),
                    ('round', models.PositiveIntegerField(default=0, verbose_name='repeat')),
                ],
                options={
                    'verbose_name': 'escalation',
                    'verbose_name_plural': 'escalations',
                    'ordering': ['-fired_at'],
                    'indexes': [
                        models.Index(fields=['-fired_at'], name='escalation_fired'),
                        models.Index(condition=models.Q(('by__isnull', False)), fields=['by'], name='escalation_by'),
                    ],
                    'constraints': [
                        models.UniqueConstraint(fields=('clock', 'step', 'round'), name='step_fires_once_on_a_clock'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Notification',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('kind', models.CharField(choices=[('reminder', 'SLA reminder'), ('escalated_to_you', 'Escalated to you'), ('escalated_from_you', 'Escalated past you'), ('escalated', 'Escalated'), ('taken_over', 'Taken over by a colleague'), ('new_ticket', 'New ticket for you'), ('paged', 'New P0'), ('proposed', 'P0 proposed, writer unknown'), ('more_proposed', 'More P0s of this customer'), ('customer_wrote', 'The customer wrote'), ('response_failed', 'Your reply was not delivered'), ('response_voided', 'Your reply was voided'), ('nobody_left', 'Escalation chain ended, nobody left'), ('away_to_you', 'Yours while a colleague is away'), ('nobody_stands_in', 'Away, and no deputy'), ('back', 'Returned from leave'), ('taken_back', 'Back with its previous owner'), ('unreached', 'Somebody could not be reached'), ('sent_for_you', 'Your reply was sent'), ('kept_as_note', 'Your email was kept as a note'), ('acknowledged', 'You acknowledged by email'), ('not_acknowledged', 'Nothing to acknowledge'), ('unverified', 'An email in your name was not verified'), ('mailbox_stopped', 'Email is not being fetched'), ('mailbox_recovered', 'Email is fetched again')], max_length=20, verbose_name='kind')),
                    ('created_at', models.DateTimeField(verbose_name='created at')),
                    ('clock', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='notifications', to='escalation.clock', verbose_name='SLA')),
                    ('escalation', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='notifications', to='escalation.escalation', verbose_name='escalation')),
                    ('mail', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='notifications', to='tickets.outboundemail', verbose_name='email')),
                    ('recipient', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='notifications', to=settings.AUTH_USER_MODEL, verbose_name='recipient')),
                    ('ticket', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='notifications', to='tickets.ticket', verbose_name='ticket')),
                    ('channels', models.JSONField(default=escalation.models.policy.mail_only, verbose_name='channels')),
                    ('detail', models.TextField(blank=True, verbose_name='detail')),
                    ('is_urgent', models.BooleanField(default=False, verbose_name='urgent')),
                    ('next_try_at', models.DateTimeField(blank=True, null=True, verbose_name='next try')),
                    ('other', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='person named')),
                    ('sent_at', models.DateTimeField(blank=True, null=True, verbose_name='sent at')),
                    ('state', models.CharField(choices=[('pending', 'To be sent'), ('sent', 'Sent'), ('failed', 'Could not be sent')], default='pending', max_length=10, verbose_name='state')),
                    ('customer', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='notifications', to='customers.customer', verbose_name='customer')),
                    ('rota', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='notifications', to='escalation.dutyrota', verbose_name='duty rota')),
                ],
                options={
                    'verbose_name': 'notification',
                    'verbose_name_plural': 'notifications',
                    'ordering': ['-created_at'],
                    'indexes': [
                        models.Index(fields=['recipient', '-created_at'], name='notification_recipient'),
                        models.Index(condition=models.Q(('state', 'pending')), fields=['next_try_at'], name='notification_to_send'),
                        models.Index(condition=models.Q(('sent_at__isnull', False)), fields=['recipient', 'sent_at'], name='notification_sent_lately'),
                        models.Index(condition=models.Q(('mail__isnull', False)), fields=['mail'], name='notification_mail'),
                        models.Index(condition=models.Q(('rota__isnull', False)), fields=['rota', 'sent_at'], name='notification_rota'),
                        models.Index(condition=models.Q(('customer__isnull', False)), fields=['customer', 'sent_at'], name='notification_customer'),
                    ],
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(models.Q(('customer', None), ('recipient__isnull', False), ('rota', None)), models.Q(('customer', None), ('recipient', None), ('rota__isnull', False)), models.Q(('customer__isnull', False), ('recipient', None), ('rota', None)), _connector='OR'), name='notification_to_one'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='DutyFeed',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('secret', models.CharField(max_length=64, verbose_name='secret')),
                    ('created_at', models.DateTimeField(verbose_name='created at')),
                    ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='duty_feed', to=settings.AUTH_USER_MODEL, verbose_name='user')),
                ],
                options={
                    'verbose_name': 'calendar link',
                    'verbose_name_plural': 'calendar links',
                },
            ),
            migrations.CreateModel(
                name='DutyLayer',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('name', models.CharField(max_length=100, verbose_name='name')),
                    ('level', models.PositiveSmallIntegerField(default=1, help_text='Where several layers cover, the highest level is on duty.', verbose_name='level')),
                    ('length', models.PositiveSmallIntegerField(default=1, validators=[django.core.validators.MaxValueValidator(366)], verbose_name='hand over every')),
                    ('rotation', models.CharField(choices=[('hours', 'hours'), ('days', 'days'), ('weeks', 'weeks')], default='weeks', max_length=5, verbose_name='unit')),
                    ('hand_over', models.TimeField(verbose_name='handover at')),
                    ('weekday', models.SmallIntegerField(choices=[(0, 'Monday'), (1, 'Tuesday'), (2, 'Wednesday'), (3, 'Thursday'), (4, 'Friday'), (5, 'Saturday'), (6, 'Sunday')], default=0, help_text='For a rotation by weeks.', verbose_name='handover on')),
                    ('starts_on', models.DateField(help_text="The first person's turn starts on this day.", verbose_name='start date')),
                    ('ends_on', models.DateField(blank=True, help_text="It ends with the next day's handover.", null=True, verbose_name='end date')),
                    ('weekdays', models.JSONField(blank=True, default=list, verbose_name='only on')),
                    ('from_time', models.TimeField(blank=True, null=True, verbose_name='only from')),
                    ('to_time', models.TimeField(blank=True, help_text='On the next day if it is not later than the start.', null=True, verbose_name='until')),
                    ('rota', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='layers', to='escalation.dutyrota', verbose_name='duty rota')),
                ],
                options={
                    'verbose_name': 'layer',
                    'verbose_name_plural': 'layers',
                    'ordering': ['rota', '-level', 'pk'],
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(('length__gte', 1)), name='duty_layer_length', violation_error_message='A turn must have a length of at least one.'),
                        models.CheckConstraint(condition=models.Q(('ends_on', None), ('ends_on__gte', models.F('starts_on')), _connector='OR'), name='duty_layer_ends_after_start', violation_error_message='The end date is before the start date.'),
                        models.CheckConstraint(condition=models.Q(models.Q(('from_time', None), ('to_time', None)), models.Q(('from_time__isnull', False), ('to_time__isnull', False)), _connector='OR'), name='duty_layer_hours_whole', violation_error_message='Give both times of the restriction or none.'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='DutySwap',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('reason', models.CharField(max_length=300, verbose_name='reason')),
                    ('made_at', models.DateTimeField(verbose_name='created at')),
                    ('made_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='created by')),
                    ('rota', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='swaps', to='escalation.dutyrota', verbose_name='duty rota')),
                ],
                options={
                    'verbose_name': 'swap',
                    'verbose_name_plural': 'swaps',
                    'ordering': ['-made_at', '-pk'],
                },
            ),
            migrations.CreateModel(
                name='DutyOverride',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('starts_at', models.DateTimeField(verbose_name='from')),
                    ('ends_at', models.DateTimeField(verbose_name='to')),
                    ('reason', models.CharField(max_length=300, verbose_name='reason')),
                    ('made_at', models.DateTimeField(verbose_name='created at')),
                    ('withdrawn_at', models.DateTimeField(blank=True, null=True, verbose_name='withdrawn at')),
                    ('made_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='created by')),
                    ('rota', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='overrides', to='escalation.dutyrota', verbose_name='duty rota')),
                    ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='on duty')),
                    ('withdrawn_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='withdrawn by')),
                    ('swap', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='overrides', to='escalation.dutyswap', verbose_name='swap')),
                ],
                options={
                    'verbose_name': 'override',
                    'verbose_name_plural': 'overrides and swaps',
                    'ordering': ['-made_at', '-pk'],
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('starts_at'))), name='duty_override_ends_after_start'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='DutyShift',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('starts_at', models.DateTimeField(verbose_name='from')),
                    ('ends_at', models.DateTimeField(verbose_name='to')),
                    ('rota', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='shifts', to='escalation.dutyrota', verbose_name='duty rota')),
                    ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='duty_shifts', to=settings.AUTH_USER_MODEL, verbose_name='on duty')),
                    ('rank', models.BigIntegerField(default=1, editable=False, verbose_name='rank')),
                    ('source', models.CharField(choices=[('hand', 'entered manually'), ('layer', 'generated'), ('override', 'override')], default='hand', editable=False, max_length=10, verbose_name='source')),
                    ('layer', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='shifts', to='escalation.dutylayer', verbose_name='layer')),
                    ('override', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='shifts', to='escalation.dutyoverride', verbose_name='override')),
                ],
                options={
                    'verbose_name': 'shift',
                    'verbose_name_plural': 'shifts',
                    'ordering': ['starts_at'],
                    'indexes': [
                        models.Index(fields=['rota', 'ends_at', 'starts_at'], name='shift_now'),
                    ],
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('starts_at'))), name='shift_ends_after_start', violation_error_message='The shift ends before it begins.'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='DutyTurn',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('position', models.PositiveSmallIntegerField(default=0, verbose_name='place')),
                    ('layer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='turns', to='escalation.dutylayer', verbose_name='layer')),
                    ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='person')),
                ],
                options={
                    'verbose_name': 'turn',
                    'verbose_name_plural': 'turns',
                    'ordering': ['layer', 'position', 'pk'],
                },
            ),
            migrations.CreateModel(
                name='DutyHandover',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('changed_at', models.DateTimeField(verbose_name='shift change')),
                    ('told_at', models.DateTimeField(verbose_name='notified at')),
                    ('incoming', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='to')),
                    ('incoming_mail', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='tickets.outboundemail', verbose_name='email')),
                    ('outgoing', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='from')),
                    ('outgoing_mail', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='tickets.outboundemail', verbose_name='email')),
                    ('rota', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='handovers', to='escalation.dutyrota', verbose_name='duty rota')),
                ],
                options={
                    'verbose_name': 'handover',
                    'verbose_name_plural': 'handovers',
                    'ordering': ['-changed_at'],
                    'constraints': [
                        models.UniqueConstraint(fields=('rota', 'changed_at'), name='duty_handover_told_once'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='ContactWay',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('medium', models.CharField(choices=[('chat', 'Chat message'), ('sms', 'SMS'), ('voice', 'Phone call'), ('webhook', 'Webhook')], default='chat', max_length=10, verbose_name='medium')),
                    ('name', models.CharField(max_length=100, verbose_name='name')),
                    ('address', customers.encrypted_field.EncryptedTextField(max_length=4000, verbose_name='address')),
                    ('secret', customers.encrypted_field.EncryptedTextField(blank=True, max_length=400, null=True, verbose_name='signing secret')),
                    ('shown', models.CharField(editable=False, max_length=300, verbose_name='address')),
                    ('is_active', models.BooleanField(default=True, verbose_name='active')),
                    ('position', models.PositiveSmallIntegerField(default=1, help_text='Of several of one kind, the lowest is tried first.', verbose_name='order')),
                    ('customer', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='contact_ways', to='customers.customer', verbose_name='customer')),
                    ('rota', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='contact_ways', to='escalation.dutyrota', verbose_name='duty rota')),
                    ('user', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='contact_ways', to=settings.AUTH_USER_MODEL, verbose_name='person')),
                ],
                options={
                    'verbose_name': 'contact method',
                    'verbose_name_plural': 'contact methods',
                    'ordering': ['position', 'pk'],
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(models.Q(('customer__isnull', True), ('rota__isnull', True), ('user__isnull', False)), models.Q(('customer__isnull', True), ('rota__isnull', False), ('user__isnull', True)), models.Q(('customer__isnull', False), ('rota__isnull', True), ('user__isnull', True)), _connector='OR'), name='contact_way_of_one_owner'),
                        models.CheckConstraint(condition=models.Q(('medium', 'mail'), _negated=True), name='contact_way_is_not_mail'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='NotificationAttempt',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('medium', models.CharField(choices=[('mail', 'Email'), ('chat', 'Chat message'), ('sms', 'SMS'), ('voice', 'Phone call'), ('webhook', 'Webhook')], max_length=10, verbose_name='medium')),
                    ('to', models.CharField(max_length=300, verbose_name='to')),
                    ('at', models.DateTimeField(verbose_name='time')),
                    ('outcome', models.CharField(choices=[('queued', 'On its way'), ('accepted', 'Accepted'), ('refused', 'Refused'), ('timed_out', 'Timed out')], max_length=10, verbose_name='outcome')),
                    ('answer', models.TextField(blank=True, verbose_name='response')),
                    ('milliseconds', models.PositiveIntegerField(blank=True, null=True, verbose_name='duration (ms)')),
                    ('mail', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='attempts_to_tell', to='tickets.outboundemail', verbose_name='email')),
                    ('notification', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='attempts', to='escalation.notification', verbose_name='notification')),
                    ('way', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='escalation.contactway', verbose_name='contact method')),
                ],
                options={
                    'verbose_name': 'attempt',
                    'verbose_name_plural': 'attempts',
                    'ordering': ['at', 'pk'],
                    'indexes': [
                        models.Index(condition=models.Q(('outcome', 'queued')), fields=['mail'], name='attempt_of_a_mail_on_its_way'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='AbsenceMove',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('moved_at', models.DateTimeField(verbose_name='moved at')),
                    ('offered_at', models.DateTimeField(blank=True, null=True, verbose_name='offered back at')),
                    ('settled_at', models.DateTimeField(blank=True, null=True, verbose_name='settled at')),
                    ('settled_as', models.CharField(blank=True, choices=[('taken_back', 'Taken back'), ('kept', 'Left as it is'), ('passed', 'Done or gone elsewhere')], max_length=10, verbose_name='settled')),
                    ('absence', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='moves', to='customers.absence', verbose_name='absence')),
                    ('from_owner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='from')),
                    ('settled_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='settled by')),
                    ('ticket', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='absence_moves', to='tickets.ticket', verbose_name='ticket')),
                    ('to_owner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='to')),
                ],
                options={
                    'verbose_name': 'ticket moved during leave',
                    'verbose_name_plural': 'tickets moved during leave',
                    'ordering': ['-moved_at', '-pk'],
                    'indexes': [
                        models.Index(condition=models.Q(('settled_at', None)), fields=['from_owner'], name='absence_move_unsettled'),
                    ],
                    'constraints': [
                        models.UniqueConstraint(fields=('absence', 'ticket'), name='absence_moves_a_ticket_once'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Drill',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('reason', models.CharField(max_length=300, verbose_name='reason')),
                    ('started_at', models.DateTimeField(verbose_name='started at')),
                    ('ends_at', models.DateTimeField(verbose_name='ends at the latest')),
                    ('until_acknowledged', models.BooleanField(default=False, verbose_name='ends when somebody acknowledges')),
                    ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='ended at')),
                    ('ending', models.CharField(blank=True, choices=[('answered', 'Replied'), ('acknowledged', 'Acknowledged'), ('by_hand', 'Ended by hand'), ('chain_over', 'The chain came to its end'), ('time', 'Its time was up')], max_length=15, verbose_name='how it ended')),
                    ('ended_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='ended by')),
                    ('started_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='started by')),
                    ('ticket', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='drill', to='tickets.ticket', verbose_name='ticket')),
                ],
                options={
                    'verbose_name': 'fire drill',
                    'verbose_name_plural': 'fire drills',
                    'ordering': ['-started_at'],
                    'permissions': [
                        ('start_drill', 'Can start and end a fire drill'),
                    ],
                    'indexes': [
                        models.Index(condition=models.Q(('ended_at', None)), fields=['ends_at'], name='drill_running'),
                    ],
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(models.Q(('ended_at', None), ('ending', '')), models.Q(('ended_at__isnull', False), models.Q(('ending', ''), _negated=True)), _connector='OR'), name='drill_ended_somehow'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Acknowledgement',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('at', models.DateTimeField(verbose_name='time')),
                    ('until', models.DateTimeField(verbose_name='no paging until')),
                    ('by', models.CharField(choices=[('page', 'on the ticket page'), ('board', 'on the board'), ('link', 'by the link in a notification'), ('take_over', 'by taking over the ticket'), ('email', 'by answering a notification')], max_length=10, verbose_name='how')),
                    ('clock', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='acknowledgements', to='escalation.clock', verbose_name='SLA')),
                    ('escalation', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='acknowledgements', to='escalation.escalation', verbose_name='escalation')),
                    ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='person')),
                ],
                options={
                    'verbose_name': 'acknowledgement',
                    'verbose_name_plural': 'acknowledgements',
                    'ordering': ['at'],
                    'constraints': [
                        models.UniqueConstraint(fields=('escalation', 'user'), name='acknowledged_once_by_a_person'),
                    ],
                },
            ),
        ]),
        migrations.RunPython(guarded, unguarded),
        migrations.RunPython(ship, migrations.RunPython.noop),
    ]
