"""Track lengths of showers from the cascade equations, by finite volumes: the check of the Monte Carlo.

With the cross sections of the package and nothing else of it.  All depths are added up, so each kind of
particle has one function of energy, N_i the track length (radiation lengths) in the i-th cell of a grid of
equal cells, and what enters a cell leaves it:

    source_i + drift from the cell above + sum_j K_ij N_j = (total rate_i + loss_i/width) N_i.

What is lost in a collision is shared between the two cells that it reaches so that its mean is kept; a cell
takes only from cells above, and the equations are solved from the top.
"""

import numpy as np

from darkmc.core.particles import mass
from darkmc.sources.electromagnetic import annihilation, bremsstrahlung, compton, knock_on, pairs

NODES, WEIGHTS = np.polynomial.legendre.leggauss(4)
NODES, WEIGHTS = 0.5 * (NODES + 1.0), 0.5 * WEIGHTS
ELECTRON, POSITRON, PHOTON = range(3)


class Cascade:
    """Track lengths of the showers of one particle.

    Parameters
    ----------
    physics : Physics
        What happens; its cut must be a multiple of the width of the cells.
    energy : float
        Of the particle, in GeV: the middle of the highest cell.
    width : float
        Of the cells, GeV.
    kind : int
        Of the particle.
    """

    def __init__(self, physics, energy, width=0.02, kind=ELECTRON):
        self.physics, self.width = physics, width
        number = int((energy - physics.threshold) / width)
        self.edges = energy + width * (np.arange(number + 1) - number + 0.5)
        self.middle = 0.5 * (self.edges[1:] + self.edges[:-1])
        self.kernel = np.zeros((3, 3, number, number))  # from, to, from which cell, to which cell
        self.rate = np.zeros((3, number))
        switches = physics.switches
        if switches.bremsstrahlung:
            self.radiate()
        if switches.moller or switches.bhabha:
            self.strike()
        if switches.annihilation:
            self.annihilate()
        if switches.pair_production:
            self.materialise()
        if switches.compton:
            self.scatter()
        first = np.zeros((3, number))
        first[kind, -1] = 1.0
        self.lengths = self.solve(first)

    def angles_squared(self, scattering_energy):
        """Return track lengths times the square of the angle to the beam in one plane (3, cells).

        They obey the same equations, for what is made flies on as its parent did; the source is what
        multiple scattering adds, scattering_energy^2/E^2 per radiation length of track.
        """
        source = (scattering_energy / self.middle) ** 2 * self.lengths
        source[PHOTON] = 0.0
        return self.solve(source)

    def above(self, kind, energies):
        """Return the track length above energies."""
        total = np.concatenate([[0.0], np.cumsum(self.lengths[kind])])
        return total[-1] - np.interp(energies, self.edges, total)

    def lose(self, kind, density, least):
        """Add a process that leaves its particle with less: density per GeV of the loss, from least on."""
        number = len(self.middle)
        first = round(least / self.width)
        assert abs(first * self.width - least) < 1e-12
        energy = self.middle[:, None]
        start = np.arange(first, int(self.middle[-1] / self.width) + 2)
        for node, weight in zip(NODES, WEIGHTS, strict=True):
            found = weight * self.width * density(energy, (start + node)[None, :] * self.width)
            self.rate[kind] += found.sum(axis=1)
            for share, shift in ((1.0 - node, 0), (node, 1)):
                source, below = np.meshgrid(np.arange(number), start + shift, indexing="ij")
                inside = source >= below
                target = source[inside], (source - below)[inside]
                np.add.at(self.kernel[kind, kind], target, share * found[inside])

    def give(self, origin, kind, density):
        """Add what a process makes: density per GeV of the energy of what is made."""
        for node, weight in zip(NODES, WEIGHTS, strict=True):
            made = (self.edges[:-1] + node * self.width)[None, :]
            self.kernel[origin, kind] += weight * self.width * density(self.middle[:, None], made)

    def radiate(self):
        def density(energy, photon):
            energy, photon = np.broadcast_arrays(energy, photon)
            flat = bremsstrahlung.spectrum(self.physics.screening, energy.ravel(), photon.ravel())
            return flat.reshape(energy.shape) / photon

        for kind in (ELECTRON, POSITRON):
            self.lose(kind, density, self.physics.cut)
            self.give(kind, PHOTON, density)

    def strike(self):
        electrons, m = self.physics.medium.electrons_per_x0, mass("e")
        switches = self.physics.switches
        for kind, on, formula in (
            (ELECTRON, switches.moller, knock_on.moller),
            (POSITRON, switches.bhabha, knock_on.bhabha),
        ):
            if on:
                self.lose(kind, lambda e, t, f=formula: electrons * f(e, t), self.physics.cut)
                self.give(kind, ELECTRON, lambda e, made, f=formula: electrons * f(e, made - m))

    def annihilate(self):
        electrons, m = self.physics.medium.electrons_per_x0, mass("e")

        def density(energy, photon):
            share = photon / (energy + m)
            both = annihilation.density(energy, share) + annihilation.density(energy, 1.0 - share)
            return electrons * both / (energy + m)

        self.give(POSITRON, PHOTON, density)
        self.rate[POSITRON] += electrons * annihilation.total(self.middle)

    def materialise(self):
        def density(photon, made):
            photon, made = np.broadcast_arrays(photon, made)
            flat = pairs.density(self.physics.screening, photon.ravel(), (made / photon).ravel())
            return flat.reshape(photon.shape) / photon

        for kind in (ELECTRON, POSITRON):
            self.give(PHOTON, kind, density)
        nodes, weights = np.polynomial.legendre.leggauss(200)
        share = 0.5 * (1.0 + nodes)
        for weight, x in zip(0.5 * weights, share, strict=True):
            found = pairs.density(self.physics.screening, self.middle, np.full_like(self.middle, x))
            self.rate[PHOTON] += weight * found

    def scatter(self):
        electrons, m = self.physics.medium.electrons_per_x0, mass("e")

        def density(photon, lost):
            left = np.maximum(photon - lost, 1e-9)
            return electrons * compton.density(photon, left / photon) / photon

        rate = self.rate[PHOTON] + electrons * compton.total(self.middle)
        self.lose(PHOTON, density, 0.0)
        self.rate[PHOTON] = rate  # exact: backward scattering is a peak too narrow for the nodes of a cell

        def below(photon, made):
            return density(photon, made - m) * ((made > m) & (made < photon - 0.5 * self.width))

        self.give(PHOTON, ELECTRON, below)
        np.einsum("ii->i", self.kernel[PHOTON, ELECTRON])[:] += electrons * self.scattered_backward()

    def scattered_backward(self):
        """Return the cross section for electrons in the cell of their photon: k' below half a cell and m."""
        nodes, weights = np.polynomial.legendre.leggauss(40)
        least = np.log(compton.least_fraction(self.middle))[:, None]
        width = np.log((0.5 * self.width + mass("e")) / self.middle)[:, None] - least
        fraction = np.exp(least + 0.5 * width * (1.0 + nodes))
        return 0.5 * width[:, 0] * ((compton.density(self.middle[:, None], fraction) * fraction) @ weights)

    def solve(self, source):
        """Return the solution for a source (3, cells), from the highest cell down."""
        number = len(self.middle)
        drift = np.zeros((3, number))
        for lepton in (ELECTRON, POSITRON):
            drift[lepton] = self.physics.loss(self.edges[:-1], lepton == POSITRON) / self.width
        lengths = np.zeros((3, number))
        columns = np.ascontiguousarray(self.kernel.transpose(1, 3, 0, 2))  # to, to which, from, from which
        above = np.zeros(3)
        for i in range(number - 1, -1, -1):
            made = np.einsum("abj,bj->a", columns[:, i, :, i + 1 :], lengths[:, i + 1 :])
            matrix = np.diag(self.rate[:, i] + drift[:, i]) - columns[:, i, :, i]
            lengths[:, i] = np.linalg.solve(matrix, source[:, i] + above + made)
            above = drift[:, i] * lengths[:, i]
        return lengths
