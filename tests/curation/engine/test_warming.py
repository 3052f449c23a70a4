import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from curation.engine.warming import is_warm, start_warming, warm

ROOT = Path(__file__).resolve().parents[3]
# What has no machine code after warming up from an empty folder, also of the kernels that others call.
LEFT_COLD = """
import importlib, pathlib, sys
from numba.core.registry import CPUDispatcher
from curation.engine.warming import warm
assert warm(pathlib.Path(sys.argv[1]))
cold = set()
for path in sorted(pathlib.Path("curation/engine").rglob("*.py")):
    if "\\n@compiled" in path.read_text(encoding="utf-8"):
        module = importlib.import_module(".".join(path.with_suffix("").parts))
        kernels = [each for each in vars(module).values() if isinstance(each, CPUDispatcher)]
        cold |= {f"{each.__module__.rsplit('.', 1)[1]}.{each.__name__}" for each in kernels if not each.signatures}
print(" ".join(sorted(cold)))
"""
# Needed when a collection outgrows its tables or a search its memory, which takes more texts than are worth compiling
# for; the last is inlined by whoever calls it.
RARE = {"collection._refill", "forest._connecting", "ranking.sort_lists", "regroup._place", "text_kernels._decode"}


@pytest.mark.slow
def test_warming_reaches_every_kernel_and_leaves_a_marker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert not is_warm()
    done = subprocess.run(
        [sys.executable, "-c", LEFT_COLD, str(tmp_path)],
        cwd=ROOT,
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) <= RARE
    assert is_warm()
    assert start_warming() is None


def test_two_processes_do_not_compile_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    with (tmp_path / "warming.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert not warm(tmp_path)
    assert not is_warm()


def test_it_ends_when_its_parent_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    child = start_warming()
    assert child is not None
    assert child.stdin is not None
    child.stdin.close()
    assert child.wait(60) == 1
    assert not is_warm()
