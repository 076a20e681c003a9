"""CHARM: what its analyses select.

Fine-grain calorimeter (arXiv:1806.00757 section VI, after the neutrino-electron scattering analysis): one
electromagnetic shower with 7.5 < E < 50 GeV and E^2 theta^2 < 0.54 GeV^2 that starts between plates 3
and 59, theta to the beam. The calorimeter does not tell what made the shower.  Numbers: the card.
"""

import numpy as np

from darkmc.core.kinematics import Array, polar_angle
from darkmc.selection.cuts import Event, Observable


def shower(event: Event) -> Array:
    """Return the four-momentum of the electromagnetic shower: a photon, or an electron pair as one."""
    photon = event.get("photon")
    return event["electron"] + event["positron"] if photon is None else photon


def energy(event: Event) -> Array:
    """Return the shower's energy, GeV."""
    out: Array = shower(event)[0]
    return out


def forward_shower(event: Event) -> Array:
    """Return E^2 theta^2 of the shower, GeV^2: small for scattering off electrons at rest."""
    four = shower(event)
    out: Array = np.square(four[0] * polar_angle(four[1:]))
    return out


_SHOWERS = (("photon",), ("electron", "positron"))
OBSERVABLES = {
    "E_shower": Observable(energy, _SHOWERS, "GeV"),
    "E2theta2_shower": Observable(forward_shower, _SHOWERS, "GeV^2"),
}
