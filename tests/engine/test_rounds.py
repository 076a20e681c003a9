"""How samples are made: bits independent of threads, fixed streams per channel, precision and its limits."""

from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np
import pytest

import darkmc
from darkmc.core.errors import PhysicsError, PrecisionWarning

PAIR = {"source.mesons": ["pi0", "eta"], "signal.final_states": ["a gamma"]}


@lru_cache
def charm(biasing="turned", mesons=("pi0", "eta")):
    overrides = PAIR | {"simulation.biasing": biasing, "source.mesons": list(mesons)}
    return darkmc.Experiment("charm-finegrained", overrides=overrides)


def simulate(mass=0.02, experiment=None, **options):
    return (experiment or charm()).simulate(darkmc.DarkAxionPortal(mass), **options)


def columns(sample):
    """Return every number of every row, the order included."""
    return [
        (channel.name, channel.rows.tried, *(getattr(channel.rows, name) for name in ROW))
        for channel in sample.channel_rows
    ]


ROW = ("produced", "survive", "window", "stage", "index")


def same_bits(first, second):
    pairs = zip(columns(first), columns(second), strict=True)
    return all(a[:2] == b[:2] and all(map(np.array_equal, a[2:], b[2:])) for a, b in pairs)


@pytest.mark.parametrize("biasing", ["turned", "none"])
@pytest.mark.parametrize("goal", [{"precision": 0.02, "max_samples": 100_000}, {"n_samples": 50_001}])
@pytest.mark.filterwarnings("ignore::darkmc.core.errors.PrecisionWarning")
def test_threads_change_no_bit(goal, biasing):
    alone = simulate(experiment=charm(biasing), seed=4, **goal)
    for workers in (1, 3):
        with ThreadPoolExecutor(workers) as executor:
            assert same_bits(simulate(experiment=charm(biasing), seed=4, executor=executor, **goal), alone)


def test_the_seed_decides_every_bit():
    first, again, other = (simulate(n_samples=20_000, seed=seed) for seed in (1, 1, 2))
    assert same_bits(first, again)
    assert same_bits(first, simulate(n_samples=20_000))  # 1 is the default
    for a, b in zip(columns(first), columns(other), strict=True):
        assert np.intersect1d(a[2][a[2] > 0], b[2][b[2] > 0]).size == 0


def test_channels_and_chunks_share_no_numbers():
    sample = simulate(n_samples=40_000)
    weights = np.concatenate([channel.rows.produced for channel in sample.channel_rows])
    assert len(np.unique(weights[weights > 0])) == np.count_nonzero(weights)


@pytest.mark.parametrize("meson", ["pi0", "eta"])
@pytest.mark.parametrize("biasing", ["turned", "none"])
def test_switching_a_meson_off_moves_no_other(meson, biasing):
    both = simulate(experiment=charm(biasing), n_samples=40_000, at=3e-4)
    alone = simulate(experiment=charm(biasing, (meson,)), n_samples=20_000, at=3e-4)
    (kept,) = [column for column in columns(both) if column[0] == meson]
    for a, b in zip(kept, columns(alone)[0], strict=True):
        assert np.array_equal(a, b)


def test_neighbouring_masses_share_numbers_so_that_curves_are_smooth():
    """Second differences of N over 0.1% steps in mass are below a tenth of the Monte Carlo error."""
    masses = 0.01 * 1.001 ** np.arange(-2, 3)
    made = [simulate(mass, n_samples=20_000, at=1e-3).expected_events(1e-3) for mass in masses]
    values = np.array([y.value for y in made])
    roughness = np.abs(np.diff(np.log(values), 2))
    assert np.all(roughness < 0.1 * made[0].error / made[0].value)


@pytest.mark.parametrize("n", [1, 2, 3, 4096, 8193, 30_001])
def test_n_samples_is_the_exact_total_split_equally(n):
    sample = simulate(n_samples=n)
    tried = [channel.rows.tried for channel in sample.channel_rows]
    assert sample.n_samples == sum(tried) == n
    assert max(tried) - min(tried) <= 1


@pytest.mark.parametrize("precision", [0.05, 0.01, 0.004])
@pytest.mark.parametrize("coupling", [6e-5, 5.7e-4])
def test_precision_is_reached_where_asked(precision, coupling):
    sample = simulate(precision=precision, at=coupling)
    value, error = sample.expected_events(coupling)
    assert error <= precision * value
    assert sample.largest_row(coupling) <= 0.02
    assert sample.warnings == ()


