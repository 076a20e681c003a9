"""Allowed regions of one particle's mass and coupling, whatever the other's: Ge, Ma, Pasquini, section 5.

At fixed masses the one-loop moment of a dark axion is a form Delta a = A eps^2 + B eps y + C y^2 whose
coefficients depend on masses only.  They are tabulated once; chi-squared is then least where Delta a comes
closest to the measured value.  On an interval of one coupling Delta a takes every value between its least and
its largest, which it has at the ends or at its turning point: no search, no grid of couplings.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from darkmc.core.errors import PhysicsError, nearest
from darkmc.core.kinematics import Array
from darkmc.core.units import require_positive, whole_number
from darkmc.gminus2 import dark_axion_one_loop, pseudoscalar_yukawa, vector
from darkmc.gminus2.bands import Band
from darkmc.gminus2.data import Difference
from darkmc.gminus2.masks import Mask, allowed_intervals
from darkmc.gminus2.regions import (
    TWO_DEGREES_95,
    Edge,
    Places,
    Region,
    closest_to_zero,
    least_distance,
    trace,
)
from darkmc.gminus2.strokes import nodes

PLANES = ("axion", "dark-photon")
_MOST_INNER, _MOVED = 4096, 0.01  # masses marginalised over, and how far the contour may move, relative
_BLOCK = 20_000  # points times inner masses at once


@dataclass(frozen=True, eq=False)
class Particle:
    """What is scanned, or marginalised over, of one particle.

    Attributes
    ----------
    mass : (float, float)
        Range in GeV.
    coupling : (float, float)
        Range of its size, above zero; a coupling that is marginalised over takes both signs.
    masks : tuple of Mask
        What other measurements exclude.

    Raises
    ------
    PhysicsError
        If a range is none.
    """

    mass: Band
    coupling: Band
    masks: tuple[Mask, ...] = ()

    def __post_init__(self) -> None:
        for name, (low, high) in (("mass", self.mass), ("coupling", self.coupling)):
            if not require_positive(name, low) < require_positive(name, high):
                raise PhysicsError(f"{low:g} to {high:g} is no range of a {name}")


class Contour(NamedTuple):
    """A region of a marginalised scan, and how it settled."""

    region: Region
    inner_masses: int  # over how many of the other particle's masses it was minimised
    moved: float  # how far, relative, the contour moved when that number was last raised


class _Form(NamedTuple):
    """Coefficients of Delta a = own g^2 + cross g c + inner c^2; g of the outer, c of the inner particle."""

    own: Array  # (n_outer,)
    cross: Array  # (n_outer, n): of each allowed interval of each inner mass
    inner: Array  # (n,)
    low: Array  # (n,): the interval
    high: Array  # (n,)


class Marginal:
    """Least chi-squared over one particle's mass and coupling, as a function of the other's.

    Parameters
    ----------
    lepton : {"e", "mu", "tau"}
        Whose moment.
    data : Difference
        Measured minus predicted moment: see ``darkmc.gminus2.data.difference``.
    plane : {"axion", "dark-photon"}
        Whose mass and coupling (y, or epsilon) are the plane's; the other's are marginalised over.
    axion, dark_photon : Particle
        Ranges and masks.
    coupling : float
        Portal coupling C = G_{a gamma gamma'} in GeV^-1.
    cutoff : float
        Hard cut-off in GeV.

    Raises
    ------
    PhysicsError
        If a name is unknown, a number not above zero, or masks leave nothing to marginalise over.

    Examples
    --------
    >>> from darkmc.gminus2.data import difference
    >>> from darkmc.gminus2.marginal import Marginal, Particle
    >>> axion, dark_photon = Particle((0.01, 350.0), (1e-6, 1.0)), Particle((1.0, 350.0), (1e-5, 0.003))
    >>> scan = Marginal("mu", difference("mu", "2021"), "axion", axion, dark_photon, 3e-3, 1000.0)
    >>> f"{scan.chi_squared(110.0, 1e-6):.2f}, {scan.chi_squared(110.0, 0.082):.2f}"
    '17.09, 0.00'
    """

    def __init__(
        self,
        lepton: str,
        data: Difference,
        plane: str,
        axion: Particle,
        dark_photon: Particle,
        coupling: float,
        cutoff: float,
    ) -> None:
        if plane not in PLANES:
            raise PhysicsError(f"unknown plane '{plane}'{nearest(str(plane), PLANES)}")
        self.lepton, self.data, self.plane = lepton, data, plane
        self.outer, self.inner = (axion, dark_photon) if plane == "axion" else (dark_photon, axion)
        self.portal, self.cutoff = require_positive("coupling", coupling), require_positive("cutoff", cutoff)
        strokes = [stroke for each in self.inner.masks for stroke in each.strokes]
        self._nodes = nodes(strokes, *self.inner.mass)

    def chi_squared(self, mass: float, coupling: float, inner_points: int = 64) -> float:
        """Return the least chi-squared at one point of the plane.

        Parameters
        ----------
        mass : float
            GeV.
        coupling : float
            Its size.
        inner_points : int
            Masses of the other particle, evenly in the logarithm, beside those at which masks bend.

        Returns
        -------
        float
            Zero where the measured value is met.

        Raises
        ------
        PhysicsError
            If a number has no meaning.
        """
        at, size = require_positive("mass", mass), require_positive("coupling", coupling)
        form = self._form(np.array([at]), *self._inner(inner_points))
        return float(self._pull(form, np.zeros(1, dtype=np.intp), np.array([size]))[0] ** 2)

    def contour(self, points: int = 200, inner_points: int = 64, level: float = TWO_DEGREES_95) -> Contour:
        """Return the least chi-squared on a grid of points x points, and its contour.

        The number of masses that are marginalised over is doubled until the contour moves by less than 1%.

        Parameters
        ----------
        points : int
            Masses, and couplings, evenly in the logarithm.
        inner_points : int
            Masses of the other particle to begin with.
        level : float
            Of chi-squared.

        Returns
        -------
        Contour
            The region; `moved` says how far its contour moved in the last step.

        Raises
        ------
        PhysicsError
            If a number has no meaning, or the contour does not settle.
        """
        n = whole_number("points", points, least=2, most=2000)
        wanted = require_positive("level", level)
        mass, coupling = np.geomspace(*self.outer.mass, n), np.geomspace(*self.outer.coupling, n)
        count = whole_number("inner_points", inner_points, least=2, most=_MOST_INNER)
        before = None
        moved = np.inf
        while count <= _MOST_INNER:
            inner, allowed = self._inner(count)
            pull = partial(self._pull, self._form(mass, inner, allowed))
            columns, rows = np.divmod(np.arange(n * n), n)
            found = trace(pull(columns, coupling[rows]).reshape(n, n), pull, mass, coupling, wanted)
            if before is not None:
                moved = _shift(before.edges, found.edges)
                if moved < _MOVED:
                    return Contour(found, inner.size, moved)
            before, count = found, 2 * count
        raise PhysicsError(f"the contour still moves by {moved:.1%} with {_MOST_INNER} masses")

    def _inner(self, points: int) -> tuple[Array, Array]:
        """Return masses of the other particle, and its allowed couplings (n, k, 2)."""
        even = np.geomspace(*self.inner.mass, points)
        at = np.unique(np.clip(np.concatenate([even, self._nodes]), *self.inner.mass))
        allowed = allowed_intervals(self.inner.masks, at, *self.inner.coupling)
        kept = np.isfinite(allowed[:, 0, 0])
        if not kept.any():
            raise PhysicsError("the masks leave nothing to marginalise over")
        return at[kept], allowed[kept]

    def _form(self, outer: Array, inner: Array, allowed: Array) -> _Form:
        axion, dark_photon = (outer, inner) if self.plane == "axion" else (inner, outer)
        y_squared = np.atleast_1d(pseudoscalar_yukawa(self.lepton, axion, 1.0))
        epsilon_squared = np.atleast_1d(vector(self.lepton, dark_photon, 1.0))
        masses = np.broadcast_arrays(outer[:, None], inner)
        pair = masses if self.plane == "axion" else masses[::-1]
        cross = np.atleast_2d(dark_axion_one_loop(self.lepton, *pair, 1.0, 1.0, self.portal, self.cutoff))
        own, other = (y_squared, epsilon_squared) if self.plane == "axion" else (epsilon_squared, y_squared)
        place, _ = np.nonzero(np.isfinite(allowed[..., 0]))
        low, high = allowed[np.isfinite(allowed[..., 0])].T
        return _Form(own, cross[:, place], other[place], low, high)

    def _pull(self, form: _Form, column: Places, coupling: Array) -> Array:
        """Return the least pull for points (p,), `column` being the place of the mass in the form."""
        out = np.empty(coupling.size)
        size = max(1, _BLOCK // form.inner.size)
        for start in range(0, coupling.size, size):
            block = slice(start, start + size)
            g = coupling[block, None]
            constant = form.own[column[block], None] * g**2 - self.data.value
            linear = form.cross[column[block]] * g
            off = [
                closest_to_zero(
                    least_distance(constant, sign * linear, form.inner, form.low, form.high), axis=1
                )
                for sign in (1.0, -1.0)
            ]
            out[block] = closest_to_zero(np.stack(off), axis=0)
        return out / self.data.error


def _shift(before: Sequence[Edge], after: Sequence[Edge]) -> float:
    """Return the largest relative change of an end; inf if at some mass an interval came or went."""
    if [edge.x for edge in before] != [edge.x for edge in after]:
        return np.inf
    ends = [np.array([edge[1:] for edge in edges]) for edges in (before, after)]
    return float(np.max(np.abs(ends[1] / ends[0] - 1.0), initial=0.0))
