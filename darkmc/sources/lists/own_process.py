"""A generator in a process of its own: ``python -m darkmc.sources.lists.own_process SETTINGS FOLDER``.

Its Fortran prints, leaves files in the working directory and may stop the interpreter.  What it made is in
FOLDER/made.npz.
"""

import contextlib
import json
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from darkmc.sources.lists import chromo_models, pythia


def main(arguments: list[str]) -> int:
    """Generate, and write the mesons with their settings; or say in the file ``error`` what went wrong."""
    wanted, folder = arguments[0], Path(arguments[1])
    warnings.filterwarnings("ignore", message=".*haven't been decayed")  # weakly decaying strange particles
    try:
        with contextlib.chdir(folder):
            settings = json.loads(wanted)
            made = (pythia if settings["model"] == "Pythia8" else chromo_models).generate(settings)
            arrays: dict[str, Any] = {"settings": np.array(wanted), **made}
            np.savez(folder / "made.npz", **arrays)
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        text = str(error).strip().splitlines() or [""]
        (folder / "error").write_text(f"{type(error).__name__}: {text[0]}", encoding="utf-8")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
