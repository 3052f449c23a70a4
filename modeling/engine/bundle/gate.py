"""The accuracy gate: a compressed model may lose only so much against the float model it came from."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

LIMIT_POINTS = 0.5
# Primary figures of tasks, as a sentence names them.
NAMES = {
    "accuracy": "Accuracy",
    "f1": "F1",
    "macro_f1": "Macro-F1",
    "map": "mAP",
    "micro_f1": "Micro-F1",
    "r2": "R²",
}


@dataclass(frozen=True)
class GateResult:
    """Both models by the task's primary figure.

    Attributes:
        passed: Whether the loss is allowed.
        figure: Name of the figure: macro_f1, map, ….
        float_figure: Of the float model, in [0, 1].
        bundle_figure: Of the compressed model as the bundle runs it.
        loss_points: What is lost, in hundredths; negative is a gain.
        limit_points: What may be lost.
        sentence: All of it in words.
    """

    passed: bool
    figure: str
    float_figure: float
    bundle_figure: float
    loss_points: float
    limit_points: float
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        """Return the result as a JSON-ready mapping."""
        return asdict(self)


def gate(figure: str, before: float, after: float, limit_points: float = LIMIT_POINTS) -> GateResult:
    """Compare a figure of two models on the same rows; a loss equal to the limit passes."""
    # Rounded so that a loss of exactly the limit is not refused for a digit in the sixteenth place.
    loss = round((before - after) * 100, 9)
    passed = loss <= limit_points
    sentence = (
        f"{NAMES.get(figure, figure)} is {after * 100:.2f} compressed and {before * 100:.2f} in float: "
        + (f"{loss:.2f} points lost" if loss > 0 else "nothing lost")
        + f", with {limit_points:g} allowed."
    )
    return GateResult(passed, figure, before, after, loss, limit_points, sentence)
