"""Trials on real messages: the first has the defaults, cut-off ones fail, an interrupted search ends like another."""

import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import fields, replace

import pytest

from modeling.engine.__main__ import main
from modeling.engine.data import Examples, split_rows
from modeling.engine.errors import Cancelled, EngineError, TrainingDiverged
from modeling.engine.training import FAMILIES, TrainedModel, TrainingContext, TrainingSettings
from modeling.engine.tuning import SPACES, UNSEARCHED, run_search, space_of
from modeling.engine.tuning.search import Plan, draw_trials
from modeling.engine.tuning.space import default_point
from modeling.engine.tuning.study import (
    CUT_OFF,
    close_open_trials,
    draw,
    end_trial,
    importances,
    open_storage,
    rows_of,
)
from tests.modeling.engine.conftest import demo_rows

# A network over words: a fit of these takes half a second, and nothing is encoded.
QUICK = {"epochs": 4, "network": "cnn", "patience": 4, "threads": 1}


@pytest.fixture(scope="module")
def few() -> Examples:
    """40 messages of each label, split."""
    texts, labels = demo_rows("sms_spam")
    chosen = [i for name in ("ham", "spam") for i in [i for i, label in enumerate(labels) if label == name][:40]]
    return split_rows([texts[i] for i in chosen], [labels[i] for i in chosen], seed=3, validation=0.3)


def test_every_family_has_a_space_or_a_reason():
    assert sorted([*SPACES, *UNSEARCHED]) == sorted(FAMILIES)
    known = {field.name for field in fields(TrainingSettings)}
    for family, space in SPACES.items():
        assert set(space) <= known
        for task in FAMILIES[family].tasks:
            point = default_point(family, task, space)
            assert [name for name, part in space.items() if not part.holds(point[name])] == [], family


def test_a_family_that_chooses_by_itself_says_so():
    with pytest.raises(EngineError, match=r"its strength by the validation rows itself. Choose one of encoder-h"):
        space_of("tfidf-linear")
    with pytest.raises(EngineError, match="There is no model family"):
        space_of("forest")


def test_a_search_keeps_the_best_trial(few, tmp_path):
    told = []
    result = run_search(few, "from-scratch", tmp_path, trials=5, seed=2, fixed=QUICK, on_trial=told.append)
    assert [row.number for row in told] == [row.number for row in result.trials] == [0, 1, 2, 3, 4]
    defaults = {**default_point("from-scratch", few.task, SPACES["from-scratch"])}
    assert result.trials[0].params == {name: value for name, value in defaults.items() if name != "network"}
    best = TrainedModel.load(tmp_path / "best")
    assert (
        best.facts["validation"]["macro_f1"]
        == result.best_value
        == max(row.value for row in result.trials if row.state == "finished")
    )
    assert {name: best.facts["settings"][name] for name in result.best_params} == result.best_params
    assert best.facts["settings"]["network"] == "cnn"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["best", "trials.journal"]
    json.dumps(result.to_dict())


def test_a_search_that_was_stopped_ends_like_an_unbroken_one(few, tmp_path):
    whole = run_search(few, "from-scratch", tmp_path / "whole", trials=5, seed=4, fixed=QUICK)
    ended = []
    context = TrainingContext(cancelled=lambda: len(ended) == 2)
    with pytest.raises(Cancelled):
        run_search(
            few, "from-scratch", tmp_path / "cut", trials=5, seed=4, fixed=QUICK, context=context, on_trial=ended.append
        )
    gone_on = run_search(few, "from-scratch", tmp_path / "cut", trials=5, seed=4, fixed=QUICK)
    assert [(row.params, row.value, row.state) for row in gone_on.trials] == [
        (row.params, row.value, row.state) for row in whole.trials
    ]
    assert gone_on.best == whole.best
    again = run_search(few, "from-scratch", tmp_path / "cut", trials=5, seed=4, fixed=QUICK)
    assert again == gone_on
    assert TrainedModel.load(tmp_path / "cut" / "best").facts["validation"]["macro_f1"] == whole.best_value


_KILLED = """
import os, pickle, signal, sys
from pathlib import Path
from modeling.engine.data import Examples
from modeling.engine.training import TrainingContext
from modeling.engine.tuning import run_search
import json
task, inputs, answers, splits = json.loads(Path(sys.argv[1]).read_text())
data = Examples.of(task, inputs, answers, splits)
ended = []
def on_epoch(metrics):
    if len(ended) == 1 and metrics["epoch"] == 2:
        os.kill(os.getpid(), signal.SIGKILL)
run_search(data, "from-scratch", Path(sys.argv[2]), trials=3, seed=4, fixed=json.loads(sys.argv[3]),
           context=TrainingContext(on_epoch=on_epoch), on_trial=ended.append)
"""


