"""What the showers of a target's pi0 make, without the package's transport, lists or turning.

A table of photons by energy and angle, from pi0 decayed by hand; track lengths of positrons from the cascade
equations (tests/independent_showers.py), for each angle; e+ e- -> a gamma' in closed form; and the path of
the gamma' through a cylinder about the beam, by quadrature over its angles.  Positrons fly along photons.
"""

import numpy as np
from independent_showers import PHOTON, POSITRON, Cascade
from scipy.stats import qmc

from darkmc.core.particles import mass

ALPHA, PB, BRANCHING = 1 / 137.035999, 0.3893793721e9, 0.98823


class Photons:
    """Photons of pi0 per proton, by cells of energy and by angle to the beam."""

    def __init__(self, source, edges, angles, n):
        """Mesons flat in ln p, with transverse momenta that fall like exp(-pT/0.3 GeV)."""
        u, m, top = qmc.Sobol(4, seed=11).random(n).T, mass("pi0"), source.largest_momentum
        span = np.log(top / edges[0])
        momentum = edges[0] * np.exp(span * u[0])
        theta = np.minimum(-0.3 * np.log1p(-u[1]) / momentum, 1.5)
        weight = source.density("pi0", momentum, theta) * momentum * span
        weight *= 0.3 / momentum * np.exp(momentum * theta / 0.3) / n
        cosine, azimuth = 2 * u[2] - 1, 2 * np.pi * u[3]
        energy = np.hypot(momentum, m)
        along, across = (momentum + energy * cosine) / 2, m / 2 * np.sqrt(1 - cosine**2)
        photon = (energy + momentum * cosine) / 2
        to_beam = (along * np.cos(theta) - across * np.cos(azimuth) * np.sin(theta)) / photon
        angle = np.arccos(np.clip(to_beam, -1, 1))
        weight = 2 * BRANCHING * weight
        bins = edges, angles
        self.number = np.histogram2d(photon, angle, bins, weights=weight)[0]
        mean = np.histogram2d(photon, angle, bins, weights=weight * angle)[0].sum(axis=0)
        total = self.number.sum(axis=0)
        self.angle = np.where(total > 0, mean / np.where(total > 0, total, 1), 0)


class Positrons:
    """Their track lengths per proton, radiation lengths, in cells of energy and angle."""

    def __init__(self, source, physics, top, width, angles, n=2**16):
        cascade = Cascade(physics, top + 0.5 * width, width, PHOTON)
        self.energy = cascade.middle
        photons = Photons(source, cascade.edges, angles, n)
        self.angle, first = photons.angle, np.zeros((3, len(cascade.middle)))
        self.length = np.zeros_like(photons.number)
        for k, column in enumerate(photons.number.T):
            first[PHOTON] = column
            self.length[:, k] = cascade.solve(first)[POSITRON]
        self.electrons = physics.medium.electrons_per_x0

    def pairs(self, m):
        """Return e+ e- -> a gamma' per proton and G^2, in cells."""
        s = 2 * mass("e") * (mass("e") + self.energy)
        sigma = ALPHA / 24 * np.maximum(1 - m**2 / s, 0) ** 3 * PB * 1e-36
        return self.length * (self.electrons * sigma)[:, None]


def chord(angle, low, high, radius):
    """Return the path in a cylinder about the beam of rays from the origin."""
    far = np.minimum(high, radius / np.tan(np.maximum(angle, 1e-9)))
    return np.maximum(far - low, 0) / np.cos(angle)


def seen(positrons, m, cylinder, window, nodes=48):
    """Return m/p x chord x chance of the photon to be in a window of energies, per proton, G^2; isotropic."""
    cosine, weight = np.polynomial.legendre.leggauss(nodes)
    weight = weight * 3 / 8 * (1 + cosine**2)
    azimuth = (np.arange(nodes) + 0.5) * np.pi / nodes
    total = 0.0
    for energy, made in zip(positrons.energy, positrons.pairs(m), strict=True):
        s = 2 * mass("e") * (mass("e") + energy)
        if s < m**2:
            continue
        gamma, star = (energy + mass("e")) / np.sqrt(s), (s - m**2) / (2 * np.sqrt(s))
        along = gamma * star * cosine + np.sqrt(gamma**2 - 1) * np.hypot(star, m)
        across = star * np.sqrt(1 - cosine**2)
        size = np.hypot(along, across)
        prime = np.hypot(size, m)
        low, high = np.maximum((prime - size) / 2, window[0]), np.minimum((prime + size) / 2, window[1])
        chance = np.maximum(high - low, 0) / size
        theta = positrons.angle[:, None, None]
        to_beam = (along[:, None] * np.cos(theta) + across[:, None] * np.cos(azimuth) * np.sin(theta)) / size[
            :, None
        ]
        path = chord(np.arccos(np.clip(to_beam, -1, 1)), *cylinder).mean(axis=-1)
        total += made @ (path @ (weight * chance * m / size))
    return total
