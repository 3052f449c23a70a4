"""A preview in a process of its own: it ends in time whatever a step does, and the caller loads no compiler or model.

The child reads one line of JSON (plan, roles, seconds) and the sample as an Arrow stream, and writes each finished step
as a line of JSON. The kernel ends it when its time is over, also inside a compiler that looks at no clock.
"""

import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa

from curation.engine.benchmarks import OpenedBenchmarks
from curation.engine.child import start_module
from curation.engine.copy_examples import CopyExample, TriedMedia
from curation.engine.manifest import VersionManifest
from curation.engine.plan import Plan
from curation.engine.preview import SECONDS, Example, StepPreview, preview_steps, stopped
from curation.engine.reader import VersionReader

# Loading Python, Arrow and a compiler's cache: one second on a quiet machine.
START_SECONDS = 2.0


def preview_apart(
    plan: Plan,
    sample: pa.Table,
    roles: dict[str, str],
    *,
    seconds: float = SECONDS,
    benchmarks: OpenedBenchmarks | None = None,
    pictures: dict[str, Path] | None = None,
) -> list[StepPreview]:
    """Run a plan over a sample in a child process, as `curation.engine.preview.preview_plan` does in this one.

    The answer comes at most `seconds` and `START_SECONDS` later. The step that was at work then has an error, and those
    behind it are not tried. `pictures` are the files of some pictures of the sample by their hashes.
    """
    opened = benchmarks.readers if benchmarks else {}
    beside = {
        name: {"paths": [str(path) for path in reader.paths], "manifest": reader.manifest.to_json()}
        for name, reader in opened.items()
    }
    files = {name: str(path) for name, path in (pictures or {}).items()}
    head = {"pictures": files, "plan": plan.to_json(), "roles": roles, "seconds": seconds, "benchmarks": beside}
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, sample.schema) as stream:
        stream.write_table(sample)
    given = json.dumps(head).encode() + b"\n" + sink.getvalue().to_pybytes()
    child = start_module("curation.engine.preview_process", stdout=subprocess.PIPE, apart=True)
    try:
        told, _errors = child.communicate(given, timeout=seconds + START_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        told, _errors = child.communicate()
    return _previews(plan, sample, told, seconds)


def _previews(plan: Plan, sample: pa.Table, told: bytes, seconds: float) -> list[StepPreview]:
    """Return the steps that the child told of, and the one that it was at when it ended."""
    # A line without its end was cut off with the process.
    lines = told.split(b"\n")[:-1]
    previews = [_read(json.loads(line)) for line in lines]
    if len(previews) < len(plan.steps) and not (previews and previews[-1].error):
        rows = previews[-1].rows_out if previews else sample.num_rows
        name = plan.steps[len(previews)].name
        previews.append(StepPreview(name, rows_in=rows, error=stopped(seconds)))
    return previews


def _read(row: dict[str, Any]) -> StepPreview:
    notes = {
        kind: {code: (count, [Example(**example) for example in examples]) for code, (count, examples) in found.items()}
        for kind, found in (("dropped", row["dropped"]), ("found", row["found"]))
    }
    copies = [CopyExample.from_json(copy) for copy in row["copies"]]
    return StepPreview(**{**row, **notes, "copies": copies, "changes": [Example(**one) for one in row["changes"]]})


def main(source: BinaryIO, answer: BinaryIO) -> None:
    """Do what the caller asks; the process is over when the time is."""
    head = json.loads(source.readline())
    # The default action of the signal ends the process, whatever compiled code is running.
    signal.setitimer(signal.ITIMER_REAL, head["seconds"] + START_SECONDS)
    with pa.ipc.open_stream(source) as stream:
        sample = stream.read_all()
    readers = {
        name: VersionReader([Path(path) for path in row["paths"]], VersionManifest.from_json(row["manifest"]))
        for name, row in head["benchmarks"].items()
    }
    media = TriedMedia({name: Path(path) for name, path in head["pictures"].items()})
    given = {"seconds": head["seconds"], "benchmarks": OpenedBenchmarks(readers), "media": media}
    for preview in preview_steps(Plan.from_json(head["plan"]), sample, head["roles"], **given):
        answer.write(json.dumps(asdict(preview)).encode() + b"\n")
        answer.flush()


if __name__ == "__main__":
    # What a library prints must not come between the answers.
    channel = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    main(sys.stdin.buffer, channel)
