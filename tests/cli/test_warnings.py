"""The command line shows each warning once, and only its own under its own name."""

import warnings

import pytest

from darkmc.cli import commands as cli_commands
from darkmc.cli import main
from darkmc.core.errors import DarkmcWarning, PrecisionWarning

OWN = [("a word", PrecisionWarning), ("two\nlines", DarkmcWarning), ("a word", PrecisionWarning)]
OTHERS = [("gone soon", DeprecationWarning), ("gone soon", PendingDeprecationWarning)]


@pytest.fixture
def _python_defaults():
    with warnings.catch_warnings():
        warnings.resetwarnings()
        for kind in (DeprecationWarning, PendingDeprecationWarning):
            warnings.simplefilter("ignore", kind)
        yield


@pytest.mark.usefixtures("_python_defaults")
def test_whose_warnings_are_shown(monkeypatch, capsys):
    def command(_options):
        for text, kind in (
            *OWN,
            *OTHERS,
            ("odd", UserWarning),
            ("odd", UserWarning),
            ("0/0", RuntimeWarning),
        ):
            warnings.warn_explicit(text, kind, "/libs/other.py", 7)
        return 0

    monkeypatch.setitem(cli_commands.COMMANDS, "list", command)
    assert main(["list", "experiments"]) == 0
    assert capsys.readouterr().err.splitlines() == [
        "darkmc: warning: a word",
        "darkmc: warning: two lines",
        "/libs/other.py:7: UserWarning: odd",
        "/libs/other.py:7: RuntimeWarning: 0/0",
    ]
