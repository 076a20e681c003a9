"""Limits over grids of masses: `scan` yields the points of a `ScanRequest`."""

from importlib import import_module
from typing import Any

_HOME = {"ScanRequest": "darkmc.scan.point", "scan": "darkmc.scan.grid"}
__all__ = ["ScanRequest", "scan"]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'darkmc.scan' has no attribute '{name}'")
