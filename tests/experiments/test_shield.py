"""Absorption on the way: conversions per metre, exponents of rows, flags, cards."""

import pickle

import awkward as ak
import numpy as np
import pytest
from scipy.integrate import quad

import darkmc
from darkmc.biasing.shield import ShieldedWay, conversions_per_metre
from darkmc.cards.volumes import Shield
from darkmc.core.errors import CardError

ALPHA, GEV2_TO_CM2, AVOGADRO, ELECTRON = 1 / 137.035999, 3.893794e-28, 6.02214076e23, 0.51099895e-3
ON = {"simulation.absorption": True}
CONVERSION = {"simulation.signal": "conversion", "source.mesons": ["pi0"]}


def charm(**more):
    return darkmc.Experiment("charm-finegrained", overrides={**CONVERSION, **more})


def shield(material, length_m=1.0, **more):
    return Shield(material=material, length_m=length_m, **more)


def on_heavy_nuclei(charge, mass_number, mass, energy):
    """Cross section a N -> gamma' N in cm^2 at G = 1 for an infinitely heavy nucleus, by adaptive quadrature.

    alpha Z^2 F^2 (4 E^2 Q^2 - (Q^2 + m^2)^2)/(16 E^2 Q^4) dQ^2.
    """

    def integrand(log_q2):
        q2 = np.exp(log_q2)
        atom = (111 * charge ** (-1 / 3) / ELECTRON) ** 2 * q2
        form = atom / (1 + atom) / (1 + q2 * mass_number ** (2 / 3) / 0.164)
        return (
            ALPHA * (charge * form) ** 2 * (4 * energy**2 * q2 - (q2 + mass**2) ** 2) / (16 * energy**2 * q2)
        )

    momentum = np.sqrt(energy**2 - mass**2)
    limits = np.log([mass**4 / (energy + momentum) ** 2, (energy + momentum) ** 2])
    return quad(integrand, *limits, limit=200, epsrel=1e-8)[0] * GEV2_TO_CM2


def test_anchors_of_iron_and_soil():
    """About 0.066 G^2 per metre of iron and 0.0075 of soil (5 GeV, 10 MeV): good to 2%."""
    portal = darkmc.DarkAxionPortal(0.01)
    for material, expected in (("iron", 0.066), ("soil", 0.0075)):
        found = ShieldedWay(shield(material), portal, 400.0).exponent("axion", np.array([5.0]))
        assert found[0] == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("mass", [0.001, 0.01, 0.06])
def test_exponent_against_an_own_integral(mass):
    """A heavy nucleus by quadrature, electrons by their differential cross section."""
    from darkmc.portals.dark_axion.fermion_scattering import FermionScattering

    portal = darkmc.DarkAxionPortal(mass)
    energies = mass * np.array([1.2, 1.7, 4.0, 33.0, 900.0])
    atoms = 11.35 * 0.5 * AVOGADRO / 207.2
    electron = FermionScattering(portal.current, "axion", ELECTRON)
    way = ShieldedWay(shield("lead", 20.0, fill=0.5), portal, 400.0).exponent("axion", energies)
    for energy, found in zip(energies, way, strict=True):
        expected = on_heavy_nuclei(82, 207.2, mass, energy)
        if energy > electron.threshold:
            logs = np.log(electron.q2_limits(energy))
            total = quad(lambda x, e=energy: np.exp(x) * electron.differential(np.exp(x), e), *logs)[0]
            expected += 82 * total * GEV2_TO_CM2
        assert found == pytest.approx(atoms * 100.0 * 20.0 * expected, rel=3e-3)


def test_nothing_converts_below_threshold():
    way = ShieldedWay(shield("iron"), darkmc.DarkAxionPortal(0.01), 400.0)
    assert np.all(way.exponent("axion", np.array([1e-3, 9.9e-3])) == 0.0)
    assert np.all(way.exponent("dark_photon", np.array([1.001e-2, 1.0, 1e4])) > 0.0)


