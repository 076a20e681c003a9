"""Cut rows: what they leave of an observable, and from momenta in the lab to masks and a cutflow."""

from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from darkmc.core.kinematics import Array
from darkmc.selection.observables import Event, Observable


class CutRow(Protocol):
    """What a cut must say; the cards' rows do."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def observable(self) -> str: ...  # noqa: D102
    @property
    def min(self) -> float | None: ...  # noqa: D102
    @property
    def max(self) -> float | None: ...  # noqa: D102


def interval(cuts: Iterable[CutRow], *observables: str) -> tuple[float, float]:
    """Return what cuts leave of an observable, or of one under several names: infinite where all is left."""
    rows = [cut for cut in cuts if cut.observable in observables]
    low = max([-np.inf, *(cut.min for cut in rows if cut.min is not None)])
    high = min([np.inf, *(cut.max for cut in rows if cut.max is not None)])
    return float(low), float(high)


def passed(cut: CutRow, values: Array) -> NDArray[np.bool_]:
    """Return which values lie strictly between the cut's limits."""
    low, high = interval([cut], cut.observable)
    return (values > low) & (values < high)


def stages(cuts: Sequence[tuple[CutRow, Observable]], event: Event) -> NDArray[np.int32]:
    """Return how many cuts, in order, each event passes before it fails one.

    A cut on particles of which the final state has none does not apply to it; one that lacks some fails.
    """
    count = next(iter(event.values())).shape[1]
    alive = np.ones(count, dtype=bool)
    stage = np.zeros(count, dtype=np.int32)
    for cut, quantity in cuts:
        if quantity.applies_to(event):
            alive &= passed(cut, quantity(event))
        elif quantity.lacks(event):
            alive[:] = False
        stage += alive
    return stage
