"""MesonSource: a flux card as a density of mesons in momentum and angle, with its sampler."""

import hashlib
import warnings
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from darkmc.cards.flux import FitCard, FluxCard, HadronicCard, MesonListCard
from darkmc.cards.load import checked_overrides, flatten, load_card
from darkmc.core.errors import CardError, PhysicsError, ValidityWarning, nearest
from darkmc.core.kinematics import Array, Numbers
from darkmc.core.particles import canonical_name
from darkmc.core.rng import CHUNK_ROWS, chunk_rng, stream_number
from darkmc.core.units import HEAVIEST, checked_seed, number, numbers, require_text, whole_number
from darkmc.sources.fits.flat import CELLS, cells, half_angle, integral, unfold
from darkmc.sources.fits.from_card import Fit, fits, outside_range, range_text, within
from darkmc.sources.lists.entries import Entries, list_remarks, read_mesons
from darkmc.sources.lists.hadronic import hadronic_mesons

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

    Attributes
    ----------
    lists : dict of Entries by species, or None
        The mesons of a card with ``parametrisation`` "list" or "hadronic".

    Raises
    ------
    CardError
        If the card, or a list, is missing or wrong, or a generator cannot be run.
    """

    def __init__(self, name: str, overrides: Mapping[str, Any] | None = None) -> None:
        self._overrides = checked_overrides(overrides)
        self.loaded = load_card("fluxes", require_text("the flux", name), overrides=self._overrides)
        self.card: FluxCard = self.loaded.card
        self.lists: dict[str, Entries] | None = None
        if isinstance(self.card, FitCard):
            self._fits  # noqa: B018 - a wrong beam fails here
        else:
            self.lists, hashes = self._read_lists()
            content = hashlib.sha256("".join([self.loaded.sha256, *hashes]).encode())
            self.loaded = replace(self.loaded, sha256=content.hexdigest()[:16])
        for remark in self.validity_remarks():
            warnings.warn(remark, ValidityWarning, stacklevel=2)

    def _read_lists(self) -> tuple[dict[str, Entries], list[str]]:
        if isinstance(self.card, HadronicCard):
            return hadronic_mesons(self.card, self.loaded.path)
        if isinstance(self.card, MesonListCard):
            return read_mesons(self.card, self.loaded.path)
        raise TypeError(f"{self.card.name} is neither fit nor list")

    def __repr__(self) -> str:
        return f"MesonSource('{self.card.name}')"

    def validity_remarks(self) -> list[str]:
        """Return in what beam or target lie outside the range of the fit, or what is odd about lists."""
        if isinstance(self.card, MesonListCard) and self.lists is not None:
            return list_remarks(self.card, self.lists)
        return outside_range(self.card)

    def in_range(self, meson: str, momentum: Numbers, theta: Numbers) -> NDArray[np.bool_]:
        """Return which mesons lie within the range in which the fit was made; all, where none is known.

        Parameters
        ----------
        meson : str
            A species of the card; those without a fit of their own have the range of the pi0's.
        momentum, theta : float or array
            Lab momentum in GeV and lab angle in rad; they broadcast.  Never true for nan and infinities.

        Raises
        ------
        CardError
            If the card has no such species.
        """
        self.ratio(meson)
        p, angle = _broadcast(momentum, theta)
        known: NDArray[np.bool_] = np.isfinite(p) & np.isfinite(angle)
        if isinstance(self.card, FitCard) and canonical_name(meson) not in self._central:
            known &= within(self.card, np.where(known, p, 0.0), np.where(known, angle, 0.0))
        return known

    def range_remark(self, share: float) -> str:
        """Return a remark on the share of a yield from mesons outside the range of the fit.

        Parameters
        ----------
        share : float
            Share, 0 to 1, of mesons for which :meth:`in_range` is false; below 1% there is no remark ("").
        """
        if not (isinstance(self.card, FitCard) and number("share", share) >= _SHARE):
            return ""
        known, share = range_text(self.card), float(share)
        return f"flux {self.card.name}: {share:.0%} of the yield is from mesons outside the fit ({known})"

    @property
    def _fit(self) -> FitCard:
        if not isinstance(self.card, FitCard):
            raise PhysicsError(f"{self.loaded.path}: a list of mesons has no density, only samples")
        return self.card

    @cached_property
    def _fits(self) -> dict[str, Fit]:
        card = self._fit
        try:
            return fits(card, str(self.loaded.path))
        except PhysicsError as error:
            raise CardError(f"{self.loaded.path}: beam.energy_GeV: {error}") from None

    @cached_property
    def _central(self) -> dict[str, float]:
        """Per POT, of species made centrally."""
        return {canonical_name(name): made.per_pot for name, made in self._fit.central.items()}

    def _shape(self, meson: str) -> str:
        """Return whose density a meson follows: its own or that of the pi0."""
        name = canonical_name(meson)
        if name in self._central and self._fits[name].largest_momentum == 0.0:
            raise self._none_made(name)
        return name if name in self._fits else "pi0"

    def _none_made(self, species: str) -> CardError:
        energy = self._fit.beam.energy_GeV
        return CardError(f"{self.loaded.path}: beam.energy_GeV: no {species} from protons of {energy:g} GeV")

    @cached_property
    def alternatives(self) -> dict[str, "MesonSource"]:
        """The card's named alternatives, each a source with some keys changed; none for lists."""
        if self.lists is not None:
            return {}
        return {
            name: MesonSource(self.loaded.path, {**self._overrides, **dict(flatten(keys))})
            for name, keys in self._fit.alternatives.items()
        }

    def alternative_factors(self, meson: str, momentum: Array, cosine: Array, transverse2: Array) -> Array:
        """Return the density of every alternative over this one, shape (number of alternatives, n)."""
        nominal = self.density_per_solid_angle(meson, momentum, cosine, transverse2)
        safe = np.where(nominal > 0.0, nominal, 1.0)
        rows = [
            source.density_per_solid_angle(meson, momentum, cosine, transverse2) / safe
            for source in self.alternatives.values()
        ]
        return np.array(rows).reshape(len(rows), len(momentum))

    def prepare(self, analogue: bool) -> None:
        """Make the tables that sampling needs, once."""
        if self.lists is not None:
            return
        self._scales  # noqa: B018
        if analogue:
            self._cells  # noqa: B018

    def ratio(self, meson: str) -> float:
        """Return mesons per pi0 over all momenta and angles; inf for lists without pi0."""
        name = canonical_name(meson)
        if self.lists is not None:
            mesons, pions = self._entries(meson).per_pot, self.lists.get("pi0")
            return mesons / pions.per_pot if pions is not None else np.inf
        if name == "pi0":
            return 1.0
        if name in self._central:
            return self._central[name] / self._pions_per_pot
        ratios = {canonical_name(key): value for key, value in self._fit.ratios.items()}
        if name not in ratios:
            known = nearest(name, ["pi0", *ratios, *self._central])
            raise CardError(f"{self.loaded.path}: ratios has no '{meson}'{known}")
        return ratios[name]

    def _entries(self, meson: str) -> Entries:
        """Return the list of a species."""
        lists, name = self.lists or {}, canonical_name(meson)
        if name not in lists:
            table = "ratios" if isinstance(self.card, HadronicCard) else "list.files"
            raise CardError(f"{self.loaded.path}: {table} has no '{meson}'{nearest(name, [*lists])}")
        return lists[name]

    @property
    def largest_momentum(self) -> float:
        """Largest lab momentum in GeV."""
        if self.lists is not None:
            return max(float(np.max(entries.size)) for entries in self.lists.values())
        return max(fit.largest_momentum for fit in self._fits.values())

    def edge(self, meson: str) -> tuple[float, float]:
        """Return where the forward density of a fit ends, p_max in GeV, and k in (1 - p/p_max)^(k - 1)."""
        fit = self._fits[self._shape(meson)]
        return fit.largest_momentum, fit.edge_power

    def angles(self, meson: str, momentum: Array, w: Array) -> tuple[Array, Array]:
        """Return cos theta and pT^2 at 0 < w < 1 of all angles at which a fit has mesons of a momentum."""
        fit = self._fits[self._shape(meson)]
        half, _ = half_angle(fit, momentum, w)
        cosine = (1.0 - half**2) / (1.0 + half**2)
        return cosine, np.square(momentum * 2.0 * half / (1.0 + half**2))

    def density_per_solid_angle(
        self, meson: str, momentum: Array, cosine: Array, transverse2: Array
    ) -> Array:
        """Return d2N/dp dOmega per POT in 1/(GeV sr); arguments as :meth:`Bmpt.density`."""
        shape = self._shape(meson)
        share = 1.0 if shape in self._central else self.ratio(meson)
        scale = share * self._scales[shape]
        return scale * self._fits[shape].density(momentum, cosine, transverse2)

    def forward_density(self, meson: str, momentum: Array) -> Array:
        """Return d2N/dp dOmega per POT at theta = 0 in 1/(GeV sr)."""
        one = np.ones_like(momentum)
        return self.density_per_solid_angle(meson, momentum, one, 0.0 * one)

    def density(self, meson: str, momentum: Numbers, theta: Numbers) -> Numbers:
        """Return d2N/dp dtheta per POT in 1/(GeV rad); 0 outside the kinematic range.

        Parameters
        ----------
        meson : str
            "pi0" or a species of the card's ratios.
        momentum, theta : float or array
            Lab momentum in GeV and lab angle in rad, 0 <= theta <= pi; they broadcast.
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

    @cached_property
    def _pions_per_pot(self) -> float:
        """Pi0 per POT: the card's, or those of the fit per interacting proton."""
        card = self._fit
        made = self._integral_of("pi0")
        return card.pi0_per_pot or card.target_interaction * made

    def _integral_of(self, shape: str) -> float:
        made = integral(self._fits[shape])
        if not made > 0.0:
            raise self._none_made(shape)
        return made

    @cached_property
    def _scales(self) -> dict[str, float]:
        """What turns each density into mesons per POT: as many as pi0, or those of a central species.

        For pi0 interacting protons per POT, or the factor that gives the card's pi0 per POT.
        """
        card = self._fit
        if card.pi0_per_pot is None and len(self._fits) == 1:
            return {"pi0": card.target_interaction}
        per_pot = {
            shape: self._central.get(shape, self._pions_per_pot)
            for shape, fit in self._fits.items()
            if fit.largest_momentum > 0.0 or shape not in self._central
        }
        return {shape: number / self._integral_of(shape) for shape, number in per_pot.items()}

    @cached_property
    def _cells(self) -> dict[str, tuple[Array, Array]]:
        """Cumulative probability of the cells of the unit square, and 1/density in each."""
        return {shape: cells(self._fits[shape]) for shape in self._scales}

    def draw(self, meson: str, uniform: Array) -> tuple[Array, Array, Array]:
        """Return momentum, theta and d2N/dp dtheta over the sampling density, from uniforms (3, n).

        The mean of the third over rows is the number of mesons per POT.
        """
        if self.lists is not None:
            return self._entries(meson).draw(uniform[0])
        shape = self._shape(meson)
        cumulative, inverse = self._cells[shape]
        cell = np.minimum(np.searchsorted(cumulative, uniform[0], side="right"), CELLS**2 - 1)
        square = np.stack([(cell // CELLS + uniform[1]) / CELLS, (cell % CELLS + uniform[2]) / CELLS])
        momentum, theta, jacobian, cosine, transverse2 = unfold(self._fits[shape], square)
        density = self.density_per_solid_angle(meson, momentum, cosine, transverse2)
        return momentum, theta, density * jacobian * inverse[cell]

    def largest_draw(self, meson: str) -> float:
        """Return the largest weight of :meth:`draw`, of a fit as found at 9 points of every cell."""
        if self.lists is not None:
            return self._entries(meson).largest_weight
        shape = self._shape(meson)
        _, inverse = self._cells[shape]
        cell = np.arange(CELLS**2)
        largest = 0.0
        for u in (0.001, 0.5, 0.999):
            for v in (0.001, 0.5, 0.999):
                square = np.stack([(cell // CELLS + u) / CELLS, (cell % CELLS + v) / CELLS])
                momentum, _, jacobian, cosine, transverse2 = unfold(self._fits[shape], square)
                density = self.density_per_solid_angle(meson, momentum, cosine, transverse2)
                largest = max(largest, float(np.max(density * jacobian * inverse)))
        return largest

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
