"""What entries of a list are roughly worth, by the energies that their dark states have at the detector."""

from collections.abc import Sequence

import numpy as np

from darkmc.biasing.lists import Worth
from darkmc.core.kinematics import Array, length
from darkmc.core.particles import mass
from darkmc.core.rng import CHUNKS, chunk_rng
from darkmc.engine.chain import Chain

DEPTHS = (0.0, 2.0, 10.0)  # in units of the largest energy, where couplings are not given
_SHARES = (0.5, 0.25, 0.25)  # of the draws
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

    def __call__(self, energies: Array) -> Worth:
        """Return what entries are worth at energies (k,) of massless states; see :class:`ListPrimaries`."""
        energy = self._ahead[:, None] * np.maximum(energies, 1e-30)
        accepted = self._signal.acceptance(energy) if self._signal.per_length else self._decays(energy)
        if self._depths is None:
            depths, shares = np.array(DEPTHS) * float(np.max(energies)), np.array(_SHARES)
        else:
            depths = np.array(self._depths)
            shares = np.full(len(depths), 1.0 / len(depths))
        out = np.zeros((len(depths), len(energies)))
        for k, depth in enumerate(depths):
            exponent = depth / energy
            out[k] = np.mean(accepted * np.exp(np.min(exponent) - exponent), axis=0)
        return Worth(depths, shares, out)
