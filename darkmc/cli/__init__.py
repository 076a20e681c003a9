"""The command line."""

from darkmc.cli.run import main

__all__ = ["main"]
