"""Least chi-squared of one moment over one or two couplings: closed forms, no grid of couplings."""

import math
from collections.abc import Iterable, Sequence
from itertools import product
from typing import NamedTuple

from darkmc.core.errors import PhysicsError
from darkmc.gminus2 import dark_axion_one_loop, pseudoscalar_yukawa, vector
from darkmc.gminus2.bands import Band, Quadratic
from darkmc.gminus2.data import Difference


class CouplingFit(NamedTuple):
    """The least chi-squared over one coupling, and a coupling at which it is reached."""

    chi_squared: float
    coupling: float


class PairFit(NamedTuple):
    """The least chi-squared over kinetic mixing epsilon and Yukawa coupling y, and where it is reached."""

    chi_squared: float
    epsilon: float
    yukawa: float


class PairForm(NamedTuple):
    """Delta a = epsilon_squared eps^2 + mixed eps y + yukawa_squared y^2 at fixed masses."""

    epsilon_squared: float
    mixed: float
    yukawa_squared: float

    def at_epsilon(self, epsilon: float) -> Quadratic:
        """Return Delta a as a function of y.

        Parameters
        ----------
        epsilon : float
            Kinetic mixing.

        Returns
        -------
        Quadratic
            Of y.
        """
        return Quadratic(self.epsilon_squared * epsilon**2, self.mixed * epsilon, self.yukawa_squared)

    def at_yukawa(self, yukawa: float) -> Quadratic:
        """Return Delta a as a function of epsilon.

        Parameters
        ----------
        yukawa : float
            The axion's coupling y.

        Returns
        -------
        Quadratic
            Of epsilon.
        """
        return Quadratic(self.yukawa_squared * yukawa**2, self.mixed * yukawa, self.epsilon_squared)

    def value(self, epsilon: float, yukawa: float) -> float:
        """Return Delta a.

        Parameters
        ----------
        epsilon, yukawa : float
            Kinetic mixing, and the axion's coupling y.

        Returns
        -------
        float
            The moment's contribution.
        """
        return float(self.at_epsilon(epsilon)(yukawa))


def dark_axion_pair_form(
    lepton: str, m_axion: float, m_dark_photon: float, coupling: float, cutoff: float
) -> PairForm:
    """Return the one-loop Delta a of a dark axion, arXiv:2104.03276: portal, dark photon and axion loops.

    Parameters
    ----------
    lepton : {"e", "mu", "tau"}
        Whose moment.
    m_axion, m_dark_photon : float
        Masses, GeV.
    coupling : float
        Portal coupling, GeV^-1.
    cutoff : float
        Hard cut-off, GeV.

    Returns
    -------
    PairForm
        Delta a as a form of epsilon and y.

    Raises
    ------
    PhysicsError
        If the lepton is unknown, a mass negative, an argument not finite, the cut-off below a mass in
        the loop.

    Examples
    --------
    >>> from darkmc.gminus2.fit import dark_axion_pair_form
    >>> form = dark_axion_pair_form("mu", m_axion=0.01, m_dark_photon=0.01, coupling=1e-3, cutoff=1000.0)
    >>> f"{form.value(epsilon=1e-3, yukawa=0.0):.4e}"  # the loop of the dark photon alone
    '9.0897e-10'
    """
    return PairForm(
        epsilon_squared=float(vector(lepton, m_dark_photon, 1.0)),
        mixed=float(dark_axion_one_loop(lepton, m_axion, m_dark_photon, 1.0, 1.0, coupling, cutoff)),
        yukawa_squared=float(pseudoscalar_yukawa(lepton, m_axion, 1.0)),
    )


def fit_coupling(contribution: Quadratic, data: Difference, intervals: Iterable[Band]) -> CouplingFit:
    """Return the least chi-squared ((Delta a - value)/error)^2 over intervals of one coupling.

    Parameters
    ----------
    contribution : Quadratic
        Delta a of the coupling.
    data : Difference
        Measured minus predicted moment, and its error.
    intervals : iterable of (float, float)
        Allowed couplings, finite; negative ones too where the sign matters.

    Returns
    -------
    CouplingFit
        chi_squared and coupling.

    Raises
    ------
    PhysicsError
        If there is no interval or one is no interval.

    Examples
    --------
    >>> from darkmc.gminus2.bands import Quadratic
    >>> from darkmc.gminus2.data import Difference
    >>> from darkmc.gminus2.fit import fit_coupling
    >>> fit_coupling(Quadratic(quadratic=1e-9), Difference(value=2e-9, error=1e-9), [(0.0, 1.0)])
    CouplingFit(chi_squared=1.0, coupling=1.0)
    """
    candidates = [
        g
        for low, high in _checked(intervals, "coupling")
        for g in (*_extreme_points(contribution, low, high), *contribution.roots(data.value))
        if low <= g <= high
    ]
    best = min(candidates, key=lambda g: abs(float(contribution(g)) - data.value))
    return CouplingFit(_chi_squared(float(contribution(best)), data), best)


