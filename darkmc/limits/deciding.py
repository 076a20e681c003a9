"""Where a result needs its precision, and what precision is: of a coupling, or of the yield.

The error of an edge G of a limit is that of the yield over its slope, dG/G = dN/(N |d ln N/d ln G|).  Where
N(G) is flat, at the tip of an exclusion, an edge has no error to speak of: there dN/N is meant.
"""

from typing import NamedTuple

from darkmc.core.estimates import LEAST_ENTRIES
from darkmc.sample.sample import Sample

FLAT = 0.5  # |d ln N/d ln G| below which precision is that of the yield
LEAST_AT_EDGES = 400.0  # effective rows of a limit: 5% of N, however steep


def precision_of(power: float) -> str:
    """Return what the precision of an edge is of: "G" the coupling, "N" the yield (nan: no edge, "").

    Parameters
    ----------
    power : float
        d ln N/d ln G there.
    """
    return "" if power != power else "G" if abs(power) >= FLAT else "N"


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
    edge : bool
        It is an edge of that limit, not where the yield is largest.
    """

    curve: Sample
    coupling: float
    of_limit: bool = True
    edge: bool = True

    def allowed(self, precision: float, value: float) -> float:
        """Return the relative error of N, whose value is known, that a precision allows."""
        if not self.edge or value <= 0.0:
            return precision
        power = self.coupling * float(self.curve.slope(self.coupling).value) / value
        return precision * abs(power) if precision_of(power) == "G" else precision

    @property
    def least_rows(self) -> float:
        """Effective rows, (sum w)^2/sum w^2, that there must be at least."""
        return LEAST_AT_EDGES if self.of_limit else LEAST_ENTRIES
