"""The script of a bundle in an empty environment: what its manifest says it needs, and nothing of ours."""

import json
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from modeling.engine.serving import Predictor
from tests.modeling.engine.small_bundle import members_of, small_bundle

PACKAGES = Path(sysconfig.get_paths()["purelib"])


@pytest.fixture
def empty(tmp_path):
    """Return the Python of a new environment with links to the packages that a bundle names."""

    def make(needs: list[str]) -> Path:
        venv.create(tmp_path / "env", with_pip=False, symlinks=True)
        (place,) = (tmp_path / "env" / "lib").glob("python*/site-packages")
        for need in needs:
            for name in (need, f"{need}.libs"):
                if (PACKAGES / name).exists():
                    (place / name).symlink_to(PACKAGES / name)
        return tmp_path / "env" / "bin" / "python"

    return make


def run(python: Path, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/bin:/bin", "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        [str(python), *arguments],
        input=given,
        capture_output=True,
        text=True,
        timeout=120,
        env=environment,
        cwd=Path(python).parent,
    )


def test_a_bundle_runs_with_what_it_names_alone(empty, tmp_path):
    bundle = small_bundle(tmp_path / "b.zip")
    members = members_of(bundle.read_bytes())
    for name, content in members.items():
        (tmp_path / "model" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "model" / name).write_bytes(content)
    python = empty(json.loads(members["manifest.json"])["needs"])
    lacking = run(python, "-c", "import modeling")
    assert "No module named 'modeling'" in lacking.stderr
    texts = ["free prize", "hello \u4f60\u597d", ""]
    script = str(tmp_path / "model" / "predict.py")
    done = run(python, script, *texts)
    assert (done.returncode, done.stderr) == (0, "")
    assert [json.loads(line) for line in done.stdout.splitlines()] == Predictor(bundle).predict(texts)
    piped = run(python, script, given="free prize\n" + "x" * 20_001 + "\nhello\n")
    assert piped.returncode == 1
    assert piped.stderr == "2: This text has 20,001 characters; at most 20,000 are accepted.\n"
    assert len(piped.stdout.splitlines()) == 2


def test_the_environment_of_this_test_is_empty(empty):
    done = run(empty(["numpy"]), "-c", "import numpy, importlib.util as u; print(u.find_spec('onnxruntime'))")
    assert (done.stdout, sys.executable != done.args[0]) == ("None\n", True)
