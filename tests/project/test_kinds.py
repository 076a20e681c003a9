"""What engine, experiments, biasing and signals do never depends on of what class a part is."""

import ast

import pytest
from helpers import ROOT

FOLDERS = ("engine", "experiments", "biasing", "signals")
# Their classes must not be asked for: what they are is said by protocols, or by themselves.
ASKED = ("cards", "limits", "sources", *FOLDERS)
MODULES = [path for folder in FOLDERS for path in sorted((ROOT / "darkmc" / folder).glob("*.py"))]


def asked_for(tree):
    """Return the modules of the classes that `isinstance` is asked for; of names not imported, the name."""
    home = {
        alias.asname or alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    own = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("isinstance", "issubclass")
    ]
    names = {n.id for call in calls for n in ast.walk(call.args[1]) if isinstance(n, ast.Name)}
    return {f"darkmc.{ASKED[-1]}" if name in own else home.get(name, name) for name in names}


def test_the_reader_reads():
    tree = ast.parse(
        "from darkmc.cards.flux import FluxCard\nclass Own: pass\n"
        "isinstance(a, FluxCard | int) or isinstance(b, (Own, str))"
    )
    assert asked_for(tree) == {"darkmc.cards.flux", "int", "darkmc.signals", "str"}
    assert len(MODULES) > 40


@pytest.mark.parametrize("path", MODULES, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_nothing_asks_for_the_class_of_a_part(path):
    found = asked_for(ast.parse(path.read_text(encoding="utf-8")))
    assert not {home for home in found if home.startswith(tuple(f"darkmc.{folder}" for folder in ASKED))}
