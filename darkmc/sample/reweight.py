"""Events of a file at another coupling, or another lifetime, by the rows that lie beside them."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from darkmc.core.errors import PhysicsError, shown
from darkmc.core.kinematics import Array
from darkmc.core.units import checked_couplings, require_broadcast
from darkmc.sample.columns import RowColumns
from darkmc.sample.point import Unstable, checked_ctau

_LENGTHS = ("survive", "window", "second", "veto", "average")


def reweight(events: Any, coupling: ArrayLike, ctau: ArrayLike | None = None) -> Array:
    """Return what each event stands for at another coupling, or at another lifetime too.

    N = sum_i w_i G^p ctau^-q prod_k b_k exp(-survive_i/ctau - absorb_i G^2) ... (docs/weights.md) row by row:
    the ratio of two of its terms times the weight.  Far from the coupling of the events few of them count;
    the error of a sum is the root of the sum of squares.

    Parameters
    ----------
    events : StoredEvents, EventStream, or awkward array that one of them gave
        With the metadata of ``Experiment.generate``; an array may be a part of the events.
    coupling : float or array
        G in GeV^-1.
    ctau : float or array, optional
        c tau of the heavier dark state in m, instead of that which follows from the coupling.

    Returns
    -------
    array (..., n)
        Expected events per entry; in front the axes of couplings and lifetimes, which broadcast.

    Raises
    ------
    PhysicsError
        If an argument is out of range, or the events have no rows or no metadata.

    Examples
    --------
    >>> import darkmc
    >>> charm, portal = darkmc.Experiment("charm-finegrained"), darkmc.DarkAxionPortal(m_dark_photon=0.03)
    >>> events = charm.generate(portal, coupling=6e-5, n=1000)
    >>> darkmc.reweight(events, [6e-5, 7e-5]).shape
    (2, 1000)
    """
    couplings = checked_couplings(coupling)
    lifetimes = np.full((), np.nan) if ctau is None else checked_ctau(ctau)
    require_broadcast("couplings and lifetimes", couplings.shape, lifetimes.shape)
    couplings, lifetimes = np.broadcast_arrays(couplings, lifetimes)
    parts = [_reweighted(*part, couplings.ravel(), lifetimes.ravel()) for part in _parts(events)]
    if not parts:
        raise PhysicsError("there is no event to reweight")
    out: Array = np.concatenate(parts, axis=-1).reshape(*couplings.shape, -1)
    return out


def _parts(events: Any) -> list[tuple[Any, Any]]:
    """Return arrays of events, each with its metadata."""
    if hasattr(events, "metadata"):
        return [(chunk, events.metadata) for chunk in events]
    attrs = getattr(events, "attrs", {})
    if "metadata" not in attrs:
        raise PhysicsError(
            f"reweight takes events with metadata, from read_events or generate, not {shown(events)}"
        )
    return [(events, attrs["metadata"])]


def _reweighted(chunk: Any, metadata: Any, couplings: Array, lifetimes: Array) -> Array:
    wanted = ("weight", "channel", "row_absorb", *(f"row_{name}_m" for name in _LENGTHS))
    if missing := [name for name in wanted if name not in chunk.fields]:
        raise PhysicsError(f"the events have no '{missing[0]}', which a reweighting needs")
    weight, channel, absorb, *lengths = (np.asarray(chunk[name]) for name in wanted)
    try:
        rows, old = metadata["rows"], metadata["coupling"]
        unstable = Unstable(np.inf if rows["ctau_m"] is None else rows["ctau_m"], rows["branching"])
    except KeyError as error:
        raise PhysicsError(f"the metadata lack {error}: a reweighting needs those of generate") from None
    out = np.empty((len(couplings), len(weight)))
    for number, about in rows["channels"].items():
        mine = np.flatnonzero(channel == int(number))
        powers = about["power"], about["lifetimes"], tuple(about["final_states"])
        survive, window, second, veto, average = (length[mine] for length in lengths)
        columns = RowColumns(np.ones(len(mine)), survive, window, absorb[mine], second, veto, average)
        here = unstable.at(old)
        per_term = weight[mine] / (here.factor(*powers) * columns.chances(here))
        for k, (g, ctau) in enumerate(zip(couplings, lifetimes, strict=True)):
            point = unstable.at(float(g), None if np.isnan(ctau) else float(ctau))
            out[k, mine] = per_term * point.factor(*powers) * columns.chances(point)
    return out
