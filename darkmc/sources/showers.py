"""What the electrons and positrons of showers may make: their tracks as weighted parents of processes.

The number of reactions per particle of the beam is the sum over pieces of tracks of length x targets x cross
section; an entry is a piece, and its weight length x targets in 1/pb, so that weights times cross sections in
pb add up to reactions.  Places are on the axis: showers are centimetres wide.

The motion of the atomic electrons changes the yield of annihilation by less than 0.3% for dark pairs up to
90 MeV (an estimate of the notes behind this program), and is left out.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from darkmc.core.beam_radiation import collinear_log, pair_energy, radiator
from darkmc.core.errors import PhysicsError
from darkmc.core.kinematics import Array, on_shell
from darkmc.core.particles import mass
from darkmc.portals.portal import LAB, REST, Frame
from darkmc.sources.electromagnetic.media import Medium
from darkmc.sources.electromagnetic.particles import Tracks

_CM2_PER_PB = 1e-36


@dataclass(frozen=True)
class Entries:
    """Parents of a process, arrays (n,).

    Attributes
    ----------
    frame : {"rest", "lab"}
        Of the process: "rest" for pairs of a positron and an electron at rest, "lab" for an electron on a
        nucleus.
    energy : array (n,)
        Energy of the parents in that frame, GeV: sqrt(s), or the lab energy.
    momentum : array (4, n)
        In the lab, GeV: of the pair, or of the electron; z along the beam.
    weight : array (n,)
        In 1/pb per particle of the beam: times a cross section in pb, reactions.
    depth : array (n,)
        Along the beam, m.
    sort : array (n,)
        Lab energy of the electron or positron, GeV.
    """

    frame: Frame
    energy: Array
    momentum: Array
    weight: Array
    depth: Array
    sort: Array


def pair_entries(tracks: Tracks, showers: int, medium: Medium) -> Entries:
    """Return positrons that meet electrons at rest.

    Parameters
    ----------
    tracks : Tracks
        Pieces of tracks of some showers; those of electrons are left out.
    showers : int
        How many showers these are.
    medium : Medium
        Where they are.
    """
    chosen = tracks.charge > 0.0
    electron = _lab(tracks, chosen)
    found = _entries(tracks, chosen, showers, electron, medium.electrons_per_x0, medium)
    momentum = electron.copy()
    momentum[0] += mass("e")
    return replace(found, frame=REST, energy=pair_energy(found.sort), momentum=momentum)


def nucleus_entries(tracks: Tracks, showers: int, medium: Medium, symbol: str) -> Entries:
    """Return electrons and positrons that meet nuclei of an element of the medium.

    Parameters
    ----------
    tracks, showers, medium : Tracks, int, Medium
        As of :func:`pair_entries`.
    symbol : str
        Of the element.

    Raises
    ------
    PhysicsError
        If the medium has none of it.
    """
    if symbol not in medium.atoms_per_x0:
        raise PhysicsError(f"there is no {symbol} in {medium.name}")
    chosen = np.ones(len(tracks.charge), dtype=bool)
    electron = _lab(tracks, chosen)
    return _entries(tracks, chosen, showers, electron, medium.atoms_per_x0[symbol], medium)


def _lab(tracks: Tracks, chosen: NDArray[np.bool_]) -> Array:
    """Return four-momenta (4, n) of pieces of tracks in the lab, GeV."""
    slopes = np.stack([tracks.slope_x, tracks.slope_y, np.ones_like(tracks.slope_x)])[:, chosen]
    energy = tracks.energy[chosen]
    momentum = np.sqrt((energy - mass("e")) * (energy + mass("e")))
    return on_shell(momentum * slopes / np.sqrt(np.einsum("ij,ij->j", slopes, slopes)), mass("e"))


def _entries(
    tracks: Tracks,
    chosen: NDArray[np.bool_],
    showers: int,
    momentum: Array,
    targets_per_x0: float,
    medium: Medium,
) -> Entries:
    """Return entries of the chosen pieces, on targets per cm2 and radiation length."""
    energy = tracks.energy[chosen]
    weight = tracks.length[chosen] * (targets_per_x0 * _CM2_PER_PB / showers)
    depth = tracks.depth[chosen] * medium.metres_per_x0
    return Entries(LAB, energy, momentum, weight, depth, energy)


def radiated(entries: Entries, threshold: float, uniform: Array) -> Entries:
    """Return pairs that have radiated photons along either of their particles, before they annihilate.

    The part x of the momentum of one of the two is gone, each with the same chance, and s turns into
    s (1 - x): x has the density of :func:`darkmc.core.beam_radiation.radiator`, and the weights
    of the entries take the rest of it, so that their mean times the cross section is that with radiation.

    Parameters
    ----------
    entries : Entries
        Pairs, see :func:`pair_entries`.
    threshold : float
        Least sqrt(s) of the process, GeV; entries that fall below have weight 0.
    uniform : array (2, n)
        Uniform numbers.
    """
    electron_mass = mass("e")
    s = np.square(entries.energy)
    open_ = entries.energy > threshold
    beta = collinear_log(np.where(open_, s, 4.0 * threshold**2), electron_mass)
    most = np.where(open_, 1.0 - threshold**2 / s, 0.5)
    end = most**beta
    log_u = np.log(np.maximum(end * uniform[0], np.finfo(float).tiny))
    x, rest, chance = radiator(log_u, beta)
    at_rest = np.zeros_like(entries.momentum)
    at_rest[0] = electron_mass
    lost = np.where(uniform[1] < 0.5, x, 0.0) * (entries.momentum - at_rest)
    lost += np.where(uniform[1] < 0.5, 0.0, x) * at_rest
    weight = np.where(open_, entries.weight * chance * end, 0.0)
    energy = entries.energy * np.sqrt(rest)
    momentum = entries.momentum - lost
    momentum[0] = np.sqrt(energy**2 + np.einsum("ij,ij->j", momentum[1:], momentum[1:]))
    return replace(entries, energy=energy, momentum=momentum, weight=weight)
