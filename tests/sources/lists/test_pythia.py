"""Mesons of Pythia 8: what is counted, nuclei, beams, refusals, all with a stand-in; and Pythia itself."""

import importlib.metadata
import importlib.util
import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from list_cards import experiment, sphere

import darkmc
from darkmc.core.estimates import Weights, estimate
from darkmc.core.kinematics import nucleon_frame
from darkmc.core.materials import inelastic_cross_section_mb
from darkmc.core.particles import mass
from darkmc.sources.fits.bmpt import power_of_mass_number
from darkmc.sources.lists import hadronic, own_process
from darkmc.sources.lists.entries import Entries
from darkmc.sources.lists.hadronic import nuclear_weight

NAME = "pythia8-pp"
SPECIES = ["pi0", "eta", "eta'", "rho0", "omega", "phi"]
# every event: the beam, a pi0 that no hadronisation made, each species once, a pi0 of a decay, one backwards
PARTICLES = [(2212, -12, 400.0), (111, -23, 7.0)]
PARTICLES += [(pid, -83, 10.0 + k) for k, pid in enumerate((221, 331, 113, 223, 333))]
PARTICLES += [(111, 91, 2.0), (111, 91, -1.0), (211, 91, 5.0)]
FAKE = f"""
import json

import awkward as ak


class Pythia:
    def __init__(self, xml, banner):
        self.lines, self.events = [], 0

    def readString(self, line):
        self.lines.append(line)
        return "nonsense" not in line

    def init(self):
        with open(LOG, "a") as file:
            file.write(json.dumps(self.lines) + "\\n")
        return "Beams:eCM = 2.0" not in self.lines

    def nextBatch(self, n):
        n = max(1, n - 1)  # one went wrong
        self.events += n
        event = [
            dict(id=pid, status=status, p=dict(px=0.3, py=0.4, pz=pz)) for pid, status, pz in {PARTICLES}
        ]
        return ak.Array([dict(prt=event)] * n)
"""


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Keep generated mesons in a folder of the test's own."""
    monkeypatch.setenv("DARKMC_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def stand_in(tmp_path, monkeypatch, cache):  # noqa: ARG001 - the cache must be the test's
    """Put a stand-in for Pythia first in the path; return a function with the lines of each of its runs."""
    folder, log = tmp_path / "fake", tmp_path / "runs"
    info = folder / "pythia8mc-8.9.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: pythia8mc\nVersion: 8.9\n")
    (folder / "pythia8mc.py").write_text(f"LOG = {str(log)!r}\n{FAKE}", encoding="utf-8")
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    return lambda: [json.loads(line) for line in log.read_text().splitlines()] if log.is_file() else []


@pytest.fixture
def pythia(stand_in, monkeypatch):
    """Run the stand-in in the process of the test, which costs less."""
    monkeypatch.delitem(sys.modules, "pythia8mc", raising=False)
    monkeypatch.setattr(hadronic, "_run", lambda wanted, work: own_process.main([wanted, str(work)]))
    yield stand_in
    sys.modules.pop("pythia8mc", None)


def source(n=20, **overrides):
    dotted = {key.replace("__", "."): value for key, value in overrides.items()}
    return darkmc.MesonSource(NAME, {"generator.n_interactions": n, **dotted})


@pytest.mark.usefixtures("pythia")
def test_every_meson_of_hadronisation_and_decays_counts_once():
    lists = source(target_interaction=0.5).lists
    assert list(lists) == SPECIES
    assert {meson: entries.per_pot for meson, entries in lists.items()} == {
        meson: pytest.approx(1.0 if meson == "pi0" else 0.5) for meson in SPECIES
    }
    np.testing.assert_allclose(lists["phi"].momentum, np.tile([[0.3], [0.4], [14.0]], 20))
    np.testing.assert_array_equal(lists["pi0"].collision, np.repeat(np.arange(20), 2))
    assert source(pi0_per_pot=4.0).ratio("omega") == pytest.approx(0.5)


def test_errors_know_how_collisions_scatter():
    """Multiplicities of variance 2 and 5 times the mean, or all alike: the mean's error squared is theirs."""
    rng, n = np.random.default_rng(6), 300
    for spread in (0.0, 2.0, 5.0):
        found = []
        for _ in range(100):
            number = rng.negative_binomial(4.0 / (spread - 1.0), 1.0 / spread, n) if spread else np.full(n, 4)
            collision = np.repeat(np.arange(n), number)
            m = len(collision)
            entries = Entries(
                np.ones((3, m)), None, None, np.full(m, 1 / m), m / n, False, False, collision, n
            )
            many = np.full(20 * m, entries.per_pot)  # draws without an error of their own to speak of
            weights = Weights(many, len(many), 0.0, np.repeat(entries.groups, 20), entries.group_shares)
            found.append(estimate([weights]).list_error ** 2)
        assert np.mean(found) == pytest.approx(4.0 * spread / n, rel=0.15, abs=1e-5)


