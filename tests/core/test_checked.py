"""The base of card tables, and that there is one only."""

import ast
import math

import pydantic
import pytest
from helpers import ROOT

from darkmc.core.checked import Checked, NotNegative, Positive, Vector, once


class Toy(Checked):
    """A table with one value of each type."""

    width: Positive = 1.0
    offset: NotNegative = 0.0
    place: Vector = (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"widht": 1.0}, "Extra inputs"),
        ({"width": 0.0}, "greater than 0"),
        ({"width": "1.0"}, "valid number"),
        ({"width": True}, "valid number"),
        ({"width": math.inf}, "finite"),
        ({"offset": math.nan}, "finite"),
        ({"offset": -1e-9}, "greater than or equal to 0"),
        ({"place": (0.0, math.nan, 0.0)}, "finite"),
        ({"place": [0.0, 0.0, 0.0]}, "valid tuple"),
    ],
)
def test_a_table_refuses(wrong, reason):
    with pytest.raises(pydantic.ValidationError, match=reason):
        Toy(**wrong)


def test_a_table_stays_as_it_was_read():
    toy = Toy(width=2)
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        toy.width = 3.0
    assert (toy.width, toy.offset) == (2.0, 0.0)


def test_what_stands_twice_is_named():
    once(("pi0", "eta"))
    with pytest.raises(ValueError, match="'eta' stands twice"):
        once(("eta", "pi0", "eta"))


def test_every_table_has_this_base():
    bases = {
        (path.relative_to(ROOT / "darkmc").as_posix(), ast.unparse(base))
        for path in (ROOT / "darkmc").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
        for base in node.bases
    }
    assert ("cards/experiment.py", "Checked") in bases
    assert {path for path, base in bases if base.endswith("BaseModel")} == {"core/checked.py"}
