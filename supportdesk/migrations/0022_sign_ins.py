"""Who signed in or tried to, how often, and what all processes remember; directors read the first."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def grant(apps, schema_editor):
    kind, _created = apps.get_model("contenttypes", "ContentType").objects.get_or_create(
        app_label="supportdesk", model="signin"
    )
    seen, _created = apps.get_model("auth", "Permission").objects.get_or_create(
        codename="view_signin", content_type=kind, defaults={"name": "Can view sign-in"}
    )
    for group in apps.get_model("auth", "Group").objects.filter(name="Support director"):
        group.permissions.add(seen)


class Migration(migrations.Migration):

    dependencies = [
        ('supportdesk', '0020_machines'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='SharedValue',
            fields=[
                ('key', models.CharField(max_length=250, primary_key=True, serialize=False)),
                ('value', models.JSONField()),
                ('expires_at', models.DateTimeField(db_index=True)),
            ],
            options={
                'verbose_name': 'shared value',
                'verbose_name_plural': 'shared values',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='SignInTries',
            fields=[
                ('key', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('number', models.PositiveIntegerField(default=0)),
                ('refused', models.PositiveIntegerField(default=0)),
                ('since', models.DateTimeField(db_index=True)),
            ],
            options={
                'verbose_name': 'tries to sign in',
                'verbose_name_plural': 'tries to sign in',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='SignIn',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60, verbose_name='typed name')),
                ('address', models.CharField(max_length=45, verbose_name='address')),
                ('device', models.CharField(max_length=32)),
                ('agent', models.CharField(max_length=200, verbose_name='device')),
                ('method', models.CharField(choices=[('password', 'password'), ('totp', 'password and code of an app'), ('recovery_codes', 'password and recovery code'), ('webauthn', 'password and security key'), ('passkey', 'passkey'), ('sso', 'single sign-on'), ('link', 'link in an email')], max_length=20, verbose_name='method')),
                ('outcome', models.CharField(choices=[('in', 'signed in'), ('wrong', 'wrong name or password'), ('code', 'wrong second factor'), ('many', 'refused after too many tries'), ('no access', 'refused: no access to the desk'), ('new password', 'new password set'), ('idle', 'signed out after a break'), ('over', 'signed out at the end of the day'), ('ended', 'session ended by its owner'), ('helped', 'second factor removed by an administrator')], max_length=20, verbose_name='outcome')),
                ('note', models.CharField(blank=True, max_length=300, verbose_name='reason')),
                ('at', models.DateTimeField(verbose_name='time')),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='user')),
            ],
            options={
                'verbose_name': 'sign-in',
                'verbose_name_plural': 'sign-ins',
                'ordering': ['-at'],
                'default_permissions': ('view',),
                'indexes': [models.Index(fields=['-at'], name='signin_at'), models.Index(fields=['user', '-at'], name='signin_user'), models.Index(fields=['device', 'user'], name='signin_device')],
            },
        ),
        migrations.RunPython(grant, migrations.RunPython.noop),
    ]
