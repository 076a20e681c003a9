"""Mesons of a list in the lab: turned about the beam axis, their decays as they come."""

import numpy as np

from darkmc.experiments.primaries import Placed, Pointing, moving
from darkmc.geometry import Shape
from darkmc.kinematics import Array, Rotation, about_z, boost, length, unit_vector
from darkmc.mesons.meson_list import Entries


class ListPrimaries:
    """Entries of a list, each with a flat azimuth about the beam axis.

    Where mesons start on that axis and the detector is off it, the azimuth is chosen so that the dark
    state's lies within the detector's range of half width h: a flat choice of weight h/pi.

    Parameters
    ----------
    entries : Entries
        The mesons.
    meson_mass : float
        GeV.
    origin : array (3,)
        Where the beam hits the target, m.
    shape : Shape
        The detector.
    aimed : bool
        Whether the state that is placed must itself point at the detector.
    """

    n_uniform = 5

    def __init__(
        self, entries: Entries, meson_mass: float, origin: Array, shape: Shape, aimed: bool = True
    ) -> None:
        self.entries, self.mass = entries.relative_to(origin), meson_mass
        self.origin, self.shape = origin, shape
        position = self.entries.position
        on_axis = aimed and (position is None or not np.any(position[:2]))
        self._middle, self._half = shape.azimuths(origin) if on_axis else (0.0, np.pi)

    def place(self, unstable: Array, uniform: Array, pointing: Pointing | None = None) -> Placed:
        """Return placed parents from dark states (4, n) in the meson's frame and uniforms (5, n)."""
        del pointing
        entries = self.entries
        entry = entries.pick(uniform[0])
        axis = unit_vector(2.0 * uniform[1] - 1.0, 2.0 * np.pi * uniform[2])
        parent = moving(axis, entries.size[entry], self.mass)
        moved = boost(unstable, parent, self.mass)
        rotation = Rotation(axis, entries.direction[:, entry], 2.0 * np.pi * uniform[3])
        flight = rotation(moved[1:] / length(moved[1:]))
        azimuth = self._middle + self._half * (2.0 * uniform[4] - 1.0)
        turn = azimuth - np.arctan2(flight[1], flight[0])
        return Placed(
            weight=entries.weight[entry] * (self._half / np.pi),
            parent=parent,
            unstable=moved,
            direction=about_z(flight, turn),
            rotation=rotation.then_about_z(turn),
            origin=None if entries.position is None else self._turned(entries.position[:, entry], turn),
            time=None if entries.time is None else entries.time[entry],
        )

    def _turned(self, position: Array, turn: Array) -> Array:
        out: Array = self.origin[:, None] + about_z(position, turn)
        return out

    @property
    def largest_weight(self) -> float:
        """Largest weight of :meth:`place`."""
        return self.entries.largest_weight * (self._half / np.pi)

    @property
    def path_range(self) -> tuple[float, float]:
        """Lower bound of the path to the volume and upper bound of the path in it, m."""
        x, y, z = np.zeros((3, 1)) if self.entries.position is None else self.entries.position
        centre = np.array(self.shape.centre) - self.origin
        distance = np.hypot(np.hypot(x, y) - np.hypot(centre[0], centre[1]), z - centre[2])
        return max(float(np.min(distance)) - self.shape.reach, 0.0), 2.0 * self.shape.reach

    def energy_range(self, mass: float, largest: float, monochromatic: bool) -> tuple[float, float]:
        """Return bounds of the dark state's lab energy, GeV.

        Parameters
        ----------
        mass, largest : float
            Its mass, and its largest energy in the meson's rest frame, GeV.
        monochromatic : bool
            It has this energy there always.
        """
        size, speed = self.entries.size, np.sqrt(max(largest**2 - mass**2, 0.0))
        energy = np.hypot(size, self.mass)
        ahead = size * largest - energy * speed  # below zero: the dark state can overtake, fly back or rest
        slowest = np.abs(ahead) if monochromatic else np.maximum(ahead, 0.0)
        top = np.max(energy * largest + size * speed) / self.mass
        return float(np.hypot(np.min(slowest) / self.mass, mass)), float(top)
