"""gamma' -> a l+ l-: sampler of the three daughters with the gamma' polarisation.

Source: [dN] section VI (arXiv:1806.00757); for a gamma' polarised linearly along e the squared amplitude is
(q2/2)[|q|^2 - (q.e)^2] - 2 ((q x p1).e)^2 over q2^2, q the pair's and p1 a lepton's momentum in its frame.

It factorises exactly: the pair flies with density 1 - (n.e)^2 about e, as the photon of gamma' -> a gamma
does, and the lepton's direction u in the pair's frame has density 1 - beta^2 (u.b)^2, b along n x e and
beta the lepton's speed there.
"""

import numpy as np

from darkmc.core.inverse_tables import InverseTable
from darkmc.core.kinematics import Array, around, boost, length, two_body_momentum
from darkmc.portals.dark_axion.current import DarkCurrent
from darkmc.portals.dark_axion.dark_pair import DarkPair
from darkmc.portals.dark_axion.dark_photon_decay import dipole_cosine, pair_spectrum, pair_width


class PairDecay:
    """Sampler of gamma' -> a l+ l-.

    Parameters
    ----------
    current : DarkCurrent
        The portal's current.
    m_lepton : float
        Lepton mass in GeV; the channel must be open, m' > m_a + 2 m_l.
    """

    n_uniform = 6

    def __init__(self, current: DarkCurrent, m_lepton: float) -> None:
        self.current, self.m_lepton = current, m_lepton
        self.mass = current.m_dark_photon
        self._width = pair_width(m_lepton, current)
        end = np.arccosh((current.m_dark_photon - current.m_axion) / (2.0 * m_lepton))
        self._table = InverseTable(self._density, 0.0, float(end), 2.0, 2.5)

    def _density(self, y: Array) -> Array:
        """Normalised density of y, q2 = 4 m^2 cosh^2 y."""
        scale = 4.0 * self.m_lepton**2
        spectrum = pair_spectrum(scale * np.cosh(y) ** 2, self.m_lepton, self.current)
        out: Array = spectrum * scale * np.sinh(2.0 * y) / self._width
        return out

    @property
    def largest_weight(self) -> float:
        """Largest weight of :meth:`as_it_comes`, whose mean is 1."""
        return self._table.largest_weight(self._density)

    def as_it_comes(self, pair: DarkPair, uniform: Array) -> tuple[tuple[Array, Array, Array], Array]:
        """Return l-, l+ and axion (4, n) in the parent's rest frame and weights, from uniforms (6, n)."""
        y, slope = self._table.sample(uniform[0])
        q = 2.0 * self.m_lepton * np.cosh(y)
        axis = around(pair.polarisation, dipole_cosine(uniform[1]), 2.0 * np.pi * uniform[2])
        momentum = two_body_momentum(self.mass, self.current.m_axion, q)
        axion = np.concatenate([np.hypot(momentum, self.current.m_axion)[None], -momentum * axis])
        virtual = np.concatenate([np.hypot(momentum, q)[None], momentum * axis])
        lepton = np.tanh(y) * (0.5 * q) * self._lepton_direction(axis, pair.polarisation, y, uniform[3:])
        daughters = [
            boost(np.concatenate([0.5 * q[None], sign * lepton]), virtual, q) for sign in (1.0, -1.0)
        ]
        moved = tuple(self._to_parent(pair, four) for four in (*daughters, axion))
        return (moved[0], moved[1], moved[2]), self._density(y) * slope

    @staticmethod
    def _lepton_direction(axis: Array, polarisation: Array, y: Array, uniform: Array) -> Array:
        """Return unit vectors of density 1 - beta^2 (u.b)^2: flat, or a dipole about b, in known shares."""
        normal = np.cross(axis, polarisation, axis=0)
        normal /= np.maximum(length(normal), 1e-300)
        beta2 = np.tanh(y) ** 2
        dipole = uniform[0] * (1.0 - beta2 / 3.0) < 2.0 * beta2 / 3.0
        cosine = np.where(dipole, dipole_cosine(uniform[1]), 2.0 * uniform[1] - 1.0)
        return around(normal, cosine, 2.0 * np.pi * uniform[2])

    def _to_parent(self, pair: DarkPair, four: Array) -> Array:
        return pair.to_parent(boost(four, pair.dark_photon_in_pair, self.mass))
