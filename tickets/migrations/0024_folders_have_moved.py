# What stood on the mailbox stands on its folder since 0023.

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('tickets', '0023_mailbox_folders'),
    ]

    operations = [
        migrations.RemoveField(
            model_name='mailbox',
            name='begins_at',
        ),
        migrations.RemoveField(
            model_name='mailbox',
            name='folder',
        ),
        migrations.RemoveField(
            model_name='mailbox',
            name='history_below',
        ),
        migrations.RemoveField(
            model_name='mailbox',
            name='import_uid',
        ),
        migrations.RemoveField(
            model_name='mailbox',
            name='import_until',
        ),
        migrations.RemoveField(
            model_name='mailbox',
            name='import_validity',
        ),
        migrations.RemoveField(
            model_name='mailbox',
            name='last_uid',
        ),
        migrations.RemoveField(
            model_name='mailbox',
            name='stuck_breaks',
        ),
        migrations.RemoveField(
            model_name='mailbox',
            name='stuck_uid',
        ),
        migrations.RemoveField(
            model_name='mailbox',
            name='uid_validity',
        ),
    ]
