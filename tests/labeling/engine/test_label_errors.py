"""Label errors: small cases by hand, real data with known errors, and what a file may not be."""

import csv
import gzip
import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from curation.engine.label_quality import MEASURES, confident_errors, odds
from labeling.engine.__main__ import main
from labeling.engine.label_errors import BadArrays, rank_label_errors

DATA = Path(__file__).parent.parent.parent / "data" / "labelerr"
CHANCES = np.array([[0.9, 0.1], [0.2, 0.8], [0.95, 0.05], [0.45, 0.55]])


def precision_of(measure: str, chances: Any, labels: Any, is_error: NDArray[np.bool_], rows: Any = None) -> float:
    """Return the average precision of a measure; equal scores count as one step, so their order is no luck."""
    from sklearn.metrics import average_precision_score

    found = rank_label_errors(chances, labels, measure=measure)
    scores = np.empty(len(found.rows))
    scores[found.rows] = found.scores
    return float(average_precision_score(is_error, -(scores if rows is None else scores[rows])))


def classic_best(chances: Any, labels: Any, is_error: NDArray[np.bool_]) -> float:
    others = ("self-confidence", "normalized-margin", "confident-learning")
    return max(precision_of(name, chances, labels, is_error) for name in others)


def test_the_label_that_the_model_believes_least_comes_first() -> None:
    found = rank_label_errors(CHANCES, [0, 1, 1, 1])
    assert found.rows.tolist() == [2, 3, 0, 1]
    assert found.suggested.tolist() == [0, 0, 1, 0]
    assert found.likelier.tolist() == [True, False, False, False]
    assert (np.diff(found.scores) > 0).all()


@pytest.mark.parametrize("measure", list(MEASURES))
def test_equal_rows_keep_their_order_and_scores_lie_between_0_and_1(measure: str) -> None:
    found = rank_label_errors(np.repeat(CHANCES, 3, axis=0), np.repeat([0, 1, 1, 1], 3), measure=measure)
    assert found.rows.tolist() == [6, 7, 8, *found.rows.tolist()[3:]]
    assert found.scores.min() >= 0
    assert found.scores.max() <= 1


def test_measures_by_hand() -> None:
    labels = np.array([0, 1, 1, 1])
    assert MEASURES["self-confidence"](CHANCES, labels) == pytest.approx([0.9, 0.8, 0.05, 0.55])
    assert MEASURES["normalized-margin"](CHANCES, labels) == pytest.approx([0.9, 0.8, 0.05, 0.55])
    # The mean of label 1 over the rows that have it is (0.8 + 0.05 + 0.55) / 3, that of label 0 is 0.9.
    assert confident_errors(CHANCES, labels).tolist() == [False, False, True, False]


def test_odds_by_hand() -> None:
    """Means are 0.625 and 0.375; counts 2 and 2 are as even as chance makes them, so both should hold half."""
    score = odds(CHANCES, np.array([0, 1, 1, 0]))
    weights = np.square((CHANCES + 0.0005) * 0.5 / ((np.array([0.625, 0.375]) + 0.0005) / 1.001))
    own = weights[np.arange(4), [0, 1, 1, 0]]
    assert score == pytest.approx(own / weights.sum(axis=1))


def test_one_strong_rival_is_more_suspicious_than_many_weak_ones() -> None:
    chances = np.array([[0.3, 0.7, 0, 0, 0], [0.3, 0.175, 0.175, 0.175, 0.175], *np.eye(5), *np.eye(5)])
    assert rank_label_errors(chances, [0, 0, *range(5), *range(5)]).rows.tolist()[:2] == [0, 1]


def test_blocks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(5)
    chances, labels = random.dirichlet(np.ones(7), 500), random.integers(0, 7, 500)
    whole = {name: measure(chances, labels) for name, measure in MEASURES.items()}
    monkeypatch.setattr("curation.engine.label_quality.BLOCK", 64)
    for name, measure in MEASURES.items():
        assert (measure(chances, labels) == whole[name]).all()


