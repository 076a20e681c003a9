"""Events of several kinds that are generated once and written in every format."""

from functools import cache

import awkward as ak

import darkmc
from darkmc.core.event_columns import flat

# decays of many mesons; scattering and conversion with decays on the way; beams; a
# dump; a heavy axion
POINTS = {
    "charm": ("charm-finegrained", 0.03, 0.0, 6e-5, {"source.mesons": ["pi0", "rho0"]}),
    "lsnd": ("lsnd", 0.01, 0.0, 1e-3, {"simulation.signal": "all", "simulation.biasing": "turned"}),
    "babar": ("babar", 0.5, 0.0, 1e-2, {}),
    "e137": ("e137", 0.02, 0.0, 1e-5, {}),
    "heavy": ("charm-finegrained", 0.01, 0.02, 1e-3, {"source.mesons": ["pi0", "rho0"]}),
}


class Made:
    """Events that are generated once."""

    def __init__(self, key, n=300):
        name, m_dark_photon, m_axion, self.coupling, overrides = POINTS[key]
        self.portal = darkmc.DarkAxionPortal(m_dark_photon, m_axion)
        self.experiment = darkmc.Experiment(name, overrides=overrides)
        stream = self.experiment.generate(self.portal, self.coupling, n, seed=3)
        self.metadata, self.chunks = stream.metadata, list(stream)
        self.sum_of_weights = stream.sum_of_weights

    def __iter__(self):
        return iter(self.chunks)

    @property
    def columns(self):
        return flat(ak.concatenate(self.chunks))


@cache
def made_once(key, n=200):
    """Return events that several tests look at."""
    return Made(key, n)
