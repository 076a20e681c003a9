"""What an experiment was read from, and what its cards name as their sources."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from darkmc.cards.load import Loaded
from darkmc.cards.references import Reference, Shown
from darkmc.core.words import Facts, html_facts, text_facts
from darkmc.experiments.topology import Topology


class Inputs:
    """An experiment's cards, and what they name.

    Attributes
    ----------
    loaded : Loaded
        The experiment's card, and where it is.
    topology : Topology
        What was set up from it.
    """

    loaded: Loaded[Any]
    topology: Topology
    preset: str

    def __str__(self) -> str:
        return f"Experiment('{self.loaded.card.name}', preset='{self.preset}')"

    def __repr__(self) -> str:
        return text_facts(str(self), self._facts())

    def _repr_html_(self) -> str:
        return html_facts(str(self), self._facts())

    def _facts(self) -> Facts:
        card = self.topology.card
        kind, cuts = card.topology.replace("_", " "), ", ".join(cut.name for cut in card.cuts)
        return [
            ("is", f"{self.in_pictures.name}, {kind}, {self.topology.exposure:g} {card.exposure_unit}"),
            *([("cuts", cuts)] if cuts else []),
            ("excludes", self.topology.criterion.words),
        ]

    @property
    def files(self) -> tuple[Path, ...]:
        """What it was read from, lists of mesons and observed counts included: results may not replace it."""
        source = self.topology.source
        return Path(self.loaded.path), *self.topology.files, *(() if source is None else source.files)

    @property
    def words(self) -> str:
        """What the observation excludes, in words."""
        return f"excluded: {self.topology.criterion.words}"

    @property
    def in_pictures(self) -> Shown:
        """What pictures call it."""
        shown: Shown = self.topology.card.in_pictures
        return shown

    @property
    def cited(self) -> Iterator[Reference]:
        """The references of its cards, its flux and combined analyses included."""
        yield from self.topology.card.cited
        if self.topology.source is not None:
            yield from self.topology.source.card.references
