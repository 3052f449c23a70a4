import time
from pathlib import Path

import pyarrow as pa
import pytest

from curation.engine.plan import Plan
from curation.engine.preview import PREPARING, preview_plan
from curation.engine.preview_process import preview_apart

ROLES = {"text": "text", "label": "label"}


def sample() -> pa.Table:
    texts = ["a  b", "", "same", "SAME", "数据 ok", None]
    return pa.table({"item_id": pa.array(range(1, 7), pa.int64()), "text": texts, "label": list("xxxyxx")})


def plan(*names: str) -> Plan:
    return Plan.from_json({"steps": [{"name": name} for name in names]})


def test_the_child_says_what_this_process_would() -> None:
    tried = plan("normalize_text", "drop_empty_text", "conflicting_labels", "exact_duplicates", "split")
    assert preview_apart(tried, sample(), ROLES) == preview_plan(tried, sample(), ROLES)


def test_a_step_that_cannot_run_ends_the_preview() -> None:
    found = preview_apart(plan("drop_empty_text", "conflicting_labels", "split"), sample(), {"text": "text"})
    assert [(step.name, step.error) for step in found] == [
        ("drop_empty_text", ""),
        (
            "conflicting_labels",
            "No column has the role label. Choose one when you import, or leave this step out.",
        ),
    ]


def test_a_step_that_compiles_is_ended_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    started = time.monotonic()
    found = preview_apart(plan("drop_empty_text", "near_duplicates"), sample(), ROLES, seconds=0.5)
    assert time.monotonic() - started < 5
    assert found[-1].error == PREPARING
    assert found[-1].name in ("drop_empty_text", "near_duplicates")
