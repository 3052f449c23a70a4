"""What a family hands to the export: how its graph is built at each step of compression, what reads and answers around
it, and what its float model says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from curation.engine.embedding.source import Licence


@dataclass(frozen=True)
class Rung:
    """One way to compress a graph.

    Attributes:
        name: Short and stable: `int8`, `fp32`.
        title: What it does, in words.
        settings: What the family's `build` reads; nobody else does.
    """

    name: str
    title: str
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """How a trained model becomes a bundle.

    Attributes:
        rungs: From small to safe; the last one is the float graph.
        build: Returns the serialized ONNX graph of a rung.
        reading: What runtime/model.py reads things given by: `kind` is one of READINGS, the rest is that kind's own.
        answering: The same for answers: `kind` is one of ANSWERS.
        inputs: Names of the graph's inputs, in order.
        outputs: Names of its outputs.
        members: Further members of the bundle by name: a tokenizer, tables under assets/.
        needs: Packages that the runtime imports beside NumPy and ONNX Runtime.
        licences: Of pretrained weights inside.
        encoder: What the manifest says of the pretrained network: name, languages, fingerprint, max_tokens, reason,
            vocabulary; None where there is none.
        said: Returns the float model's predictions for inputs as the task has them (`Task.figures` takes them), by the
            float graph's own arithmetic and whole vocabulary.
        about: A sentence for the card: what the model is made of.
        example: A thing to give for the card's example, as a word of a shell.
        beside: Returns further members that change with the rung, such as a second graph.
    """

    rungs: tuple[Rung, ...]
    build: Callable[[Rung], bytes]
    reading: dict[str, Any]
    answering: dict[str, Any]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    members: dict[str, bytes]
    needs: tuple[str, ...]
    licences: list[Licence]
    encoder: dict[str, Any] | None
    said: Callable[[Sequence[Any]], Any]
    about: str
    example: str
    beside: Callable[[Rung], dict[str, bytes]] = lambda _rung: {}
