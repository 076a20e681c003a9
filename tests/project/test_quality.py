"""Style, format and types are clean; files and functions are short."""

import ast
import subprocess
import sys

import pytest
from helpers import ROOT, load_script

CHECKS = load_script("tools/check").CLEAN


@pytest.mark.parametrize("command", CHECKS.values(), ids=CHECKS.keys())
def test_clean(command):
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


SOURCES = {path.relative_to(ROOT / "darkmc").as_posix(): path for path in (ROOT / "darkmc").rglob("*.py")}
LONGEST_FILE, LONGEST_FUNCTION = 350, 59  # of a function the lines below its docstring


def length(text):
    return len(text.splitlines())


def function_lengths(text):
    """Yield each function's name and its number of lines, its docstring aside."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0]
            words = first.end_lineno - first.lineno + 1 if ast.get_docstring(node) is not None else 0
            yield node.name, node.end_lineno - node.lineno + 1 - words


def test_no_source_file_is_long():
    long = {name for name, path in SOURCES.items() if length(path.read_text(encoding="utf-8")) > LONGEST_FILE}
    assert long == set()


def test_no_function_is_long():
    text = 'def f():\n    """One.\n\n    Two.\n    """\n    return (\n        1\n    )\n'
    assert dict(function_lengths(text)) == {"f": 4}
    long = {
        f"{name}: {function}": lines
        for name, path in SOURCES.items()
        for function, lines in function_lengths(path.read_text(encoding="utf-8"))
        if lines > LONGEST_FUNCTION
    }
    assert long == {}
