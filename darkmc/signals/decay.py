"""Signal: the decay of the unstable dark state inside the volume, to a final state that is seen.

Daughters are drawn as they come or, photons, forced into the energies that the cuts leave.
"""

import numpy as np

from darkmc.core.constants import SPEED_OF_LIGHT_M_PER_NS
from darkmc.core.kinematics import Array, boost, length, spin_at_rest
from darkmc.core.mixtures import window_weight
from darkmc.core.particles import mass
from darkmc.core.vocabulary import FINAL_STATES, FinalState
from darkmc.portals.dark_axion.dark_photon_decay import FORCED, PhotonDecay
from darkmc.portals.dark_axion.facade import DarkAxionPortal
from darkmc.portals.dark_axion.lepton_pair_decay import PairDecay
from darkmc.portals.portal import Parents
from darkmc.sample.stream import Flight, Momenta
from darkmc.signals.signal import Outcome, Ray


class Decay:
    """The signal of one final state.

    Parameters
    ----------
    portal : DarkAxionPortal
        The masses, not equal.
    state : str
        The final state, which must be open.
    window : (float, float)
        Visible energies that the cuts leave, GeV.
    natural : bool
        Draw decays as they come, without forcing energies.
    spin : bool
        Rays bring a polarisation along.
    """

    name, power, cost, veto_depth = "decays", 0.0, 1.0, 0.0
    per_length, from_inside = False, True
    vertices: tuple[str, ...] = ("decay",)

    def __init__(
        self,
        portal: DarkAxionPortal,
        state: FinalState,
        window: tuple[float, float],
        natural: bool,
        spin: bool,
    ) -> None:
        self.key: str = state
        self.states: tuple[str, ...] = (state,)
        self.window, self._heavy = window, portal.heavy
        self.least_energy = max(window[0], 1e-9)
        products = FINAL_STATES[state]
        self._seen: tuple[str, ...] = products.visible
        self.particles: tuple[str, ...] = (*self._seen, f"decay_{portal.light.name}")
        self._photon: PhotonDecay | None = None
        self._pair: PairDecay | None = None
        if products.lepton:
            first, second = products.visible
            self._pair = PairDecay(portal.current, mass(products.lepton), (first, second), state)
        else:
            self._photon = PhotonDecay(portal.current)
        self._forced = self._photon is not None and not natural
        self._polarised = spin and portal.heavy.name == "dark_photon"
        self.n_uniform = 3 if self._photon is not None else PairDecay.n_uniform

    def act(self, ray: Ray, made: Momenta, place: Array, uniform: Array, everything: bool) -> Outcome:
        """Return the decay; see :class:`Signal`."""
        del made
        daughters, weight = self._daughters(ray, uniform, everything)
        window, flight = ray.per_metre * ray.chord, None
        if everything:
            slowness = ray.energy / length(ray.four[1:]) / SPEED_OF_LIGHT_M_PER_NS
            flight = Flight(ray.start, ray.direction, ray.entry, ray.chord, window, slowness, place)
        return Outcome(
            weight=weight,
            visible=daughters,
            momenta={},
            vertices={},
            survive=ray.per_metre * ray.entry,
            window=window,
            flight=flight,
        )

    def _daughters(self, ray: Ray, uniform: Array, everything: bool) -> tuple[Momenta, Array]:
        """Return daughters by name in the lab, and weights of mean 1."""
        if self._forced and self._photon is not None:
            photon, daughter, weight = self._photon.in_window(
                ray.four, ray.spin, self.window, uniform, everything
            )
            return {"photon": photon, **({self.particles[-1]: daughter} if everything else {})}, weight
        process = self._photon or self._pair
        assert process is not None
        spin = None if ray.spin is None else spin_at_rest(ray.spin, ray.four, self._heavy.mass)
        energy = np.full(uniform.shape[1], self._heavy.mass)
        drawn = process.sample(uniform, Parents(energy, spin))
        names = zip(self.particles, process.products, strict=True)
        daughters = {
            name: boost(drawn.momentum(product), ray.four, self._heavy.mass)
            for name, product in names
            if everything or name in self._seen
        }
        return daughters, drawn.weight / process.total()

    def largest_weight(self, energy: Array) -> Array:
        """Return the largest weight of an outcome; 0 where the cuts leave nothing."""
        if self._pair is not None:
            largest = self._pair.largest_weight / self._pair.total()
            return np.where(energy > self.window[0], largest, 0.0)
        if not self._forced or self._photon is None:
            return np.ones_like(energy)
        momentum = np.sqrt(np.maximum(energy**2 - self._heavy.mass**2, 1e-30))
        width = self._photon.window_width(energy, momentum, self.window)[1]
        polarised = 1.5 if self._polarised else 1.0
        return np.where(width > 0.0, polarised * window_weight(True, width, FORCED), 0.0)

    def acceptance(self, energy: Array) -> Array:
        """Return roughly the share that passes the cuts.

        Of isotropic decays those with a photon in the window; of pairs all above the least energy that the
        cuts leave, rising to that from half of it.
        """
        if self._photon is None:
            return np.clip(2.0 * energy / self.least_energy - 2.0, 0.0, 1.0)
        low, high = self.window
        hardest = energy * (1.0 - (self._photon.daughter_mass / self._heavy.mass) ** 2)
        return np.clip((np.minimum(high, hardest) - low) / hardest, 0.0, 1.0)


def threshold(state: FinalState) -> float:
    """Return the least mass difference of the dark states (GeV) that a final state needs."""
    lepton = FINAL_STATES[state].lepton
    return 2.0 * mass(lepton) if lepton else 0.0
