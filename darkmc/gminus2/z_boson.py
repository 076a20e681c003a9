"""The Z boson as the loops with an a gamma Z vertex see it."""

import math

MASS = 91.1876  # GeV, PDG 2022
SIN2_WEINBERG = 0.2312  # effective, [PV] eq. 11
# kappa0, the vector coupling to a charged lepton in units of e
VECTOR_COUPLING = (1.0 - 4.0 * SIN2_WEINBERG) / (4.0 * math.sqrt(SIN2_WEINBERG * (1.0 - SIN2_WEINBERG)))
