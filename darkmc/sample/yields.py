"""Numbers of events with their errors, at one coupling or over arrays of couplings, lifetimes and widths."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, NoReturn

import numpy as np

from darkmc.core.errors import PhysicsError, how_to_get
from darkmc.core.estimates import Estimate, Moments, estimated
from darkmc.core.kinematics import Array, Numbers
from darkmc.core.units import checked_couplings, require_broadcast
from darkmc.core.words import html_table, with_error

if TYPE_CHECKING:
    import hist

Estimates = dict[str, Estimate]
_SHOWN = 8  # of an array of yields
# points, each a coupling and what belongs to it -> sums over the primaries of a stream, arrays over points
Stream = Callable[[Sequence[tuple[float, ...]]], Moments]


def _refuse() -> NoReturn:
    raise TypeError("a Yield is a pair: value, error = ..., or .value and .error, to add or multiply")


class Yield(NamedTuple):
    """A number of events and its Monte Carlo standard error; floats, or arrays over couplings.

    The error holds that of the draws and that of a finite list of mesons, in quadrature.  It is infinite
    where it is unknown: below 10 effective entries, or where nothing at all was seen of a channel.

    It is a pair, of many couplings too: its length is 2, its first item all values.  What belongs to one
    coupling is ``value[k]`` and ``error[k]``.  It does not add or multiply: two yields of one sample are of
    the same rows, so that only whoever asks knows how their errors go together.

    Examples
    --------
    >>> import darkmc
    >>> darkmc.Yield(15912.3, 118.2)
    15912 +- 118 events
    >>> value, error = darkmc.Yield(2.0, 0.1)
    >>> couplings, curve = [1e-5, 2e-5], darkmc.Yield([2.0, 30.0], [0.1, 1.5])
    >>> for coupling, value, error in zip(couplings, *curve):
    ...     print(coupling, value, error)
    1e-05 2.0 0.1
    2e-05 30.0 1.5
    """

    value: Numbers
    error: Numbers

    # as a tuple it would be joined and repeated

    def __add__(self, other: object) -> NoReturn:
        _refuse()

    def __radd__(self, other: object) -> NoReturn:
        _refuse()

    def __mul__(self, other: object) -> NoReturn:
        _refuse()

    def __rmul__(self, other: object) -> NoReturn:
        _refuse()

    def __array_ufunc__(self, *given: object, **named: object) -> NoReturn:
        _refuse()

    def _words(self) -> list[str]:
        pairs = zip(np.ravel(self.value), np.ravel(self.error), strict=True)
        return [with_error(float(value), float(error)) for value, error in pairs]

    def __repr__(self) -> str:
        words = self._words()
        if np.ndim(self.value) == 0:
            return f"{words[0]} events"
        more = f", ... ({len(words)} in all)" if len(words) > _SHOWN else ""
        return f"[{', '.join(words[:_SHOWN])}{more}] events"

    def _repr_html_(self) -> str:
        return html_table("", ("events",), [(words,) for words in self._words()])


class BinTraits(NamedTuple):
    """What UHI asks of an axis: bins are no categories, and the last does not touch the first."""

    circular: bool = False
    discrete: bool = False


class BinAxis:
    """The axis of a histogram as UHI wants it: lower and upper edge of each bin.

    Parameters
    ----------
    edges : array (n + 1,)
        Increasing.
    """

    traits = BinTraits()

    def __init__(self, edges: Array) -> None:
        self.edges = edges

    def __len__(self) -> int:
        return len(self.edges) - 1

    def __getitem__(self, number: int) -> tuple[float, float]:
        low, high = self.edges[:-1][number], self.edges[1:][number]
        return float(low), float(high)

    def __iter__(self) -> Iterator[tuple[float, float]]:
        return (self[k] for k in range(len(self)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BinAxis) and np.array_equal(self.edges, other.edges)

    __hash__ = None  # type: ignore[assignment]  # edges may change


class BinnedYield(NamedTuple):
    """Yields in bins: edges (n + 1,), values and standard errors (n,), inf below 10 effective entries.

    It is a PlottableHistogram of UHI: mplhep and others draw it as it is.

    Examples
    --------
    >>> import darkmc
    >>> charm, portal = darkmc.Experiment("charm-finegrained"), darkmc.DarkAxionPortal(m_dark_photon=0.03)
    >>> sample = charm.simulate(portal, n_samples=20000, seed=1)
    >>> edges, value, error = sample.histogram("E_photon", [3.0, 10.0, 30.0], coupling=6e-5)
    >>> bool((value > 5.0 * error).all())
    True
    """

    edges: Array
    value: Array
    error: Array

    @property
    def kind(self) -> str:
        """What the bins hold: numbers of events."""
        return "COUNT"

    @property
    def axes(self) -> tuple[BinAxis]:
        """The one axis."""
        return (BinAxis(self.edges),)

    def values(self) -> Array:
        """Return expected events.

        Returns
        -------
        array (n,)
            By bin.
        """
        return self.value

    def variances(self) -> Array:
        """Return squares of the errors.

        Returns
        -------
        array (n,)
            By bin.
        """
        out: Array = np.square(self.error)
        return out

    def counts(self) -> Array:
        """Return effective entries: squares of values over their variances.

        Returns
        -------
        array (n,)
            By bin.
        """
        variances = self.variances()
        there = variances > 0.0
        return np.where(there, np.square(self.value) / np.where(there, variances, 1.0), 0.0)

    def to_hist(self) -> "hist.Hist[hist.storage.Weight]":
        """Return a ``hist.Hist`` with weights; it needs the extra ``plot``.

        Returns
        -------
        hist.Hist
            Of one variable axis and storage Weight; below and above the edges there is nothing.

        Raises
        ------
        PhysicsError
            If hist is not installed.

        Examples
        --------
        >>> import darkmc, numpy as np
        >>> binned = darkmc.BinnedYield(np.array([0.0, 1.0, 3.0]), np.array([4.0, 5.0]), np.array([1.0, 2.0]))
        >>> binned.to_hist().sum()
        WeightedSum(value=9, variance=5)
        """
        try:
            import hist
        except ModuleNotFoundError:
            raise PhysicsError(f"to_hist needs hist: {how_to_get('plot')}") from None
        out = hist.Hist(hist.axis.Variable(self.edges), storage=hist.storage.Weight())
        out[...] = np.stack([self.value, self.variances()], axis=-1)
        return out


def over_points(streams: Mapping[str, Sequence[Stream]], coupling: Numbers, *more: Array) -> Estimates:
    """Return estimates by name for one coupling, or arrays; further arguments broadcast with it.

    Each is a sum over streams, which say their moments at couplings above zero and what belongs to them.
    """
    given = [checked_couplings(coupling), *more]
    require_broadcast("couplings, lifetimes and widths", *(part.shape for part in given))
    points = np.broadcast_arrays(*given)
    shape, flat = points[0].shape, np.stack([np.ravel(part) for part in points], axis=-1)
    there = flat[:, 0] > 0.0
    wanted = [tuple(map(float, point)) for point in flat[there]]
    out = {}
    for name, some in streams.items():
        columns = np.zeros((3, len(flat)))
        if wanted:
            for column, numbers in zip(columns, estimated([stream(wanted) for stream in some]), strict=True):
                column[there] = numbers
        parts = columns.reshape(3, *shape)
        out[name] = Estimate(*(parts if shape else map(float, parts)))
    return out


def as_yields(estimates: Estimates) -> dict[str, Yield]:
    """Return estimates with their errors in quadrature."""
    return {name: Yield(found.value, found.error) for name, found in estimates.items()}


def one_coupling(what: str, coupling: Numbers) -> float:
    """Return one coupling, or raise PhysicsError."""
    couplings = checked_couplings(coupling)
    if couplings.size != 1:
        raise PhysicsError(f"{what} is that of one coupling, not of {couplings.size}")
    return float(couplings.reshape(1)[0])
