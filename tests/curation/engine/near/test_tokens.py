"""The kernels read Unicode as Python does: every code point, and the two letters whose lower case is no table."""

import random

import numpy as np
import pyarrow as pa
import pytest

from curation.engine.near.alphabet import CASED, LETTER, SPACE, WORD, alphabet
from curation.engine.near.shingles import Shingles, exact_threshold
from curation.engine.near.tokens import letters_and_cjk, shingle_sets
from tests.curation.engine.near.judge import shingle_set, tokens

POOL = "abcXYZ09_ .'ΣΣΣσςαΑİIıß中文。カ한글😀é́\u0307\u00ad\u200dⅧ½①ʰ\n\u3000ǅ\u0345"


def hashes(texts: list[str], spec: str) -> list[frozenset[int]]:
    values, sizes, _prints = shingle_sets(pa.array(texts, pa.large_string()), Shingles.parse(spec))
    return [frozenset(part.tolist()) for part in np.split(values, np.cumsum(sizes)[:-1])]


def test_the_tables_say_what_python_says_of_every_code_point() -> None:
    tables = alphabet()
    for bit, test in ((WORD, str.isalnum), (SPACE, str.isspace), (LETTER, str.isalpha)):
        assert [code for code in range(0x110000) if test(chr(code)) != bool(tables.classes[code] & bit)] == []
    cased = {code for code in range(0x110000) if chr(code).lower() != chr(code) or chr(code).upper() != chr(code)}
    assert {code for code in cased if not tables.classes[code] & CASED} <= {0x345, *range(0x2160, 0x2180)}
    alone = [code for code in range(0x110000) if code != 0x130]
    assert [code for code in alone if ord(chr(code).lower()) != tables.lower[code]] == []


@pytest.mark.parametrize("kind", ["word", "char"])
def test_tokens_are_those_of_the_judge(kind: str) -> None:
    rng = random.Random(3)
    texts = ["".join(rng.choices(POOL, k=rng.randint(0, 12))) for _ in range(4000)]
    everything = [*range(0x20, 0xD800), *range(0xE000, 0x110000)]
    texts += ["".join(map(chr, rng.choices(everything, k=20))) for _ in range(1000)]
    name: dict[str, int] = {}
    for text, found in zip(texts, hashes(texts, f"{kind}:1"), strict=True):
        wanted = set(tokens(text, kind))
        assert len(found) == len(wanted), text
        for token in wanted:
            if token not in name:
                (name[token],) = hashes([token], f"{kind}:1")[0]
        assert found == {name[token] for token in wanted}, text
    assert len(set(name.values())) == len(name)


@pytest.mark.parametrize(
    ("one", "two", "spec", "same"),
    [
        ("Hello, WORLD!", "hello world", "word:2", True),
        ("straße_weg", "Straße Weg", "word:2", True),
        ("İzmir", "i\u0307zmir", "word:1", True),
        ("ΟΔΟΣ ΟΔΟΣ", "οδος οδος", "word:2", True),
        ("\u212aELVIN ABCDEFG\u212aXYZ ABCDEF\u212a", "kelvin abcdefgkxyz abcdefk", "word:2", True),
        ("ABCDEFGHİJ", "abcdefghi\u0307j", "word:1", True),
        ("abcdefghé", "abcdefghè", "word:1", False),
        ("abcdefgh", "abcdefghabcdefgh", "word:1", False),
        ("ΟΔΟΣ", "οδοσ", "word:1", False),
        ("你好，世界", "你好 世界", "word:2", True),
        ("你好，世界", "你好世界", "char:2", False),
        ("你 好\u3000世\n界", "你好世界", "char:3", True),
        ("👩‍👩‍👧", "👩 \u200d👩\u200d👧", "char:2", True),
        ("one two", "two one", "word:2", False),
        ("one two", "one two three", "word:5", False),
        ("a b", "ab", "word:5", False),
    ],
)
def test_texts_have_the_same_set_or_not(one: str, two: str, spec: str, same: bool) -> None:
    first, second = hashes([one, two], spec)
    assert (shingle_set(one, spec) == shingle_set(two, spec)) is same
    assert (first == second) is same


def test_a_short_text_has_one_shingle_and_a_text_without_tokens_none() -> None:
    assert [len(found) for found in hashes(["", "  ", "?!", "one", "one two", "one two three four"], "word:3")] == [
        0, 0, 0, 1, 1, 2,
    ]  # fmt: skip
    assert [len(found) for found in hashes(["", " \u3000", "?!", "好"], "char:3")] == [0, 0, 1, 1]


def test_slices_and_missing_texts_are_read_where_they_stand() -> None:
    whole = pa.array(["x", "one two", None, "three"], pa.large_string())
    values, sizes, _prints = shingle_sets(whole.slice(1), Shingles("word", 1))
    assert sizes.tolist() == [2, 0, 1]
    assert len(values) == 3


def test_broken_utf8_is_refused_before_a_kernel_reads_it() -> None:
    broken = pa.array([b"good", b"cut \xe4\xbd"], pa.large_binary()).cast(pa.large_string(), safe=False)
    with pytest.raises(ValueError, match="not valid UTF-8"):
        shingle_sets(broken, Shingles("word", 1))


def test_letters_are_counted_by_script() -> None:
    assert letters_and_cjk(pa.array(["ab 12", "中文カ", "한"], pa.large_string())) == (6, 3)


@pytest.mark.parametrize("spec", ["word", "word:0", "char:100", "byte:5", "word:5 "])
def test_other_shingles_are_refused(spec: str) -> None:
    with pytest.raises(ValueError, match="write word:K or char:K"):
        Shingles.parse(spec)


@pytest.mark.parametrize("value", [0.0, -0.1, 1.01, float("nan"), float("inf"), 0.12345678])
def test_other_thresholds_are_refused(value: float) -> None:
    with pytest.raises(ValueError):
        exact_threshold(value)
