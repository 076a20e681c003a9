"""What may be wrong with a list of mesons: units, columns, other particles, another beam axis."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from darkmc.errors import CardError
from darkmc.kinematics import Array, length
from darkmc.list_files import ListFile
from darkmc.particles import PDG_IDS, mass, total_width

TOLERANCE = 1e-3  # of E^2: lists are printed with few digits
WIDTHS = 10.0  # of a broad meson, by which its mass in a list may differ from the nominal one
FAR_M = 10.0  # mesons that start farther from where the beam hits probably count from another place
_OTHERS = {"photon": 22, "K0": 311, "K+": 321, "neutron": 2112}
_SIGMAS = 5.0


def check_momenta(four: Array, meson: str, table: ListFile, unit: str, beam_energy: float) -> None:
    """Raise CardError for the first meson off its mass shell or with more energy than the beam.

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
    """
    possible = four[3] <= beam_energy * (1.0 + TOLERANCE)
    good = _has_mass(four, meson) & (four[3] > 0.0) & possible
    if good.all():
        return
    first = int(np.argmin(good))
    one, place = four[:, first : first + 1], table.place(first)
    other, factor = ("MeV", 1e3) if unit == "GeV" else ("GeV", 1e-3)
    scaled = _has_mass(four, meson, factor) & (four[3] > 0.0)
    if scaled[first]:
        text = f"E^2 - p^2 is about ({factor:g} x the {meson} mass)^2"
        if np.any(good & ~scaled):
            raise CardError(f"{place}: mixed units: {text}, as in {other}; other entries are in {unit}")
        says = f"the file says {unit}" if table.unit else f"list.momentum_unit is '{unit}'"
        raise CardError(f"{place}: {text}: the momenta are in {other}, but {says}")
    if not possible[first]:
        raise CardError(f"{place}: E = {one[3, 0]:g} GeV, more than the beam's {beam_energy:g} GeV")
    raise CardError(f"{place}: off the mass shell: {_why_off_shell(one, meson)}")


def _why_off_shell(one: Array, meson: str) -> str:
    """Return what a single entry (4, 1) may be instead of the meson."""
    if one[0, 0] > 0.0 and _has_mass(np.roll(one, -1, axis=0), meson)[0]:
        return "the columns look like E px py pz, but px py pz E is wanted"
    energy, square = float(one[3, 0]), float(_square(one)[0])
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


def _square(four: Array) -> Array:
    out: Array = four[3] ** 2 - length(four[:3]) ** 2
    return out


def _has_mass(four: Array, meson: str, factor: float = 1.0) -> NDArray[np.bool_]:
    """Return which mesons have their mass, times a factor, within its width and the tolerance."""
    centre, spread = mass(meson), WIDTHS * total_width(meson)
    square, tolerance = _square(four), TOLERANCE * four[3] ** 2
    low, high = max(centre - spread, 0.3 * centre), centre + spread
    out: NDArray[np.bool_] = (square >= (factor * low) ** 2 - tolerance) & (
        square <= (factor * high) ** 2 + tolerance
    )
    return out


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
    angle = np.degrees(np.arctan2(np.hypot(total[0], total[1]), total[2]))
    cosine = abs(total[axis]) / np.linalg.norm(total)
    name = f"{'+' if total[axis] > 0.0 else '-'}{'xyz'[axis]}"
    where = f"along {name}" if cosine > 0.95 else f"at {angle:.0f} degrees to it"
    raise CardError(f"{table.path}: the beam is +z, but the mesons fly {where} on average: turn the list")
