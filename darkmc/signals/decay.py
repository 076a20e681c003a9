"""How the unstable dark state decays to a final state that is seen, in the lab: one class per kind.

Each draws the daughters either as they come or, for photons, forced into the energies that the cuts leave.
Momenta are returned in the axes of the meson's decay; the caller turns them to the lab.
"""

import numpy as np

from darkmc.core.constants import SPEED_OF_LIGHT_M_PER_NS
from darkmc.core.kinematics import Array, boost, length
from darkmc.core.mixtures import window_weight
from darkmc.core.particles import mass
from darkmc.core.vocabulary import FINAL_STATES, FinalState
from darkmc.portals.dark_axion.dark_photon_decay import FORCED, PhotonDecay
from darkmc.portals.dark_axion.facade import DarkAxionPortal
from darkmc.portals.dark_axion.lepton_pair_decay import PairDecay
from darkmc.sample.stream import Flight
from darkmc.signals.signal import Made, Outcome, Ray

Daughters = dict[str, Array]


class _Seen:
    """A decay inside the volume: what all final states share.

    Parameters
    ----------
    state : str
        The final state.
    natural : bool
        Draw decays as they come, without forcing energies.
    """

    name, power, cost, veto_depth = "decays", 0.0, 1.0, 0.0
    per_length, from_inside = False, True
    particles: tuple[str, ...]
    vertices: tuple[str, ...] = ("decay",)

    def __init__(self, state: FinalState, window: tuple[float, float], natural: bool) -> None:
        self.key: str = state
        self.states: tuple[str, ...] = (state,)
        self.window, self.natural = window, natural
        self.least_energy = max(window[0], 1e-9)

    def draw(self, made: Made, uniform: Array, everything: bool) -> tuple[Daughters, Array]:
        """Return daughters by name in the lab (axes of the decay) and weights of mean 1."""
        raise NotImplementedError

    def act(self, ray: Ray, made: Made, place: Array, uniform: Array, everything: bool) -> Outcome:
        """Return the decay; see :class:`Signal`."""
        daughters, weight = self.draw(made, uniform, everything)
        window = ray.per_metre * ray.chord
        slowness = ray.energy / length(made.placed.unstable[1:]) / SPEED_OF_LIGHT_M_PER_NS
        return Outcome(
            weight=weight,
            visible={name: made.placed.rotation(four) for name, four in daughters.items()},
            momenta={},
            vertices={},
            survive=ray.per_metre * ray.entry,
            window=window,
            flight=Flight(ray.start, ray.direction, ray.entry, ray.chord, window, slowness, place),
        )


def _in_lab(made: Made, four: Array) -> Array:
    """Boost from the parent's rest frame to the lab, in the axes of the decay."""
    return boost(four, made.placed.parent, made.parent_mass)


class SeenPhoton(_Seen):
    """gamma' -> a gamma, or a -> gamma gamma' for a heavy axion."""

    n_uniform = 3

    def __init__(
        self, portal: DarkAxionPortal, window: tuple[float, float], natural: bool, spin_correlations: bool
    ) -> None:
        super().__init__("a gamma", window, natural)
        self._decay = PhotonDecay(portal.current)
        self._spin = spin_correlations and self._decay.has_spin
        self._daughter = f"decay_{portal.light.name}"
        self.particles: tuple[str, ...] = ("photon", self._daughter)

    def draw(self, made: Made, uniform: Array, everything: bool) -> tuple[Daughters, Array]:
        """Return photon and dark daughter; see :class:`_Seen`."""
        if self.natural:
            photon, daughter = self._decay.as_it_comes(made.pair, uniform[:2])
            out = {"photon": photon, self._daughter: daughter}
            return {name: _in_lab(made, four) for name, four in out.items()}, np.ones(uniform.shape[1])
        polarisation = self._decay.polarisation(made.pair) if self._spin else None
        if polarisation is not None:
            polarisation = _in_lab(made, polarisation)
        photon, daughter, weight = self._decay.in_window(
            made.placed.unstable, polarisation, self.window, uniform, everything
        )
        return {"photon": photon, **({self._daughter: daughter} if everything else {})}, weight

    def largest_weight(self, energy: Array) -> Array:
        """Return the largest weight of a draw; 0 where no photon has an energy that the cuts leave."""
        if self.natural:
            return np.ones_like(energy)
        momentum = np.sqrt(np.maximum(energy**2 - self._decay.mass**2, 1e-30))
        width = self._decay.window_width(energy, momentum, self.window)[1]
        polarised = 1.5 if self._spin else 1.0
        return np.where(width > 0.0, polarised * window_weight(True, width, FORCED), 0.0)

    def acceptance(self, energy: Array) -> Array:
        """Return the share of isotropic decays with a photon in the window."""
        low, high = self.window
        hardest = energy * (1.0 - (self._decay.daughter_mass / self._decay.mass) ** 2)
        return np.clip((np.minimum(high, hardest) - low) / hardest, 0.0, 1.0)


class SeenPair(_Seen):
    """gamma' -> a l+ l-, seen as a pair of leptons."""

    n_uniform = PairDecay.n_uniform

    def __init__(
        self, portal: DarkAxionPortal, state: FinalState, window: tuple[float, float], natural: bool
    ) -> None:
        super().__init__(state, window, natural)
        self._names = FINAL_STATES[state].visible
        self._decay = PairDecay(portal.current, mass(FINAL_STATES[state].lepton))
        self.particles: tuple[str, ...] = (*self._names, "decay_axion")

    def draw(self, made: Made, uniform: Array, everything: bool) -> tuple[Daughters, Array]:
        """Return l-, l+ and axion; see :class:`_Seen`."""
        daughters, weight = self._decay.as_it_comes(made.pair, uniform)
        wanted = self.particles if everything else self._names
        return {name: _in_lab(made, four) for name, four in zip(wanted, daughters, strict=False)}, weight

    def largest_weight(self, energy: Array) -> Array:
        """Return the largest weight of a draw."""
        return np.where(energy > self.window[0], self._decay.largest_share, 0.0)

    def acceptance(self, energy: Array) -> Array:
        """Return 1 above the least energy that the cuts leave, rising to it from half of it."""
        return np.clip(2.0 * energy / self.least_energy - 2.0, 0.0, 1.0)


def threshold(state: FinalState) -> float:
    """Return the least mass difference of the dark states (GeV) that a final state needs."""
    lepton = FINAL_STATES[state].lepton
    return 2.0 * mass(lepton) if lepton else 0.0


def visible_decay(
    portal: DarkAxionPortal,
    state: FinalState,
    window: tuple[float, float],
    natural: bool,
    spin_correlations: bool,
) -> SeenPhoton | SeenPair:
    """Return the signal of a final state; `window` holds the visible energies that the cuts leave, GeV."""
    if FINAL_STATES[state].lepton:
        return SeenPair(portal, state, window, natural)
    return SeenPhoton(portal, window, natural, spin_correlations)
