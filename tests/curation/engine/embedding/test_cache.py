"""The cache of vectors: what was stored is found again, by whomever and after whatever."""

import multiprocessing
import time

import numpy as np
import pytest

from curation.engine.embedding.cache import VectorCache, text_keys


def vectors_of(numbers):
    """Return [n, 2] vectors that say which text they belong to; exact in half precision."""
    return np.array([[number, -number] for number in numbers], np.float16)


def looked_up(cache, names):
    out = np.zeros((len(names), cache.width), np.float32)
    found = cache.get(text_keys(names), out)
    return [out[row].tolist() if found[row] else None for row in range(len(names))]


def test_only_stored_vectors_are_found(tmp_path):
    VectorCache(tmp_path, "f" * 64, 2).put(text_keys(["x", "猫 🐱"]), vectors_of([1, 2]))
    assert looked_up(VectorCache(tmp_path, "f" * 64, 2), ["猫 🐱", "z", "x"]) == [[2, -2], None, [1, -1]]
    assert looked_up(VectorCache(tmp_path, "e" * 64, 2), ["x"]) == [None]
    assert looked_up(VectorCache(tmp_path, "f" * 64, 3), ["x"]) == [None]


def test_fewer_numbers_than_stored_can_be_asked_for(tmp_path):
    cache = VectorCache(tmp_path, "f" * 64, 2)
    cache.put(text_keys(["x"]), vectors_of([3]))
    out = np.zeros((1, 1), np.float32)
    assert cache.get(text_keys(["x"]), out).all()
    assert out.tolist() == [[3.0]]


def test_many_small_segments_become_few_and_nothing_is_lost(tmp_path):
    cache = VectorCache(tmp_path, "f" * 64, 2)
    names = [f"text {number}" for number in range(200)]
    for number, name in enumerate(names):
        cache.put(text_keys([name]), vectors_of([number]))
    assert len(list(cache.folder.glob("*.key"))) < 24
    assert len(cache) == 200
    assert looked_up(cache, names) == [[number, -number] for number in range(200)]


def test_forgetting_keeps_the_living_and_what_is_new(tmp_path):
    cache = VectorCache(tmp_path, "f" * 64, 2)
    cache.put(text_keys(["living", "dead"]), vectors_of([1, 2]))
    assert cache.forget(text_keys(["living"]), before=time.time() - 60) == 0
    assert cache.forget(text_keys(["living"]), before=time.time() + 60) == 1
    assert looked_up(cache, ["living", "dead"]) == [[1, -1], None]
    assert cache.forget(text_keys([]), before=time.time() + 60) == 1
    assert len(cache) == 0


def test_erased_contents_are_gone_from_every_segment(tmp_path):
    cache = VectorCache(tmp_path, "f" * 64, 2)
    cache.put(text_keys(["a", "b"]), vectors_of([1, 2]))
    cache.put(text_keys(["a", "c"]), vectors_of([1, 3]))
    assert cache.erase(text_keys(["a"])) == 2
    assert looked_up(cache, ["a", "b", "c"]) == [None, [2, -2], [3, -3]]


def test_a_writer_killed_before_its_last_rename_leaves_nothing_that_is_read(tmp_path):
    cache = VectorCache(tmp_path, "f" * 64, 2)
    (cache.folder / "00000000000000000001-aa.vec").write_bytes(b"\0" * 3)
    (cache.folder / "00000000000000000001-aa.part").write_bytes(b"\0" * 5)
    assert looked_up(cache, ["x"]) == [None]


def test_vectors_of_another_width_are_refused(tmp_path):
    with pytest.raises(ValueError, match="2"):
        VectorCache(tmp_path, "f" * 64, 2).put(text_keys(["x"]), np.zeros((1, 3), np.float16))


def _write_many(folder, first):
    cache = VectorCache(folder, "f" * 64, 2)
    for number in range(first, first + 60):
        cache.put(text_keys([f"text {number}"]), vectors_of([number]))
        if looked_up(cache, [f"text {number}"]) != [[number, -number]]:
            raise SystemExit(3)


def test_writers_beside_each_other_lose_nothing(tmp_path):
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write_many, args=(tmp_path, first)) for first in (0, 60, 120)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    names = [f"text {number}" for number in range(180)]
    assert looked_up(VectorCache(tmp_path, "f" * 64, 2), names) == [[number, -number] for number in range(180)]
