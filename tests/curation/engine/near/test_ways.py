"""One array, shards over files, DuckDB and PySpark find the same pairs and clusters, to the last one."""

import csv
import gzip
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.demo import SETS
from curation.engine.near.regroup import regroup
from curation.engine.near.relations import duckdb_connection, search_relations, spark_connection
from curation.engine.near.result import NearDuplicates
from curation.engine.near.search import Search
from curation.engine.near.shards import LocalShards, do_shard
from curation.engine.near.shingles import Shingles
from curation.engine.near.space import Space
from curation.engine.near.spill import ShardPlan
from tests.curation.engine.near.judge import true_clusters, true_pairs

# ibis 12 calls DuckDB 2 by a name that is going to change.
pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")
ROOT = Path(__file__).resolve().parents[4]
DATA = ROOT / "tests" / "data" / "near"
# Name, shingles, threshold: English documents, short messages, Chinese by character, a low threshold with many pairs.
COLLECTIONS = [
    ("licenses", "word:5", 0.7),
    ("licenses", "char:5", 0.5),
    ("sms_spam", "word:3", 0.6),
    ("sms_spam", "char:4", 0.8),
    ("reviews_zh", "char:5", 0.6),
    ("reviews_zh", "char:3", 0.4),
    ("reviews_zh", "char:5", 1.0),
]
VOCABULARY = ["a", "B", "b", "Straße", "İx", "ΟΔΟΣ", "中文", "中", "😀", "é", "3"]
Way = Callable[[list[str], Shingles, float, Path], NearDuplicates]


def texts_of(name: str) -> list[str]:
    if name == "licenses":
        with gzip.open(DATA / "licenses.jsonl.gz", "rt", encoding="utf-8") as lines:
            return [json.loads(line)["text"] for line in lines]
    with gzip.open(SETS[name].path, "rt", encoding="utf-8", newline="") as lines:
        # Texts that say nothing, and one twice with a long way between them, go through all ways too.
        return ["", "!!!", *(row["text"] for row in csv.DictReader(lines)), "", "hello 你好 hello"][:6000]


def batches(texts: list[str | None]) -> list[pa.Array]:
    return [pa.array(texts[at : at + 1500], pa.large_string()) for at in range(0, len(texts), 1500)]


def spilled(texts: list[str], shingles: Shingles, threshold: float, folder: Path) -> NearDuplicates:
    result = Search(shingles, threshold).run(batches(texts), space=Space(folder / "space", 1 << 16))
    assert result.figures["shards"] > 8
    return result


def with_duckdb(texts: list[str], shingles: Shingles, threshold: float, folder: Path) -> NearDuplicates:
    with duckdb_connection(folder, 300 << 20) as connection:
        return search_relations(batches(texts), shingles, threshold, connection, folder / "tables")


def with_spark(texts: list[str], shingles: Shingles, threshold: float, folder: Path) -> NearDuplicates:
    with spark_connection("local[2]") as connection:
        return search_relations(batches(texts), shingles, threshold, connection, folder / "tables")


