"""Predictions of trained models with their reasons, by call, by a process of their own and by command."""

import csv
import json
import random
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from curation.demo import SETS
from modeling.engine.__main__ import main
from modeling.engine.data import Examples
from modeling.engine.errors import BadData, EngineError
from modeling.engine.explain.explaining import explain
from modeling.engine.explain.pictures import attribute_picture, cells_of
from modeling.engine.explain.process import explain_apart
from modeling.engine.explain.rows import attribute_row
from modeling.engine.tabular.columns import look_at
from modeling.engine.training import TrainedModel, TrainingSettings, train

SPLITS = ("train", "train", "train", "validation", "test")


def rows_of(count: int) -> tuple[list[dict[str, Any]], list[str], list[str]]:
    """Return penguins whose kind follows from their mass alone, and from their island a little."""
    draw = random.Random(3)
    rows, kinds = [], []
    for _number in range(count):
        mass, island = draw.uniform(3, 6), draw.choice(["Dream", "Biscoe"])
        rows.append({"mass": mass, "island": island, "born": f"2020-01-{draw.randint(1, 28):02}"})
        kinds.append("big" if mass + (0.2 if island == "Biscoe" else 0) > 4.5 else "small")
    return rows, kinds, [SPLITS[place % 5] for place in range(count)]


@pytest.fixture(scope="module")
def penguins(tmp_path_factory: pytest.TempPathFactory) -> TrainedModel:
    data = Examples.of("table", *rows_of(200))
    return train(data, tmp_path_factory.mktemp("penguins"), TrainingSettings(family="table-linear"))


def test_columns_are_weighed_against_a_usual_row(penguins: TrainedModel) -> None:
    found = explain(penguins, {"mass": 6.0, "island": "Dream", "born": "2020-01-14"}, also=["small"])
    big, small = found["parts"]
    assert (found["kind"], big["label"], small["label"]) == ("columns", "big", "small")
    weights = dict(big["weights"])
    assert set(weights) == {"mass", "island", "born"}
    assert weights["mass"] > 3
    assert abs(weights["island"]) < weights["mass"] / 2
    assert big["base"] + sum(weights.values()) == pytest.approx(big["whole"], abs=0.001)
    assert dict(small["weights"])["mass"] == pytest.approx(-weights["mass"], abs=0.001)
    # A linear model is told by its weights, however sure it is.
    assert big["fidelity"] > 0.99


def test_a_sum_over_columns_is_found_again() -> None:
    rows = [{"a": float(n), "b": float(n % 3), "when": f"2020-01-{n + 1:02}"} for n in range(9)]
    found = attribute_row(lambda asked: np.array([2 * row["a"] - row["b"] for row in asked]), rows[8], look_at(rows))
    assert found.weights == pytest.approx({"a": 8.0, "b": -1.0, "when": 0.0})
    assert (found.base, found.whole, found.fidelity) == (pytest.approx(7), pytest.approx(14), pytest.approx(1))


def test_numbers_are_explained_too(tmp_path: Path) -> None:
    rows, _kinds, splits = rows_of(100)
    data = Examples.of("table-regression", rows, [row["mass"] * 10 for row in rows], splits)
    model = train(data, tmp_path, TrainingSettings(family="table-linear"))
    found = explain(model, rows[0])
    (part,) = found["parts"]
    assert (part["label"], part["chance"], found["probabilities"]) == (None, None, None)
    assert part["whole"] == pytest.approx(found["prediction"]["answer"], abs=0.001)
    assert max(part["weights"], key=lambda row: abs(row[1]))[0] == "mass"


