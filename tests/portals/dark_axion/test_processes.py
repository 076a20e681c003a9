"""All processes keep the protocol: momenta, masses, weights, bounds, totals as integrals of densities."""

from inspect import signature

import numpy as np
import pytest
from helpers import assert_on_shell, dot, isotropic, pull, to_rest_frame, unit
from scipy.stats import kstest

import darkmc
from darkmc.core.materials import nucleus
from darkmc.core.particles import mass
from darkmc.core.vocabulary import PARTICLES
from darkmc.portals.dark_axion.annihilation import Annihilation
from darkmc.portals.dark_axion.radiative_sampler import RadiativeAnnihilation
from darkmc.portals.portal import Draw, Parents, Portal, Process, Production

N = 20_000
LIGHT, HEAVY = darkmc.DarkAxionPortal(0.03, 0.01), darkmc.DarkAxionPortal(0.01, 0.03)
DECAYING = darkmc.DarkAxionPortal(0.3, 0.01)
KNOWN = {"photon": 0.0, "electron": mass("e"), "positron": mass("e"), "muon_minus": mass("mu")}
KNOWN["muon_plus"] = mass("mu")
TARGETS = {"e": mass("e"), "mu": mass("mu"), "p": mass("proton")}


def one(processes):
    (process,) = processes
    return process


def cases():
    """Portal, process, energy of the parents (their mass; None: fixed)."""
    for portal in (LIGHT, HEAVY):
        for meson in ("pi0", "eta'", "omega"):
            yield portal, one(portal.productions(meson)), mass(meson)
        yield portal, one(portal.productions("pi0", spin_correlations=False)), mass("pi0")
        yield portal, one(portal.productions("e+ e-")), 0.5
        yield portal, one(portal.productions("e+ e- at rest")), 0.05
        yield portal, Annihilation(10.0, portal.current, True, radiation=True), 10.0
        yield portal, RadiativeAnnihilation(10.0, 0.5, 4.0, 0.9, portal.current, True), 10.0
        for state in ("axion", "dark_photon"):
            for target in ("e", "mu", "p", "C", "H"):
                yield portal, one(portal.scatterings(state, target)), 1.5
    yield HEAVY, one(HEAVY.decays("axion")), 0.03
    for process in DECAYING.decays("dark_photon"):
        yield DECAYING, process, 0.3


CASES = {
    f"{k} {type(process).__name__} {process.key}": (portal, process, energy)
    for k, (portal, process, energy) in enumerate(cases())
}
each_case = pytest.mark.parametrize("case", CASES)


def parents_of(process, energy, n):
    """Parents in their frame: scatterings need energies; unpolarised."""
    return Parents(np.full(n, energy)) if process.frame == "lab" or process.key.startswith("e+ e-") else None


def drawn(case, n=N, seed=1, parents=None):
    _, process, energy = CASES[case]
    uniform = np.random.default_rng(seed).random((process.n_uniform, n))
    return process.sample(uniform, parents or parents_of(process, energy, n))


@each_case
def test_it_is_a_process(case):
    _, process, energy = CASES[case]
    assert isinstance(process, Process)
    assert isinstance(drawn(case, 3), Draw)
    assert process.frame in ("rest", "lab")
    assert process.power == 2.0
    assert 0.0 < process.threshold < energy
    assert set(process.mappable) <= set(range(process.n_uniform))
    assert set(process.products) <= {*PARTICLES, "recoil"}
    for method in ("total", "density", "sample"):
        assert [*signature(getattr(process, method)).parameters] == [
            *signature(getattr(Process, method)).parameters
        ][1:]


@each_case
def test_momentum_is_conserved_and_products_are_on_their_mass_shell(case):
    portal, process, energy = CASES[case]
    draw = drawn(case, 2000)
    momenta = {name: draw.momentum(name) for name in process.products}
    total = sum(momenta.values())
    masses = {**KNOWN, "axion": portal.m_axion, "dark_photon": portal.m_dark_photon}
    expected = np.array([energy, 0.0, 0.0, 0.0])
    if process.frame == "lab":
        masses["recoil"] = target = process.target_mass
        assert target == pytest.approx(
            TARGETS.get(process.key, {"C": 11.18, "H": 0.938}.get(process.key)), rel=1e-3
        )
        expected = np.array([energy + target, 0.0, 0.0, np.sqrt(energy**2 - process.m_in**2)])
    np.testing.assert_allclose(total, np.repeat(expected[:, None], 2000, axis=1), atol=1e-11 * expected[0])
    for name, four in momenta.items():
        assert_on_shell(four, masses[name], 1e-9)
    with pytest.raises(KeyError):
        draw.momentum("graviton")


