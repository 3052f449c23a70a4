import numpy as np
import pyarrow as pa
import pytest

from curation.engine.label_quality import confident_errors
from curation.engine.plan import PlanError
from curation.engine.steps.base import StepError
from tests.curation.engine.stepping import Result, step, table, texts

ROLES = {"label": "label"}


def blobs(flipped: list[int], count: int = 40) -> pa.Table:
    """Return two clouds of points far apart, labeled a and b, with some labels exchanged."""
    random = np.random.default_rng(3)
    places = np.arange(count) % 2
    labels = ["ab"[place ^ (row in flipped)] for row, place in enumerate(places.tolist())]
    return table(x=random.normal(places * 10, 1), y=random.normal(0, 1, count), label=texts(*labels))


def test_exchanged_labels_are_found_and_nothing_is_dropped() -> None:
    result = Result(blobs([4, 17, 30]), step("suspicious_labels"), ROLES)
    assert [item for item, _code, _detail in result.found] == [5, 18, 31]
    assert result.found[0] == (5, "label_suspicious", "labeled b (0.07); looks like a (0.93)")
    assert len(result.ids) == 40


def test_no_finding_where_every_label_is_right() -> None:
    assert Result(blobs([]), step("suspicious_labels"), ROLES).found == []


def test_missing_values_columns_without_any_and_rare_labels_do_not_crash() -> None:
    whole = blobs([4])
    x = pa.array([None if row % 5 == 3 else value for row, value in enumerate(whole["x"].to_pylist())])
    labels = ["rare", "-1", None, *whole["label"].to_pylist()[3:]]
    columns = {
        "x": x,
        "empty": pa.array([None] * 40, pa.float64()),
        "nothing": texts(*[None] * 40),
        "label": texts(*labels),
    }
    assert [item for item, *_rest in Result(table(**columns), step("suspicious_labels"), ROLES).found] == [5]


def test_one_label_or_no_row_gives_no_finding() -> None:
    one = table(x=[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], label=texts(*"aaaaaa"))
    assert Result(one, step("suspicious_labels"), ROLES).found == []
    assert Result(one.slice(0, 0), step("suspicious_labels"), ROLES).found == []


def test_chinese_texts_are_read_by_character() -> None:
    good = ["很好喜欢", "非常好用", "质量好喜欢", "好极了", "喜欢得很", "真好用", "很喜欢", "好喜欢它"]
    bad = ["太差劲", "质量差", "差极了失望", "非常失望", "很失望", "真差劲", "差得很", "失望极了"]
    labels = ["正面"] * 8 + ["负面"] * 8
    # More than twenty different texts, so that the column is no category.
    both = [f"{text}{'。' * copy}" for copy in range(2) for text in good + bad]
    whole = table(text=texts(*both), label=texts(*labels, "负面", *labels[1:]))
    result = Result(whole, step("suspicious_labels", times=4), ROLES | {"text": "text"})
    assert [item for item, *_rest in result.found] == [17]


def test_confident_errors_need_the_usual_confidence_of_the_other_class() -> None:
    chances = np.array([[0.9, 0.1], [0.7, 0.3], [0.2, 0.8], [0.4, 0.6], [0.1, 0.9]])
    # The means are 0.6 for class 0 and 0.75 for class 1: row 2 is above the second, row 3 above neither.
    assert confident_errors(chances, np.array([0, 0, 0, 1, 1])).tolist() == [False, False, True, False, False]


def test_mistakes_are_named() -> None:
    with pytest.raises(PlanError, match=r"times is 1\.0; it is above 1"):
        step("suspicious_labels", times=1)
    with pytest.raises(StepError, match="No column has the role label"):
        Result(blobs([]), step("suspicious_labels"))
    with pytest.raises(StepError, match="There is no column colour"):
        Result(blobs([]), step("suspicious_labels", columns=["colour"]), ROLES)
