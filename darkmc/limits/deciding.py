"""Where a result needs its precision, and what precision is: of a coupling, or of the yield.

The error of an edge G of a limit is that of the yield over its slope, dG/G = dN/(N |d ln N/d ln G|).  Where
N(G) is flat, at the tip of an exclusion, an edge has no error to speak of: there dN/N is meant.
"""

from typing import NamedTuple

from darkmc.core.estimates import LEAST_ENTRIES
from darkmc.core.intervals import NAN
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
    power : float
        d ln N/d ln G there if it is an edge of that limit; nan: it is none.
    """

    curve: Sample
    coupling: float
    of_limit: bool = True
    power: float = NAN

    def allowed(self, precision: float) -> float:
        """Return the relative error of N that a precision allows."""
        return precision * abs(self.power) if precision_of(self.power) == "G" else precision

    @property
    def least_rows(self) -> float:
        """Effective rows, (sum w)^2/sum w^2, that there must be at least."""
        return LEAST_AT_EDGES if self.of_limit else LEAST_ENTRIES
