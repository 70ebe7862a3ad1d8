"""The room on the disks of machines, and mail listeners with what they refused."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('supportdesk', '0018_swept_clusters'),
    ]

    operations = [
        migrations.CreateModel(
            name='MailListener',
            fields=[
                ('name', models.CharField(max_length=90, primary_key=True, serialize=False, verbose_name='name')),
                ('host', models.CharField(max_length=64, verbose_name='host')),
                ('seen_at', models.DateTimeField(verbose_name='last seen')),
                ('free_mb', models.PositiveIntegerField(null=True, verbose_name='free MB')),
                ('refused', models.PositiveIntegerField(default=0, verbose_name='email refused')),
                ('refused_at', models.DateTimeField(null=True, verbose_name='last refused')),
                ('answer', models.CharField(blank=True, max_length=200, verbose_name='answer')),
            ],
            options={
                'verbose_name': 'email listener',
                'verbose_name_plural': 'email listeners',
                'ordering': ['host', 'name'],
                'default_permissions': (),
            },
        ),
        migrations.AddField(
            model_name='cluster',
            name='free_mb',
            field=models.PositiveIntegerField(editable=False, null=True, verbose_name='free MB'),
        ),
    ]
