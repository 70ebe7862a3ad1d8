"""Tags of tickets, and of the email rules that add them."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tickets', '0032_missing_mail'),
    ]

    operations = [
        migrations.AddField(
            model_name='rule',
            name='tags',
            field=models.CharField(blank=True, db_default='', default='', help_text='Separated by commas. Every rule that applies adds its own.', max_length=200, verbose_name='tags'),
        ),
        migrations.AlterField(
            model_name='timelineentry',
            name='fact',
            field=models.CharField(choices=[('opened', 'Created'), ('imported', 'Imported from before the mailbox began'), ('owner', 'Owner changed'), ('customer', 'Customer named'), ('status', 'Status changed'), ('priority', 'Priority changed'), ('customer_wrote', 'The customer wrote'), ('staff_responded', 'Replied'), ('noted', 'Note added'), ('rules', 'Rules applied'), ('proposed', 'Priority proposed'), ('confirmed', 'Proposed priority confirmed'), ('rejected', 'Proposed priority rejected'), ('acknowledged', 'Acknowledgement sent'), ('response_failed', 'A reply was not delivered'), ('response_voided', 'A reply was voided'), ('automatic', 'Automatic email received'), ('sender_accepted', 'Sender accepted'), ('by_a_person', 'Marked as written by a person'), ('by_a_machine', 'Marked as automatic'), ('promise', 'SLA'), ('escalated', 'Escalated'), ('taken', 'Acknowledged'), ('merged', 'Merged'), ('tags', 'Tags changed')], max_length=20, verbose_name='event'),
        ),
        migrations.CreateModel(
            name='TicketTag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=40, verbose_name='tag')),
                ('ticket', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='tags', to='tickets.ticket', verbose_name='ticket')),
            ],
            options={
                'verbose_name': 'tag',
                'verbose_name_plural': 'tags',
                'ordering': ['name'],
                'default_permissions': (),
                'indexes': [models.Index(fields=['name', 'ticket'], name='ticket_tag_name')],
                'constraints': [models.UniqueConstraint(fields=('ticket', 'name'), name='ticket_tag_once')],
            },
        ),
    ]
