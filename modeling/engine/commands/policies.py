"""Policies of augmentation in files, and tables for people on standard error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modeling.engine.commands.talk import say
from modeling.engine.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from curation.engine.augment import Policy
    from modeling.engine.evaluate import Evaluation


def read_policy_file(path: Path) -> Policy:
    """Return the policy of a file.

    Raises:
        EngineError: It is not there, or no policy; the sentence says where and what would be right.
    """
    from curation.engine.augment import PolicyError, read_policy

    try:
        return read_policy(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise EngineError(f"{path} cannot be read: {error.strerror}.", code="bad_augmentation") from None
    except UnicodeDecodeError:
        raise EngineError(f"{path} is no text in UTF-8; save the policy as such.", code="bad_augmentation") from None
    except PolicyError as error:
        raise EngineError(f"{path}: {error}", code="bad_augmentation") from None


def say_robustness(evaluation: Evaluation) -> None:
    """Show how a figure stands on changed rows, where that was asked."""
    if evaluation.robustness is None:
        return
    rows = [
        [
            step.use,
            str(step.changed),
            f"{step.clean:.4f}",
            f"{step.figure:.4f}",
            f"{step.difference:+.4f}",
            f"{step.low:+.4f} to {step.high:+.4f}",
        ]
        for step in evaluation.robustness
    ]
    table(["step", "changed", f"{evaluation.primary} as they are", "changed", "difference", "95 %"], rows)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write rows of cells to standard error, each column as wide as its widest cell."""
    widths = [max(len(row[place]) for row in (head, *rows)) for place in range(len(head))]
    for row in (head, *rows):
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