def checked_newsgroups() -> tuple[Any, Any, NDArray[np.int64], NDArray[np.bool_]]:
    with np.load(DATA / "20news_test.npz", allow_pickle=False) as arrays:
        chances, labels = arrays["pred_probs"], arrays["labels"]
    with (DATA / "20news_truth.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    return (
        chances,
        labels,
        np.array([int(row["id"]) for row in rows]),
        np.array([row["is_error"] == "1" for row in rows]),
    )


def test_newsgroups_are_ranked_better_than_by_the_classic_measures() -> None:
    """cleanlab 2.9's best of five scores is 0.9337; all rows are scored, those that people checked are compared."""
    chances, labels, checked, is_error = checked_newsgroups()
    assert (len(checked), is_error.sum()) == (93, 82)
    ours = precision_of("odds", chances, labels, is_error, checked)
    assert ours == pytest.approx(0.935, abs=0.002)
    assert ours > 0.9340
    assert precision_of("self-confidence", chances, labels, is_error, checked) == pytest.approx(0.932, abs=0.002)


def test_known_errors_of_newsgroups_come_early() -> None:
    """The published area under the curve of the verified errors is 0.988 by the self-confidence."""
    chances, labels, checked, is_error = checked_newsgroups()
    errors = np.isin(np.arange(len(labels)), checked[is_error])

    def area(measure: str) -> float:
        place = np.flatnonzero(errors[rank_label_errors(chances, labels, measure=measure).rows])
        right = len(labels) - len(place)
        return 1 - float((place - np.arange(len(place))).sum()) / (len(place) * right)

    assert area("self-confidence") == pytest.approx(0.988, abs=0.001)
    assert area("odds") > area("self-confidence")


def test_confident_learning_finds_the_published_errors_of_newsgroups() -> None:
    """Two programs, of which cleanlab is one, flag 55 rows, 40 of them among the 82 that people verified."""
    chances, labels, checked, is_error = checked_newsgroups()

    flagged = np.flatnonzero(confident_errors(chances, labels))

    assert len(flagged) == pytest.approx(55, abs=2)
    assert np.isin(flagged, checked[is_error]).sum() == pytest.approx(40, abs=2)


def test_banking_questions_with_a_tenth_of_the_labels_exchanged() -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.naive_bayes import MultinomialNB

    with gzip.open(DATA / "banking77_test_noisy10.csv.gz", "rt", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    labels = np.unique([row["label"] for row in rows], return_inverse=True)[1]
    is_error = np.array([row["is_error"] == "1" for row in rows])
    features = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True).fit_transform([row["text"] for row in rows])
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    chances = cross_val_predict(MultinomialNB(alpha=0.1), features, labels, cv=folds, method="predict_proba")
    found = rank_label_errors(chances, labels)
    assert precision_of("odds", chances, labels, is_error) == pytest.approx(0.925, abs=0.01)
    assert precision_of("odds", chances, labels, is_error) > classic_best(chances, labels, is_error) + 0.005
    true = np.unique([row["true_label"] for row in rows], return_inverse=True)[1]
    first = found.rows[:200]
    assert is_error[first].mean() >= 0.95
    assert (found.suggested[:200] == true[first]).mean() >= 0.75


@pytest.mark.parametrize(("model", "least"), [("logistic_regression", 0.69), ("forest", 0.672)])
def test_hand_signs_with_labels_exchanged(model: str, least: float) -> None:
    with np.load(DATA / "sign_digits.npz", allow_pickle=False) as arrays:
        chances, labels, is_error = arrays[model].astype(np.float64), arrays["labels"], arrays["is_error"]
    # Votes of the forest's trees become shares.
    chances /= chances.sum(axis=1, keepdims=True)
    assert (len(labels), is_error.sum()) == (800, 66)
    assert precision_of("odds", chances, labels, is_error) >= least
    assert precision_of("odds", chances, labels, is_error) > classic_best(chances, labels, is_error)


