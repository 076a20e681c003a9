"""What happens in a shower: medium, threshold, switches, and the rates and losses that follow from them."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from darkmc.core.errors import PhysicsError
from darkmc.core.kinematics import Array
from darkmc.sources.electromagnetic import annihilation, bremsstrahlung, compton, ionisation, knock_on, pairs
from darkmc.sources.electromagnetic.media import Medium
from darkmc.sources.electromagnetic.screening import Screening

CUT = 0.02  # GeV
_POINTS = 512
_LEAST_CUT, _LEAST_RATIO = 1e-3, 5.0


@dataclass(frozen=True)
class Switches:
    """Processes that may be switched off; what is off does not happen, and costs no energy.

    Without ... the track lengths of (e-, e+) above 1 GeV change by, for 20 GeV on aluminium, in per cent:
    compton (-0.3, +0.3), moller (+0.4, +0.1), bhabha (0.0, +0.4), annihilation (0.0, +0.2), ionisation
    (+2.9, +4.1); above 14 GeV by (0.0, +0.1), (+0.1, +0.1), (0.0, +0.1), (0.0, 0.0), (+0.3, +1.3).  Without
    multiple_scattering the rms angle in one plane falls from 10.3 to 1.5 mrad GeV/E.  The last two are about
    bremsstrahlung and pair production alike: complete_screening at all energies changes lengths by (-0.3,
    +0.1) above 1 GeV and (-0.1, +2.4) above 14 GeV, no tsai_term by (+1.4, +1.6) and (+1.5, +2.6).
    """

    bremsstrahlung: bool = True
    pair_production: bool = True
    compton: bool = True
    moller: bool = True
    bhabha: bool = True
    annihilation: bool = True
    ionisation: bool = True
    multiple_scattering: bool = True
    complete_screening: bool = False
    tsai_term: bool = True


@dataclass(frozen=True)
class Physics:
    """Rates per radiation length, and bounds of them for null collisions.

    Parameters
    ----------
    medium : Medium
        Where the shower is.
    threshold : float
        Total energy in GeV below which particles are not followed.
    cut : float
        Energy in GeV of photons and of struck electrons above which they are made one by one; what is below
        is a continuous loss.
    switches : Switches
        What happens.
    thickness : float
        In radiation lengths; what reaches it has escaped.

    Raises
    ------
    PhysicsError
        If the cut is not from 1 MeV to a fifth of the threshold, the thickness is not positive, nothing makes
        electrons lose energy, or the medium has no constants of ionisation.
    """

    medium: Medium
    threshold: float = 1.0
    cut: float = CUT
    switches: Switches = field(default_factory=Switches)
    thickness: float = np.inf

    def __post_init__(self) -> None:
        if not _LEAST_CUT <= self.cut <= self.threshold / _LEAST_RATIO:
            raise PhysicsError(
                f"the cut must be from {_LEAST_CUT:g} GeV to a fifth of the threshold, not {self.cut:g} GeV"
            )
        if not self.thickness > 0.0:
            raise PhysicsError(f"the thickness must be above zero, not {self.thickness:g}")
        if not (self.switches.ionisation or self.switches.bremsstrahlung):
            raise PhysicsError("with neither ionisation nor bremsstrahlung electrons never stop")
        self.loss(np.array([self.threshold]), positron=False)

    @cached_property
    def screening(self) -> Screening:
        """The medium's screening functions."""
        return Screening(self.medium, self.switches.complete_screening, self.switches.tsai_term)

    @cached_property
    def radiation_bound(self) -> float:
        """Bound of photons above the cut, per radiation length and logarithm of energy."""
        return bremsstrahlung.largest(self.screening) if self.switches.bremsstrahlung else 0.0

    @cached_property
    def knock_on_bound(self) -> float:
        """Bound of hard collisions with electrons, per radiation length."""
        on = self.switches.moller or self.switches.bhabha
        return self.medium.electrons_per_x0 * knock_on.bound(self.threshold, self.cut) if on else 0.0

    @cached_property
    def annihilation_bound(self) -> float:
        """Bound of annihilations, per radiation length: its value at the threshold."""
        at = annihilation.bound(np.asarray(self.threshold))
        return self.medium.electrons_per_x0 * float(at) if self.switches.annihilation else 0.0

    @cached_property
    def pair_bound(self) -> float:
        """Bound of pair production, per radiation length."""
        return pairs.largest(self.screening) if self.switches.pair_production else 0.0

    @cached_property
    def compton_bound(self) -> float:
        """Bound of Compton scattering, per radiation length: its value at the threshold."""
        at = compton.bound(np.asarray(self.threshold))
        return self.medium.electrons_per_x0 * float(at) if self.switches.compton else 0.0

    def loss(self, energy: Array, positron: bool) -> Array:
        """Return the continuous loss of electrons or positrons, GeV per radiation length."""
        total = np.zeros_like(energy)
        if self.switches.ionisation:
            total += ionisation.loss(self.medium, energy, self.cut, positron)
        if self.switches.bremsstrahlung:
            total += bremsstrahlung.soft_loss(self.screening, energy, self.cut)
        return total


class LossTable:
    """Continuous losses on a fine grid in the logarithm of the energy, for both charges.

    Parameters
    ----------
    physics : Physics
        What happens.
    largest : float
        Largest energy, GeV.
    """

    def __init__(self, physics: Physics, largest: float) -> None:
        grid, self._step = np.linspace(
            np.log(physics.threshold), np.log(max(largest, 2.0 * physics.threshold)), _POINTS, retstep=True
        )
        self._first = float(grid[0])
        energy = np.exp(grid)
        both = [physics.loss(energy, positron) for positron in (False, True)]
        self._values = np.concatenate([*both])
        self._slopes = np.diff(self._values, append=0.0)

    def __call__(self, log_energy: Array, positron: Array) -> Array:
        """Return the loss, GeV per radiation length; positron: one for them, zero for electrons."""
        place = np.clip((log_energy - self._first) * (1.0 / self._step), 0.0, _POINTS - 1.001)
        cell = place.astype(np.intp)
        fraction = place - cell
        cell += (positron * _POINTS).astype(np.intp)
        return np.asarray(self._values[cell] + fraction * self._slopes[cell])
