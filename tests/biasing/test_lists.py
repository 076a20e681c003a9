"""Mesons of lists forced towards the detector: against decays as they come, closed forms and bounds.

Chances of failure with fresh seeds: 7e-6 per pull of 4.5, 1e-5 per chi2.
"""

from pathlib import Path

import awkward as ak
import numpy as np
import pytest
from helpers import isotropic, to_rest_frame
from list_cards import experiment, rows_of, sphere, write_card, write_text
from scipy.spatial.transform import Rotation as SpaceRotation
from scipy.stats import chi2

import darkmc
from darkmc.biasing.forced import AzimuthProposal, Emission
from darkmc.biasing.lists import FORCED_SHARE, ListPrimaries, Worth
from darkmc.core.kinematics import length, unit_vector
from darkmc.core.particles import mass
from darkmc.geometry.shapes import Box, Sphere
from darkmc.sources.lists.entries import Entries

PI0 = mass("pi0")
ORIGIN = np.array([0.0, 0.0, 0.1])
# mass and energy in the meson's frame: massless; slow ones; m' near half the meson mass and near all of it
STATES = [(0.0, PI0 / 2), (0.0, 0.01), (0.06, 0.07), (0.066, PI0 / 2), (0.1, 0.11), (0.05, 0.0501)]


def entries(longitudinal, transverse, spread=None, n=300, seed=1):
    """Mesons with weights, three of them at rest, along and against the beam."""
    rng = np.random.default_rng(seed)
    momentum = rng.normal(0.0, transverse, (3, n))
    momentum[2] = rng.exponential(longitudinal, n)
    momentum[:, :3] = np.transpose([[0.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, -1.0]])
    position = None if spread is None else rng.normal(0.0, 1.0, (3, n)) * np.array(spread)[:, None]
    share = rng.random(n)
    return Entries(momentum, position, None, share / share.sum(), 2.0)


def decays(rng, m, energy, n):
    """Dark states (4, n) of one energy in any direction."""
    return np.concatenate([np.full((1, n), energy), np.sqrt(energy**2 - m**2) * isotropic(rng, n)])


def placed(primaries, m, energy, n, seed):
    rng = np.random.default_rng(seed)
    arriving, uniform = decays(rng, m, energy, n), rng.random((primaries.n_uniform, n))
    return primaries.place(primaries.parents(uniform), arriving, uniform)


def assert_same(first, second, limit=4.5):
    """Two sets of weighted values have the same mean."""
    error = np.hypot(*(np.std(x) / np.sqrt(len(x)) for x in (first, second)))
    assert abs(np.mean(first) - np.mean(second)) <= limit * error


# --- kinematics
@pytest.mark.parametrize(("m", "energy"), STATES)
@pytest.mark.parametrize("u", [0.0, 1e-3, 0.3, 2.0, 40.0, 3000.0])
def test_emission_solves_the_boost_and_its_jacobian_is_the_derivative(m, energy, u):
    cosine = np.linspace(-0.999, 0.999, 1001)
    speed, gamma = np.sqrt(energy**2 - m**2), np.hypot(u, 1.0)

    def lab(cosine):
        along = gamma * speed * cosine + u * energy
        across = speed * np.sqrt(1.0 - cosine**2)
        return np.arctan2(across, along), np.hypot(across, along)

    full = np.ones_like(cosine)
    emission = Emission(gamma * full, u * full, energy * full, speed * full)
    theta, momentum = lab(cosine)
    solutions = np.array([emission.cosine(2.0 * np.sin(0.5 * theta), full == k) for k in (1, 0)])
    assert np.all(theta <= emission.widest * (1.0 + 1e-9))
    fold = gamma * speed + u * energy * cosine  # zero where the two solutions meet
    away = np.abs(fold) > 0.05 * gamma * speed
    np.testing.assert_allclose(np.min(np.abs(solutions - cosine), axis=0)[away], 0.0, atol=1e-7)
    assert np.all(emission.folds == (m * u > speed))
    step = 1e-6
    low, high = lab(cosine - step)[0], lab(cosine + step)[0]
    # d cos theta / d cos theta*, the differences of the cosines without cancellation
    derivative = np.abs(np.sin(0.5 * (low + high)) * np.sin(0.5 * (high - low)) / step)
    wanted = derivative / (2.0 if m * u > speed else 1.0)
    np.testing.assert_allclose(emission.density(cosine, momentum)[away], wanted[away], rtol=2e-4)