EVEN = [[0.5, 0.5], [0.5, 0.5]]


@pytest.mark.parametrize(
    ("chances", "labels", "sentence"),
    [
        ([0.5, 0.5], [0, 1], "pred_probs must have two dimensions, rows by labels; it is 2."),
        (EVEN, [[0], [1]], "labels must have one dimension, one label for each row; it is 2 x 1."),
        (EVEN, [0, 1, 1], "pred_probs has 2 rows and labels has 3"),
        (np.zeros((0, 2)), [], "no row"),
        ([[1.0], [1.0]], [0, 0], "one column"),
        ([[0.5, 0.5], [float("nan"), 0.5]], [0, 1], "pred_probs[1, 0] is nan"),
        ([[0.5, 0.5], [0.5, float("inf")]], [0, 1], "pred_probs[1, 1] is inf"),
        ([[1.5, -0.5], [0.5, 0.5]], [0, 1], "pred_probs[0, 1] is -0.5"),
        ([[2.0, 5.0], [0.5, 0.5]], [0, 1], "The probabilities of row 0 sum up to 7, not 1."),
        ([["a", "b"], ["c", "d"]], [0, 1], "it must hold numbers"),
        (EVEN, ["spam", "ham"], "whole numbers from 0 to 1, the columns of pred_probs"),
        (EVEN, [0, 2], "labels[1] is 2; with 2 columns"),
        (EVEN, [-1, 1], "labels[0] is -1"),
        (EVEN, [0.5, 1], "labels[0] is 0.5"),
        (EVEN, [float("nan"), 1], "labels[0] is nan"),
        (EVEN, [1, 1], "Every row has the label 1."),
    ],
)
def test_bad_arrays_are_refused_with_a_sentence(chances: Any, labels: Any, sentence: str) -> None:
    with pytest.raises(BadArrays) as refused:
        rank_label_errors(np.asarray(chances), np.asarray(labels))
    assert sentence in str(refused.value)