def fit_pair(form: PairForm, data: Difference, epsilon: Iterable[Band], yukawa: Iterable[Band]) -> PairFit:
    """Return the least chi-squared over allowed intervals of epsilon and of y, at fixed masses.

    On each rectangle the quadratic form takes every value between its least and its largest, which lie on
    the rectangle's sides or at the origin; if the measured value is among them it is met on the straight
    line between the two points.

    Parameters
    ----------
    form : PairForm
        Delta a of epsilon and y.
    data : Difference
        Measured minus predicted moment, and its error.
    epsilon, yukawa : iterable of (float, float)
        Allowed intervals, finite.

    Returns
    -------
    PairFit
        chi_squared, epsilon and yukawa.

    Raises
    ------
    PhysicsError
        If there is no interval or one is no interval.

    Examples
    --------
    >>> from darkmc.gminus2.data import Difference
    >>> from darkmc.gminus2.fit import PairForm, fit_pair
    >>> form = PairForm(epsilon_squared=1e-9, mixed=0.0, yukawa_squared=-1e-9)
    >>> fit_pair(form, Difference(value=2e-9, error=1e-9), [(0.0, 1.0)], [(0.0, 1.0)])
    PairFit(chi_squared=1.0, epsilon=1.0, yukawa=0.0)
    """
    rectangles = product(_checked(epsilon, "epsilon"), _checked(yukawa, "yukawa"))
    return min(_fit_rectangle(form, data, *rectangle) for rectangle in rectangles)


def _fit_rectangle(form: PairForm, data: Difference, epsilon: Band, yukawa: Band) -> PairFit:
    points = [(e, y) for e in epsilon for y in _extreme_points(form.at_epsilon(e), *yukawa)]
    points += [(e, y) for y in yukawa for e in _extreme_points(form.at_yukawa(y), *epsilon)]
    if epsilon[0] <= 0.0 <= epsilon[1] and yukawa[0] <= 0.0 <= yukawa[1]:
        points.append((0.0, 0.0))
    low = min(points, key=lambda point: form.value(*point))
    high = max(points, key=lambda point: form.value(*point))
    if data.value <= form.value(*low):
        return PairFit(_chi_squared(form.value(*low), data), *low)
    if data.value >= form.value(*high):
        return PairFit(_chi_squared(form.value(*high), data), *high)
    step = (high[0] - low[0], high[1] - low[1])
    along = Quadratic(
        form.value(*low),
        2.0 * form.epsilon_squared * low[0] * step[0]
        + form.mixed * (low[0] * step[1] + low[1] * step[0])
        + 2.0 * form.yukawa_squared * low[1] * step[1],
        form.value(*step),
    )
    best = fit_coupling(along, data, [(0.0, 1.0)]).coupling
    return PairFit(0.0, low[0] + best * step[0], low[1] + best * step[1])


def _extreme_points(contribution: Quadratic, low: float, high: float) -> list[float]:
    """Return the ends of an interval and the turning point, if that lies between them."""
    points = [low, high]
    if contribution.quadratic != 0.0:
        turning = -0.5 * contribution.linear / contribution.quadratic
        points += [turning] if low < turning < high else []
    return points


def _chi_squared(value: float, data: Difference) -> float:
    return float(((value - data.value) / data.error) ** 2)


def _checked(intervals: Iterable[Band], name: str) -> Sequence[Band]:
    found = [(float(low), float(high)) for low, high in intervals]
    if not found:
        raise PhysicsError(f"no interval of {name} is allowed")
    for low, high in found:
        if not (math.isfinite(low) and math.isfinite(high) and low <= high):
            raise PhysicsError(f"{low:g} to {high:g} is no interval of {name}")
    return found