def test_massless_states_have_the_known_jacobian():
    """dOmega*/dOmega = (E/E*)^2."""
    cosine, one = np.linspace(-1.0, 1.0, 11), np.ones(11)
    momentum = 0.05 * (np.hypot(3.0, 1.0) + 3.0 * cosine)
    emission = Emission(np.hypot(3.0, 1.0) * one, 3.0 * one, 0.05 * one, 0.05 * one)
    np.testing.assert_allclose(emission.density(cosine, momentum), (0.05 / momentum) ** 2, rtol=1e-12)


@pytest.mark.parametrize("theta", [0.0, 0.02, 0.3, np.pi])
@pytest.mark.parametrize("at", [0.0, 0.02, 0.35, 2.0])
@pytest.mark.parametrize("m", [0.0, 0.06])
def test_azimuths_are_drawn_from_their_density(theta, at, m):
    """The mean of f/density over draws is that of f over the circle, where decays can go there at all."""
    n, u = 100_000, 4.0
    energy = 0.0627
    full = np.ones(n)
    emission = Emission(np.hypot(u, 1.0) * full, u * full, energy * full, np.sqrt(energy**2 - m**2) * full)
    proposal = AzimuthProposal(emission, theta * full, at * full)
    circle = 2.0 * np.pi * (np.arange(n) + 0.5) / n - np.pi
    between = np.arccos(
        np.clip(np.cos(theta) * np.cos(at) + np.sin(theta) * np.sin(at) * np.cos(circle), -1.0, 1.0)
    )
    allowed = between <= emission.widest[0]
    assert proposal.open[0] == np.any(allowed)
    if not proposal.open[0]:
        return
    azimuth = proposal.sample((np.arange(n) + 0.5) / n)
    for function in (np.ones_like, np.cos, lambda x: np.cos(2.0 * x)):
        found = np.mean(function(azimuth) / proposal.density(azimuth))
        assert found == pytest.approx(np.mean(function(circle) * allowed), abs=2e-3)


# --- the forced measure is that of decays as they come
SHAPES = {
    "near": Sphere([0.5, 0.0, 4.0], 1.0),
    "off": Box([6.0, 1.0, 30.0], [3.0, 2.0, 8.0]),
    "far": Sphere([0.0, -1.9, 100.0], 5.0),
    "around": Sphere([0.0, 0.0, 0.5], 1.2),
}
FLIGHTS = {"slow": (0.05, 0.05), "mid": (1.0, 0.2), "fast": (30.0, 0.3)}


def largest_weight(primaries, untilted=1.0):
    """Return what no weight exceeds: a quarter of the draws follows the shares, a tenth is natural."""
    return primaries.entries.per_pot * 4.0 / (1.0 - FORCED_SHARE) / untilted


def worth_if_deep(energies):
    """Return what is worth more the less is left: nothing lost, and C of 0.3 and 3 times the largest."""
    depths = np.array([0.0, 0.3, 3.0]) * np.max(energies)
    return Worth(depths, np.array([0.2, 0.4, 0.4]), np.exp(-np.divide.outer(depths, energies + 1e-9)))


@pytest.mark.parametrize("spread", [None, (0.2, 0.2, 0.5)], ids=["axis", "spread"])
@pytest.mark.parametrize("flight", ["slow", "fast", pytest.param("mid", marks=pytest.mark.slow)])
def test_forced_and_natural_decays_are_the_same(flight, spread):
    """Rates, chords, energies, and how meson and decay lie in space; positions in and out of "around".

    Every other state leans forward as for great depths.
    """
    n, some = 25_000, entries(*FLIGHTS[flight], spread)
    for k, (m, energy) in enumerate(STATES):
        natural = ListPrimaries(some, PI0, ORIGIN, SHAPES["near"], aimed=False)  # wherever the shape is
        decays_anywhere = placed(natural, m, energy, n, 2 * k + 1)
        for body in SHAPES.values():
            worth, untilted = (worth_if_deep, 0.1) if k % 2 else (None, 1.0)
            primaries = ListPrimaries(some, PI0, ORIGIN, body, aimed=True, worth=worth)
            made = placed(primaries, m, energy, n, 2 * k)
            assert np.all((made.weight >= 0.0) & (made.weight <= largest_weight(primaries, untilted)))
            forced, expected = seen(made, body), seen(decays_anywhere, body)
            if np.count_nonzero(expected[0]) > 100:
                for first, second in zip(forced, expected, strict=True):
                    assert_same(first, second)


