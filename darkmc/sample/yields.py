"""Numbers of events with their errors, at one coupling or over arrays of couplings, lifetimes and widths."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from darkmc.core.errors import PhysicsError
from darkmc.core.estimates import Estimate
from darkmc.core.kinematics import Array, Numbers
from darkmc.core.units import checked_couplings

Estimates = dict[str, Estimate]


class Yield(NamedTuple):
    """A number of events and its Monte Carlo standard error; floats, or arrays over couplings.

    The error holds that of the draws and that of a finite list of mesons, in quadrature.  It is infinite
    where it is unknown: below 10 effective entries, or where nothing at all was seen of a channel.

    Examples
    --------
    >>> import darkmc
    >>> value, error = darkmc.Yield(2.0, 0.1)
    """

    value: Numbers
    error: Numbers


class BinnedYield(NamedTuple):
    """Yields in bins: edges (n + 1,), values and standard errors (n,), inf below 10 effective entries.

    Examples
    --------
    >>> import darkmc
    >>> charm, portal = darkmc.Experiment("charm-finegrained"), darkmc.DarkAxionPortal(m_dark_photon=0.03)
    >>> sample = charm.simulate(portal, n_samples=20000, seed=1)
    >>> edges, value, error = sample.histogram("E_photon", [3.0, 10.0, 30.0], coupling=6e-5)
    >>> bool((value > 5.0 * error).all())
    True
    """

    edges: Array
    value: Array
    error: Array


def over_points(yields: Callable[..., Estimates], coupling: Numbers, *more: Array) -> Estimates:
    """Return estimates by name for one coupling, or arrays; further arguments broadcast with it."""
    try:
        points = np.broadcast_arrays(checked_couplings(coupling), *more)
    except ValueError:
        raise PhysicsError("couplings, lifetimes and widths have shapes that do not fit together") from None
    if points[0].ndim == 0:
        return yields(*map(float, points))
    found = [yields(*map(float, one)) for one in zip(*(part.ravel() for part in points), strict=True)]
    shape = points[0].shape
    return {
        name: Estimate(*(np.array([part[name][k] for part in found]).reshape(shape) for k in range(3)))
        for name in (found[0] if found else {"": None})
    }


def as_yields(estimates: Estimates) -> dict[str, Yield]:
    """Return estimates with their errors in quadrature."""
    return {name: Yield(found.value, found.error) for name, found in estimates.items()}


def one_coupling(what: str, coupling: Numbers) -> float:
    """Return one coupling, or raise PhysicsError."""
    couplings = checked_couplings(coupling)
    if couplings.size != 1:
        raise PhysicsError(f"{what} is that of one coupling, not of {couplings.size}")
    return float(couplings.reshape(1)[0])
