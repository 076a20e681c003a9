"""What stands between target and detector, and what of the dark states converts there.

a N -> gamma' N and gamma' N -> a N, coherent on nuclei, and the same on electrons where that is open: a
path l through n scatterers per volume is passed with exp(-n sigma(E) l G^2).  What has converted is lost:
the state that is made is not followed, though it may be seen too.  A gamma' is averaged over its
polarisations; that of a meson converts up to 1.5 times as often.  The shield is spread evenly over the way.
"""

from functools import lru_cache

import numpy as np

from darkmc.cards.volumes import Shield
from darkmc.core.kinematics import Array
from darkmc.core.materials import nuclei_per_m3, nucleus
from darkmc.portals.portal import Portal, Process

_POINTS, _NEAREST = 1024, 1e-4  # energies of a table, the first so far above the threshold, relatively


class ShieldedWay:
    """Conversions at G = 1 on the whole way through a shield.

    Parameters
    ----------
    shield : Shield
        The card's table.
    portal : Portal
        The masses.
    top_energy : float
        Largest energy (GeV) of dark states; beyond, conversions are those at this energy.
    """

    def __init__(self, shield: Shield, portal: Portal, top_energy: float) -> None:
        density = nuclei_per_m3(shield.density_g_cm3, shield.composition, shield.fill)
        self._material = tuple(density.items()), portal, top_energy
        self._length = shield.length_m

    def exponent(self, incoming: str, energy: Array) -> Array:
        """Return n sigma(E) L at G = 1 of a dark state of some energies (GeV)."""
        table = _per_metre(*self._material, incoming)
        if table is None:
            return np.zeros_like(energy)
        threshold, start, step, per_metre = table
        open_ = energy > threshold
        place = (np.log(np.where(open_, energy / threshold - 1.0, 1.0)) - start) / step
        place = np.clip(place, 0.0, _POINTS - 1.0)
        left = np.minimum(place.astype(np.intp), _POINTS - 2)
        value = per_metre[left] + (place - left) * (per_metre[left + 1] - per_metre[left])
        return np.where(open_, self._length * np.exp(value), 0.0)


def conversions_per_metre(density: dict[str, float], portal: Portal, incoming: str, energy: Array) -> Array:
    """Return n sigma at G = 1 in 1/m, summed over nuclei and electrons.

    Parameters
    ----------
    density : dict
        Nuclei per cubic metre by element.
    portal : Portal
        The masses, not equal: equal ones convert on electrons without any transfer of momentum.
    incoming : str
        The dark state that comes in, averaged over its polarisations.
    energy : array
        GeV.
    """
    total = np.zeros(np.shape(energy))
    for number, process in _on_all(density, portal, incoming):
        total = total + number * process.total(energy)
    out: Array = 1e-4 * total
    return out


def _on_all(density: dict[str, float], portal: Portal, incoming: str) -> list[tuple[float, Process]]:
    """Return scatterings on electrons and nuclei, with how many of these there are per cubic metre."""
    electrons = sum(number * nucleus(symbol).charge for symbol, number in density.items())
    targets = [("e", electrons), *density.items()]
    return [(number, one) for name, number in targets for one in portal.scatterings(incoming, name)]


@lru_cache(maxsize=8)
def _per_metre(
    material: tuple[tuple[str, float], ...], portal: Portal, top_energy: float, incoming: str
) -> tuple[float, float, float, Array] | None:
    """Return the threshold (GeV), and start, step and values of ln n sigma against ln(E/threshold - 1).

    None for a state that scatters on nothing.
    """
    density = dict(material)
    threshold = min((one.threshold for _, one in _on_all(density, portal, incoming)), default=None)
    if threshold is None:
        return None
    start = np.log(_NEAREST)
    end = np.log(max(top_energy / threshold - 1.0, 2.0 * _NEAREST))
    energies = threshold * (1.0 + np.exp(np.linspace(start, end, _POINTS)))
    per_metre = conversions_per_metre(density, portal, incoming, energies)
    values = np.log(np.maximum(per_metre, 1e-300))
    return threshold, float(start), float((end - start) / (_POINTS - 1)), values
