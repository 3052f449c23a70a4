import fcntl
import subprocess
import sys
from pathlib import Path

import pytest

from curation.engine.warming import is_warm, start_warming, warm

ROOT = Path(__file__).resolve().parents[3]
# Every function under @compiled has machine code afterwards, also those that others call.
LEFT_COLD = """
import importlib, pathlib, sys
from numba.core.registry import CPUDispatcher
from curation.engine.warming import warm
assert warm(pathlib.Path(sys.argv[1]))
cold = []
for path in sorted(pathlib.Path("curation/engine").rglob("*.py")):
    if "\\n@compiled" in path.read_text(encoding="utf-8"):
        module = importlib.import_module(".".join(path.with_suffix("").parts))
        kernels = [each for each in vars(module).values() if isinstance(each, CPUDispatcher)]
        cold += [f"{module.__name__}.{each.__name__}" for each in kernels if not each.signatures]
print(sorted(set(cold)))
"""


def test_warming_reaches_every_kernel_and_leaves_a_marker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LEFT_COLD, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert is_warm()
    assert start_warming() is None


def test_two_processes_do_not_compile_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    with (tmp_path / "warming.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert not warm(tmp_path)
    assert not is_warm()
