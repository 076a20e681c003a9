"""Shared by the tests of meson lists: cards that name lists, rows of mesons, experiments that read them."""

import json

import numpy as np
from helpers import four_momentum

import darkmc
from darkmc.core.particles import mass

HEAD = """
schema = 1
name = "mine"
parametrisation = "list"
beam = { particle = "proton", energy_GeV = 400.0 }
references = [{ key = "me", title = "my list", gives = "mesons", grade = "C" }]
[list]
"""


def write_card(folder, files, momentum_unit="GeV", name="mine.toml", **keys):
    """Write a flux card and return its path; tables as dicts, None for a key that is left out."""
    keys.setdefault("mesons_per_pot", {meson: 1.0 for meson in files if "weight_per_entry" not in keys})
    lines = []
    for key, value in {"files": files, "momentum_unit": momentum_unit, **keys}.items():
        if isinstance(value, dict):
            table = ", ".join(f"{k} = {json.dumps(v)}" for k, v in value.items())
            lines.append(f"{key} = {{ {table} }}")
        elif value is not None:
            lines.append(f"{key} = {json.dumps(value)}")
    path = folder / name
    path.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def write_text(folder, content, name="list.txt"):
    """Write a text list, of a string or of rows of numbers, and return its name."""
    if not isinstance(content, str):
        content = "\n".join(" ".join(repr(float(x)) for x in row) for row in content)
    (folder / name).write_text(content, encoding="utf-8")
    return name


def rows_of(meson, momenta):
    """Rows px, py, pz, E of three-momenta (n, 3)."""
    four = four_momentum(mass(meson), np.array(momenta, dtype=float).T)
    return np.concatenate([four[1:], four[:1]]).T


def sphere(radius, *centre):
    return {"shape": "sphere", "centre_m": list(centre), "radius_m": radius}


def experiment(path, *mesons, geometry=None, **overrides):
    """CHARM's card without cuts, with the mesons of a list and perhaps another volume."""
    dotted = {key.replace("__", "."): value for key, value in overrides.items()}
    if geometry is not None:
        dotted["geometry"] = geometry
    base = {
        "source.flux": path,
        "source.mesons": list(mesons),
        "signal.final_states": ["a gamma"],
        "cuts": [],
    }
    return darkmc.Experiment("charm-finegrained", overrides=base | dotted)
