"""`darkmc gminus2 LOOP --key value ...`: one loop's contribution to a lepton's moment."""

import argparse
import inspect
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from darkmc import __version__
from darkmc.core.errors import PhysicsError, nearest
from darkmc.core.units import parse_axion_mass, parse_energy, parse_number, require_not_negative
from darkmc.gminus2 import LOOPS
from darkmc.gminus2.inputs import LEPTONS

_MATRICES = ("neutrino_mass_matrix", "casas_ibarra")
_WORDS = {"lepton": ", ".join(LEPTONS), "boson": "photon, Z"}


def run(options: argparse.Namespace) -> int:
    """Compute one loop and print it."""
    name = str(options.loop).replace("-", "_")
    function = _loop(name)
    items = list(_items(name, options.arguments, inspect.signature(function).parameters))
    as_json = options.json or ("json", None) in items
    if ("help", None) in items:
        print(_usage(name, function))
        return 0
    arguments = _arguments(name, function, [item for item in items if item != ("json", None)])
    result = function(**arguments)
    if not math.isfinite(result):
        raise PhysicsError(f"{name} is not finite at these arguments")
    # kinetic mixing is no moment but what the vector's loop takes
    quantity = "epsilon" if name == "kinetic_mixing_one_loop" else "delta_a"
    if as_json:
        print(
            json.dumps(
                {"loop": name, "arguments": arguments, quantity: float(result), "version": __version__}
            )
        )
    else:
        print(f"{quantity} = {result:.9g}")
    return 0


def _loop(name: str) -> Callable[..., Any]:
    from darkmc import gminus2

    if name in _MATRICES:
        raise PhysicsError(f"{name} takes matrices: call darkmc.gminus2.{name} from Python")
    if name not in LOOPS:
        raise PhysicsError(f"unknown loop '{name}'{nearest(name, LOOPS)}")
    function: Callable[..., Any] = getattr(gminus2, name)
    return function


def _items(
    name: str, words: Sequence[str], parameters: Mapping[str, Any]
) -> Iterator[tuple[str, str | None]]:
    """Yield known keys with underscores and their values; --json and --help have none."""
    rest = iter(words)
    for word in rest:
        key, equals, value = word.removeprefix("--").partition("=")
        if word == "-h" or word in ("--json", "--help"):
            yield ("help" if word == "-h" else key), None
        elif not word.startswith("--") or not key:
            raise PhysicsError(f"'{word}': write --KEY VALUE")
        elif key in ("json", "help"):
            raise PhysicsError(f"--{key} takes no value")
        elif (key := key.replace("-", "_")) not in parameters:
            known = map(_option, (*parameters, "json", "help"))
            raise PhysicsError(f"{name}: unknown key {_option(key)}{nearest(_option(key), known)}")
        else:
            found = value if equals else next(rest, None)
            if found is None:
                raise PhysicsError(f"{word}: a value is missing")
            yield key, found


def _arguments(
    name: str, function: Callable[..., Any], items: Sequence[tuple[str, str | None]]
) -> dict[str, str | float]:
    parameters = inspect.signature(function).parameters
    found: dict[str, str | float] = {}
    for key, text in items:
        if key in found:
            raise PhysicsError(f"{_option(key)} is given twice")
        found[key] = _value(key, str(text), dict(items))
    missing = [key for key, p in parameters.items() if p.default is p.empty and key not in found]
    if missing:
        raise PhysicsError(f"{name}: missing {', '.join(map(_option, missing))}")
    defaults = {key: p.default for key, p in parameters.items() if p.default is not p.empty}
    return {key: found.get(key, defaults.get(key, "")) for key in parameters}


def _value(key: str, text: str, others: Mapping[str, str | None]) -> str | float:
    if key in _WORDS:
        return text
    if key == "m_axion" and text.strip().endswith("x") and others.get("m_dark_photon"):
        m_dark_photon = parse_energy(str(others["m_dark_photon"]))
        return require_not_negative(_option(key), parse_axion_mass(text, m_dark_photon))
    if _is_energy(key):
        return require_not_negative(_option(key), parse_energy(text))
    value = parse_number(_option(key), text)
    if not math.isfinite(value):
        raise PhysicsError(f"{_option(key)} must be a finite number, not {text}")
    return value


def _is_energy(key: str) -> bool:
    return key.startswith("m_") or key in ("mass", "cutoff")


def _option(key: str) -> str:
    return f"--{key.replace('_', '-')}"


def _usage(name: str, function: Callable[..., Any]) -> str:
    lines = [f"darkmc gminus2 {name}: {(inspect.getdoc(function) or '').splitlines()[0]}"]
    for key, parameter in inspect.signature(function).parameters.items():
        energy = "GeV, e.g. 1TeV" if key == "cutoff" else "mass, e.g. 30MeV"
        kind = _WORDS.get(key) or (energy if _is_energy(key) else "number")
        default = "" if parameter.default is parameter.empty else f"default {parameter.default}"
        lines.append(f"  {_option(key):22s}{', '.join(text for text in (kind, default) if text)}")
    return "\n".join(lines)