def test_a_nucleus_is_its_protons_and_neutrons(pythia):
    made = source(n=64, target__element="Cu", generator__A_dependence="none").lists
    targets = [next(line for line in run if "idB" in line) for run in pythia()]
    assert targets == ["Beams:idB = 2212", "Beams:idB = 2112"]
    assert len({next(line for line in run if "Random:seed" in line) for run in pythia()}) == 2
    np.testing.assert_array_equal(made["eta"].collision, np.arange(64))
    source(target__Z=0, target__mass_number=1)
    assert len(pythia()) == 3
    assert "Beams:idB = 2112" in pythia()[2]


def test_two_beams_and_slow_mesons(pythia):
    lists = source(beam__energy_GeV=6800.0, generator__frame="collider").lists
    (run,) = pythia()
    assert {"Beams:frameType = 1", "Beams:eCM = 13600.0", "SoftQCD:inelastic = on"} <= set(run)
    assert "310:mayDecay = off" in run
    assert lists["pi0"].per_pot == pytest.approx(1.0)  # one each way, of which one is along +z
    np.testing.assert_allclose(lists["pi0"].momentum[:, :2], [[0.3, 0.3], [0.4, -0.4], [2.0, 1.0]])
    assert lists["eta"].per_pot == pytest.approx(0.5)  # those along -z are as many as along +z
    more = source(generator__weak_decays=True, generator__least_momentum_GeV=1.5).lists
    assert "310:mayDecay = off" not in pythia()[1]
    assert more["pi0"].per_pot == pytest.approx(1.0)
    assert source().lists["pi0"].per_pot == pytest.approx(2.0)


def test_pions_all_too_slow_are_named(pythia):
    with pytest.raises(darkmc.CardError, match="not one pi0 in 20 interactions"):
        source(generator__least_momentum_GeV=5.0)
    assert len(pythia()) == 1


def test_the_rule_for_nuclei():
    """At x_F = 0 and pT = 0.3 the powers are 0.74 (0.98 + 0.21 0.09) and 0.71; copper over beryllium is the
    fit's at any momentum; beyond 0.6 GeV of p_T as there."""  # noqa: D205, D209
    cards = {
        element: source_card({"target.element": element, "generator.A_dependence": "bmpt"})
        for element in ("Be", "Cu")
    }
    _, gamma, beta = nucleon_frame(400.0, mass("proton"))
    transverse_mass = np.hypot(mass("pi0"), 0.3)
    middle = np.array([[0.3], [0.0], [gamma * beta * transverse_mass]])
    power = 0.74 * (0.98 + 0.21 * 0.09) - 0.71
    assert nuclear_weight(cards["Cu"], "pi0", middle)[0] == pytest.approx(64**power, rel=1e-9)
    x_f, pt2 = np.array([0.2, 0.6]), np.array([0.04, 0.25])
    root_s = np.sqrt(2 * mass("proton") * (mass("proton") + 400.0))
    along = 0.5 * x_f * root_s
    lab = gamma * (along + beta * np.sqrt(along**2 + pt2 + mass("eta") ** 2))
    fast = np.stack([np.sqrt(pt2), 0 * x_f, lab])
    ratio = nuclear_weight(cards["Cu"], "eta", fast) / nuclear_weight(cards["Be"], "eta", fast)
    cross_sections = inelastic_cross_section_mb(64) / inelastic_cross_section_mb(9)
    expected = (64 / 9) ** power_of_mass_number(x_f, pt2) / cross_sections
    np.testing.assert_allclose(ratio, expected, rtol=1e-9)
    assert ratio[1] < ratio[0] < 1.0
    plain = source_card({"target.element": "Cu", "generator.A_dependence": "none"})
    np.testing.assert_array_equal(nuclear_weight(plain, "eta", fast), 1.0)
    steep = [nuclear_weight(cards["Cu"], "eta", np.array([[p], [0.0], [1e3]]))[0] for p in (0.6, 3.0)]
    assert steep[1] == pytest.approx(steep[0], rel=0.05)


def source_card(overrides):
    from darkmc.cards.load import load_card

    return load_card("fluxes", NAME, overrides=overrides).card


def test_the_rule_for_nuclei_needs_no_new_run(pythia):
    plain = source(target__element="Cu", generator__A_dependence="none").lists["eta"]
    weighed = source(target__element="Cu", generator__A_dependence="bmpt").lists["eta"]
    assert len(pythia()) == 2  # on protons, and on neutrons
    card = source_card({"target.element": "Cu", "generator.A_dependence": "bmpt"})
    assert weighed.per_pot / plain.per_pot == pytest.approx(
        nuclear_weight(card, "eta", weighed.momentum[:, :1])[0]
    )


