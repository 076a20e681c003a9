"""ROOT files of other kinds: particles for FairShip, RNTuples, and all of them as JSROOT reads them."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot
from helpers import ROOT
from made_events import POINTS, made_once

import darkmc
from darkmc.output.read_root import read_sample

SEEN = {"photon": 22, "electron": 11, "positron": -11, "recoil_electron": 11}


@pytest.fixture(scope="module", params=POINTS)
def made(request):
    return made_once(request.param)


def test_fairship_finds_its_branches_with_their_types(tmp_path, made):
    """TTreeGenerator binds doubles and, for `id`, an Int_t: another type would be read as nonsense."""
    darkmc.write_events(tmp_path / "a.root", made, "root:fairship")
    with uproot.open(tmp_path / "a.root") as file:
        assert file.classnames() == {"events;1": "TTree", "darkmc;1": "TTree", "metadata;1": "TObjString"}
        types = {name: branch.typename for name, branch in file["events"].items()}
    assert types == dict.fromkeys(("px", "py", "pz", "x", "y", "z", "w", "E"), "double") | {
        "id": "int32_t",
        "event": "int64_t",
    }


def test_fairship_tracks_what_is_seen_where_it_comes_from(tmp_path, made):
    darkmc.write_events(tmp_path / "a.root", made, "root:fairship")
    with uproot.open(tmp_path / "a.root") as file:
        tracks = file["events"].arrays(library="np")
    columns = made.columns
    wanted = []
    for k in range(len(columns["weight"])):
        for name, pdg in SEEN.items():
            if columns.get(f"{name}_E", np.zeros(k + 1))[k] > 0.0:
                vertex = "scatter" if name == "recoil_electron" else "decay"
                place = [100 * columns[f"{vertex}_{part}"][k] for part in "xyz"]
                momentum = [columns[f"{name}_{part}"][k] for part in ("px", "py", "pz")]
                wanted.append((k, pdg, *momentum, *place, columns["weight"][k]))
    names = ("event", "id", "px", "py", "pz", "x", "y", "z", "w")
    found = list(zip(*(tracks[name].tolist() for name in names), strict=True))
    assert sorted(found) == sorted(wanted)
    assert np.all(np.diff(tracks["event"]) >= 0)
    first = np.flatnonzero(np.diff(tracks["event"], prepend=-1))
    seen = set(tracks["event"].tolist())
    if seen == set(range(len(columns["weight"]))):  # else some convert without a decay
        assert np.sum(tracks["w"][first]) == pytest.approx(made.sum_of_weights, rel=1e-12)


@pytest.mark.parametrize("kind", ["root", "root:fairship", "root:rntuple"])
def test_pictures_are_drawn_from_all_of_them(tmp_path, kind):
    darkmc.write_events(tmp_path / "a.root", made_once("charm"), kind)
    assert np.array_equal(read_sample(tmp_path / "a.root").weights, made_once("charm").columns["weight"])


def test_an_rntuple_holds_the_columns(tmp_path, made):
    darkmc.write_events(tmp_path / "a.root", made, "root:rntuple")
    with uproot.open(tmp_path / "a.root") as file:
        assert file.classnames()["events;1"] == "ROOT::RNTuple"
        found = file["events"].arrays()
    for name, column in made.columns.items():
        assert np.array_equal(ak.to_numpy(found[name]), column, equal_nan=True)


def jsroot():
    """Yield the folders of JSROOT that there are, if there is node: npm install jsroot --ignore-scripts."""
    if shutil.which("node"):
        for folder in (os.environ.get("JSROOT", ""), ROOT / "node_modules" / "jsroot"):
            if folder and Path(folder, "modules", "io.mjs").is_file():
                yield folder


def test_jsroot_reads_all_of_them_where_it_is_installed(tmp_path):
    made = made_once("charm")
    columns = made.columns
    for folder in jsroot():
        for kind, names in (
            ("root", {"weight": "weight", "axion_E": "axion_E", "event": "event"}),
            ("root:rntuple", {"weight": "weight", "axion_E": "axion_E", "channel": "channel"}),
            ("root:fairship", {}),
        ):
            darkmc.write_events(tmp_path / "a.root", made, kind)
            command = [
                "node",
                ROOT / "tools" / "jsroot_read.mjs",
                folder,
                tmp_path / "a.root",
                *(names or {"w": 0}),
            ]
            done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True)
            found = json.loads(done.stdout)
            assert found["coupling"] == made.coupling
            assert found["kind"] == ("ROOT::RNTuple" if kind == "root:rntuple" else "TTree")
            assert found["entries"] == len(columns["weight"]) or kind == "root:fairship"
            for name, column in names.items():
                assert found["sums"][name] == pytest.approx(np.sum(columns[column]), rel=1e-12)
