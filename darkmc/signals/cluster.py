"""Signal: the cluster that a photon makes in a calorimeter around the place where beams cross.

A photon is seen where it hits the calorimeter's surface, and reconstructed as if it came from where the
beams cross: what is measured depends on where the photon was made.
"""

from typing import Protocol

import numpy as np

from darkmc.core.kinematics import Array, length, some
from darkmc.geometry.shape import Shape
from darkmc.sample.columns import NOTHING
from darkmc.sample.stream import Momenta
from darkmc.signals.response import CrystalBall
from darkmc.signals.signal import Outcome, Ray
from darkmc.sources.beams import Beams


class Measurement(Protocol):
    """What is measured of an energy."""

    def measured(self, energy: Array, uniform: Array) -> tuple[Array, Array]:
        """Return measured energies of true ones (GeV), and weights, from uniform numbers (2, n)."""
        ...


class AsItComes:
    """Measured energies with the density of the calorimeter's response.

    Parameters
    ----------
    response : CrystalBall or None
        None measures exactly.
    """

    def __init__(self, response: CrystalBall | None) -> None:
        self.response = response

    def measured(self, energy: Array, uniform: Array) -> tuple[Array, Array]:
        """Return measured energies, and weights of 1; see :class:`Measurement`."""
        measured = energy if self.response is None else self.response.measured(energy, uniform[1])
        return measured, np.ones_like(energy)


class Cluster:
    """The signal of a photon.

    Parameters
    ----------
    beams : Beams
        Of the collider.
    shape : Shape
        Whose surface photons hit.
    cosines : (float, float)
        Of the polar angles that are covered.
    measurement : Measurement or None
        What is measured of an energy; None: the energy.
    displaced : bool
        Photons start somewhere else than where the beams cross.
    photon : bool
        Cuts ask for the photon itself.
    """

    name, key, power, cost, veto_depth = "is seen", "cluster", 0.0, 1.0, 0.0
    per_length, from_inside, rows_per_primary, n_uniform = False, True, 1, 2
    states: tuple[str, ...] = ()
    particles: tuple[str, ...] = ("electron_beam", "positron_beam", "photon", "cluster")
    vertices: tuple[str, ...] = ()
    least_energy = 1e-9

    def __init__(
        self,
        beams: Beams,
        shape: Shape,
        cosines: tuple[float, float],
        measurement: Measurement | None,
        displaced: bool,
        photon: bool,
    ) -> None:
        self.beams, self.shape, self.cosines = beams, shape, cosines
        self.measurement, self.displaced, self._photon = measurement, displaced, photon

    def acceptance(self, energy: Array) -> Array:
        """Return 1: photons are aimed as they are emitted."""
        return np.ones_like(energy)

    def act(self, ray: Ray, made: Momenta, place: Array, uniform: Array, everything: bool) -> Outcome:
        """Return the clusters of photons that are seen; see :class:`Signal`."""
        del made, place
        direction = ray.direction
        if self.displaced:
            start = ray.start[:3]
            _, leaving = self.shape.intersect_components(start, direction)
            impact = start + leaving * direction
            direction = impact / length(impact)
        low, high = self.cosines
        of = np.flatnonzero((direction[2] >= low) & (direction[2] <= high))
        energy, direction = ray.energy[of], some(direction, of)
        cluster, weight = np.concatenate([energy[None], energy * direction]), np.ones(len(of))
        if self.measurement is not None:
            energy = self.beams.energy_in_centre_of_mass(cluster)
            measured, weight = self.measurement.measured(energy, some(uniform, of))
            cluster *= measured / energy
            if not np.all(measured > 0.0):
                kept = np.flatnonzero(measured > 0.0)
                of, weight, cluster = of[kept], weight[kept], some(cluster, kept)
        beams = {"electron_beam": self.beams.electron, "positron_beam": self.beams.positron}
        known = {name: np.broadcast_to(four[:, None], (4, len(of))) for name, four in beams.items()}
        if everything or self._photon:
            known["photon"] = some(ray.four, of)
        return Outcome(
            weight=weight,
            visible={"cluster": cluster, **known},
            momenta={},
            vertices={},
            survive=np.zeros(len(of)),
            window=NOTHING,
            flight=None,
            of=of,
        )
