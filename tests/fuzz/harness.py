"""How inputs are tried: how many, at what cost, and what may come out of it."""

import contextlib
import functools
import io
import os
import re
import signal
import tempfile
import unittest.mock
import warnings
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.internal.conjecture import providers

import darkmc
from darkmc.cli import main

REFUSALS = (darkmc.CardError, darkmc.PhysicsError, OSError)  # what the command line makes one line of
OWN_WARNINGS = (darkmc.PrecisionWarning, darkmc.ValidityWarning)
CPU_SECONDS = 30  # of one input; most take a hundredth
_NO_NUMBER = re.compile(r"(?<![\w./-])[+-]?(nan|inf|infinity)(?![\w./-])", re.IGNORECASE)
_FOREIGN = re.compile(r"encountered in|deprecat|RuntimeWarning|Traceback", re.IGNORECASE)
_CODES = (0, 2, 3)
# Newer versions of hypothesis draw literals of all loaded modules: others for each selection of tests.
_HARVEST, _nothing = "_get_local_constants", functools.partial(getattr(providers, "Constants", dict))


def fuzz(fast, slow, *strategies):
    """Make a test of a function of drawn inputs: `fast` of them in the suite, `slow` with -m slow.

    The inputs are always the same ones: no data base, no clock, no seed of the day.
    """

    def decorate(function):
        @pytest.mark.filterwarnings("ignore:Generating overly large repr")
        @pytest.mark.parametrize("inputs", [fast, pytest.param(slow, marks=pytest.mark.slow)])
        @functools.wraps(function, assigned=("__name__", "__doc__", "__module__"), updated=())
        def test(inputs):
            chosen = settings(
                max_examples=inputs,
                derandomize=True,
                database=None,
                deadline=None,
                phases=(Phase.generate, Phase.shrink),
                suppress_health_check=list(HealthCheck),
            )
            with unittest.mock.patch.object(providers, _HARVEST, _nothing, create=True):
                chosen(given(*strategies)(function))()

        del test.__wrapped__
        return test

    return decorate


class Hung(BaseException):
    """An input took too long; no library may swallow it."""


@contextlib.contextmanager
def bounded(seconds=CPU_SECONDS):
    """Fail a block that takes more CPU time than this."""

    def stop(*_):
        raise Hung

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    except Hung:
        raise AssertionError(f"more than {seconds} s of CPU for one input") from None
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@contextlib.contextmanager
def folder(files=()):
    """Work in an empty folder with copies of some files, inside another: ``..`` leads to nothing of ours."""
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as outer:
        inner = Path(outer) / "here"
        inner.mkdir()
        for name, content in dict(files).items():
            (inner / name).write_bytes(content)
        os.chdir(inner)
        try:
            yield inner
        finally:
            os.chdir(here)


def contents(place):
    """All files and folders below a folder."""
    return {str(path.relative_to(place)) for path in place.rglob("*")}


class Answer(NamedTuple):
    code: int
    out: str
    err: str


def ask(*arguments):
    """Run the command line in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), bounded():
        try:
            code = main(arguments)
        except SystemExit as end:  # --help and --version of argparse
            code = 99 if end.code else 0
    return Answer(code, out.getvalue(), err.getvalue())


def check_answer(answer, shows_cards=False):
    """Check what any command must keep to: codes, one line of error, no number that is none."""
    code, out, err = answer
    assert code in _CODES, (code, err)
    lines = [line for line in err.splitlines() if not line.startswith("darkmc: note: ")]
    problems = [line for line in lines if not line.startswith("darkmc: warning: ")]
    assert len(problems) == (code == 2), err
    assert len(lines) <= 6, err
    assert len(set(lines)) == len(lines), f"said twice: {err}"
    assert not _FOREIGN.search(err), err
    if not shows_cards:
        assert not _NO_NUMBER.search(out), out


@contextlib.contextmanager
def own_words():
    """Let pass the warnings that are ours; any other is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for kind in OWN_WARNINGS:
            warnings.simplefilter("ignore", kind)
        yield


def tried(function, *arguments, **keywords):
    """Return what a call gives, or None where it refuses in one line."""
    with own_words(), bounded():
        try:
            return function(*arguments, **keywords)
        except REFUSALS as error:
            refusal = str(error)
    assert refusal.strip(), "a refusal without words"
    return None
