"""Signal: conversion on a nucleus, coherent or a proton, and a photon from the decay of what is made.

a N -> gamma' N, then gamma' -> a gamma before the edge of the volume (for m_a > m' exchange a and gamma').
One photon and no recoil, which a detector of showers does not tell from an electron.
"""

import numpy as np

from darkmc.cards.volumes import Material
from darkmc.core.constants import GEV2_TO_CM2, SPEED_OF_LIGHT_M_PER_NS
from darkmc.core.flight import proper_length
from darkmc.core.kinematics import Array, perpendicular_pair
from darkmc.core.materials import nuclei_per_m3, nucleus
from darkmc.geometry.shape import Shape
from darkmc.portals.kinds import Scattering, nucleus_scattering, photon_decay
from darkmc.portals.portal import Portal
from darkmc.sample.stream import Flight, Momenta
from darkmc.signals.photon_window import in_window, share_in_window
from darkmc.signals.signal import Outcome, Ray

SIGMA_TO_M2 = GEV2_TO_CM2 * 1e-4


class Target:
    """The nuclei of a volume and the conversion on each of them."""

    def __init__(self, portal: Portal, density: dict[str, float], incoming: str) -> None:
        self.density = np.array(list(density.values()))
        self.conversions = [nucleus_scattering(portal, incoming, name) for name in density]
        strength = self.density * np.array([nucleus(name).charge ** 2 for name in density], dtype=float)
        self.chances = strength / np.sum(strength)

    @property
    def spin_in(self) -> bool:
        """Whether what comes in may be polarised."""
        return self.conversions[0].spin_in

    @property
    def threshold(self) -> float:
        """Least energy (GeV) that converts on any of the nuclei."""
        return min(conversion.threshold for conversion in self.conversions)

    def convert(self, ray: Ray, uniform: Array) -> tuple[Array, Array, Array, Array]:
        """Return outgoing energy, 1 - cos of its angle, azimuth, and sum of n sigma (1/m at G = 1).

        From uniforms (4, n), the last for incoming gamma' only; the azimuth (rad) counts as that of
        the ray, opposite to the recoil.
        """
        which = np.searchsorted(np.cumsum(self.chances)[:-1], uniform[0], side="right")
        out, versine, azimuth, rate = np.zeros((4, len(ray.energy)))
        for k, conversion in enumerate(self.conversions):
            mine = np.flatnonzero(which == k)
            energy, spin = ray.energy[mine], None if ray.spin is None else ray.spin[:, mine]
            q2, weight = conversion.transfer(energy, uniform[1, mine])
            out[mine], versine[mine] = outgoing_direction_cosine(energy, q2, conversion)
            turn = (uniform[2, mine], uniform[-1, mine])
            recoil, factor = conversion.azimuth(energy, q2, ray.direction[:, mine], spin, turn)
            azimuth[mine] = recoil if spin is None else recoil + np.pi
            rate[mine] = weight * factor * (self.density[k] / self.chances[k] * SIGMA_TO_M2)
        return out, versine, azimuth, rate

    def spin(self, normal: Array) -> Array | None:
        """Return the linear polarisation of what goes out, alike on all nuclei; see `NucleusScattering`."""
        return self.conversions[0].spin_across(normal)


def outgoing_direction_cosine(energy: Array, q2: Array, scattering: Scattering) -> tuple[Array, Array]:
    """Return energy (GeV) of the outgoing dark state and 1 - cos of its angle to the incoming one."""
    out = energy - q2 / (2.0 * scattering.target_mass)
    p_in = np.sqrt(np.maximum(energy**2 - scattering.m_in**2, 0.0))
    p_out = np.sqrt(np.maximum(out**2 - scattering.m_out**2, 1e-300))
    masses2 = scattering.m_in**2 + scattering.m_out**2
    versine = (p_in * p_out - energy * out + 0.5 * (masses2 + q2)) / (p_in * p_out)
    return out, np.clip(versine, 0.0, 2.0)


class NucleusConversion:
    """The signal of a conversion.

    Parameters
    ----------
    portal : Portal
        The masses, not equal.
    volume : Shape
        Where it happens, and where the decay is seen.
    material : Material
        Of the volume.
    window : (float, float)
        Energies of the photon that the cuts leave, GeV.
    spin : bool
        Follow the spin of the gamma'.
    """

    veto_depth = 0.0
    name, key, power, cost = "converts", "conversion", 2.0, 2.0
    per_length, from_inside = True, False

    def __init__(
        self,
        portal: Portal,
        volume: Shape,
        material: Material,
        window: tuple[float, float],
        spin: bool,
    ) -> None:
        self.decay, self.heavy = photon_decay(portal), portal.heavy
        self.states: tuple[str, ...] = (self.decay.key,)
        density = nuclei_per_m3(material.density_g_cm3, material.composition, material.fill)
        _, light = self.decay.products
        self.target = Target(portal, density, light)
        self.n_uniform = 7 + int(self.target.spin_in)
        self.shape, self.spin, self.window = volume, spin, window
        self._daughter = f"decay_{light}"
        self.particles: tuple[str, ...] = ("outgoing", "photon", self._daughter)
        self.vertices: tuple[str, ...] = ("scatter", "decay")
        self.least_energy = max(self.window[0], self.target.threshold)

    def acceptance(self, energy: Array) -> Array:
        """Return roughly the share of photons that the cuts leave; see :class:`Signal`."""
        share = share_in_window(self.decay, energy, self.window)
        return np.where(energy > self.target.threshold, share + 1e-4, 0.0)

    def largest_weight(self, energy: Array) -> None:
        """Say that no bound is known."""
        del energy

    def act(self, ray: Ray, made: Momenta, place: Array, uniform: Array, everything: bool) -> Outcome:
        """Return conversion, decay and photon; see :class:`Signal`."""
        del made
        path = ray.entry + ray.chord * place
        out, versine, azimuth, rate = self.target.convert(ray, uniform[[0, 1, 2, -1]])
        scatter = ray.point(path)
        first, second = perpendicular_pair(ray.direction)
        cos, sin = np.cos(azimuth), np.sin(azimuth)
        across = np.sqrt(versine * (2.0 - versine))
        flight = across * (cos * first + sin * second) + (1.0 - versine) * ray.direction
        momentum = np.sqrt(np.maximum(out**2 - self.decay.mass**2, 1e-12))
        outgoing = np.concatenate([out[None], momentum * flight])
        turned = self.target.spin(cos * second - sin * first) if self.spin else None
        photon, daughter, weight = in_window(self.decay, outgoing, turned, self.window, uniform[3:6])
        _, leaving = self.shape.intersect_components(scatter[:3], flight)
        window = np.nan_to_num(leaving)
        proper = proper_length(window, momentum, self.heavy.mass)
        slowness = out / momentum / SPEED_OF_LIGHT_M_PER_NS
        known = {"outgoing": outgoing, "photon": photon, self._daughter: daughter} if everything else {}
        zero = np.zeros_like(window)
        return Outcome(
            weight=rate * weight,
            visible={"photon": photon},
            momenta=known,
            vertices={"scatter": scatter},
            survive=ray.per_metre * path,
            window=proper,
            flight=Flight(scatter, flight, zero, window, proper, slowness, uniform[6])
            if everything
            else None,
        )
