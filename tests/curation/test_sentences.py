"""Every sentence that the engine says to people is found in the tables of `curation.sentences`, with its values."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from django.utils import translation

from curation.engine.plan import Plan
from curation.engine.plan_check import check_plan
from curation.engine.preview import preview_plan
from curation.sentences import in_words, understand
from curation.sentences.of_readers import PHRASES, READERS
from curation.sentences.of_steps import DETAILS, MEASURED, PLANS, SEARCH, STEPS

ENGINE = Path(__file__).resolve().parents[2] / "curation" / "engine"
# Folders and files whose errors reach people on a page; the shell's commands and the URL guard speak to operators.
SPEAKING = ["steps", "readers", "linkage", "plan.py", "preview.py", "decisions.py", "encoders.py", "language_model.py"]
RAISED = {"StepError", "PlanError", "ReadError", "RefusedRow", "VerdictError", "ConditionError", "warn"}
# Raised and caught inside the engine, or never about what people gave.
INNER = {"depth limit exceeded."}
# What stands before a sentence that is known for itself, and a warning with a part that is often empty.
JOINED = {
    "value0: value2.",
    "Step 7 (split), column: value2.",
    "Ids of column value1 used more than oncevalue3: value5.",
}


def calls(path: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in RAISED or (name == "ValueError" and path.parent.name in {"steps", "linkage"}):
                yield node


def filled(node: ast.expr) -> str | None:
    """Return a string of the source with a probe in the place of each value; None when it is no sentence."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = enumerate(node.values)
        return "".join(str(each.value) if isinstance(each, ast.Constant) else f"value{place}" for place, each in parts)
    return None


def sentences() -> list[tuple[str, str]]:
    paths = [path for name in SPEAKING for path in ([ENGINE / name] if "." in name else (ENGINE / name).glob("*.py"))]
    found = []
    for path in sorted(paths):
        for call in calls(path):
            for text in filter(None, map(filled, call.args)):
                # A step's ValueError gets its full stop from the reader of plans.
                whole = text if text[-1:] in {".", "}", "?"} else f"{text}."
                if path.name == "plan.py":
                    whole = whole.replace("value0", "Step 7 (split), column", 1)
                if " " in whole and whole not in INNER | JOINED:
                    found.append((f"{path.name}:{call.lineno}", whole))
    return found


def test_every_sentence_of_the_source_has_its_row() -> None:
    unknown = [(place, text) for place, text in sentences() if understand(text) is None]
    assert len(sentences()) > 90
    assert unknown == []


def test_rows_are_told_apart() -> None:
    """A row filled with plain values is found again as itself, and the values are what was filled in."""
    plain = [*DETAILS, *MEASURED, *STEPS, *PLANS, *SEARCH, *PHRASES, *READERS]
    for row in plain:
        names = [part.split(")")[0] for part in row.split("%(")[1:]]
        values = {name: f"v{number}" for number, name in enumerate(names)} | {
            name: "12 characters" for name in names if name == "sentence"
        }
        found = understand(row % values)
        assert found is not None, row
        assert found[0] % found[1] == row % values


TEXTS = [
    "good good good good book",
    "good good good good  book",
    "buy now buy now buy now buy now",
    "a short one",
    "# # # # ...",
    "the very long story of a day that never ends and goes on and on until the night falls over the quiet town",
    "the very long story of a day that never ends and goes on and on until the night falls over the quiet village",
]
DETAILED = [
    {"name": "detect_language", "params": {"allowed": ["zh"]}},
    {"name": "conflicting_labels"},
    {"name": "exact_duplicates"},
    {"name": "near_duplicates", "params": {"threshold": 0.5, "shingles": "word:1"}},
    {"name": "near_duplicates", "params": {"threshold": 0.5, "shingles": "word:1", "action": "find"}},
    {"name": "filter_length", "params": {"min_words": 5, "max_chars": 60, "margin": 0.5}},
    {"name": "filter_repetition", "params": {"from_words": 0}},
    {"name": "filter_symbols", "params": {"from_words": 0, "min_stop_words": 2, "margin": 0.5}},
    {"name": "outliers", "params": {"columns": ["number"]}},
    {"name": "split_leakage", "params": {"split_column": "side"}},
]
# Details that are data and no sentence: a language with its score, a value with its column, the blocked words.
BARE = {"detect_language"}


@pytest.mark.parametrize("step", DETAILED, ids=lambda step: step["name"])
def test_details_of_steps_are_known(step: dict[str, object]) -> None:
    rows = len(TEXTS)
    table = pa.table(
        {
            "item_id": pa.array(range(1, rows + 1), pa.int64()),
            "text": pa.array(TEXTS, pa.large_string()),
            "label": list("abababa"),
            "number": [1.0, 2.0, 1.5, 2.5, 1.0, 2.0, 9000.0],
            "side": ["test", "train", "train", "train", "test", "train", "train"],
        }
    )
    (done,) = preview_plan(Plan.from_json({"steps": [step]}), table, {"text": "text", "label": "label"}, seconds=600)
    assert done.error == ""
    noted = [*done.dropped.values(), *done.found.values()]
    details = [example.detail for _count, examples in noted for example in examples]
    assert details
    unknown = [detail for detail in details for part in detail.split("; ") if not known(detail) and not known(part)]
    assert unknown == [] or step["name"] in BARE


def known(text: str) -> bool:
    return understand(text) is not None


def test_mistakes_of_plans_are_known() -> None:
    wrong = [
        {"name": "nothing"},
        {"params": {}},
        {"name": "sample", "params": {"rows": "many"}},
        {"name": "sample", "params": {"rows": 5, "share": 0.5}},
        {"name": "filter_length", "params": {"margin": -1.0}},
        {"name": "word_list", "params": {"blocked": ["a", 7]}},
        {"name": "outliers", "params": {"method": "guess"}},
        {"name": "near_duplicates", "params": {"shingles": "x"}},
        {"name": "exact_duplicates", "params": {"nothing": 1}},
        {"name": "exact_duplicates", "enabled": "yes"},
    ]
    mistakes = check_plan({"steps": wrong}).mistakes
    assert len(mistakes) >= len(wrong)
    assert [row.message for row in mistakes if not known(row.message)] == []


def test_english_readers_get_the_sentence_itself_and_unknown_ones_stay() -> None:
    with translation.override("en"):
        assert in_words("same as item 4") == "same as item 4"
    with translation.override("zh-hans"):
        assert in_words("Nobody ever said this; nor that: never") == "Nobody ever said this; nor that: never"
        assert in_words("; " * 5000) == "; " * 5000
        assert in_words("kept: " * 500)[-6:] == "kept: "


def test_chinese_readers_get_chinese_with_the_values_as_they_were() -> None:
    with translation.override("zh-hans"):
        assert in_words("0.87 like item 17, through items in between") == "与条目 17 的相似度为 0.87，经由中间条目相连"
        measured = "kept: 58 characters, at most 60; 11 words, at least 12"
        assert in_words(measured) == "已保留：58 个字符，最多 60；11 个词，至少 12"
        assert in_words("a/b.csv: The row has too few fields: 2 where the header has 3.") == (
            "a/b.csv：本行字段过少：有 2 个，而表头有 3 个。"
        )
        label = "%(item)s <b>; 相同"
        assert label in in_words(f"labeled {label} (0.07); looks like b (0.93)")
