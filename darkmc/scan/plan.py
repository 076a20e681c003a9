"""From grids of masses, axion masses and card keys to the places of a scan, in the order of its table."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from darkmc.core.errors import PhysicsError
from darkmc.core.units import LARGEST_GRID, AxionMass, MassGrid, masses
from darkmc.scan.place import Line, Place


class Plan(NamedTuple):
    """What a scan computes: places that are given, and lines that refine themselves."""

    places: tuple[Place, ...]
    lines: tuple[Line, ...]


def plan(dark_photons: MassGrid, axions: Sequence[MassGrid], scanned: Mapping[str, Sequence[Any]]) -> Plan:
    """Return the plan of all combinations: settings outermost, then the axion, then the dark photon.

    Raises
    ------
    PhysicsError
        If both masses refine themselves, an axion mass is none, or there are too many points.
    """
    all_settings = [
        tuple(zip(scanned, values, strict=True)) for values in itertools.product(*scanned.values())
    ]
    if dark_photons.auto and any(axion.auto for axion in axions):
        raise PhysicsError("one mass can refine its grid, m_dark_photon or m_axion, not both")
    curves = sum(1 if axion.auto else len(axion.values) for axion in axions)
    along = 3 * max([dark_photons.auto, *(axion.auto for axion in axions)]) or 1
    each = 1 if dark_photons.auto else len(dark_photons.values)
    if len(all_settings) * curves * along * each > LARGEST_GRID:
        raise PhysicsError(f"the grids have more than {LARGEST_GRID} points together")
    places: list[Place] = []
    lines: list[Line] = []
    nothing = AxionMass(0.0, False)
    for settings, axion in itertools.product(all_settings, axions):
        given = sorted(set(dark_photons.values))
        if axion.auto:
            lines += [Line(axion, nothing, mass, settings) for mass in given]
            continue
        for value in axion.values:
            light = AxionMass(value, axion.relative)
            if dark_photons.auto:
                lines.append(Line(dark_photons, light, 0.0, settings))
            else:
                places += [Place(mass, light.at(mass), settings) for mass in given]
    masses("m_axion", [place.m_axion for place in places])
    masses("m_axion", [line.place(share).m_axion for line in lines for share in (0.0, 1.0)])
    return Plan(tuple(dict.fromkeys(places)), tuple(lines))
