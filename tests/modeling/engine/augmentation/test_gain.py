"""What augmentation does to answers and figures: label safety, robustness, ablation and the search."""

import numpy as np
import pytest

from curation.engine.augment import read_policy
from modeling.engine.augmentation.ablation import ablate
from modeling.engine.augmentation.robustness import robustness
from modeling.engine.augmentation.safety import model_safety
from modeling.engine.augmentation.said import Said
from modeling.engine.augmentation.search import candidates, changes_enough, propose, shown
from modeling.engine.augmentation.trials import Arm, gain_of, judged_on
from modeling.engine.data import Examples, Span
from modeling.engine.errors import EngineError
from modeling.engine.evaluate import evaluate
from modeling.engine.tasks.shapes import ScoredShape
from modeling.engine.tasks.spans import ScoredSpan
from modeling.engine.training import TrainingContext, TrainingSettings, train
from tests.modeling.engine.families.test_pictures import singles

TFIDF = TrainingSettings(family="tfidf-linear", threads=1)
POLICY = read_policy(
    "version: 1\ncopies: 2\nsteps: [{use: keyboard, share: 1.0, letters: 5}, {use: swap_words, share: 0.2}]\n"
)


@pytest.fixture(scope="module")
def counted(sms, tmp_path_factory):
    return train(sms, tmp_path_factory.mktemp("counted"), TFIDF)


def arm(*right: list[int]) -> Arm:
    rows = [np.array(each, float) for each in right]
    return Arm("", None, [lambda drawn, own=own: float(own[drawn].mean()) for own in rows], len(right[0]), 0.0)


def test_words_in_another_order_are_safe_and_other_words_are_not(sms, counted):
    found = model_safety(counted, sms, POLICY)
    garbled, swapped = found.steps
    assert found.split == "validation"
    assert (garbled.use, garbled.changed, swapped.use, swapped.changed) == ("keyboard", 24, "swap_words", 24)
    assert garbled.share < 0.9 < swapped.share
    assert garbled.low < garbled.share < garbled.high
    other = garbled.disagreements[0]
    assert other.before == sms.part("validation").inputs[other.row]
    assert {other.expected, other.found} == {"ham", "spam"}
    assert len(garbled.disagreements) == garbled.changed - garbled.agree


def test_a_family_that_learns_from_validation_rows_is_asked_about_test_rows(sms, trained, cache_dir, tmp_path):
    context = TrainingContext(cache_dir=cache_dir)
    small = sms.rows(range(0, len(sms.inputs), 4))
    model = train(small, tmp_path / "model", TrainingSettings(family="encoder-linear", threads=1), context)
    assert model_safety(model, small, POLICY, context=context).split == "test"
    assert model_safety(trained, sms, POLICY, context=context).split == "validation"


def test_a_model_that_was_taught_the_changes_is_no_judge_of_them(sms, tmp_path):
    model = train(sms, tmp_path, TrainingSettings(family="tfidf-linear", threads=1, augment=POLICY.to_json()))
    with pytest.raises(EngineError, match="This model was trained with augmentation"):
        model_safety(model, sms, POLICY)


def test_pictures_and_spans_are_compared_too(tmp_path):
    data = singles(tmp_path, grey=True)
    settings = TrainingSettings(family="picture-cnn", epochs=25, batch_size=4, threads=1)
    model = train(data, tmp_path / "model", settings)
    policy = read_policy("version: 1\nsteps: [{use: flip}, {use: cutout, holes: 50, size: 0.9}]\n")
    flipped, hidden = model_safety(model, data, policy, keep=tmp_path / "kept").steps
    assert (flipped.use, hidden.use, hidden.changed) == ("flip", "cutout", 6)
    assert hidden.share < flipped.share
    assert hidden.disagreements[0].before.endswith(".png")
    texts = ["Ann lives in Rome", "Bob works in Paris", "Ann met Bob in Rome"] * 6
    spans = [(Span(0, 3, "PER"), Span(len(text) - len(text.split()[-1]), len(text), "LOC")) for text in texts]
    marked = Examples.of("ner", texts, spans, ["train"] * 12 + ["validation"] * 3 + ["test"] * 3)
    tagger = train(marked, tmp_path / "tagger", TrainingSettings(family="tagger-linear", epochs=5, threads=1))
    (step,) = model_safety(tagger, marked, read_policy("version: 1\nsteps: [{use: split_words}]\n")).steps
    assert step.changed == 3
    assert 0 <= step.agree <= 3


