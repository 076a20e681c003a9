"""The cascade of tools/cascade: conservation of energy, closed forms, and the tables that it ships."""

import csv

import numpy as np
import pytest
from cascade_tools import PROTON, libraries, made_up, setup, setups, tables, transport
from helpers import ROOT

import darkmc
from darkmc.core.materials import inelastic_cross_section_mb
from darkmc.sources.factor_files import read_factors

FLUXES = ROOT / "fluxes"


def run(groups=1, group=0, libs=None, **more):
    cascade = transport.Cascade(setup(), libs or made_up(), group, groups, **more)
    return cascade, cascade.run(np.random.default_rng(1))


def test_lengths_and_losses_are_those_of_tables():
    """Nuclear interaction lengths 15.32 and 16.77 cm, minimal losses 12.57 and 11.43 MeV/cm (PDG, memory)."""
    for material, length, loss in (("copper", 15.32, 12.57), ("iron", 16.77, 11.43)):
        assert transport.proton_length_cm(material) == pytest.approx(length, rel=0.01)
        least = transport.stopping_power(material, np.linspace(2.0, 6.0, 200), PROTON).min()
        assert least == pytest.approx(1e-3 * loss, rel=0.01)
    assert inelastic_cross_section_mb(63.546) == 775.0


def test_energy_is_conserved_in_every_interaction():
    """Of all generations, to 1e-3: daughters at scaled momenta against their parents."""
    cascade = transport.Cascade(setup(), made_up())
    rng = np.random.default_rng(2)
    n = 2000
    direction = np.zeros((3, n))
    direction[2] = 1.0
    momentum = 10.0 ** rng.uniform(1.05, 2.6, n)
    kind = np.full(n, cascade._row(np.array([2212]))[0])
    state = transport.Hadrons(kind, momentum, direction, np.zeros(n), np.arange(n))
    made, on = cascade._interact(state, rng, generation=1)
    total = np.bincount(made.primary.astype(int), np.hypot(made.momentum, 0.1349768), n)
    total += np.bincount(on.primary.astype(int), np.hypot(on.momentum, PROTON), n)
    parent = np.hypot(momentum, PROTON)
    whole = np.isin(np.arange(n), on.primary)  # those whose proton is not below 5 GeV
    assert np.sum(whole) > 1000
    np.testing.assert_allclose(total[whole], parent[whole], rtol=1e-3)
    assert cascade.tally.clipped == 0


def test_half_of_the_energy_in_every_generation():
    """Pi0 of 200, 100, 50, 25, 12.5 GeV less the losses: as long as protons have 5 GeV."""
    cascade, made = run()
    n = 400
    for generation in range(5):
        mine = made.generation == generation
        assert np.sum(mine) == n
        expected = 400.0 / 2.0 ** (generation + 1)
        mean = np.mean(made.momentum[mine])
        assert (
            expected - 0.8 < mean < expected
        )  # 0.2 GeV of loss in each interaction length, and decays of none
    assert np.max(made.generation) in (5, 6)
    assert cascade.tally.clipped == 0


def test_depths_are_interaction_lengths():
    """Generation k is made at a mean depth of k + 1 lengths of protons; chance of failure below 1e-4."""
    _, made = run()
    length = transport.proton_length_cm("copper")
    for generation in range(4):
        depth = made.depth[made.generation == generation]
        assert np.mean(depth) == pytest.approx((generation + 1) * length, abs=4.0 * np.std(depth) / 20.0)


def test_a_thin_target_has_one_generation():
    """All over first goes to 1 with the length: 1 + half of it in interaction lengths."""
    libs = made_up()
    for share in (0.1, 0.003):
        later = first = 0
        for seed in range(20):
            cascade = transport.Cascade(setup(), libs, length_cm=share * transport.proton_length_cm("copper"))
            made = cascade.run(np.random.default_rng(seed))
            first += np.sum(made.generation == 0)
            later += np.sum(made.generation == 1)
        # within the target the second interaction is 1/2 of its length away on average
        expected = 0.5 * share
        assert later / first == pytest.approx(expected, abs=4.0 * np.sqrt(expected / first) + 0.1 * expected)