@pytest.mark.parametrize(("depth", "saved"), [(0.3, 3.0), (3.0, 300.0)])
def test_what_is_left_at_great_depths_takes_few_rows(depth, saved):
    """Of massless states of 20 000 mesons that hit wherever they go, exp(-C/E): against its integral.

    Entries as their weights have it and decays as they come take 5 and 1000 times as many rows.
    """
    n, some = 100_000, entries(10.0, 0.3, n=20_000)
    body = Sphere([0.0, 0.0, 0.5], 1.2)
    top = np.max(np.hypot(some.size, PI0))
    cosine, weight = np.polynomial.legendre.leggauss(400)
    energy = 0.5 * (np.hypot(some.size, PI0) + some.size * cosine[:, None])
    wanted = some.per_pot * np.sum(0.5 * weight @ (some.share * np.exp(-depth * top / energy)))
    spreads = []
    for worth in (worth_if_deep, None):
        primaries = ListPrimaries(some, PI0, ORIGIN, body, worth=worth)
        made = placed(primaries, 0.0, PI0 / 2, n, 5)
        left = made.weight * np.exp(-depth * top / made.arriving[0])
        spreads.append(np.std(left) / np.mean(left))
        if worth is not None:
            assert abs(np.mean(left) - wanted) < 4.5 * np.std(left) / np.sqrt(n)
    assert (spreads[1] / spreads[0]) ** 2 > saved


def seen(made, body):
    """Return what a shape sees of decays: hits, chords, energies, and how meson and decay lie in space."""
    start = ORIGIN[:, None] if made.start is None else made.start[:3]
    entry, leaving = body.intersect_components(start, made.direction)
    chord = made.weight * np.nan_to_num(leaving - entry)
    hit = made.weight * (leaving > entry)
    x, z = (made.turned(np.eye(3)[:, j : j + 1] + np.zeros((3, len(hit)))) for j in (0, 2))
    meson = made.turned(made.parent)
    np.testing.assert_allclose(
        made.turned(made.arriving[1:] / length(made.arriving[1:])), made.direction, atol=1e-9
    )
    found = [hit, chord, hit * made.arriving[0], hit / made.arriving[0], hit * x[0], hit * x[2]]
    return [*found, hit * z[1] ** 2, hit * meson[3], hit * np.hypot(meson[1], meson[2])]


@pytest.mark.parametrize("state", [STATES[1], STATES[2], STATES[3]])
@pytest.mark.parametrize("aimed", [True, False])
def test_how_decays_lie_in_space_agrees_with_turning_them_at_random(aimed, state):
    """Brute force: any rotation of the decay, a boost along its meson, any turn about the beam axis."""
    n, (m, energy), body = 80_000, state, SHAPES["near"]
    rng, some = np.random.default_rng(8), entries(0.2, 0.1, n=20)
    speed = np.sqrt(energy**2 - m**2)
    unstable = np.array([energy, 0.6 * speed, 0.0, 0.8 * speed])[:, None] + np.zeros((4, n))
    primaries = ListPrimaries(some, PI0, ORIGIN, body, aimed)
    uniform = rng.random((primaries.n_uniform, n))
    made = primaries.place(primaries.parents(uniform), unstable, uniform)
    axes = [made.turned(np.eye(3)[:, j : j + 1] + np.zeros((3, n))) for j in range(3)]
    mesons, weight = made.turned(made.parent), made.weight

    def moments(axes, mesons, weight):
        boosted = to_lab(energy, 0.6 * speed * axes[0] + 0.8 * speed * axes[2], mesons)
        flight = boosted[1:] / length(boosted[1:])
        entry, leaving = body.intersect_components(ORIGIN, flight)
        hit, along = weight * (leaving > entry), mesons[1:] / np.maximum(length(mesons[1:]), 1e-300)
        x, y, z = axes
        normal = np.cross(flight, along, axis=0)
        dots = [
            np.sum(u * v, axis=0) for u, v in ((y, normal), (y, along), (x, along), (z, along), (y, flight))
        ]
        extra = [
            dots[0] ** 2,
            dots[1] ** 2,
            dots[1] * dots[0],
            dots[1] * dots[2],
            dots[2] * dots[3],
            y[1] ** 2,
        ]
        return [hit * value for value in (*dots, *extra)]

    turn = rng.uniform(0.0, 2.0 * np.pi, n)
    drawn = some.momentum[:, rng.choice(20, n, p=some.share)]
    c, s = np.cos(turn), np.sin(turn)
    drawn = np.array([c * drawn[0] - s * drawn[1], s * drawn[0] + c * drawn[1], drawn[2]])
    brute = np.concatenate([np.hypot(length(drawn), PI0)[None], drawn])
    matrices = SpaceRotation.random(n, random_state=rng).as_matrix()
    wanted = moments([matrices[:, :, j].T for j in range(3)], brute, np.full(n, some.per_pot))
    for found, expected in zip(moments(axes, mesons, weight), wanted, strict=True):
        assert_same(found, expected)


