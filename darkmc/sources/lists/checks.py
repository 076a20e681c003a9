"""What may be wrong with a list of mesons: units, columns, other particles, another beam axis."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from darkmc.core.errors import CardError
from darkmc.core.kinematics import Array, length, polar_angle
from darkmc.core.particles import mass
from darkmc.core.vocabulary import PDG_IDS, PHOTON_ID
from darkmc.sources.lists.mass_shell import (
    TOLERANCE,
    energy_change,
    has_mass,
    is_explained,
    is_off,
    mass_square,
)
from darkmc.sources.lists.tables import ListFile

FAR_M = 10.0  # mesons that start farther from where the beam hits probably count from another place
_OTHERS = {"photon": PHOTON_ID, "K0": 311, "K+": 321, "neutron": 2112}
_SIGMAS = 5.0
_STRAYS = 0.5  # of a list whose particles have ids: as many may have energies that nothing explains
_LARGEST_CHANGE = 0.5  # of such an energy
_SAME_MASS = 2e-3  # relative


def check_momenta(four: Array, meson: str, table: ListFile, unit: str, beam_energy: float) -> str:
    """Return a remark on mesons off their mass shell, if any, whose momenta may be used all the same.

    Energies must follow from momenta within what :func:`is_explained` knows.  In a file whose particles have
    ids, as HepMC, fewer than half of them may be wrong by up to 50% for no reason, as SIBYLL 2.1 makes them,
    unless half of these have the mass of one other particle.

    Parameters
    ----------
    four : array (4, n)
        Rows px, py, pz, E in GeV, as far as the unit is right.
    meson : str
        Species.
    table : ListFile
        Where they come from.
    unit : {"GeV", "MeV"}
        What the card or the file says that the file holds.
    beam_energy : float
        GeV.

    Raises
    ------
    CardError
        For the first meson too far off its mass shell, or with more energy than the beam.
    """
    with np.errstate(all="ignore"):  # what overflows has more energy than any beam
        return _remark(four, meson, table, unit, beam_energy)


def check_beam(energy: Array, table: ListFile, beam_energy: float) -> None:
    """Raise CardError for the first energy (n,) above the beam's, in GeV."""
    above = np.flatnonzero(~(energy <= beam_energy * (1.0 + TOLERANCE)))
    if len(above):
        place, value = table.place(int(above[0])), energy[above[0]]
        raise CardError(f"{place}: E = {value:g} GeV, more than the beam's {beam_energy:g} GeV")


def _remark(four: Array, meson: str, table: ListFile, unit: str, beam_energy: float) -> str:
    if np.all(has_mass(four, meson) & _is_possible(four, beam_energy)):
        return ""
    explained = is_explained(four, meson)
    good = explained & _is_possible(four, beam_energy)
    if not good.all() and not (table.unit and _are_strays(four, meson, explained, good)):
        _refuse(four, good, meson, table, unit, beam_energy)
    off = is_off(four, meson)
    change = float(np.max(energy_change(four, meson)[off]))
    text = f"{np.count_nonzero(off)} of {off.size} {meson} are off their mass shell"
    return f"{table.path}: {text}, by up to {change:.2g} of their energy: put on it by their momenta"


def _is_possible(four: Array, beam_energy: float) -> NDArray[np.bool_]:
    out: NDArray[np.bool_] = (four[3] > 0.0) & (four[3] <= beam_energy * (1.0 + TOLERANCE))
    return out


def _are_strays(four: Array, meson: str, explained: NDArray[np.bool_], good: NDArray[np.bool_]) -> bool:
    """Return whether the energies that nothing explains are few, not far off, and of no other particle."""
    wrong = four[:, ~good]
    if np.any(explained & ~good) or wrong.shape[1] >= _STRAYS * four.shape[1]:
        return False
    if np.any(wrong[3] <= 0.0) or np.any(energy_change(wrong, meson) > _LARGEST_CHANGE):
        return False
    square, digits = mass_square(wrong), 1e-6 * wrong[3] ** 2
    others = (value for name, value in _masses().items() if name != meson)
    same = [np.mean(np.abs(square - m**2) <= 2.0 * _SAME_MASS * m**2 + digits) for m in others]
    return bool(max(same) < _STRAYS)


