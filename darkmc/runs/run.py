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
    preset : str
        Preset of the experiments' cards.
    workers : int
        Processes over the points of limits.
    fresh : bool
        Forget the points that an interrupted run has finished.
    dask : str or None
        Where Dask computes the points of limits instead.
    """

    preset: str = "best"
    workers: int = 1
    fresh: bool = False
    dask: str | None = None


class Run(Protocol):
    """A kind of run: its module, which holds two functions; its card is a model of `darkmc.cards.run`.

    Attributes
    ----------
    work : callable
        Of card and settings: checks them and returns what computes and writes the tables, with errors.
    draw : callable
        Of card, folder of the tables, and pictures to write: draws what the tables hold and computes nothing.
        If the card's model takes overlays, these come last.
    """

    work: Callable[[Any, Settings], Work]
    draw: Callable[..., None]


def run_of(card: RunCard) -> Run:
    """Return the kind of run that a card describes."""
    return cast(Run, import_module(f"darkmc.runs.{card.kind.replace('-', '_')}"))