def to_lab(energy, space, frame):
    """Boost textbook-wise from the rest frame of mesons (4, n)."""
    back = frame * np.array([[1.0], [-1.0], [-1.0], [-1.0]])
    return to_rest_frame(np.concatenate([np.full((1, space.shape[1]), energy), space]), back)


@pytest.mark.parametrize("momentum", [0.0, 0.02, 0.3, 5.0, 200.0])
@pytest.mark.parametrize("aside", [0.0, 0.3])
def test_the_mean_weight_is_the_exact_probability(momentum, aside):
    """Massless states of one meson along the beam: the share of cos theta* that goes to a sphere."""
    one = Entries(np.array([[0.0], [0.0], [momentum]]), None, None, np.ones(1), 1.0)
    at = 100.0 * np.array([np.sin(aside), 0.0, np.cos(aside)])
    made = placed(ListPrimaries(one, PI0, np.zeros(3), Sphere(at, 1.0)), 0.0, PI0 / 2, 50_000, 1)
    cone = np.sqrt(1.0 - 1e-4)
    hit = made.weight * (at @ made.direction / 100.0 > cone)
    u = momentum / PI0
    theta, azimuth = np.linspace(max(aside - 0.01001, 0.0), aside + 0.01001, 4001), 0.0
    # Solid angle by rings: share of each ring within the cone, times (E/E*)^2 there.
    inside = (cone - np.cos(theta) * np.cos(aside)) / np.maximum(np.sin(theta) * np.sin(aside), 1e-300)
    azimuth = np.arccos(np.clip(inside, -1.0, 1.0)) / np.pi
    dense = 1.0 / (np.hypot(u, 1.0) - u * np.cos(theta)) ** 2
    exact = np.trapezoid(0.5 * np.sin(theta) * dense * azimuth, theta)
    assert abs(np.mean(hit) - exact) < 4.5 * np.std(hit) / np.sqrt(len(hit)) + 1e-3 * exact
    best = np.sqrt(1.0 / FORCED_SHARE - 1.0)  # of rows of one weight, of which the others never hit
    assert np.std(hit) / np.mean(hit) < (1.05 if exact < 0.01 else 1.5) * best


def test_weights_are_bounded_and_nothing_breaks_at_the_edges():
    """Mesons at rest, along the beam and the line of sight, no solution, decays at rest, closed cones."""
    rng, n = np.random.default_rng(3), 20_000
    one = entries(1.0, 0.2, n=5)
    for energy, m in (
        (PI0 / 2, 0.0),
        (0.05, 0.05),
        (0.05, 0.05 * (1 - 1e-15)),
        (PI0 * (1 - 1e-9), PI0 * 0.99),
    ):
        primaries = ListPrimaries(one, PI0, ORIGIN, Sphere([0.0, 0.0, 50.0], 1.0))
        uniform = rng.random((primaries.n_uniform, n))
        uniform[:, ::7] = np.where(uniform[:, ::7] < 0.5, 0.0, 1.0 - 1e-16)
        momentum = np.sqrt(max(energy**2 - m**2, 0.0))
        unstable = np.concatenate([np.full((1, n), energy), momentum * unit_vector(*rng.random((2, n)))])
        with np.errstate(all="raise", under="ignore"):
            made = primaries.place(primaries.parents(uniform), unstable, uniform)
        for values in (made.weight, made.parent, made.arriving, made.direction):
            assert np.all(np.isfinite(values))
        assert np.all(made.weight <= largest_weight(primaries))


