"""The model card of a bundle, written from its figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modeling.engine.bundle.plan import Plan

# Figures of a task that a card shows, in order, where a task has them.
FIGURES = {
    "accuracy": "Accuracy",
    "macro_f1": "Macro-F1",
    "micro_f1": "Micro-F1",
    "f1": "F1 of exact spans",
    "precision": "Precision",
    "recall": "Recall",
    "map": "mAP, overlaps .50 to .95",
    "map_50": "mAP, overlap .50",
    "r2": "R²",
    "mean_absolute_error": "Mean absolute error",
    "log_loss": "Log-loss (nats)",
    "calibration_error": "Expected calibration error",
}
# What is answered, by task.
ANSWERS = {
    "text-classification": "the label of a text",
    "text-multilabel": "the labels of a text",
    "ner": "labeled spans of a text, in code points",
    "image-classification": "the label of a picture",
    "image-multilabel": "the labels of a picture",
    "detection": "boxes around things in a picture, in its pixels",
    "segmentation": "outlines of things in a picture, in its pixels",
    "table": "the label of a row",
    "table-regression": "a number for a row",
    "preference": "which of two answers to a prompt is better",
}


def _figures_table(columns: dict[str, dict[str, Any]]) -> list[str]:
    lines = ["| figure | " + " | ".join(columns) + " |", "| --- |" + " ---: |" * len(columns)]
    for key, title in FIGURES.items():
        if all(isinstance(figures.get(key), int | float) for figures in columns.values()):
            lines.append(f"| {title} | " + " | ".join(f"{figures[key]:.4f}" for figures in columns.values()) + " |")
    return lines


def _class_table(figures: dict[str, Any]) -> list[str]:
    """Return the figures of each label that are numbers, as every task names them."""
    rows = figures.get("per_class") or []
    known = ("precision", "recall", "f1", "ap", "ap_50", "support")
    names = [name for name in known if rows and all(isinstance(row.get(name), int | float) for row in rows)]
    if not names:
        return []
    lines = ["### By label", "", "| label | " + " | ".join(names) + " |", "| --- |" + " ---: |" * len(names)]
    for row in rows:
        label = row["label"].replace("|", "\\|").replace("\n", " ")
        values = (f"{row[name]:.4f}" if isinstance(row[name], float) else f"{row[name]:,}" for name in names)
        lines.append(f"| {label} | " + " | ".join(values) + " |")
    return lines


def model_card(name: str, plan: Plan, manifest: dict[str, Any], metrics: dict[str, Any]) -> str:
    """Return the card as Markdown: what the model is, figures on the test rows, how to run it, where it came from."""
    bundle, rows, gate = metrics["bundle"], manifest["rows"], metrics["gate"]
    columns = {"this bundle": bundle, "float model": metrics["float"]}
    if metrics.get("baseline"):
        columns["baseline"] = metrics["baseline"]
    origin = {"Fingerprint": f"`{manifest['fingerprint']}`", "Data": f"`{manifest['data_hash']}`"}
    if manifest.get("teacher"):
        teacher, lesson = manifest["teacher"], manifest["lesson"]
        origin["Teacher"] = f"a model of the family {teacher['family']}, `{teacher['fingerprint']}`"
        counts = ", ".join(f"{lesson[kind]:,} {kind}" for kind in ("labeled", "unlabeled", "made"))
        origin["Taught by its answers to"] = f"{counts} texts"
    origin |= {"Made": manifest["created_at"], **dict(sorted(manifest["lineage"].items()))}
    licences = [
        f"- {row['work']}: {row['spdx']} ({row['source']}), see `{row['file']}`" for row in manifest["licences"]
    ]
    alike = metrics["rungs"][-1]
    differ = alike["largest_difference"]
    same = f"Both give the same answer in {alike['same_answer']:.2%} of the cases" + (
        "." if differ is None else f"; the largest difference of any number is {differ:.4f}."
    )
    answers = f"Answers {ANSWERS[manifest['task']]}"
    if manifest["labels"]:
        answers += f"; {len(manifest['labels']):,} labels"
    answered = metrics["rungs"][-1]["rows"]
    left_out = rows["test"] - answered
    evidence = (
        f"Trained on {rows['train']:,} rows, stopped and calibrated on {rows['validation']:,}. "
        f"All figures below are of {answered:,} test rows that took no part in either."
        + (f" {left_out:,} more are longer than it takes, or no rows of its columns." if left_out > 0 else "")
    )
    use = (
        f"`predict.py` prints one JSON line for each thing given. The graph (ONNX opset {manifest['graph']['opset']}) "
        f"takes {_listed(plan.inputs)} and gives {_listed(plan.outputs)}. {_cut(manifest)}"
        "Scales of int8 numbers span a whole run, so give one thing a run to get the figures above exactly."
    )
    paragraphs = [
        f"# {name}",
        f"{answers}. Made by the family {manifest['family']}. {plan.about}",
        evidence,
        "## Figures",
        "\n".join(_figures_table(columns)),
        f"{gate['sentence']} {same} Compression: {manifest['compression']['title']}.",
        "\n".join(_class_table(bundle)),
        "## Use",
        f"```\npip install {' '.join(manifest['needs'])}\npython predict.py {plan.example}\n```",
        use,
        "## Origin",
        "\n".join(f"- {key}: {value}" for key, value in origin.items()),
    ]
    if not licences and manifest["encoder"]:
        licences = [f"The files of the encoder {manifest['encoder']['name']} name none: ask its maker."]
    if licences:
        paragraphs += ["## Licences of the weights", "\n".join(licences)]
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph) + "\n"


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _cut(manifest: dict[str, Any]) -> str:
    tokens = (manifest["encoder"] or {}).get("max_tokens")
    if not tokens or manifest["reading"]["kind"] != "text":
        return ""
    return f"Texts longer than {tokens} tokens are cut there. "
