"""Where couplings that a collider excludes leave the range in which what is computed holds."""

import math

from darkmc.core.intervals import SCAN_HIGH, Exclusion
from darkmc.portals.dark_axion.facade import DarkAxionPortal
from darkmc.sample.sample import Sample

LARGEST_WIDTH = 0.1  # over the mass: beyond, the narrow width fails


def validity(sample: Sample, exclusion: Exclusion, sqrt_s: float, hardest: float) -> list[str]:
    """Return remarks on an exclusion, none where all is well.

    Parameters
    ----------
    sample : Sample
        With its masses.
    exclusion : Exclusion
        What is excluded.
    sqrt_s, hardest : float
        Energy of the beams and of the hardest photon in the centre of mass, GeV.
    """
    if sample.channels_ and not any(channel.passing.any() for channel in sample.channels_):
        return [f"the cuts leave nothing: photons have at most {hardest:.3g} GeV in the centre of mass"]
    tops = (i.upper if math.isfinite(i.upper) else SCAN_HIGH for i in exclusion.intervals)
    top = max(tops, default=0.0)
    remarks = []
    effective = 4.0 * math.pi / sqrt_s
    if top > effective:
        remarks.append(f"above {effective:.3g} GeV^-1 the effective theory fails (G sqrt(s) > 4 pi)")
    portal = DarkAxionPortal(*sample.masses)
    width = float(portal.dark_photon_width()) or float(portal.axion_width())
    wide = math.sqrt(LARGEST_WIDTH * max(sample.masses) / width) if width > 0.0 else math.inf
    if top > wide:
        remarks.append(f"above {wide:.3g} GeV^-1 the width exceeds a tenth of the mass")
    return remarks