def test_without_biasing_decays_are_natural():
    """Every row has its entry's weight, whatever the detector."""
    some = entries(1.0, 0.2)
    made = placed(ListPrimaries(some, PI0, ORIGIN, SHAPES["off"], aimed=False), 0.0, 0.06, 1000, 1)
    assert np.all(np.isin(made.weight, some.weight))
    inside = ListPrimaries(some, PI0, ORIGIN, Sphere(ORIGIN, 1.0))
    assert np.max(placed(inside, 0.0, 0.06, 1000, 1).weight) <= some.per_pot * 4.0 / 3.0


# --- experiments
@pytest.fixture(scope="module")
def lists(tmp_path_factory):
    """Return cards of lists from the fits of MiniBooNE and CHARM, the beam of each."""
    folder, out = tmp_path_factory.mktemp("lists"), {}
    for flux in ("sanford-wang-be-8gev", "bmpt-cu-400"):
        source, files = darkmc.MesonSource(flux, cascade=True), {}
        for meson in ("pi0", "eta"):
            momentum, theta, weight = source.sample(meson, 5000, seed=3)
            vectors = np.stack([momentum * np.sin(theta), 0.0 * theta, momentum * np.cos(theta)], axis=1)
            rows = np.hstack([rows_of(meson, vectors), weight[:, None]])
            files[meson] = write_text(folder, rows, f"{flux}-{meson}.txt")
        keys = {"weight_per_entry": dict.fromkeys(files, 1.0), "columns": {"weight": "w"}}
        out[flux] = write_card(folder, files, name=f"{flux}.toml", **keys)
        energy = source.card.beam.energy_GeV
        text = Path(out[flux]).read_text().replace("energy_GeV = 400.0", f"energy_GeV = {energy}")
        Path(out[flux]).write_text(text)
    return out


def both(card, flux, n_natural, n_forced, portal, at, **overrides):
    """Return a sample of decays as they come and one of forced decays."""
    made = []
    for biasing, n in (("none", n_natural), ("turned", n_forced)):
        run = darkmc.Experiment(
            card, overrides={"source.flux": flux, "simulation.biasing": biasing, **overrides}
        )
        made.append(run.simulate(portal, n_samples=n, at=at, seed=7))
    return made


