"""Signal: conversion on a nucleus, coherent or a proton, and a photon from the decay of what is made.

a N -> gamma' N, then gamma' -> a gamma before the edge of the volume, or in a second one behind it (for
m_a > m' exchange a and gamma').  One photon and no recoil, which a detector of showers does not tell from an
electron.
"""

from dataclasses import replace
from typing import Protocol

import numpy as np

from darkmc.cards.volumes import Material
from darkmc.core.constants import GEV2_TO_CM2
from darkmc.core.flight import proper_length
from darkmc.core.kinematics import Array, perpendicular_pair
from darkmc.core.materials import nuclei_per_m3, nucleus
from darkmc.core.mixtures import half_near_the_end
from darkmc.geometry.shape import Shape
from darkmc.portals.kinds import Scattering, nucleus_scattering
from darkmc.portals.portal import Portal
from darkmc.sample.stream import Momenta
from darkmc.signals.signal import Outcome, Ray, Signal

SIGMA_TO_M2 = GEV2_TO_CM2 * 1e-4
NEAR_M = 1e-6  # from the end of a volume: nearer conversions are drawn alike


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


BEFORE = "conversion before"  # key of conversions in a volume before that of the decays


class NucleusConversion:
    """The signal of a conversion.

    Parameters
    ----------
    portal : Portal
        The masses, not equal.
    volume : Shape
        Where it happens.
    material : Material
        Of the volume.
    decay : Seen
        What is seen of the decay of what is made.
    space : Shape or None
        Where that is seen; None: in the same volume.  Of another one behind it, conversions near the end of
        the way through the volume are drawn more often, for what is made there must come out alive.
    """

    veto_depth = 0.0
    power, cost = 2.0, 2.0
    per_length = True

    def __init__(
        self,
        portal: Portal,
        volume: Shape,
        material: Material,
        decay: "Seen",
        space: Shape | None = None,
    ) -> None:
        self.decay, self.heavy = decay, portal.heavy
        density = nuclei_per_m3(material.density_g_cm3, material.composition, material.fill)
        assert portal.light is not None
        self.target = Target(portal, density, portal.light.name)
        self.n_uniform = 4 + decay.n_uniform + int(self.target.spin_in)
        self.volume, self.space = volume, volume if space is None else space
        self.behind = self.space != volume
        self.key = BEFORE if self.behind else "conversion"
        self.name = "converts before" if self.behind else "converts"
        self.from_inside = self.behind
        self.states: tuple[str, ...] = decay.states
        self.rows_per_primary = decay.rows_per_primary
        self.particles: tuple[str, ...] = ("outgoing", *decay.particles)
        self.vertices: tuple[str, ...] = ("scatter", "decay")
        self.least_energy = max(decay.least_energy, self.target.threshold)

    def acceptance(self, energy: Array) -> Array:
        """Return roughly the share of photons that the cuts leave; see :class:`Signal`."""
        return np.where(energy > self.target.threshold, self.decay.acceptance(energy) + 1e-4, 0.0)

    def act(self, ray: Ray, made: Momenta, place: Array, uniform: Array, everything: bool) -> Outcome:
        """Return conversion, decay and photon; see :class:`Signal`."""
        path, per_chord = ray.entry + ray.chord * place, np.ones_like(place)
        if self.behind:
            back, per_metre = half_near_the_end(place, ray.chord, NEAR_M)
            path, per_chord = ray.entry + (ray.chord - back), per_metre / ray.chord
        out, versine, azimuth, rate = self.target.convert(ray, uniform[[0, 1, 2, -1]])
        scatter = ray.point(path)
        first, second = perpendicular_pair(ray.direction)
        cos, sin = np.cos(azimuth), np.sin(azimuth)
        across = np.sqrt(versine * (2.0 - versine))
        flight = across * (cos * first + sin * second) + (1.0 - versine) * ray.direction
        momentum = np.sqrt(np.maximum(out**2 - self.heavy.mass**2, 1e-12))
        spin = self.target.spin(cos * second - sin * first) if self.decay.polarised else None
        entry, leaving = self.space.intersect_components(scatter[:3], flight)
        outgoing = Ray(
            start=scatter,
            four=np.concatenate([out[None], momentum * flight]),
            direction=flight,
            entry=np.nan_to_num(entry),
            chord=np.nan_to_num(leaving - entry),
            per_metre=proper_length(1.0, momentum, self.heavy.mass),
            spin=spin,
        )
        end = 3 + self.decay.n_uniform
        seen = self.decay.act(outgoing, made, uniform[end], uniform[3:end], everything)
        mine = slice(None) if seen.of is None else seen.of
        return replace(
            seen,
            weight=(rate * per_chord)[mine] * seen.weight,
            momenta=seen.momenta | {"outgoing": outgoing.four[:, mine]} if everything else {},
            vertices={"scatter": scatter[:, mine]},
            survive=(ray.per_metre * path)[mine] + seen.survive,
        )


class Seen(Signal, Protocol):
    """What is seen of a decay."""

    polarised: bool  # it takes the spin of what decays into account