@pytest.mark.parametrize("masses", [(0.01, 0.0), (0.02, 0.05)])
def test_rows_have_the_conversions_of_what_flew(masses):
    """Each state by its part of the way, again from momenta and vertices of events."""
    portal = darkmc.DarkAxionPortal(*masses)
    overrides = {"simulation.signal": "all", "simulation.biasing": "none", **ON}
    lsnd = darkmc.Experiment("lsnd", overrides=overrides)
    lsnd.topology.prepare()
    light, heavy = ("dark_photon", "axion") if masses[1] > masses[0] else ("axion", "dark_photon")
    density = {"Fe": 7.874e6 * AVOGADRO / 55.845}

    def rate(momenta, name):
        incoming = "axion" if name.endswith("axion") else "dark_photon"
        return 10.0 * conversions_per_metre(density, portal, incoming, momenta[name][0])

    for plan in lsnd.plans(portal):
        rows, events = plan.run_events(3, 0, 20_000)
        assert len(rows.absorb) > 40
        kind = plan.name.replace("scatters", "converts")
        momenta = events.momenta
        if "after" in kind:
            expected = rate(momenta, f"upstream_{light}")
        else:
            expected = rate(momenta, "axion" if ": a converts" in kind else "dark_photon")
        if "upstream" in kind:
            vertex = {name: events.vertices[name][:3].T for name in ("production", "upstream", "scatter")}
            before, onward = vertex["upstream"] - vertex["production"], vertex["scatter"] - vertex["upstream"]
            path = np.linalg.norm(before, axis=1)
            direction = onward / np.linalg.norm(onward, axis=1)[:, None]
            entry = lsnd.geometry.intersect(vertex["upstream"], direction)[0]
            share = path / (path + entry)
            expected = share * rate(momenta, heavy) + (1 - share) * expected
        np.testing.assert_allclose(rows.absorb, expected, rtol=5e-3)


def test_events_carry_their_rows():
    coupling = 0.2
    events = ak.concatenate(list(charm(**ON).generate(darkmc.DarkAxionPortal(0.02), coupling, 500, seed=3)))
    row = {name: ak.to_numpy(events[f"row_{name}"]) for name in ("weight", "power", "tau_survive", "absorb")}
    assert np.all(row["absorb"] > 5.0)
    lost = np.exp(-(row["tau_survive"] + row["absorb"]) * coupling**2)
    for window in ("window", "second"):
        lost = lost * -np.expm1(-ak.to_numpy(events[f"row_tau_{window}"]) * coupling**2)
    expected = row["weight"] * coupling ** row["power"] * lost
    np.testing.assert_allclose(expected, ak.to_numpy(events.weight), rtol=1e-10)


def test_the_switch_multiplies_every_row_and_off_changes_no_bit():
    portal, coupling = darkmc.DarkAxionPortal(0.02), 0.2
    off, on = (charm(**more).simulate(portal, n_samples=3 * 4096) for more in ({}, ON))
    assert np.array_equal(off.weight, on.weight)
    assert np.all(off.absorb == 0.0)
    rows = on.weight * coupling**on.power * -np.expm1(-on.tau_window * coupling**2)
    kept = rows * np.exp(-on.tau_survive * coupling**2)
    assert off.expected_events(coupling).value == pytest.approx(np.sum(kept), rel=1e-10)
    lost = np.sum(kept * np.exp(-on.absorb * coupling**2))
    assert on.expected_events(coupling).value == pytest.approx(lost, rel=1e-10)
    assert on.absorbed(coupling) == pytest.approx(1 - lost / np.sum(kept), rel=1e-9)
    assert off.absorbed(coupling) == on.absorbed(coupling)


@pytest.mark.parametrize("coupling", [3e-3, 0.1, 1.0])
def test_slope_against_differences(coupling):
    sample = charm(**ON).simulate(darkmc.DarkAxionPortal(0.02), n_samples=3 * 4096)
    step = 1e-4 * coupling
    below, above = sample.expected_events([coupling - step, coupling + step]).value
    assert sample.slope(coupling).value == pytest.approx((above - below) / (2 * step), rel=1e-6)


def test_analogue_sampling_agrees():
    """Pull below 4, chance 6e-5."""
    portal, coupling, wide = darkmc.DarkAxionPortal(0.02), 0.3, {"geometry.size_m": [30.0, 30.0, 11.2]}
    found = [
        charm(**wide, **ON, **{"simulation.biasing": biasing})
        .simulate(portal, n_samples=3 * 4096 * chunks)
        .expected_events(coupling)
        for biasing, chunks in (("turned", 4), ("none", 40))
    ]
    assert found[1].error < 0.05 * found[1].value
    pull = (found[0].value - found[1].value) / np.hypot(found[0].error, found[1].error)
    assert abs(pull) < 4


