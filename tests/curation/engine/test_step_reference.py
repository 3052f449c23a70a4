"""docs/reference/steps.md names every step with all its parameters and reasons."""

from dataclasses import fields

import pytest

from curation.engine.steps.table import STEPS
from tests.live import ROOT

PAGE = (ROOT / "docs" / "reference" / "steps.md").read_text()
SECTIONS = {part.split("`", 2)[1]: part for part in PAGE.split("\n### ")[1:]}


@pytest.mark.parametrize("name", STEPS)
def test_every_step_is_described(name: str) -> None:
    assert name in SECTIONS, f"docs/reference/steps.md has no section ### `{name}`"
    words = {word for word in SECTIONS[name].replace("|", " ").split() if word.startswith("`")}
    named = {word.strip("`,.;:()") for word in words}
    wanted = {field.name for field in fields(STEPS[name])} | set(STEPS[name].reasons)
    assert wanted - named == set()


def test_no_step_is_described_that_is_not_there() -> None:
    assert set(SECTIONS) <= set(STEPS)
