"""Neighbours, pairs, duplicates, outliers, samples and maps on vectors whose answer is known."""

import numpy as np
import pytest

from curation.engine.meaning.diverse import coverage, diverse
from curation.engine.meaning.duplicates import keep_one
from curation.engine.meaning.index import build, neighbours
from curation.engine.meaning.kmeans import cluster
from curation.engine.meaning.outliers import nearness_to_topics, strangeness
from curation.engine.meaning.pairs import TooManyPairs, pairs_above
from curation.engine.meaning.projection import project, trustworthiness
from curation.engine.meaning.slices import near_empty, weak_slices
from curation.engine.meaning.threshold import EDGES, draw_pairs, estimates, propose
from curation.engine.meaning.words import terms_of, typical_words


def directions(count: int, width: int = 48, seed: int = 0) -> np.ndarray:
    made = np.random.default_rng(seed).standard_normal((count, width)).astype(np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def groups(count: int, kinds: int, spread: float, width: int = 48, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return vectors around `kinds` directions and the direction of each."""
    dice = np.random.default_rng(seed)
    kind = dice.integers(0, kinds, count)
    made = directions(kinds, width, seed)[kind] + spread * dice.standard_normal((count, width)).astype(np.float32)
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32), kind


def all_pairs(vectors: np.ndarray, threshold: float) -> set[tuple[int, int]]:
    left, right = np.nonzero(np.triu(vectors @ vectors.T, 1) >= threshold)
    return set(zip(left.tolist(), right.tolist(), strict=True))


@pytest.mark.parametrize("threshold", [0.5, 0.8, 0.95, 1.0])
@pytest.mark.parametrize(("count", "width"), [(3000, 48), (2500, 200), (2, 8)])
def test_every_pair_is_found_and_no_other(threshold: float, count: int, width: int) -> None:
    vectors, _kind = groups(count, 40, 0.05, width)
    vectors[-1] = vectors[0]
    found = pairs_above(vectors, threshold)
    exact = all_pairs(vectors, threshold)
    near = set(zip(found.left.tolist(), found.right.tolist(), strict=True))
    # Only pairs within the stated rounding of the threshold may differ.
    assert all(abs(float(vectors[a] @ vectors[b]) - threshold) < 1e-5 for a, b in near ^ exact)
    assert (0, count - 1) in near
    assert found.cosine == pytest.approx([vectors[a] @ vectors[b] for a, b in sorted(near)], abs=1e-5)


def test_a_short_head_rules_most_pairs_out() -> None:
    # Vectors that vary in few directions, as those of an encoder do.
    narrow, _kind = groups(4000, 30, 0.3, 24)
    vectors = np.concatenate([narrow, 0.02 * directions(4000, 232, 5)], axis=1)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    found = pairs_above(vectors, 0.98)
    assert found.head == 32
    assert set(zip(found.left.tolist(), found.right.tolist(), strict=True)) == all_pairs(vectors, 0.98)


def test_too_many_pairs_and_wrong_thresholds_are_refused() -> None:
    with pytest.raises(TooManyPairs, match="Raise the threshold"):
        pairs_above(np.tile(directions(1), (100, 1)), 0.9, limit=1000)
    with pytest.raises(ValueError, match="above 0"):
        pairs_above(directions(3), 0.0)
    assert len(pairs_above(directions(1), 0.9).left) == 0
    assert len(pairs_above(np.empty((0, 8), np.float32), 0.9).left) == 0


def test_whoever_goes_is_near_one_that_stays_and_no_two_that_stay_are_a_pair() -> None:
    vectors, _kind = groups(1500, 100, 0.06)
    pairs = pairs_above(vectors, 0.85)
    score = np.arange(1500) % 7
    kept = keep_one(1500, pairs, score)
    edges = {frozenset(pair) for pair in zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)}
    gone = kept.dropped()
    assert 0 < len(gone) < 1500
    staying = set(range(1500)) - set(gone.tolist())
    assert set(kept.stays.tolist()) == staying
    assert all(frozenset((row, int(kept.stays[row]))) in edges for row in gone.tolist())
    assert not any(edge <= staying for edge in edges)
    assert all(score[kept.stays[row]] >= score[row] for row in gone.tolist())


def test_a_chain_does_not_drop_what_is_far_from_what_stays() -> None:
    angles = np.deg2rad([0, 20, 40])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    kept = keep_one(3, pairs_above(vectors, 0.9))
    assert kept.stays.tolist() == [0, 0, 2]


def test_search_in_full_and_in_lists() -> None:
    vectors, _kind = groups(21_000, 200, 0.05, 32)
    index = build(vectors.astype(np.float16))
    assert len(index.centres) == 145
    asked = np.random.default_rng(1).choice(len(vectors), 50, replace=False)
    hits = 0
    for row in asked:
        exact = set(np.argsort(-(index.vectors[np.argsort(index.numbers)].astype(np.float32) @ vectors[row]))[:10])
        numbers, cosine = index.search(vectors[row], 10)
        assert numbers[0] == row
        assert (np.diff(cosine) <= 0).all()
        hits += len(exact & set(numbers.tolist()))
    assert hits / 500 > 0.95
    # All lists looked at: nothing is missed.
    whole, _cosine = index.search(vectors[7], 10, probes=10_000)
    assert set(whole.tolist()) == set(
        np.argsort(-(index.vectors[np.argsort(index.numbers)].astype(np.float32) @ vectors[7]))[:10].tolist()
    )


def test_neighbours_are_exact_and_never_the_item_itself() -> None:
    vectors, _kind = groups(2500, 20, 0.1)
    numbers, cosine = neighbours(build(vectors), 5)
    every = vectors @ vectors.T
    np.fill_diagonal(every, -2)
    assert np.allclose(cosine, -np.sort(-every, axis=1)[:, :5], atol=1e-6)
    assert not (numbers == np.arange(2500)[:, None]).any()
    few, _cosine = neighbours(build(vectors[:3]), 5)
    assert few.shape == (3, 2)
    assert neighbours(build(vectors[:1]), 5)[0].shape == (1, 0)


def test_clusters_are_the_groups_from_the_largest_and_repeatable() -> None:
    vectors, kind = groups(1200, 5, 0.03)
    found = cluster(vectors, 5, seed=3)
    assert np.array_equal(found.label, cluster(vectors, 5, seed=3).label)
    assert (np.diff(found.sizes()) <= 0).all()
    assert all(len(set(kind[found.label == number])) == 1 for number in range(5))
    assert len(cluster(np.tile(vectors[:1], (50, 1)), 8).centres) == 1


def test_strange_items_are_the_far_ones() -> None:
    vectors, _kind = groups(600, 6, 0.05)
    vectors = np.concatenate([vectors, directions(6, seed=9)])
    found = strangeness(*neighbours(build(vectors), 10))
    assert set(np.argsort(-found.strangeness)[:6].tolist()) == set(range(600, 606))
    assert set(range(600, 606)) <= set(found.outliers().tolist())
    alone = strangeness(*neighbours(build(vectors[:1]), 10))
    assert alone.outliers().tolist() == []


def test_nearness_is_to_the_nearest_topic() -> None:
    axes = np.eye(3, dtype=np.float32)
    assert nearness_to_topics(axes, axes[:2]).tolist() == [1, 1, 0]


def test_a_diverse_sample_covers_better_than_chance_and_grows() -> None:
    vectors, kind = groups(2000, 25, 0.05)
    chosen = diverse(vectors, 25)
    assert len(set(kind[chosen].tolist())) == 25
    assert diverse(vectors, 10).tolist() == chosen[:10].tolist()
    drawn = np.random.default_rng(0).choice(2000, 25, replace=False)
    assert coverage(vectors, chosen) < coverage(vectors, drawn)
    assert sorted(diverse(np.tile(vectors[:1], (4, 1)), 9).tolist()) == [0, 1, 2, 3]
    assert diverse(vectors[:0], 3).tolist() == []


def test_groups_stay_together_on_the_map_which_is_repeatable() -> None:
    vectors, kind = groups(3300, 6, 0.02)
    places = project(vectors)
    assert np.array_equal(places, project(vectors))
    assert places.shape == (3300, 2)
    assert np.abs(places).max() <= 0.5 + 1e-6
    judged = trustworthiness(vectors, places)
    assert judged is not None
    assert judged > 0.85
    middles = np.stack([places[kind == number].mean(axis=0) for number in range(6)])
    nearest = ((places[:, None] - middles[None]) ** 2).sum(axis=2).argmin(axis=1)
    assert (nearest == kind).mean() > 0.99


@pytest.mark.parametrize("count", [0, 1, 2, 9, 12])
def test_small_maps_have_a_place_for_each(count: int) -> None:
    places = project(directions(count)) if count else project(np.empty((0, 8), np.float32))
    assert places.shape == (count, 2)
    assert np.isfinite(places).all()


def test_a_slice_with_random_labels_is_weak_and_the_others_are_not() -> None:
    vectors, kind = groups(1500, 5, 0.05)
    dice = np.random.default_rng(2)
    labels = [f"label {number}" for number in kind]
    weak = np.flatnonzero(kind == 3)
    for row in weak:
        labels[row] = f"label {dice.integers(0, 5)}"
    found, accuracy = weak_slices(vectors, labels, kind)
    assert [one.cluster for one in found] == [3]
    assert found[0].rows == len(weak)
    assert found[0].accuracy < 0.5 < found[0].elsewhere
    assert found[0].p_value < 1e-6
    assert accuracy is not None
    assert 0.7 < accuracy < 1
    assert weak_slices(vectors, ["one"] * 1500, kind) == ([], None)
    assert weak_slices(vectors, [None] * 1500, kind) == ([], None)


def test_labels_with_next_to_no_items() -> None:
    assert near_empty([("a", 1000), ("b", 9), ("c", 60), ("d", 3)]) == [("d", 3), ("b", 9)]
    assert near_empty([]) == []


def test_clusters_are_named_by_words_that_set_them_apart() -> None:
    texts = ["my card is lost", "a new card please", "the card came late", "the pizza is cold", "my pizza and pasta"]
    label = np.array([0, 0, 0, 1, 1])
    named = typical_words(texts, label, 2, count=1)
    assert named == [["card"], ["pizza"]]


def test_chinese_clusters_are_named_by_phrases_and_emoji_break_nothing() -> None:
    texts = ["银行卡丢了", "我的银行卡呢", "新的银行卡 😀", "披萨太冷了", "披萨很好吃", "想吃披萨", None]
    named = typical_words(texts, np.array([0, 0, 0, 1, 1, 1, 1]), 2, count=2)
    assert (named[0][0], named[1][0]) == ("银行卡", "披萨")
    assert terms_of("Don’t 猫咪 x 42 😀") == {"don’t", "猫咪"}
    assert terms_of("\U00020000\U00020001") == {"\U00020000\U00020001"}


def test_pairs_are_drawn_from_every_band() -> None:
    cosine = np.linspace(0.6, 1, 5000).astype(np.float32)
    drawn = draw_pairs(np.arange(5000), np.arange(5000) + 5000, cosine, each=4)
    assert len(drawn.left) == 4 * len(EDGES)
    assert drawn.counts.sum() == 5000
    assert sorted(drawn.band.tolist()) == sorted([*range(len(EDGES))] * 4)
    assert drawn.band.tolist() != sorted(drawn.band.tolist())


def test_the_threshold_is_the_lowest_that_keeps_the_promise() -> None:
    counts = [1000, 500, 300, 200, 100, 80, 60, 40, 30, 20]
    band = [number for number in range(10) for _ in range(30)]
    same = [number >= 6 for number in band]
    found = estimates(counts, band, same)
    by = {one.threshold: one for one in found}
    assert by[0.97].low > 0.85
    assert by[0.6].high < 0.12
    assert by[0.88].pairs == 150
    proposed = propose(found, 0.9)
    assert proposed is not None
    assert proposed.threshold == 0.88
    assert propose(found, 0.999) is None


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    dice = np.random.default_rng(4)
    counts = np.array([900, 500, 300, 250, 200, 150, 100, 60, 40, 20])
    share = np.linspace(0.02, 0.98, 10)
    truth = float((counts[4:] * share[4:]).sum() / counts[4:].sum())
    held = 0
    for _study in range(200):
        band = np.repeat(np.arange(10), 8)
        same = dice.random(80) < share[band]
        one = next(one for one in estimates(counts.tolist(), band.tolist(), same.tolist()) if one.threshold == 0.8)
        held += one.low <= truth <= one.high
    assert held / 200 > 0.9
