"""Sums of any loops, their arguments numbers or products of named parameters, and what data leave of them."""

import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from darkmc import gminus2
from darkmc.core.errors import PhysicsError, nearest
from darkmc.core.kinematics import Array, Numbers
from darkmc.core.units import number, require_broadcast, require_positive, whole_number
from darkmc.gminus2.bands import Band
from darkmc.gminus2.data import Difference
from darkmc.gminus2.inputs import lepton_name
from darkmc.gminus2.regions import (
    TWO_DEGREES_95,
    Places,
    Region,
    closest_to_zero,
    least_distance,
    spaced,
    trace,
)

Loop = tuple[str, Mapping[str, float | str]]
_NAME = re.compile(r"[A-Za-z_]\w*\Z")
_WORDS = ("boson",)  # arguments that are words
_NO_MOMENT = ("kinetic_mixing_one_loop",)
# Powers with which couplings enter, where not 1; masses and cut-offs enter in other ways.
_SQUARED = {
    ("dark_axion_two_loop", "coupling"),
    ("pseudoscalar_yukawa", "yukawa"),
    ("scalar_yukawa", "yukawa"),
    ("vector", "epsilon"),
    ("axial_vector", "epsilon"),
}
_FREE_POINTS = 33  # of a free parameter that is not minimised in closed form


class _Product:
    """A number times parameters."""

    def __init__(self, where: str, value: float | str) -> None:
        self.names: list[str] = []
        self.factor = 1.0
        for part in str(value).split("*") if isinstance(value, str) else [value]:
            word = part.strip() if isinstance(part, str) else part
            if isinstance(word, str) and _NAME.match(word):
                self.names.append(word)
            else:
                self.factor *= _plain(where, word)

    def __call__(self, parameters: Mapping[str, Any]) -> Any:
        out: Any = self.factor
        for name in self.names:
            out = out * parameters[name]
        return out


def _plain(where: str, word: Any) -> float:
    try:
        return number(where, float(word))
    except (TypeError, ValueError):
        raise PhysicsError(f"{where} takes a number, a name or their product, not '{word}'") from None


class _Term:
    """One loop, and what its arguments are."""

    def __init__(self, loop: str, arguments: Mapping[str, float | str]) -> None:
        known = [name for name in gminus2.LOOPS if name not in _NO_MOMENT]
        if loop not in known:
            raise PhysicsError(f"unknown loop '{loop}'{nearest(str(loop), known)}")
        self.loop = loop
        self._function: Callable[..., Numbers] = getattr(gminus2, loop)
        takes = {k: p for k, p in inspect.signature(self._function).parameters.items() if k != "lepton"}
        for key in arguments:
            if key not in takes:
                raise PhysicsError(f"{loop} takes no '{key}'{nearest(str(key), takes)}")
        for key, parameter in takes.items():
            if parameter.default is parameter.empty and key not in arguments:
                raise PhysicsError(f"{loop} needs {key}")
        self._words = {key: str(value) for key, value in arguments.items() if key in _WORDS}
        self._products = {
            key: _Product(f"{loop}: {key}", value) for key, value in arguments.items() if key not in _WORDS
        }

    @property
    def names(self) -> list[str]:
        return [name for product in self._products.values() for name in product.names]

    def power(self, name: str) -> int:
        """Return the power of a coupling in the loop; 99 if it is a mass or a cut-off."""
        power = 0
        for key, product in self._products.items():
            count = product.names.count(name)
            fixed = key.startswith("m_") or key in ("mass", "cutoff")
            power += 99 * min(count, 1) if fixed else count * (1 + ((self.loop, key) in _SQUARED))
        return power

    def __call__(self, lepton: str, parameters: Mapping[str, Any]) -> Numbers:
        values = {key: product(parameters) for key, product in self._products.items()}
        return self._function(lepton, **values, **self._words)


