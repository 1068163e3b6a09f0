"""The sizes that keep this code readable in one sitting, and tests that run against real things."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "newsletter").rglob("*.py"))
MODULE_LINES = 300
FUNCTION_LINES = 40
PATCHES_PER_HUNDRED_TESTS = 5

# A changed folder or environment variable is the outside world; a replaced attribute is our own inside.
_PATCHES = {"setattr", "delattr", "setitem", "delitem"}
_BANNED_WORDS = {
    *("util", "utils", "helper", "helpers", "manager", "handler", "processor", "service", "data", "info"),
    *("campaign", "campaigns", "blast", "blocklist"),
}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def _functions(tree: ast.Module) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def _lines(function: Function, *, command: bool = False) -> int:
    """A command's options and its help text are long because they are many, not because it does much."""
    first = function.body[min(1, len(function.body) - 1)] if command else function
    return (function.end_lineno or function.lineno) - first.lineno + 1


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_a_module_is_short_and_says_what_it_is(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MODULE_LINES
    assert ast.get_docstring(_tree(path)) or not text


@pytest.mark.parametrize("path", [path for path in MODULES if "versions" not in path.parts], ids=_name)
def test_a_function_fits_on_a_screen(path: Path) -> None:
    command = path.parent.name == "cli"
    lines = {function.name: _lines(function, command=command) for function in _functions(_tree(path))}
    assert {name: count for name, count in lines.items() if count > FUNCTION_LINES} == {}


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_names_use_our_words(path: Path) -> None:
    defined = [node.name for node in ast.walk(_tree(path)) if isinstance(node, Function | ast.ClassDef)]
    words = {word for name in [path.stem, *defined] for word in _words(name)}
    assert words & _BANNED_WORDS == set()


def _words(name: str) -> list[str]:
    parted = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
    return parted.split("_")


def test_a_typical_function_is_a_paragraph() -> None:
    sizes = sorted(_lines(function) for path in MODULES for function in _functions(_tree(path)))
    assert sizes[len(sizes) // 2] <= 8


def test_tests_seldom_patch() -> None:
    trees = [_tree(path) for path in (ROOT / "tests").rglob("*.py")]
    tests = sum(function.name.startswith("test_") for tree in trees for function in _functions(tree))
    patches = sum(_is_patch(node) for tree in trees for node in ast.walk(tree))
    assert patches * 100 <= tests * PATCHES_PER_HUNDRED_TESTS


def _is_patch(node: ast.AST) -> bool:
    """`monkeypatch.setattr(…)`, `patch(…)`, `mock.patch(…)`, `patch.object(…)`, `mocker.patch(…)`."""
    if not isinstance(node, ast.Call):
        return False
    called = ast.unparse(node.func).split(".")
    return (called[0] == "monkeypatch" and called[-1] in _PATCHES) or "patch" in called


@pytest.mark.parametrize(
    ("source", "patches"),
    [
        ("monkeypatch.setattr(a, 'b', c)", True),
        ("monkeypatch.chdir(a)", False),
        ("monkeypatch.setenv('A', 'b')", False),
        ("mock.patch('a.b')", True),
        ("patch.object(a, 'b')", True),
        ("setattr(a, 'b', c)", False),
    ],
)
def test_a_patch_is_recognised(source: str, patches: bool) -> None:
    assert any(_is_patch(node) for node in ast.walk(ast.parse(source))) is patches
