"""Bins of missing mass squared, in which events are counted."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from darkmc.core.kinematics import Array
from darkmc.selection.observables import Event, observable


@dataclass(frozen=True, eq=False)
class Bins:
    """The bins of one analysis.

    Attributes
    ----------
    edges : array (n + 1,) or None
        GeV^2; None: nothing is binned, and no event has a bin.
    first : int
        Number of the first of them.
    """

    edges: Array | None
    first: int

    @property
    def own(self) -> range:
        """Their numbers."""
        count = 0 if self.edges is None else len(self.edges) - 1
        return range(self.first, self.first + count)

    def of(self, event: Event, n: int) -> NDArray[np.int32]:
        """Return the number of the bin of each of n events, -1 outside all bins."""
        if self.edges is None:
            return np.full(n, -1, dtype=np.int32)
        place = np.searchsorted(self.edges, observable("missing_mass2")(event), side="right") - 1
        inside = (place >= 0) & (place < len(self.edges) - 1)
        return np.where(inside, place + self.first, -1).astype(np.int32)
