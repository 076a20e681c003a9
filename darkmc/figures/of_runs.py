"""Pictures of runs, each drawn from the tables that the run wrote: which kind of run looks like what."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from darkmc.cards.run import LimitsRun, RunCard
from darkmc.core.errors import PhysicsError
from darkmc.figures.cross_sections import draw_cross_sections
from darkmc.figures.decay_length import draw_decay_run
from darkmc.figures.event_map import draw_map
from darkmc.figures.histogram import draw_histograms
from darkmc.figures.limits import draw_limits, find_tables
from darkmc.figures.overlays import Overlay

PICTURES: dict[str, Callable[[Any, Path, Sequence[Path]], None]] = {
    "histogram": draw_histograms,
    "decay-length": draw_decay_run,
    "cross-sections": draw_cross_sections,
    "map": draw_map,
}


def draw_run(card: RunCard, folder: Path, outputs: Sequence[Path], overlays: Sequence[Overlay] = ()) -> None:
    """Draw the picture of a run and write it.

    Parameters
    ----------
    card : RunCard
        What the run is.
    folder : path
        Where it wrote its tables.
    outputs : sequence of path
        Pictures to write, format by suffix.
    overlays : sequence of Overlay
        Curves from elsewhere, for limits only.

    Raises
    ------
    PhysicsError
        If a table is missing or cannot be read, or the picture takes no overlay.
    """
    if not folder.is_dir():
        raise PhysicsError(f"no such directory: {folder}")
    if isinstance(card, LimitsRun):
        own = [folder / f"{curve.stem}.csv" for curve in card.all_curves]
        tables = [path for path in own if path.is_file()] or find_tables(folder)
        draw_limits(tables, outputs, card.title, overlays)
        return
    if overlays:
        raise PhysicsError(f"--overlay is for limits: run {card.name} is of kind '{card.kind}'")
    PICTURES[card.kind](card, folder, outputs)
