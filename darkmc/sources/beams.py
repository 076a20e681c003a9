"""Two beams: their momenta in the lab, and the way there from the centre of mass.

In the lab z runs along the electrons and the beams cross in the x-z plane; in the centre of mass the
electrons fly along z. Electron masses are neglected. The beams' energies are scaled by a common factor, up
to the card's tolerance, so that they give the stated energy in the centre of mass exactly; the boost stays.
"""

import numpy as np

from darkmc.cards.collider import ColliderBeam
from darkmc.core.kinematics import Array


class Beams:
    """The beams of a collider.

    Attributes
    ----------
    sqrt_s : float
        Energy in the centre of mass, GeV.
    electron, positron : array (4,)
        Four-momenta of the beam particles in the lab, GeV.
    """

    def __init__(self, card: ColliderBeam) -> None:
        self.sqrt_s = card.sqrt_s_GeV
        sine, cosine = np.sin(card.crossing_angle_rad), np.cos(card.crossing_angle_rad)
        electron = card.electron_energy_GeV * np.array([1.0, 0.0, 0.0, 1.0])
        positron = card.positron_energy_GeV * np.array([1.0, sine, 0.0, -cosine])
        found = np.sqrt(2.0 * card.electron_energy_GeV * card.positron_energy_GeV * (1.0 + cosine))
        self.electron: Array = electron * (self.sqrt_s / found)
        self.positron: Array = positron * (self.sqrt_s / found)
        self._matrix = self._from_centre_of_mass()

    def _from_centre_of_mass(self) -> Array:
        total = self.electron + self.positron
        gamma, along = total[0] / self.sqrt_s, total[1:] / self.sqrt_s
        boost = np.eye(4)
        boost[0, 0], boost[0, 1:], boost[1:, 0] = gamma, along, along
        boost[1:, 1:] += np.outer(along, along) / (1.0 + gamma)
        inverse = boost * np.outer([1.0, -1.0, -1.0, -1.0], [1.0, -1.0, -1.0, -1.0])
        _, sine, _, cosine = (inverse @ self.electron) / (0.5 * self.sqrt_s)
        turn = np.eye(4)
        turn[1, 1], turn[1, 3], turn[3, 1], turn[3, 3] = cosine, sine, -sine, cosine
        out: Array = boost @ turn
        return out

    def to_lab(self, four: Array) -> Array:
        """Take four-momenta (4, n) from the centre of mass to the lab."""
        out: Array = np.einsum("ij,jn->in", self._matrix, four)
        return out

    def energy_in_centre_of_mass(self, four: Array) -> Array:
        """Return the energies (n,), GeV, that lab four-momenta (4, n) have in the centre of mass."""
        total = (self.electron + self.positron) / self.sqrt_s
        out: Array = total[0] * four[0] - np.einsum("i,in->n", total[1:], four[1:])
        return out
