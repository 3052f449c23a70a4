from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("curation", "0011_pair_reviews_and_selections")]

    operations = [
        migrations.AddField(
            model_name="run",
            name="first_new_item_id",
            field=models.BigIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="run",
            name="new_items_of",
            field=models.CharField(blank=True, default="", max_length=64),
        ),
    ]
