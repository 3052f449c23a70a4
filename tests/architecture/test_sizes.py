"""Small files, short functions, plain names: the limits of the design."""

import ast
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
LONGEST_MODULE = 500
LONGEST_CLASS = 250
LONGEST_FUNCTION = 60
LONGEST_SCRIPT = 300
LONGEST_CORE = 500
REFUSED_NAMES = {"utils", "util", "helpers", "helper", "misc", "common"}


def files(*patterns: str) -> list[Path]:
    """Return the repository's own files: tracked, or new and not ignored."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return sorted(path for path in (ROOT / line for line in listed.splitlines()) if path.is_file())


PYTHON = [path for path in files("*.py") if "migrations" not in path.parts]


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def length(node: ast.stmt) -> int:
    """Return the lines of a definition without its docstring."""
    own = ast.get_docstring(node) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) else None
    documentation = node.body[0].end_lineno - node.body[0].lineno + 1 if own and hasattr(node, "body") else 0
    return (node.end_lineno or node.lineno) - node.lineno + 1 - documentation


def too_long(kinds: tuple[type, ...], limit: int) -> list[str]:
    """Return a line for each definition of these kinds beyond the limit."""
    trees = [(path.relative_to(ROOT), tree_of(path)) for path in PYTHON]
    nodes = [(name, node) for name, tree in trees for node in ast.walk(tree) if isinstance(node, kinds)]
    return [f"{name}:{node.lineno} {node.name}: {length(node)}" for name, node in nodes if length(node) > limit]


def lines_of_code(path: Path) -> int:
    """Count the lines that are neither blank, nor comment, nor documentation."""
    tree = tree_of(path)
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    owners = [node for node in ast.walk(tree) if isinstance(node, kinds) and ast.get_docstring(node)]
    documentation = sum((node.body[0].end_lineno or 0) - node.body[0].lineno + 1 for node in owners)
    lines = [line.strip() for line in path.read_text().splitlines()]
    return len([line for line in lines if line and not line.startswith("#")]) - documentation


def test_the_listing_finds_this_file() -> None:
    assert Path(__file__).resolve() in PYTHON


def test_modules_are_short() -> None:
    long = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in PYTHON}
    assert {name: lines for name, lines in long.items() if lines > LONGEST_MODULE} == {}


def test_functions_are_short() -> None:
    assert too_long((ast.FunctionDef, ast.AsyncFunctionDef), LONGEST_FUNCTION) == []


def test_classes_are_short() -> None:
    assert too_long((ast.ClassDef,), LONGEST_CLASS) == []


def test_scripts_are_short() -> None:
    long = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in files("web/*.ts", "web/*.tsx")}
    assert {name: lines for name, lines in long.items() if lines > LONGEST_SCRIPT} == {}


@pytest.mark.parametrize("pattern", ["*.py", "*.ts", "*.tsx", "*.js"])
def test_no_file_is_named_for_nothing(pattern: str) -> None:
    named = [path for path in files(pattern) if {path.stem, *path.relative_to(ROOT).parts[:-1]} & REFUSED_NAMES]
    assert named == []


def test_core_stays_small() -> None:
    """Core holds what has no domain noun; when it grows, something in it has one."""
    lines = {path.name: lines_of_code(path) for path in PYTHON if path.relative_to(ROOT).parts[0] == "core"}
    assert sum(lines.values()) <= LONGEST_CORE, lines
