"""Table of the pi0 that the fluxes of the shipped experiments make."""

import warnings
from collections.abc import Iterator

import numpy as np
from scattering_tables import Table

import darkmc
from darkmc.core.errors import DarkmcWarning

ABOVE = (1.0, 10.0, 50.0)
N, SEED = 2_000_000, 1
FLUXES = {
    "charm, na62-dump": "bmpt-cu-400",
    "ship": "bmpt-mo-400",
    "nucal": "bmpt-fe-70",
    "miniboone-offtarget": "sanford-wang-fe-8gev",
    "miniboone-offtarget, published": "sanford-wang-be-8gev",
    "lsnd": "burman-smith-lsnd",
}


def pions() -> Iterator[Table]:
    """Yield the table of pi0 per proton on target: in all, and above some momenta."""
    head = ["experiment", "flux", "what", "all", *(f"> {least:g} GeV" for least in ABOVE)]
    rows = [head]
    for experiment, flux in FLUXES.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DarkmcWarning)
            source = darkmc.MesonSource(flux, cascade=True)
            known = {"best": source}
            if source.card.cascade != "none":
                known["first interactions"] = source.alternatives["first-generation"]
                known["UrQMD with the cascade"] = source.alternatives["urqmd"]
            rows += [[experiment, flux, name, *above(made)] for name, made in known.items()]
    yield "pions-per-proton", "pi0 per proton on target", rows


def above(source: darkmc.MesonSource) -> list[str]:
    """Return pi0 per proton on target as text: in all, and above some momenta."""
    momentum, _, weight = source.sample("pi0", N, SEED)
    return [f"{np.sum(weight[momentum > least]):.4g}" for least in (0.0, *ABOVE)]
