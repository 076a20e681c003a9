"""What entries of a list are roughly worth, by the energies that their dark states have at the detector."""

from collections.abc import Sequence

import numpy as np

from darkmc.core.kinematics import Array, length
from darkmc.core.particles import mass
from darkmc.core.rng import CHUNKS, chunk_rng
from darkmc.engine.chain import Chain

DEPTHS = (0.0, 2.0, 10.0)  # in units of the largest energy, where couplings are not given
_DECAYS = 48  # that are looked at


class ListWorth:
    """Roughly what entries are worth: acceptance times what is left of dark states on their way.

    Parameters
    ----------
    chain : Chain
        What mesons emit, and what is seen.
    depths : sequence of float or None
        C in GeV of exp(-C/E), the share that gets to the detector, at couplings that matter alike; None:
        those of an exclusion's both ends, by the largest energy.
    """

    def __init__(self, chain: Chain, depths: Sequence[float] | None) -> None:
        own, meson = chain.emission.n_uniform, mass(chain.parent)
        uniform = chunk_rng(0, chain.number, CHUNKS["proposal"][0]).random((own, _DECAYS))
        emitted = chain.emission.sample(uniform, None)
        state = emitted.last.momentum(chain.route.arriving.name)
        self._ahead = (state[0] + length(state[1:])) / meson  # 1 for massless states with half of the mass
        self._signal, self._depths = chain.signal, depths

    def _decays(self, energy: Array) -> Array:
        """Return what passes of rare decays within the volume."""
        out: Array = (self._signal.acceptance(energy) + 1e-4) / energy
        return out

    def __call__(self, energies: Array) -> Array:
        """Return worths (k,) at energies (k,) that massless states would have; see :class:`ListPrimaries`."""
        energy = self._ahead[:, None] * np.maximum(energies, 1e-30)
        accepted = self._signal.acceptance(energy) if self._signal.per_length else self._decays(energy)
        top = float(np.max(energies))
        out = np.zeros(len(energies))
        depths = [depth * top for depth in DEPTHS] if self._depths is None else self._depths
        for depth in depths:
            exponent = depth / energy
            worth = np.mean(accepted * np.exp(np.min(exponent) - exponent), axis=0)
            out += worth / max(float(np.max(worth)), 1e-300)
        return out
