"""Safety, ablation and search by command."""

import csv
import json

import pytest

from modeling.engine.__main__ import main


@pytest.fixture
def folder(sms, tmp_path):
    with (tmp_path / "data.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["text", "label", "split"])
        writer.writerows(zip(sms.inputs, sms.answers, sms.splits, strict=True))
    policy = "version: 1\nsteps:\n- {use: keyboard, share: 1.0, letters: 5}\n- {use: tfidf, share: 0.2}\n"
    (tmp_path / "policy.yaml").write_text(policy)
    return tmp_path


def test_the_whole_way(folder, capsys):
    data, policy, split = str(folder / "data.csv"), str(folder / "policy.yaml"), ["--split", "split"]
    family = ["--family", "tfidf-linear"]
    assert main(["train", data, *split, *family, "--out", str(folder / "plain")]) == 0
    assert main(["train", data, *split, *family, "--out", str(folder / "taught"), "--augment", policy]) == 0
    facts = json.loads((folder / "taught" / "model.json").read_text())
    assert facts["augmented_copies"] == 166
    capsys.readouterr()
    assert main(["safety", str(folder / "plain"), data, *split, "--policy", policy]) == 0
    said = capsys.readouterr()
    safety = json.loads(said.out)
    assert [step["use"] for step in safety["steps"]] == ["keyboard", "tfidf"]
    assert "step      changed  keeps its answer  95 %" in said.err
    assert "not the rows and splits" not in said.err
    assert main(["evaluate", str(folder / "plain"), data, *split, "--robust", policy]) == 0
    assert [step["use"] for step in json.loads(capsys.readouterr().out)["robustness"]] == ["keyboard", "tfidf", "all"]
    out = str(folder / "ablation")
    assert main(["ablate", data, *split, *family, "--policy", policy, "--seeds", "1", "--out", out]) == 0
    ablation = json.loads(capsys.readouterr().out)
    assert ablation == json.loads((folder / "ablation" / "ablation.json").read_text())
    assert ablation["split"] == "validation"
    some = ["--use", "swap_words", "--seeds", "1", "--out", str(folder / "proposal")]
    assert main(["propose", data, *split, *family, *some]) == 0
    proposal = json.loads(capsys.readouterr().out)
    assert proposal["tried"][0]["name"] == "swap_words (share 0.05)"
    assert (folder / "proposal" / "policy.yaml").exists() == (proposal["policy"] is not None)


def test_mistakes_are_sentences(folder, capsys):
    bad = folder / "bad.yaml"
    bad.write_text("version: 1\nsteps:\n- use: keyboard\n  share: 3\n")
    given = [str(folder / "data.csv"), "--family", "tfidf-linear", "--policy"]
    assert main(["ablate", *given, str(bad)]) == 1
    assert (
        "bad.yaml: Line 4: Step 1 (keyboard): share is 3; it must be a number from 0 to 1." in capsys.readouterr().err
    )
    assert main(["ablate", *given, str(folder / "none.yaml")]) == 1
    assert "none.yaml cannot be read: No such file or directory." in capsys.readouterr().err
    bad.write_text("version: 1\nsteps:\n- use: mirror\n")
    assert main(["ablate", *given, str(bad)]) == 1
    assert (
        "The augmentation changes pictures, and the task text-classification learns from texts."
        in capsys.readouterr().err
    )
