"""Regions of mass and coupling that published curves exclude, and the couplings that they leave.

A mask is one or several strokes; a stroke excludes, at every mass between its ends, the couplings from a
lower to an upper edge (or all above the lower one), with straight lines between its points in the logarithms.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from darkmc.core.errors import PhysicsError, nearest
from darkmc.core.kinematics import Array, Numbers
from darkmc.core.units import numbers, require_positive
from darkmc.gminus2 import vector
from darkmc.gminus2.bands import Quadratic
from darkmc.gminus2.bounds import Window, coupling_limit
from darkmc.gminus2.curves import DARK_PHOTON, MUON_YUKAWA, Curve
from darkmc.gminus2.strokes import Stroke


@dataclass(frozen=True, eq=False)
class Mask:
    """What one measurement excludes.

    Attributes
    ----------
    name : str
        For legends and messages.
    strokes : tuple of Stroke
        Its regions; islands are several.
    source, grade : str
        Primary source; A read, B from a secondary source, C from memory.
    note : str
        What is approximate about it; empty if nothing is.

    Raises
    ------
    PhysicsError
        If it has no stroke.
    """

    name: str
    strokes: tuple[Stroke, ...]
    source: str = ""
    grade: str = "C"
    note: str = ""

    def __post_init__(self) -> None:
        if not self.strokes or not all(isinstance(stroke, Stroke) for stroke in self.strokes):
            raise PhysicsError(f"mask '{self.name}' takes at least one Stroke(mass, lower, upper)")

    def excludes(self, mass: Numbers, coupling: Numbers) -> NDArray[np.bool_]:
        """Return whether points are inside.

        Parameters
        ----------
        mass, coupling : float or array
            GeV, and size of the coupling; they broadcast.

        Returns
        -------
        bool or array of bool
            In the broadcast shape; edges are inside.

        Raises
        ------
        PhysicsError
            If the masses are no numbers.
        """
        masses = numbers("mass", mass)
        inside = np.zeros(np.broadcast_shapes(masses.shape, np.shape(coupling)), dtype=bool)
        for stroke in self.strokes:
            lower, upper = stroke.at(masses)
            inside |= (coupling >= lower) & (coupling <= upper)
        return inside


def mask(mass: ArrayLike, lower: ArrayLike, upper: ArrayLike | None = None, name: str = "mask") -> Mask:
    """Return a mask of one stroke.

    Parameters
    ----------
    mass : array (n,)
        GeV, increasing, at least two.
    lower : array (n,)
        Couplings above which all is excluded.
    upper : array (n,), optional
        Couplings above which all is allowed again.
    name : str
        For legends and messages.

    Returns
    -------
    Mask
        Straight between its points in the logarithms.

    Raises
    ------
    PhysicsError
        If the masses do not increase, a number is not above zero, or the edges cross.

    Examples
    --------
    >>> from darkmc.gminus2.masks import allowed_intervals, mask
    >>> box = mask([0.1, 1.0], lower=[1e-3, 1e-3], upper=[1e-2, 1e-2])
    >>> allowed_intervals([box], [0.5, 2.0], low=1e-5, high=1.0).round(6).tolist()
    [[[1e-05, 0.001], [0.01, 1.0]], [[1e-05, 1.0], [nan, nan]]]
    """
    edges = numbers("lower", lower)
    end = np.full(edges.shape, np.inf) if upper is None else upper
    return Mask(str(name), (Stroke(numbers("mass", mass), edges, numbers("upper", end)),))


def shipped(name: str) -> Mask:
    """Return one of the project's own masks.

    Parameters
    ----------
    name : str
        One of :func:`names`.

    Returns
    -------
    Mask
        For the kinetic mixing epsilon of a dark photon that decays visibly, or for the Yukawa coupling y of
        an axion to muons.

    Raises
    ------
    PhysicsError
        If there is none of this name, with the nearest one.

    Examples
    --------
    >>> from darkmc.gminus2.masks import shipped
    >>> shipped("na48-2").source
    'arXiv:1504.00607, 90% CL'
    """
    if name not in _SHIPPED:
        raise PhysicsError(f"unknown mask '{name}'{nearest(str(name), _SHIPPED)}")
    curve = _SHIPPED[name]
    strokes = tuple(Stroke(*np.transpose(stroke)) for stroke in curve.strokes)
    return Mask(curve.name, strokes, curve.source, curve.grade, curve.note)


_SHIPPED: dict[str, Curve] = {curve.name: curve for curve in (*DARK_PHOTON, *MUON_YUKAWA)}


def names() -> dict[str, list[str]]:
    """Return the names of the project's own masks, by the coupling that they bound.

    Returns
    -------
    dict of list of str
        Keys "epsilon" and "yukawa".

    Examples
    --------
    >>> from darkmc.gminus2.masks import names
    >>> names()["yukawa"]
    ['babar-4mu', 'sn1987a', 'kaon', 'cms-4mu']
    """
    groups = {"epsilon": DARK_PHOTON, "yukawa": MUON_YUKAWA}
    return {coupling: [curve.name for curve in curves] for coupling, curves in groups.items()}


def moment_mask(lepton: str, allowed: Window, masses: ArrayLike, name: str = "g-2") -> Mask:
    """Return what a lepton's moment excludes of a dark photon's kinetic mixing.

    Parameters
    ----------
    lepton : {"e", "mu", "tau"}
        Whose moment.
    allowed : Window
        What its moment leaves room for: see ``darkmc.gminus2.bounds.window``.
    masses : array (n,)
        GeV, increasing, at least two.
    name : str
        For legends and messages.

    Returns
    -------
    Mask
        Above the edge at each mass; nothing but the dark photon's own loop is in it.

    Raises
    ------
    PhysicsError
        If the masses do not increase, or the moment gives no limit.

    Examples
    --------
    >>> from darkmc.gminus2.bounds import window
    >>> from darkmc.gminus2.masks import moment_mask
    >>> electron = moment_mask("e", window("e", "2008-rb"), [1e-3, 1e-2])
    >>> electron.strokes[0].lower.round(6).tolist()
    [0.0001, 0.000742]
    """
    at = numbers("masses", masses)
    slopes = np.atleast_1d(vector(lepton, at, 1.0))
    lower = [coupling_limit(Quadratic(quadratic=float(slope)), allowed).lower for slope in slopes]
    if not all(edge > 0.0 for edge in lower):
        raise PhysicsError(f"{name}: the moment gives no finite limit on a dark photon")
    return mask(at, lower, name=name)


def allowed_intervals(masks: Sequence[Mask], masses: ArrayLike, low: float, high: float) -> Array:
    """Return the couplings from `low` to `high` that masks leave at some masses.

    Parameters
    ----------
    masks : sequence of Mask
        What is excluded; they may overlap.
    masses : array (n,)
        GeV.
    low, high : float
        Ends of the couplings of interest, above zero.

    Returns
    -------
    array (n, k, 2)
        Lower and upper ends, increasing; nan where there are fewer than k intervals.

    Raises
    ------
    PhysicsError
        If the ends are no interval, or a mass is not above zero.

    Examples
    --------
    >>> from darkmc.gminus2.masks import allowed_intervals, shipped
    >>> allowed_intervals([shipped("ewpo")], [1.0], low=1e-5, high=1.0).round(4).tolist()
    [[[0.0, 0.0282]]]
    """
    start, end = require_positive("low", low), require_positive("high", high)
    at = np.atleast_1d(numbers("masses", masses))
    if not start < end:
        raise PhysicsError(f"{start:g} to {end:g} is no interval of couplings")
    if not np.all(at > 0.0):
        raise PhysicsError("masses must be above zero")
    edges = [stroke.at(at) for each in masks for stroke in each.strokes]
    found = [
        _left([(lower[k], upper[k]) for lower, upper in edges if lower[k] == lower[k]], start, end)
        for k in range(at.size)
    ]
    out = np.full((at.size, max(1, *map(len, found)) if found else 1, 2), np.nan)
    for k, intervals in enumerate(found):
        out[k, : len(intervals)] = np.reshape(intervals, (-1, 2))
    return out


def _left(excluded: list[tuple[float, float]], low: float, high: float) -> list[tuple[float, float]]:
    """Return what excluded intervals leave from low to high."""
    left, reached = [], low
    for start, end in sorted(excluded):
        if start > reached:
            left.append((reached, min(start, high)))
        reached = max(reached, end)
        if reached >= high:
            return left
    return [*left, (reached, high)]
