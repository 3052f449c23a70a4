"""The join finds every pair and no other: against the definition, on random and on real texts."""

import csv
import gzip
import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.demo import SETS
from curation.engine.near.joining import Index
from curation.engine.near.minhash import bands
from curation.engine.near.ranking import Ranked
from curation.engine.near.result import NearDuplicates
from curation.engine.near.search import Search, choose_method, search_texts, suited_shingles
from curation.engine.near.shingles import Shingles, exact_threshold
from tests.curation.engine.near.judge import Pairs, shingle_set, true_clusters, true_pairs

DATA = Path(__file__).resolve().parents[3] / "data" / "near"
VOCABULARY = ["a", "B", "b", "Straße", "İx", "ΟΔΟΣ", "中文", "中", "😀", "é", "3", "_", "-"]
TEXT = st.lists(st.sampled_from(VOCABULARY), max_size=9).map(" ".join)


def pairs_of(result: NearDuplicates) -> Pairs:
    pairs = result.text_pairs()
    assert pairs.total == len(pairs.first) == result.pair_count()
    places = list(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))
    assert places == sorted(places)
    return dict(zip(places, pairs.jaccard.tolist(), strict=True))


@settings(max_examples=80, deadline=None)
@given(
    texts=st.lists(TEXT | st.none(), max_size=25),
    spec=st.sampled_from(["word:1", "word:2", "word:3", "char:1", "char:2", "char:5"]),
    threshold=st.sampled_from(["0.1", "0.3", "0.333333", "0.5", "0.6", "0.7", "0.75", "0.8", "0.9", "1.0"]),
)
def test_all_pairs_and_clusters_of_small_texts(texts: list[str | None], spec: str, threshold: str) -> None:
    wanted = true_pairs(texts, spec, threshold)
    result = search_texts(texts, spec, float(threshold))
    assert pairs_of(result) == wanted
    assert result.clusters().label.tolist() == true_clusters(wanted, len(texts))


@pytest.mark.parametrize(
    ("left", "right", "common", "threshold", "alike"),
    [
        (10, 7, 7, 0.7, True),
        (1000, 700, 700, 0.7, True),
        (1000, 699, 699, 0.7, False),
        (17, 17, 14, 0.7, True),
        (1000, 999, 899, 0.817, True),
        (10, 10, 9, 0.82, False),
        (5, 4, 4, 0.8, True),
        (300, 100, 100, 0.333333, True),
        (300, 100, 100, 0.333334, False),
        (10, 3, 3, 0.3, True),
        (100, 1, 1, 0.01, True),
        (20, 20, 20, 1.0, True),
        (20, 20, 19, 1.0, False),
    ],
)
def test_a_pair_exactly_at_the_threshold_counts(
    left: int, right: int, common: int, threshold: float, alike: bool
) -> None:
    """0.7 of ten is seven: in floats 0.7 * 10 is 7.000000000000001 in some orders of the same arithmetic."""
    shared = [f"c{number}" for number in range(common)]
    one = " ".join([*shared, *(f"l{number}" for number in range(left - common))])
    two = " ".join([*shared, *(f"r{number}" for number in range(right - common))])
    both = common / (left + right - common)
    assert pairs_of(search_texts([one, two], "word:1", threshold)) == ({(0, 1): both} if alike else {})