def test_a_figure_falls_where_words_are_garbled(sms, counted):
    part = sms.part("test")
    garbled, swapped, both = robustness(counted, part, POLICY, 3)
    assert [step.use for step in (garbled, swapped, both)] == ["keyboard", "swap_words", "all"]
    assert garbled.clean == swapped.clean == evaluate(counted, sms).figures["macro_f1"]
    assert garbled.difference < -0.1
    assert garbled.figure == pytest.approx(garbled.clean + garbled.difference)
    assert garbled.low <= garbled.difference <= garbled.high < 0
    assert swapped.difference > garbled.difference
    judged = evaluate(counted, sms, robust=POLICY, seed=3)
    assert judged.to_dict()["robustness"][0] == garbled.to_dict()


def test_a_gain_is_paired_by_rows_and_seeds():
    ten = [1, 1, 1, 1, 0, 0, 1, 1, 1, 0]
    better = [1, 1, 1, 1, 1, 0, 1, 1, 1, 0]
    same = gain_of(arm(ten, ten), arm(ten, ten))
    assert (same.gain, same.low, same.high, same.verdict) == (0.0, 0.0, 0.0, "no clear difference")
    one = gain_of(arm(better), arm(ten))
    assert one.gain == pytest.approx(0.1)
    assert (one.low, one.high) == pytest.approx((0.0, 0.3))
    # Two seeds that disagree say hardly anything: Student's t with one degree of freedom is 12.7.
    two = gain_of(arm(better, ten), arm(ten, better))
    assert two.gain == pytest.approx(0.0)
    assert two.high > 1.2
    sure = gain_of(arm([1] * 10, [1] * 10), arm([0] * 10, [0] * 10))
    assert (sure.low, sure.high, sure.verdict) == (1.0, 1.0, "gain")


def test_an_ablation_has_all_arms_and_says_the_same_again(sms):
    small = sms.rows(range(0, len(sms.inputs), 2))
    found = ablate(small, POLICY, TFIDF, seeds=2, split="test")
    assert found.rows == small.splits.count("test")
    assert [step.arm.name for step in found.steps] == ["without step 1, keyboard", "without step 2, swap_words"]
    assert found.gain.gain == pytest.approx(found.whole.mean - found.plain.mean)
    assert found.plain.scores[0] == found.plain.scores[1]
    assert found.own is None
    again = ablate(small, POLICY, TFIDF, seeds=2, split="test")
    assert again.gain == found.gain
    assert again.steps[0].gain == found.steps[0].gain


def test_judging_by_validation_rows_hides_the_test_rows(sms):
    judged = judged_on(sms, "validation")
    assert set(judged.part("test").ids) == set(sms.part("validation").ids)
    assert set(judged.ids).isdisjoint(sms.part("test").ids)
    # A fifth of the 83 training rows of each label.
    assert judged.splits.count("validation") == 34
    with pytest.raises(EngineError, match="Judge by validation or test rows, not by 'train'"):
        judged_on(sms, "train")


def test_a_search_takes_what_gains_and_nothing_else(sms):
    small = sms.rows(range(0, len(sms.inputs), 2))
    tries = candidates(small, "tfidf-linear", uses=["keyboard", "letters"])
    assert [shown(policy) for policy in tries[1:4]] == [
        "keyboard (share 0.1)",
        "keyboard (share 0.2)",
        "letters (share 0.05)",
    ]
    found = propose(small, TFIDF, tries=tries[:4], seeds=1)
    assert [each.arm.name for each in found.tried][:2] == ["keyboard (share 0.05)", "keyboard (share 0.1)"]
    taken = [each for each in found.tried if each.taken]
    assert (found.policy is None) == (not taken)
    assert all(each.gain.gain > each.gain.error for each in taken)
    if found.policy is not None:
        assert read_policy(found.policy.to_yaml()) == found.policy
    with pytest.raises(EngineError, match="Name one family"):
        propose(small, TrainingSettings(family="auto"), tries=tries)


