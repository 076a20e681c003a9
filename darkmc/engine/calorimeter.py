"""What all channels of one analysis at a collider share: beams, calorimeter, response and selection."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from darkmc.cards.experiment import Cut
from darkmc.core.kinematics import Array
from darkmc.geometry.shape import Shape
from darkmc.sample.stream import Momenta
from darkmc.selection.observables import Observable, observable
from darkmc.signals.response import CrystalBall
from darkmc.sources.beams import Beams


@dataclass(frozen=True, eq=False)
class Calorimeter:
    """Where photons are seen, and what is counted of them.

    Attributes
    ----------
    beams : Beams
        Of the collider.
    shape : Shape
        Whose surface photons hit.
    cosines : (float, float)
        Of the polar angles that are covered.
    response : CrystalBall or None
        What is measured of an energy; None: the energy.
    cuts : sequence of (Cut, Observable)
        The selection.
    edges : array (n + 1,) or None
        Of the bins of missing mass squared, GeV^2; None: nothing is binned.
    first_bin : int
        Number of the first of them.
    radiates : bool
        Beams radiate.
    single_m : float
        Length before which a decay must happen where only one counts, m.
    efficiency : float
        Of detection.
    """

    beams: Beams
    shape: Shape
    cosines: tuple[float, float]
    response: CrystalBall | None
    cuts: Sequence[tuple[Cut, Observable]]
    edges: Array | None
    first_bin: int
    radiates: bool
    single_m: float
    efficiency: float

    @property
    def own_bins(self) -> range:
        """Numbers of the bins."""
        count = 0 if self.edges is None else len(self.edges) - 1
        return range(self.first_bin, self.first_bin + count)

    def beam_momenta(self, n: int) -> Momenta:
        """Return the beams' four-momenta in the lab, (4, n)."""
        beams = {"electron_beam": self.beams.electron, "positron_beam": self.beams.positron}
        return {name: np.broadcast_to(four[:, None], (4, n)) for name, four in beams.items()}

    def bins(self, event: Momenta) -> NDArray[np.int32]:
        """Return the number of each event's bin, -1 outside all bins."""
        if self.edges is None:
            return np.full(event["cluster"].shape[1], -1, dtype=np.int32)
        place = np.searchsorted(self.edges, observable("missing_mass2")(event), side="right") - 1
        inside = (place >= 0) & (place < len(self.edges) - 1)
        return np.where(inside, place + self.first_bin, -1).astype(np.int32)
