import pytest

from curation.engine.steps.base import Context, StepError
from curation.engine.steps.language import DetectLanguage
from tests.curation.engine.tiny import apply

TEXTS = [
    "I would like to know when my new card arrives.",
    "这本书的内容很好，值得一读，推荐给大家。",
    "這本書的內容很好，值得一讀，推薦給大家。",
    "Ich möchte wissen, wann meine neue Karte ankommt.",
    "I WOULD LIKE TO KNOW WHEN MY NEW CARD ARRIVES.",
    "ok",
    "12345 67890 😀😀😀",
    "",
    None,
]


def test_languages_become_two_columns() -> None:
    result = apply(DetectLanguage(), TEXTS)
    codes = result.table["language"].to_pylist()
    assert codes == ["en", "zh", "zh", "de", "en", "und", "und", "und", "und"]
    scores = result.table["language_score"].to_pylist()
    assert all(0.9 < score <= 1 for score in scores[:5])
    assert scores[5:] == [0, 0, 0, 0]
    assert result.drops == []


def test_other_languages_are_dropped_and_short_texts_stay() -> None:
    result = apply(DetectLanguage(allowed=("en", "zh")), TEXTS)
    assert list(result.kept) == [1, 2, 3, 5, 6, 7, 8, 9]
    assert [(item, reason, detail[:4]) for item, reason, detail in result.drops] == [
        (4, "language_not_allowed", "de (")
    ]
    strict = apply(DetectLanguage(allowed=("en",), drop_undecided=True), TEXTS)
    assert list(strict.kept) == [1, 5]
    assert [reason for item, reason, _detail in strict.drops if item > 5] == ["language_undecided"] * 4


def test_the_languages_that_can_occur_decide_short_texts() -> None:
    text = ["u r so gud m8 c u l8r den ya"]
    assert apply(DetectLanguage(among=("en", "zh")), text).table["language"].to_pylist() == ["en"]


def test_columns_of_these_names_are_replaced() -> None:
    once = apply(DetectLanguage(), TEXTS[:2]).table
    twice = DetectLanguage().apply(once, None, Context({"text": "text"}))
    assert twice.kept.equals(once)


def test_batches_do_not_matter() -> None:
    assert apply(DetectLanguage(), TEXTS, batch=2).table.equals(apply(DetectLanguage(), TEXTS).table)


def test_an_unknown_language_is_named() -> None:
    with pytest.raises(StepError, match=r"The language english is not known\. Known are aa?"):
        apply(DetectLanguage(allowed=("english",)), TEXTS)
    with pytest.raises(ValueError, match="fr is allowed but not among"):
        DetectLanguage(allowed=("fr",), among=("en",))


def test_scores_are_those_of_the_library() -> None:
    from py3langid.langid import LanguageIdentifier

    library = LanguageIdentifier.from_model_file("data/model.npz.xz", norm_probs=True)
    table = apply(DetectLanguage(min_score=0.0), TEXTS[:5]).table
    for text, code, score in zip(
        TEXTS, table["language"].to_pylist(), table["language_score"].to_pylist(), strict=False
    ):
        name, probability = library.classify(text)
        # Cantonese and Wu are Chinese here, so that a Chinese text is at least as sure.
        assert code == name
        assert score == pytest.approx(probability, abs=0.001) or (code == "zh" and score > probability)
