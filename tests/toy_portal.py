"""A portal of its own in one file: a scalar S, eta -> gamma S and S -> gamma gamma or e- e+ gamma.

Its rates are made up (angular momentum would forbid the production) and as simple as can be: everything is
isotropic, three-body decays have flat phase space, and there is no second dark state.
"""

from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from darkmc.core.constants import HBAR_C_GEV_M
from darkmc.core.kinematics import boost, two_body_momentum, unit_vector
from darkmc.core.particles import canonical_name, mass
from darkmc.core.vocabulary import PHOTON_ID, Particle, Products, add_final_state
from darkmc.portals.drawn import Drawn
from darkmc.portals.portal import REST, DarkState, Threshold

PHOTONS, LEPTONS = "gamma gamma", "e- e+ gamma"
SECOND = {"second_photon": Particle(PHOTON_ID, r"second $\gamma$", "visible")}
add_final_state(PHOTONS, Products(("photon", "second_photon"), signal="first decay"), SECOND)
add_final_state(LEPTONS, Products(("electron", "positron", "photon"), signal="second decay"))
ALL_OF_IT = 0.02  # BR(eta -> gamma S) at G = 1 of a massless S
M_ETA, M_E = mass("eta"), mass("e")


def back_to_back(direction, momentum, first_mass, second_mass):
    """Return what makes the four-momenta of two particles in their rest frame."""

    def moving(m, sign):
        return np.concatenate([np.hypot(momentum, m)[None], sign * momentum * direction])

    return partial(moving, first_mass, 1.0), partial(moving, second_mass, -1.0)


def anywhere(uniform):
    return unit_vector(2.0 * uniform[0] - 1.0, 2.0 * np.pi * uniform[1])


@dataclass(frozen=True)
class Emission:
    """eta -> gamma S, S along z: a placement turns it."""

    m_scalar: float
    key, power, products, frame = "eta", 2.0, ("photon", "scalar"), REST
    n_uniform, mappable = 0, ()

    @property
    def threshold(self):
        return self.m_scalar

    def total(self, energy=None):
        return ALL_OF_IT * (1.0 - (self.m_scalar / M_ETA) ** 2) ** 3

    @property
    def largest_weight(self):
        return self.total()

    def density(self, invariants):
        return np.full_like(invariants[0], 0.5 * self.total())

    def about_axis(self, draw, axis):
        return np.ones(axis.shape[1])

    def sample(self, uniform, parents=None):
        n = uniform.shape[1]
        along = np.zeros((3, n))
        along[2] = 1.0
        momentum = np.full(n, two_body_momentum(M_ETA, self.m_scalar, 0.0))
        scalar, photon = back_to_back(along, momentum, self.m_scalar, 0.0)
        return Drawn(np.full(n, self.total()), {"scalar": scalar, "photon": photon})


@dataclass(frozen=True)
class TwoPhotons:
    """S -> gamma gamma."""

    mass: float
    key, power, products, frame = PHOTONS, 2.0, ("photon", "second_photon"), REST
    n_uniform, mappable, threshold = 2, (0, 1), 0.0

    def total(self, energy=None):
        return self.mass**3 / (64.0 * np.pi)

    @property
    def largest_weight(self):
        return self.total()

    def density(self, invariants):
        return np.full_like(invariants[0], 0.5 * self.total())

    def sample(self, uniform, parents=None):
        n = uniform.shape[1]
        pair = back_to_back(anywhere(uniform), np.full(n, 0.5 * self.mass), 0.0, 0.0)
        return Drawn(np.full(n, self.total()), dict(zip(self.products, pair, strict=True)))


@dataclass(frozen=True)
class LeptonsAndPhoton:
    """S -> e- e+ gamma: dGamma/dq flat phase space in q, the mass of the pair."""

    mass: float
    key, power, products, frame = LEPTONS, 2.0, ("electron", "positron", "photon"), REST
    n_uniform, mappable, threshold = 5, (0,), 2.0 * M_E

    def total(self, energy=None):
        return 0.25 * TwoPhotons(self.mass).total()

    def _phase_space(self, q):
        return two_body_momentum(self.mass, q, 0.0) * two_body_momentum(q, M_E, M_E)

    @cached_property
    def _whole(self):
        x, weight = np.polynomial.legendre.leggauss(200)
        width = self.mass - 2.0 * M_E
        q = 2.0 * M_E + width * np.square(0.5 * (x + 1.0))  # the root at threshold goes
        return float(np.sum(0.5 * weight * width * (x + 1.0) * self._phase_space(q)))

    def density(self, invariants):
        return self.total() * self._phase_space(invariants[0]) / self._whole

    @cached_property
    def largest_weight(self):
        q = np.linspace(2.0 * M_E, self.mass, 2001)[1:-1]
        return 1.01 * float(np.max(self.density([q]))) * (self.mass - 2.0 * M_E)

    def sample(self, uniform, parents=None):
        q = 2.0 * M_E + (self.mass - 2.0 * M_E) * uniform[0]
        pair, photon = back_to_back(anywhere(uniform[1:3]), two_body_momentum(self.mass, q, 0.0), 0.0, 0.0)
        system = pair()
        system[0] = np.hypot(system[0], q)
        leptons = back_to_back(anywhere(uniform[3:5]), two_body_momentum(q, M_E, M_E), M_E, M_E)
        made = [partial(lambda one: boost(one(), system, q), one) for one in leptons]
        weight = self.density([q]) * (self.mass - 2.0 * M_E)
        return Drawn(weight, dict(zip(self.products, (*made, photon), strict=True)))


@dataclass(frozen=True)
class ToyPortal:
    """A :class:`darkmc.portals.portal.Portal` of one mass, GeV."""

    m_scalar: float

    light, final_states = None, (PHOTONS, LEPTONS)

    @property
    def masses(self):
        return {"m_scalar": self.m_scalar}

    @property
    def heavy(self):
        width = sum(process.total() for process in self.decays("scalar"))
        return DarkState("scalar", self.m_scalar, HBAR_C_GEV_M / width)

    @property
    def production_threshold(self):
        return Threshold("m_scalar", self.m_scalar)

    def heavy_branching_ratio(self, final_state):
        totals = {process.key: process.total() for process in self.decays("scalar")}
        return totals.get(final_state, 0.0) / sum(totals.values())

    def decay_closed(self, final_states):
        if any(self.heavy_branching_ratio(state) for state in final_states):
            return None
        return f"decay closed: m_scalar = {self.m_scalar:g} GeV decays to none of {', '.join(final_states)}"

    def productions(self, parent, spin_correlations=True):
        known = canonical_name(parent) == "eta" and self.m_scalar < M_ETA
        return [Emission(self.m_scalar)] if known else []

    def decays(self, state):
        leptons = [LeptonsAndPhoton(self.m_scalar)] if self.m_scalar > 2.0 * M_E else []
        return [TwoPhotons(self.m_scalar), *leptons]

    def scatterings(self, state, target):
        return []