@each_case
def test_weights_have_the_total_as_mean_and_keep_the_bound(case):
    _, process, energy = CASES[case]
    weight, total = drawn(case).weight, process.total(energy)
    assert total > 0.0
    assert np.all((weight >= 0.0) & (weight <= process.largest_weight * (1 + 1e-3)))
    if np.ptp(weight) < 1e-9 * total:
        np.testing.assert_allclose(weight, total, rtol=1e-9)
    else:
        rows = np.isfinite(weight)
        assert rows.all()
        assert abs(pull(weight, total)) < 4.5 or np.mean(weight) == pytest.approx(total, rel=1e-6)


def ranges(process, energy):
    """Return the ranges of the invariants, and what else the density wants."""
    masses2 = process.current.threshold**2
    kind = type(process).__name__
    if kind == "PseudoscalarDecay":
        return [(masses2, process.meson_mass**2), (-1.0, 1.0)], ()
    if kind == "PairDecay":
        return [(4 * process.m_lepton**2, (process.mass - process.current.m_axion) ** 2)], ()
    if process.frame == "lab":
        return [tuple(float(q2) for q2 in process.q2_limits(energy))], (energy,)
    if kind == "Annihilation":
        return [(-1.0, 1.0)], (energy**2,)
    if kind == "RadiativeAnnihilation":
        return [process._range, (0.0, process._end)], ()
    return [(-1.0, 1.0)], ()


@each_case
def test_the_total_is_the_integral_of_the_density(case):
    """By a product of Gauss-Legendre rules, logarithmic where the range spans decades."""
    _, process, energy = CASES[case]
    if "photon" in process.products and type(process) is Annihilation:
        process, energy = Annihilation(10.0, process.current, True), 10.0  # density is without radiation
    axes, known = ranges(process, energy)
    nodes, weights = np.polynomial.legendre.leggauss(400 if len(axes) == 1 else 200)
    grids = []
    for low, high in axes:
        x = 0.5 * (nodes + 1.0)
        if low > 0.0:
            x, jacobian = x**2, x * weights  # thresholds with half-integer powers
            y = low * (high / low) ** x
            grids.append((y, jacobian * y * np.log(high / low)))
        else:
            grids.append((low + (high - low) * x, 0.5 * weights * (high - low)))
    mesh = np.meshgrid(*(y for y, _ in grids), indexing="ij")
    arguments = (*known, *mesh) if type(process) is Annihilation else (*mesh, *known)
    density = process.density(arguments)
    for _, weight in reversed(grids):
        density = density @ weight
    assert density == pytest.approx(process.total(energy), rel=2e-5)


@each_case
def test_a_gamma_prime_has_a_transverse_spin_of_norm_minus_one(case):
    _, process, _ = CASES[case]
    draw = drawn(case, 500)
    for name in process.products:
        spin = draw.spin(name)
        if name != "dark_photon":
            assert spin is None
            continue
        four = draw.momentum(name)
        scale = np.abs(spin[0]) * four[0] + 1.0
        assert np.max(np.abs(dot(spin, spin) + 1.0) / scale**2) < 1e-6
        assert np.max(np.abs(dot(spin, four)) / (scale * four[0])) < 1e-6


@pytest.mark.parametrize("portal", [LIGHT, HEAVY, DECAYING])
def test_the_portal_is_one(portal):
    assert [name for name in dir(Portal) if not name.startswith("_")]
    for name in ("masses", "heavy", "light", "heavy_branching_ratio", "productions", "decays", "scatterings"):
        assert hasattr(portal, name), name


