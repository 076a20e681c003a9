"""Look of all pictures: colours that differ in grey, sans text, vector output that can be searched."""

from typing import Any

# Okabe-Ito order, arranged so that neighbours differ in luminance; hatches tell bands apart in grey.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000", "#F0E442")
HATCHES = ("", "////", "....", "\\\\\\\\", "xxxx", "||||", "++++", "----")
SETTINGS: dict[str, Any] = {
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
