from typing import Any

from django.db import migrations

NAMES = {
    "float_macro_f1": "float_figure",
    "int8_macro_f1": "bundle_figure",
    "same_label": "same_answer",
    "largest_probability_difference": "largest_difference",
}


def rename(apps: Any, schema_editor: Any) -> None:
    """Gates spoke of macro-F1 alone; now they name the figure."""
    Bundle = apps.get_model("modeling", "Bundle")
    for bundle in Bundle.objects.filter(gate__has_key="float_macro_f1").iterator():
        rows = [{**_renamed(row), "figure": "macro_f1"} for row in bundle.gate.get("rungs", [])]
        bundle.gate = {**_renamed(bundle.gate), "figure": "macro_f1", "rungs": rows}
        bundle.save(update_fields=["gate"])


def _renamed(gate: dict[str, Any]) -> dict[str, Any]:
    return {NAMES.get(name, name): value for name, value in gate.items()}


class Migration(migrations.Migration):
    dependencies = [("modeling", "0005_searches")]
    operations = [migrations.RunPython(rename, migrations.RunPython.noop)]
