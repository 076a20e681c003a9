"""Ready runs: tables, the picture drawn from them, and beside limits a sample of events.

A run is checked before anything is written, and a folder that stays empty is removed again.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from darkmc.cards.load import load_card
from darkmc.cards.run_card import RunCard
from darkmc.core.errors import FailedPointsError, PhysicsError
from darkmc.figures.overlays import Overlay
from darkmc.output.files import check_target
from darkmc.runs.run import Settings, run_of


def execute(name: str, directory: str | None, settings: Settings) -> Iterator[Path]:
    """Do a run and yield the files as they are written.

    Points that fail do not keep the picture from being drawn of all others.

    Parameters
    ----------
    name : str
        A run card.
    directory : str, optional
        Where to write; ``./NAME`` by default.
    settings : Settings
        How it is done.

    Raises
    ------
    FailedPointsError
        In the end, if points of limits could not be computed.
    """
    card: RunCard = load_card("runs", name).card
    folder = Path(directory or card.name)
    if folder.exists() and not folder.is_dir():
        raise PhysicsError(f"{folder} exists and is no directory")
    work = run_of(card).work(card, settings)
    with _made(folder):
        picture = check_target(folder / f"{card.name}.pdf")
        failed = None
        try:
            yield from work(folder)
        except FailedPointsError as error:
            failed = error
        bitmap = picture.with_suffix(".png")
        draw_run(card, folder, [bitmap, picture])  # in this order a bitmap is the same if drawn alone
        yield from (picture, bitmap)
        if failed is not None:
            raise failed


def draw_run(card: RunCard, folder: Path, outputs: Sequence[Path], overlays: Sequence[Overlay] = ()) -> None:
    """Draw the picture of a run from the tables that it wrote.

    Parameters
    ----------
    card : RunCard
        What the run is.
    folder : path
        Where it wrote its tables.
    outputs : sequence of path
        Pictures to write, format by suffix.
    overlays : sequence of Overlay
        Curves from elsewhere, for kinds of runs that take them.

    Raises
    ------
    PhysicsError
        If a table is missing or cannot be read, or the picture takes no overlay.
    """
    if not folder.is_dir():
        raise PhysicsError(f"no such directory: {folder}")
    if overlays and not card.takes_overlays:
        raise PhysicsError(f"--overlay is for limits: run {card.name} is of kind '{card.kind}'")
    run_of(card).draw(card, folder, outputs, *([overlays] if overlays else []))


@contextmanager
def _made(folder: Path) -> Iterator[None]:
    """Make a folder; when the block fails, take away what was made if it is empty."""
    fresh = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        for path in fresh:
            with suppress(OSError):
                path.rmdir()
        raise
