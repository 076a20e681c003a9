"""What the words of a command line stand for: numbers, keys, an experiment at a point."""

import argparse
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from darkmc.cards.load import toml
from darkmc.core.errors import PhysicsError, shown
from darkmc.core.process import tell
from darkmc.core.saying import is_quiet, say
from darkmc.core.units import (
    MassGrid,
    checked_seed,
    checked_workers,
    parse_axion_grids,
    parse_axion_mass,
    parse_energy,
    parse_grid,
    parse_mass_grid,
    parse_number,
    require_positive,
)

_T = TypeVar("_T")
_BARE = re.compile(r"\s*(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")  # a number without a unit
_LARGEST_COUNT = 1e15  # beyond it not every whole number is a float


def overrides(items: list[str]) -> dict[str, Any]:
    """Return KEY=VALUE items as a mapping; values are TOML where they can be, else text."""
    out: dict[str, Any] = {}
    for item in items:
        key, equals, value = item.partition("=")
        if not equals or not key.strip():
            raise PhysicsError(f"--set {item}: write KEY=VALUE")
        try:
            read = toml(f"x = {value}")
        except tomllib.TOMLDecodeError:
            read = {"x": value}
        except ValueError as error:  # TOML, but more than Python can read
            raise PhysicsError(f"--set {key}: {error}") from None
        out[key.strip()] = read["x"] if len(read) == 1 else value
    return out


def scanned(items: list[str], fixed: Mapping[str, Any]) -> dict[str, tuple[Any, ...]]:
    """Return KEY=GRID items as values by key: START:STOP:N[:log|:lin], or a list with commas between."""
    out: dict[str, tuple[Any, ...]] = {}
    for item in items:
        key, equals, text = (part.strip() for part in item.partition("="))
        if not equals or not key:
            raise PhysicsError(f"--scan {item}: write KEY=GRID")
        if key in out or key in fixed:
            raise PhysicsError(f"--scan {key}: this key is given twice")
        out[key] = (
            _grid(key, text) if re.match(r"[^:,]+:[^:,]+:[^:,]+(:[^:,]+)?$", text) else _list(key, text)
        )
    return out


def _grid(key: str, text: str) -> tuple[Any, ...]:
    """Return numbers from a grid: whole ones if all are, as keys may take only these."""
    found = parse_grid(text, lambda end: parse_number(f"--scan {key}", end))
    whole = not re.search(r"[.eE]", text.split("lin")[0]) and all(value == int(value) for value in found)
    return tuple(int(value) if whole else float(value) for value in found)


def _list(key: str, text: str) -> tuple[Any, ...]:
    """Return the values of a list: TOML where they can be, else text."""
    try:
        values = toml(f"x = [{text}]")["x"]
    except ValueError:
        values = [_word(word.strip()) for word in text.split(",")]
    for value in values:
        if not isinstance(value, str | int | float) or value != value or value == "":
            raise PhysicsError(f"--scan {key}: numbers, words or true and false, not {shown(value)}")
    if not values:
        raise PhysicsError(f"--scan {key}: the grid is empty")
    return tuple(dict.fromkeys(values))


def _word(text: str) -> Any:
    try:
        return toml(f"x = {text}")["x"]
    except ValueError:
        return text


def whole_number(name: str, text: str) -> int:
    """Return a whole number of at least 1 from text such as 10000 or 1e4."""
    value = parse_number(name, text)
    if not (1.0 <= value <= _LARGEST_COUNT and value == int(value)):
        raise PhysicsError(f"{name} must be a whole number from 1 to {_LARGEST_COUNT:g}, not {text}")
    return int(value)


def fraction(name: str, text: str | None) -> float | None:
    """Return a number between 0 and 1, or None."""
    if text is None:
        return None
    value = parse_number(name, text)
    if not 0.0 < value < 1.0:
        raise PhysicsError(f"{name} must lie between 0 and 1, not {text}")
    return value


def chosen_seed(options: argparse.Namespace) -> int:
    """Return the seed of the random numbers."""
    return checked_seed("--seed", options.seed)


def chosen_workers(options: argparse.Namespace) -> int:
    """Return the number of workers."""
    return checked_workers("--workers", options.workers)


