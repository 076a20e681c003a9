"""What the error of a yield knows: few entries, channels not seen, finite lists, many cuts, memory."""

import json
from dataclasses import replace

import numpy as np
import pytest
from list_cards import rows_of, write_card, write_text

import darkmc
from darkmc.cli import main
from darkmc.core.estimates import GROUPS, Weights, estimate, group_of
from darkmc.sample.rows import Channel, Rows
from darkmc.sample.sample import Sample

PORTAL = darkmc.DarkAxionPortal(0.03)
BOX = {"geometry.size_m": [60.0, 60.0, 11.2], "cuts": [], "signal.final_states": ["a gamma"]}


def prompt(weights, tried, stage=0, n_cuts=0, name="a", **keys):
    """Return a channel of rows that decay at once."""
    n = len(weights)
    rows = Rows(
        np.array(weights, dtype=float),
        np.zeros(n),
        np.full(n, np.inf),
        np.full(n, stage, dtype=np.int32),
        np.arange(n),
        tried,
    )
    return Channel(name, 2.0, 1.0, 1.0, n_cuts, replace(rows, **keys))


# --- few entries
@pytest.mark.parametrize(("count", "known"), [(9, False), (10, True), (11, True)])
def test_an_error_needs_ten_effective_entries(count, known):
    sample = Sample((prompt([1.0] * count, 1000),), (), 1)
    value, error = sample.expected_events(1.0)
    assert value == count / 1000
    assert np.isfinite(error) == known
    if known:
        assert error == pytest.approx(np.sqrt(count / 1000 * (1 - count / 1000) / 999), rel=1e-12)


def test_entries_count_by_their_weights_over_all_channels():
    """(sum w)^2/sum w^2 = 36/6 = 6 of one channel, with another one of as many 12."""
    few = [prompt([1.0] * 6, 100, name=name) for name in "ab"]
    assert np.isinf(Sample((few[0],), (), 1).expected_events(1.0).error)
    both = Sample(tuple(few), (), 1)
    assert np.isfinite(both.expected_events(1.0).error)
    assert all(np.isinf(part.error) for part in both.channels(1.0).values())
    heavy = Sample((prompt([1.0] * 50 + [100.0], 1000),), (), 1)
    assert np.isinf(heavy.expected_events(1.0).error)


def test_no_entry_is_no_zero_error_but_a_closed_channel_is():
    assert np.isinf(Sample((prompt([], 1000),), (), 1).expected_events(1.0).error)
    closed = Sample((), (), 1, closed="production closed")
    assert tuple(closed.expected_events(1.0)) == (0.0, 0.0)
    assert tuple(Sample((prompt([], 1000),), (), 1).expected_events(0.0)) == (0.0, 0.0)


def test_a_channel_of_which_nothing_was_seen_leaves_the_error_unknown():
    seen, unseen = prompt([1.0] * 500, 1000), prompt([], 1000, name="b")
    sample = Sample((seen, unseen), (), 1)
    assert np.isinf(sample.expected_events(1.0).error)
    assert sample.unseen(1.0) == ("b",)


def test_a_channel_that_fails_the_cuts_adds_as_if_one_row_had_passed():
    seen = prompt([1.0] * 500, 1000, stage=1, n_cuts=1)
    failing = prompt([3.0] * 400, 1000, stage=0, n_cuts=1, name="b")
    sample = Sample((seen, failing), ("cut",), 1)
    alone = Sample((seen,), ("cut",), 1).expected_events(1.0)
    assert sample.expected_events(1.0).value == alone.value
    assert sample.expected_events(1.0).error == pytest.approx(np.hypot(alone.error, 3.0 / 1000), rel=1e-12)


def test_rounds_go_on_until_every_channel_is_seen():
    """Without biasing one pi0 in 300 and fewer phi hit: a precision of 30% alone needs few primaries."""
    charm = darkmc.Experiment(
        "charm-finegrained", overrides={"simulation.biasing": "none", "signal.final_states": ["a gamma"]}
    )
    sample = charm.simulate(PORTAL, precision=0.3, at=6e-5, seed=1, max_samples=10**7)
    value, error = sample.expected_events(6e-5)
    assert 0.0 < error < 0.3 * value
    assert sample.unseen(6e-5) == ()


