"""Signal: a decay of which the hardest visible daughter that meets a face of the detector is seen.

Where the decay happens decides whether a daughter meets the face.  The daughters' directions are drawn first;
then the decay distances at which one of them does so fill intervals that are known in closed form, and each
stretch of the flight on which the same daughters meet the face is a row: exact at every coupling.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from darkmc.cards.experiment import Cut
from darkmc.core.constants import SPEED_OF_LIGHT_M_PER_NS
from darkmc.core.errors import CardError
from darkmc.core.kinematics import Array, length
from darkmc.geometry.faces import Face
from darkmc.sample.stream import Flight, Momenta
from darkmc.signals.decay import Decay
from darkmc.signals.signal import HIT, Outcome, Ray


def face_of(cuts: Sequence[Cut], path: str) -> Face | None:
    """Return the face that a card's cuts ask for, or None; CardError for more than one."""
    faces = {cut.name: cut.face for cut in cuts if cut.face is not None}
    if len(faces) > 1:
        raise CardError(f"{path}: cuts.{[*faces][1]}: there can be one face")
    return next(iter(faces.values()), None)


class FaceDecay:
    """The signal of one final state whose daughters are seen on a face.

    Parameters
    ----------
    decay : Decay
        Draws the daughters.
    face : Face or None
        Of the detector; None: daughters are in it already.
    """

    name, power, cost, veto_depth = "decays", 0.0, 1.5, 0.0
    per_length, from_inside = False, True
    vertices: tuple[str, ...] = ("decay",)

    def __init__(self, decay: Decay, face: Face | None) -> None:
        self.decay, self.face = decay, face
        self.key, self.states, self.polarised = decay.key, decay.states, decay.polarised
        self.n_uniform, self.least_energy = decay.n_uniform, decay.least_energy
        self.particles: tuple[str, ...] = (*decay.particles, HIT)
        # every end of an interval begins another stretch
        ends = 0 if face is None else face.n_breaks
        self.rows_per_primary = 1 + ends * len(decay.seen)

    def acceptance(self, energy: Array) -> Array:
        """Return roughly the share that passes the cuts on energies; see :class:`Signal`."""
        return self.decay.acceptance(energy)

    def act(self, ray: Ray, made: Momenta, place: Array, uniform: Array, everything: bool) -> Outcome:
        """Return one row for each stretch of the flight; see :class:`Signal`."""
        del made
        daughters, weight = self.decay.daughters(ray, uniform, everything)
        seen = {name: daughters[name] for name in self.decay.seen}
        low, high, of = self._stretches(ray, seen)
        ray = ray.at(of)
        momenta = {name: four[:, of] for name, four in (daughters if everything else seen).items()}
        visible = {name: momenta[name] for name in seen}
        middle = ray.start[:3] + 0.5 * (low + high) * ray.direction
        window, flight = ray.per_metre * (high - low), None
        if everything:
            slowness = ray.energy / length(ray.four[1:]) / SPEED_OF_LIGHT_M_PER_NS
            flight = Flight(ray.start, ray.direction, low, high - low, window, slowness, place[of])
        return Outcome(
            weight=weight[of],
            visible=visible | {HIT: self._hardest(middle, visible)},
            momenta=momenta if everything else {},
            vertices={},
            survive=ray.per_metre * low,
            window=window,
            flight=flight,
            of=of,
        )

    def _stretches(self, ray: Ray, seen: Momenta) -> tuple[Array, Array, NDArray[np.intp]]:
        """Return begin, end (m) and ray of all stretches of the way through the volume, ray by ray."""
        first, last = ray.entry, ray.entry + ray.chord
        breaks = []
        if self.face is not None:
            breaks = [self.face.breaks(ray.start[:3], ray.direction, four[1:]) for four in seen.values()]
        edges = np.concatenate([first[None], *(np.clip(part, first, last) for part in breaks), last[None]])
        edges.sort(axis=0)
        of, piece = np.nonzero((edges[1:] > edges[:-1]).T)
        return edges[piece, of], edges[piece + 1, of], of

    def _hardest(self, place: Array, seen: Momenta) -> Array:
        """Return the hardest daughter that meets the face from some places (3, n)."""
        hardest = np.zeros((4, place.shape[1]))
        for four in seen.values():
            better = four[0] > hardest[0]
            if self.face is not None:
                better &= self.face.met(place, four[1:])
            hardest = np.where(better, four, hardest)
        return hardest
