"""Where excluded couplings leave the range in which what is computed holds."""

import math
from typing import TYPE_CHECKING

from darkmc.core.constants import HBAR_C_GEV_M
from darkmc.core.intervals import SCAN_HIGH, Exclusion
from darkmc.portals.portal import DarkState
from darkmc.sample.sample import Sample

if TYPE_CHECKING:
    from darkmc.cards.electron_dump import DumpCard
    from darkmc.cards.experiment import FixedTargetCard

THICK_COUPLING = 0.3  # GeV^-1, where conversions stop being rare, for a card that does not say of what
MOST_ABSORBED = 0.1  # of the carriers of a signal, before it is said
LARGEST_WIDTH = 0.1  # over the mass: beyond, the narrow width fails


def validity(
    sample: Sample,
    exclusion: Exclusion,
    scale: tuple[str, float],
    nothing: str,
    card: "FixedTargetCard | DumpCard | None" = None,
) -> list[str]:
    """Return remarks on an exclusion, none where all is well.

    A selection that leaves nothing; carriers that convert in the shield before they arrive; G M > 4 pi,
    where the effective vertex fails; a width above a tenth of the mass, where the narrow one does.

    Parameters
    ----------
    sample : Sample
        With its portal.
    exclusion : Exclusion
        What is excluded.
    scale : (str, float)
        The energy M (GeV) of the production, and its symbol: the heaviest meson's mass, or sqrt(s).
    nothing : str
        What is said if no row passes the cuts.
    card : FixedTargetCard or DumpCard, optional
        With what may absorb on the way.
    """
    if sample.channel_rows and not any(channel.passing.any() for channel in sample.channel_rows):
        return [nothing]
    tops = (i.upper if math.isfinite(i.upper) else SCAN_HIGH for i in exclusion.intervals)
    top = max(tops, default=0.0)
    assert sample.portal is not None
    heavy = sample.portal.heavy
    remarks = [] if card is None else _absorption(card, sample, heavy.decays, top)
    symbol, energy = scale
    effective = effective_coupling(energy)
    if top > effective:
        remarks.append(f"above {effective:.3g} GeV^-1 the effective theory fails (G {symbol} > 4 pi)")
    wide = wide_coupling(heavy)
    if top > wide:
        remarks.append(f"above {wide:.3g} GeV^-1 the width exceeds a tenth of the mass")
    return remarks


def effective_coupling(energy: float) -> float:
    """Return the coupling (GeV^-1) at which G E = 4 pi: above it the effective vertex fails."""
    return 4.0 * math.pi / energy


def wide_coupling(heavy: DarkState) -> float:
    """Return the coupling (GeV^-1) from which on the width exceeds LARGEST_WIDTH of the mass."""
    return math.sqrt(LARGEST_WIDTH * heavy.mass * heavy.ctau / HBAR_C_GEV_M)


def _absorption(card: "FixedTargetCard | DumpCard", sample: Sample, decays: bool, top: float) -> list[str]:
    """Return from which coupling on more than MOST_ABSORBED of the carriers convert, if that is excluded.

    Of decays alone it is known only where absorption is counted.
    """
    if card.shield is None:
        if card.decays_only or top <= THICK_COUPLING:
            return []
        return [f"above {THICK_COUPLING:g} GeV^-1 the detector is not thin and absorption matters"]
    if top > THICK_COUPLING and not decays and not card.decays_only:
        return [f"above {THICK_COUPLING:g} GeV^-1 absorption matters, and is left out for equal masses"]
    if top <= 0.0 or sample.absorbed(top) <= MOST_ABSORBED:
        return []
    low, high = math.log(1e-4 * top), math.log(top)
    while high - low > 0.01:
        middle = 0.5 * (low + high)
        low, high = (low, middle) if sample.absorbed(math.exp(middle)) > MOST_ABSORBED else (middle, high)
    counted = "counted as lost" if card.simulation.absorption else "not taken into account"
    share, thick = f"{100.0 * MOST_ABSORBED:g}%", f"above {math.exp(high):.2g} GeV^-1"
    return [f"{thick} more than {share} of what flies converts in the shield ({counted})"]
