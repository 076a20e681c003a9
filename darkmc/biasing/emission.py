"""How parents emit dark states: a production, and where the heavier state decays on its way, that decay."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from darkmc.biasing.placement import LabParents
from darkmc.core.kinematics import Array
from darkmc.core.particles import mass
from darkmc.portals.chains import decayed
from darkmc.portals.kinds import PhotonDecay, photon_decay
from darkmc.portals.portal import Draw, Portal, Production

_ANGLES = 2  # numbers of a decay on the way that stand beside those of the production


@dataclass(frozen=True)
class Emitted:
    """What parents emit, in their frame.

    Attributes
    ----------
    weight : array (n,)
        Of production, at G = 1.
    production : Draw
        Events of the production.
    decay : Draw or None
        Those of a decay on the way, in the same frame.
    """

    weight: Array
    production: Draw
    decay: Draw | None = None

    @property
    def last(self) -> Draw:
        """The decay if there is one, else the production: what arrives is of it."""
        return self.production if self.decay is None else self.decay


class Emission(Protocol):
    """Dark states of one kind of parents.

    Attributes
    ----------
    parent : str or None
        What events call the parent; None: they do not hold it.
    particles : tuple of str
        Names in events: the parent, and all that :meth:`momenta` returns.
    power : float
        Of G.
    n_uniform : int
        How many uniform numbers it takes.
    n_late : int
        How many of them, the last, lie apart from the others.
    mappable : tuple of int
        Which of them a trained map may move.
    """

    @property
    def parent(self) -> str | None: ...  # noqa: D102
    @property
    def particles(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def power(self) -> float: ...  # noqa: D102
    @property
    def n_uniform(self) -> int: ...  # noqa: D102
    @property
    def n_late(self) -> int: ...  # noqa: D102
    @property
    def mappable(self) -> tuple[int, ...]: ...  # noqa: D102
    def sample(self, uniform: Array, parents: LabParents | None) -> Emitted:
        """Return what parents emit, from uniform numbers (n_uniform, n); None: parents that are all alike."""
        ...

    def about_axis(self, emitted: Emitted, axis: Array) -> Array | None:
        """Return the density for parents along axes (3, n) over the isotropic one; None: 1."""
        ...

    def spin(self, emitted: Emitted, state: str) -> Array | None:
        """Return the linear polarisation (4, n) of a state that arrives; None: unpolarised, or spin 0."""
        ...

    def momenta(self, emitted: Emitted) -> Mapping[str, Array]:
        """Return four-momenta (4, n) by the names that events have for them."""
        ...


class ProductionEmission:
    """What a production makes, and where the heavier state decays on its way, that decay.

    Parameters
    ----------
    process : Production
        Of the parents that a placement draws.
    parent : str
        What events call them.
    spin : bool
        Rays bring a polarisation along.
    decay : PhotonDecay or None
        Of the heavier state on its way.
    """

    n_late = 0

    def __init__(
        self, process: Production, parent: str, spin: bool, decay: PhotonDecay | None = None
    ) -> None:
        self.process, self.parent, self.keeps_spin, self.decay = process, parent, spin, decay
        self.power, self.mappable = process.power, process.mappable
        self.n_uniform = process.n_uniform + (0 if decay is None else decay.n_uniform)
        self.names = {_event_name(product, parent): product for product in process.products}
        self._upstream = {} if decay is None else {f"upstream_{x}": x for x in decay.products}

    @property
    def particles(self) -> tuple[str, ...]:
        """Names in events."""
        return (self.parent, *self.names, *self._upstream)

    def sample(self, uniform: Array, parents: LabParents | None) -> Emitted:
        """Return what parents emit; see :class:`Emission`."""
        of_process, own = (
            None if parents is None else parents.of_process(self.process.frame),
            self.process.n_uniform,
        )
        made = self.process.sample(uniform[:own], of_process)
        if self.decay is None:
            return Emitted(made.weight, made)
        return Emitted(made.weight, made, decayed(made, self.decay, uniform[own:]))

    def about_axis(self, emitted: Emitted, axis: Array) -> Array | None:
        """Return the density for parents along axes over the isotropic one; see :class:`Emission`."""
        return self.process.about_axis(emitted.production, axis)

    def spin(self, emitted: Emitted, state: str) -> Array | None:
        """Return the linear polarisation of a state that arrives; see :class:`Emission`."""
        return emitted.last.spin(state) if self.keeps_spin else None

    def momenta(self, emitted: Emitted) -> dict[str, Array]:
        """Return four-momenta by the names of events; see :class:`Emission`."""
        out = {name: emitted.production.momentum(product) for name, product in self.names.items()}
        if emitted.decay is not None:
            out |= {name: emitted.decay.momentum(product) for name, product in self._upstream.items()}
        return out


def _event_name(product: str, parent: str) -> str:
    return f"{parent}_photon" if product == "photon" else product


class MesonEmission(ProductionEmission):
    """Dark states of one species of mesons.

    Parameters
    ----------
    portal : Portal
        The masses.
    meson : str
        The species.
    spin : bool
        Keep the spin of what is made; else it is unpolarised.
    upstream : bool
        The heavier state decays on its way.
    """

    def __init__(self, portal: Portal, meson: str, spin: bool, upstream: bool = False) -> None:
        (process,) = portal.productions(meson, spin)
        decay = photon_decay(portal) if upstream else None
        super().__init__(process, "meson", spin, decay)
        self._mass = mass(meson)
        # energies and angles of the meson's decay, and of that of the dark state
        self.mappable = tuple(k for k in (0, 1) if k < process.n_uniform)
        if decay is not None:
            self.mappable += (process.n_uniform,)
            self.n_late = max(decay.n_uniform - _ANGLES, 0)  # its daughter's spin
            self.n_uniform = process.n_uniform + _ANGLES + self.n_late

    def sample(self, uniform: Array, parents: LabParents | None = None) -> Emitted:
        """Return decays of mesons, which are all alike; see :class:`Emission`."""
        del parents
        return super().sample(uniform, None)

    def about_axis(self, emitted: Emitted, axis: Array) -> None:
        """Say that nothing depends on where the meson flies."""
        del emitted, axis


def sideways(portal: Portal, least_energy: float) -> float:
    """Return the tangent of the largest angle between a decaying state and a daughter that can be seen."""
    momentum = photon_decay(portal).momentum
    sine = min(momentum / max(least_energy, 2.0 * momentum), 0.9)
    return float(sine / np.sqrt(1.0 - sine**2))
