"""An example for browsers inside a bundle, where its model can run in one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modeling.engine.bundle.plan import Plan

FOLDER = Path(__file__).parent / "data" / "browser"
# What tokenizer.js cuts as the library does, and what model.js answers.
TOKENIZERS = frozenset({"WordPiece", "Unigram"})
ANSWERS = frozenset({"label", "labels"})


def browser_members(plan: Plan) -> dict[str, bytes]:
    """Return the members of the example by name; none where the page could not run the model."""
    if plan.reading["kind"] != "text" or plan.answering["kind"] not in ANSWERS:
        return {}
    if json.loads(plan.members["tokenizer.json"])["model"]["type"] not in TOKENIZERS:
        return {}
    return {f"browser/{path.name}": path.read_bytes() for path in sorted(FOLDER.iterdir())}
