"""The reference of augmentation names every row with all its settings and tasks."""

import pytest

from curation.engine.augment.policy import offered
from tests.live import ROOT

TEXT = (ROOT / "docs" / "reference" / "augmentation.md").read_text()
LINES = TEXT.partition("\n## Measured")[0].splitlines()


@pytest.mark.parametrize("row", offered(), ids=lambda row: row["name"])
def test_every_augmentation_is_described(row: dict) -> None:  # type: ignore[type-arg]
    (line,) = (line for line in LINES if line.startswith(f"| `{row['name']}` |"))
    _empty, _name, what, tasks, settings, _end = line.split("|")
    assert what.strip() == row["what"]
    assert tasks.strip() == ", ".join(task.replace("_", " ") for task in row["tasks"])
    assert all(f"`{one['name']}`" in settings for one in row["settings"] if one["name"] != "chance")
