"""At what rows are evaluated: a coupling, and lifetime and branching ratios of the state that decays there.

1/ctau = G^2/ctau_G + 1/ctau_0, ctau_0 from a width to what no detector sees; or a lifetime that is given.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from darkmc.core.constants import HBAR_C_GEV_M
from darkmc.core.errors import PhysicsError, nearest, shown
from darkmc.core.kinematics import Array
from darkmc.core.units import numbers, require_not_negative
from darkmc.core.vocabulary import final_states
from darkmc.portals.portal import Portal


class Point(NamedTuple):
    """A coupling, and what is known of the heavier dark state there.

    Several points side by side have columns (k, 1) where one has floats.

    Attributes
    ----------
    coupling : float
        G in GeV^-1.
    rate : float
        1/ctau in 1/m, of all its decays.
    branching : mapping
        Branching ratios by final state.
    visible : float
        What share of all decays leaves something to be seen.
    induced : float
        What share of the rate is due to the coupling.
    given : bool
        The lifetime was given: it and the ratios stay as the coupling changes.
    """

    coupling: Any
    rate: Any
    branching: Mapping[str, float]
    visible: Any = 1.0
    induced: Any = 1.0
    given: bool = False

    def factor(self, power: float, lifetimes: int, states: tuple[str, ...]) -> float:
        """Return G^power rate^lifetimes times the branching ratios of some final states."""
        out = float(self.coupling**power * self.rate**lifetimes)
        for state in states:
            out *= self.branching.get(state, 0.0)
        return out

    def steepness(self, power: float, lifetimes: int, states: tuple[str, ...]) -> float:
        """Return d ln/d ln G of :meth:`factor`."""
        return float(power + 2.0 * self.induced * lifetimes + self.shift * len(states))

    @property
    def shift(self) -> Any:
        """D ln/d ln G of every branching ratio."""
        return 0.0 if self.given else 2.0 * (1.0 - self.induced)


def side_by_side(points: Sequence[Point]) -> Point:
    """Return points as one whose numbers are columns (k, 1), without ratios; lifetimes are given or not."""
    names = ("coupling", "rate", "visible", "induced")
    columns = (np.array([[getattr(point, name)] for point in points]) for name in names)
    coupling, rate, visible, induced = columns
    return Point(coupling, rate, {}, visible, induced, points[0].given)


class Unstable(NamedTuple):
    """The heavier dark state at G = 1: c tau in m, inf if it is stable, and its branching ratios."""

    ctau: float
    branching: Mapping[str, float]

    def at(
        self,
        coupling: float,
        ctau: float | None = None,
        invisible_width: float = 0.0,
        branching: Mapping[str, float] | None = None,
    ) -> Point:
        """Return the point of a coupling, a lifetime and an invisible width.

        Parameters
        ----------
        coupling : float
            G in GeV^-1.
        ctau : float or None
            c tau in m, instead of that which follows from the coupling.
        invisible_width : float
            Width to what no detector sees, GeV, beside those decays.
        branching : mapping or None
            Ratios of the decays other than by that width, by final state; what they lack to 1 is not seen
            either.  None: those of the portal.
        """
        seen = coupling**2 / self.ctau if ctau is None else 1.0 / ctau
        rate = seen + invisible_width / HBAR_C_GEV_M
        share = seen / rate if invisible_width > 0.0 else 1.0
        ratios = self.branching if branching is None else branching
        visible = share if branching is None else share * sum(branching.values())
        if share < 1.0:
            ratios = {state: share * ratio for state, ratio in ratios.items()}
        given = ctau is not None
        return Point(coupling, rate, ratios, visible, 0.0 if given else share, given)


def unstable(portal: Portal) -> Unstable:
    """Return the heavier dark state of a portal."""
    ratios = {state: portal.heavy_branching_ratio(state) for state in portal.final_states}
    return Unstable(portal.heavy.ctau, ratios)


def checked_ctau(ctau: Any) -> Array:
    """Return lifetimes in m as an array; PhysicsError unless all are above zero."""
    out = numbers("ctau", ctau)
    if not np.all(out > 0.0):
        raise PhysicsError(f"ctau must be above zero, in m, not {out[~(out > 0.0)][0]:g}")
    return out


def checked_width(width: Any) -> Array:
    """Return widths in GeV as an array; PhysicsError unless all are finite and not negative."""
    out = numbers("invisible_width", width)
    good = (out >= 0.0) & np.isfinite(out)
    if not np.all(good):
        raise PhysicsError(f"invisible_width must be finite and not negative, in GeV, not {out[~good][0]:g}")
    return out


def checked_ratios(ratios: Any) -> dict[str, float]:
    """Return branching ratios by final state; PhysicsError for an unknown one, or a sum above 1."""
    if not isinstance(ratios, Mapping):
        raise PhysicsError(f"branching must be a table of ratios by final state, not {shown(ratios)}")
    for state in ratios:
        if state not in final_states():
            known = nearest(str(state), final_states())
            raise PhysicsError(f"branching: no final state {shown(state)}{known}")
    out = {state: require_not_negative(f"branching of {state}", ratio) for state, ratio in ratios.items()}
    if sum(out.values()) > 1.0 + 1e-9:
        raise PhysicsError(f"branching: the ratios add up to {sum(out.values()):g}")
    return out
