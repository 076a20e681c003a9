"""Look of all pictures: colours that differ in grey, sans text, vector output that can be searched."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from darkmc.output.files import replacing

# Okabe-Ito order, arranged so that neighbours differ in luminance; hatches tell bands apart in grey.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000", "#F0E442")
HATCHES = ("", "////", "....", "\\\\\\\\", "xxxx", "||||", "++++", "----")
SETTINGS: Any = {
    "font.size": 11,
    "axes.linewidth": 0.9,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "xtick.top": True,
    "ytick.right": True,
    "xtick.minor.visible": True,
    "ytick.minor.visible": True,
    "legend.frameon": False,
    "pdf.fonttype": 42,
    "savefig.dpi": 160,
}


@contextmanager
def styled() -> Iterator[None]:
    """Apply the common settings to what is drawn inside."""
    import matplotlib as mpl

    with mpl.rc_context(SETTINGS):
        yield


def save(figure: Any, outputs: Sequence[Path]) -> None:
    """Write a figure to files whose suffixes give the format; each is whole or not there."""
    logging.getLogger("fontTools").setLevel(logging.ERROR)  # it comments on the age of the fonts
    for output in outputs:
        with replacing(output) as temporary:
            figure.savefig(temporary, format=output.suffix[1:])
