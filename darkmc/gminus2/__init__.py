"""Anomalous magnetic moments of leptons: plain functions of masses and couplings, without the simulation.

Every loop function takes the lepton ("e", "mu" or "tau"), masses in GeV and couplings, broadcasts over
arrays and returns the contribution Delta a_l. Names are loaded when they are first used.
"""

from importlib import import_module
from typing import Any

_HOME = {
    "dark_axion_two_loop": "two_loop",
    "dark_axion_one_loop": "one_loop",
    "dark_axion_one_loop_z": "one_loop",
    "pseudoscalar_yukawa": "yukawa",
    "scalar_yukawa": "yukawa",
    "vector": "vector_bosons",
    "axial_vector": "vector_bosons",
    "barr_zee_pseudoscalar": "barr_zee",
    "barr_zee_scalar": "barr_zee",
    "inert_doublet": "charged_scalar",
    "kinetic_mixing_one_loop": "kinetic_mixing",
    "neutrino_loop_factors": "neutrino",
    "neutrino_mass_matrix": "neutrino",
    "casas_ibarra": "neutrino",
}
LOOPS = tuple(name for name, home in _HOME.items() if home != "neutrino")  # those that give one number
_MODULES = ("bands", "bounds", "combination", "data", "fit", "marginal", "masks", "scotogenic")

__all__ = sorted([*_HOME, *_MODULES])


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    if name in _HOME:
        value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")


def __dir__() -> list[str]:
    return __all__
