"""The densities of a fit card's mesons per proton on target, and the cells in which they are sampled."""

from functools import cached_property

import numpy as np

from darkmc.cards.flux import FitCard
from darkmc.core.errors import CardError, PhysicsError, nearest
from darkmc.core.kinematics import Array
from darkmc.core.particles import canonical_name
from darkmc.sources.fits.flat import CELLS, cells, half_angle, integral, unfold
from darkmc.sources.fits.from_card import Fit, fits


class FitDensities:
    """Densities in momentum and angle of the species of a fit; tables are made when they are asked for.

    Parameters
    ----------
    card : FitCard
        The flux card.
    path : str
        Its file, for messages.

    Raises
    ------
    CardError
        If there is no such beam.
    """

    def __init__(self, card: FitCard, path: str) -> None:
        self.card, self.path = card, path
        try:
            self._fits: dict[str, Fit] = fits(card, path)
        except PhysicsError as error:
            raise CardError(f"{path}: beam.energy_GeV: {error}") from None
        self.central = {canonical_name(name): made.per_pot for name, made in card.central.items()}

    def _shape(self, meson: str) -> str:
        """Return whose density a meson follows: its own or that of the pi0."""
        name = canonical_name(meson)
        if name in self.central and self._fits[name].largest_momentum == 0.0:
            raise self._none_made(name)
        return name if name in self._fits else "pi0"

    def _none_made(self, species: str) -> CardError:
        energy = self.card.beam.energy_GeV
        return CardError(f"{self.path}: beam.energy_GeV: no {species} from protons of {energy:g} GeV")

    def prepare(self, analogue: bool) -> None:
        """Make the tables that sampling needs, once."""
        self._scales  # noqa: B018
        if analogue:
            self._cells  # noqa: B018

    def ratio(self, meson: str) -> float:
        """Return mesons per pi0 over all momenta and angles."""
        name = canonical_name(meson)
        if name == "pi0":
            return 1.0
        if name in self.central:
            return self.central[name] / self._pions_per_pot
        ratios = {canonical_name(key): value for key, value in self.card.ratios.items()}
        if name not in ratios:
            known = nearest(name, ["pi0", *ratios, *self.central])
            raise CardError(f"{self.path}: ratios has no '{meson}'{known}")
        return ratios[name]

    @property
    def largest_momentum(self) -> float:
        """Largest lab momentum in GeV."""
        return max(fit.largest_momentum for fit in self._fits.values())

    def edge(self, meson: str) -> tuple[float, float]:
        """Return where the forward density of a fit ends, p_max in GeV, and k in (1 - p/p_max)^(k - 1)."""
        fit = self._fits[self._shape(meson)]
        return fit.largest_momentum, fit.edge_power

    def angles(self, meson: str, momentum: Array, w: Array) -> tuple[Array, Array]:
        """Return cos theta and pT^2 at 0 < w < 1 of all angles at which a fit has mesons of a momentum."""
        fit = self._fits[self._shape(meson)]
        half, _ = half_angle(fit, momentum, w)
        cosine = (1.0 - half**2) / (1.0 + half**2)
        return cosine, np.square(momentum * 2.0 * half / (1.0 + half**2))

    def per_solid_angle(self, meson: str, momentum: Array, cosine: Array, transverse2: Array) -> Array:
        """Return d2N/dp dOmega per POT in 1/(GeV sr); cos theta, and pT^2 in GeV^2."""
        shape = self._shape(meson)
        share = 1.0 if shape in self.central else self.ratio(meson)
        scale = share * self._scales[shape]
        return scale * self._fits[shape].density(momentum, cosine, transverse2)

    @cached_property
    def _pions_per_pot(self) -> float:
        """Pi0 per POT: the card's, or those of the fit per interacting proton."""
        card = self.card
        made = self._integral_of("pi0")
        return card.pi0_per_pot or card.target_interaction * made

    @cached_property
    def _integrals(self) -> dict[str, float]:
        return {shape: integral(fit) for shape, fit in self._fits.items() if fit.largest_momentum > 0.0}

    def _integral_of(self, shape: str) -> float:
        made = self._integrals.get(shape, 0.0)
        if not made > 0.0:
            raise self._none_made(shape)
        return made

    @cached_property
    def _scales(self) -> dict[str, float]:
        """What turns each density into mesons per POT: as many as pi0, or those of a central species.

        For pi0 interacting protons per POT, or the factor that gives the card's pi0 per POT.
        """
        card = self.card
        if card.pi0_per_pot is None and len(self._fits) == 1:
            return {"pi0": card.target_interaction}
        per_pot = {
            shape: self.central.get(shape, self._pions_per_pot)
            for shape, fit in self._fits.items()
            if fit.largest_momentum > 0.0 or shape not in self.central
        }
        return {shape: number / self._integral_of(shape) for shape, number in per_pot.items()}

    @cached_property
    def _cells(self) -> dict[str, tuple[Array, Array]]:
        """Cumulative probability of the cells of the unit square, and 1/density in each."""
        return {shape: cells(self._fits[shape]) for shape in self._scales}

    def draw(self, meson: str, uniform: Array) -> tuple[Array, Array, Array]:
        """Return momentum, theta and d2N/dp dtheta over the sampling density, from uniforms (3, n).

        The mean of the third over rows is the number of mesons per POT.
        """
        shape = self._shape(meson)
        cumulative, inverse = self._cells[shape]
        cell = np.minimum(np.searchsorted(cumulative, uniform[0], side="right"), CELLS**2 - 1)
        square = np.stack([(cell // CELLS + uniform[1]) / CELLS, (cell % CELLS + uniform[2]) / CELLS])
        momentum, theta, jacobian, cosine, transverse2 = unfold(self._fits[shape], square)
        density = self.per_solid_angle(meson, momentum, cosine, transverse2)
        return momentum, theta, density * jacobian * inverse[cell]

    def largest_draw(self, meson: str) -> float:
        """Return the largest weight of :meth:`draw`, of a fit as found at 9 points of every cell."""
        shape = self._shape(meson)
        _, inverse = self._cells[shape]
        cell = np.arange(CELLS**2)
        largest = 0.0
        for u in (0.001, 0.5, 0.999):
            for v in (0.001, 0.5, 0.999):
                square = np.stack([(cell // CELLS + u) / CELLS, (cell % CELLS + v) / CELLS])
                momentum, _, jacobian, cosine, transverse2 = unfold(self._fits[shape], square)
                density = self.per_solid_angle(meson, momentum, cosine, transverse2)
                largest = max(largest, float(np.max(density * jacobian * inverse)))
        return largest
