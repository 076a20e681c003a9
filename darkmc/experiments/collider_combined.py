"""Several analyses of one collider experiment as one: a coupling is excluded if any of them excludes it."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from darkmc.cards.collider import CombinedCard, CombinedContent
from darkmc.cards.experiment import Cut
from darkmc.cards.load import Loaded, load_card
from darkmc.core.errors import CardError
from darkmc.core.intervals import Exclusion
from darkmc.experiments.collider import Collider, in_words
from darkmc.experiments.topology import Topology
from darkmc.geometry.shape import Shape
from darkmc.limits.binned import BinnedCounting
from darkmc.portals.portal import Portal
from darkmc.sample.sample import Sample
from darkmc.sample.stream import ChannelPlan


class CombinedColliders:
    """Analyses of the same beams, each with channels and bins of its own.

    Parameters
    ----------
    loaded : Loaded
        The card that names the others, and where it is.
    overrides : mapping
        Keys of a flux card: there is none, so none may be given.

    Raises
    ------
    CardError
        If a card is wrong, is itself a combination, has no bins, or differs in beams or names of cuts.
    """

    inside = "decays_inside"
    source = None

    def __init__(self, loaded: Loaded[Any], overrides: Mapping[str, Any]) -> None:
        self.loaded, self.path = loaded, loaded.path
        card: CombinedCard = loaded.card
        self.windows: list[Collider] = []
        if card.cuts:
            raise CardError(f"{self.path}: cuts: each of the combined cards has cuts of its own")
        first_bin = 0
        for place, name in enumerate(card.combines):
            window = self._window(name, card, overrides, place, first_bin)
            self.windows.append(window)
            first_bin += len(window.excluded)
        self.shape: Shape = self.windows[0].shape
        names = [window.prefix.strip() for window in self.windows]
        content = {**card.model_dump(by_alias=True), "cuts": self._cuts()}
        content["windows"] = {name: window.card for name, window in zip(names, self.windows, strict=True)}
        self.card = CombinedContent.model_validate(content)

    def _window(
        self, name: str, card: CombinedCard, overrides: Mapping[str, Any], place: int, first_bin: int
    ) -> Collider:
        loaded = load_card("detectors", name, card.preset_of_each, card.handed_on())
        if loaded.card.part is None:
            raise CardError(f"{self.path}: combines: {name} has no bins of its own")
        window = Collider(loaded, overrides, place, first_bin, f"{loaded.card.part} ")
        for other in self.windows:
            mine, theirs = (c.card.beam.model_dump(exclude={"luminosity_fb"}) for c in (window, other))
            if mine != theirs:
                raise CardError(f"{self.path}: combines: {name} has other beams")
            if [cut.name for cut in window.card.cuts] != [cut.name for cut in other.card.cuts]:
                raise CardError(f"{self.path}: combines: {name} has cuts of other names")
            if window.prefix == other.prefix:
                raise CardError(f"{self.path}: combines: two cards have the window '{window.prefix.strip()}'")
        return window

    def _cuts(self) -> tuple[Cut, ...]:
        """Return the cuts by name, each as wide as the widest of the analyses."""
        return tuple(
            Cut(
                name=rows[0].name,
                observable=rows[0].observable,
                min=_outermost(min, [row.min for row in rows]),
                max=_outermost(max, [row.max for row in rows]),
            )
            for rows in zip(*(window.card.cuts for window in self.windows), strict=True)
        )

    @property
    def exposure(self) -> float:
        """Largest luminosity of the analyses, 1/fb."""
        return max(window.exposure for window in self.windows)

    @property
    def files(self) -> tuple[Path, ...]:
        """The combined cards, and where their counts are."""
        return tuple(path for window in self.windows for path in (Path(window.path), *window.files))

    @property
    def origin_m(self) -> tuple[float, float, float]:
        """Where the beams cross."""
        return self.windows[0].origin_m

    @cached_property
    def criterion(self) -> BinnedCounting:
        """When a coupling is excluded."""
        excluded = tuple(number for window in self.windows for number in window.excluded)
        words = "; or ".join(
            f"{window.prefix}{in_words(window.counts, window.card)}"
            for window in self.windows
            if window.counts
        )
        sources = [f"card {window.card.name} {window.loaded.sha256}" for window in self.windows]
        sources += [window.counts.source for window in self.windows if window.counts]
        return BinnedCounting(excluded, words, tuple(dict.fromkeys(sources)))

    def prepare(self) -> None:
        """Make the tables that do not depend on masses."""
        self.windows[0].prepare()

    def closed(self, portal: Portal) -> str | None:
        """Return why nothing can be seen at these masses, or None: the beams are the same for all."""
        return self.windows[0].closed(portal)

    def plans(
        self, portal: Portal, at: Sequence[float] | None, vary: Sequence[str] = ()
    ) -> list[ChannelPlan]:
        """Return the channels of all analyses."""
        return [plan for window in self.windows for plan in window.plans(portal, at, vary)]

    def remarks(self, sample: Sample, exclusion: Exclusion) -> list[str]:
        """Return what must be known beside an exclusion."""
        remarks = (text for window in self.windows for text in window.remarks(sample, exclusion))
        return list(dict.fromkeys(remarks))

    def source_remarks(self, sample: Sample, couplings: Sequence[tuple[str, float]]) -> list[str]:
        """Return nothing: beams are known as they are."""
        return self.windows[0].source_remarks(sample, couplings)

    def pdg_ids(self) -> dict[str, int]:
        """Return PDG identifiers of the particles in the events, where they exist."""
        return self.windows[0].pdg_ids()


def _outermost(choose: Any, limits: Sequence[float | None]) -> float | None:
    """Return the widest of some limits; None, no limit, is the widest."""
    found = [limit for limit in limits if limit is not None]
    return choose(found) if len(found) == len(limits) else None


def collider(loaded: Loaded[Any], overrides: Mapping[str, Any]) -> Topology:
    """Return the topology of a collider's card: one analysis, or several combined."""
    if loaded.card.parts:
        return CombinedColliders(loaded, overrides)
    return Collider(loaded, overrides)
