"""Which family `auto` keeps where validation rows hardly tell two apart."""

import json
from pathlib import Path

import numpy as np
import pytest

from modeling.engine.data import Examples
from modeling.engine.families.family import TrainingContext
from modeling.engine.training.auto import kept_by_rule
from modeling.engine.training.train import HELD_OUT, MODEL_FILE, TrainedModel

ROWS = 40
DATA = Examples.of(
    "text-classification",
    [f"text {row}" for row in range(ROWS + 4)],
    ["a", "b"] * (ROWS // 2 + 2),
    ["validation"] * ROWS + ["train", "train", "test", "test"],
)


def said(folder: Path, family: str, logits: list[float]) -> TrainedModel:
    """A model as it lies on the disk, which gave the right label of each validation row these log odds."""
    folder.mkdir()
    facts = {"family": family, "task": "text-classification", "labels": ["a", "b"], "temperature": 1.0}
    (folder / MODEL_FILE).write_text(json.dumps(facts))
    sides = np.array(logits)[:, None] * np.array([[0.5, -0.5], [-0.5, 0.5]] * (ROWS // 2))
    np.save(folder / HELD_OUT, sides)
    return TrainedModel.load(folder)


@pytest.mark.parametrize(
    ("others", "kept"),
    [
        # On half of the rows much better and on the other half worse: its mean is ahead, and it may be luck.
        ([4.0, 4.0, 0.8, 0.8] * (ROWS // 4), "few-shot"),
        # A little better on every row is no luck.
        ([1.5, 1.5, 1.6, 1.6] * (ROWS // 4), None),
    ],
)
def test_a_lead_displaces_the_family_of_the_rule_only_beyond_chance(
    others: list[float], kept: str | None, tmp_path: Path
) -> None:
    ruled = said(tmp_path / "few", "few-shot", [1.4] * ROWS)
    other = said(tmp_path / "tfidf", "tfidf-linear", others)
    losses = [DATA.kind.losses(model.held_out(DATA.part("validation")), DATA.part("validation"), DATA.classes).mean()
              for model in (ruled, other)]  # fmt: skip
    assert losses[1] < losses[0]
    found = kept_by_rule(DATA, [(ruled, 1.0), (other, 1.0)], other, "log_loss", TrainingContext())
    assert (found and found[0].facts["family"]) == kept


def test_nothing_is_ruled_where_the_main_figure_decides_or_no_rule_was_tried(tmp_path: Path) -> None:
    ruled = said(tmp_path / "few", "few-shot", [1.4] * ROWS)
    other = said(tmp_path / "tfidf", "tfidf-linear", [1.4] * ROWS)
    tried = [(ruled, 1.0), (other, 1.0)]
    assert kept_by_rule(DATA, tried, other, "macro_f1", TrainingContext()) is None
    assert kept_by_rule(DATA, tried[1:], other, "log_loss", TrainingContext()) is None
    assert kept_by_rule(DATA, tried, ruled, "log_loss", TrainingContext()) is None
