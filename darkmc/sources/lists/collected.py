"""Mesons as a generator makes them, by species, with the numbers of their interactions."""

from collections.abc import Iterable

import numpy as np

from darkmc.core.kinematics import Array

EVENTS = " event"  # after the name of a species: the number of each meson's interaction


class Collected:
    """Mesons that are added in parts.

    Parameters
    ----------
    names : iterable of str
        Species.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._momenta: dict[str, list[Array]] = {name: [np.empty((3, 0))] for name in names}
        self._events = {name: [np.empty(0, dtype=np.int32)] for name in self._momenta}

    def add(self, name: str, momentum: Array, event: Array | int) -> None:
        """Add momenta (3, n) in GeV, of interactions (n,) or of one."""
        self._momenta[name].append(momentum)
        self._events[name].append(np.broadcast_to(np.int32(event), momentum.shape[1]))

    def arrays(self) -> dict[str, Array]:
        """Return momenta (3, n) by species, and with `EVENTS` behind the name the interactions (n,)."""
        out = {name: np.concatenate(parts, axis=1) for name, parts in self._momenta.items()}
        return out | {name + EVENTS: np.concatenate(parts) for name, parts in self._events.items()}