def test_which_processes_there_are():
    assert [p.key for p in DECAYING.decays("dark_photon")] == ["a gamma", "a e- e+", "a mu- mu+"]
    assert [p.key for p in LIGHT.decays("dark_photon")] == ["a gamma", "a e- e+"]
    assert [p.key for p in HEAVY.decays("axion")] == ["a gamma"]
    for stable in (LIGHT.decays("axion"), HEAVY.decays("dark_photon")):
        assert stable == []
    assert darkmc.DarkAxionPortal(0.1, 0.1).decays("dark_photon") == []
    assert darkmc.DarkAxionPortal(0.2).productions("pi0") == []
    assert darkmc.DarkAxionPortal(0.1, 0.1).meson_branching_ratio("pi0") == 0.0
    for parent in ("pi0", "omega", "e+ e-", "e+ e- at rest", "e- Al"):
        assert isinstance(one(LIGHT.productions(parent)), Production)
        assert one(LIGHT.productions(parent)).key == parent
    brems = one(LIGHT.productions("e- Al"))
    assert brems.total(20.0) == LIGHT.bremsstrahlung_cross_section(20.0, 13, nucleus("Al").mass_number)
    assert brems.total(brems.threshold * 0.999) == 0.0 < brems.total(brems.threshold * 1.2)
    for wrong in (
        lambda: LIGHT.productions("graviton"),
        lambda: LIGHT.productions("e"),
        lambda: LIGHT.decays("a"),
        lambda: LIGHT.scatterings("axion", "Xx"),
        lambda: LIGHT.scatterings("pi0", "e"),
        lambda: one(LIGHT.productions("e+ e-")).total(),
        lambda: brems.total(),
        lambda: one(LIGHT.scatterings("axion", "e")).sample(np.full((4, 2), 0.5)),
    ):
        with pytest.raises(darkmc.PhysicsError):
            wrong()


def test_totals_are_what_the_portal_says():
    assert one(LIGHT.productions("eta")).total() == LIGHT.meson_branching_ratio("eta")
    for process in DECAYING.decays("dark_photon"):
        assert process.total() == DECAYING.partial_width(process.key)
    assert one(HEAVY.decays("axion")).total() == HEAVY.axion_width()
    energy = np.array([0.1, 1.0, 10.0])
    np.testing.assert_array_equal(
        one(LIGHT.productions("e+ e-")).total(energy), LIGHT.annihilation_cross_section(energy)
    )
    np.testing.assert_array_equal(
        one(LIGHT.scatterings("axion", "C")).total(energy), LIGHT.scattering_cross_section("a", energy, "C")
    )


def test_the_energy_of_annihilation_differs_from_row_to_row():
    """As that of a shower's positrons does."""
    process, energy = one(LIGHT.productions("e+ e-")), np.linspace(0.02, 3.0, 500)
    draw = process.sample(np.random.default_rng(1).random((3, 500)), Parents(energy))
    both = draw.momentum("axion") + draw.momentum("dark_photon")
    np.testing.assert_allclose(both[0], np.maximum(energy, 0.04), rtol=1e-12)
    np.testing.assert_allclose(both[1:], 0.0, atol=1e-12)
    np.testing.assert_allclose(draw.weight, process.total(energy), rtol=1e-13)
    assert np.count_nonzero(draw.weight == 0.0) == np.count_nonzero(energy < 0.04)
    assert draw.weight[-1] < process.largest_weight < 1.001 * process.total(1e3)


def test_turned_freely_annihilation_gets_its_angles_back_from_the_factor():
    """Events with any axis, weighted: the axis has density (3/8)(1 + cos^2) to the gamma'."""
    process, rng = one(LIGHT.productions("e+ e-")), np.random.default_rng(2)
    draw = process.sample(rng.random((3, N)), Parents(np.full(N, 1.0)))
    axis = isotropic(rng, N)
    factor = process.about_axis(draw, axis)
    cosine = np.sum(unit(draw.momentum("dark_photon")[1:]) * axis, axis=0)
    assert abs(pull(factor, 1.0)) < 4.5
    assert abs(pull(factor * cosine**2, 0.4)) < 4.5
    for meson in ("pi0", "omega"):
        assert np.all(one(LIGHT.productions(meson)).about_axis(draw, axis) == 1.0)


