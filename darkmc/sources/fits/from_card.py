"""From flux cards to fits: which densities a card stands for, and where it leaves their range."""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from darkmc.cards.flux import BmptCard, BurmanSmithCard, FitCard, SanfordWangCard
from darkmc.cards.flux_base import FluxCard, Validity
from darkmc.core.errors import CardError
from darkmc.core.kinematics import Array, feynman_x, nucleon_frame
from darkmc.core.particles import canonical_name, mass
from darkmc.sources.fits.bmpt import Bmpt
from darkmc.sources.fits.burman_smith import BurmanSmith, TargetMixture
from darkmc.sources.fits.central import CentralMeson
from darkmc.sources.fits.sanford_wang import SanfordWang


class Fit(Protocol):
    """A density of mesons in lab momentum and angle.

    Attributes
    ----------
    largest_momentum, largest_angle : float
        Where the density ends, GeV and rad.
    edge_power : float
        The forward density ends at least as steeply as (1 - p/p_max)^(edge_power - 1).
    """

    def __hash__(self) -> int: ...
    @property
    def largest_momentum(self) -> float: ...  # noqa: D102
    @property
    def largest_angle(self) -> float: ...  # noqa: D102
    @property
    def edge_power(self) -> float: ...  # noqa: D102
    def density(self, momentum: Array, cosine: Array, transverse2: Array) -> Array: ...  # noqa: D102


@dataclass(frozen=True)
class LikeFit:
    """What ends where a fit does."""

    fit: Fit

    @property
    def largest_momentum(self) -> float:
        """That of the fit, GeV."""
        return self.fit.largest_momentum

    @property
    def largest_angle(self) -> float:
        """That of the fit, rad."""
        return self.fit.largest_angle

    @property
    def edge_power(self) -> float:
        """That of the fit."""
        return self.fit.edge_power


@dataclass(frozen=True)
class Checked(LikeFit):
    """A fit whose density is a number everywhere: constants with which it is none are refused."""

    path: str

    def density(self, momentum: Array, cosine: Array, transverse2: Array) -> Array:
        """Return the density of the fit, or raise CardError where it is negative or no number."""
        with np.errstate(all="ignore"):
            density = self.fit.density(momentum, cosine, transverse2)
            bad = ~((density >= 0.0) & (density < np.inf))
        if bad.any():
            at = float(np.broadcast_to(momentum, density.shape)[bad][0])
            raise CardError(
                f"{self.path}: parameters: no density of mesons at {at:.3g} GeV ({density[bad][0]:g})"
            )
        return density


def fits(card: FluxCard, path: str) -> dict[str, Fit]:
    """Return the densities of a card: of pi0, and of mesons that do not follow them."""
    return {shape: Checked(fit, path) for shape, fit in {**_central(card), **_light(card)}.items()}


def _central(card: FluxCard) -> dict[str, Fit]:
    if not isinstance(card, FitCard):
        return {}
    return {
        canonical_name(name): CentralMeson(
            beam_energy=card.beam.energy_GeV,
            meson_mass=mass(name),
            x_F_power=production.x_F_power,
            transverse_scale=production.transverse_scale_GeV,
        )
        for name, production in card.central.items()
    }


def _light(card: FluxCard) -> dict[str, Fit]:
    if isinstance(card, BmptCard):
        return {"pi0": _bmpt(card)}
    if isinstance(card, BurmanSmithCard):
        return {"pi0": _burman_smith(card)}
    if isinstance(card, SanfordWangCard):
        return _sanford_wang(card)
    return {}


def _bmpt(card: BmptCard) -> Bmpt:
    constants = card.parameters
    return Bmpt(
        beam_energy=card.beam.energy_GeV,
        mass_number=card.target.mass_number,
        reference_mass_number=constants.reference_mass_number,
        inelastic_cross_section_mb=card.target.inelastic_cross_section_mb,
        A=constants.A_mb_per_GeV2,
        B=constants.B,
        alpha=constants.alpha,
        beta=constants.beta,
        a=constants.a_per_GeV,
        gamma=constants.gamma,
        delta=constants.delta,
        ratio_scale=constants.ratio_scale,
        ratio_power=constants.ratio_power,
        missing_mass=constants.missing_mass_GeV,
        alpha_below_zero_xF=card.alpha_below_zero_xF,
        theta_max_bias=card.theta_max_bias,
        x_F_without_2=card.x_F_without_2,
    )


