"""Labels inside a picture: each where its area, or the room beside its line, is free for it."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from textwrap import wrap
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from darkmc.core.kinematics import Array
from darkmc.figures.style import dark

Mask = NDArray[np.bool_]
_ROOM = 2  # points of room around a label, and half of the width of a line
_LINES = (100, 16, 10)  # letters in a line of a label: tried in this order


class Item(NamedTuple):
    """What is to be labelled.

    Attributes
    ----------
    text : str
        The label; empty: it has none, and its lines are only left free.
    tint : str
        Its colour.
    areas : list of (mass, lower, upper)
        Where it is, for an area; the label lies inside what of it is seen.
    lines : list of (mass, value)
        Its lines, which no label may cross.
    layer : float
        Areas of higher ones hide it.
    beside : bool
        Whether the label belongs beside its lines, not into its areas.
    """

    text: str
    tint: str
    areas: list[tuple[Array, Array, Array]]
    lines: list[tuple[Array, Array]]
    layer: float = 0.0
    beside: bool = False


class _Grid:
    """The axes in steps of a point: rows from below, columns from the left."""

    def __init__(self, axes: Any) -> None:
        box = axes.get_window_extent()
        self.scale = 72.0 / axes.figure.figure.dpi
        self.shape = max(int(box.height * self.scale), 2), max(int(box.width * self.scale), 2)
        self._box, self._data = box, axes.transData

    def points(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Return columns and rows of places given in data."""
        places = self._data.transform(np.column_stack([x, y]))
        columns, rows = (places - [self._box.x0, self._box.y0]).T * self.scale
        return columns, rows

    def data(self, column: float, row: float) -> tuple[float, float]:
        """Return the place in data of a column and a row."""
        pixel = np.array([self._box.x0, self._box.y0]) + np.array([column, row]) / self.scale
        x, y = self._data.inverted().transform(pixel)
        return float(x), float(y)

    def area(self, mass: Array, lower: Array, upper: Array) -> Mask:
        """Return what lies between two edges."""
        _, top = self.shape[1], float(self.shape[0])
        x, low = self.points(mass, lower)
        _, high = self.points(mass, upper)
        columns, rows = np.arange(self.shape[1]) + 0.5, np.arange(self.shape[0])[:, None] + 0.5
        bottom = np.interp(columns, x, np.clip(low, -1.0, top + 1.0), np.nan, np.nan)
        ceiling = np.interp(columns, x, np.clip(high, -1.0, top + 1.0), np.nan, np.nan)
        inside: Mask = (rows > bottom) & (rows < ceiling)
        return inside

    def line(self, mass: Array, value: Array, room: int = _ROOM) -> Mask:
        """Return what lies on a line or within some points of it."""
        out = np.zeros(self.shape, dtype=bool)
        known = np.isfinite(value) & (value > 0.0)
        places = [*zip(*self.points(mass, np.where(known, value, 1.0)), known, strict=True)]
        for (x0, y0, seen), (x1, y1, also) in pairwise(places):
            if seen and also:
                steps = int(min(max(abs(x1 - x0), abs(y1 - y0)), 4.0 * sum(self.shape))) + 2
                for x, y in zip(np.linspace(x0, x1, steps), np.linspace(y0, y1, steps), strict=True):
                    self._blot(out, x, y, room)
        return out

    def _blot(self, out: Mask, x: float, y: float, room: int) -> None:
        height, breadth = self.shape
        if -room <= x <= breadth + room and -room <= y <= height + room:
            out[max(int(y) - room, 0) : int(y) + room + 1, max(int(x) - room, 0) : int(x) + room + 1] = True


def place_labels(axes: Any, items: Sequence[Item], size: Any) -> list[int]:
    """Write labels where there is room for them, and return the numbers of those that found none.

    Parameters
    ----------
    axes : Axes
        Whose limits and place in the figure are final.
    items : sequence of Item
        What is labelled, and what the labels must leave free.
    size : str or float
        Of the letters.
    """
    grid = _Grid(axes)
    busy = np.zeros(grid.shape, dtype=bool)
    for item in items:
        for mass, value in item.lines:
            busy |= grid.line(mass, value)
    own = [_seen(grid, k, items) for k in range(len(items))]
    smallest_first = sorted(range(len(items)), key=lambda k: int(own[k].sum()))
    placed = {
        k: not items[k].text or _placed(axes, grid, items[k], own[k], busy, size) for k in smallest_first
    }
    return [k for k in range(len(items)) if not placed[k]]


def _seen(grid: _Grid, k: int, items: Sequence[Item]) -> Mask:
    """Return where the label of an item may be, lines aside."""
    item = items[k]
    seen = np.zeros(grid.shape, dtype=bool)
    if item.beside:
        for mass, value in item.lines:
            seen |= grid.line(mass, value, 22)
        return seen
    for area in item.areas:
        seen |= grid.area(*area)
    for other in items:
        if other.layer > item.layer and not other.beside:
            for area in other.areas:
                seen &= ~grid.area(*area)
    return seen


def _placed(axes: Any, grid: _Grid, item: Item, own: Mask, busy: Mask, size: Any) -> bool:
    """Write a label if there is room, and take the room."""
    if not own.any():
        return False
    middle = np.argwhere(own).mean(axis=0)
    for text in _broken(item.text):
        label = axes.text(
            0.0, 0.0, text, color=dark(item.tint), fontsize=size, ha="center", va="center", zorder=5
        )
        box = label.get_window_extent()
        height, breadth = (int(side * grid.scale) + 2 * _ROOM for side in (box.height, box.width))
        free = _boxes(own & ~busy, height, breadth)
        if free.any():
            corners = np.argwhere(free)
            centres = corners + np.array([height, breadth]) / 2.0
            row, column = corners[np.argmin(((centres - middle) ** 2).sum(axis=1))]
            label.set_position(grid.data(column + breadth / 2.0, row + height / 2.0))
            busy[row : row + height, column : column + breadth] = True
            return True
        label.remove()
    return False


def _broken(text: str) -> Iterator[str]:
    """Yield a label in one line, then in more."""
    seen = set()
    for letters in _LINES:
        lines = "\n".join(wrap(text, letters, break_long_words=False))
        if lines not in seen:
            seen.add(lines)
            yield lines


def _boxes(free: Mask, height: int, breadth: int) -> Mask:
    """Return the lower left corners of all boxes of a size that are free."""
    rows, columns = free.shape
    if height > rows or breadth > columns:
        return np.zeros((0, 0), dtype=bool)
    sums = np.zeros((rows + 1, columns + 1), dtype=int)
    sums[1:, 1:] = free.cumsum(axis=0).cumsum(axis=1)
    inside = sums[height:, breadth:] - sums[:-height, breadth:] - sums[height:, :-breadth]
    found: Mask = inside + sums[:-height, :-breadth] == height * breadth
    return found