def test_decays_are_absorbed_too():
    """The gamma' itself flies through the shield: with a long one, at the pace of its own conversions."""
    portal, coupling = darkmc.DarkAxionPortal(0.001), 0.3
    card = {"source.mesons": ["omega"], "signal.final_states": ["a gamma"], **ON}
    sample = darkmc.Experiment("charm-finegrained", overrides=card).simulate(portal, n_samples=4096)
    energies = np.array([7.5, 400.0])
    least, most = (
        100.0 * rate
        for rate in conversions_per_metre(
            {"Fe": 7.874e6 * AVOGADRO / 55.845}, portal, "dark_photon", energies
        )
    )
    assert np.all((sample.absorb > 0.99 * least) & (sample.absorb < 1.01 * most))
    assert 1 - np.exp(-least * coupling**2) < sample.absorbed(coupling) < 1 - np.exp(-most * coupling**2)


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("charm-finegrained", 0.12, 0.14), ("miniboone-offtarget", 0.16, 0.22), ("lsnd", 0.4, 0.7)],
)
def test_flags_are_computed_from_the_shield(name, low, high):
    """10% of the axions convert at G = 0.13 (CHARM), 0.17 (MiniBooNE), above 0.4 (LSND), said for 5 GeV."""
    experiment = darkmc.Experiment(name, overrides=CONVERSION)
    sample = experiment.simulate(darkmc.DarkAxionPortal(0.01), n_samples=6000)
    reason = experiment.limit(sample).reason
    words = next(text for text in reason.split("; ") if "converts in the shield" in text)
    assert "not taken into account" in words
    assert low < float(words.split()[1]) < high


def test_samples_travel_and_replay():
    sample = charm(**ON).simulate(darkmc.DarkAxionPortal(0.02), n_samples=12_288)
    there = pickle.loads(pickle.dumps(sample))
    total = sample.expected_events(0.3).value
    assert there.expected_events(0.3).value == total
    histogram = there.histogram("E_photon", [0.0, 400.0], 0.3)
    assert histogram.value[0] == pytest.approx(total, rel=1e-9)


def test_equal_masses_are_not_absorbed():
    experiment = darkmc.Experiment("lsnd", overrides={**ON, "simulation.biasing": "none"})
    sample = experiment.simulate(darkmc.DarkAxionPortal(0.02, 0.02), n_samples=8192)
    assert sample.absorbed(1.0) == 0.0


def test_limits_say_that_equal_masses_are_not_absorbed():
    experiment = darkmc.Experiment("lsnd", overrides=ON)
    sample = experiment.simulate(darkmc.DarkAxionPortal(0.005, 0.005), n_samples=3000)
    assert (
        "above 0.3 GeV^-1 absorption matters, and is left out for equal masses"
        in experiment.limit(sample).reason
    )


BAD = [
    ({"shield.material": "iorn"}, r"shield: unknown material 'iorn' .nearest: 'iron'"),
    ({"shield.length_m": -1.0}, r"shield.length_m"),
    ({"shield.fill": 1.5}, r"shield.fill"),
    ({"shield.composition": {"Xx": 1.0}}, r"shield.composition: unknown element 'Xx'"),
    ({"shield.thickness_m": 3.0}, r"unknown key 'shield.thickness_m'"),
    ({"simulation.absorption": 1}, r"simulation.absorption"),
]


@pytest.mark.parametrize(("overrides", "message"), BAD)
def test_bad_shields(overrides, message):
    with pytest.raises(CardError, match=message):
        darkmc.Experiment("lsnd", overrides=overrides)


def test_a_material_of_ones_own():
    """Density and composition may be given under any name."""
    own = {
        "shield.material": "clay",
        "shield.density_g_cm3": 2.0,
        "shield.composition": {"Al": 2.0, "O": 3.0},
    }
    card = darkmc.Experiment("lsnd", overrides=own).card.shield
    assert (card.density_g_cm3, card.composition) == (2.0, {"Al": 2.0, "O": 3.0})


def bare(name, folder):
    """Write a shipped card without its shield."""
    text = darkmc.Experiment(name).loaded.text
    path = folder / "bare.toml"
    path.write_text(text[: text.index("\n[shield]")] + text[text.index("\n[signal]") :], encoding="utf-8")
    return str(path)


def test_absorption_needs_a_shield(tmp_path):
    path = bare("nucal", tmp_path)
    assert darkmc.Experiment(path).card.shield is None
    with pytest.raises(CardError, match=r"simulation.absorption = true needs \[shield\]"):
        darkmc.Experiment(path, overrides=ON)


def test_without_a_shield_the_old_flag_stays(tmp_path):
    experiment = darkmc.Experiment(bare("charm-finegrained", tmp_path), overrides=CONVERSION)
    sample = experiment.simulate(darkmc.DarkAxionPortal(0.01), n_samples=12_000)
    assert sample.absorbed(1.0) == 0.0
    assert "above 0.3 GeV^-1 the detector is not thin" in experiment.limit(sample).reason
