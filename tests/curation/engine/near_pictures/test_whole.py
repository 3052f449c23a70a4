import numpy as np
from numpy.typing import NDArray

from curation.engine.near_pictures.hashing import hashes, moved
from curation.engine.near_pictures.parts import PartsIndex, PointKeys
from curation.engine.near_pictures.whole import NEAR, WholeIndex, radius_for


def keys(count: int, seed: int = 1) -> NDArray[np.uint64]:
    random = np.random.default_rng(seed)
    return np.frombuffer(random.bytes(8 * count), np.uint64).copy()


def test_the_index_finds_what_comparing_all_with_all_finds_up_to_the_guaranteed_distance() -> None:
    short = keys(1500)
    for place in range(500):  # copies with 0 to 20 bits changed
        flips = np.random.default_rng(place).choice(64, place % 21, replace=False)
        short[1000 + place] = short[place] ^ np.uint64(sum(1 << int(bit) for bit in flips))
    pairs = WholeIndex(short, np.repeat(short[:, None], 4, axis=1)).pairs(
        short, np.repeat(short[:, None], 4, axis=1), 0, len(short), 1500
    )
    apart = np.bitwise_count(short[:, None] ^ short[None, :])
    ones, twos = np.nonzero(np.triu((apart <= 15), 1))
    got = set(map(tuple, pairs.tolist()))
    assert len(got) == len(pairs)
    assert set(zip(ones.tolist(), twos.tolist(), strict=True)) <= got
    assert all(apart[one, two] <= NEAR for one, two in got)
    assert radius_for(1500) == 3


def test_fewer_bits_may_differ_where_there_are_more_pictures() -> None:
    assert [radius_for(count) for count in (10_000, 1_000_000, 10_000_000)] == [3, 2, 1]


def test_a_mirrored_picture_has_the_hash_of_its_mirror_image() -> None:
    small = np.random.default_rng(3).integers(0, 256, (1, 64, 64), np.uint8)
    for move in range(8):
        back = {1: 3, 3: 1}.get(move, move)
        assert np.array_equal(moved(moved(small, move), back), small)
    plain, mirrored = hashes(small)[1], hashes(moved(small, 4))[1]
    assert 80 < int(np.bitwise_count(plain ^ mirrored).sum()) < 176
    assert int(np.bitwise_count(plain ^ hashes(moved(moved(small, 4), 4))[1]).sum()) == 0


def points(angle: int) -> PointKeys:
    random = np.random.default_rng(7)
    bits = np.frombuffer(random.bytes(2 * 96 * 32), np.uint64).reshape(2, 96, 4).copy()
    return PointKeys(bits, np.full((2, 96), angle, np.uint8), np.array([3, 96], np.int32))


def test_points_agree_only_at_the_turn_that_is_asked_for() -> None:
    index = PartsIndex(points(10))
    assert index.pairs(points(10), 0, 2, 0, 2).tolist() == [[0, 0], [1, 1]]
    assert index.pairs(points(74), 0, 2, 0, 2).tolist() == []
    assert index.pairs(points(74), 0, 2, 64, 2).tolist() == [[0, 0], [1, 1]]
    assert index.pairs(points(250), 0, 2, 0, 2).tolist() == [[0, 0], [1, 1]]
    assert index.pairs(points(10), 0, 2, 0, 4).tolist() == [[1, 1]]
