"""How a dark state gets from where it is made to where it is seen: directly, or as daughter of a decay.

A state that decays beyond SPLIT_M ("far") does so at a length drawn from a fixed density; before that
("near") the place of the decay does not matter.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from darkmc.biasing.placement import Pointing, Turn
from darkmc.core.kinematics import Array, length
from darkmc.core.mixtures import half_logarithmic_weight
from darkmc.portals.portal import DarkState
from darkmc.sample.columns import NOTHING
from darkmc.signals.signal import Outcome

SPLIT_M = 1.0  # a state that decays before this decays in the target, seen from the detector
N_UNIFORM = 2


@dataclass(frozen=True)
class Route:
    """One way to the detector.

    Attributes
    ----------
    kind : {"direct", "near", "far"}
        Whether the state itself arrives, or the daughter of a decay before or beyond SPLIT_M.
    carrier : DarkState
        What leaves.
    arriving : DarkState
        What gets there.
    """

    kind: Literal["direct", "near", "far"]
    carrier: DarkState
    arriving: DarkState

    @property
    def upstream(self) -> bool:
        """Whether there is a decay on the way."""
        return self.kind != "direct"

    def path(self, uniform: Array, end: float) -> tuple[Array, Array]:
        """Return where the carrier decays (m) and 1/g of that draw: half flat, half flat in the logarithm."""
        if self.kind != "far":
            return np.zeros(uniform.shape[1]), np.ones(uniform.shape[1])
        low, high = SPLIT_M, max(end, SPLIT_M * (1.0 + 1e-9))
        flat = uniform[0] < 0.5
        path = np.where(flat, low + (high - low) * uniform[1], low * (high / low) ** uniform[1])
        return path, half_logarithmic_weight(path, low, high)

    def pointing(self, carrier: Array, path: Array, reach: float) -> Pointing | None:
        """Return what is turned into the solid angle: where the daughter crosses the distance `reach`, m."""
        if self.kind != "far":
            return None

        def crossing(moved: Turn, light: Array) -> Array:
            flight = moved(carrier)[1:]
            flight = flight / length(flight)
            direction = light[1:] / length(light[1:])
            cosine = np.einsum("ij,ij->j", flight, direction)
            onward = np.sqrt(reach**2 - path**2 * np.maximum(1.0 - cosine**2, 0.0)) - path * cosine
            point: Array = path * flight + onward * direction
            out: Array = point / length(point)
            return out

        return crossing

    def lengths(self, outcome: Outcome, per_metre: Array, path: Array) -> tuple[Array, Array, Array]:
        """Return `survive`, `window` and `second` of rows.

        Parameters
        ----------
        outcome : Outcome
            What the signal says of the state that arrives.
        per_metre : array (n,)
            Proper length of the carrier per metre.
        path : array (n,)
            Where the carrier decays, m.
        """
        survive, window = outcome.survive, outcome.window
        if self.kind == "near":
            return survive, per_metre * SPLIT_M, window
        if self.kind == "far":
            survive = survive + per_metre * path
        return survive, window if len(window) else np.full_like(survive, np.inf), NOTHING
