"""The mesons of a card per proton on target: the shapes that species follow, and how many there are.

A species has a base: a table of its own, a fit of its own, or that of the pi0.  What is known of a thick
target, or of another nucleus, multiplies it.
"""

import math
from collections.abc import Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from darkmc.cards.flux import FitCard
from darkmc.cards.flux_base import VariedCard
from darkmc.cards.load import flatten
from darkmc.core.errors import CardError, PhysicsError, nearest
from darkmc.core.estimates import GROUPS, Groups
from darkmc.core.input_files import digest
from darkmc.core.kinematics import Array, length
from darkmc.core.particles import canonical_name
from darkmc.sources.depths import Exponential
from darkmc.sources.fits.from_card import Fit, fits
from darkmc.sources.fits.smooth import Smooth

_SAME_BEAM = 0.02
_LONG = 20.0  # interaction lengths of a target whose length is not known

if TYPE_CHECKING:
    from darkmc.sources.factors import Factors
    from darkmc.sources.shape import Shape
    from darkmc.sources.tables.cells import Cells
    from darkmc.sources.tables.from_card import MesonCells


def _tables(card: VariedCard, path: str) -> "dict[str, MesonCells]":
    """Read the tables of a card; what that takes is loaded for such cards only."""
    from darkmc.cards.flux_table import TableCard

    table = card.table if isinstance(card, TableCard) else getattr(card, "first", None)
    if table is None:
        return {}
    from darkmc.sources.tables.from_card import table_cells

    return table_cells(card, table, path)


