import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from runner.orphans import Started

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other kernels do not tell when a process was started")
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(600)"


def begun(code: str) -> subprocess.Popen[str]:
    made = subprocess.Popen([sys.executable, "-c", code], start_new_session=True, stdout=subprocess.PIPE, text=True)
    assert made.stdout is not None
    made.stdout.readline()
    return made


def test_what_does_not_end_is_killed_with_its_group(tmp_path: Path) -> None:
    children = Started(tmp_path / "children")
    deaf = begun(DEAF)
    children.note(deaf.pid)
    deaf.terminate()
    assert children.end_all(patience=0.5) == [deaf.pid]
    assert deaf.wait(10) == -signal.SIGKILL
    assert children.end_all() == []


def test_what_ends_by_itself_is_waited_for(tmp_path: Path) -> None:
    children = Started(tmp_path / "children")
    soon = begun("import time; print(1, flush=True); time.sleep(0.3)")
    children.note(soon.pid)
    assert children.end_all(patience=30) == []
    assert soon.wait(10) == 0


def test_a_number_that_belongs_to_somebody_else_by_now_is_left_alone(tmp_path: Path) -> None:
    other = begun(DEAF)
    file = tmp_path / "children"
    file.write_text(f"{other.pid} 12345\nnonsense\n{os.getpid()} \n")
    assert Started(file).end_all(patience=0) == []
    assert other.poll() is None
    other.kill()
    other.wait()
