"""e+ e- -> a gamma' and the decay to a photon, in the centre of mass with z along the electrons.

Two samplers of the same chain.  `AnalogueProduction` draws production and decay as they come.
`TurnedProduction` draws energy and angle of the photon where they are looked for and turns the rest of the
event about it.  In the measure that rotations leave unchanged, flat in the helicity cosine c and in the
orientation, the density is (9/8) W with W = cos^2 theta + c^2 + [k.(z x v)/e0]^2, theta and v angle and
direction of the gamma', k and e0 the photon's momentum and its energy in the gamma' rest frame: W of the
physics notes, section 5, with its azimuth eliminated.  Without spin, or for a -> gamma gamma', it is
(3/4)(1 + cos^2 theta).
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from darkmc.biasing.photons import AngleAim, EnergyAim
from darkmc.core.errors import PhysicsError
from darkmc.core.kinematics import Array, about_z, around, boost_z, length, two_body_momentum, unit_vector
from darkmc.portals.chains import decayed
from darkmc.portals.dark_axion.annihilation import Annihilation, InitialStateRadiation
from darkmc.portals.kinds import photon_decay
from darkmc.portals.portal import Portal

N_UNIFORM = 7


@dataclass(frozen=True)
class Chain:
    """Events in the centre of mass.

    Attributes
    ----------
    unstable, partner, photon : array (4, n)
        The state that decays, the other dark state of the production, and the photon, GeV.
    radiated : array (4, n) or None
        A photon radiated along a beam.
    weight : array (n,)
        Pairs produced at G = 1, Jacobians included: its mean is their number.
    """

    unstable: Array
    partner: Array
    photon: Array
    radiated: Array | None
    weight: Array


class Production(Protocol):
    """What a channel asks of a sampler: chains from uniform numbers (7, n)."""

    def sample(self, uniform: Array) -> Chain: ...  # noqa: D102


class Source:
    """How many pairs are made at G = 1: those of the continuum, or of a resonance.

    Parameters
    ----------
    portal : Portal
        The masses.
    sqrt_s : float
        Energy in the centre of mass, GeV.
    luminosity : float
        Pairs per pb of cross section.
    pairs : float or None
        Number of pairs at G = 1 from a resonance; None: the continuum.
    radiation : bool
        Radiation off the beams; a resonance has none: radiation leaves it.
    """

    def __init__(
        self,
        portal: Portal,
        sqrt_s: float,
        luminosity: float,
        pairs: float | None = None,
        radiation: bool = False,
    ) -> None:
        self.portal, self.sqrt_s, self.luminosity = portal, sqrt_s, luminosity
        (production,) = portal.productions("e+ e-")
        if not isinstance(production, Annihilation):
            raise PhysicsError(f"colliders know e+ e- -> a gamma' only, not what {portal!r} makes")
        self.current = production.current
        self.pairs = luminosity * float(production.total(sqrt_s)) if pairs is None else pairs
        self.radiation = InitialStateRadiation(sqrt_s, self.current) if radiation else None

    def sample(self, uniform: Array) -> tuple[Array, Array]:
        """Return the share x of a beam's energy that is radiated, and pairs, from uniform numbers (n,)."""
        if self.radiation is None:
            return np.zeros_like(uniform), np.full_like(uniform, self.pairs)
        share, sigma = self.radiation.sample(uniform)
        return share, self.luminosity * sigma


class AnalogueProduction:
    """Chains as they come."""

    def __init__(self, source: Source, spin_correlations: bool) -> None:
        self._source = source
        radiates = source.radiation is not None
        self._annihilation = Annihilation(source.sqrt_s, source.current, spin_correlations, radiates)
        self._decay = photon_decay(source.portal)

    def sample(self, uniform: Array) -> Chain:
        """Return chains from uniform numbers (7, n)."""
        pair = self._annihilation.sample(uniform[:3])
        photon = decayed(pair, self._decay, uniform[3:5]).momentum("photon")
        unstable, partner = pair.momentum(self._decay.unstable), pair.momentum(self._decay.products[1])
        azimuth, side = 2.0 * np.pi * uniform[5], np.where(uniform[6] < 0.5, -1.0, 1.0)

        def placed(four: Array) -> Array:
            """Turn about the beam, and half of the events end for end."""
            space = np.stack([four[1], side * four[2], side * four[3]])
            return np.concatenate([four[:1], about_z(space, azimuth)])

        radiated = None if pair.photon is None else placed(pair.photon)
        _, weight = self._source.sample(uniform[0])
        return Chain(placed(unstable), placed(partner), placed(photon), radiated, weight)


class TurnedProduction:
    """Chains with the photon aimed in energy and angle."""

    def __init__(self, source: Source, spin_correlations: bool, energy: EnergyAim, angle: AngleAim) -> None:
        self._source, self._energy, self._angle = source, energy, angle
        self._decay = photon_decay(source.portal)
        self._polarised = spin_correlations and self._decay.polarised

    def sample(self, uniform: Array) -> Chain:
        """Return chains from uniform numbers (7, n)."""
        share, weight = self._source.sample(uniform[0])
        helicity, jacobian = self._energy.cosine(uniform[1])
        weight = weight * jacobian
        cosine, jacobian = self._angle.cosine(uniform[2])
        weight *= jacobian
        unstable, partner, photon = self._turned(np.sqrt(1.0 - share), helicity, cosine, uniform[3:5])
        weight *= self._density(unstable, photon, helicity)
        if self._source.radiation is None:
            return Chain(unstable, partner, photon, None, weight)
        side, root = np.where(uniform[5] < 0.5, -1.0, 1.0), np.sqrt(1.0 - share)
        boost = (1.0 - 0.5 * share) / root, -0.5 * side * share / root
        unstable, partner, photon = (boost_z(four, *boost) for four in (unstable, partner, photon))
        energy, zero = 0.5 * share * self._source.sqrt_s, np.zeros_like(share)
        return Chain(unstable, partner, photon, np.stack([energy, zero, zero, side * energy]), weight)

    def _turned(
        self, root: Array, helicity: Array, cosine: Array, uniform: Array
    ) -> tuple[Array, Array, Array]:
        """Return the three momenta where the pair rests; `root` is its mass over sqrt(s)."""
        mass, other = self._decay.mass, self._decay.daughter_mass
        momentum = two_body_momentum(self._source.sqrt_s * root, mass, other)
        energy = np.hypot(momentum, mass)
        # E + p c without cancellation for a fast parent and c near -1
        scale = mass**2 / (energy + momentum) + momentum * (1.0 + helicity)
        towards = unit_vector(cosine, 2.0 * np.pi * uniform[0])
        flight = around(towards, (momentum + energy * helicity) / scale, 2.0 * np.pi * uniform[1])
        photon = self._decay.momentum / mass * scale
        return (
            np.concatenate([energy[None], momentum * flight]),
            np.concatenate([np.hypot(momentum, other)[None], -momentum * flight]),
            photon * np.concatenate([np.ones((1, len(photon))), towards]),
        )

    def _density(self, unstable: Array, photon: Array, helicity: Array) -> Array:
        """Return the physical density over the flat one, of mean 1."""
        flight = unstable[1:] / np.maximum(length(unstable[1:]), 1e-300)
        square = flight[2] ** 2
        flat: Array = 0.75 * (1.0 + square)
        if not self._polarised:
            return flat
        across = (photon[2] * flight[0] - photon[1] * flight[1]) / self._decay.momentum
        out: Array = 1.125 * (square + helicity**2 + across**2)
        return out
