"""Two processes train as one: the same weights, agreed halving, agreed failure, resume, and the command line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from modeling.engine.commands import main
from modeling.engine.training import TrainedModel
from modeling.engine.training.team import Team
from tests.curation.engine.embedding.tiny_folders import bert_folder
from tests.modeling.engine.families.test_encoder_folders import SPLITS, complaints
from tests.modeling.engine.training import team_scenes

TWO = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
ROOT = Path(__file__).resolve().parents[4]


def launch(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    more = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **environment}
    return subprocess.run([*TWO, *arguments], check=False, capture_output=True, text=True, env=more)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, object]]:
    """What each of two processes saw."""
    place = tmp_path_factory.mktemp("team")
    done = launch("-m", "tests.modeling.engine.training.team_scenes", str(place))
    assert done.returncode == 0, done.stderr
    return [json.loads((place / f"{rank}.json").read_text()) for rank in (0, 1)]


def test_two_processes_have_the_weights_of_one(seen: list[dict[str, object]]) -> None:
    for scene, changes in (("plain", {}), ("weighted", {"class_weights": True})):
        alone, _result = team_scenes.train(
            team_scenes.test_loop.with_settings(**{**team_scenes.PLAIN.to_dict(), **changes})
        )
        assert seen[0][scene] == seen[1][scene]
        assert seen[0][scene] == pytest.approx(alone, abs=1e-5)


def test_both_take_smaller_parts_when_one_is_full(seen: list[dict[str, object]]) -> None:
    assert seen[0]["narrow"] == seen[1]["narrow"]
    assert seen[0]["narrow"] == pytest.approx(seen[0]["plain"], abs=1e-5)
    sentence = "The memory was too small for 8 rows at once: batches are now taken in parts of 4"
    assert [str(one["notes"][0])[: len(sentence)] for one in seen] == [sentence, sentence]


def test_both_stop_when_the_loss_of_one_is_no_number(seen: list[dict[str, object]]) -> None:
    assert [str(one["broken"])[:29] for one in seen] == ["The loss became nan at step 0"] * 2


def test_resumed_in_an_epoch_they_end_with_the_weights_of_an_unbroken_run(seen: list[dict[str, object]]) -> None:
    assert seen[0]["resumed"] == seen[0]["unbroken"] == seen[1]["resumed"]
    assert seen[0]["unbroken"] != pytest.approx(seen[0]["plain"], abs=1e-3)


def test_shares_are_neighbours_and_leave_nothing_out() -> None:
    import torch

    rows = torch.arange(5)
    assert [Team(rank, 3).share(rows).tolist() for rank in range(3)] == [[0, 1], [2, 3], [4]]
    assert Team(2, 3).share(rows[:2]).tolist() == []


def test_the_command_line_trains_with_two_processes_as_with_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bert_folder(tmp_path / "encoder")
    rows = complaints()
    lines = [f"{text},{label},{split}" for text, label, split in zip(rows.inputs, rows.answers, SPLITS, strict=True)]
    (tmp_path / "rows.csv").write_text("text,label,split\n" + "\n".join(lines) + "\n")
    told = ["train", str(tmp_path / "rows.csv"), "--split", "split", "--encoder", str(tmp_path / "encoder")]
    told += ["--family", "fine-tuning", "--set", "dropout=0.0", "--set", "epochs=2", "--set", "batch_size=3"]
    told += ["--threads", "1", "--cache", str(tmp_path / "cache")]
    done = launch("-m", "modeling.engine", *told, "--out", str(tmp_path / "two"))
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr.count("epoch 1:") == 1
    assert main([*told, "--out", str(tmp_path / "one")]) == 0
    weights = [load_file(tmp_path / name / "tuned.safetensors") for name in ("one", "two")]
    assert all(np.allclose(weights[0][name], weights[1][name], atol=1e-5) for name in weights[0])
    histories = [TrainedModel.load(tmp_path / name).facts["history"] for name in ("one", "two")]
    assert [row["loss"] for row in histories[0]] == pytest.approx([row["loss"] for row in histories[1]], abs=1e-5)
    # A command whose work cannot be shared says so, instead of being done twice.
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert main(["predict", str(tmp_path / "one"), str(tmp_path / "rows.csv")]) == 1
    assert "Only train is shared among processes" in capsys.readouterr().err
