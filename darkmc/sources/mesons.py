"""MesonSource: a flux card as a density of mesons in momentum and angle, with its sampler."""

import hashlib
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from darkmc.cards.flux import FitCard, MesonListCard
from darkmc.cards.flux_base import FluxCard, VariedCard
from darkmc.cards.flux_generator import GeneratorCard
from darkmc.cards.load import checked_overrides, flatten, load_card
from darkmc.core.errors import CardError, PhysicsError, ValidityWarning, nearest
from darkmc.core.kinematics import Array, Numbers, length
from darkmc.core.particles import canonical_name
from darkmc.core.rng import CHUNK_ROWS, chunk_rng, stream_number
from darkmc.core.units import HEAVIEST, checked_seed, number, numbers, require_text, truth, whole_number
from darkmc.sources.alternatives import Alternatives
from darkmc.sources.densities import Densities
from darkmc.sources.fits.from_card import outside_range, range_text, within

if TYPE_CHECKING:
    from darkmc.sources.lists.entries import Entries
    from darkmc.sources.shape import Shape

_MOST_MESONS = 10**8  # of one call: 2.4 GB
_SHARE = 0.01  # of a yield, from outside the range of the fit, that is worth a remark


class MesonSource:
    """Mesons per proton on target: a density in lab momentum and angle, or lists.

    Parameters
    ----------
    name : str
        Name of a flux card or path to a TOML file.
    overrides : mapping, optional
        Dotted keys of the flux card.
    cascade : bool
        Take the card's `cascade` too, all generations of a thick target; else those of first interactions.

    Attributes
    ----------
    lists : dict of Entries by species, or None
        The mesons of a card with ``parametrisation`` "list", "hadronic" or "pythia8".

    Raises
    ------
    CardError
        If the card, or a list, is missing or wrong, or a generator cannot be run.

    Examples
    --------
    >>> import darkmc
    >>> source = darkmc.MesonSource("bmpt-cu-400")
    >>> momentum, theta, weight = source.sample("eta", n=100000, seed=1)  # weight: etas per proton on target
    >>> pions = source.sample("pi0", n=100000, seed=1)[2]
    >>> f"{weight.sum() / pions.sum():.4f}"  # that of the card
    '0.0780'
    """

    def __init__(self, name: str, overrides: Mapping[str, Any] | None = None, cascade: bool = False) -> None:
        self._overrides = checked_overrides(overrides)
        if not truth("cascade", cascade):
            self._overrides = {"cascade": "none", **self._overrides}
        self.loaded = load_card("fluxes", require_text("the flux", name), overrides=self._overrides)
        self.card: FluxCard = self.loaded.card
        self._where = Path(self.loaded.path).absolute()  # of alternatives, which are read later
        self.lists: dict[str, Entries] | None = None
        self._known: Densities | None = None
        if isinstance(self.card, VariedCard):
            self._known = Densities(self.card, self.loaded.path)
            hashes = self._known.digests
        else:
            self.lists, hashes = self._read_lists()
        if hashes:
            content = hashlib.sha256("".join([self.loaded.sha256, *hashes]).encode())
            self.loaded = replace(self.loaded, sha256=content.hexdigest()[:16])
        for remark in self.validity_remarks():
            warnings.warn(remark, ValidityWarning, stacklevel=2)

    def _read_lists(self) -> "tuple[dict[str, Entries], list[str]]":
        if isinstance(self.card, GeneratorCard):
            from darkmc.sources.lists.hadronic import generated_mesons

            return generated_mesons(self.card, self.loaded.path)
        if isinstance(self.card, MesonListCard):
            from darkmc.sources.lists.entries import read_mesons

            return read_mesons(self.card, self.loaded.path)
        raise TypeError(f"{self.card.name} is neither density nor list")

    def __repr__(self) -> str:
        return f"MesonSource('{self.card.name}')"

    def validity_remarks(self) -> list[str]:
        """Return in what beam or target lie outside the range of the fit, or what is odd about lists.

        Returns
        -------
        list of str
            Empty where there is nothing to say.
        """
        if isinstance(self.card, MesonListCard) and self.lists is not None:
            from darkmc.sources.lists.entries import list_remarks

            return list_remarks(self.card, self.lists)
        if isinstance(self.card, GeneratorCard):
            from darkmc.sources.lists.hadronic import generator_remarks

            return generator_remarks(self.card)
        return [*outside_range(self.card), *([] if self._known is None else self._known.remarks)]

    def in_range(self, meson: str, momentum: Numbers, theta: Numbers) -> NDArray[np.bool_]:
        """Return which mesons lie within the range in which the fit was made; all, where none is known.

        Parameters
        ----------
        meson : str
            A species of the card; those without a fit of their own have the range of the pi0's.
        momentum, theta : float or array
            Lab momentum in GeV and lab angle in rad; they broadcast.  Never true for nan and infinities.

        Returns
        -------
        array of bool
            Of the broadcast shape.

        Raises
        ------
        CardError, PhysicsError
            If the card has no such species; if momentum and angle are no numbers or do not broadcast.
        """
        self.ratio(meson)
        p, angle = _broadcast(momentum, theta)
        known: NDArray[np.bool_] = np.isfinite(p) & np.isfinite(angle)
        fit = self.card
        if isinstance(fit, FitCard) and canonical_name(meson) not in self.densities.central:
            known &= within(fit, np.where(known, p, 0.0), np.where(known, angle, 0.0))
        return known

    def range_remark(self, share: float, at: str = "") -> str:
        """Return a remark on the share of a yield from mesons outside the range of the fit.

        Parameters
        ----------
        share : float
            Share, 0 to 1, of mesons for which :meth:`in_range` is false.
        at : str
            Where the yield is looked at, such as "the lower edge".

        Returns
        -------
        str
            The remark, or "".

        Raises
        ------
        PhysicsError
            If the share is no number, or `at` no text.
        """
        if not (isinstance(self.card, FitCard) and number("share", share) >= _SHARE):
            return ""
        known, share = range_text(self.card), float(share)
        where = f" at {require_text('at', at)}" if at else ""
        return (
            f"flux {self.card.name}: {share:.0%} of the yield{where} is from mesons outside the fit ({known})"
        )

    @property
    def densities(self) -> Densities:
        """The densities of fits and tables, and their groups of events; PhysicsError for lists."""
        if self._known is None:
            raise PhysicsError(f"{self.loaded.path}: a list of mesons has no density, only samples")
        return self._known

    @cached_property
    def alternatives(self) -> Alternatives:
        """The named alternatives, each a source with some keys changed; none for lists."""
        if self._known is None:
            return Alternatives(self, {}, {})
        return Alternatives(self, self._known.changes, self._known.left_out)

    def changed(self, keys: Mapping[str, Any]) -> "MesonSource":
        """Return the source with other values of some keys, in nested tables."""
        return MesonSource(str(self._where), {**self._overrides, **dict(flatten(keys))}, True)

    def factors_of(self, names: Sequence[str], meson: str, momentum: Array) -> Array:
        """Return the density of alternatives over this one, for momenta (3, n) in the lab."""
        size = length(momentum)
        transverse2 = momentum[0] ** 2 + momentum[1] ** 2
        return self.alternatives.factors(names, meson, size, momentum[2] / size, transverse2)

    @property
    def files(self) -> tuple[Path, ...]:
        """What it was read from: the card, and the files that it names."""
        flux = Path(self.loaded.path)
        return flux, *(flux.parent / name for name in self.card.other_files)

    def prepare(self, analogue: bool) -> None:
        """Make the tables that sampling needs, once."""
        if self._known is not None:
            self._known.prepare(analogue)

    def ratio(self, meson: str) -> float:
        """Return mesons per pi0 over all momenta and angles.

        Parameters
        ----------
        meson : str
            A species of the card.

        Returns
        -------
        float
            Ratio of the numbers per POT; inf for lists without pi0.

        Raises
        ------
        CardError
            If the card has no such species, or the beam makes none.
        """
        if self.lists is None:
            return self.densities.ratio(meson)
        mesons, pions = self._entries(meson).per_pot, self.lists.get("pi0")
        return mesons / pions.per_pot if pions is not None else np.inf

    def _entries(self, meson: str) -> "Entries":
        """Return the list of a species."""
        lists, name = self.lists or {}, canonical_name(meson)
        if name not in lists:
            table = "ratios" if isinstance(self.card, GeneratorCard) else "list.files"
            raise CardError(f"{self.loaded.path}: {table} has no '{meson}'{nearest(name, [*lists])}")
        return lists[name]

    @property
    def largest_momentum(self) -> float:
        """Largest lab momentum in GeV."""
        if self.lists is not None:
            return max(float(np.max(entries.size)) for entries in self.lists.values())
        return self.densities.largest_momentum

    def shape(self, meson: str) -> "Shape":
        """Return the density and samplers that a species follows; none for lists."""
        return self.densities.shape(meson)

    def density_per_solid_angle(
        self, meson: str, momentum: Array, cosine: Array, transverse2: Array
    ) -> Array:
        """Return d2N/dp dOmega per POT in 1/(GeV sr); arguments as :meth:`Bmpt.density`."""
        return self.densities.per_solid_angle(meson, momentum, cosine, transverse2)

    def proposal(self, meson: str, momentum: Array) -> Array:
        """Return d2N/dp dOmega per POT, 1/(GeV sr), at theta = 0, or the largest: see :class:`Shape`."""
        return self.densities.proposal(meson, momentum)

    def density(self, meson: str, momentum: Numbers, theta: Numbers) -> Numbers:
        """Return d2N/dp dtheta per POT.

        Parameters
        ----------
        meson : str
            "pi0" or a species of the card's ratios.
        momentum, theta : float or array
            Lab momentum in GeV and lab angle in rad, 0 <= theta <= pi; they broadcast.

        Returns
        -------
        float or array
            1/(GeV rad), of the broadcast shape; 0 outside the kinematic range.

        Raises
        ------
        CardError, PhysicsError
            If the card has no such species; if it is a list, or momentum and angle are no numbers or do
            not broadcast.
        """
        p, angle = _broadcast(momentum, theta)
        inside = (p > 0.0) & (p <= HEAVIEST) & (angle >= 0.0) & (angle <= np.pi)
        sine = np.sin(np.where(inside, angle, 0.0)).ravel()
        flat = np.where(inside, p, 0.0).ravel()
        per_solid_angle = self.density_per_solid_angle(
            meson, flat, np.cos(np.where(inside, angle, 0.0)).ravel(), np.square(flat * sine)
        )
        density = (2.0 * np.pi * sine * per_solid_angle).reshape(p.shape)
        return np.where(np.isnan(p) | np.isnan(angle), np.nan, density)[()]

    def draw(self, meson: str, uniform: Array) -> tuple[Array, Array, Array]:
        """Return momentum, theta and d2N/dp dtheta over the sampling density, from uniforms (3, n).

        The mean of the third over rows is the number of mesons per POT.
        """
        if self._known is not None:
            return self._known.draw(meson, uniform)
        return self._entries(meson).draw(uniform[0])

    def sample(self, meson: str, n: int, seed: int = 0) -> tuple[Array, Array, Array]:
        """Draw n mesons.

        Parameters
        ----------
        meson : str
            "pi0" or a species of the card's ratios.
        n : int
            How many, at least 1.
        seed : int
            Seed of the random numbers.

        Returns
        -------
        momentum, theta, weight : arrays (n,)
            GeV, rad and mesons per POT: the weights sum to the number of mesons per POT.

        Raises
        ------
        CardError, PhysicsError
            If the card has no such species; if n or the seed is out of range.
        """
        whole_number("n", n, 1, _MOST_MESONS)
        seed = checked_seed("seed", seed)
        parts = []
        for chunk, start in enumerate(range(0, n, CHUNK_ROWS)):
            rng = chunk_rng(seed, stream_number("meson source"), chunk)
            parts.append(self.draw(meson, rng.random((3, min(CHUNK_ROWS, n - start)))))
        momentum, theta, weight = (np.concatenate(column) for column in zip(*parts, strict=True))
        return momentum, theta, weight / n


def _broadcast(momentum: Numbers, theta: Numbers) -> tuple[Array, Array]:
    """Return momenta and angles as arrays of one shape, or raise PhysicsError."""
    p, angle = numbers("momentum", momentum), numbers("theta", theta)
    try:
        p, angle = np.broadcast_arrays(p, angle)
    except ValueError:
        raise PhysicsError(f"momentum and theta do not broadcast: shapes {p.shape}, {angle.shape}") from None
    return p, angle
