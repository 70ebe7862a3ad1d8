
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('escalation', '0021_absence_notices'),
    ]

    operations = [
        migrations.AlterField(
            model_name='escalationstep',
            name='created_at',
            field=models.DateTimeField(editable=False, null=True, verbose_name='in force since'),
        ),
    ]
