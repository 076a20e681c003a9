"""The mesons of a card per proton on target: the shapes that species follow, and how many there are."""

import math
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from darkmc.cards.flux import FitCard
from darkmc.cards.flux_base import VariedCard
from darkmc.core.errors import CardError, PhysicsError, nearest
from darkmc.core.estimates import GROUPS, Groups
from darkmc.core.kinematics import Array, length
from darkmc.core.particles import canonical_name
from darkmc.sources.fits.from_card import fits
from darkmc.sources.fits.smooth import Smooth

if TYPE_CHECKING:
    from darkmc.sources.shape import Density, MomentumTable, Shape
    from darkmc.sources.tables.cells import Cells
    from darkmc.sources.tables.from_card import MesonCells


def _tables(card: VariedCard, path: str) -> "dict[str, MesonCells]":
    """Read the tables of a card; what that takes is loaded for such cards only."""
    from darkmc.cards.flux_table import TableCard
    from darkmc.sources.tables.from_card import table_cells

    assert isinstance(card, TableCard)
    return table_cells(card, path)


class Densities:
    """Densities in momentum and angle of the species of a card; tables are made when they are asked for.

    Parameters
    ----------
    card : FitCard or TableCard
        The flux card.
    path : str
        Its file, for messages.

    Raises
    ------
    CardError
        If there is no such beam.
    """

    def __init__(self, card: VariedCard, path: str) -> None:
        self.card, self.path = card, path
        self.tables = {} if isinstance(card, FitCard) else _tables(card, path)
        self._shapes: dict[str, Shape] = {name: found.cells for name, found in self.tables.items()}
        try:
            self._shapes |= {name: Smooth(fit) for name, fit in fits(card, path).items()}
        except PhysicsError as error:
            raise CardError(f"{path}: beam.energy_GeV: {error}") from None
        self._per_interaction = 1.0 if self.tables else card.target_interaction  # tables are per POT already
        self.central = self._yields()

    def _yields(self) -> dict[str, float]:
        """Return the mesons per POT of species that have yields of their own."""
        card = self.card
        if isinstance(card, FitCard):
            return {canonical_name(name): made.per_pot for name, made in card.central.items()}
        scale = 1.0
        if card.pi0_per_pot is not None:
            scale = card.pi0_per_pot / self.tables["pi0"].cells.integral
        others = {name: found for name, found in self.tables.items() if name != "pi0"}
        return {name: scale * found.cells.integral for name, found in others.items()}

    def shape(self, meson: str) -> "Shape":
        """Return the shape that a species follows."""
        return self._shapes[self._followed(meson)]

    def _followed(self, meson: str) -> str:
        """Return whose density a meson follows: its own or that of the pi0."""
        name = canonical_name(meson)
        if name in self.central and self._shapes[name].largest_momentum == 0.0:
            raise self._none_made(name)
        if name not in self._shapes and "pi0" not in self._shapes:
            raise self._unknown(meson)
        return name if name in self._shapes else "pi0"

    def _unknown(self, meson: str) -> CardError:
        ratios = map(canonical_name, self.card.ratios)
        where = "table.files has" if self.tables else "ratios has"
        known = nearest(canonical_name(meson), [*self._shapes, *ratios])
        return CardError(f"{self.path}: {where} no '{meson}'{known}")

    def _none_made(self, species: str) -> CardError:
        energy = self.card.beam.energy_GeV
        return CardError(f"{self.path}: beam.energy_GeV: no {species} from protons of {energy:g} GeV")

    def prepare(self, analogue: bool) -> None:
        """Make the tables that sampling needs, once."""
        self._scales  # noqa: B018
        if analogue:
            for meson in self._scales:
                self._shapes[meson].prepare()

    def ratio(self, meson: str) -> float:
        """Return mesons per pi0 over all momenta and angles."""
        name = canonical_name(meson)
        if name == "pi0" and "pi0" in self._shapes:
            return 1.0
        if name in self.central:
            return self.central[name] / self._pions_per_pot if "pi0" in self._shapes else math.inf
        ratios = {canonical_name(key): value for key, value in self.card.ratios.items()}
        if name not in ratios:
            raise self._unknown(meson)
        return ratios[name]

    @property
    def largest_momentum(self) -> float:
        """Largest lab momentum in GeV."""
        return max(fit.largest_momentum for fit in self._shapes.values())

    def scale(self, meson: str) -> float:
        """Return what turns the density that a species follows into mesons per POT."""
        shape = self._followed(meson)
        share = 1.0 if shape in self.central else self.ratio(meson)
        return share * self._scales[shape]

    def per_solid_angle(self, meson: str, momentum: Array, cosine: Array, transverse2: Array) -> Array:
        """Return d2N/dp dOmega per POT in 1/(GeV sr); cos theta, and pT^2 in GeV^2."""
        return self.scale(meson) * self.shape(meson).density(momentum, cosine, transverse2)

    def proposal(self, meson: str, momentum: Array) -> Array:
        """Return the density of a shape's proposal per POT in 1/(GeV sr)."""
        return self.scale(meson) * self.shape(meson).proposal(momentum)

    def largest_at(self, meson: str, momentum: Array) -> Array:
        """Return the largest density at any angle per POT in 1/(GeV sr)."""
        return self.scale(meson) * self.shape(meson).largest_at(momentum)

    def momentum_table(self, meson: str, mixture: "Density") -> "MomentumTable":
        """Return what draws momenta from the proposal times smooth factors."""
        return self.shape(meson).momentum_table(mixture)

    @cached_property
    def _pions_per_pot(self) -> float:
        """Pi0 per POT: the card's, or those of the fit per interacting proton."""
        card = self.card
        made = self._integral_of("pi0")
        return card.pi0_per_pot or self._per_interaction * made

    def _integral_of(self, shape: str) -> float:
        made = self._shapes[shape].integral
        if not made > 0.0:
            raise self._none_made(shape)
        return made

    @cached_property
    def _scales(self) -> dict[str, float]:
        """What turns each density into mesons per POT: as many as pi0, or those of a central species.

        For pi0 interacting protons per POT, or the factor that gives the card's pi0 per POT.
        """
        card = self.card
        if card.pi0_per_pot is None and len(self._shapes) == 1:
            return (
                {"pi0": self._per_interaction} if "pi0" in self._shapes else dict.fromkeys(self._shapes, 1.0)
            )
        per_pot = {
            shape: self.central[shape] if shape in self.central else self._pions_per_pot  # noqa: SIM401
            for shape, fit in self._shapes.items()
            if fit.largest_momentum > 0.0 or shape not in self.central
        }
        return {shape: number / self._integral_of(shape) for shape, number in per_pot.items()}

    def draw(self, meson: str, uniform: Array) -> tuple[Array, Array, Array]:
        """Return momentum, theta and d2N/dp dtheta over the sampling density, from uniforms (3, n).

        The mean of the third over rows is the number of mesons per POT.
        """
        return self.shape(meson).draw(uniform, self.scale(meson))

    def largest_draw(self, meson: str) -> float:
        """Return the largest weight of :meth:`draw`."""
        return self.shape(meson).largest_draw(self.scale(meson))

    @property
    def changes(self) -> dict[str, dict[str, Any]]:
        """Keys of every alternative: the card's, and all bins of tables up and down by one error."""
        changes = dict(self.card.alternatives)
        if any(table.cells.events is not None for table in self.tables.values()):
            changes |= {"bins-up": {"table": {"shift": 1.0}}, "bins-down": {"table": {"shift": -1.0}}}
        return changes

    def groups(self, meson: str, momentum: Array) -> Groups | None:
        """Return the groups of events of a table that mesons of momenta (3, n) stand for; None without."""
        cells = self._counted(meson)
        if cells is None:
            return None
        size = length(momentum)
        return cells.groups(size, momentum[2] / size, momentum[0] ** 2 + momentum[1] ** 2)

    def group_shares(self, meson: str) -> Array:
        """Return what part of a table's events each group is; empty where nothing is said of errors."""
        return np.empty(0) if self._counted(meson) is None else np.full(GROUPS, 1.0 / GROUPS)

    def _counted(self, meson: str) -> "Cells | None":
        """Return the cells that a species follows, if they are those of a table that says their errors."""
        table = self.tables.get(self._followed(meson))
        return None if table is None or table.cells.events is None else table.cells
