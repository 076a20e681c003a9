"""Where a result needs its precision, and what precision is: of a coupling, or of the yield.

The error of an edge G of a limit is that of the yield over its slope, dG/G = dN/(N |d ln N/d ln G|).  Where
N(G) is flat, at the tip of an exclusion, an edge has no error to speak of: there dN/N is meant.  Where there
is no edge, rows have to tell that there is none: the largest yield must be apart from the number that is
excluded by some of its errors.
"""

import math
from typing import NamedTuple, Self

from darkmc.core.estimates import LEAST_ENTRIES
from darkmc.core.intervals import NAN, Exclusion
from darkmc.limits.solve import largest
from darkmc.sample.sample import Sample

FLAT = 0.5  # |d ln N/d ln G| below which precision is that of the yield
LEAST_AT_EDGES = 400.0  # effective rows of a limit: 5% of N, however steep
DECIDED = 5.0  # errors of the largest yield to the number that is excluded, where that decides
ROUGHEST = 0.05  # relative error of it, however far it is


def precision_of(power: float) -> str:
    """Return what the precision of an edge is of: "G" the coupling, "N" the yield (nan: no edge, "").

    Parameters
    ----------
    power : float
        d ln N/d ln G there.
    """
    return "" if power != power else "G" if abs(power) >= FLAT else "N"


def precision_without_edges(exclusion: Exclusion) -> str:
    """Return what was sought where there is no edge: "decision"; "" where there is one, or no yield."""
    edges = (edge for interval in exclusion.intervals for edge in interval[:2])
    return "" if exclusion.peak is None or any(map(math.isfinite, edges)) else "decision"


class Deciding(NamedTuple):
    """A yield and a coupling at which a result needs its precision.

    Attributes
    ----------
    curve : Sample
        The yield.
    coupling : float
        GeV^-1.
    of_limit : bool
        It decides a limit, and is not just asked for.
    power : float
        d ln N/d ln G there if it is an edge of that limit; nan: it is none.
    apart : float
        How far the number that is excluded is from the yield, over the yield, where it is never crossed.
    """

    curve: Sample
    coupling: float
    of_limit: bool = True
    power: float = NAN
    apart: float = 0.0

    @classmethod
    def without_edges(cls, curve: Sample, target: float) -> Self:
        """Return the largest of yields that never cross the number of events that is excluded."""
        coupling = largest(curve, target)
        value = float(curve.estimate(coupling).value)
        return cls(curve, coupling, apart=abs(target / value - 1.0) if value > 0.0 else math.inf)

    def allowed(self, precision: float) -> float:
        """Return the relative error of N that a precision allows."""
        if precision_of(self.power) == "G":
            return precision * abs(self.power)
        return max(precision, min(self.apart / DECIDED, ROUGHEST))

    @property
    def least_rows(self) -> float:
        """Effective rows, (sum w)^2/sum w^2, that there must be at least."""
        return LEAST_AT_EDGES if self.of_limit else LEAST_ENTRIES