PLACES = {
    "on axis": {"geometry.size_m": [60.0, 60.0, 11.2]},
    "off axis": {"geometry.size_m": [40.0, 40.0, 11.2], "geometry.centre_m": [45.0, 0.0, 486.3]},
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("m", [0.01, 0.06, 0.13])
def test_forced_and_natural_yields_of_decays_agree(lists, place, m):
    overrides = {"source.mesons": ["pi0"], "signal.final_states": ["a gamma"], "cuts": [], **PLACES[place]}
    natural, forced = both(
        "charm-finegrained",
        lists["bmpt-cu-400"],
        100_000,
        50_000,
        darkmc.DarkAxionPortal(m),
        1e-5,
        **overrides,
    )
    for coupling in (1e-6, 1e-5):
        first, second = (sample.estimate(coupling) for sample in (natural, forced))  # of the same list
        assert second.draw_error < 0.25 * second.value
        assert abs(first.value - second.value) < 4.5 * np.hypot(first.draw_error, second.draw_error)


@pytest.mark.parametrize(("m", "at", "least"), [(0.005, 1e-5, 3), (0.05, 1e-5, 3), (0.2, 1e-7, 1)])
def test_forced_and_natural_yields_of_scattering_agree(lists, m, at, least):
    """Every channel that decays as they come show well, in a larger sphere than MiniBooNE's."""
    overrides = {"geometry.radius_m": 40.0, "geometry.active.radius_m": 41.0, "cuts": []}
    natural, forced = both(
        "miniboone-offtarget",
        lists["sanford-wang-be-8gev"],
        200_000,
        50_000,
        darkmc.DarkAxionPortal(m),
        at,
        **overrides,
    )
    seen = 0
    parts = [sample.channels(at) for sample in (natural, forced)]
    for name, part in parts[0].items():
        other = parts[1][name]
        if 0.0 < part.error < 0.2 * part.value:
            assert abs(part.value - other.value) < 4.5 * np.hypot(part.error, other.error), name
            seen += 1
    assert seen >= least


def test_what_entries_are_taken_to_be_worth_changes_no_yield_but_saves_rows(lists):
    """At CHARM's upper edge, with entries chosen for it and for small couplings."""
    run = darkmc.Experiment(
        "charm-finegrained", overrides={"source.flux": lists["bmpt-cu-400"], "source.mesons": ["pi0", "eta"]}
    )
    edge, portal = 3e-3, darkmc.DarkAxionPortal(0.01)
    right, wrong, ends = (run.simulate(portal, n_samples=80_000, at=at, seed=3) for at in (edge, 1e-6, None))
    first, *others = (sample.estimate(edge) for sample in (right, wrong, ends))
    for other in others:
        assert abs(first.value - other.value) < 4.5 * np.hypot(first.draw_error, other.draw_error)
    assert first.draw_error < 0.06 * first.value
    assert min(right.efficiency(edge), ends.efficiency(edge)) > 2.0 * wrong.efficiency(edge)


@pytest.mark.slow
def test_forcing_saves_many_rows_for_miniboone(lists):
    """Of the sampling efficiency, with the upstream decays: at least 50 times as much, measured 400."""
    natural, forced = both(
        "miniboone-offtarget",
        lists["sanford-wang-be-8gev"],
        1_500_000,
        100_000,
        darkmc.DarkAxionPortal(0.03),
        1e-5,
    )
    assert forced.efficiency(1e-5) > 0.02
    assert forced.efficiency(1e-5) > 50.0 * natural.efficiency(1e-5)


def histograms(path, n, **overrides):
    """Contents and variances of histograms of the photon: its cosine in gamma' -> a gamma, its energy."""
    made = experiment(path, "omega", geometry=sphere(4.0, 4.0, 0.0, 20.0), **overrides)
    events = ak.concatenate(list(made.generate(darkmc.DarkAxionPortal(0.3), 1e-6, n, seed=5)))
    dark = events.dark_photon
    momentum = np.sqrt(dark.px**2 + dark.py**2 + dark.pz**2)
    cosine = (events.photon.E - events.decay_axion.E) / momentum  # to the flight in the lab
    weight, out = np.asarray(events.weight), []
    for values, edges in ((cosine, np.linspace(-1.0, 1.0, 13)), (events.photon.E, np.linspace(0.0, 3.0, 13))):
        out.append([np.histogram(np.asarray(values), edges, weights=weight**k)[0] for k in (1, 2)])
    return np.concatenate(out, axis=1)


def distance(first, second):
    """chi2 between two weighted histograms, and its degrees of freedom."""
    variance = first[1] + second[1]
    filled = variance > 0.0
    return np.sum((first[0] - second[0])[filled] ** 2 / variance[filled]), np.count_nonzero(filled)


@pytest.mark.slow
def test_daughters_and_their_spin_correlations_are_unchanged(tmp_path):
    """Angle and energy of the photon as with decays as they come; and this sees the spin."""
    vectors = [[0.3, 0.0, 1.0], [0.0, 0.1, 0.4], [-0.1, 0.2, 2.0]]
    path = write_card(tmp_path, {"omega": write_text(tmp_path, rows_of("omega", vectors))})
    n = 40_000
    natural = histograms(path, n, simulation__biasing="none")
    forced = histograms(path, n)
    value, freedom = distance(natural, forced)
    assert chi2.sf(value, freedom) > 1e-5
    unpolarised = histograms(path, n, simulation__spin_correlations=False)
    assert chi2.sf(*distance(natural, unpolarised)) < 1e-5


def test_unweighted_forced_events_have_the_forced_distribution(tmp_path):
    """Unweighted events are as weighted ones; hardly any row is above the bound."""
    vectors = [[0.3, 0.0, 1.0], [0.0, 0.1, 0.4], [-0.1, 0.2, 2.0]]
    path = write_card(tmp_path, {"omega": write_text(tmp_path, rows_of("omega", vectors))})
    made = experiment(path, "omega", geometry=sphere(2.0, 4.0, 0.0, 20.0))
    portal, energies = darkmc.DarkAxionPortal(0.3), []
    for unweighted, n in ((False, 30_000), (True, 5000)):
        stream = made.generate(portal, 1e-6, n, unweighted=unweighted, seed=6)
        events = ak.concatenate(list(stream))
        energies.append((np.asarray(events.dark_photon.E), np.asarray(events.weight)))
    assert stream.n_above_bound < 5
    means, errors = [], []
    for energy, weight in energies:
        mean = np.average(energy, weights=weight)
        means.append(mean)
        errors.append(np.sqrt(np.sum((weight * (energy - mean)) ** 2)) / np.sum(weight))
    assert abs(means[0] - means[1]) < 4.5 * np.hypot(*errors)