@pytest.mark.usefixtures("stand_in")
def test_an_experiment_takes_them():
    """From a run in a process of its own."""
    beam = {"beam__momentum_GeV": 400.0, "beam__target": "H", "flux.generator.n_interactions": 300}
    portal = darkmc.DarkAxionPortal(0.03)
    made = experiment(NAME, "eta", "phi", geometry=sphere(30.0, 0.0, 0.0, 200.0), **beam)
    sample = made.simulate(portal, n_samples=2000)
    assert sample.expected_events(1e-4).value > 0.0
    assert {name.split(" ")[0] for name in sample.channels(1e-4)} == {"eta", "phi"}


@pytest.mark.usefixtures("pythia")
def test_a_beam_that_is_slow_for_pythia_is_remarked():
    """Sqrt(s) of 10 GeV are 52.4 GeV on a proton at rest."""
    with pytest.warns(darkmc.ValidityWarning, match=r"Pythia is made for sqrt\(s\) above 10 GeV, not 9.97$"):
        source(beam__energy_GeV=52.0)
    assert source(beam__energy_GeV=53.0).validity_remarks() == []
    assert source(beam__energy_GeV=6.5, generator__frame="collider").validity_remarks() == []


# --- refusals are one line
def test_without_pythia_the_extra_is_named(cache, monkeypatch):
    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    with pytest.raises(darkmc.CardError) as error:
        source()
    assert str(error.value).endswith(f"{NAME}.toml: Pythia8 needs pythia8mc: pip install 'darkmc[pythia]'")
    assert not cache.exists()


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"generator__processes": "Charmonium:all"}, "a cross section of their own, .* in .central. of fits"),
        ({"generator__processes": "SoftQCD:elastic"}, "generator.processes: .*'SoftQCD:inelastic'"),
        ({"generator__settings": ["Charmonium:all = on"]}, "processes have keys of their own"),
        ({"generator__settings": ["Beams:eA = 3"]}, "'Beams:eA = 3': beams, random numbers"),
        ({"generator__settings": [" beams:ea = 3"]}, "' beams:ea = 3': beams, random numbers"),
        ({"target__element": "Cu"}, "A_dependence is missing: .*A = 64"),
        (
            {"target__element": "Be", "generator__A_dependence": "none", "generator__frame": "collider"},
            "'collider' is of two protons",
        ),
        ({"generator__model": "UrQMD34"}, "generator.model: .*'Pythia8'"),
        (
            {"ratios": {"rho0": 0.1}, "ratio_references": {"rho0": "Pythia8"}},
            "the generator makes the rho0 itself",
        ),
    ],
)
def test_a_wrong_card_names_its_key(pythia, overrides, message):
    with pytest.raises(darkmc.CardError, match=f"{NAME}.toml: .*{message}"):
        source(**overrides)
    assert pythia() == []


@pytest.mark.usefixtures("pythia")
def test_what_pythia_refuses_is_said():
    with pytest.raises(darkmc.CardError, match=r"failed: RuntimeError: Pythia does not know 'nonsense = 1'$"):
        source(generator__settings=["nonsense = 1"])
    with pytest.raises(darkmc.CardError, match=r"Pythia does not start with these beams and settings$"):
        source(beam__energy_GeV=1.0, generator__frame="collider")


# --- Pythia itself
@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("pythia8mc") is None, reason="Pythia is not installed")
@pytest.mark.parametrize(("beam", "above_1", "above_10"), [(400.0, 3.634, 1.464), (69.0, 1.689, 0.2510)])
@pytest.mark.usefixtures("cache")
def test_pythia_has_the_pions_of_public_tables(beam, above_1, above_10):
    """Within 7% of pi0 per `SoftQCD:all` event at 400 and 69 GeV, those of weak decays with them.

    Tables of Jodlowski, arXiv:2305.10409, summed; 30 000 events know 1% of the rarest.
    """
    overrides = {"processes": "SoftQCD:all", "weak_decays": True}
    pions = source(
        n=30_000, beam__energy_GeV=beam, **{f"generator__{k}": v for k, v in overrides.items()}
    ).lists["pi0"]
    for least, expected in ((1.0, above_1), (10.0, above_10)):
        made = pions.per_pot * np.sum(pions.share[pions.size > least])
        assert made == pytest.approx(expected, rel=0.07)
    assert np.all(np.hypot(pions.size, mass("pi0")) < beam)
    assert Path(os.environ["DARKMC_CACHE"]).is_dir()
