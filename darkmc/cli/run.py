"""Runs the command line.  Bad input is one line on stderr and exit code 2."""

import re
import signal
import sys
from collections.abc import Sequence

from darkmc.cli.parser import build_parser
from darkmc.cli.usage import UsageError
from darkmc.core.process import Left, Terminated, flush_output, open_streams, stoppable, tell

BAD_INPUT, POINTS_FAILED, INTERRUPTED, TERMINATED = 2, 3, 130, 143


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code.

    Without `arguments` those of the process are taken, and the process is taken to end here: its standard
    streams are set up, and once the exit code is certain signals no longer change it.
    """
    if arguments is None:
        open_streams()
    with stoppable() as stop:
        try:
            code = _main(arguments)
        except BaseException as error:
            # libraries may turn an interruption into an error of their own
            if not (stop.number or isinstance(error, KeyboardInterrupt)):
                raise
            code = (
                TERMINATED if stop.number == signal.SIGTERM or isinstance(error, Terminated) else INTERRUPTED
            )
            word = "terminated" if code == TERMINATED else "interrupted"
            left = [note for note in getattr(error, "__notes__", ()) if isinstance(note, Left)]
            tell("; ".join([word, *left]))
    if arguments is None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        # After an interruption within executed text (dataclasses are made so) CPython kills itself at its
        # end, though the interruption was handled; the next text that runs whole makes it forget.
        exec("")
    return code


def _main(arguments: Sequence[str] | None) -> int:
    try:
        try:
            options = build_parser().parse_args(_told(arguments))
            from darkmc.cli.commands import run

            return run(options)
        finally:
            flush_output()  # here, where a full disk or a reader that has left can be reported
    except UsageError as error:
        return _fail(str(error))
    except BrokenPipeError:
        return 0
    except (ValueError, OSError, ImportError, RuntimeError) as error:
        from darkmc.core.errors import CardError, FailedPointsError, PhysicsError

        if isinstance(error, FailedPointsError):
            for line in error.lines:
                _fail(f"darkmc: {line}")
            return POINTS_FAILED

        if isinstance(error, CardError | PhysicsError):
            return _fail(f"darkmc: {error}")
        if isinstance(error, OSError):
            where = f"{error.filename}: " if error.filename is not None else ""
            return _fail(f"darkmc: {where}{error.strerror or error}")
        if isinstance(error, ImportError) and error.name and not error.name.startswith("darkmc"):
            return _fail(f"darkmc: the package '{error.name}' is missing: pip install '{error.name}'")
        raise


def _told(arguments: Sequence[str] | None) -> Sequence[str]:
    """Return the arguments; a value "--", of which argparse makes an empty list, is an error."""
    told = sys.argv[1:] if arguments is None else arguments
    for word in told:
        if found := re.fullmatch(r"(--[^=]+|-[^-])=?--", word):
            raise UsageError(f"darkmc: argument {found[1]}: expected a value, not --")
    return told


def _fail(message: str) -> int:
    from darkmc.core.errors import brief

    tell(brief(message))
    return BAD_INPUT