def test_precision_holds_at_every_coupling_of_a_list():
    couplings = np.array([6e-5, 3e-4, 1e-3])
    value, error = simulate(precision=0.01, at=couplings).expected_events(couplings)
    assert np.all(error <= 0.01 * value)


@pytest.mark.parametrize("precision", [0.01, 0.1])
@pytest.mark.parametrize("mass", [0.005, 0.01, 0.025])
def test_precision_of_a_limit_is_that_of_its_edges(mass, precision):
    """With 400 effective rows at each, however steep the yield is."""
    sample = simulate(mass, precision=precision)
    exclusion = charm().limit(sample)
    for edge, error in zip(exclusion.intervals[0][:2], exclusion.intervals[0][2:], strict=True):
        assert error <= precision * edge
        assert sample.efficiency(edge) * sample.n_samples >= 400.0
        assert sample.largest_row(edge) <= 0.02


def test_a_limit_takes_fewer_rows_than_a_yield():
    """N goes as G^4 at the lower edge: a per cent of G is four of N, and takes a 16th of the rows."""
    of_limit, of_yield = (simulate(0.02, precision=0.004, at=where).n_samples for where in (None, 8e-5))
    assert 3 * of_limit < of_yield


def test_smaller_errors_cost_more_primaries():
    counts = [simulate(precision=precision, at=6e-5).n_samples for precision in (0.05, 0.01, 0.003)]
    assert counts == sorted(counts)
    assert counts[-1] > 4 * counts[0]


def test_a_precision_out_of_reach_is_a_result_with_a_warning():
    with pytest.warns(PrecisionWarning, match="not reached with "):
        sample = simulate(precision=1e-4, at=6e-5, max_samples=50_000)
    assert 0 < sample.n_samples <= 50_000
    assert "not reached" in sample.warnings[0]
    value, error = sample.expected_events(6e-5)
    assert 1e-4 * value < error < 0.05 * value


BAD = {
    "both": {"precision": 0.1, "n_samples": 100},
    "no samples": {"n_samples": 0},
    "negative samples": {"n_samples": -3},
    "no precision": {"precision": 0.0},
    "negative precision": {"precision": -0.1},
    "nan precision": {"precision": np.nan},
    "precision of one": {"precision": 1.0},
    "no maximum": {"max_samples": 0},
    "zero coupling": {"at": 0.0},
    "negative coupling": {"at": [1e-4, -1e-4]},
    "nan coupling": {"at": np.nan},
    "infinite coupling": {"at": np.inf},
}


@pytest.mark.parametrize("options", BAD.values(), ids=BAD.keys())
def test_bad_requests(options):
    with pytest.raises(PhysicsError):
        simulate(**options)


@pytest.mark.parametrize("coupling", [1e-2, 1.0, 100.0])
def test_a_coupling_at_which_nothing_survives_still_gives_a_sample(coupling):
    sample = simulate(n_samples=8192, at=coupling)
    assert 0.0 <= sample.expected_events(coupling).value < 1e-100
    value, error = sample.expected_events(6e-5)
    assert value == pytest.approx(20.9, abs=5 * error)


@pytest.mark.parametrize("mass", [1e-30, 1e-12])
def test_a_tiny_mass_gives_the_long_lived_limit(mass):
    """N = K G^4 with K ~ (volume decay rate) m^4 log(M/m): finite, positive, no warnings."""
    value, error = simulate(mass, n_samples=8192, at=1e-3).expected_events(1e-3)
    assert np.isfinite([value, error]).all()
    assert value >= 0.0


def test_progress_is_reports_after_every_round():
    reports = []
    sample = simulate(
        precision=0.01, at=6e-5, progress=lambda rows, precision: reports.append((rows, precision))
    )
    assert reports[-1][0] == sample.n_samples
    assert reports[-1][1] <= 0.01
    assert [rows for rows, _ in reports] == sorted({rows for rows, _ in reports})


@pytest.mark.parametrize("n", [0, -1])
def test_events_must_be_at_least_one(n):
    with pytest.raises(PhysicsError, match="at least 1"):
        charm().generate(darkmc.DarkAxionPortal(0.01), 1e-3, n)


@pytest.mark.parametrize("coupling", [0.0, -1e-4, np.nan, np.inf])
def test_events_need_a_coupling(coupling):
    with pytest.raises(PhysicsError):
        charm().generate(darkmc.DarkAxionPortal(0.01), coupling, 10)