def test_commands_say_that_an_error_is_unknown(tmp_path, capsys):
    point = ["charm-finegrained", "--m-dark-photon", "30MeV", "--coupling", "6e-5"]
    assert main(["rate", *point, "--samples", "4", "--json"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert (row["error"], row["draw_error"], row["list_error"]) == (None, None, 0.0)
    assert main(["rate", *point, "--samples", "4", "--cutflow"]) == 0
    out = capsys.readouterr().out
    assert "error unknown: fewer than 10 effective entries" in out
    assert "inf" not in out
    for seed in "123":
        file = str(tmp_path / f"{seed}.root")
        assert main(["generate", *point, "--events", "2", "--seed", seed, "-o", file]) == 0
        assert "error unknown" in capsys.readouterr().out
        import uproot

        with uproot.open(file) as made:
            metadata = json.loads(str(made["metadata"]))
        assert metadata["error"] is None
        assert "unknown: fewer than 10" in metadata["error_meaning"]


# --- many cuts
def test_two_hundred_cuts_that_all_pass_change_nothing():
    """128 cuts overflowed a counter of 8 bits: N = 0 +- 0 without a word."""
    cuts = [{"name": f"cut{k}", "observable": "E_photon", "min": 0.0} for k in range(200)]
    plain, many = (
        darkmc.Experiment("charm-finegrained", overrides=BOX | {"cuts": given}).simulate(
            PORTAL, n_samples=2000
        )
        for given in ([], cuts)
    )
    assert many.expected_events(6e-5).value == pytest.approx(plain.expected_events(6e-5).value, rel=1e-12)


def test_bins_above_32767_are_bins():
    rows = {"bin": np.full(20, 40_000, dtype=np.int32)}
    sample = Sample((prompt([1.0] * 20, 100, **rows),), (), 1)
    assert sample.in_bin(40_000).expected_events(1.0).value == pytest.approx(0.2)


# --- finite lists
def test_groups_are_fixed_and_know_nothing_of_the_order():
    groups = group_of(np.arange(32_000))
    counts = np.bincount(groups, minlength=GROUPS)
    assert len(counts) == GROUPS
    assert np.sum((counts - 1000) ** 2 / 1000) < 62.0  # chi2 of 31 degrees of freedom: 1e-3
    assert group_of(np.array([5, 5, 70_000]))[0] == groups[5]
    repeats = np.mean(groups[1:] == groups[:-1])
    assert abs(repeats - 1 / 32) < 4 * np.sqrt(1 / 32 / 32_000)


@pytest.mark.parametrize("fixed", [True, False])
def test_list_error_is_that_of_a_mean_or_a_sum_of_entries(fixed):
    """Lists of n entries of which each is tried once: the exact standard error is known."""
    rng, n, found = np.random.default_rng(3), 400, []
    for _ in range(300):
        values = rng.exponential(size=n) * (rng.random(n) < 0.5)
        groups = group_of(np.arange(n))
        shares = np.bincount(groups, minlength=GROUPS) / n if fixed else np.full(GROUPS, 1 / GROUPS)
        many = np.repeat(values, 200)  # draws without an error of their own to speak of
        part = Weights(many, len(many), 0.0, np.repeat(groups, 200), shares)
        found.append(estimate([part]).list_error ** 2)
    second, mean = 2.0 * 0.5, 0.5
    exact = (second - mean**2) / n if fixed else second / n
    assert np.mean(found) == pytest.approx(exact, rel=0.08)  # 4.5 times 1.8%, of 300 estimates of 31% each


@pytest.mark.parametrize(("size", "known"), [(1e-3, True), (0.2, True), (10.0, False)])
def test_few_entries_of_a_list_are_no_matter_beside_much_else(size, known):
    """Five equal ones in 32 groups: sum_g (S_g - S/32)^2 = S^2 (1/5 - 1/32); no matter for a thousandth."""
    rng = np.random.default_rng(5)
    entries, groups = np.repeat(np.arange(5), 2000), group_of(np.arange(5))
    assert len(set(groups)) == 5
    few = Weights(np.full(10_000, size), 10_000, 0.0, groups[entries], np.full(GROUPS, 1 / GROUPS))
    found = estimate([Weights(rng.exponential(size=10_000), 10_000), few])
    assert np.isfinite(found.list_error) == known
    if known:
        assert found.list_error == pytest.approx(size * np.sqrt((1 / 5 - 1 / 32) * 32 / 31), rel=0.01)


def test_species_of_the_same_events_add_up_before_they_are_compared():
    rng = np.random.default_rng(4)
    values, groups = rng.exponential(size=2000), group_of(np.arange(2000))
    shares = np.bincount(groups, minlength=GROUPS) / 2000
    part = Weights(np.repeat(values, 50), 100_000, 0.0, np.repeat(groups, 50), shares)
    one, two = estimate([part]), estimate([part, part])
    assert two.list_error == pytest.approx(2.0 * one.list_error, rel=0.01)
    assert two.draw_error == pytest.approx(np.sqrt(2.0) * one.draw_error, rel=1e-9)


def list_of_fit(folder, n, seed):
    """Return a card with a list of n pi0 of unit weight from the fit of CHARM's flux."""
    source = darkmc.MesonSource("bmpt-cu-400", cascade=True)
    momentum, theta, weight = source.sample("pi0", 40 * n, seed=seed)
    rng = np.random.default_rng(seed)
    keep = rng.choice(len(weight), n, p=weight / weight.sum())
    momentum, theta, azimuth = momentum[keep], theta[keep], rng.uniform(0.0, 2.0 * np.pi, n)
    across = momentum * np.sin(theta)
    three = np.stack([across * np.cos(azimuth), across * np.sin(azimuth), momentum * np.cos(theta)], axis=1)
    name = write_text(folder, rows_of("pi0", three), f"{seed}.txt")
    per_pot = {"pi0": float(weight.sum())}
    return write_card(folder, {"pi0": name}, name=f"{seed}.toml", mesons_per_pot=per_pot)


def pulls(folder, lists, n, n_samples, coupling):
    """Results of small lists less the fit's, over the quoted errors, and how often an error is known."""
    overrides = {**BOX, "source.mesons": ["pi0"]}
    fit = darkmc.Experiment("charm-finegrained", overrides=overrides | {"simulation.biasing": "none"})
    true = fit.simulate(PORTAL, n_samples=200_000).expected_events(coupling)  # to 0.5%
    out = []
    for seed in range(lists):
        path = list_of_fit(folder, n, 1000 + seed)
        run = darkmc.Experiment("charm-finegrained", overrides=overrides | {"source.flux": path})
        found = run.simulate(PORTAL, n_samples=n_samples, at=coupling, seed=seed).estimate(coupling)
        out.append(
            [(found.value - true.value) / np.hypot(found.error, true.error), found.list_error / found.value]
        )
    return np.array(out).T


def test_a_small_list_says_so(tmp_path):
    """The error of the draws alone was 2%, and results 12% off."""
    (pull,), (of_list,) = pulls(tmp_path, 1, 1000, 8000, 6e-5)
    assert abs(pull) < 4.0
    assert 0.02 < of_list < 0.5


@pytest.mark.slow
def test_two_thirds_of_small_lists_lie_within_their_error_of_the_fit(tmp_path):
    """Binomial of 200 lists at 68%: 0.033; the scatter of 32 groups adds 0.01."""
    pull, _ = pulls(tmp_path, 200, 1000, 8000, 6e-5)
    assert np.all(np.isfinite(pull))
    assert abs(np.mean(np.abs(pull) < 1.0) - 0.68) < 0.10
    assert abs(np.mean(pull)) < 0.3
