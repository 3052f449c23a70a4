"""The accuracy gate: a compressed model may lose only so much against the float model it came from."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

LIMIT_POINTS = 0.5


@dataclass(frozen=True)
class GateResult:
    """Macro-F1 of both models in [0, 1], the loss in points (hundredths; negative is a gain), and whether it is
    allowed."""

    passed: bool
    float_macro_f1: float
    int8_macro_f1: float
    loss_points: float
    limit_points: float
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        """Return the result as a JSON-ready mapping."""
        return asdict(self)


def gate(float_metrics: dict[str, Any], int8_metrics: dict[str, Any], limit_points: float = LIMIT_POINTS) -> GateResult:
    """Compare the macro-F1 of two results of `classification_figures` on the same rows; a loss equal to the limit
    passes."""
    before, after = float(float_metrics["macro_f1"]), float(int8_metrics["macro_f1"])
    # Rounded so that a loss of exactly the limit is not refused for a digit in the sixteenth place.
    loss = round((before - after) * 100, 9)
    passed = loss <= limit_points
    sentence = (
        f"Macro-F1 is {after * 100:.2f} compressed and {before * 100:.2f} in float: "
        + (f"{loss:.2f} points lost" if loss > 0 else "nothing lost")
        + f", with {limit_points:g} allowed."
    )
    return GateResult(passed, before, after, loss, limit_points, sentence)
