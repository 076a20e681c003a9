"""darkmc: Monte Carlo simulation of the dark axion portal at fixed-target and collider experiments.

Public names are loaded when they are first used, so that ``import darkmc`` costs nothing.
"""

from importlib import import_module
from typing import Any

__version__ = "0.2.0"

_HOME = {
    "CardError": "darkmc.core.errors",
    "PhysicsError": "darkmc.core.errors",
    "PrecisionWarning": "darkmc.core.errors",
    "ValidityWarning": "darkmc.core.errors",
    "DarkCurrent": "darkmc.portals.dark_axion.current",
    "DarkAxionPortal": "darkmc.portals.dark_axion.facade",
    "Experiment": "darkmc.experiments.experiment",
    "Exclusion": "darkmc.core.intervals",
    "MesonSource": "darkmc.sources.mesons",
    "Sample": "darkmc.sample.sample",
    "Yield": "darkmc.sample.yields",
    "BinnedYield": "darkmc.sample.yields",
    "read_events": "darkmc.output.events",
    "reweight": "darkmc.sample.reweight",
    "write_events": "darkmc.output.events",
    "write_root": "darkmc.output.events",
    "list_experiments": "darkmc.cards.names",
    "list_fluxes": "darkmc.cards.names",
    "list_runs": "darkmc.cards.names",
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
