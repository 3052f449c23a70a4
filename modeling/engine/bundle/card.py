"""The model card of a bundle, written from its figures."""

from __future__ import annotations

from typing import Any

CALIBRATION_NOTE = (
    "Calibration error sorts predictions into 15 bins by confidence and takes the mean distance between confidence and "
    "share right."
)


def _figures_table(columns: dict[str, dict[str, Any]]) -> list[str]:
    rows = [
        ("Accuracy", "accuracy"),
        ("Macro-F1", "macro_f1"),
        ("Log-loss (nats)", "log_loss"),
        ("Expected calibration error (15 bins)", "calibration_error"),
    ]
    lines = ["| figure | " + " | ".join(columns) + " |", "| --- |" + " ---: |" * len(columns)]
    for title, key in rows:
        lines.append(f"| {title} | " + " | ".join(f"{figures[key]:.4f}" for figures in columns.values()) + " |")
    return lines


def _class_table(figures: dict[str, Any]) -> list[str]:
    lines = ["| label | precision | recall | F1 | rows |", "| --- | ---: | ---: | ---: | ---: |"]
    for row in figures["per_class"]:
        name = row["label"].replace("|", "\\|").replace("\n", " ")
        lines.append(f"| {name} | {row['precision']:.4f} | {row['recall']:.4f} | {row['f1']:.4f} | {row['support']} |")
    return lines


def model_card(name: str, manifest: dict[str, Any], metrics: dict[str, Any]) -> str:
    """Return the card as Markdown: what the model is, figures on the test rows, how to run it, where it came from."""
    bundle, rows, encoder = metrics["bundle"], manifest["rows"], manifest["encoder"]
    columns = {"this bundle": bundle, "float model": metrics["float"]}
    if metrics.get("baseline"):
        columns["TF-IDF baseline"] = metrics["baseline"]
    origin = {"Fingerprint": f"`{manifest['fingerprint']}`", "Data": f"`{manifest['data_hash']}`"}
    origin |= {"Made": manifest["created_at"], **dict(sorted(manifest["lineage"].items()))}
    licences = [
        f"- {row['work']}: {row['spdx']} ({row['source']}), see `{row['file']}`" for row in manifest["licences"]
    ]
    intro = (
        f"A text classifier for {len(bundle['labels'])} labels, made from the {encoder['name']} encoder "
        f"({encoder['languages']}) by the family {manifest['family']}. {encoder['reason']}"
    )
    evidence = (
        f"Trained on {rows['train']:,} texts, stopped and calibrated on {rows['validation']:,}. "
        f"All figures below are of {bundle['rows']:,} test texts that took no part in either."
    )
    use = (
        f"Texts longer than {encoder['max_tokens']} tokens are cut there. The graph (ONNX opset {manifest['opset']}) "
        "takes `input_ids` and `attention_mask`, int64 [batch, length], and gives `probabilities`. Activations are "
        "quantised over the whole input, so send one text a run to get the figures above exactly."
    )
    paragraphs = [
        f"# {name}",
        intro,
        evidence,
        "## Figures",
        "\n".join(_figures_table(columns)),
        f"{metrics['gate']['sentence']} Compression: {manifest['compression']['title']}.",
        CALIBRATION_NOTE,
        "### By label",
        "\n".join(_class_table(bundle)),
        "## Use",
        '```\npip install onnxruntime numpy tokenizers\npython predict.py "a text"\n```',
        use,
        "## Origin",
        "\n".join(f"- {key}: {value}" for key, value in origin.items()),
        "## Licences of the weights",
        "\n".join(licences) or f"The files of the encoder {encoder['name']} name none: ask its maker.",
    ]
    return "\n\n".join(paragraphs) + "\n"
