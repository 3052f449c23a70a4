"""The references of the steps name every step with all its parameters and reasons."""

import re
from dataclasses import fields

import pytest

from curation.engine.steps.table import STEPS
from tests.live import ROOT

PAGES = [(ROOT / "docs" / "reference" / name).read_text() for name in ("steps.md", "table-steps.md", "image-steps.md")]
SECTIONS = {part.split("`", 2)[1]: part for page in PAGES for part in page.split("\n### ")[1:]}


@pytest.mark.parametrize("name", STEPS)
def test_every_step_is_described(name: str) -> None:
    assert name in SECTIONS, f"neither reference has a section ### `{name}`"
    named = set(re.findall(r"`(\w+)`", SECTIONS[name]))
    wanted = {field.name for field in fields(STEPS[name])} | set(STEPS[name].reasons)
    assert wanted - named == set()


def test_no_step_is_described_that_is_not_there() -> None:
    assert set(SECTIONS) <= set(STEPS)
