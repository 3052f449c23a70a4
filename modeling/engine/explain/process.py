"""An explanation in a process of its own: the caller loads no torch, and the memory is free when the answer is there.

The child reads one line of JSON (model folder, input, labels, cache folders) and writes lines of JSON: progress as
``[done, total]``, and at last an object with the explanation under ``found``, or ``code`` and ``detail`` of an error.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from modeling.engine.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def explain_apart(
    folder: Path,
    given: Any,
    *,
    also: Sequence[str] = (),
    cache_dir: Path | None = None,
    vectors_dir: Path | None = None,
    told: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Return what `modeling.engine.explain.explaining.explain` does, computed by a child process.

    Args:
        folder: Of the trained model.
        given: A text, the path of a picture as `Path`, or a row as a mapping; dates of rows as texts.
        also: Labels to explain beside the predicted ones.
        cache_dir: Where graphs of encoders lie.
        vectors_dir: Where vectors of part texts go; they are worth nothing afterwards.
        told: Hears of progress; what it raises ends the child.

    Raises:
        EngineError: As there, or ``explain_failed`` when the child died, for want of memory say.
    """
    from curation.engine.child import start_module

    places = {"cache_dir": cache_dir, "vectors_dir": vectors_dir}
    asked = {
        "folder": str(folder),
        "given": str(given) if isinstance(given, Path) else given,
        "path": isinstance(given, Path),
        "also": list(also),
        **{name: None if place is None else str(place) for name, place in places.items()},
    }
    child = start_module("modeling.engine.explain.process", stdout=subprocess.PIPE)
    try:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(json.dumps(asked, default=str).encode() + b"\n")
        child.stdin.close()
        for line in child.stdout:
            said = json.loads(line)
            if isinstance(said, list):
                if told:
                    told(*said)
            elif "found" in said:
                found: dict[str, Any] = said["found"]
                return found
            else:
                raise EngineError(said["detail"], code=said["code"])
    finally:
        child.kill()
        child.wait()
        if child.stdout is not None:
            child.stdout.close()
    raise EngineError(
        "The process that explains ended without an answer, most often for want of memory. Try again.",
        code="explain_failed",
    )


def main(source: BinaryIO, answer: BinaryIO) -> None:
    """Do what the caller asks."""
    from modeling.engine.explain.explaining import explain
    from modeling.engine.families.family import TrainingContext
    from modeling.engine.training import TrainedModel

    asked = json.loads(source.readline())

    def write(line: Any) -> None:
        answer.write(json.dumps(line).encode() + b"\n")
        answer.flush()

    write([0, 0])
    given = Path(asked["given"]) if asked["path"] else asked["given"]
    cache, vectors = (None if asked[name] is None else Path(asked[name]) for name in ("cache_dir", "vectors_dir"))
    context = TrainingContext(cache, vectors, progress=lambda done, total: write([done, total]))
    try:
        model = TrainedModel.load(Path(asked["folder"]))
        write({"found": explain(model, given, also=asked["also"], context=context)})
    except EngineError as error:
        write({"code": error.code, "detail": error.detail})


if __name__ == "__main__":
    # What a library prints must not come between the answers.
    channel = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    main(sys.stdin.buffer, channel)
