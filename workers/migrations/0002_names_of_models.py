from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('workers', '0001_jobs_and_metrics'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='job',
            options={'verbose_name': 'job', 'verbose_name_plural': 'jobs'},
        ),
    ]