def test_a_polarised_gamma_prime_decays_about_its_spin():
    """Photon and pair have density 1 - (n.e)^2; without spin both are isotropic."""
    spin = np.zeros((4, N))
    spin[1] = 1.0
    photon, electrons, _ = DECAYING.decays("dark_photon")
    for process, names in ((photon, ["photon"]), (electrons, ["electron", "positron"])):
        uniform = np.random.default_rng(5).random((process.n_uniform, N))
        for parents, mean in ((Parents(np.full(N, 0.3), spin), 0.2), (None, 1 / 3)):
            draw = process.sample(uniform, parents)
            flight = unit(sum(draw.momentum(name) for name in names)[1:])
            weight = draw.weight / process.total()
            for axis in range(3):
                expected = mean if axis == 0 else 0.5 * (1 - mean)
                assert abs(pull(weight * (flight[axis] ** 2 - expected), 0.0)) < 4.5


@pytest.mark.parametrize("target", ["e", "p", "C"])
def test_a_polarised_gamma_prime_scatters_as_its_average_over_three_spins(target):
    process, energy = one(LIGHT.scatterings("dark_photon", target)), 0.1
    uniform = np.random.default_rng(6).random((4, N))
    average = process.sample(uniform, Parents(np.full(N, energy))).weight
    four = np.array([energy, 0.0, 0.0, np.sqrt(energy**2 - 0.03**2)])
    spins = ([0, 1, 0, 0], [0, 0, 1, 0], [four[3] / 0.03, 0, 0, energy / 0.03])
    found = [
        process.sample(
            uniform, Parents(np.full(N, energy), np.repeat(np.array(e)[:, None], N, 1).astype(float))
        )
        for e in spins
    ]
    np.testing.assert_allclose(sum(draw.weight for draw in found) / 3, average, rtol=1e-6)
    assert np.max(np.abs(found[0].weight / average - 1.0)) > 0.05


@pytest.mark.parametrize("meson", ["pi0", "eta'", "omega"])
def test_decays_at_rest_are_turned_isotropically(meson):
    momenta, weight = LIGHT.decay(meson, N, seed=3)
    assert list(momenta) == list(one(LIGHT.productions(meson)).products)
    total = sum(momenta.values())
    np.testing.assert_allclose(total, np.outer([mass(meson), 0, 0, 0], np.ones(N)), atol=1e-13)
    assert_on_shell(momenta["axion"], 0.01)
    assert_on_shell(momenta["dark_photon"], 0.03)
    expected = LIGHT.meson_branching_ratio(meson)
    assert np.mean(weight) == pytest.approx(expected, rel=2e-2)
    for four in momenta.values():
        for component in unit(four[1:]):
            assert kstest(component, "uniform", (-1, 2)).pvalue > 1e-5
    if meson != "omega":  # cos theta in the pair's frame is left as it was
        pair = momenta["axion"] + momenta["dark_photon"]
        prime, photon = (unit(to_rest_frame(momenta[p], pair)[1:]) for p in ("dark_photon", "photon"))
        assert abs(pull(np.sum(prime * photon, axis=0) ** 2, 0.4)) < 4.5


def test_decays_at_rest_repeat_and_seeds_differ():
    first, again, other = (LIGHT.decay("eta", 5000, seed) for seed in (1, 1, 2))
    longer = LIGHT.decay("eta", 9000, 1)
    for name, four in first.momenta.items():
        np.testing.assert_array_equal(four, again.momenta[name])
        np.testing.assert_array_equal(four[:, :4096], longer.momenta[name][:, :4096])
        assert not np.any(four == other.momenta[name])
    assert first.weight.shape == (5000,)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("eta", 0), "n "),
        (("eta", 2.5), "n "),
        (("eta", 10, -1), "seed"),
        (("graviton", 10), "unknown particle 'graviton'"),
        (("proton", 10), "proton"),
        ((3, 10), "particle"),
    ],
)
def test_decays_at_rest_refuse_bad_arguments(arguments, message):
    with pytest.raises(darkmc.PhysicsError, match=message):
        LIGHT.decay(*arguments)


def test_a_closed_decay_names_the_threshold():
    with pytest.raises(darkmc.PhysicsError, match=r"pi0 is too light .* sum to 0\.2 GeV"):
        darkmc.DarkAxionPortal(0.15, 0.05).decay("pi0", 10)