class Combination:
    """A sum of loops for one lepton.

    Parameters
    ----------
    lepton : {"e", "mu", "tau"}
        Whose moment.
    loops : iterable of (str, mapping)
        Name of a loop of `darkmc.gminus2`, and its arguments but the lepton: numbers, names of parameters, or
        products such as ``"-1.82 * g"``.  Parameters of the same name are the same.

    Raises
    ------
    PhysicsError
        If a loop or an argument is unknown or missing.

    Examples
    --------
    A pseudoscalar that couples to muons and to photons: what data leave of both couplings at 0.5 GeV.

    >>> from darkmc.gminus2.combination import Combination
    >>> from darkmc.gminus2.data import difference
    >>> alp = Combination("mu", [
    ...     ("pseudoscalar_yukawa", {"mass": "m", "yukawa": "g"}),
    ...     ("barr_zee_pseudoscalar", {"mass": "m", "g_lepton": "g", "g_photon": "h", "cutoff": 1000.0}),
    ... ])
    >>> alp.parameters
    ('m', 'g', 'h')
    >>> plane = {"g": (1e-5, 1.0), "h": (1e-5, 1.0)}
    >>> allowed = alp.region(difference("mu", "2025"), plane, fixed={"m": 0.5}, level=4.0)
    >>> f"{allowed.share:.2f}"
    '0.16'
    """

    def __init__(self, lepton: str, loops: Iterable[Loop]) -> None:
        self.lepton = lepton_name(lepton)
        self._terms = [_Term(name, arguments) for name, arguments in loops]
        if not self._terms:
            raise PhysicsError("a combination takes at least one loop")
        self.parameters = tuple(dict.fromkeys(name for term in self._terms for name in term.names))

    def delta_a(self, **parameters: Numbers) -> Numbers:
        """Return the sum of the loops.

        Parameters
        ----------
        parameters : float or array
            All of :attr:`parameters`; they broadcast.

        Returns
        -------
        float or array
            Delta a, in the broadcast shape.

        Raises
        ------
        PhysicsError
            If a parameter is missing or unknown, or a loop refuses its arguments.
        """
        self._complete(parameters)
        require_broadcast("delta_a", *(np.shape(value) for value in parameters.values()))
        total: Any = 0.0
        for term in self._terms:
            total = total + term(self.lepton, parameters)
        return total  # type: ignore[no-any-return]

    def chi_squared(
        self, data: Difference, free: Mapping[str, Band] | None = None, **parameters: Numbers
    ) -> Array:
        """Return ((Delta a - value)/error)^2, least over free parameters.

        Parameters
        ----------
        data : Difference
            Measured minus predicted moment.
        free : mapping of (float, float), optional
            Ranges of parameters to minimise over.  One that enters as a coupling, at most squared, is
            minimised in closed form; others on 33 points, evenly in the logarithm where all is above zero.
        parameters : float or array
            All others; they broadcast.

        Returns
        -------
        array
            In the broadcast shape of the parameters.

        Raises
        ------
        PhysicsError
            If a parameter is missing, unknown or given twice, or a range is none.
        """
        return np.square(self._pull(data, free, parameters))

    def region(
        self,
        data: Difference,
        plane: Mapping[str, Band],
        fixed: Mapping[str, float] | None = None,
        free: Mapping[str, Band] | None = None,
        level: float = TWO_DEGREES_95,
        points: int = 200,
    ) -> Region:
        """Return chi-squared in the plane of two parameters, and where it is below a level.

        Parameters
        ----------
        data : Difference
            Measured minus predicted moment.
        plane : mapping of (float, float)
            Two parameters, x and y, and their ranges.
        fixed : mapping of float, optional
            Values of other parameters.
        free : mapping of (float, float), optional
            Ranges of what is minimised over: see :meth:`chi_squared`.
        level : float
            Of chi-squared.
        points : int
            Of each axis, evenly in the logarithm if both ends are above zero.

        Returns
        -------
        Region
            The grid, and the allowed intervals of y at each x.

        Raises
        ------
        PhysicsError
            If a parameter is missing, unknown or given twice, or a range is none.
        """
        if len(plane) != 2:
            raise PhysicsError(f"a plane is of two parameters, not of {len(plane)}")
        n, wanted = whole_number("points", points, least=2, most=2000), require_positive("level", level)
        (x_name, x_band), (y_name, y_band) = ((name, _range(name, band)) for name, band in plane.items())
        x, y = spaced(*x_band, n), spaced(*y_band, n)
        rest = {name: number(name, value) for name, value in (fixed or {}).items()}
        if set(rest) & set(plane):
            raise PhysicsError(f"{', '.join(sorted(set(rest) & set(plane)))}: both in the plane and fixed")

        def pull(column: Places, values: Array) -> Array:
            return self._pull(data, free, {**rest, x_name: x[column], y_name: values})

        # on the grid loops of x alone are computed once a column
        return trace(self._pull(data, free, {**rest, x_name: x[:, None], y_name: y}), pull, x, y, wanted)

    def _power(self, name: str) -> int:
        return max(term.power(name) for term in self._terms)

    def _complete(self, given: Iterable[str]) -> None:
        names: Sequence[str] = list(given)
        for name in names:
            if name not in self.parameters:
                raise PhysicsError(f"no parameter '{name}'{nearest(name, self.parameters)}")
            if names.count(name) > 1:
                raise PhysicsError(f"parameter '{name}' is given twice")
        missing = [name for name in self.parameters if name not in names]
        if missing:
            raise PhysicsError(f"parameter {missing[0]} needs a value or a range")

    def _pull(
        self, data: Difference, free: Mapping[str, Band] | None, parameters: Mapping[str, Numbers]
    ) -> Array:
        """Return (Delta a - value)/error, the closest to zero that free parameters can make it."""
        ranges = {name: _range(name, band) for name, band in (free or {}).items()}
        self._complete([*parameters, *ranges])
        closed = next((name for name in reversed(ranges) if self._power(name) <= 2), None)
        grids = {name: band for name, band in ranges.items() if name != closed}
        axes = len(grids)
        given = {
            name: np.asarray(value, dtype=float)[(..., *[None] * axes)] for name, value in parameters.items()
        }
        for k, (name, band) in enumerate(grids.items()):
            given[name] = spaced(*band, _FREE_POINTS).reshape([-1 if j == k else 1 for j in range(axes)])
        off = np.asarray(self._off(data, given, closed, ranges)) / data.error
        return closest_to_zero(off.reshape((*off.shape[: off.ndim - axes], -1)), axis=-1) if axes else off

    def _off(
        self, data: Difference, given: Mapping[str, Any], closed: str | None, ranges: Mapping[str, Band]
    ) -> Any:
        """Return Delta a minus the measured value, the closest to zero that one coupling's range allows."""
        if closed is None:
            return self.delta_a(**given) - data.value
        scale = max(map(abs, ranges[closed]))
        low, high = (np.asarray(end / scale) for end in ranges[closed])
        none, plus, minus = (
            np.asarray(self.delta_a(**given, **{closed: c * scale})) for c in (0.0, 1.0, -1.0)
        )
        linear, quadratic = 0.5 * (plus - minus), 0.5 * (plus + minus) - none
        return least_distance(none - data.value, linear, quadratic, low, high)


def _range(name: str, band: Band) -> Band:
    try:
        low, high = (number(name, end) for end in band)
    except (TypeError, ValueError):
        raise PhysicsError(f"{name} takes a range (low, high), not {band!r}") from None
    if not low < high:
        raise PhysicsError(f"{low:g} to {high:g} is no range of {name}")
    return low, high
