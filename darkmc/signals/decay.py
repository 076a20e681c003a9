"""How the unstable dark state decays to a final state that is seen, in the lab: one class per kind.

Each draws the daughters either as they come or, for photons, forced into the energies that the cuts leave.
Momenta are returned in the axes of the meson's decay; the caller turns them to the lab.
"""

from typing import NamedTuple, Protocol

import numpy as np

from darkmc.biasing.turned import Placed
from darkmc.core.kinematics import Array, boost
from darkmc.core.mixtures import window_weight
from darkmc.core.particles import mass
from darkmc.core.vocabulary import FINAL_STATES, FinalState
from darkmc.portals.dark_axion.dark_pair import DarkPair
from darkmc.portals.dark_axion.dark_photon_decay import FORCED, PhotonDecay
from darkmc.portals.dark_axion.facade import DarkAxionPortal
from darkmc.portals.dark_axion.lepton_pair_decay import PairDecay

Daughters = dict[str, Array]


class Draw(NamedTuple):
    """What a decay is drawn from.

    Attributes
    ----------
    pair, placed : DarkPair, Placed
        The decaying parents, in their rest frame and placed in the lab.
    parent_mass : float
        GeV.
    uniform : array (n_uniform, n)
        Uniform numbers.
    analogue : bool
        Draw as it comes, without forcing energies.
    everything : bool
        Make what is not seen, too.
    """

    pair: DarkPair
    placed: Placed
    parent_mass: float
    uniform: Array
    analogue: bool
    everything: bool

    def in_lab(self, four: Array) -> Array:
        """Boost from the parent's rest frame to the lab, in the axes of the decay."""
        return boost(four, self.placed.parent, self.parent_mass)


class VisibleDecay(Protocol):
    """What a stream asks of a final state."""

    n_uniform: int
    particles: tuple[str, ...]

    def draw(self, draw: Draw) -> tuple[Daughters, Array]:
        """Return daughters by name in the lab (axes of the decay) and weights of mean 1."""
        ...

    def largest_weight(self, energy: Array) -> Array:
        """Return the largest weight of a draw for unstable states of given lab energy."""
        ...

    def accepted(self, energy: Array) -> Array:
        """Return roughly what share of decays the energy cuts leave, for proposals only."""
        ...


class SeenPhoton:
    """gamma' -> a gamma, or a -> gamma gamma' for a heavy axion."""

    n_uniform = 3

    def __init__(self, portal: DarkAxionPortal, window: tuple[float, float], spin_correlations: bool) -> None:
        self._decay = PhotonDecay(portal.current)
        self._window, self._spin = window, spin_correlations and self._decay.has_spin
        self._daughter = f"decay_{portal.light.name}"
        self.particles: tuple[str, ...] = ("photon", self._daughter)

    def draw(self, draw: Draw) -> tuple[Daughters, Array]:
        """Return photon and dark daughter; see :class:`VisibleDecay`."""
        if draw.analogue:
            photon, daughter = self._decay.as_it_comes(draw.pair, draw.uniform[:2])
            out = {"photon": photon, self._daughter: daughter}
            return {name: draw.in_lab(four) for name, four in out.items()}, np.ones(draw.uniform.shape[1])
        polarisation = self._decay.polarisation(draw.pair) if self._spin else None
        if polarisation is not None:
            polarisation = draw.in_lab(polarisation)
        photon, daughter, weight = self._decay.in_window(
            draw.placed.unstable, polarisation, self._window, draw.uniform, draw.everything
        )
        return {"photon": photon, **({self._daughter: daughter} if draw.everything else {})}, weight

    def largest_weight(self, energy: Array) -> Array:
        """Return the largest weight of a draw; 0 where no photon has an energy that the cuts leave."""
        momentum = np.sqrt(np.maximum(energy**2 - self._decay.mass**2, 1e-30))
        width = self._decay.window_width(energy, momentum, self._window)[1]
        polarised = 1.5 if self._spin else 1.0
        return np.where(width > 0.0, polarised * window_weight(True, width, FORCED), 0.0)

    def accepted(self, energy: Array) -> Array:
        """Return the share of isotropic decays with a photon in the window."""
        low, high = self._window
        hardest = energy * (1.0 - (self._decay.daughter_mass / self._decay.mass) ** 2)
        return np.clip((np.minimum(high, hardest) - low) / hardest, 0.0, 1.0)


class SeenPair:
    """gamma' -> a l+ l-, seen as a pair of leptons."""

    n_uniform = PairDecay.n_uniform

    def __init__(self, portal: DarkAxionPortal, state: FinalState, window: tuple[float, float]) -> None:
        self._names = FINAL_STATES[state].visible
        self._decay = PairDecay(portal.current, mass(FINAL_STATES[state].lepton))
        self._window = window
        self.particles: tuple[str, ...] = (*self._names, "decay_axion")

    def draw(self, draw: Draw) -> tuple[Daughters, Array]:
        """Return l-, l+ and axion; see :class:`VisibleDecay`."""
        daughters, weight = self._decay.as_it_comes(draw.pair, draw.uniform)
        wanted = self.particles if draw.everything else self._names
        return {name: draw.in_lab(four) for name, four in zip(wanted, daughters, strict=False)}, weight

    def largest_weight(self, energy: Array) -> Array:
        """Return the largest weight of a draw."""
        return np.where(energy > self._window[0], self._decay.largest_share, 0.0)

    def accepted(self, energy: Array) -> Array:
        """Return 1 above the least energy that the cuts leave, rising to it from half of it."""
        least = max(self._window[0], 1e-9)
        return np.clip(2.0 * energy / least - 2.0, 0.0, 1.0)


def threshold(state: FinalState) -> float:
    """Return the least mass difference of the dark states (GeV) that a final state needs."""
    lepton = FINAL_STATES[state].lepton
    return 2.0 * mass(lepton) if lepton else 0.0


def visible_decay(
    portal: DarkAxionPortal, state: FinalState, window: tuple[float, float], spin_correlations: bool
) -> VisibleDecay:
    """Return the sampler of a final state; `window` holds the visible energies that the cuts leave, GeV."""
    if FINAL_STATES[state].lepton:
        return SeenPair(portal, state, window)
    return SeenPhoton(portal, window, spin_correlations)
