"""The errors that the modeling engine raises on purpose; each carries a stable code and a sentence for the reader."""

from __future__ import annotations

from curation.engine.embedding.errors import Cancelled, EngineError

__all__ = ["BadData", "BundleInvalid", "Cancelled", "EngineError", "GateRefused", "InputRefused", "TrainingDiverged"]


class BadData(EngineError):
    """The texts, labels or splits cannot be trained or evaluated on."""

    code = "bad_training_data"


class TrainingDiverged(EngineError):
    """The loss became infinite or not a number."""

    code = "training_diverged"


class GateRefused(EngineError):
    """The compressed model loses more than allowed against the float model; `facts` has both figures of each rung."""

    code = "gate_refused"


class BundleInvalid(EngineError):
    """A bundle is damaged, altered, too large, or holds what a bundle must not hold."""

    code = "bundle_invalid"


class InputRefused(EngineError):
    """Texts sent for prediction break a limit."""

    code = "input_refused"