def _burman_smith(card: BurmanSmithCard) -> TargetMixture:
    constants = card.parameters
    targets = tuple(
        BurmanSmith(
            beam_kinetic_energy=card.beam.kinetic_energy_GeV,
            charge=target.charge,
            end_point_width=constants.end_point_width_MeV,
            hydrogen_amplitude_factor=constants.hydrogen_amplitude_factor,
            hydrogen_scale=constants.hydrogen_scale,
        )
        for target in card.targets
    )
    return TargetMixture(targets, tuple(target.share for target in card.targets))


def _sanford_wang(card: SanfordWangCard) -> dict[str, Fit]:
    momentum = math.sqrt(max(card.beam.energy_GeV**2 - mass("proton") ** 2, 0.0))
    constants = card.parameters
    inelastic = constants.reference_cross_section_mb or card.target.inelastic_cross_section_mb
    pions = SanfordWang(momentum, inelastic, (constants.pi_plus, constants.pi_minus))
    kaons = SanfordWang(momentum, inelastic, (constants.K0,))
    own: dict[str, Fit] = {canonical_name(name): kaons for name, like in card.shapes.items() if like == "K0"}
    return {**own, "pi0": pions}


def outside_range(card: FluxCard) -> list[str]:
    """Return in what a card leaves the range in which its fit was made: the beam's energy, the target."""
    if not isinstance(card, FitCard):
        return []
    remarks, known, energy = [], card.validity, card.beam.kinetic_energy_GeV
    low, high = known.beam_kinetic_energy_min_GeV, known.beam_kinetic_energy_max_GeV
    if not low <= energy <= high:
        remarks.append(f"a beam of {energy:.4g} GeV is outside the {low:g} to {high:g} GeV of the fit")
    for charge in charges(card):
        if charge > known.charge_max:
            remarks.append(f"Z = {charge} is above the {known.charge_max} of the fit")
        if charge < known.charge_min:
            remarks.append(f"Z = {charge} is below the {known.charge_min} of the fit")
    return [f"flux {card.name}: {remark}" for remark in remarks]


def charges(card: FluxCard) -> list[int]:
    """Return the charges of the nuclei that the beam of a card hits; none for lists that do not say it."""
    if isinstance(card, BurmanSmithCard):
        return [target.charge for target in card.targets]
    target = getattr(card, "target", None)
    return [] if target is None else [target.charge]


def known_range(card: FitCard) -> Validity:
    """Return the range of a fit with its momenta at the card's beam."""
    known = card.validity
    if known.momentum_at_beam_GeV is None:
        return known
    scale = card.beam.energy_GeV / known.momentum_at_beam_GeV
    high = known.momentum_max_GeV
    scaled = {
        "momentum_min_GeV": scale * known.momentum_min_GeV,
        "momentum_max_GeV": None if high is None else scale * high,
    }
    return known.model_copy(update=scaled)


def within(card: FitCard, momentum: Array, theta: Array) -> NDArray[np.bool_]:
    """Return which momenta (GeV) and angles (rad) lie in the range in which the fit of a card was made."""
    validity = known_range(card)
    largest = validity.momentum_max_GeV or math.inf
    transverse = validity.transverse_momentum_max_GeV or math.inf
    widest = validity.theta_max_rad or math.inf
    out: NDArray[np.bool_] = (momentum >= validity.momentum_min_GeV) & (momentum <= largest)
    # nan belongs to no range, also where nothing is said
    out = out & (momentum * np.sin(theta) <= transverse) & (theta <= widest)
    low, high = validity.x_F_min, validity.x_F_max
    if low is None and high is None:
        return out
    frame = nucleon_frame(card.beam.energy_GeV, mass("proton"))
    x_f = feynman_x(frame, np.hypot(momentum, mass("pi+")), momentum * np.cos(theta))
    return out & (x_f >= (-math.inf if low is None else low)) & (x_f <= (math.inf if high is None else high))


def range_text(card: FitCard) -> str:
    """Return the range of mesons of a card's fit in words; nothing if it has none."""
    validity = known_range(card)
    low, high = validity.momentum_min_GeV, validity.momentum_max_GeV
    parts = []
    if high is not None:
        parts.append(f"{low:.4g} to {high:.4g} GeV" if low > 0.0 else f"momenta up to {high:.4g} GeV")
    elif low > 0.0:
        parts.append(f"momenta above {low:.4g} GeV")
    if validity.transverse_momentum_max_GeV is not None:
        parts.append(f"transverse momenta up to {validity.transverse_momentum_max_GeV:g} GeV")
    if validity.theta_max_rad is not None:
        parts.append(f"angles up to {validity.theta_max_rad:g} rad")
    least, most = validity.x_F_min, validity.x_F_max
    if most is not None:
        parts.append(f"x_F up to {most:g}" if least is None else f"x_F of {least:g} to {most:g}")
    elif least is not None:
        parts.append(f"x_F above {least:g}")
    return ", ".join(parts)
