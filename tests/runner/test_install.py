"""What the installer decides, and what it says when a step fails."""

import json
import sys
from pathlib import Path

import pytest

from runner import install, torch_build
from runner.errors import StopError

LOCK = """\
pip==26.3 \\
    --hash=sha256:aa \\
    --hash=sha256:bb
pipeline==1.0 \\
    --hash=sha256:cc
uv==0.13.9 ; sys_platform != 'win32' \\
    --hash=sha256:dd
"""


def test_locked_lines_takes_whole_entries_of_exactly_these_names() -> None:
    assert install.locked_lines(LOCK, {"pip", "uv"}) == (
        "pip==26.3 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n"
        "uv==0.13.9 ; sys_platform != 'win32' \\\n    --hash=sha256:dd\n\n"
    )


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("error: Failed to fetch: dns error", "packages could not be fetched. The first start"),
        ("OSError: [Errno 28] No space left on device", "the disk became full while doing something"),
        ("a bug", "doing something failed; all it said is in"),
    ],
)
def test_a_failed_step_says_what_to_do(
    said: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "install.log"
    log.write_text("before\n")
    monkeypatch.setattr(install, "ROOT", tmp_path)
    command = [sys.executable, "-c", f"import sys; print({said!r}); sys.exit(2)"]
    with pytest.raises(StopError, match=sentence):
        install.step("doing something", command, log)


def test_a_developer_environment_also_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "VENV", tmp_path)
    monkeypatch.setattr(install, "PYTHON", Path(sys.executable))
    install.stamp_path().write_text(json.dumps(install.wanted("dev", "cpu")))
    assert install.stamp_matches("runtime", "cpu")
    assert install.stamp_matches("dev", "cpu")
    assert not install.stamp_matches("runtime", "cuda")
    install.stamp_path().write_text(json.dumps(install.wanted("runtime", "cpu")))
    assert install.stamp_matches("runtime", "cpu")
    assert not install.stamp_matches("dev", "cpu")


def test_a_wrong_build_of_torch_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_TORCH", "rocm")
    with pytest.raises(StopError, match="ASSAY_TORCH is 'rocm'; write cpu or cuda"):
        install.torch_choice()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("__version__ = '2.13.0+cpu'\ncuda: Optional[str] = None\n", ("2.13.0", False)),
        ("__version__ = '2.13.0'\ncuda: Optional[str] = '13.0'\n", ("2.13.0", True)),
    ],
)
def test_the_installed_build_is_read_without_importing_it(
    text: str, expected: tuple[str, bool], tmp_path: Path
) -> None:
    folder = tmp_path / "lib" / "python3.11" / "site-packages" / "torch"
    folder.mkdir(parents=True)
    (folder / "version.py").write_text(text)
    assert torch_build.installed(tmp_path / "bin" / "python") == expected


def test_this_environment_has_the_pinned_torch_without_cuda_packages() -> None:
    version, has_cuda = torch_build.installed(Path(sys.prefix) / "bin" / "python")
    assert version == torch_build.VERSION
    if not has_cuda:
        packages = Path(sys.prefix) / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"
        assert list(packages.glob("nvidia*")) == []