def test_first_generations_are_those_of_the_whole_beam():
    """Their pi0 have 200 GeV, those of the cascade less by half of what is lost: 0.19 GeV per length."""
    counts, _ = tables.followed(setup(cells=(5.0, 199.95, 400.0)), made_up())
    found = counts[111]
    np.testing.assert_array_equal(found.first.sum(axis=(0, 2)), [0.0, 400.0])
    lost = 0.05 / 0.095  # in interaction lengths of loss, of which the chance is exponential
    whole = 400.0 * -np.expm1(-lost)
    assert found.every.sum(axis=(0, 2))[1] == pytest.approx(whole, abs=4.0 * 10.0 + 0.05 * whole)


def test_only_first_interactions_are_of_the_whole_beam():
    """Also where protons leave a thin target: as many mesons, and those of later interactions as they are."""
    libs = made_up()
    cascade = transport.Cascade(setup(), libs, length_cm=0.5 * transport.proton_length_cm("copper"))
    made = cascade.run(np.random.default_rng(5), 3)
    begun = tables.unslowed(made, libs[2212][-1])
    first = made.generation == 0
    assert 0 < np.sum(first) < 1200
    assert not np.all(first)
    assert np.ptp(begun.momentum[first]) < 1e-9 < np.min(begun.momentum[first] - made.momentum[first])
    np.testing.assert_array_equal(begun.momentum[~first], made.momentum[~first])


def test_angles_add_up():
    """Independent p_T of 0.1 GeV: squares of angles of the protons that went before, and of the pi0."""
    _, made = run()
    for generation in (1, 3):
        mine = made.generation == generation
        energies = 400.0 / 2.0 ** np.arange(1, generation + 2)
        expected = np.sum((0.1 / energies) ** 2)
        found = np.mean(1.0 - made.cosine[mine] ** 2)
        assert found == pytest.approx(
            expected, rel=0.25
        )  # losses of energy 5%; of 400 with independent azimuths


def integrated(name, above, narrow=4.0, over=None):
    """Return pi0 of all generations above a momentum over first ones, or over a number, of shipped tables."""
    factors = read_factors(FLUXES / f"cascade-{name}.csv")["pi0"]
    low, high, first, last, contents = np.loadtxt(
        FLUXES / f"urqmd-{name}-pi0.csv", delimiter=",", skiprows=4
    ).T
    p, across = 10.0 ** (0.5 * (low + high)), 10.0 ** (0.5 * (first + last))
    theta = across if name == "fe-8.9" else np.arcsin(np.minimum(across / p, 1.0))
    mine = (p > above) & (theta < narrow)
    factor = factors(p[mine], np.cos(theta[mine]), (p[mine] * np.sin(theta[mine])) ** 2)
    return np.sum(contents[mine] * factor) / (over or np.sum(contents[mine]))


@pytest.mark.parametrize(
    ("above", "everywhere", "ahead"),
    [(7.9, 2.09, 1.35), (20.0, 1.47, 1.24), (50.0, 1.19, 1.13), (100.0, 1.10, 1.08)],
)
def test_copper_at_400_gev(above, everywhere, ahead):
    """Against another cascade of the same interactions, its own statistics 1.5%: within 7%."""
    assert integrated("cu-400", above) == pytest.approx(everywhere, rel=0.07)
    assert integrated("cu-400", above, 0.01) == pytest.approx(ahead, rel=0.07)


@pytest.mark.parametrize(
    ("above", "everywhere", "ahead"),
    [(0.2, 2.17, 1.42), (0.5, 1.74, 1.33), (1.0, 1.44, 1.30), (2.0, 1.26, 1.21)],
)
def test_iron_at_9_gev(above, everywhere, ahead):
    """The same for MiniBooNE's dump; above 2 GeV ours is 11 and 14% lower than that one, hence within 15%.

    `test_iron_with_every_interaction_made_anew` is the closer one.
    """
    assert integrated("fe-8.9", above) == pytest.approx(everywhere, rel=0.15)
    assert integrated("fe-8.9", above, 0.1) == pytest.approx(ahead, rel=0.15)


