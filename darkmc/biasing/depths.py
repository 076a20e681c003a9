"""Where and when mesons of a density start: in the depth of a target."""

import numpy as np

from darkmc.core.constants import SPEED_OF_LIGHT_M_PER_NS
from darkmc.core.kinematics import Array
from darkmc.sources.mesons import MesonSource


def starts(source: MesonSource, meson: str, momentum: Array, uniform: Array, origin: Array) -> Array | None:
    """Return where (m) and when (ns) mesons of momenta (3, n) start, (4, n); None: where the beam hits.

    The proton flies there at the speed of light.

    Parameters
    ----------
    source : MesonSource
        Where they come from.
    meson : str
        The species.
    momentum : array (3, n)
        GeV.
    uniform : array (1, n) or (0, n)
        One row where the source knows depths.
    origin : array (3,)
        Where the beam hits the target, m.
    """
    if source.densities.deepest == 0.0:
        return None
    depth = source.densities.depths(meson, momentum, uniform[0])
    out = np.zeros((4, len(depth)))
    out[:3] = origin[:, None]
    out[2] += depth
    out[3] = depth / SPEED_OF_LIGHT_M_PER_NS
    return out
