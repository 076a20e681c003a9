"""Cards of tables of mesons for tests, and tables that fits fill."""

import numpy as np

import darkmc
from darkmc.core.inverse_tables import gauss_legendre
from darkmc.sources.tables.cells import measures

CARD = """
schema = 1
name = "binned"
parametrisation = "table"
{top}
[[references]]
key = "made"
title = "made for a test"
gives = "bins"
grade = "C"

[beam]
particle = "proton"
energy_GeV = {energy}

[target]
element = "Cu"

[table]
files = {{ {files} }}
variables = [{variables}]
values = "{values}"
points = "{points}"
per = "{per}"
hemispheres = {hemispheres}
{more}
"""

ANGLES = ("p_GeV", "theta_rad")
LOGS = ("log10_theta_rad", "log10_p_GeV")
TRANSVERSE = ("log10_p_GeV", "log10_pT_GeV")


def table_card(folder, files, variables=LOGS, **words):
    """Write a card of tables into a folder and return its path."""
    filled = {"energy": 400.0, "values": "contents", "points": "centres", "per": "pot", "hemispheres": 1}
    filled |= {"more": "", "top": ""} | words
    named = ", ".join(f'{meson} = "{name}"' for meson, name in files.items())
    quoted = ", ".join(f'"{name}"' for name in variables)
    path = folder / "binned.toml"
    path.write_text(CARD.format(files=named, variables=quoted, **filled))
    return str(path)


def rows(path, axes, contents, empty=False):
    """Write centres and contents, variable by variable, without empty bins."""
    centres = np.meshgrid(*(0.5 * (axis[1:] + axis[:-1]) for axis in axes), indexing="ij")
    table = np.stack([*(one.ravel() for one in centres), contents.ravel()], axis=1)
    np.savetxt(path, table if empty else table[contents.ravel() > 0.0], fmt="%.17g")
    return path


def fit_contents(flux, momenta, across, meson="pi0", order=4):
    """Return the mesons of a fit in cells of momentum and angle, by quadrature."""
    source = darkmc.MesonSource(flux, cascade=True)
    x, weight = gauss_legendre(0.0, 1.0, order)
    p = (momenta[:-1, None] + np.diff(momenta)[:, None] * x).reshape(-1, 1)
    theta = (across[:-1, None] + np.diff(across)[:, None] * x).reshape(1, -1)
    density = source.density(meson, p, theta).reshape(len(momenta) - 1, order, len(across) - 1, order)
    inner = np.einsum("iajb,a,b->ij", density, weight, weight)
    return inner * np.diff(momenta)[:, None] * np.diff(across)


def smooth_contents(momenta, across, in_transverse=False):
    """Return contents of cells of a density exp(-p/20 - pT/0.2) per GeV and sr."""
    middle = 0.5 * (momenta[1:] + momenta[:-1])[:, None]
    aside = 0.5 * (across[1:] + across[:-1])
    aside = aside + 0.0 * middle if in_transverse else middle * np.sin(np.minimum(aside, 1.5))
    return np.exp(-middle / 20.0 - aside / 0.2) * measures(momenta, across, in_transverse)
