"""Small files that commands of the fuzzers find in their folder; made once, handed out as bytes."""

import functools

from fuzz.harness import ask, folder
from fuzz.strategies import ROOT

SMALL = """
schema = 1
name = "small"
topology = "decay_in_flight"
references = [{ key = "me", title = "guess", gives = "everything", grade = "C" }]
beam = { particle = "proton", momentum_GeV = 400.0, pot = 1e18, origin_m = [0.0, 0.0, 0.0] }
source = { flux = "bmpt-cu-400", mesons = ["pi0"] }
geometry = { shape = "box", centre_m = [0.0, 0.0, 110.0], size_m = [2.0, 2.0, 20.0] }
material = { density_g_cm3 = 2.7, composition = { Ca = 1, C = 1, O = 3 }, fill = 0.5 }
signal = { final_states = ["a gamma"], efficiency = 0.5 }
observed = { n_obs = 0, background = 0.0 }
cuts = [{ name = "energy", observable = "E_photon", min = 1.0 }]
simulation = { spin_correlations = false }
[presets.tiny]
geometry.size_m = [0.1, 0.1, 0.1]
"""
LIST_CARD = """
schema = 1
name = "mine"
parametrisation = "list"
beam = { particle = "proton", energy_GeV = 400.0 }
references = [{ key = "me", title = "my list", gives = "mesons", grade = "C" }]
list = { files = { pi0 = "list.txt" }, momentum_unit = "GeV", mesons_per_pot = { pi0 = 1.0 } }
"""
RUNS = {
    "limits.toml": """
schema = 1
name = "limits"
title = "Limits"
experiments = ["small.toml"]
m_dark_photon = "5MeV:30MeV:2"
precision = 0.5
""",
    "histogram.toml": """
schema = 1
kind = "histogram"
name = "histogram"
title = "Energies"
experiment = "small.toml"
precision = 0.5
axis = { observable = "E_photon", min = 1.0, max = 100.0, bins = 5, scale = "log" }
points = [{ m_dark_photon = "30MeV", coupling_per_GeV = 1e-4 }]
""",
    "distances.toml": """
schema = 1
kind = "decay-length"
name = "distances"
title = "Distances"
m_dark_photon = "5MeV:30MeV:5"
coupling_per_GeV = 1e-3
detectors = [{ experiment = "small.toml", energies = "1GeV,10GeV" }]
""",
}
MESONS = "0.1 0.2 20.0 20.001954\n-0.05 0.1 50.0 50.000307\n0.02 -0.3 80.0 80.000677\n"
CURVE = "mass_GeV,value\n0.005,1e-3\n0.02,3e-4\n0.05,1e-3\n"


def texts():
    """Cards and tables as text, by name."""
    return {"small.toml": SMALL, "mine.toml": LIST_CARD, "list.txt": MESONS, "curve.csv": CURVE, **RUNS}


@functools.cache
def files():
    """All files by name, as bytes."""
    made = {name: text.encode() for name, text in texts().items()}
    made |= {"bytes.toml": b"\xff\xfe\x00x", "old.root": b"kept", "old.csv": b"kept", "empty.csv": b""}
    point = ("small.toml", "--m-dark-photon", "30MeV", "--coupling", "1e-4")
    with folder(made) as here:
        assert ask("limit", *point[:2], "5MeV,30MeV", "--precision", "0.5", "-o", "limit.csv").code == 0
        assert ask("generate", *point, "--events", "5", "-o", "sample.root").code == 0
        for name in ("limit.csv", "sample.root"):
            made[name] = (here / name).read_bytes()
    made["babar-counts.csv"] = (ROOT / "detectors" / "babar-counts.csv").read_bytes()
    return made