def assert_same(one: NearDuplicates, other: NearDuplicates) -> None:
    for name in ("group", "sizes", "left", "right", "overlap"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    clusters = one.clusters()
    assert np.array_equal(clusters.label, other.clusters().label)
    members = clusters.members()
    beside = clusters.label[members[1:]] == clusters.label[members[:-1]]
    first, second = members[:-1][beside], members[1:][beside]
    assert np.array_equal(one.similarity(first, second), other.similarity(first, second))
    assert (one.recall, other.recall) == (1.0, 1.0)


@pytest.mark.parametrize("way", [spilled, with_duckdb])
@pytest.mark.parametrize(("name", "spec", "threshold"), COLLECTIONS)
def test_all_ways_find_the_same(way: Way, name: str, spec: str, threshold: float, tmp_path: Path) -> None:
    texts = texts_of(name)
    one = Search(Shingles.parse(spec), threshold).run(batches(texts))
    assert len(one.left) > 10 or threshold == 1.0
    assert_same(one, way(texts, Shingles.parse(spec), threshold, tmp_path))


@pytest.mark.skipif(importlib.util.find_spec("pyspark") is None, reason="PySpark is not installed: see make test-spark")
@pytest.mark.skipif(shutil.which("java") is None, reason="PySpark needs Java, and there is none")
@pytest.mark.parametrize(("name", "spec", "threshold"), COLLECTIONS[::2])
def test_spark_finds_the_same(name: str, spec: str, threshold: float, tmp_path: Path) -> None:
    texts = texts_of(name)[:2000]
    one = Search(Shingles.parse(spec), threshold).run(batches(texts))
    assert_same(one, with_spark(texts, Shingles.parse(spec), threshold, tmp_path))


@settings(max_examples=8, deadline=None)
@given(
    texts=st.lists(st.lists(st.sampled_from(VOCABULARY), max_size=9).map(" ".join), min_size=1, max_size=25),
    spec=st.sampled_from(["word:1", "word:2", "char:1", "char:2"]),
    threshold=st.sampled_from(["0.1", "0.333333", "0.5", "0.7", "0.75", "1.0"]),
)
def test_ways_agree_with_the_definition(
    texts: list[str], spec: str, threshold: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("ways")
    wanted = true_pairs(texts, spec, threshold)
    shards = Search(Shingles.parse(spec), float(threshold)).run(batches(texts), space=Space(folder / "space", 1))
    for result in (shards, with_duckdb(texts, Shingles.parse(spec), float(threshold), folder)):
        found = result.text_pairs()
        assert dict(
            zip(zip(found.first.tolist(), found.second.tolist(), strict=True), found.jaccard.tolist(), strict=True)
        ) == (wanted)
        assert result.clusters().label.tolist() == true_clusters(wanted, len(texts))


@pytest.mark.parametrize("limit", [3, 10])
def test_shards_with_too_many_pairs_still_give_the_same_clusters(limit: int, tmp_path: Path) -> None:
    texts = texts_of("reviews_zh")[:4000]
    full = Search(Shingles("char", 3), 0.3).run(batches(texts))
    search = Search(Shingles("char", 3), 0.3, pair_limit=limit)
    few = search.run(batches(texts), space=Space(tmp_path / "space", 1 << 16))
    assert (full.listed, few.listed) == (True, False)
    assert np.array_equal(full.clusters().label, few.clusters().label)
    assert len(few.left) < len(few.sizes)


def test_duckdb_says_when_memory_is_too_little(tmp_path: Path) -> None:
    texts, shingles = batches(texts_of("licenses")), Shingles("char", 5)
    too_little = pytest.raises(ValueError, match="cannot do this join within 8 MB")
    with too_little, duckdb_connection(tmp_path, 8 << 20) as connection:
        search_relations(texts, shingles, 0.5, connection, tmp_path / "tables")


class Stopped(Exception):
    pass


def test_what_is_done_is_not_done_again(tmp_path: Path) -> None:
    texts, search = texts_of("sms_spam"), Search(Shingles("word", 3), 0.6)
    folder = tmp_path / "space"
    before: dict[Path, int] = {}
    for stage, most in (("count", 3), ("join", 2)):

        def check(stage: str = stage, most: int = most) -> None:
            if len(list(folder.glob(f"{stage}-*"))) >= most:
                raise Stopped

        with pytest.raises(Stopped):
            search.run(batches(texts), space=Space(folder, 1 << 16, LocalShards(check)))
        done = {path: path.stat().st_ino for path in folder.glob("[cj]*-*")}
        assert len([path for path in done if path.name.startswith(stage)]) == most
        assert before.items() <= done.items() or stage == "join"
        before = done
    (folder / "hashes").mkdir()
    result = search.run(batches(texts), space=Space(folder, 1 << 16))
    assert before.items() <= {path: path.stat().st_ino for path in folder.glob("join-*")}.items()
    assert_same(Search(Shingles("word", 3), 0.6).run(batches(texts)), result)


def test_another_input_or_threshold_begins_anew(tmp_path: Path) -> None:
    first, second = texts_of("sms_spam")[:3000], texts_of("sms_spam")[3000:]
    for texts, threshold, source in ((first, 0.6, "a"), (first, 0.8, "a"), (second, 0.8, "b")):
        space = Space(tmp_path / "space", 1 << 14, source=source)
        result = Search(Shingles("word", 3), threshold).run(batches(texts), space=space)
        assert_same(Search(Shingles("word", 3), threshold).run(batches(texts)), result)
    with pytest.raises(ValueError, match="interrupted search had"):
        Search(Shingles("word", 3), 0.8).run(batches(first), space=Space(tmp_path / "space", 1 << 14, source="b"))


def test_a_shard_done_twice_at_once_is_one_shard(tmp_path: Path) -> None:
    texts, folder = texts_of("sms_spam"), tmp_path / "space"
    with pytest.raises(FileNotFoundError, match="no search"):
        do_shard(tmp_path, "count", 0)
    Search(Shingles("word", 3), 0.6).run(batches(texts), space=Space(folder, 1 << 16))
    plan = ShardPlan.read(folder)
    assert plan is not None
    assert not do_shard(folder, "join", 1)
    pairs = np.load(folder / "join-0001" / "pairs.npy")
    shutil.rmtree(folder / "join-0001")
    assert do_shard(folder, "join", 1, threads=1)
    assert np.array_equal(np.load(folder / "join-0001" / "pairs.npy"), pairs)
    regroup(folder, plan, 1 << 16)
    assert not list(folder.glob(".*"))


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.curation.engine.near.test_ways import batches, texts_of
from curation.engine.near.search import Search
from curation.engine.near.shards import LocalShards
from curation.engine.near.shingles import Shingles
from curation.engine.near.space import Space
folder = Path(sys.argv[1])
def check():
    if len(list(folder.glob("join-*"))) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
Search(Shingles("char", 5), 0.6).run(batches(texts_of("reviews_zh")), space=Space(folder, 1 << 18, LocalShards(check)))
"""


def test_a_killed_search_goes_on_after_its_last_shard(tmp_path: Path) -> None:
    folder = tmp_path / "space"
    child = subprocess.run(
        [sys.executable, "-c", KILLED, str(folder)], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert child.returncode == -signal.SIGKILL
    done = {path: path.stat().st_ino for path in folder.glob("join-*")}
    assert len(done) == 3
    texts = texts_of("reviews_zh")
    result = Search(Shingles("char", 5), 0.6).run(batches(texts), space=Space(folder, 1 << 18))
    assert done.items() <= {path: path.stat().st_ino for path in folder.glob("join-*")}.items()
    assert_same(Search(Shingles("char", 5), 0.6).run(batches(texts)), result)
