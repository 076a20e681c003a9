"""e+ e- -> gamma* -> a gamma': cross section and angular distribution.

Source: [dN] eq. 6 (arXiv:1806.00757), right for any axion mass; the dark current at q2 = s.
"""

from typing import Any

import numpy as np

from darkmc.constants import ALPHA
from darkmc.current import DarkCurrent


def lepton_mass_factor(s: Any, m_lepton: float) -> Any:
    """Return (1 + 2 m^2/s)/sqrt(1 - 4 m^2/s): what the leptons' mass does to l+ l- -> gamma*."""
    ratio = m_lepton**2 / np.asarray(s, dtype=float)
    return (1.0 + 2.0 * ratio) / np.sqrt(1.0 - 4.0 * ratio)


def cross_section(s: Any, current: DarkCurrent, m_lepton: float = 0.0) -> Any:
    """Return sigma(l+ l- -> a gamma') at G = 1 in GeV^-2 x GeV^2; 0 below threshold.

    4 pi^2 alpha rho(s) (1 + 2m^2/s)/sqrt(1 - 4m^2/s) = alpha lambda^(3/2)/(24 s^3) for massless leptons.
    """
    s = np.asarray(s, dtype=float)
    return 4.0 * np.pi**2 * ALPHA * current.spectral_density(s) * lepton_mass_factor(s, m_lepton)


def differential(s: Any, cosine: Any, current: DarkCurrent) -> Any:
    """Return dsigma/dcos theta for massless leptons: (3/8)(1 + cos^2 theta) times the total."""
    return cross_section(s, current) * 0.375 * (1.0 + np.square(cosine))
