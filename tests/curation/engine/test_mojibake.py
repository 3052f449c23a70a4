import pyarrow as pa
import pyarrow.compute as pc
from ftfy.badness import MOJIBAKE_CATEGORIES, is_bad
from hypothesis import given
from hypothesis import strategies as st

from curation.engine.steps.mojibake import SUSPECT, RepairMojibake
from tests.curation.engine.tiny import apply


def test_wrong_decodings_are_undone_and_the_rest_stays() -> None:
    texts = [
        "sÃ³",
        "l’humanitÃ©",
        "ä½\xa0å¥½",
        "æ\x98¯ð\x9f\x98\x80",
        "só, naïve, “quotes” — fine…",
        "你好，“世界”——😀",
        "&amp; ＡＢＣ ﬁ",
        "",
        None,
    ]
    result = apply(RepairMojibake(), texts)
    assert list(result.kept.values()) == ["só", "l’humanité", "你好", "是😀", *texts[4:]]
    assert result.changed == 4


def test_clean_rows_are_not_copied() -> None:
    result = apply(RepairMojibake(), ["plain", "“你好”…——", "😀"])
    assert (result.changed, result.kept) == (0, {1: "plain", 2: "“你好”…——", 3: "😀"})


# Characters out of ftfy's own classes, and innocent ones between them.
LETTERS = "".join(MOJIBAKE_CATEGORIES.values()).replace("-", "") + "aZ ?!中文“”‘’…—–·ÂÃÎÐ√≈‚āβ×ØÙàŒœ°€вЂГ"


@given(st.text(alphabet=LETTERS, max_size=6))
def test_the_cheap_test_lets_every_broken_text_through(text: str) -> None:
    if is_bad(text):
        assert pc.match_substring_regex(pa.array([text]), SUSPECT).to_pylist() == [True]