def cores() -> int:
    """Return the number of processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def chosen_couplings(options: argparse.Namespace) -> tuple[float, ...]:
    """Return one or several couplings: a number, a list with commas between, or a grid."""
    text = options.coupling
    if ":" in text:
        return tuple(map(float, parse_grid(text, lambda end: _coupling(end))))
    words = [word for word in text.split(",") if word.strip()] or [text]
    return tuple(dict.fromkeys(_coupling(word) for word in words))


def _coupling(text: str) -> float:
    return require_positive("--coupling", parse_number("--coupling", text))


def chosen_place(options: argparse.Namespace) -> tuple[Any, Any]:
    """Return experiment and portal; raise if no channel is open."""
    from darkmc.experiments.experiment import Experiment
    from darkmc.experiments.moment_names import is_moment
    from darkmc.portals.dark_axion.facade import DarkAxionPortal

    if is_moment(options.experiment):
        raise PhysicsError(f"{options.experiment} has no events: use limit, or gminus2 for the moment")
    name = "--m-dark-photon"
    m_dark_photon = require_positive(name, parse_energy(options.m_dark_photon, name))
    m_axion = parse_axion_mass(options.m_axion, m_dark_photon, "--m-axion")
    portal = DarkAxionPortal(m_dark_photon, m_axion)
    experiment = Experiment(options.experiment, options.preset, overrides(options.overrides))
    say(f"{', '.join(map(str, experiment.files))}; {'; '.join(experiment.provenance)}")
    closed = experiment.closed(portal)
    if closed is not None:
        raise PhysicsError("; ".join([closed, *mass_hint(options, m_dark_photon)]))
    return experiment, portal


def chosen_point(options: argparse.Namespace) -> tuple[Any, Any, float]:
    """Return experiment, portal and the one coupling; raise if no channel is open."""
    coupling = _coupling(options.coupling)
    return (*chosen_place(options), coupling)


def axion_hint(options: argparse.Namespace, m_dark_photon: float) -> list[str]:
    """Return what a bare mass of the axion, above the dark photon's, means."""
    if not _BARE.fullmatch(options.m_axion) or not parse_energy(options.m_axion) > m_dark_photon:
        return []
    share = f"{options.m_axion}x is that fraction of the dark photon's mass"
    return [f"--m-axion {options.m_axion} is {parse_energy(options.m_axion):g} GeV: {share}"]


def masses_of(options: argparse.Namespace) -> MassGrid:
    """Return the masses of the dark photon that are scanned."""
    return _of("--m-dark-photon", parse_mass_grid, options.m_dark_photon)


def axion_masses_of(options: argparse.Namespace) -> list[MassGrid]:
    """Return the masses of the axion that are scanned."""
    return _of("--m-axion", parse_axion_grids, options.m_axion)


def _of(name: str, parse: Callable[[str], _T], text: str) -> _T:
    """Return what a grid says; the option that it is of is named where it says nothing."""
    try:
        return parse(text)
    except PhysicsError as error:
        raise PhysicsError(f"{name}: {error}") from None


def mass_hint(options: argparse.Namespace, m_dark_photon: float) -> list[str]:
    """Return what bare masses mean, where that may be why there is nothing to be seen."""
    hints, text = axion_hint(options, m_dark_photon), options.m_dark_photon
    typed = text.split(":")[:2] if ":" in text else text.split(",")
    if m_dark_photon >= 1.0 and all(_BARE.fullmatch(part) for part in typed):
        what = f"{m_dark_photon:g} GeV" if len(typed) == 1 else "in GeV"
        hints.append(f"--m-dark-photon {text} is {what}: write {typed[0]}MeV for MeV")
    return hints


def chosen_alternatives(request: Any, names: str | None) -> tuple[str, ...]:
    """Return the names of the flux card's alternatives that `--vary` asks for."""
    from darkmc.experiments.experiment import Experiment

    if names is None:
        return ()
    experiment = request.load()
    if not isinstance(experiment, Experiment):
        raise PhysicsError(f"--vary: {experiment.name} has no flux card whose alternatives could vary")
    try:
        alternatives = experiment.source.alternatives
        chosen = alternatives.chosen(names == "all" or [name.strip() for name in names.split(",")])
    except PhysicsError as error:
        raise PhysicsError(f"--vary: {error}") from None
    if not alternatives:
        raise PhysicsError(f"--vary: {experiment.source.loaded.path} names no alternatives")
    return chosen


def report(output: str, text: str) -> None:
    """Say what was written where; not into it, and not where only results are wanted."""
    from darkmc.output.files import descriptor

    if is_quiet():
        return
    if descriptor(output) == 1:
        tell(text)
    else:
        print(text)
