"""gamma' -> a l+ l-: sampler of the three daughters with the gamma' polarisation.

Source: [dN] section VI (arXiv:1806.00757); for a gamma' polarised linearly along e the squared amplitude is
(q2/2)[|q|^2 - (q.e)^2] - 2 ((q x p1).e)^2 over q2^2, q the pair's and p1 a lepton's momentum in its frame.

It factorises exactly: the pair flies with density 1 - (n.e)^2 about e, as the photon of gamma' -> a gamma
does, and the lepton's direction u in the pair's frame has density 1 - beta^2 (u.b)^2, b along n x e and
beta the lepton's speed there.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from darkmc.core.inverse_tables import InverseTable
from darkmc.core.kinematics import Array, around, boost, length, two_body_momentum
from darkmc.portals.dark_axion.current import DarkCurrent
from darkmc.portals.dark_axion.dark_pair import isotropic_axes
from darkmc.portals.dark_axion.dark_photon_decay import dipole_cosine, pair_spectrum, pair_width
from darkmc.portals.drawn import Drawn
from darkmc.portals.portal import REST, Parents


class PairDecay:
    """gamma' -> a l+ l-: a :class:`darkmc.portals.portal.Process`; its total is a width in GeV.

    Parameters
    ----------
    current : DarkCurrent
        The portal's current.
    m_lepton : float
        Lepton mass in GeV; the channel must be open, m' > m_a + 2 m_l.
    leptons : (str, str)
        Names of l- and l+.
    key : str
        Name of the final state.
    """

    power, frame = 2.0, REST
    n_uniform, mappable = 6, (0, 1, 2, 4, 5)

    def __init__(
        self,
        current: DarkCurrent,
        m_lepton: float,
        leptons: tuple[str, str] = ("electron", "positron"),
        key: str = "a e- e+",
    ) -> None:
        self.current, self.m_lepton = current, m_lepton
        self.key, self.products = key, (*leptons, "axion")
        self.mass, self.threshold = current.m_dark_photon, current.m_axion + 2.0 * m_lepton
        self._width = pair_width(m_lepton, current)

    @cached_property
    def _table(self) -> InverseTable:
        end = np.arccosh((self.mass - self.current.m_axion) / (2.0 * self.m_lepton))
        return InverseTable(self._density, 0.0, float(end), 2.0, 2.5)

    def total(self, energy: Any = None) -> float:
        """Return the width in GeV at G = 1."""
        return self._width

    def density(self, invariants: Sequence[Any]) -> Any:
        """Return dGamma/dq2 in 1/GeV at G = 1, q2 (GeV^2) the squared mass of the leptons."""
        return pair_spectrum(invariants[0], self.m_lepton, self.current)

    def _density(self, y: Array) -> Array:
        """Normalised density of y, q2 = 4 m^2 cosh^2 y."""
        scale = 4.0 * self.m_lepton**2
        spectrum = pair_spectrum(scale * np.cosh(y) ** 2, self.m_lepton, self.current)
        out: Array = spectrum * scale * np.sinh(2.0 * y) / self._width
        return out

    @property
    def largest_weight(self) -> float:
        """Largest weight of :meth:`sample`."""
        return self._width * self._table.largest_weight(self._density)

    def sample(self, uniform: Array, parents: Parents | None = None) -> Drawn:
        """Return decays from uniform numbers (6, n); without parents they are unpolarised.

        Then the first number draws one of three axes, too.
        """
        if parents is not None and parents.spin is not None:
            axis = parents.spin[1:]
        else:
            which = np.floor(3.0 * uniform[0])
            uniform = np.concatenate([3.0 * uniform[:1] - which, uniform[1:]])
            axis = isotropic_axes(np.ones_like(which), np.zeros_like(which), (which + 0.5) / 3.0)
        y, slope = self._table.sample(uniform[0])
        momenta = dict(zip(self.products, self._daughters(axis, y, uniform[1:]), strict=True))
        return Drawn(self._width * self._density(y) * slope, {}, made=momenta)

    def _daughters(self, polarisation: Array, y: Array, uniform: Array) -> tuple[Array, Array, Array]:
        """Return l-, l+ and axion (4, n) in the rest frame, from uniforms (5, n)."""
        q = 2.0 * self.m_lepton * np.cosh(y)
        axis = around(polarisation, dipole_cosine(uniform[0]), 2.0 * np.pi * uniform[1])
        momentum = two_body_momentum(self.mass, self.current.m_axion, q)
        axion = np.concatenate([np.hypot(momentum, self.current.m_axion)[None], -momentum * axis])
        virtual = np.concatenate([np.hypot(momentum, q)[None], momentum * axis])
        lepton = np.tanh(y) * (0.5 * q) * self._lepton_direction(axis, polarisation, y, uniform[2:])
        first, second = (
            boost(np.concatenate([0.5 * q[None], sign * lepton]), virtual, q) for sign in (1.0, -1.0)
        )
        return first, second, axion

    @staticmethod
    def _lepton_direction(axis: Array, polarisation: Array, y: Array, uniform: Array) -> Array:
        """Return unit vectors of density 1 - beta^2 (u.b)^2: flat, or a dipole about b, in known shares."""
        normal = np.cross(axis, polarisation, axis=0)
        normal /= np.maximum(length(normal), 1e-300)
        beta2 = np.tanh(y) ** 2
        dipole = uniform[0] * (1.0 - beta2 / 3.0) < 2.0 * beta2 / 3.0
        cosine = np.where(dipole, dipole_cosine(uniform[1]), 2.0 * uniform[1] - 1.0)
        return around(normal, cosine, 2.0 * np.pi * uniform[2])
