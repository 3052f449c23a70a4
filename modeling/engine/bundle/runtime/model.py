"""A bundle's model: something given is read into tensors, the graph runs, and its output becomes an answer."""

import importlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from onnxruntime import RunOptions

# What the manifest calls a way of reading or answering, and where it is written. A new one is one row here.
READINGS = {
    "text": "texts.TextReading",
    "numbers": "vocabulary.NumberReading",
    "terms": "vocabulary.TermReading",
    "features": "spans.FeatureReading",
    "windows": "spans.WindowReading",
    "row": "rows.RowReading",
    "tree-row": "rows.TreeReading",
    "pair-vectors": "pairs.VectorPairReading",
    "pair-rows": "pairs.RowPairReading",
    "picture": "pictures.PictureReading",
}
ANSWERS = {
    "label": "labels.OneLabel",
    "labels": "labels.ManyLabels",
    "spans": "spans.Spans",
    "value": "rows.Value",
    "better": "pairs.Better",
    "shapes": "shapes.FoundShapes",
}
Tensors = dict[str, np.ndarray[Any, Any]]


class Refused(ValueError):
    """Something given that this model does not read: `place` is its number among those given, `code` is stable."""

    def __init__(self, sentence: str, code: str, place: int = 0) -> None:
        super().__init__(sentence)
        self.code, self.place = code, place


class Reading(Protocol):
    """From something given to the graph's inputs. `example` is something that can be read; a reading of JSON objects
    also has `of_objects`, true, and one of files `of_files`."""

    example: Any

    def read(self, given: Any) -> tuple[Tensors, Any]:
        """Return the inputs of one run, and what the answer needs to know beside the graph's outputs.

        Raises:
            Refused: It is not what this model reads.
        """


class Answer(Protocol):
    """From the graph's outputs to an answer."""

    def answer(self, outputs: Sequence[np.ndarray[Any, Any]], known: Any) -> dict[str, Any]:
        """Return one answer, JSON-ready."""


class Model:
    """The content of a bundle, loaded; one serves many threads.

    Everything given is a run of its own: the scales of int8 activations span a whole run, so alone a text always gets
    the same answer, and on two cores batches of short texts cost more than they saved.

    Args:
        member: Returns the bytes of a member by name; raises KeyError where there is none.
        threads: Of ONNX Runtime in one run.
    """

    def __init__(self, member: Callable[[str], bytes], threads: int = 1) -> None:
        self.manifest: dict[str, Any] = json.loads(member("manifest.json"))
        labels = json.loads(member("labels.json"))
        self.labels: tuple[str, ...] = tuple(labels)
        reading, answering = self.manifest["reading"], self.manifest["answering"]
        self._reading: Reading = made(READINGS, reading, member)
        self._answer: Answer = made(ANSWERS, {**answering, "labels": labels, "threads": threads}, member)
        self._session = opened(member("model.onnx"), threads)
        self._outputs = [output.name for output in self._session.get_outputs()]

    def predict(self, given: Sequence[Any], run: "RunOptions | None" = None) -> list[dict[str, Any]]:
        """Return an answer for each of some texts, pictures or rows, in order.

        `run` is ONNX Runtime's: another thread that sets its `terminate` ends this, in the middle of a graph too.

        Raises:
            Refused: One of them is not what this model reads; nothing is answered.
        """
        return [self.one(each, place, run) for place, each in enumerate(given)]

    def given(self, word: str) -> Any:
        """Return what a word of a command line stands for.

        That is a JSON value where the model reads objects, a path where it reads files, and else the word itself.

        Raises:
            Refused: It is not JSON.
        """
        if getattr(self._reading, "of_files", False):
            return Path(word)
        if not getattr(self._reading, "of_objects", False):
            return word
        try:
            return json.loads(word)
        except (ValueError, RecursionError):
            raise Refused("This is not JSON, and this model reads JSON objects.", "not_json") from None

    def warm_up(self) -> None:
        """Answer once what the reading names as an example, so that the first question is as quick as the others."""
        self.one(self._reading.example)

    def one(self, given: Any, place: int = 0, run: "RunOptions | None" = None) -> dict[str, Any]:
        """Return the answer for one; `place` is what a refusal names."""
        try:
            tensors, known = self._reading.read(given)
        except Refused as refused:
            raise Refused(str(refused), refused.code, place) from None
        outputs = self._session.run(self._outputs, tensors, run) if tensors else []
        answer = self._answer.answer(outputs, known)
        if not _is_finite(answer):
            # A graph that overflows would otherwise answer with whatever comparing to NaN gives.
            raise ArithmeticError("The model gave a number that is none. Its answer is not to be trusted.")
        return answer


def opened(content: bytes, threads: int) -> Any:
    """Return a session of ONNX Runtime for a graph, on the CPU."""
    import onnxruntime  # loads slowly, and whoever only looks at the tables here does not need it

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 3
    # Spinning threads doubled the CPU time of a short text when the other core was busy.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def made(table: Mapping[str, str], settings: dict[str, Any], member: Callable[[str], bytes]) -> Any:
    """Return what a row of a table makes of its settings."""
    kind = str(settings.get("kind"))
    if kind not in table:
        raise ValueError(f"This bundle needs {kind!r}, which this version of the runtime does not know.")
    module, name = table[kind].split(".")
    return getattr(importlib.import_module(f".{module}", __package__), name)(settings, member)


def _is_finite(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, Mapping):
        return all(map(_is_finite, value.values()))
    return all(map(_is_finite, value)) if isinstance(value, list | tuple) else True
