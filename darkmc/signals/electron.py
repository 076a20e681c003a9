"""Signal: scattering off an electron that recoils visibly, with a veto on what is made.

a e -> gamma' e: the gamma' must leave the detector undecayed, for its photon would be seen (for m_a > m'
exchange a and gamma').  gamma' e -> a e: the axion needs no veto.  Three vetoes: "geometry", the distance
from the vertex to the edge of the active volume plus a buffer; "paper", the founding paper's average of the
escape probability over path lengths from 1 m to the detector's size (arXiv:1806.00757 section V); "accept",
electron cuts only, the photon is ignored.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from darkmc.cards.experiment import Cut, ScatteringCard
from darkmc.cards.volumes import Material
from darkmc.core.constants import SPEED_OF_LIGHT_M_PER_NS
from darkmc.core.errors import CardError
from darkmc.core.flight import decay_lengths, proper_length
from darkmc.core.kinematics import Array, boost, length, polar_angle
from darkmc.core.materials import nuclei_per_m3, nucleus
from darkmc.core.particles import mass
from darkmc.geometry.shape import Shape
from darkmc.portals.kinds import PhotonDecay, photon_decay, point_scattering
from darkmc.portals.portal import Parents, Portal
from darkmc.sample.columns import NOTHING
from darkmc.sample.stream import Flight, Momenta
from darkmc.selection.cuts import interval
from darkmc.selection.observables import observable
from darkmc.signals.conversion import SIGMA_TO_M2
from darkmc.signals.signal import HIT, Outcome, Ray

_PAPER_LEAST_M = 1.0  # shortest path of the founding paper's average
_INSIDE_M = 0.5  # path to the edge of the active volume of what survives deep absorption, about
_ENDLESS_M = 1e15  # beyond this nothing is said about a decay


def needs_photon(cut: Cut) -> bool:
    """Return whether a cut is on recoil and photon together."""
    return observable(cut.observable).lacks({"recoil_electron"})


def kinetic_window(cuts: Sequence[Cut]) -> tuple[float, float]:
    """Return the kinetic energies (GeV) of recoils that the cuts leave."""
    (low, high), whole = interval(cuts, "T_electron"), interval(cuts, "E_electron")
    return max(0.0, low, whole[0] - mass("e")), min(high, whole[1] - mass("e"))


def angular_window(cuts: Sequence[Cut]) -> tuple[float, float]:
    """Return the angles (rad) between recoil and beam that the cuts leave."""
    low, high = interval(cuts, "theta_electron")
    widest, narrowest = np.arccos(np.clip(interval(cuts, "cos_theta_electron"), -1.0, 1.0))
    return max(0.0, low, float(narrowest)), min(np.pi, high, float(widest))


def active_volume(card: ScatteringCard, path: str, fiducial: Shape) -> Shape:
    """Return the volume in which a decay is seen; CardError unless it holds the fiducial one."""
    if card.geometry.active is None:
        return fiducial
    active = card.geometry.active.body()
    if not active.encloses(fiducial):
        raise CardError(f"{path}: geometry.active: the fiducial volume sticks out of the active one")
    return active


@dataclass(frozen=True)
class Recoils:
    """What the signal of a recoil takes from an experiment.

    Attributes
    ----------
    material : Material
        Of the volume.
    cuts : sequence of Cut
        The selection.
    veto : {"geometry", "paper", "accept"}
        What happens to events in which the state that is made decays; see the module.
    forced : bool
        Draw recoils inside the cuts.
    spin : bool
        Follow the spin of the gamma'.
    factor : float
        Of the rate.
    buffer_m : float
        Beyond the active volume, where a decay is seen, too.
    size_m : float or None
        Up to which the veto "paper" averages.
    counts_as_hit : bool
        The recoil is what cuts on hits are on.
    """

    material: Material
    cuts: Sequence[Cut]
    veto: str
    forced: bool
    spin: bool
    factor: float = 1.0
    buffer_m: float = 0.0
    size_m: float | None = None
    counts_as_hit: bool = False

    @classmethod
    def of(cls, card: ScatteringCard) -> "Recoils":
        """Return those of a card."""
        simulation, geometry = card.simulation, card.geometry
        return cls(
            material=card.material,
            cuts=card.cuts,
            veto=simulation.veto,
            forced=simulation.biasing == "turned",
            spin=simulation.spin_correlations,
            factor=card.signal.scattering_factor * (simulation.scattering_factor or 1.0),
            buffer_m=geometry.veto_buffer_m,
            size_m=geometry.veto_size_m,
        )


class ElectronRecoil:
    """The signal of a recoil, for one incoming state.

    Parameters
    ----------
    recoils : Recoils
        Material, cuts, lengths of the veto, switches.
    active : Shape
        The volume in which a decay is seen.
    portal : Portal
        The masses.
    unstable_in : bool
        The heavier state scatters, and the lighter one goes out.
    """

    name, key, power, cost = "scatters", "electron", 2.0, 1.0
    per_length, from_inside, rows_per_primary = True, False, 1

    def __init__(self, recoils: Recoils, active: Shape, portal: Portal, unstable_in: bool) -> None:
        self.recoils, material = recoils, recoils.material
        self.active, self.veto = active, recoils.veto
        self.heavy, incoming = portal.heavy, portal.heavy if unstable_in else portal.light
        assert incoming is not None
        self.scattering = point_scattering(portal, incoming.name, "e")
        self.vetoed = not unstable_in and self.heavy.decays and self.veto != "accept"
        self.decay: PhotonDecay | None = None
        if not unstable_in and self.heavy.decays and self.veto == "accept":
            self.decay = photon_decay(portal)
        least = _PAPER_LEAST_M if self.veto == "paper" else recoils.buffer_m + _INSIDE_M
        self.veto_depth = decay_lengths(least, 1.0, self.heavy.mass, self.heavy.ctau) if self.vetoed else 0.0
        density = nuclei_per_m3(material.density_g_cm3, material.composition, material.fill)
        electrons = sum(number * nucleus(symbol).charge for symbol, number in density.items())
        self.strength = electrons * SIGMA_TO_M2 * recoils.factor
        self.forced, self.spin = recoils.forced, recoils.spin
        self.kinetic, self.cone = kinetic_window(recoils.cuts), angular_window(recoils.cuts)[1]
        self.with_photon = any(map(needs_photon, recoils.cuts))
        with_decay = self.with_photon and self.heavy.decays
        self.states: tuple[str, ...] = (photon_decay(portal).key,) if with_decay else ()
        self.seen = ("recoil_electron", *(("photon",) if self.with_photon else ()))
        self.least_energy = max(self.scattering.threshold, self.kinetic[0])
        self.n_uniform = (6 if self.decay is not None else 2) + int(self.scattering.spin_in)
        daughters: tuple[str, ...] = ()
        if self.decay is not None:
            photon, daughter = self.decay.products
            daughters = (photon, f"decay_{daughter}")
        hit = (HIT,) if recoils.counts_as_hit else ()
        self.particles: tuple[str, ...] = ("recoil_electron", "outgoing", *daughters, *hit)
        self.vertices: tuple[str, ...] = ("scatter", *(("decay",) if daughters else ()))

    def acceptance(self, energy: Array) -> Array:
        """Return n sigma of recoils near the cuts; see :class:`Signal`."""
        flat = energy.ravel()
        open_ = flat > self.scattering.threshold * (1.0 + 1e-9)
        safe = np.where(open_, flat, 2.0 * self.scattering.threshold + 1.0)
        limits = self.scattering.q2_limits(safe)
        low, high = self._windows(safe, np.zeros_like(safe))
        low, high = (np.clip(side, *limits) for side in (low, high))
        low = np.maximum(low, 1e-30 * limits[1])
        total = np.sum(self.scattering.integral(safe, low, np.maximum(high, low)), axis=0)
        return np.where(open_, np.maximum(total, 0.0), 0.0).reshape(energy.shape)

    def _windows(self, energy: Array, angle: Array) -> tuple[Array, Array]:
        """Return ranges of Q^2 (2, n) that can pass, for rays at some angle (rad) to the beam."""
        m = self.scattering.target_mass
        bottom, top = (np.full_like(energy, 2.0 * m * limit) for limit in self.kinetic)
        if self.cone >= np.pi:
            return np.stack([top, bottom]), np.stack([top, top])
        widest = np.minimum(angle + self.cone * (1.0 + 1e-9), np.pi)
        soft, hard = self.scattering.kinetic_limits(energy, np.cos(widest))
        low = np.stack([bottom, np.maximum(2.0 * m * hard, bottom)])
        return low, np.stack([np.minimum(2.0 * m * soft, top), top])

    def act(self, ray: Ray, made: Momenta, place: Array, uniform: Array, everything: bool) -> Outcome:
        """Return the recoil, and the veto on what goes out; see :class:`Signal`."""
        del made
        scattering, path = self.scattering, ray.entry + ray.chord * place
        if self.forced:
            angle = polar_angle(ray.direction)
            low, high = self._windows(ray.energy, angle)
            q2, weight = scattering.sample_within(ray.energy, uniform[0], low, high)
        else:
            q2, weight = scattering.transfer(ray.energy, uniform[0])
        kinetic = q2 / (2.0 * scattering.target_mass)
        turn = (uniform[1], uniform[-1])
        azimuth, factor = scattering.azimuth(ray.energy, q2, ray.direction, ray.spin, turn)
        weight = weight * factor
        recoil = scattering.recoil(ray.energy, kinetic, ray.direction, azimuth)
        outgoing = ray.four - recoil
        outgoing[0] += scattering.target_mass
        window = NOTHING
        veto, average = self._veto(ray, path, outgoing) if self.vetoed else (NOTHING, NOTHING)
        momenta, flight = {"recoil_electron": recoil, "outgoing": outgoing}, None
        scatter = ray.point(path)
        if self.decay is not None and (everything or self.with_photon):
            daughters, flight = self._decayed(self.decay, (recoil, outgoing), scatter, uniform[2:])
            momenta |= daughters
            if self.with_photon:
                window = flight.proper_window
        visible = {name: momenta[name] for name in self.seen if name in momenta}
        if self.recoils.counts_as_hit:
            visible[HIT] = recoil
        return Outcome(
            weight=weight * self.strength,
            visible=visible,
            momenta=momenta if everything else {},
            vertices={"scatter": scatter},
            survive=ray.per_metre * path,
            window=window,
            veto=veto,
            average=average,
            flight=flight if everything else None,
        )

    def _veto(self, ray: Ray, place: Array, outgoing: Array) -> tuple[Array, Array]:
        """Return `veto` and `average` of the outcome."""
        recoils, momentum = self.recoils, length(outgoing[1:])
        per_metre = proper_length(1.0, momentum, self.heavy.mass)
        if self.veto == "paper":
            assert recoils.size_m is not None
            return per_metre * _PAPER_LEAST_M, per_metre * (recoils.size_m - _PAPER_LEAST_M)
        vertex = ray.start[:3] + place * ray.direction
        _, leaving = self.active.intersect_components(vertex, outgoing[1:] / momentum)
        distance = np.nan_to_num(leaving) + recoils.buffer_m
        return per_metre * distance, NOTHING

    def _decayed(
        self, decay: PhotonDecay, momenta: tuple[Array, Array], scatter: Array, uniform: Array
    ) -> tuple[dict[str, Array], Flight]:
        """Return the daughters of what goes out, and its flight: inside the volume if cuts want a photon."""
        recoil, outgoing = momenta
        spin = self.scattering.spin_made(recoil, outgoing, uniform[0]) if self.spin else None
        drawn = decay.sample(uniform[1:3], Parents(np.full_like(uniform[0], decay.mass), spin))
        photon, daughter = (boost(drawn.momentum(name), outgoing, decay.mass) for name in decay.products)
        momentum = length(outgoing[1:])
        direction = outgoing[1:] / momentum
        window = np.full_like(momentum, _ENDLESS_M)
        if self.with_photon:
            window = np.nan_to_num(self.active.intersect_components(scatter[:3], direction)[1])
        proper = proper_length(window, momentum, self.heavy.mass)
        slowness = outgoing[0] / momentum / SPEED_OF_LIGHT_M_PER_NS
        flight = Flight(scatter, direction, np.zeros_like(window), window, proper, slowness, uniform[3])
        return {"photon": photon, f"decay_{decay.products[1]}": daughter}, flight
