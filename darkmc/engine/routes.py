"""How a dark state gets from where it is made to where it is seen: directly, or as daughter of a decay.

A state that decays beyond some length ("far") does so at one drawn from a fixed density; before that
("near") the place of the decay does not matter.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from darkmc.biasing.placement import Pointing, Turn
from darkmc.core.kinematics import Array, length
from darkmc.core.mixtures import half_logarithmic_weight
from darkmc.portals.portal import DarkState
from darkmc.sample.columns import NOTHING
from darkmc.signals.signal import Outcome

SPLIT_M = 1.0  # a state that decays before this decays in the target, seen from the detector
Kind = Literal["direct", "near", "far"]


@dataclass(frozen=True)
class Route:
    """One way to the detector.

    Attributes
    ----------
    kind : {"direct", "near", "far"}
        Whether the state itself arrives, or the daughter of a decay before or beyond `split_m`.
    carrier : DarkState
        What leaves.
    arriving : DarkState
        What gets there.
    split_m : float
        Path before which the place of a decay does not matter, m; None: SPLIT_M.
    inside : bool
        The carrier starts and decays within the volume, and the decay is what events call so: otherwise it
        does on its way to a volume far away.
    """

    kind: Kind
    carrier: DarkState
    arriving: DarkState
    split_m: float | None = None
    inside: bool = False

    @property
    def split(self) -> float:
        """Path before which the place of a decay does not matter, m."""
        return SPLIT_M if self.split_m is None else self.split_m

    @property
    def n_uniform(self) -> int:
        """How many uniform numbers :meth:`path` takes: within the volume one, that of a vertex, will do."""
        return 1 if self.inside else 2

    @property
    def vertices(self) -> tuple[str, ...]:
        """What events call the place of the decay; none where there is none."""
        if not self.upstream:
            return ()
        return ("decay",) if self.inside else ("upstream",)

    @property
    def upstream(self) -> bool:
        """Whether there is a decay on the way."""
        return self.kind != "direct"

    def path(self, uniform: Array, end: Any) -> tuple[Array, Array]:
        """Return where the carrier decays (m) and 1/g of that draw: half flat, half flat in the logarithm.

        Parameters
        ----------
        uniform : array (n_uniform, n)
            Uniform numbers.
        end : float or array (n,)
            Path up to which it may decay, m.
        """
        if self.kind != "far":
            return np.zeros(uniform.shape[1]), np.ones(uniform.shape[1])
        low, flat = self.split, uniform[0] < 0.5
        high = np.maximum(end, low * (1.0 + 1e-9))
        once = uniform[1] if self.n_uniform > 1 else 2.0 * uniform[0] % 1.0
        path = np.where(flat, low + (high - low) * once, low * (high / low) ** once)
        return path, half_logarithmic_weight(path, low, high)

    def pointing(self, carrier: Array, path: Array, reach: float) -> Pointing | None:
        """Return what is turned into the solid angle: where the daughter crosses the distance `reach`, m.

        Beyond that distance it is the place of the decay: what flies on from there is not turned far off it.
        """
        if self.kind != "far":
            return None

        def crossing(moved: Turn, light: Array) -> Array:
            flight = moved(carrier)[1:]
            flight = flight / length(flight)
            direction = light[1:] / length(light[1:])
            cosine = np.einsum("ij,ij->j", flight, direction)
            out_to = np.maximum(reach, path)
            onward = np.sqrt(out_to**2 - path**2 * np.maximum(1.0 - cosine**2, 0.0)) - path * cosine
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
            return survive, per_metre * self.split, window
        if self.kind == "far":
            survive = survive + per_metre * path
        return survive, window if len(window) else np.full_like(survive, np.inf), NOTHING
