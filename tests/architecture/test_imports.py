"""What the web process may not load, and which way imports go."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
# Each costs seconds and up to 200 MB; engines import them inside tasks.
SLOW = [
    "albumentations",
    "nlpaug",
    "numba",
    "onnxruntime",
    "optuna",
    "sklearn",
    "scipy",
    "sentence_transformers",
    "torch",
    "transformers",
]


@pytest.mark.parametrize("entry", ["config.wsgi", "config.asgi", "workers.app"])
def test_no_slow_package_is_loaded_at_start(entry: str) -> None:
    code = (
        f"import importlib, sys; importlib.import_module({entry!r})\n"
        "from django.urls import get_resolver; get_resolver().reverse_dict\n"
        f"print(sorted(set({SLOW!r}) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_management_commands_load_no_slow_package() -> None:
    code = (
        "import sys, django; django.setup()\n"
        "from django.core.management import get_commands, load_command_class\n"
        "for name, app in get_commands().items():\n"
        "    if not app.startswith('django') and not app.startswith('drf'): load_command_class(app, name)\n"
        f"print(sorted(set({SLOW!r}) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_imports_go_one_way() -> None:
    """The contracts stand in pyproject.toml."""
    program = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([str(program), "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_engines_load_without_django() -> None:
    """An engine runs in a test, in a worker and on a cluster node, so it must not pull the web framework in."""
    engines = sorted(path for path in ROOT.glob("*/engine/**/*.py") if "__pycache__" not in path.parts)
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in engines]
    assert len(names) > 3
    light = [name for name in names if not _imports_slow(name)]
    code = (
        f"import importlib, sys; [importlib.import_module(name) for name in {light!r}]\n"
        "print(sorted({'django', 'celery', 'rest_framework'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def _imports_slow(name: str) -> bool:
    """Tell whether a module names a slow package; import-linter still reads it, loading it here would take a minute."""
    path = ROOT / Path(*name.split("."))
    text = (path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_text()
    return any(f"import {package}" in text or f"from {package}" in text for package in SLOW)
