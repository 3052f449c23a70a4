"""Predictions from a bundle inside a long-lived process; one predictor serves many threads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modeling.engine.bundle.runtime.model import Model, Refused
from modeling.engine.bundle.verify import OpenedBundle, verify_bundle
from modeling.engine.errors import BundleInvalid, InputRefused

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from onnxruntime import RunOptions

MOST_AT_ONCE = 256
Prediction = dict[str, Any]


class Predictor:
    """A verified bundle, loaded and warmed up. What it is given and what it answers, `runtime` says.

    Raises:
        BundleInvalid: The file is no bundle, was altered, or its model fails on a first run.
    """

    def __init__(self, bundle: Path | OpenedBundle, *, threads: int = 1) -> None:
        opened = bundle if isinstance(bundle, OpenedBundle) else verify_bundle(bundle)
        self.sha256, self.manifest, self.metrics = opened.sha256, opened.manifest, opened.metrics
        self.labels, self.signature = opened.labels, opened.signature
        try:
            self._model = Model(opened.members.__getitem__, threads)
            # The first run allocates memory; without it the first request would take several times longer.
            self._model.warm_up()
        except Exception as error:
            # ONNX Runtime raises classes of its own for each way in which a graph can be wrong.
            raise BundleInvalid(f"The bundle's model does not run: {str(error)[:300]}") from error

    def given(self, word: str) -> Any:
        """Return what a word of a command line stands for: JSON of an object, the path of a file, or itself.

        Raises:
            InputRefused: It is not JSON.
        """
        try:
            return self._model.given(word)
        except Refused as refused:
            raise InputRefused(str(refused), code=refused.code) from None

    def predict(self, given: Sequence[Any], run: RunOptions | None = None) -> list[Prediction]:
        """Return one answer for each of some texts, pictures or rows, in order; `run` can end it from outside.

        Raises:
            InputRefused: more than 256 of them, or one that this model does not read; `facts["place"]` names it.
        """
        if len(given) > MOST_AT_ONCE:
            raise InputRefused(
                f"{len(given)} inputs were sent; at most {MOST_AT_ONCE} are answered at once.", code="too_many_inputs"
            )
        try:
            return self._model.predict(given, run)
        except Refused as refused:
            raise InputRefused(f"Input {refused.place}: {refused}", code=refused.code, place=refused.place) from None