@pytest.mark.parametrize(("energy", "expected"), [(0.005, 2.257e8), (0.02, 1.536e8), (0.06, 1.254e8)])
def test_miniboone_with_all_of_it(energy, expected):
    """N/G^4 without lifetimes and spin.

    Expected: a Monte Carlo of decays, rays and recoils typed from the physics notes over the densities of
    pi0 and eta of this card, 0.3% each; eta were 4 to 5% more then, hence 2%. The notes' own cascade gives
    2.2e8, 1.5e8 and 1.1e8.
    """
    changes = {"simulation.spin_correlations": False}
    experiment = darkmc.Experiment("miniboone-offtarget", overrides=changes)
    sample = experiment.simulate(darkmc.DarkAxionPortal(energy), precision=0.05, at=[3e-7], seed=1)
    value, error = sample.expected_events(3e-7).value, sample.draw_error(3e-7)
    assert error < 0.03 * value
    assert abs(value / 3e-7**4 - expected) < 4.5 * np.hypot(error / 3e-7**4, 0.02 * expected)


@pytest.mark.slow
def test_iron_with_every_interaction_made_anew():
    """No libraries, no scaling, neutrons and pi- as such: pi0 of 2000 protons, with errors of 1 to 6%."""
    pytest.importorskip("chromo")
    import live

    with libraries.apart():
        cascade = live.LiveCascade(setups.SETUPS["fe-8.9"], 2000)
        pions = tables.neutral(cascade.run(np.random.default_rng(3)), 111)
    group = pions.primary.astype(int) % tables.GROUPS
    for least, narrow in ((0.2, 4.0), (0.5, 4.0), (1.0, 4.0), (0.5, 0.1)):
        mine = (pions.momentum > least) & (np.arccos(pions.cosine) < narrow)
        every = np.bincount(group[mine], pions.weight[mine], tables.GROUPS)
        value, error = tables.ratio(every, np.full(tables.GROUPS, 2000.0 / tables.GROUPS))
        assert error < 0.07 * value
        expected = integrated("fe-8.9", least, narrow, over=1.0)
        assert value == pytest.approx(expected, abs=4.0 * np.hypot(error, 0.01 * expected))


def test_checks_of_cascades():
    """Of other calculations: photons carry 0.51 at 400 GeV on copper; SIBYLL has R(p > 50 GeV) = 1.34."""
    text = (ROOT / "docs" / "data" / "cascade-checks.csv").read_text(encoding="utf-8").splitlines()
    rows = {row[0]: row[1:] for row in csv.reader(text[2:])}
    assert float(rows["Cu, 400 GeV"][-1]) == pytest.approx(0.51, abs=0.03)
    assert first_of(rows["the same, SIBYLL 2.3d"]) == pytest.approx(1.34, abs=0.05)


def first_of(row):
    """Return R of all angles above the first momentum of a row."""
    return float(row[1].split(" +- ")[0])


@pytest.mark.slow
def test_libraries_conserve_energy(tmp_path):
    """A few interactions of UrQMD; what is written is refused where energy is lost."""
    pytest.importorskip("chromo")
    from dataclasses import replace

    few = replace(setup(), nucleon_momenta=(8.0,), meson_momenta=(8.0,), first=500, others=500)
    libraries.make("test", few, tmp_path)
    found = libraries.read("test", few, tmp_path)
    for pid, mass in ((2212, PROTON), (211, 0.13957039)):
        for library in found[pid]:
            energy = np.hypot(library.momentum, mass)
            np.testing.assert_allclose(library.energies[:, len(libraries.SCALES) // 2], energy, rtol=1e-3)
