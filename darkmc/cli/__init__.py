"""The command line."""

from darkmc.cli.parser import main

__all__ = ["main"]
