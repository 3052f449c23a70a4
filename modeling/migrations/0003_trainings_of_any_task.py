from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("modeling", "0002_erasures")]

    operations = [
        migrations.AddField("training", "task", models.CharField(default="text-classification", max_length=40, verbose_name="task")),
        migrations.AddField("training", "answer", models.CharField(default="label", max_length=200, verbose_name="answers")),
        migrations.AddField("training", "rows_key", models.CharField(blank=True, max_length=300)),
    ]
