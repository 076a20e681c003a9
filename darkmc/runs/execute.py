"""Ready runs: tables, the picture drawn from them, and beside limits a sample of events.

A run is checked before anything is written, and a folder that stays empty is removed again.
"""

import os
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from darkmc.cards.load import load_card
from darkmc.cards.run_card import RunCard
from darkmc.core.errors import DarkmcWarning, FailedPointsError, PhysicsError, nearest
from darkmc.figures.overlays import Overlay
from darkmc.figures.style import STYLES, styled
from darkmc.output.files import check_target
from darkmc.output.manifest import Made, Times, write_manifest
from darkmc.runs.run import Settings, run_of
from darkmc.scan.point import ScanRequest


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
    loaded = load_card("runs", name)
    card = _with_precision(loaded.card, settings.precision)
    folder = Path(directory or card.name)
    if folder.exists() and not folder.is_dir():
        raise PhysicsError(f"{folder} exists and is no directory")
    work = run_of(card).work(card, settings)
    with _made(folder), _heard() as heard:
        shown = _shown(card, settings.preset)
        for stem in shown:
            check_target(folder / f"{stem}.pdf")
        failed = None
        clock = _Clock()
        try:
            for path in work(folder):
                yield clock.made(path)
        except FailedPointsError as error:
            failed = error
        for stem, preset in shown.items():
            bitmap, picture = (folder / f"{stem}{suffix}" for suffix in (".png", ".pdf"))
            # in this order a bitmap is the same if drawn alone
            draw_run(card, folder, [bitmap, picture], preset=preset, style=settings.style)
            yield from (clock.made(picture), clock.made(bitmap))
        content = {
            "run": {"sha256": loaded.sha256, "card": card.model_dump(mode="json", by_alias=True)},
            "settings": settings._asdict(),
            "experiments": {use: _cards(use, settings.one_preset) for use in card.uses},
            "started": clock.started,
            "warnings": list(dict.fromkeys(heard)),
            "failed": list(failed.lines[:-1]) if failed is not None else [],
            "before_files": clock.before._asdict(),
        }
        yield write_manifest(folder / f"{card.name}.manifest.json", content, clock.files)
        if failed is not None:
            raise failed


def _cards(experiment: str, preset: str) -> list[str]:
    """Return the lines that say which cards an experiment is, as in the heads of tables."""
    return list(ScanRequest(experiment, (), preset).load().provenance)


class _Clock:
    """Notes files as they are made, with wall time and CPU time since the one before.

    What passes before the first is no file's: points of all curves are computed together then.
    """

    def __init__(self) -> None:
        self.started = datetime.now(UTC).isoformat(timespec="seconds")
        self.files: list[Made] = []
        self.before = Times(0.0, 0.0)
        self._last = self._now()

    @staticmethod
    def _now() -> tuple[float, float]:
        spent = os.times()  # of workers too, once they are gone
        return time.perf_counter(), sum(spent[:4])

    def made(self, path: Path) -> Path:
        """Note a file that is there now, and return it."""
        wall, cpu = self._now()
        spent = Times(round(wall - self._last[0], 3), round(cpu - self._last[1], 3))
        if not self.files:
            self.before, spent = spent, Times(0.0, 0.0)
        self.files.append(Made(path, spent))
        self._last = wall, cpu
        return path


@contextmanager
def _heard() -> Iterator[list[str]]:
    """Give the list of darkmc's warnings in the block, which are shown as ever."""
    heard: list[str] = []
    with warnings.catch_warnings():
        shown = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *more: Any, **named: Any) -> None:
            if issubclass(category, DarkmcWarning):
                heard.append(str(message))
            shown(message, category, *more, **named)

        warnings.showwarning = show
        yield heard


def draw_run(
    card: RunCard,
    folder: Path,
    outputs: Sequence[Path],
    overlays: Sequence[Overlay] = (),
    preset: str = "",
    style: str = STYLES[0],
) -> None:
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
    preset : str
        Of a run that has several the one that is shown; empty: all.
    style : str
        See `darkmc.figures.style.styled`.

    Raises
    ------
    PhysicsError
        If a table is missing or cannot be read, or the picture takes no overlay.
    """
    if not folder.is_dir():
        raise PhysicsError(f"no such directory: {folder} (darkmc run {card.name} makes what is drawn)")
    if overlays and not card.takes_overlays:
        raise PhysicsError(f"--overlay is for limits: run {card.name} is of kind '{card.kind}'")
    several = [one for one in card.pictures.values() if one]
    if preset and preset not in several:
        raise PhysicsError(
            f"run {card.name} has no tables of preset '{preset}' alone{nearest(preset, several)}"
        )
    with styled(style):
        run_of(card).draw(card, folder, outputs, *([overlays, preset] if card.takes_overlays else []))


def _with_precision(card: RunCard, precision: float | None) -> RunCard:
    """Return the card with another precision."""
    if precision is None:
        return card
    if "precision" not in type(card).model_fields:
        raise PhysicsError(f"--precision: run {card.name} of kind '{card.kind}' has none")
    return card.model_copy(update={"precision": precision})


def _shown(card: RunCard, preset: str | None) -> dict[str, str]:
    """Return names of pictures and what each shows: of one preset there is one picture."""
    return card.pictures if preset is None else {card.name: ""}


@contextmanager
def _made(folder: Path) -> Iterator[None]:
    """Make a folder; when the block fails, take away what was made if it is empty."""
    fresh = [path for path in (folder, *folder.parents) if not path.exists()]
    try:  # an interruption may come as soon as it is made
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for path in fresh:
            with suppress(OSError):
                path.rmdir()
        raise
