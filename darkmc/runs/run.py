"""What a kind of run is: a module of this folder that is named as the kind is."""

from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, Protocol, cast

from darkmc.cards.run_card import RunCard

Work = Callable[[Path], Iterator[Path]]  # writes tables into a folder and yields each when it is written


class Settings(NamedTuple):
    """How a run is done.

    Attributes
    ----------
    preset : str or None
        Preset of the experiments' cards; None: those of the run, else best.
    workers : int
        Processes over the points of limits.
    fresh : bool
        Forget the points that an interrupted run has finished.
    dask : str or None
        Where Dask computes the points of limits instead.
    precision : float or None
        Instead of the run's own.
    style : str
        Of the pictures.
    """

    preset: str | None = None
    workers: int = 1
    fresh: bool = False
    dask: str | None = None
    precision: float | None = None
    style: str = "paper"

    @property
    def one_preset(self) -> str:
        """The preset, for kinds of runs that take one."""
        return self.preset or "best"


class Run(Protocol):
    """A kind of run: its module, which holds two functions; its card is a model of `darkmc.cards.run`.

    Attributes
    ----------
    work : callable
        Of card and settings: checks them and returns what computes and writes the tables, with errors.
    draw : callable
        Of card, folder of the tables, and pictures to write: draws what the tables hold and computes nothing.
        If the card's model takes overlays, these come next, and last the preset to be shown alone.
    """

    work: Callable[[Any, Settings], Work]
    draw: Callable[..., None]


def run_of(card: RunCard) -> Run:
    """Return the kind of run that a card describes."""
    return cast(Run, import_module(f"darkmc.runs.{card.kind.replace('-', '_')}"))
