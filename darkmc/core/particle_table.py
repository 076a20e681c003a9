"""Mean masses and total widths (MeV) of the `particle` package, version 1.1.0.

Written by tools/particle_table.py: the package takes longer to load than a rate to compute.
"""

MASS_AND_WIDTH_MEV = {
    "e": (0.51099895069, 0.0),
    "mu": (105.6583755, 2.9959836e-16),
    "tau": (1776.93, 2.267e-09),
    "proton": (938.27208943, 0.0),
    "pi+": (139.57039, 2.5284e-14),
    "pi0": (134.9768, 7.81e-06),
    "eta": (547.862, 0.00131),
    "eta'": (957.78, 0.188),
    "rho0": (775.26, 147.4),
    "omega": (782.66, 8.68),
    "phi": (1019.46, 4.249),
    "J/psi": (3096.9, 0.0926),
    "Upsilon(3S)": (10355.1, 0.0203),
}