def test_steps_that_change_labels_are_not_tried(sms):
    small = sms.rows(range(0, len(sms.inputs), 2))
    garbled = read_policy("version: 1\nsteps: [{use: keyboard, share: 1.0, letters: 5}]\n")
    swapped = read_policy("version: 1\nsteps: [{use: swap_words, share: 0.05}]\n")
    # Twelve rows that all keep their answer give a lower bound of 0.757.
    found = propose(small, TFIDF, tries=[garbled, swapped], seeds=1, least_safe=0.75)
    assert [(each.safety.use, each.kept) for each in found.screened] == [("keyboard", False), ("swap_words", True)]
    assert found.screened[0].safety.low < 0.75 <= found.screened[1].safety.low
    assert [each.arm.name for each in found.tried] == ["swap_words (share 0.05)"]
    assert propose(small, TFIDF, tries=[garbled], seeds=1, least_safe=0.75).policy is None


def test_trials_that_were_cut_off_train_nothing_twice(sms, tmp_path):
    small = sms.rows(range(0, len(sms.inputs), 2))
    told: list[tuple[int, int | None]] = []

    class CutOffError(Exception):
        pass

    def progress(done: int, total: int | None) -> None:
        told.append((done, total))
        if done == 3 and not seen:
            raise CutOffError

    seen: list[float] = []
    context = TrainingContext(checkpoints=tmp_path, progress=progress)
    with pytest.raises(CutOffError):
        ablate(small, POLICY, TFIDF, seeds=2, context=context)
    assert len(list(tmp_path.iterdir())) == 3
    seen = [path.stat().st_mtime_ns for path in sorted(tmp_path.iterdir())]
    known = sorted(tmp_path.iterdir())
    found = ablate(small, POLICY, TFIDF, seeds=2, context=context)
    assert told[-1] == (8, 8)
    assert [path.stat().st_mtime_ns for path in known] == seen
    assert ablate(small, POLICY, TFIDF, seeds=2).gain == found.gain


def test_what_a_model_said_is_read_as_it_was_written(tmp_path):
    spans = [[ScoredSpan(0, 3, "PER", 0.1 + 0.2)], []]
    shapes = [[ScoredShape("cat", "box", ((np.float32(0.5), 1.0), (2.0, 3.0)), 0.75)]]
    table = np.array([[0.1, 0.9], [1 / 3, 2 / 3]])
    for number, made in enumerate((spans, shapes, table)):
        path = tmp_path / "said" / f"{number}.npz"
        assert Said.load(path) is None
        Said(made, ("a", "b"), 1.5).store(path)
        read = Said.load(path)
        assert np.array_equal(read.predictions, made) if number == 2 else read.predictions == made
        assert (read.labels, read.seconds) == (("a", "b"), 1.5)


def test_keys_are_not_tried_on_chinese():
    texts = Examples("text-classification", ("房间很好，服务也不错", "位置太差了"), ("a", "b"), ("train",) * 2)
    keys, swaps = (read_policy(f"version: 1\nsteps: [{{use: {use}}}]\n") for use in ("keyboard", "swap_words"))
    assert not changes_enough(keys, texts)
    assert changes_enough(swaps, texts)


def test_a_family_that_changes_pictures_anyway_is_tried_three_ways(tmp_path):
    data = singles(tmp_path, grey=True)
    settings = TrainingSettings(family="picture-cnn", epochs=1, batch_size=4, threads=1)
    found = ablate(data, read_policy("version: 1\nsteps: [{use: noise}]\n"), settings, seeds=1, split="test")
    assert found.steps == []
    assert found.own is not None
    assert (found.plain.policy.steps[0].chance, found.own.policy, found.whole.policy.steps[0].chance) == (
        0.0,
        None,
        1.0,
    )
    assert found.over_own.gain == pytest.approx(found.whole.mean - found.own.mean)
