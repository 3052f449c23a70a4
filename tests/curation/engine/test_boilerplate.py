import pytest

from curation.engine.steps.boilerplate import DropBoilerplateLines
from tests.curation.engine.tiny import apply

MENU = "Home | About"
TEXTS = [
    f"{MENU}\nThe first text.\n© 2024  Shop",
    "HOME |  about\nThe second text.\nＨｏｍｅ | About",
    f"  {MENU}  \n© 2024 Shop",
    f"第一行\n{MENU}\n© 2024 Shop",
    "The first text.\nAnd more 😀",
    MENU,
    "",
    None,
]


def test_lines_that_many_texts_share_go() -> None:
    result = apply(DropBoilerplateLines(min_items=3), TEXTS)
    assert result.kept == {
        1: "The first text.",
        2: "The second text.",
        4: "第一行",
        5: "The first text.\nAnd more 😀",
        6: MENU,
        7: "",
        8: None,
    }
    assert result.drops == [(3, "only_boilerplate", "")]
    assert result.changed == 3


def test_a_line_counts_once_a_text() -> None:
    assert apply(DropBoilerplateLines(min_items=2), ["x y\nx y\nx y", "a\nb"]).changed == 0


def test_a_message_of_one_line_is_no_boilerplate() -> None:
    assert apply(DropBoilerplateLines(min_items=2), ["Happy new year!"] * 9).drops == []


def test_a_share_raises_the_number() -> None:
    texts = [f"shared\ntext {number}" for number in range(5)] + [f"other\ntext {number}" for number in range(5, 10)]
    assert apply(DropBoilerplateLines(min_items=2, min_share=0.5), texts).changed == 10
    assert apply(DropBoilerplateLines(min_items=2, min_share=0.51), texts).changed == 0


def test_short_lines_stay() -> None:
    texts = ["}\none", "}\ntwo", "}\nthree"]
    assert apply(DropBoilerplateLines(min_items=2), texts).changed == 0
    assert apply(DropBoilerplateLines(min_items=2, min_chars=0), texts).changed == 3


@pytest.mark.parametrize("batch", [1, 3, 100])
def test_batches_do_not_matter(batch: int) -> None:
    whole = apply(DropBoilerplateLines(min_items=3), TEXTS)
    assert apply(DropBoilerplateLines(min_items=3), TEXTS, batch=batch).table.equals(whole.table)


def test_counts_are_exact_where_buckets_are_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """With one bucket every line is a candidate, and the second pass has to tell them apart."""
    monkeypatch.setattr("curation.engine.steps.boilerplate._BUCKETS", 1)
    assert apply(DropBoilerplateLines(min_items=3), TEXTS).drops == [(3, "only_boilerplate", "")]


def test_one_text_is_not_many() -> None:
    with pytest.raises(ValueError, match="min_items is 1; it must be at least 2"):
        DropBoilerplateLines(min_items=1)
