"""What a user reaches says what it takes, gives and raises, with an example; test_doctests.py runs these."""

import inspect
import re
from types import ModuleType
from typing import Any

import pytest

import darkmc

# What takes numbers as they are and raises nothing.
FORMULAS = {"DarkCurrent", "PairForm", "Quadratic"}
FREE = {"excluded_bands"}
# Methods that only darkmc itself calls.
INNER = {
    "Experiment": {"plans", "remarks_of"},
    "MesonSource": {
        "changed",
        "factors_of",
        "density_per_solid_angle",
        "draw",
        "proposal",
        "prepare",
        "shape",
    },
    "Sample": {"in_bin", "once", "terms", "unseen"},
}


def methods(cls):
    """Yield the public methods of a class, those of its own bases included."""
    own = {name: base.__dict__[name] for base in reversed(cls.__mro__) for name in base.__dict__}
    for name, found in own.items():
        plain = getattr(found, "__func__", found)
        public = not name.startswith("_") and name not in INNER.get(cls.__name__, ())
        if public and inspect.isfunction(plain) and plain.__module__.startswith("darkmc"):
            yield f"{cls.__name__}.{name}", plain


def reached(module):
    """Yield the names and objects of a module's `__all__`, those of its modules and classes after them."""
    for name in getattr(module, "__all__", [name for name in vars(module) if not name.startswith("_")]):
        found = getattr(module, name)
        home = getattr(found, "__module__", "")
        if isinstance(found, ModuleType):
            if found.__name__.startswith(module.__name__):
                yield from ((f"{name}.{inner}", what) for inner, what in reached(found))
        elif hasattr(module, "__all__") or home == module.__name__:
            if inspect.isfunction(found):
                yield name, found
            elif inspect.isclass(found) and not issubclass(found, Exception):
                yield name, found
                yield from methods(found)


REACHED = dict(reached(darkmc))


def sections(text):
    """Return the sections of a numpydoc docstring by title."""
    parts = re.split(r"(?m)^(\w+)\n-{3,}\n", inspect.cleandoc(text))
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def described(section):
    """Return the names that a section of parameters describes."""
    heads = re.findall(r"(?m)^(\w[\w, ]*?)(?: : .*)?$", section)
    return [name for head in heads for name in head.split(", ")]


def missing(found):
    """Return what a docstring lacks."""
    parts = sections(found.__doc__ or "")
    own = found.__qualname__.split(".")
    if inspect.isclass(found):
        return ({"Examples"} if own[0] in darkmc.__all__ else set()) - set(parts)
    signature = inspect.signature(found)
    takes = [name for name in signature.parameters if name != "self"]
    lacks = set()
    if takes:
        lacks |= {"Parameters"} if own[0] in FORMULAS | FREE else {"Parameters", "Raises"}
    if signature.return_annotation not in (None, "None"):
        lacks.add("Returns")
    if len(own) == 1:
        lacks.add("Examples")
    lacks -= set(parts)
    if takes and "Parameters" in parts and described(parts["Parameters"]) != takes:
        lacks.add(f"{takes}, not {described(parts['Parameters'])}")
    return lacks


def test_what_is_reached():
    assert {"Sample.cutflow", "gminus2.vector", "gminus2.data.difference", "Yield", "list_runs"} <= set(
        REACHED
    )
    assert {name.split(".")[0] for name in REACHED} == set(darkmc.__all__) - {
        "__version__",
        "CardError",
        "PhysicsError",
        "PrecisionWarning",
        "ValidityWarning",
    }
    for name, inner in INNER.items():
        assert all(inspect.isfunction(getattr(getattr(darkmc, name), method)) for method in inner)


def test_a_missing_section_is_found():
    def half(one, two=1):
        """Return one.

        Parameters
        ----------
        one : float
            One.

        Returns
        -------
        float
            It.
        """

    assert missing(half) == {"Raises", "['one', 'two'], not ['one']"}


@pytest.mark.parametrize("name", REACHED)
def test_all_sections_are_there(name):
    assert missing(REACHED[name]) == set()


UNTYPED = {"reweight", "write_events", "write_root"}


def test_numbers_have_a_type():
    """Any said nothing of a coupling; it is left for events to write, of several kinds."""
    untyped = {
        name
        for name, found in REACHED.items()
        if inspect.isfunction(found)
        for annotation in found.__annotations__.values()
        if annotation is Any
    }
    assert untyped == UNTYPED
