"""Tries a bundle in a process of its own, with bounds on time and memory, before it is loaded where it serves.

A graph from anywhere can ask for terabytes or never end, already while it is loaded; nothing inside a process can stop
that. `python -m modeling.engine.server.trial` is the other side: it reads one line of JSON and writes one.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from modeling.engine.errors import BundleInvalid


def start_trial(path: Path, memory: int, seconds: float, key: bytes | None) -> subprocess.Popen[bytes]:
    """Start the process that tries a bundle.

    Args:
        path: The file.
        memory: Bytes of address space it may take.
        seconds: Of processor time.
        key: The public key by which it must be signed.
    """
    child = subprocess.Popen(
        [sys.executable, "-m", "modeling.engine.server.trial"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        # A terminal's Ctrl-C is for the server, which ends its trials itself.
        start_new_session=True,
    )
    asked = {"path": str(path), "memory": memory, "seconds": seconds, "key": key.hex() if key else None}
    assert child.stdin is not None
    child.stdin.write(json.dumps(asked).encode() + b"\n")
    child.stdin.flush()
    return child


def finish_trial(child: subprocess.Popen[bytes], seconds: float) -> str:
    """Wait for a trial and return the SHA-256 of the file it found good.

    Raises:
        BundleInvalid: What is wrong with the bundle, that it took too long, or that it took the process down.
    """
    try:
        said, _ = child.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        raise BundleInvalid(f"The bundle's model did not answer within {seconds:g} seconds.") from None
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()
    try:
        answer = json.loads(said)
    except ValueError:
        raise BundleInvalid(
            "The bundle's model brought down the process that tried it: it asks for too much memory or time."
        ) from None
    if "sentence" in answer:
        raise BundleInvalid(answer["sentence"])
    return str(answer["sha256"])


async def tried(path: Path, memory: int, seconds: float, key: bytes | None) -> str:
    """Try a bundle without holding up the event loop; raises as `finish_trial` does."""
    child = start_trial(path, memory, seconds, key)
    return await asyncio.get_running_loop().run_in_executor(None, finish_trial, child, seconds)


def main() -> None:
    """Try the bundle that standard input names."""
    asked = json.loads(sys.stdin.readline())
    bound(asked["memory"], asked["seconds"])
    sys.stdout.write(json.dumps(judged(asked)) + "\n")


def judged(asked: dict[str, Any]) -> dict[str, str]:
    """Return the hash of a bundle that loads and answers, or the sentence that says why it does not."""
    from modeling.engine.bundle.verify import verify_bundle
    from modeling.engine.serving import Predictor

    try:
        key = bytes.fromhex(asked["key"]) if asked["key"] else None
        return {"sha256": Predictor(verify_bundle(Path(asked["path"]), key=key)).sha256}
    except BundleInvalid as error:
        return {"sentence": error.detail}
    except MemoryError:
        return {"sentence": "The bundle needs more memory than one may."}


def bound(memory: int, seconds: float) -> None:
    """Bound this process; where the system has no such bounds, only the time that the other side waits is one."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    whole = max(1, round(seconds))
    resource.setrlimit(resource.RLIMIT_CPU, (whole, whole + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main()