@pytest.mark.parametrize("threshold", ["0.3", "0.5", "0.7", "0.8", "0.9"])
def test_licence_texts_as_another_program_computed_them(threshold: str) -> None:
    with gzip.open(DATA / "licenses.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    with gzip.open(DATA / "licenses_pairs.csv.gz", "rt", encoding="utf-8") as lines:
        truth = {(row["id1"], row["id2"]): float(row["jaccard"]) for row in csv.DictReader(lines)}
    found = pairs_of(search_texts([row["text"] for row in rows], "word:5", float(threshold)))
    named = {(rows[one]["id"], rows[two]["id"]): jaccard for (one, two), jaccard in found.items()}
    # The truth is rounded to four decimals; no pair lies so near to a threshold that this could matter.
    assert not [pair for pair, jaccard in truth.items() if abs(jaccard - float(threshold)) < 5e-5 and pair not in named]
    assert {pair for pair, jaccard in truth.items() if jaccard >= float(threshold)} == set(named)
    assert max(abs(truth[pair] - jaccard) for pair, jaccard in named.items()) <= 5.1e-5


@pytest.mark.parametrize(("name", "spec", "rows"), [("reviews_zh", "char:5", 800), ("sms_spam", "word:3", 1500)])
def test_real_texts_as_the_definition_says(name: str, spec: str, rows: int) -> None:
    # Sorted, so that texts with one beginning are all in or all out.
    texts = sorted(texts_of(name))[2000 : 2000 + rows]
    for threshold in ("0.5", "0.8"):
        wanted = true_pairs(texts, spec, threshold)
        assert len(wanted) > 15
        assert pairs_of(search_texts(texts, spec, float(threshold))) == wanted


def texts_of(name: str) -> list[str]:
    with gzip.open(SETS[name].path, "rt", encoding="utf-8", newline="") as lines:
        return [row["text"] for row in csv.DictReader(lines)]


def test_all_reviews_whatever_the_threads_batches_and_order() -> None:
    texts = pa.array(texts_of("reviews_zh"), pa.large_string())
    whole = Search(Shingles("char", 5), 0.6, threads=1).run([texts])
    cut = Search(Shingles("char", 5), 0.6, threads=3).run(texts.slice(at, 777) for at in range(0, len(texts), 777))
    for name in ("group", "sizes", "left", "right", "overlap"):
        assert np.array_equal(getattr(whole, name), getattr(cut, name)), name
    assert np.array_equal(whole.clusters().label, cut.clusters().label)
    backwards = Search(Shingles("char", 5), 0.6).run([texts.take(pa.array(np.arange(len(texts))[::-1]))])
    last = len(texts) - 1
    turned = {(last - two, last - one): jaccard for (one, two), jaccard in pairs_of(backwards).items()}
    assert turned == pairs_of(whole)


def test_texts_with_one_set_stand_for_all_of_them() -> None:
    texts = ["same words here"] * 2000 + ["same words here now", "", "?", None]
    result = search_texts(texts, "word:2", 0.6)
    assert (len(result.sizes), len(result.left)) == (2, 1)
    assert result.pair_count() == 2000 * 1999 // 2 + 2000
    first = result.text_pairs(3)
    assert (first.first.tolist(), first.second.tolist(), first.total) == ([0, 0, 0], [1, 2, 3], result.pair_count())
    assert result.clusters().sizes().tolist() == [2001]
    assert result.group.tolist()[-3:] == [-1, -1, -1]
    assert result.duplicate_share() == 2000 / 2004


def test_too_many_pairs_still_give_the_same_clusters() -> None:
    texts = texts_of("reviews_zh")[:4000]
    full = search_texts(texts, "char:3", 0.3)
    few = search_texts(texts, "char:3", 0.3, pair_limit=10, threads=2)
    assert (full.listed, few.listed) == (True, False)
    assert np.array_equal(full.clusters().label, few.clusters().label)
    assert few.duplicate_share() == full.duplicate_share()
    sketched = search_texts(texts, "char:3", 0.3, pair_limit=10, threads=2, method="minhash")
    assert (sketched.method, sketched.recall) == ("exact", 1.0)
    assert np.array_equal(sketched.clusters().label, few.clusters().label)
    for question in (few.pair_count, few.text_pairs, few.least_similar, lambda: few.rethreshold(0.9)):
        with pytest.raises(ValueError, match="too many pairs"):
            question()


def test_a_higher_threshold_needs_no_new_search() -> None:
    texts = texts_of("sms_spam")
    low = search_texts(texts, "word:3", 0.5)
    for threshold in (0.5, 0.7, 0.8, 1.0):
        again, fresh = low.rethreshold(threshold), search_texts(texts, "word:3", threshold)
        assert pairs_of(again) == pairs_of(fresh)
        assert np.array_equal(again.clusters().label, fresh.clusters().label)
    with pytest.raises(ValueError, match="search again"):
        low.rethreshold(0.4)
    nearest = low.least_similar(3)
    assert nearest.jaccard.tolist() == sorted(low.jaccard().tolist())[:3]
    one, two = (shingle_set(texts[place], "word:3") for place in (nearest.first[0], nearest.second[0]))
    assert nearest.jaccard[0] == len(one & two) / len(one | two)


def test_similarity_of_any_two_texts_of_clusters() -> None:
    texts = texts_of("sms_spam")
    result = search_texts(texts, "word:3", 0.4)
    clusters = result.clusters()
    members = clusters.members()
    beside = [(a, b) for a, b in pairwise(members.tolist()) if clusters.label[a] == clusters.label[b]]
    sets = {place: shingle_set(texts[place], "word:3") for place in members.tolist()}
    wanted = [len(sets[a] & sets[b]) / len(sets[a] | sets[b]) for a, b in beside]
    one, two = np.array(beside).T
    assert result.similarity(one, two).tolist() == wanted
    assert min(wanted) < 0.4


def test_minhash_gives_only_true_pairs_and_measures_what_it_misses() -> None:
    texts = texts_of("reviews_zh")
    exact = search_texts(texts, "char:4", 0.5)
    hashed = search_texts(texts, "char:4", 0.5, method="minhash")
    true, found = pairs_of(exact), pairs_of(hashed)
    assert found.items() <= true.items()
    assert len(found) >= 0.99 * len(true)
    assert hashed.method == "minhash"
    assert hashed.recall is not None
    assert 0.97 <= hashed.recall <= 1
    assert pairs_of(search_texts(texts, "char:4", 0.5, method="minhash", threads=1)) == found


@pytest.mark.parametrize("threshold", [0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.99])
def test_bands_propose_a_pair_at_the_threshold(threshold: float) -> None:
    count, rows = bands(exact_threshold(threshold))
    assert count * rows <= 192
    assert 1 - (1 - threshold**rows) ** count >= 0.995


def test_minhash_is_chosen_only_where_the_exact_join_costs_much_more() -> None:
    sizes = np.full(1000, 5000, np.int32)
    none = np.zeros(1000, np.int64)
    ranked = Ranked(np.arange(1000, dtype=np.int32), sizes, none, none, np.empty(0, np.uint32), 0)
    empty = np.empty(0, np.int32)
    for work, method in ((10**6, "exact"), (10**9, "exact"), (10**12, "minhash")):
        assert choose_method(ranked, Index(np.zeros(1, np.int64), empty, empty, empty, work), exact_threshold(0.5)) == (
            method
        )


def test_shingles_follow_the_script() -> None:
    chinese, english = texts_of("reviews_zh")[:500], texts_of("sms_spam")[:500]
    for texts, spec in ((chinese, "char:5"), (english, "word:5"), ([], "word:5"), ([None, "!"], "word:5")):
        assert str(suited_shingles([pa.array(texts, pa.large_string())])) == spec
    # Only the first ten thousand texts count, however they are cut into batches.
    mixed = pa.array(english * 20 + chinese * 100, pa.large_string())
    assert {str(suited_shingles(mixed.slice(at, n) for at in range(0, len(mixed), n))) for n in (999, 10**6)} == {
        "word:5"
    }


def test_nothing_to_compare() -> None:
    for texts in ([], [None], ["", " "], ["one text alone"]):
        result = search_texts(texts, "word:5", 0.8)
        assert (pairs_of(result), result.clusters().count, result.duplicate_share()) == ({}, 0, 0.0)
