"""darkmc: Monte Carlo simulation of the dark axion portal at fixed-target and collider experiments.

Public names are loaded when they are first used, so that ``import darkmc`` costs nothing.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOME = {
    "CardError": "darkmc.errors",
    "PhysicsError": "darkmc.errors",
    "PrecisionWarning": "darkmc.errors",
    "ValidityWarning": "darkmc.errors",
    "DarkCurrent": "darkmc.current",
    "DarkAxionPortal": "darkmc.portal",
    "Experiment": "darkmc.experiments.experiment",
    "Exclusion": "darkmc.limits",
    "MesonSource": "darkmc.mesons.source",
    "Sample": "darkmc.sample",
    "Yield": "darkmc.sample",
    "BinnedYield": "darkmc.sample",
    "write_root": "darkmc.output.root",
    "list_experiments": "darkmc.catalogue",
    "list_fluxes": "darkmc.catalogue",
    "list_runs": "darkmc.catalogue",
}
_MODULES = ("gminus2",)

__all__ = sorted([*_HOME, *_MODULES, "__version__"])


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"darkmc.{name}")
    if name in _HOME:
        value = getattr(import_module(_HOME[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'darkmc' has no attribute '{name}'")


def __dir__() -> list[str]:
    return __all__