def _factors(card: VariedCard, path: str) -> "list[dict[str, Factors]]":
    """Read the tables of factors of a card, moved by the errors that it says."""
    if not isinstance(card, FitCard) or not card.factor_files:
        return []
    from darkmc.sources.factor_files import read_factors

    found = [read_factors(Path(path).parent / name) for name in card.factor_files]
    return [{meson: one.shifted(card.shift) for meson, one in factors.items()} for factors in found]


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
        If there is no such beam, or a table is missing or wrong.
    """

    def __init__(self, card: VariedCard, path: str) -> None:
        self.card, self.path = card, path
        self.tables = _tables(card, path)
        self._factors = _factors(card, path)
        try:
            self._fits: dict[str, Fit] = fits(card, path)
        except PhysicsError as error:
            raise CardError(f"{path}: beam.energy_GeV: {error}") from None
        self._plain: dict[str, Shape] = {name: Smooth(fit) for name, fit in self._fits.items()}
        self._plain |= {name: found.cells for name, found in self.tables.items()}
        self._made: dict[tuple[str, str], Shape] = {}
        self.central = {canonical_name(name): made.per_pot for name, made in self._centrally.items()}

    @property
    def _centrally(self) -> dict[str, Any]:
        return self.card.central if isinstance(self.card, FitCard) else {}

    @property
    def digests(self) -> list[str]:
        """Hashes of the files that were read with the card."""
        names = self.card.factor_files if isinstance(self.card, FitCard) else ()
        factors = [digest(Path(self.path).parent / name) for name in names]
        return [*(table.digest for table in self.tables.values()), *factors]

    @property
    def remarks(self) -> list[str]:
        """What is odd about tables, and tables and cascades of another beam; one ends at its momentum."""
        found = [remark for table in self.tables.values() for remark in table.remarks]
        other = self._of_another_beam({})
        if other:
            found.append(f"flux {self.card.name}: {other}")
        if self.card.cascade != "none":
            beam, of = self.card.beam.energy_GeV, float(self._factors[-1]["pi0"].momenta[-1])
            if abs(of / beam - 1.0) > _SAME_BEAM:
                found.append(f"flux {self.card.name}: its cascade is of a beam of {of:g} GeV, not {beam:g}")
        return found

    def shape(self, meson: str) -> "Shape":
        """Return the shape that a species follows: its base, times the factors of pi0 or of all others."""
        base, name = self._followed(meson), canonical_name(meson)
        if name != base:
            self._share(name)
        factors = [] if name in self.central else self._factors
        if base in self.tables:  # of this nucleus already
            factors = factors[len(factors) - (self.card.cascade != "none") :]
        if not factors:
            return self._plain[base]
        kind = "pi0" if name == "pi0" else "eta"
        if (base, kind) not in self._made:
            self._made[base, kind] = self._multiplied(base, [one[kind] for one in factors])
        return self._made[base, kind]

    def _multiplied(self, base: str, factors: "list[Factors]") -> "Shape":
        from darkmc.sources.factors import Multiplied

        if base in self.tables:
            return self.tables[base].cells.times(factors)
        return Smooth(Multiplied(self._fits[base], tuple(factors)))

    def _followed(self, meson: str) -> str:
        """Return the base of a species: its own, or the pi0."""
        name = canonical_name(meson)
        if name in self.central and self._plain[name].largest_momentum == 0.0:
            raise self._none_made(name)
        if name not in self._plain and "pi0" not in self._plain:
            raise self._unknown(meson)
        return name if name in self._plain else "pi0"

    def _unknown(self, meson: str) -> CardError:
        ratios = map(canonical_name, self.card.ratios)
        where = "ratios has" if isinstance(self.card, FitCard) else "table.files has"
        known = nearest(canonical_name(meson), [*self._plain, *ratios])
        return CardError(f"{self.path}: {where} no '{meson}'{known}")

    def _none_made(self, species: str) -> CardError:
        energy = self.card.beam.energy_GeV
        return CardError(f"{self.path}: beam.energy_GeV: no {species} from protons of {energy:g} GeV")

    def prepare(self, analogue: bool) -> None:
        """Make the tables that sampling needs, once."""
        self._scales  # noqa: B018
        if analogue:
            for meson in self._scales:
                self.shape(meson).prepare()

    def ratio(self, meson: str) -> float:
        """Return mesons per pi0 over all momenta and angles."""
        name = canonical_name(meson)
        if name == "pi0" and "pi0" in self._plain:
            return 1.0
        if "pi0" not in self._plain:
            self._followed(meson)
            return math.inf
        if name in self.tables or self._factors:
            return self._number(name) / self._number("pi0")
        return self._share(name)

    def _number(self, meson: str) -> float:
        """Return mesons per POT."""
        return self.scale(meson) * self.shape(meson).integral

    def _share(self, name: str) -> float:
        """Return what a card says of a species of no table: mesons per pi0 of first interactions."""
        if name in self.central:
            return float(self.central[name] / self._pions_per_pot)
        ratios = {canonical_name(key): value for key, value in self.card.ratios.items()}
        if name not in ratios:
            raise self._unknown(name)
        return float(ratios[name])

    @property
    def largest_momentum(self) -> float:
        """Largest lab momentum in GeV."""
        return max(shape.largest_momentum for shape in self._plain.values())

    def scale(self, meson: str) -> float:
        """Return what turns the shape that a species follows into mesons per POT."""
        base, name = self._followed(meson), canonical_name(meson)
        alone = name in self.central or name in self.tables or name == "pi0"
        share = 1.0 if alone else self._share(name)
        return share * self._scales[base]

    def per_solid_angle(self, meson: str, momentum: Array, cosine: Array, transverse2: Array) -> Array:
        """Return d2N/dp dOmega per POT in 1/(GeV sr); cos theta, and pT^2 in GeV^2."""
        return self.scale(meson) * self.shape(meson).density(momentum, cosine, transverse2)

    def proposal(self, meson: str, momentum: Array) -> Array:
        """Return the density of a shape's proposal per POT in 1/(GeV sr)."""
        asked = np.asarray(momentum, dtype=float)
        return _ahead(self, meson, asked.tobytes()).reshape(asked.shape)

    @property
    def _interacting(self) -> float:
        """What turns the base of pi0 into pi0 per POT: interacting protons; tables are per POT already."""
        return 1.0 if "pi0" in self.tables else self.card.target_interaction

    @cached_property
    def _pions_per_pot(self) -> float:
        """Pi0 per POT of first interactions: the card's, or those of the base."""
        made = self._integral_of("pi0")
        return self.card.pi0_per_pot or self._interacting * made

    def _integral_of(self, base: str) -> float:
        made = self._plain[base].integral
        if not made > 0.0:
            raise self._none_made(base)
        return made

    @cached_property
    def _scales(self) -> dict[str, float]:
        """What turns the bases into mesons per POT: as many as pi0, or those of species of their own.

        For pi0 interacting protons per POT, or the factor that gives the card's pi0 per POT, which tables of
        other species share.
        """
        card = self.card
        if card.pi0_per_pot is None and len(self._plain) == 1:
            return {name: 1.0 if name in self.tables else card.target_interaction for name in self._plain}
        one = 1.0 if "pi0" not in self._plain else self._pions_per_pot / self._integral_of("pi0")
        closed = {name for name in self.central if self._plain[name].largest_momentum == 0.0}
        return {
            name: one / self._interacting
            if name in self.tables
            else self.central.get(name, self._pions_per_pot) / self._integral_of(name)
            for name in self._plain
            if name not in closed
        }

    def draw(self, meson: str, uniform: Array) -> tuple[Array, Array, Array]:
        """Return momentum, theta and d2N/dp dtheta over the sampling density, from uniforms (3, n).

        The mean of the third over rows is the number of mesons per POT.
        """
        return self.shape(meson).draw(uniform, self.scale(meson))

    @property
    def changes(self) -> dict[str, dict[str, Any]]:
        """Keys of every alternative: the card's, and bins of tables and factors moved by their errors."""
        changes = {name: keys for name, keys in self.card.alternatives.items() if name not in self.left_out}
        if any(table.cells.events is not None for table in self.tables.values()):
            key = "first" if isinstance(self.card, FitCard) else "table"
            changes |= {"bins-up": {key: {"shift": 1.0}}, "bins-down": {key: {"shift": -1.0}}}
        if self._factors:
            changes |= {"more-cascade": {"shift": 1.0}, "less-cascade": {"shift": -1.0}}
        return changes

    @property
    def left_out(self) -> dict[str, str]:
        """Why alternatives of the card are none here, by name: their tables are of another beam."""
        found = {}
        for name, changed in self.card.alternatives.items():
            keys = dict(flatten(changed))
            if any(key.startswith(("first.", "table.")) for key in keys):
                found[name] = self._of_another_beam(keys)
        return {name: why for name, why in found.items() if why}

    def _of_another_beam(self, keys: Mapping[str, Any]) -> str:
        """Return in what the beam of tables of first interactions, with other keys, differs; or ""."""
        own = getattr(self.card, "table", None) or getattr(self.card, "first", None)
        known = None if own is None else own.beam_energy_GeV
        of = keys.get("first.beam_energy_GeV", keys.get("table.beam_energy_GeV", known))
        beam = self.card.beam.energy_GeV
        if not isinstance(of, int | float) or abs(of / beam - 1.0) <= _SAME_BEAM:
            return ""
        return f"its first interactions are of a beam of {of:g} GeV, not {beam:g}"

    @property
    def deepest(self) -> float:
        """Largest depth (m) in the target at which mesons start; 0: all start where the beam hits."""
        tables = [table.depths.largest for table in self.tables.values() if table.depths is not None]
        return max([*tables, 0.0 if self._depth is None else self._depth.largest])

    @cached_property
    def _depth(self) -> Exponential | None:
        mean = self.card.interaction_length_m
        if mean is None:
            return None
        length_m = getattr(getattr(self.card, "target", None), "length_m", None)
        return Exponential(mean, length_m or _LONG * mean)

    def depths(self, meson: str, momentum: Array, uniform: Array) -> Array:
        """Return the depths (m) at which mesons of momenta (3, n) start, from uniform numbers."""
        table = self.tables.get(self._followed(meson))
        if table is not None and table.depths is not None:
            size = length(momentum)
            cell, _ = table.cells.cell(size, momentum[2] / size, momentum[0] ** 2 + momentum[1] ** 2)
            return table.depths.sample(cell, uniform)
        return np.zeros_like(uniform) if self._depth is None else self._depth.sample(uniform)

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


@lru_cache(maxsize=64)  # species times grids: all masses and final states ask for the same ones
def _ahead(densities: Densities, meson: str, momenta: bytes) -> Array:
    """Return :meth:`Densities.proposal` at the bytes of an array of floats, in one dimension."""
    out = densities.scale(meson) * densities.shape(meson).proposal(np.frombuffer(momenta))
    out.flags.writeable = False
    return out
