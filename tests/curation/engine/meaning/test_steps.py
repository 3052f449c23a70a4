"""The steps that read the meaning of texts, with the encoder that ships."""

from pathlib import Path

import numpy as np
import pytest

from curation.engine.plan import PlanError
from curation.engine.preview import preview_plan
from curation.engine.steps.base import StepError
from curation.engine.steps.select_items import parse_ranges, write_ranges
from tests.curation.engine.stepping import Result, step, table, texts

CARDS = ["My bank card has not arrived yet", "My bank card still hasn't arrived!", "How do I exchange euros?"]
ROWS = table(text=texts(*CARDS, "", None, "The card for my bank account is not here yet, it has not arrived"))
ROLES = {"text": "text"}


@pytest.fixture(autouse=True)
def _models(cache_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_MODEL_CACHE", str(cache_dir))


def test_texts_that_mean_the_same_become_one_question() -> None:
    found = Result(ROWS, step("semantic_duplicates", threshold=0.8), ROLES)
    assert found.ids == [1, 2, 3, 4, 5, 6]
    assert [item for item, _code, _detail in found.found] == [1, 2, 6]
    assert set(found.groups) == {1}
    assert found.found[2] == (6, "semantic_duplicate", "stays for its group")
    assert found.found[0][2].endswith("like item 6")
    assert found.notes["without_text"] == 2
    assert found.notes["encoder"]["name"] == "minilm"


def test_the_first_or_the_longest_stays() -> None:
    longest = Result(ROWS, step("semantic_duplicates", threshold=0.8, action="drop"), ROLES)
    assert longest.ids == [3, 4, 5, 6]
    assert longest.drops[0][1] == "semantic_duplicate"
    first = Result(ROWS, step("semantic_duplicates", threshold=0.8, action="drop", keep="first"), ROLES)
    assert first.ids == [1, 3, 4, 5]


def test_texts_of_another_kind_are_outliers() -> None:
    forms = ("Where is my {}?", "I lost my {}", "my {} was stolen", "Please send a new {}", "When will my {} come?")
    nouns = ("card", "bank card", "debit card", "credit card", "visa card")
    alike = [form.format(noun) for form in forms for noun in nouns]
    rows = table(text=texts(*alike, "The mitochondria of yeast cells divide in spring"))
    found = Result(rows, step("meaning_outliers"), ROLES)
    assert (26, "meaning_outlier") in [(item, code) for item, code, _detail in found.found]
    assert len(found.found) <= 3
    dropped = Result(rows, step("meaning_outliers", action="drop"), ROLES)
    assert 26 not in dropped.ids


def test_off_topic_is_what_is_near_no_topic() -> None:
    rows = table(text=texts("The pizza was cold", "Great pasta, will come again", "My card has not arrived", None))
    found = Result(rows, step("off_topic", topics=["food in a restaurant"], least=0.2, action="drop"), ROLES)
    assert found.ids == [1, 2, 4]
    assert found.drops[0][:2] == (3, "off_topic")
    assert set(found.notes["nearness_quantiles"]) == {"1%", "5%", "25%", "50%"}
    assert Result(rows, step("off_topic"), ROLES).found == []


def test_chinese_texts_get_the_multilingual_encoder() -> None:
    rows = table(text=texts("房间很干净，服务也好", "房间干净，服务很好", "银行卡还没有寄到 😀"))
    found = Result(rows, step("semantic_duplicates", threshold=0.95), ROLES)
    assert [item for item, _code, _detail in found.found] == [1, 2]
    assert found.notes["encoder"]["name"] == "e5-small"


def test_a_diverse_sample_has_one_of_each_kind() -> None:
    found = Result(ROWS, step("sample", rows=2, strategy="diverse"), ROLES)
    assert len(found.ids) == 2
    assert 3 in found.ids


@pytest.mark.parametrize(
    ("name", "params", "words"),
    [
        ("semantic_duplicates", {"threshold": 0}, "threshold is 0"),
        ("semantic_duplicates", {"encoder": "/etc/passwd"}, "choose one of auto, minilm"),
        ("meaning_outliers", {"method": "magic"}, "method is 'magic'"),
        ("off_topic", {"topics": [" "]}, "topics holds an empty text"),
        ("sample", {"rows": 2, "strategy": "diverse", "column": "text"}, "diverse sample"),
        ("select_items", {"items": "3-1"}, "items has '3-1'"),
        ("select_items", {"action": "mark"}, "mark needs a word"),
    ],
)
def test_wrong_parameters_are_named(name: str, params: dict, words: str) -> None:
    with pytest.raises(PlanError, match=words):
        step(name, **params)


def test_without_text_the_step_says_so_and_empty_input_gives_nothing() -> None:
    with pytest.raises(StepError, match="No column has the role text"):
        Result(ROWS, step("semantic_duplicates"))
    for name in ("semantic_duplicates", "meaning_outliers"):
        assert Result(ROWS.slice(3, 2), step(name), ROLES).ids == [4, 5]


def test_a_preview_leaves_them_out_and_says_why() -> None:
    from curation.engine.plan import Plan

    plan = Plan.from_json({"steps": [{"name": "semantic_duplicates", "params": {}}]})
    (preview,) = preview_plan(plan, ROWS, ROLES)
    assert "takes too long for a preview" in preview.error


def test_chosen_items_are_kept_dropped_or_marked() -> None:
    rows = table(text=texts(*"abcde"))
    assert Result(rows, step("select_items", items="2-3,5")).ids == [2, 3, 5]
    assert Result(rows, step("select_items", items="2-3,5", action="drop")).ids == [1, 4]
    marked = Result(rows, step("select_items", items="9,1", action="mark", word="好"))
    assert [row["tag"] for row in marked.rows] == ["好", None, None, None, None]
    assert marked.changed == 1
    again = Result(
        marked.table.add_column(0, "x", marked.table["tag"]), step("select_items", items="2", action="mark", word="w")
    )
    assert [row["tag"] for row in again.rows] == ["好", "w", None, None, None]
    assert Result(rows, step("select_items")).ids == [1, 2, 3, 4, 5]


def test_ranges_are_written_as_they_are_read() -> None:
    items = np.array([9, 1, 2, 3, 12, 11, 9])
    assert write_ranges(items) == "1-3,9,11-12"
    firsts, lasts = parse_ranges("11-12, 9,1-3,2")
    assert (firsts.tolist(), lasts.tolist()) == ([1, 9, 11], [3, 9, 12])
    assert write_ranges(np.empty(0, np.int64)) == ""
