"""Couplings that a measured lepton moment excludes: criteria, bands, and the dark axion portal's limits."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from darkmc.core.errors import PhysicsError, nearest
from darkmc.core.intervals import NAN, SCAN_HIGH, Exclusion, Interval
from darkmc.core.kinematics import Numbers
from darkmc.core.units import numbers, require_broadcast, require_not_negative, require_positive
from darkmc.gminus2 import dark_axion_two_loop
from darkmc.gminus2.bands import Contribution, Quadratic, allowed_bands, excluded_bands
from darkmc.gminus2.data import Row, difference
from darkmc.gminus2.inputs import lepton_mass

CRITERIA = ("overshoot", "interval", "shift")


@dataclass(frozen=True)
class Window:
    """The contributions to a moment that data leave room for.

    Attributes
    ----------
    lower, upper : float
        Least and largest Delta a.
    n_sigma : float
        Standard errors that the criterion grants.
    pull : float
        Measurement minus prediction of the Standard Model, in standard errors.
    """

    lower: float
    upper: float
    n_sigma: float = 2.0
    pull: float = 0.0

    @property
    def standard_model(self) -> str:
        """In words, how far off the Standard Model is if that is beyond what the criterion grants."""
        if abs(self.pull) <= self.n_sigma:
            return ""
        side = "low" if self.pull > 0.0 else "high"
        return f"the Standard Model itself is {abs(self.pull):.1f} sigma {side}"


def window(
    lepton: str,
    dataset: str,
    n_sigma: float = 2.0,
    criterion: str = "overshoot",
    extra: Iterable[Row] = (),
) -> Window:
    """Return the contributions that a measurement allows at `n_sigma` standard errors.

    Parameters
    ----------
    lepton : {"e", "mu"}
        Whose moment.
    dataset : str
        Name of a difference: see ``darkmc.gminus2.data.datasets``.
    n_sigma : float
        Standard errors on either side.
    criterion : {"overshoot", "interval", "shift"}
        ``overshoot``: a contribution may not carry the moment beyond the measurement by more than
        `n_sigma`, nor make a Standard Model that is off by more still worse; to be too small is no fault.
        ``interval``: the sum of Standard Model and contribution is within `n_sigma` of the measurement, so
        that where the Standard Model is off by more, contributions too small are excluded with it.
        ``shift``, the founding paper's (arXiv:1806.00757): a contribution may go `n_sigma` beyond whichever
        of Standard Model and measurement lies further on its side; 15.2e-10 for the muon of 2018,
        2.70e-12 for the electron.
    extra : iterable of Row, optional
        Rows of your own beside those of the table.

    Returns
    -------
    Window
        Lower and upper edge of what a contribution may be.

    Raises
    ------
    PhysicsError
        If a name is unknown or `n_sigma` not above zero.

    Examples
    --------
    >>> from darkmc.gminus2.bounds import window
    >>> room = window("mu", "2025")
    >>> f"{room.lower:.3e} {room.upper:.3e}"
    '-8.890e-10 1.659e-09'
    """
    reach = require_positive("n_sigma", n_sigma)
    value, error = difference(lepton, dataset, extra)
    if criterion not in CRITERIA:
        raise PhysicsError(f"unknown criterion '{criterion}'{nearest(str(criterion), CRITERIA)}")
    low, high = value - reach * error, value + reach * error
    if criterion == "overshoot":
        low, high = min(low, 0.0), max(high, 0.0)
    elif criterion == "shift":
        low, high = min(low, -reach * error), max(high, reach * error)
    return Window(low, high, reach, value / error)


def coupling_limit(
    contribution: Contribution, allowed: Window, both_signs: bool = False, reach: float = SCAN_HIGH
) -> Exclusion:
    """Return the couplings that a window of Delta a excludes, for one loop or a sum of loops.

    Parameters
    ----------
    contribution : Quadratic or callable
        Delta a of the coupling: see ``darkmc.gminus2.bands.allowed_bands``, which gives the allowed bands.
    allowed : Window
        From :func:`window`, or your own.
    both_signs : bool
        Negative couplings as well.
    reach : float
        Largest coupling that is scanned if the contribution is not a :class:`Quadratic`.

    Returns
    -------
    Exclusion
        An edge that does not exist is nan; errors of edges are 0: the numerical error is below 1e-9 of an
        edge and nothing is random.  Without any interval, `reason` says why there is no finite limit; if no
        coupling is allowed, not even zero, one interval without upper edge holds them all.

    Raises
    ------
    PhysicsError
        If `allowed` is no window, or Delta a not finite somewhere on the scan.

    Examples
    --------
    >>> from darkmc.gminus2.bands import Quadratic
    >>> from darkmc.gminus2.bounds import Window, coupling_limit
    >>> excluded = coupling_limit(Quadratic(quadratic=-1e-9), Window(lower=-4e-9, upper=1e-9))
    >>> excluded.lower, excluded.upper, excluded.reason
    (2.0, nan, 'open above: no upper edge')
    """
    if not isinstance(allowed, Window):
        raise PhysicsError(f"allowed takes a window(...), not a {type(allowed).__name__}")
    closed_form = isinstance(contribution, Quadratic)
    method = "analytic" if closed_form else "bracket"
    bands = allowed_bands(contribution, allowed.lower, allowed.upper, both_signs, reach)
    off = allowed.standard_model
    if bands == [(0.0, 0.0)]:
        why = f"{off} and the contribution makes it worse" if off else "only the coupling zero is allowed"
        return Exclusion((), method, f"no finite limit: {why}")
    excluded = excluded_bands(bands, both_signs)
    scanned = "" if closed_form else f"{reach:g}"
    within = f" up to {scanned}" if scanned else ""
    if not excluded:
        return Exclusion((), method, f"no finite limit: every coupling{within} is allowed")
    reasons = [] if bands else [f"every coupling{within} is disfavoured"]
    if bands and excluded[0][0] == -math.inf:
        reasons.append(f"open below -{scanned}" if scanned else "open below: no lower edge")
    if bands and excluded[-1][1] == math.inf:
        reasons.append(f"open above {scanned}" if scanned else "open above: no upper edge")
    if off:
        reasons.append(off)
    return Exclusion(tuple(_interval(low, high) for low, high in excluded), method, "; ".join(reasons))


def _interval(low: float, high: float) -> Interval:
    edges = [edge if math.isfinite(edge) else NAN for edge in (low, high)]
    return Interval(*edges, *(0.0 if math.isfinite(edge) else NAN for edge in (low, high)))


def dark_axion_limit(
    lepton: str, m_dark_photon: Numbers, m_axion: Numbers = 0.0, allowed: Window | None = None
) -> list[Exclusion]:
    """Return the portal couplings G (GeV^-1) that a moment excludes through the two-loop diagram.

    Parameters
    ----------
    lepton : {"e", "mu"}
        Whose moment.
    m_dark_photon, m_axion : float or array
        Masses in GeV; they broadcast.
    allowed : Window, optional
        From :func:`window`; the muon of 2025 at 2 sigma if none is given.

    Returns
    -------
    list of Exclusion
        One for each pair of masses.  The contribution -K G^2 is negative: excluded is what lies above one
        edge.  `reason` says so, and where 1/G at an edge is below the masses and the effective theory
        fails.

    Raises
    ------
    PhysicsError
        If a mass is negative or not finite, the dark photon massless, the masses do not broadcast, or
        `allowed` is no window.

    Examples
    --------
    >>> from darkmc.gminus2.bounds import dark_axion_limit
    >>> (excluded,) = dark_axion_limit("mu", m_dark_photon=0.1)
    >>> f"G above {excluded.lower:.4f} GeV^-1"
    'G above 0.3443 GeV^-1'
    """
    arrays = numbers("m_dark_photon", m_dark_photon), numbers("m_axion", m_axion)
    if max(array.ndim for array in arrays) > 1:
        raise PhysicsError("dark_axion_limit takes numbers or lists of masses, no tables")
    require_broadcast("dark_axion_limit", *(array.shape for array in arrays))
    dark_photons, axions = np.broadcast_arrays(*map(np.atleast_1d, arrays))
    for heavy, light in zip(dark_photons, axions, strict=True):
        require_positive("m_dark_photon", float(heavy))
        require_not_negative("m_axion", float(light))
    room = window("mu", "2025") if allowed is None else allowed
    slopes = np.asarray(dark_axion_two_loop(lepton, dark_photons, axions))
    found = []
    for slope, heavy, light in zip(slopes, dark_photons, axions, strict=True):
        exclusion = coupling_limit(Quadratic(quadratic=float(slope)), room)
        found.append(_flagged(exclusion, max(float(heavy), float(light), lepton_mass(lepton))))
    return found


def _flagged(exclusion: Exclusion, heaviest: float) -> Exclusion:
    """Say so if the effective theory fails at an edge, and at which first: 1/G is below a mass (GeV)."""
    edges = [edge for interval in exclusion.intervals for edge in interval[:2] if edge * heaviest > 1.0]
    if not edges:
        return exclusion
    scale = f"1/G = {1.0 / min(edges):.3g} GeV is below {heaviest:.3g} GeV"
    remark = f"effective theory fails at the edge {min(edges):.4g}: {scale}"
    return replace(exclusion, reason="; ".join(text for text in (exclusion.reason, remark) if text))
