"""What `darkmc completion` prints."""

import argparse
from importlib import import_module
from typing import Any

from darkmc.core.errors import PhysicsError, how_to_get

_BASH = """
_darkmc_names() {
  compgen -W "$(darkmc list experiments 2>/dev/null)" -- "$1"
  compgen -f -X '!*.toml' -- "$1"
}
"""
_ZSH = """
_darkmc_names() {
  compadd -- ${(f)"$(darkmc list experiments 2>/dev/null)"}
  _files -g '*.toml'
}
"""
_NAMES = {"bash": "_darkmc_names", "zsh": "_darkmc_names", "tcsh": "`darkmc list experiments`"}


def completion(options: argparse.Namespace) -> int:
    """Print a completion script."""
    from darkmc.cli.parser import build_parser

    try:
        shtab = import_module("shtab")
    except ImportError:
        raise PhysicsError(f"completion needs shtab: {how_to_get('completion')}") from None
    parser = build_parser()
    for command in parser.commands.choices.values():
        for action in command._actions:
            _complete(action, shtab)
    print(shtab.complete(parser, options.shell, preamble={"bash": _BASH, "zsh": _ZSH}))
    return 0


def _complete(action: Any, shtab: Any) -> None:
    """Say of an argument what completes it: names of experiments, files, folders."""
    if action.dest == "experiment":
        action.complete = _NAMES
    elif action.dest in ("output", "table", "input", "sample", "overlay", "tables"):
        action.complete = shtab.FILE
    elif action.dest == "folder":
        action.complete = shtab.DIRECTORY
