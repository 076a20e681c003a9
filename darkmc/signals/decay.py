"""Signal: the decay of the unstable dark state inside the volume, to a final state that is seen.

Daughters are drawn as they come or, photons, forced into the energies that the cuts leave.
"""

import numpy as np

from darkmc.core.constants import SPEED_OF_LIGHT_M_PER_NS
from darkmc.core.errors import PhysicsError
from darkmc.core.kinematics import Array, boost, length, spin_at_rest
from darkmc.core.vocabulary import final_state
from darkmc.portals.kinds import is_photon_decay
from darkmc.portals.portal import Parents, Portal, Process
from darkmc.sample.stream import Flight, Momenta
from darkmc.signals.photon_window import in_window, share_in_window
from darkmc.signals.signal import Outcome, Ray

_OF_A_WINDOW = 3  # uniform numbers of a photon that is forced


class Decay:
    """The signal of one final state.

    Parameters
    ----------
    portal : Portal
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
    per_length, from_inside, rows_per_primary = False, True, 1
    vertices: tuple[str, ...] = ("decay",)

    def __init__(
        self,
        portal: Portal,
        state: str,
        window: tuple[float, float],
        natural: bool,
        spin: bool,
    ) -> None:
        self.key: str = state
        self.states: tuple[str, ...] = (state,)
        self.window, self._heavy = window, portal.heavy
        self.least_energy = max(window[0], 1e-9)
        self.seen: tuple[str, ...] = final_state(state).visible
        self._process = _decay_to(portal, state)
        self.particles: tuple[str, ...] = tuple(
            name if name in self.seen else f"decay_{name}" for name in self._process.products
        )
        self._photon = self._process if is_photon_decay(self._process) else None
        self._forced = self._photon is not None and not natural
        self.polarised = spin
        self.n_uniform = max(self._process.n_uniform, _OF_A_WINDOW)

    def act(self, ray: Ray, made: Momenta, place: Array, uniform: Array, everything: bool) -> Outcome:
        """Return the decay; see :class:`Signal`."""
        del made
        daughters, weight = self.daughters(ray, uniform, everything)
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

    def daughters(self, ray: Ray, uniform: Array, everything: bool) -> tuple[Momenta, Array]:
        """Return daughters by name in the lab, and weights of mean 1."""
        if self._forced and self._photon is not None:
            photon, daughter, weight = in_window(
                self._photon, ray.four, ray.spin, self.window, uniform, everything
            )
            return {"photon": photon, **({self.particles[-1]: daughter} if everything else {})}, weight
        process = self._process
        spin = None if ray.spin is None else spin_at_rest(ray.spin, ray.four, self._heavy.mass)
        energy = np.full(uniform.shape[1], self._heavy.mass)
        drawn = process.sample(uniform, Parents(energy, spin))
        names = zip(self.particles, process.products, strict=True)
        daughters = {
            name: boost(drawn.momentum(product), ray.four, self._heavy.mass)
            for name, product in names
            if everything or name in self.seen
        }
        return daughters, drawn.weight / process.total()

    def acceptance(self, energy: Array) -> Array:
        """Return roughly the share that passes the cuts.

        Of isotropic decays those with a photon in the window; of others all above the least energy that the
        cuts leave, rising to that from half of it.
        """
        if self._photon is None:
            return np.clip(2.0 * energy / self.least_energy - 2.0, 0.0, 1.0)
        return share_in_window(self._photon, energy, self.window)


def _decay_to(portal: Portal, state: str) -> Process:
    """Return the decay of the heavier state to a final state, or raise PhysicsError if it is closed."""
    for process in portal.decays(portal.heavy.name):
        if process.key == state:
            return process
    raise PhysicsError(f"{portal}: the decay to '{state}' is closed")