def _refuse(
    four: Array, good: NDArray[np.bool_], meson: str, table: ListFile, unit: str, beam_energy: float
) -> None:
    """Raise CardError for the first meson that is not good."""
    first = int(np.argmin(good))
    one, place = four[:, first : first + 1], table.place(first)
    other, factor = ("MeV", 1e3) if unit == "GeV" else ("GeV", 1e-3)
    scaled = has_mass(four, meson, factor) & (four[3] > 0.0)
    if scaled[first]:
        text = f"E^2 - p^2 is about ({factor:g} x the {meson} mass)^2"
        if np.any(good & ~scaled):
            raise CardError(f"{place}: mixed units: {text}, as in {other}; other entries are in {unit}")
        says = f"the file says {unit}" if table.unit else f"list.momentum_unit is '{unit}'"
        raise CardError(f"{place}: {text}: the momenta are in {other}, but {says}")
    check_beam(np.where(np.arange(four.shape[1]) == first, four[3], 0.0), table, beam_energy)
    raise CardError(f"{place}: off the mass shell: {_why_off_shell(one, meson)}")


def _why_off_shell(one: Array, meson: str) -> str:
    """Return what a single entry (4, 1) may be instead of the meson."""
    if one[0, 0] > 0.0 and has_mass(np.roll(one, -1, axis=0), meson)[0]:
        return "the columns look like E px py pz, but px py pz E is wanted"
    energy, square = float(one[3, 0]), float(mass_square(one)[0])
    text = f"E = {energy:g} GeV, E^2 - p^2 = {square:g} GeV^2"
    wanted = f"the {meson} has {mass(meson) ** 2:g} GeV^2"
    known = {name: value for name, value in _masses().items() if name != meson}
    nearest = min(known, key=lambda name: abs(known[name] ** 2 - square))
    if energy > 0.0 and abs(known[nearest] ** 2 - square) <= TOLERANCE * energy**2:
        return f"{text} as of the {nearest}, but {wanted}"
    return f"{text}, but {wanted}"


@cache
def _masses() -> dict[str, float]:
    """Masses of the particles that a list may hold by mistake, GeV."""
    from particle import Particle

    others = {name: 1e-3 * float(Particle.from_pdgid(pid).mass or 0.0) for name, pid in _OTHERS.items()}
    return {name: mass(name) for name in PDG_IDS} | others


def check_axis(momentum: Array, share: Array, table: ListFile) -> None:
    """Raise CardError if the sum of all momenta lies more than 45 degrees off +z, beyond chance.

    A list in a plane through the axis is left alone: it has no azimuth to judge by.

    Parameters
    ----------
    momentum : array (3, n)
        GeV.
    share : array (n,)
        Shares of the entries in the mesons.
    table : ListFile
        Where they come from.
    """
    if not (momentum[0].any() and momentum[1].any()):
        return
    total = (momentum * share).sum(axis=1)
    chance = float(np.linalg.norm(share * length(momentum)))
    if np.hypot(total[0], total[1]) - total[2] < _SIGMAS * chance:
        return
    axis = int(np.argmax(np.abs(total)))
    angle = np.degrees(polar_angle(total))
    cosine = abs(total[axis]) / np.linalg.norm(total)
    name = f"{'+' if total[axis] > 0.0 else '-'}{'xyz'[axis]}"
    where = f"along {name}" if cosine > 0.95 else f"at {angle:.0f} degrees to it"
    raise CardError(f"{table.path}: the beam is +z, but the mesons fly {where} on average: turn the list")
