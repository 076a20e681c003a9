"""What tables and pictures of several kinds of runs share: points, axes, heads."""

from collections.abc import Sequence

import numpy as np

from darkmc import __version__
from darkmc.cards.run import Axis, Point
from darkmc.cards.run_card import parse_grids
from darkmc.core.errors import PhysicsError
from darkmc.core.kinematics import Array
from darkmc.core.units import parse_axion_mass, parse_energy
from darkmc.experiments.experiment import Experiment
from darkmc.output.csv_tables import Row
from darkmc.portals.dark_axion.facade import DarkAxionPortal
from darkmc.selection.observables import observable


def edges(axis: Axis) -> Array:
    """Return the edges of an axis' bins."""
    spaced = np.geomspace if axis.scale == "log" else np.linspace
    return spaced(axis.min, axis.max, axis.bins + 1)


def masses(grid: str, m_axion: str) -> list[tuple[float, float]]:
    """Return pairs of masses (m_dark_photon, m_axion) in GeV, increasing."""
    return [(float(m), parse_axion_mass(m_axion, float(m))) for m in parse_grids(grid)]


def header(about: str, *lines: str) -> list[str]:
    """Return the lines in front of a table."""
    return [f"darkmc {__version__}: {about}", *lines]


def portal_at(m_dark_photon: float, m_axion: float) -> DarkAxionPortal:
    """Return the portal at a pair of masses, GeV."""
    return DarkAxionPortal(m_dark_photon, m_axion)


def at(point: Point) -> tuple[DarkAxionPortal, Row]:
    """Return a point's portal and its columns."""
    m_dark_photon = parse_energy(point.m_dark_photon)
    portal = DarkAxionPortal(m_dark_photon, parse_axion_mass(point.m_axion, m_dark_photon))
    return portal, point_columns(portal, point.coupling_per_GeV)


def point_columns(portal: DarkAxionPortal, coupling: float) -> Row:
    """Return the columns that say where in the parameters a row is."""
    return {
        **{f"{name}_GeV": mass for name, mass in portal.masses.items()},
        "coupling_per_GeV": coupling,
    }


def require_open(experiment: Experiment, portal: DarkAxionPortal, names: Sequence[str]) -> None:
    """Raise PhysicsError if a point is closed, or no event has the observables."""
    closed = experiment.closed(portal)
    if closed is not None:
        raise PhysicsError(f"{experiment.name}: {closed}")
    for name in names:
        quantity = observable(name)
        plans = experiment.plans(portal)
        if not any(quantity.applies_to((*plan.particles, *plan.vertices)) for plan in plans):
            raise PhysicsError(f"{experiment.name} has no events with '{name}'")


def axis_label(name: str) -> str:
    """Return an observable in words, with its unit."""
    quantity = observable(name)
    unit = quantity.unit.replace("^2", "$^2$")
    return f"{quantity.label} [{unit}]" if unit else quantity.label