def test_a_trial_of_a_killed_process_counts_as_failed(few, tmp_path):
    (tmp_path / "rows.json").write_text(json.dumps([few.task, few.inputs, few.answers, few.splits]))
    arguments = [str(tmp_path / "rows.json"), str(tmp_path / "out"), json.dumps(QUICK)]
    done = subprocess.run([sys.executable, "-c", _KILLED, *arguments], env=os.environ, cwd=".", capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    result = run_search(few, "from-scratch", tmp_path / "out", trials=3, seed=4, fixed=QUICK)
    assert [(row.state, row.reason) for row in result.trials][:2] == [("finished", ""), ("failed", CUT_OFF)]
    assert len(result.trials) == 3
    assert result.trials[2].state in {"finished", "pruned"}


def test_a_diverged_trial_is_not_the_end(few, tmp_path):
    ended = []

    def on_epoch(metrics):
        if len(ended) == 1:
            raise TrainingDiverged("The loss became nan at step 3.", step=3)

    context = TrainingContext(on_epoch=on_epoch)
    result = run_search(
        few, "from-scratch", tmp_path, trials=3, seed=4, fixed=QUICK, context=context, on_trial=ended.append
    )
    assert [row.state for row in result.trials][:2] == ["finished", "failed"]
    assert result.trials[1].reason == "The loss became nan at step 3."


def test_where_every_trial_fails_the_reason_is_told(few, tmp_path):
    def on_epoch(metrics):
        raise TrainingDiverged("The loss became nan at step 3.")

    with pytest.raises(
        EngineError, match=r"Not one of 2 trials gave a model. The loss became nan at step 3."
    ) as failure:
        run_search(few, "from-scratch", tmp_path, trials=2, fixed=QUICK, context=TrainingContext(on_epoch=on_epoch))
    assert failure.value.code == "search_failed"


def test_two_workers_draw_just_the_planned_number(few, tmp_path):
    plan = Plan("from-scratch", few.task, 6, 1, tuple(sorted(QUICK.items())))
    study = plan.open(open_storage(None, tmp_path), "shared")
    counts = {}

    def work(name):
        own = plan.open(open_storage(None, tmp_path), "shared")
        counts[name] = draw_trials(own, plan, few, tmp_path / name, worker=name)

    threads = [threading.Thread(target=work, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = rows_of(study)
    assert [row.number for row in rows] == [0, 1, 2, 3, 4, 5]
    assert sum(counts.values()) == 6
    assert {row.worker for row in rows} == {"a", "b"}
    assert not list(tmp_path.glob("*/trials/*"))


def test_only_the_own_open_trials_are_closed(tmp_path):
    plan = Plan("encoder-head", "text-classification", 5)
    study = plan.open(open_storage(None, tmp_path), "open")
    for worker in ("a", "b"):
        trial, _params = draw(study, plan.space, plan.seed, plan.trials)
        trial.set_user_attr("worker", worker)
    assert close_open_trials(study, "a") == 1
    assert [row.state for row in rows_of(study)] == ["failed", "running"]
    assert close_open_trials(study, None) == 1
    assert not end_trial(study, 1, value=0.5)


def test_importances_name_the_setting_that_matters(tmp_path):
    plan = Plan("encoder-head", "text-classification", 30, 5)
    study = plan.open(open_storage(None, tmp_path), "importance")
    for number in range(30):
        trial, params = draw(study, plan.space, plan.seed, plan.trials)
        end_trial(study, trial.number, value=params["dropout"])
        if number in {6, 7}:
            assert bool(importances(study, 0)) == (number == 7)
    found = importances(study, 0)
    assert next(iter(found)) == "dropout"
    assert found["dropout"] > 0.8
    assert sum(found.values()) == pytest.approx(1.0)
    # TPE came near the best value, which a fifth of random draws would not reach.
    assert max(row.value for row in rows_of(study)) > 0.55


def test_trials_far_behind_are_pruned(few, tmp_path):
    plan = Plan("from-scratch", few.task, 6, 1, tuple(sorted(QUICK.items())))
    study = plan.open(open_storage(None, tmp_path), "pruned")
    for _ahead in range(4):
        trial, _params = draw(study, plan.space, plan.seed, plan.trials)
        for epoch in range(1, 5):
            trial.report(1.5, epoch)
        end_trial(study, trial.number, value=1.5)
    draw_trials(study, replace(plan, trials=5), few, tmp_path)
    row = rows_of(study)[-1]
    assert (row.state, len(row.scores)) == ("pruned", 2)
    assert row.value == row.scores[-1][1]


def test_search_by_command(few, tmp_path, capsys):
    lines = [
        json.dumps({"text": text, "label": label, "split": split})
        for text, label, split in zip(few.inputs, few.answers, few.splits, strict=True)
    ]
    (tmp_path / "data.jsonl").write_text("\n".join(lines), encoding="utf-8")
    settings = [part for name, value in QUICK.items() for part in ("--set", f"{name}={value}") if name != "threads"]
    chosen = ["--split", "split", "--family", "from-scratch", "--trials", "2", "--threads", "1", *settings]
    storage = f"sqlite:///{tmp_path}/trials.db"
    out = ["--out", str(tmp_path / "out"), "--storage", storage]
    assert main(["search", str(tmp_path / "data.jsonl"), *chosen, *out]) == 0
    said = capsys.readouterr()
    assert len(json.loads(said.out)["trials"]) == 2
    assert "has the best validation macro_f1" in said.err
    assert main(["evaluate", str(tmp_path / "out" / "best"), str(tmp_path / "data.jsonl"), "--split", "split"]) == 0
    assert main(["search", str(tmp_path / "data.jsonl"), "--family", "tfidf-linear", *out]) == 1
    assert "There is nothing to search for tfidf-linear" in capsys.readouterr().err
