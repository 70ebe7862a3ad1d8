"""Every table of this app as migration 0010 leaves it, the desk's row and the plan of whoever has no contract.

A new database is made from this file; one that has begun the replaced files goes on with them.
"""

import customers.choices
import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

from customers.migrations._create_models import CreateModels

# SQLite has no such constraint; there the lock in services.contracts is the guarantee. The customer is a range of one
# number, so that the extension btree_gist is not needed.
SHARE_NO_DAY = """
ALTER TABLE customers_contract ADD CONSTRAINT contracts_share_no_day EXCLUDE USING gist (
    int8range(customer_id, customer_id, '[]') WITH &&,
    daterange(starts_on, ends_on, '[]') WITH &&
)
"""


def let_contracts_share_no_day(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(SHARE_NO_DAY)


def ship(apps, schema_editor):
    apps.get_model("customers", "Desk").objects.create(pk=1)
    apps.get_model("customers", "ServicePlan").objects.create(code="standard", name="Standard", is_default=True)


class Migration(migrations.Migration):

    initial = True

    replaces = [
        ('customers', '0001_initial'),
        ('customers', '0002_desk_and_standard_plan'),
        ('customers', '0003_contract_ways'),
        ('customers', '0004_contracts_share_no_day'),
        ('customers', '0005_quiet_hours'),
        ('customers', '0006_noticed_absences'),
        ('customers', '0007_words'),
        ('customers', '0008_contacts_from_mail'),
        ('customers', '0009_priority_of_alarms'),
        ('customers', '0010_no_automatic_mail'),
    ]

    dependencies = [
        # Every later change of users would render all models again that name a user.
        ('auth', '0012_alter_user_first_name_max_length'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        CreateModels([
            migrations.CreateModel(
                name='Skill',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('code', models.SlugField(max_length=40, unique=True, verbose_name='code')),
                    ('name', models.CharField(max_length=100, verbose_name='name')),
                ],
                options={
                    'verbose_name': 'skill',
                    'verbose_name_plural': 'skills',
                    'ordering': ['name'],
                },
            ),
            migrations.CreateModel(
                name='Customer',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('name', models.CharField(max_length=200, unique=True, verbose_name='name')),
                    ('code', models.SlugField(max_length=40, unique=True, verbose_name='code')),
                    ('scenario', models.CharField(choices=[('show_room', 'Live show room'), ('one_to_one', '1-to-1 social call'), ('voice_dating', 'Voice dating'), ('video_dating', 'Video dating'), ('voice_chat', 'Voice-chat room'), ('game_voice', 'In-game voice'), ('other', 'Other')], default='other', max_length=20, verbose_name='scenario')),
                    ('language', models.CharField(choices=[('en', 'English'), ('zh-hans', '简体中文')], default='en', max_length=10, verbose_name='language')),
                    ('time_zone', models.CharField(default='Asia/Shanghai', max_length=64, validators=[customers.choices.validate_zone], verbose_name='time zone')),
                    ('hotline', models.CharField(blank=True, max_length=60, verbose_name='hotline')),
                    ('tech_group', models.CharField(blank=True, max_length=120, verbose_name='tech group')),
                    ('note', models.TextField(blank=True, verbose_name='note')),
                    ('is_active', models.BooleanField(default=True, verbose_name='active')),
                    ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created at')),
                    ('account_manager', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='account manager')),
                    ('backup_account_manager', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='backup account manager')),
                ],
                options={
                    'verbose_name': 'customer',
                    'verbose_name_plural': 'customers',
                    'ordering': ['name'],
                    'permissions': [
                        ('view_all_customers', 'Can see every customer and ticket'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='ServicePlan',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('code', models.SlugField(max_length=40, unique=True, verbose_name='code')),
                    ('name', models.CharField(max_length=100, verbose_name='name')),
                    ('description', models.TextField(blank=True, verbose_name='description')),
                    ('is_default', models.BooleanField(default=False, verbose_name='default without a contract')),
                ],
                options={
                    'verbose_name': 'service plan',
                    'verbose_name_plural': 'service plans',
                    'ordering': ['name'],
                    'constraints': [
                        models.UniqueConstraint(models.F('is_default'), condition=models.Q(('is_default', True)), name='one_default_plan'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Team',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('name', models.CharField(max_length=100, unique=True, verbose_name='name')),
                    ('lead', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='led_teams', to=settings.AUTH_USER_MODEL, verbose_name='lead')),
                ],
                options={
                    'verbose_name': 'team',
                    'verbose_name_plural': 'teams',
                    'ordering': ['name'],
                },
            ),
            migrations.CreateModel(
                name='Absence',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('starts_at', models.DateTimeField(verbose_name='from')),
                    ('ends_at', models.DateTimeField(verbose_name='to')),
                    ('reason', models.CharField(blank=True, max_length=200, verbose_name='reason')),
                    ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='absences', to=settings.AUTH_USER_MODEL, verbose_name='user')),
                    ('noticed_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ],
                options={
                    'verbose_name': 'absence',
                    'verbose_name_plural': 'absences',
                    'ordering': ['-starts_at'],
                    'indexes': [
                        models.Index(fields=['ends_at', 'starts_at'], name='absence_now'),
                    ],
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('starts_at'))), name='absence_ends_after_start', violation_error_message='The absence ends before it begins.'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Desk',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('duty_manager', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='duty manager')),
                    ('intake_owner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='intake owner')),
                ],
                options={
                    'verbose_name': 'desk',
                    'verbose_name_plural': 'desk',
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(('pk', 1)), name='one_desk'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='MailDomain',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('domain', models.CharField(max_length=253, unique=True, verbose_name='domain')),
                    ('customer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='domains', to='customers.customer', verbose_name='customer')),
                ],
                options={
                    'verbose_name': 'email domain',
                    'verbose_name_plural': 'email domains',
                    'ordering': ['domain'],
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(('domain', django.db.models.functions.text.Lower('domain'))), name='mail_domain_lower_case'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Contract',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('reference', models.CharField(blank=True, max_length=60, verbose_name='reference')),
                    ('starts_on', models.DateField(verbose_name='start date')),
                    ('ends_on', models.DateField(blank=True, null=True, verbose_name='end date')),
                    ('customer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='contracts', to='customers.customer', verbose_name='customer')),
                    ('plan', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='contracts', to='customers.serviceplan', verbose_name='service plan')),
                    ('hotline', models.CharField(blank=True, max_length=60, verbose_name='hotline')),
                    ('language', models.CharField(blank=True, choices=[('en', 'English'), ('zh-hans', '简体中文')], max_length=10, verbose_name='language')),
                    ('tech_group', models.CharField(blank=True, max_length=120, verbose_name='tech group')),
                    ('time_zone', models.CharField(blank=True, max_length=64, validators=[customers.choices.validate_zone], verbose_name='time zone')),
                ],
                options={
                    'verbose_name': 'contract',
                    'verbose_name_plural': 'contracts',
                    'ordering': ['customer', '-starts_on'],
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(('ends_on', None), ('ends_on__gte', models.F('starts_on')), _connector='OR'), name='contract_ends_after_start', violation_error_message='The end date is before the start date.'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='StaffProfile',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('title', models.CharField(blank=True, max_length=100, verbose_name='title')),
                    ('language', models.CharField(choices=[('en', 'English'), ('zh-hans', '简体中文')], default='en', max_length=10, verbose_name='language')),
                    ('time_zone', models.CharField(default='Asia/Shanghai', max_length=64, validators=[customers.choices.validate_zone], verbose_name='time zone')),
                    ('phone', models.CharField(blank=True, max_length=60, verbose_name='phone')),
                    ('deputy', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='deputy')),
                    ('reports_to', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='report_profiles', to=settings.AUTH_USER_MODEL, verbose_name='reports to')),
                    ('skills', models.ManyToManyField(blank=True, related_name='staff', to='customers.skill', verbose_name='skills')),
                    ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='staff_profile', to=settings.AUTH_USER_MODEL, verbose_name='user')),
                    ('team', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='members', to='customers.team', verbose_name='team')),
                    ('quiet_from', models.TimeField(blank=True, null=True, verbose_name='quiet hours from')),
                    ('quiet_until', models.TimeField(blank=True, null=True, verbose_name='quiet hours until')),
                ],
                options={
                    'verbose_name': 'staff profile',
                    'verbose_name_plural': 'staff profiles',
                    'ordering': ['user__username'],
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(('reports_to', models.F('user')), _negated=True), name='staff_not_own_manager', violation_error_message='A person cannot report to themselves.'),
                        models.CheckConstraint(condition=models.Q(('deputy', models.F('user')), _negated=True), name='staff_not_own_deputy', violation_error_message='A person cannot be their own deputy.'),
                        models.CheckConstraint(condition=models.Q(models.Q(('quiet_from', None), ('quiet_until', None)), models.Q(('quiet_from__isnull', False), ('quiet_until__isnull', False)), _connector='OR'), name='staff_quiet_hours_whole', violation_error_message='Quiet hours need a start and an end.'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Contact',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('name', models.CharField(blank=True, max_length=200, verbose_name='name')),
                    ('email', models.EmailField(blank=True, max_length=254, verbose_name='email')),
                    ('phone', models.CharField(blank=True, max_length=60, verbose_name='phone')),
                    ('language', models.CharField(blank=True, choices=[('en', 'English'), ('zh-hans', '简体中文')], max_length=10, verbose_name='language')),
                    ('time_zone', models.CharField(blank=True, max_length=64, validators=[customers.choices.validate_zone], verbose_name='time zone')),
                    ('is_active', models.BooleanField(default=True, verbose_name='active')),
                    ('mail_failed_at', models.DateTimeField(blank=True, null=True, verbose_name='email failed at')),
                    ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created at')),
                    ('customer', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='contacts', to='customers.customer', verbose_name='customer')),
                    ('is_from_mail', models.BooleanField(db_default=False, default=False, editable=False)),
                    ('alarm_priority', models.PositiveSmallIntegerField(blank=True, help_text='Of tickets that alarms from this address open. Empty: the priority of the mailbox.', null=True, verbose_name='priority of its alarms')),
                    ('no_automatic_mail_since', models.DateTimeField(blank=True, help_text='They complained or unsubscribed. Clear it to send acknowledgements again.', null=True, verbose_name='no automatic email since')),
                ],
                options={
                    'verbose_name': 'contact',
                    'verbose_name_plural': 'contacts',
                    'ordering': ['name', 'email'],
                    'constraints': [
                        models.UniqueConstraint(django.db.models.functions.text.Lower('email'), condition=models.Q(('email', ''), _negated=True), name='contact_email_unique'),
                        models.CheckConstraint(condition=models.Q(('alarm_priority__lte', 3)), name='contact_alarm_priority_exists'),
                    ],
                },
            ),
        ]),
        migrations.RunPython(let_contracts_share_no_day, migrations.RunPython.noop),
        migrations.RunPython(ship, migrations.RunPython.noop),
    ]
