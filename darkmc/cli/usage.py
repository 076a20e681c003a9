"""Parsers whose errors are one line with what may have been meant, and help that begins with what matters."""

import argparse
import re
from collections.abc import Sequence
from typing import Any, NoReturn

from darkmc.core.errors import nearest

FIRST = {  # commands that matter first, with an example each
    "rate": "darkmc rate charm-finegrained --m-dark-photon 30MeV --coupling 6e-5",
    "limit": "darkmc limit charm-finegrained --m-dark-photon 1MeV:100MeV:12",
    "explain": "darkmc explain charm-finegrained --m-dark-photon 30MeV --coupling 6e-5",
    "generate": "darkmc generate charm-decay --m-dark-photon 30MeV --coupling 6e-5 --events 999 -o x.root",
}


class UsageError(ValueError):
    """The command line cannot be understood."""


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line, and that takes -1e-5 for a number."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._negative_number_matcher = re.compile(r"^-(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?[A-Za-z]*$")

    def error(self, message: str) -> NoReturn:
        """Raise UsageError."""
        raise UsageError(f"{self.prog}: {message}")

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Refuse the first option that is none of this command's before it is found what misses."""
        if not any(action.nargs in (argparse.REMAINDER, argparse.PARSER) for action in self._actions):
            for word in args or ():
                name = word.partition("=")[0]
                if re.fullmatch(r"--[A-Za-z].*", name) and name not in self._option_string_actions:
                    self.error(f"no option '{name}'{nearest(name, self._long_options())}")
        return super().parse_known_args(args, namespace)

    def _long_options(self) -> list[str]:
        return [name for name in self._option_string_actions if name.startswith("--")]

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            what = action.metavar or "/".join(action.option_strings) or action.dest
            raise UsageError(f"{self.prog}: {what}: unknown '{value}'{nearest(value, action.choices)}")


class MainParser(Parser):
    """The parser of the whole command line."""

    commands: Any

    def error(self, message: str) -> NoReturn:
        """Raise UsageError; of a missing command, with where to look."""
        super().error("COMMAND is missing; darkmc --help lists them" if "COMMAND" in message else message)

    def format_help(self) -> str:
        """Return what the commands do, those that matter first with an example each."""
        told = {action.dest: action.help for action in self.commands._choices_actions}
        lines = [
            "usage: darkmc COMMAND ... | darkmc COMMAND --help | darkmc --version",
            "",
            self.description or "",
        ]
        lines += ["", "What matters first:"]
        for name, example in FIRST.items():
            lines += [f"  {name:16s}{told[name]}", f"  {'':16s}  {example}"]
        lines += ["", "Everything else:"]
        lines += [f"  {name:16s}{text}" for name, text in told.items() if name not in FIRST]
        return "\n".join([*lines, "", self.epilog or "", ""])


def whole(text: str) -> int:
    """Return a whole number; argparse names the option."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a whole number, not '{text}'") from None


def add_verbosity(parser: argparse.ArgumentParser) -> None:
    """Let a command say less, or more."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--quiet", action="store_true", help="results and errors only: no bars, no warnings")
    group.add_argument("--verbose", action="store_true", help="what is read and done, in lines on stderr")
