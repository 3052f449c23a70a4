from typing import Any

from django.db import migrations


def name_differences(apps: Any, schema_editor: Any) -> None:
    """A comparison calls its difference by what it is, whatever the figure."""
    training = apps.get_model("modeling", "Training")
    for row in training.objects.exclude(report=None).only("report").iterator():
        comparison = row.report.get("comparison") or {}
        if "macro_f1_difference" in comparison:
            comparison["difference"] = comparison.pop("macro_f1_difference")
            comparison["figure"] = "macro_f1"
            row.report |= {"task": "text-classification", "primary": "macro_f1"}
            row.save(update_fields=["report"])


def name_macro_f1(apps: Any, schema_editor: Any) -> None:
    training = apps.get_model("modeling", "Training")
    for row in training.objects.exclude(report=None).only("report").iterator():
        comparison = row.report.get("comparison") or {}
        if comparison.get("figure") == "macro_f1":
            comparison["macro_f1_difference"] = comparison.pop("difference")
            del comparison["figure"]
            row.save(update_fields=["report"])


class Migration(migrations.Migration):
    dependencies = [("modeling", "0003_trainings_of_any_task")]

    operations = [migrations.RunPython(name_differences, name_macro_f1)]
