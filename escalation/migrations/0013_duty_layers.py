
import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('escalation', '0012_chains_and_acknowledgements'),
        ('tickets', '0005_merged_tickets'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='dutyshift',
            name='rank',
            field=models.BigIntegerField(default=1, editable=False, verbose_name='rank'),
        ),
        migrations.AddField(
            model_name='dutyshift',
            name='source',
            field=models.CharField(choices=[('hand', 'entered by hand'), ('layer', 'generated'), ('override', 'override')], default='hand', editable=False, max_length=10, verbose_name='source'),
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
                ('level', models.PositiveSmallIntegerField(default=1, help_text='Where several layers cover, the highest level has the duty.', verbose_name='level')),
                ('length', models.PositiveSmallIntegerField(default=1, validators=[django.core.validators.MaxValueValidator(366)], verbose_name='hand over every')),
                ('rotation', models.CharField(choices=[('hours', 'hours'), ('days', 'days'), ('weeks', 'weeks')], default='weeks', max_length=5, verbose_name='unit')),
                ('hand_over', models.TimeField(verbose_name='hand-over at')),
                ('weekday', models.SmallIntegerField(choices=[(0, 'Monday'), (1, 'Tuesday'), (2, 'Wednesday'), (3, 'Thursday'), (4, 'Friday'), (5, 'Saturday'), (6, 'Sunday')], default=0, help_text='For a rotation by weeks.', verbose_name='hand-over on')),
                ('starts_on', models.DateField(help_text="The first person's turn begins on it.", verbose_name='first day')),
                ('ends_on', models.DateField(blank=True, help_text="It ends with the next day's hand-over.", null=True, verbose_name='last day')),
                ('weekdays', models.JSONField(blank=True, default=list, verbose_name='only on')),
                ('from_time', models.TimeField(blank=True, null=True, verbose_name='only from')),
                ('to_time', models.TimeField(blank=True, help_text='On the next day where it is not later than the beginning.', null=True, verbose_name='until')),
                ('rota', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='layers', to='escalation.dutyrota', verbose_name='duty rota')),
            ],
            options={
                'verbose_name': 'layer',
                'verbose_name_plural': 'layers',
                'ordering': ['rota', '-level', 'pk'],
            },
        ),
        migrations.AddField(
            model_name='dutyshift',
            name='layer',
            field=models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='shifts', to='escalation.dutylayer', verbose_name='layer'),
        ),
        migrations.CreateModel(
            name='DutyOverride',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('starts_at', models.DateTimeField(verbose_name='from')),
                ('ends_at', models.DateTimeField(verbose_name='to')),
                ('reason', models.CharField(max_length=300, verbose_name='reason')),
                ('made_at', models.DateTimeField(verbose_name='made at')),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True, verbose_name='withdrawn at')),
                ('made_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='made by')),
                ('rota', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='overrides', to='escalation.dutyrota', verbose_name='duty rota')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='on duty')),
                ('withdrawn_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='withdrawn by')),
            ],
            options={
                'verbose_name': 'override',
                'verbose_name_plural': 'overrides and swaps',
                'ordering': ['-made_at', '-pk'],
            },
        ),
        migrations.AddField(
            model_name='dutyshift',
            name='override',
            field=models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='shifts', to='escalation.dutyoverride', verbose_name='override'),
        ),
        migrations.CreateModel(
            name='DutySwap',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.CharField(max_length=300, verbose_name='reason')),
                ('made_at', models.DateTimeField(verbose_name='made at')),
                ('made_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='made by')),
                ('rota', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='swaps', to='escalation.dutyrota', verbose_name='duty rota')),
            ],
            options={
                'verbose_name': 'swap',
                'verbose_name_plural': 'swaps',
                'ordering': ['-made_at', '-pk'],
            },
        ),
        migrations.AddField(
            model_name='dutyoverride',
            name='swap',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='overrides', to='escalation.dutyswap', verbose_name='swap'),
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
                ('told_at', models.DateTimeField(verbose_name='told at')),
                ('incoming', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='to')),
                ('incoming_mail', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='tickets.outboundemail', verbose_name='mail')),
                ('outgoing', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='from')),
                ('outgoing_mail', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='tickets.outboundemail', verbose_name='mail')),
                ('rota', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='handovers', to='escalation.dutyrota', verbose_name='duty rota')),
            ],
            options={
                'verbose_name': 'hand-over',
                'verbose_name_plural': 'hand-overs',
                'ordering': ['-changed_at'],
                'constraints': [models.UniqueConstraint(fields=('rota', 'changed_at'), name='duty_handover_told_once')],
            },
        ),
        migrations.AddConstraint(
            model_name='dutylayer',
            constraint=models.CheckConstraint(condition=models.Q(('length__gte', 1)), name='duty_layer_length', violation_error_message='A turn has a length of at least one.'),
        ),
        migrations.AddConstraint(
            model_name='dutylayer',
            constraint=models.CheckConstraint(condition=models.Q(('ends_on', None), ('ends_on__gte', models.F('starts_on')), _connector='OR'), name='duty_layer_ends_after_start', violation_error_message='The last day is before the first.'),
        ),
        migrations.AddConstraint(
            model_name='dutylayer',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('from_time', None), ('to_time', None)), models.Q(('from_time__isnull', False), ('to_time__isnull', False)), _connector='OR'), name='duty_layer_hours_whole', violation_error_message='Give both times of the restriction or none.'),
        ),
        migrations.AddConstraint(
            model_name='dutyoverride',
            constraint=models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('starts_at'))), name='duty_override_ends_after_start'),
        ),
    ]
