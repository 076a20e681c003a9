"""A target is one thing; beam and target of an experiment are those of its flux, or differ on purpose."""

import pytest

import darkmc
from darkmc import CardError, Experiment, MesonSource
from darkmc.core.errors import ValidityWarning

CU, LSND = "bmpt-cu-400", "lsnd"


@pytest.mark.parametrize(
    "overrides",
    [
        {"mass_number": 12},
        {"Z": 6},
        {"inelastic_cross_section_mb": 237.0},
        {"mass_number": 12.0, "inelastic_cross_section_mb": 237.0},
    ],
)
def test_a_part_of_a_target_is_refused(overrides):
    with pytest.raises(CardError, match=r"bmpt-cu-400.toml: target\..* are one target: set target.element"):
        MesonSource(CU, {f"target.{key}": value for key, value in overrides.items()})


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"element": "C", "Z": 7}, "element C has Z = 6, not 7"),
        ({"element": "C", "mass_number": 63.546}, "element C has A = 12.011, not 63.546"),
        ({"element": "Xx"}, "unknown element 'Xx'"),
        ({"Z": 6, "charge": 6, "mass_number": 12.0}, "give Z or charge"),
    ],
)
def test_contradictions_are_one_line(overrides, message):
    with pytest.raises(CardError, match=f"bmpt-cu-400.toml: target: {message}") as error:
        MesonSource(CU, {f"target.{key}": value for key, value in overrides.items()})
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("flux", [CU, "bmpt-mo-400"])
def test_all_follows_from_the_element(flux):
    """775 mb (A/63.546)^0.71, also where the card gives that of its own element."""
    target = MesonSource(flux, {"target.element": "C"}).card.target
    assert (target.charge, target.mass_number) == (6, 12.011)
    assert target.inelastic_cross_section_mb == pytest.approx(775.0 * (12.011 / 63.546) ** 0.71, rel=1e-12)
    same = MesonSource(flux, {"target.Z": 6, "target.mass_number": 12.011})
    assert same.density("pi0", 20.0, 0.01) == MesonSource(flux, {"target.element": "C"}).density(
        "pi0", 20.0, 0.01
    )
    given = {"target.element": "C", "target.inelastic_cross_section_mb": 200.0}
    ratio = MesonSource(flux, given).density("pi0", 20.0, 0.01) / same.density("pi0", 20.0, 0.01)
    assert ratio == pytest.approx(target.inelastic_cross_section_mb / 200.0, rel=1e-12)


@pytest.mark.parametrize(("flux", "element", "mb"), [(CU, 29, 775.0), ("bmpt-mo-400", 42, 1038.4)])
def test_the_shipped_targets_are_what_they_were(flux, element, mb):
    target = MesonSource(flux).card.target
    assert (target.charge, target.inelastic_cross_section_mb) == (element, mb)


@pytest.mark.parametrize(
    ("name", "overrides", "message"),
    [
        ("charm-finegrained", {"beam.particle": "electron"}, "beam.particle is electron, .*proton"),
        ("charm-finegrained", {"beam.momentum_GeV": 6800.0}, "beam.momentum_GeV is 6800 GeV"),
        (
            "charm-finegrained",
            {"flux.beam.energy_GeV": 410.0},
            ".* beam.energy_GeV of .* is 410 GeV",
        ),
        ("charm-finegrained", {"beam.target": "W"}, "beam.target is W, but target of .* is Cu"),
        ("charm-finegrained", {"source.flux": "bmpt-mo-400"}, "beam.target is Cu, but target of .* is Mo"),
        (LSND, {"beam.kinetic_energy_GeV": 0.75}, "beam.kinetic_energy_GeV is"),
        (LSND, {"beam.target": "C"}, "beam.target is C, but targets of .* is O, W"),
    ],
)
@pytest.mark.filterwarnings("ignore::darkmc.core.errors.ValidityWarning")
def test_what_disagrees_names_both_cards_and_the_cure(name, overrides, message):
    with pytest.raises(CardError, match=f"{name}.toml: {message}.*source.flux_may_differ") as error:
        Experiment(name, overrides=overrides)
    assert ".toml" in str(error.value).split("but")[1]
    assert "\n" not in str(error.value)


def test_on_purpose_it_may_differ_and_says_so():
    charm = Experiment(
        "charm-finegrained",
        overrides={"beam.particle": "electron", "source.flux_may_differ": ["particle"]},
    )
    remark = "flux bmpt-cu-400: particle proton, not the experiment's electron"
    sample = charm.simulate(darkmc.DarkAxionPortal(0.03), n_samples=4096)
    assert remark in charm.limit(sample).reason
    Experiment("charm-finegrained", overrides={"flux.target.element": "W"})
    Experiment("charm-finegrained", overrides={"beam.target": ["Cu", "W"]})
    Experiment(LSND, overrides={"beam.kinetic_energy_GeV": 0.8})
    more = {"beam.momentum_GeV": 451.0, "flux.beam.energy_GeV": 451.0, "flux.cascade": "none"}
    with pytest.warns(ValidityWarning, match="a beam of 450.1 GeV is outside"):
        Experiment("charm-finegrained", overrides=more)


@pytest.mark.parametrize("name", darkmc.list_experiments())
def test_the_shipped_cards_agree(name):
    assert Experiment(name).name == name