def test_the_command_writes_the_ranking(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(tmp_path / "in.npz", pred_probs=CHANCES.astype(np.float32), labels=np.array([0, 1, 1, 1], np.int16))
    out = tmp_path / "out.csv"
    assert main(["label-errors", str(tmp_path / "in.npz"), "--out", str(out)]) == 0
    assert json.loads(capsys.readouterr().out) == {"rows": 4, "another_likelier": 1, "measure": "odds"}
    lines = out.read_text().splitlines()
    assert lines[0] == "id,score,suggested"
    assert [line.split(",")[0] for line in lines[1:]] == ["2", "3", "0", "1"]
    assert [line.split(",")[2] for line in lines[1:]] == ["0", "0", "1", "0"]


@pytest.mark.parametrize(
    "damage", ["absent", "no archive", "one array", "names", "objects", "cut", "packed badly", "too large"]
)
def test_the_command_says_what_is_wrong_with_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: str
) -> None:
    path = tmp_path / "in.npz"
    arrays = {"pred_probs": CHANCES, "labels": np.array([0, 1, 1, 1])}
    if damage == "no archive":
        path.write_text("id,score\n1,2\n")
    elif damage == "one array":
        with path.open("wb") as stream:
            np.save(stream, CHANCES)
    elif damage == "names":
        np.savez(path, probs=CHANCES, labels=arrays["labels"])
    elif damage == "objects":
        np.savez(path, pred_probs=CHANCES, labels=np.array([0, 1, "x", None], object))
    elif damage == "cut":
        np.savez(path, **arrays)
        path.write_bytes(path.read_bytes()[:300])
    elif damage == "packed badly":
        np.savez_compressed(path, pred_probs=np.tile(CHANCES, (1000, 1)), labels=np.tile(arrays["labels"], 1000))
        data = path.read_bytes()
        path.write_bytes(data[:100] + b"\xff" * 60 + data[160:])
    elif damage == "too large":
        head = "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000, 2), }".ljust(117) + "\n"
        with zipfile.ZipFile(path, "w") as archive:
            for name in arrays:
                archive.writestr(f"{name}.npy", b"\x93NUMPY\x01\x00" + (118).to_bytes(2, "little") + head.encode())
    assert main(["label-errors", str(path), "--out", str(tmp_path / "out.csv")]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "in.npz" in said.err
    assert "Traceback" not in said.err
    # NumPy's own words advise to load pickled objects.
    assert "pickle" not in said.err
    assert not (tmp_path / "out.csv").exists()


def test_arrays_that_nobody_asked_for_are_not_read(tmp_path: Path) -> None:
    texts = np.array(["one", None, "three", "four"], object)
    np.savez(tmp_path / "in.npz", pred_probs=CHANCES, labels=np.array([0, 1, 1, 1]), texts=texts)
    assert main(["label-errors", str(tmp_path / "in.npz"), "--out", str(tmp_path / "out.csv")]) == 0


def test_a_result_does_not_take_the_place_of_the_arrays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "in.npz"
    np.savez(path, pred_probs=CHANCES, labels=np.array([0, 1, 1, 1]))
    held = path.read_bytes()
    for out, sentence in ((path, "named twice"), (tmp_path, "is a folder"), (tmp_path / "no" / "o.csv", "no folder")):
        assert main(["label-errors", str(path), "--out", str(out)]) == 1
        assert sentence in capsys.readouterr().err
    assert path.read_bytes() == held


def test_rounding_below_nothing_and_yes_or_no_are_taken() -> None:
    chances = np.array([[1 + 1e-9, -1e-9], [0.2, 0.8], [0.95, 0.05], [0.45, 0.55]])
    found = rank_label_errors(chances, np.array([False, True, True, True]))
    assert found.rows.tolist()[0] == 2
    assert found.scores.min() >= 0


def test_a_pickle_is_not_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "exploded",))

    (tmp_path / "in.npz").write_bytes(pickle.dumps(Bomb()))
    assert main(["label-errors", str(tmp_path / "in.npz"), "--out", str(tmp_path / "out.csv")]) == 1
    assert "as numbers, not as objects" in capsys.readouterr().err
    assert not (tmp_path / "exploded").exists()


def digits(shift: Any) -> tuple[Any, Any, NDArray[np.bool_]]:
    """Return out-of-fold probabilities of handwritten digits, the labels with a fifth of them shifted, and which."""
    from sklearn.datasets import load_digits
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    features, true = load_digits(return_X_y=True)
    random = np.random.default_rng(0)
    is_error = random.random(len(true)) < 0.2
    labels = np.where(is_error, (true + shift(random, len(true))) % 10, true)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.1)
    return cross_val_predict(model, features, labels, cv=folds, method="predict_proba"), labels, is_error


def test_a_label_that_is_always_taken_for_another_is_seen_as_that(monkeypatch: pytest.MonkeyPatch) -> None:
    chances, labels, is_error = digits(lambda _random, _rows: 1)
    seen = precision_of("odds", chances, labels, is_error)
    assert seen > classic_best(chances, labels, is_error)
    monkeypatch.setattr("curation.engine.label_quality.ONE_WAY", np.inf)
    assert seen > precision_of("odds", chances, labels, is_error) + 0.01


def test_labels_exchanged_at_random_are_no_habit(monkeypatch: pytest.MonkeyPatch) -> None:
    chances, labels, _is_error = digits(lambda random, rows: random.integers(1, 10, rows))
    plain = odds(chances, labels)
    monkeypatch.setattr("curation.engine.label_quality.ONE_WAY", np.inf)
    assert (odds(chances, labels) == plain).all()
