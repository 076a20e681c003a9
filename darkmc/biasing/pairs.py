"""e+ e- to a pair of dark states and the decay to a photon, in the centre of mass with z along the electrons.

Two samplers of the same events.  `AnaloguePairs` draws production and decay as they come.  `AimedPairs`
draws energy and angle of the photon where they are looked for and turns the rest of the event about it, in
the measure that rotations leave unchanged: flat in the helicity cosine and in the orientation.  The portal
knows the density over that, :class:`darkmc.portals.kinds.PairProduction`.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping

import numpy as np

from darkmc.biasing.emission import Emitted
from darkmc.biasing.photons import AngleAim, EnergyAim
from darkmc.biasing.placement import LabParents
from darkmc.core.kinematics import Array, about_z, around, boost_z, length, two_body_momentum, unit_vector
from darkmc.portals.chains import decayed
from darkmc.portals.drawn import Drawn
from darkmc.portals.kinds import pair_production, photon_decay
from darkmc.portals.portal import Portal

N_UNIFORM = 7


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
    radiates : bool
        Events hold a radiated photon, of no energy where there is no radiation.
    """

    def __init__(
        self,
        portal: Portal,
        sqrt_s: float,
        luminosity: float,
        pairs: float | None = None,
        radiation: bool = False,
        radiates: bool = False,
    ) -> None:
        self.portal, self.sqrt_s, self.luminosity = portal, sqrt_s, luminosity
        self.radiation, self.radiates = radiation, radiates or radiation
        production = pair_production(portal)
        self.pairs = luminosity * float(production.total(sqrt_s)) if pairs is None else pairs
        self.products, self._production = production.products, production.at(sqrt_s, radiation)

    def sample(self, uniform: Array) -> tuple[Array, Array]:
        """Return the share x of a beam's energy that is radiated, and pairs, from uniform numbers (n,)."""
        if not self.radiation:
            return np.zeros_like(uniform), np.full_like(uniform, self.pairs)
        share, sigma = self._production.radiated(uniform)
        return share, self.luminosity * sigma


class PairEmission(ABC):
    """Base of both samplers: pairs of dark states, and the photon of the heavier one.

    Parameters
    ----------
    source : Source
        How many pairs there are.
    """

    parent, power = None, 2.0
    n_uniform, n_late = N_UNIFORM, 0
    mappable: tuple[int, ...] = ()

    def __init__(self, source: Source) -> None:
        self.source, self._decay = source, photon_decay(source.portal)
        self._names, self._daughter = {x: x for x in source.products}, self._decay.products[1]
        if source.radiates:
            self._names["isr_photon"] = "photon"

    @property
    def particles(self) -> tuple[str, ...]:
        """Names in events."""
        first, second, *radiated = self._names
        return (first, second, f"decay_{self._daughter}", *radiated)

    @abstractmethod
    def sample(self, uniform: Array, parents: LabParents | None) -> Emitted:
        """Return pairs in the centre of mass; see :class:`Emission`."""

    def about_axis(self, emitted: Emitted, axis: Array) -> None:
        """Say that pairs lie about the beams as they should."""
        del emitted, axis

    def spin(self, emitted: Emitted, state: str) -> None:
        """Say that nobody asks for the spin of a photon."""
        del emitted, state

    def momenta(self, emitted: Emitted) -> Mapping[str, Array]:
        """Return four-momenta by the names of events; see :class:`Emission`."""
        out = {name: emitted.production.momentum(product) for name, product in self._names.items()}
        return out | {f"decay_{self._daughter}": emitted.last.momentum(self._daughter)}

    def _emitted(self, weight: Array, states: tuple[Array, Array, Array], radiated: Array | None) -> Emitted:
        """Return events from the state that decays, the other dark state, and the photon."""
        unstable, partner, photon = states
        made = {self._decay.unstable: lambda: unstable, self._daughter: lambda: partner}
        made["photon"] = lambda: np.zeros_like(photon) if radiated is None else radiated
        decay = {"photon": lambda: photon, self._daughter: lambda: unstable - photon}
        return Emitted(weight, Drawn(weight, made), Drawn(weight, decay))


class AnaloguePairs(PairEmission):
    """Pairs and photons as they come.

    Parameters
    ----------
    source : Source
        How many pairs there are.
    spin_correlations : bool
        Follow the spin of the gamma'.
    """

    def __init__(self, source: Source, spin_correlations: bool) -> None:
        super().__init__(source)
        pairs = pair_production(source.portal, spin_correlations)
        self._production = pairs.at(source.sqrt_s, source.radiation)

    def sample(self, uniform: Array, parents: LabParents | None) -> Emitted:
        """Return pairs in the centre of mass; see :class:`Emission`."""
        del parents
        pair = self._production.sample(uniform[:3])
        photon = decayed(pair, self._decay, uniform[3:5]).momentum("photon")
        unstable, partner = pair.momentum(self._decay.unstable), pair.momentum(self._decay.products[1])
        azimuth, side = 2.0 * np.pi * uniform[5], np.where(uniform[6] < 0.5, -1.0, 1.0)

        def placed(four: Array) -> Array:
            """Turn about the beam, and half of the events end for end."""
            space = np.stack([four[1], side * four[2], side * four[3]])
            return np.concatenate([four[:1], about_z(space, azimuth)])

        radiated = placed(pair.momentum("photon")) if self.source.radiation else None
        _, weight = self.source.sample(uniform[0])
        return self._emitted(weight, (placed(unstable), placed(partner), placed(photon)), radiated)


class AimedPairs(PairEmission):
    """Pairs whose photon is aimed in energy and angle.

    Parameters
    ----------
    source : Source
        How many pairs there are.
    spin_correlations : bool
        Follow the spin of the gamma'.
    energy, angle : EnergyAim, AngleAim
        Where photons are looked for.
    """

    def __init__(self, source: Source, spin_correlations: bool, energy: EnergyAim, angle: AngleAim) -> None:
        super().__init__(source)
        self._energy, self._angle = energy, angle
        self._production = pair_production(source.portal, spin_correlations)

    def sample(self, uniform: Array, parents: LabParents | None) -> Emitted:
        """Return pairs in the centre of mass; see :class:`Emission`."""
        del parents
        share, weight = self.source.sample(uniform[0])
        helicity, jacobian = self._energy.cosine(uniform[1])
        weight = weight * jacobian
        cosine, jacobian = self._angle.cosine(uniform[2])
        weight *= jacobian
        root = np.sqrt(1.0 - share) if self.source.radiation else 1.0
        states = self._turned(root, helicity, cosine, uniform[3:5])
        weight *= self._density(states[0], states[2], helicity)
        if not self.source.radiation:
            return self._emitted(weight, states, None)
        side = np.where(uniform[5] < 0.5, -1.0, 1.0)
        boost = (1.0 - 0.5 * share) / root, -0.5 * side * share / root
        unstable, partner, photon = (boost_z(four, *boost) for four in states)
        energy, zero = 0.5 * share * self.source.sqrt_s, np.zeros_like(share)
        radiated = np.stack([energy, zero, zero, side * energy])
        return self._emitted(weight, (unstable, partner, photon), radiated)

    def _turned(
        self, root: float | Array, helicity: Array, cosine: Array, uniform: Array
    ) -> tuple[Array, Array, Array]:
        """Return the three momenta where the pair rests; `root` is its mass over sqrt(s)."""
        mass, other = self._decay.mass, self._decay.daughter_mass
        momentum = np.zeros_like(helicity) + two_body_momentum(self.source.sqrt_s * root, mass, other)
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
        return self._production.over_flat(flight, photon[1:], self._decay.momentum, helicity)
