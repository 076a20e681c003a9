"""Constants of nature and unit conversions: natural units, GeV, metres; nothing with a mass.

Source: CODATA 2018 (hbar c, GeV^-2 in cm^2, speed of light) and 1/alpha = 137.035999.
"""

ALPHA = 1.0 / 137.035999
HBAR_C_GEV_M = 1.973269804e-16
GEV2_TO_PB = 0.3893793721e9
GEV2_TO_CM2 = 0.3893793721e-27
SPEED_OF_LIGHT_M_PER_NS = 0.299792458
AVOGADRO = 6.02214076e23