def test_several_labels_and_spans_have_parts_of_their_own(tmp_path: Path) -> None:
    texts = ["red apple", "green apple", "red car", "blue car"] * 10
    labels = [("fruit", "red"), ("fruit",), ("red",), ()] * 10
    several = Examples.of("text-multilabel", [f"{text} {n}" for n, text in enumerate(texts)], labels, SPLITS * 8)
    model = train(several, tmp_path / "several", TrainingSettings(family="tfidf-linear"))
    found = explain(model, "red apple")
    assert found["prediction"]["answer"] == ["fruit", "red"] == sorted(part["label"] for part in found["parts"])
    for part in found["parts"]:
        best = max(part["weights"], key=lambda row: row[2])
        assert "red apple"[best[0] : best[1]] == {"fruit": "apple", "red": "red"}[part["label"]]
    from modeling.engine.data import Span

    lines = [f"{name} lives in {place}" for name in ("Ann", "Bo", "Cy", "Di") for place in ("Rome", "Oslo", "Lima")]
    spans = [(Span(line.index(" in ") + 4, len(line), "LOC"),) for line in lines]
    marked = Examples.of("ner", lines * 2, spans * 2, [SPLITS[n % 5] for n in range(24)])
    tagger = train(marked, tmp_path / "spans", TrainingSettings(family="tagger-linear"))
    (span,) = explain(tagger, "Eve lives in Rome")["parts"]
    assert (span["start"], span["end"], span["label"]) == (13, 17, "LOC")
    assert [row[:2] for row in span["weights"]] == [[0, 3], [4, 9], [10, 12], [13, 17]]
    assert explain(tagger, "Nothing")["parts"] == []


def test_a_picture_is_explained_by_a_process_of_its_own(tmp_path: Path, cache_dir: Path) -> None:
    with zipfile.ZipFile(SETS["sign_digits"].path) as archive:
        names = [name for name in archive.namelist() if name.split("/")[0] in {"0", "5"} and not name.endswith("/")]
        archive.extractall(tmp_path, names)
    paths, labels = [tmp_path / name for name in names], [name.split("/")[0] for name in names]
    data = Examples.of("image-classification", paths, labels, [SPLITS[n % 5] for n in range(len(names))])
    model = train(data, tmp_path / "model", TrainingSettings(family="picture-head", epochs=5))
    told: list[tuple[int, int]] = []
    found = explain_apart(model.folder, paths[0], also=["5"], cache_dir=cache_dir, told=lambda *seen: told.append(seen))
    assert told[-1] == (197, 197)
    assert {part["label"] for part in found["parts"]} == {"0", "5"}
    whole = attribute_picture(model.folder, model.facts, paths[0], "0")
    cells = next(part["cells"] for part in found["parts"] if part["label"] == "0")
    np.testing.assert_allclose(cells, cells_of(whole), atol=1e-3)
    with pytest.raises(BadData, match="cannot be read"):
        explain(model, tmp_path / "none.png")


def test_what_cannot_be_explained_says_so(penguins: TrainedModel, tmp_path: Path) -> None:
    other = TrainedModel(penguins.folder, {**penguins.facts, "task": "preference"})
    with pytest.raises(EngineError, match="task preference are not explained"):
        explain(other, "a")
    (tmp_path / "model.json").write_text(json.dumps({**penguins.facts, "task": "preference"}))
    with pytest.raises(EngineError) as refusal:
        explain_apart(tmp_path, "a")
    assert refusal.value.code == "not_explained"
    with pytest.raises(EngineError) as died:
        explain_apart(tmp_path / "nowhere", "a")
    assert died.value.code == "explain_failed"


def test_the_command_explains_texts_and_rows(penguins: TrainedModel, tmp_path: Path, capsys: Any) -> None:
    with (tmp_path / "rows.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, ["id", "mass", "island", "born"])
        writer.writeheader()
        writer.writerow({"id": "p1", "mass": 3.0, "island": "Dream", "born": "2020-01-03"})
    assert main(["explain", str(penguins.folder), str(tmp_path / "rows.csv")]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["prediction"]["answer"] == "small"
    assert "mass" in said.err
    assert main(["explain", str(penguins.folder), str(tmp_path / "rows.csv"), "--label", "huge"]) == 1
    assert "it has big, small" in capsys.readouterr().err
    texts = ["good book", "bad book", "good film", "bad film", "good day"] * 6
    data = Examples.of(
        "text-classification", [f"{text} {n}" for n, text in enumerate(texts)], [text[:3] for text in texts], SPLITS * 6
    )
    model = train(data, tmp_path / "model", TrainingSettings(family="tfidf-linear"))
    assert main(["explain", str(model.folder), "a bad book"]) == 0
    (part,) = json.loads(capsys.readouterr().out)["parts"]
    assert max(part["weights"], key=lambda row: row[2])[:2] == [2, 5]
