import numpy as np
import pytest
from scipy.stats import binom

from modeling.engine.active import GRID, choose_threshold, interval
from modeling.engine.active.threshold import lower_bound
from modeling.engine.errors import BadData
from tests.modeling.conftest import messages


def test_the_bound_is_clopper_and_pearsons() -> None:
    # By definition: at the bound, so many hits or more come with the chance delta.
    for right, seen in ((95, 100), (1, 3), (299, 300)):
        bound = float(lower_bound(right, seen, 0.05))
        assert binom.sf(right - 1, seen, bound) == pytest.approx(0.05)
    assert lower_bound(np.array([0, 0, 100]), np.array([0, 5, 100]), 0.05).round(4).tolist() == [0, 0, 0.9705]


def test_the_interval_is_the_textbooks() -> None:
    low, high = interval(81, 263)
    assert (round(low, 4), round(high, 4)) == (0.2527, 0.3676)
    assert interval(0, 0) == (0, 1)
    assert interval(10, 10)[1] == 1


def test_the_lowest_threshold_that_holds_is_chosen() -> None:
    confidences = np.repeat([0.99, 0.9, 0.6], 400)
    correct = np.ones(1_200, bool)
    correct[400:408] = False
    correct[800:900] = False
    choice = choose_threshold(confidences, correct, 0.97)
    assert (choice.threshold, choice.seen, choice.right) == (0.7, 800, 792)
    assert choice.coverage == pytest.approx(2 / 3)
    assert choice.bound >= 0.97


def test_few_labels_promise_nothing_and_say_how_many_would() -> None:
    choice = choose_threshold(np.ones(100), np.ones(100, bool), 0.98)
    assert choice.threshold is None
    assert choice.needed == 258
    assert choose_threshold(np.ones(258), np.ones(258, bool), 0.98).threshold == GRID[0]
    assert choose_threshold(np.ones(257), np.ones(257, bool), 0.98).threshold is None
    assert choose_threshold(np.zeros(0), np.zeros(0, bool), 0.98).threshold is None


def test_what_cannot_be_promised_is_refused() -> None:
    with pytest.raises(BadData, match="2 confidences came with 1 answers"):
        choose_threshold(np.ones(2), np.ones(1, bool), 0.9)
    with pytest.raises(BadData, match="must lie between 0 and 1"):
        choose_threshold(np.ones(2), np.ones(2, bool), 1.0)


@pytest.mark.parametrize("target", [0.95, 0.98])
def test_the_promise_is_kept_in_projects_whose_truth_is_known(target: float) -> None:
    # The model is right exactly as often as the fourth root of its confidence says.
    random = np.random.default_rng(0)
    kept, covered = 0, 0.0
    for _project in range(300):
        confidences = random.beta(6, 1, 2_000)
        correct = random.random(2_000) < confidences**0.25
        choice = choose_threshold(confidences, correct, target)
        if choice.threshold is None:
            kept += 1
            continue
        ahead = random.beta(6, 1, 20_000)
        ahead = ahead[ahead >= choice.threshold]
        kept += float((ahead**0.25).mean()) >= target
        covered += choice.coverage
    assert kept >= 285
    assert covered > 40


def test_the_promise_is_kept_on_real_messages() -> None:
    from django.conf import settings

    from curation.engine.embedding import encode
    from modeling.engine.heads import fit

    rows = messages(600)
    vectors = encode([text for text, _label in rows], cache_dir=settings.ASSAY_MODEL_CACHE)
    labels = np.array([label for _text, label in rows])
    kept = accepted = 0
    for project in range(100):
        mixed = np.random.default_rng(project).permutation(600)
        learn, judge, rest = mixed[:40], mixed[40:300], mixed[300:]
        head = fit(vectors[learn], labels[learn].tolist(), seed=project)
        named, confidences = head.predict(vectors[judge])
        choice = choose_threshold(confidences, np.array(named) == labels[judge], 0.9)
        named, confidences = head.predict(vectors[rest])
        taken = confidences >= (2 if choice.threshold is None else choice.threshold)
        kept += not taken.any() or float((np.array(named) == labels[rest])[taken].mean()) >= 0.9
        accepted += bool(taken.any())
    assert kept >= 95
    assert accepted >= 50
