"""Cards: what ships loads, what is wrong is one line that names file, key and the nearest valid name."""

import os
from pathlib import Path

import pydantic
import pytest
from helpers import ROOT

from darkmc import CardError, Experiment, MesonSource, list_experiments, list_fluxes, list_runs
from darkmc.cards.found import find_card, list_cards
from darkmc.cards.load import load_card
from darkmc.core.particles import canonical_name
from darkmc.experiments.moment_names import list_moments

CHARM = (ROOT / "detectors" / "charm-finegrained.toml").read_text(encoding="utf-8")
PLAIN, _, _ = CHARM.partition("[presets")
FLUX = (ROOT / "fluxes" / "bmpt-cu-400.toml").read_text(encoding="utf-8")
SHIPPED = {"detectors": list_experiments(), "fluxes": list_fluxes(), "runs": list_runs()}
ALL = [(kind, name) for kind, names in SHIPPED.items() for name in names]


WITH_PRESETS = [
    (name, preset)
    for name in SHIPPED["detectors"]
    for preset in ("best", *load_card("detectors", name).card.presets)
]


@pytest.fixture
def card(tmp_path):
    """Write a card and return its path as text."""

    def write(text, name="x.toml"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    return write


def refused(message):
    return pytest.raises(CardError, match=message)


def charm(overrides):
    return Experiment("charm-finegrained", overrides=overrides)


@pytest.mark.parametrize("kind", SHIPPED)
def test_every_card_of_the_checkout_is_found_by_name(kind):
    assert {path.stem for path in (ROOT / kind).glob("*.toml")} <= set(SHIPPED[kind])
    assert SHIPPED[kind] == sorted(SHIPPED[kind])


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_every_shipped_card_is_valid_and_named_like_its_file(kind, name):
    loaded = load_card(kind, name)
    assert loaded.card.name == name
    assert Path(loaded.path).stem == name
    assert loaded.text == Path(loaded.path).read_text(encoding="utf-8")
    for reference in getattr(loaded.card, "references", ()):
        assert reference.grade in "ABC"
        assert reference.gives


@pytest.mark.parametrize(("name", "preset"), WITH_PRESETS)
def test_every_preset_of_every_experiment_loads(name, preset):
    experiment = Experiment(name, preset=preset)
    assert experiment.topology.criterion.words
    if experiment.topology.source is not None:
        assert experiment.card.source.mesons
        assert experiment.excluded_events > 0


def experiments_named(value):
    """Yield every experiment that a run's card names, at any depth."""
    for key, inner in value.items() if isinstance(value, dict) else ():
        if key == "experiment":
            yield inner
        elif key in ("experiments", "windows"):
            yield from inner
        else:
            yield from experiments_named(inner)
    for inner in value if isinstance(value, list | tuple) else ():
        yield from experiments_named(inner)


@pytest.mark.parametrize("name", SHIPPED["runs"])
def test_every_run_names_cards_that_exist(name):
    card = load_card("runs", name).card
    names = list(experiments_named(card.model_dump()))
    of_formulas = {
        "branching-ratios",
        "cross-sections",
        "lepton-moments",
        "moment-plane",
        "moment-scan",
        "scotogenic",
    }
    assert names or card.kind in of_formulas
    for experiment in names:
        assert experiment in SHIPPED["detectors"] or experiment in list_moments()


@pytest.mark.parametrize("name", SHIPPED["fluxes"])
def test_every_ratio_of_a_flux_is_a_known_meson_with_a_reference(name):
    card = load_card("fluxes", name).card
    keys = {reference.key for reference in card.references}
    for meson in getattr(card, "ratios", ()):
        canonical_name(meson)
        assert card.ratio_references[meson] in keys


def test_cards_are_frozen_also_inside():
    card = load_card("detectors", "charm-finegrained").card
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        card.name = "other"
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        card.beam.pot = 1.0
    assert isinstance(card.source.mesons, tuple)
    assert isinstance(card.cuts, tuple)


# --- wrong cards: what is changed in the text, and what the message must hold
WRONG = {
    "unknown key": ("pot =", "pots =", "unknown key 'beam.pots' .nearest: 'pot'"),
    "unknown table": ("[signal]", "[signals]", "key 'signals?'"),
    "wrong unit": (
        "momentum_GeV",
        "momentum_MeV",
        "unknown key 'beam.momentum_MeV' .nearest: 'momentum_GeV'",
    ),
    "wrong unit of a length": ("centre_m", "centre_cm", "geometry.centre_"),
    "negative exposure": ("pot = 7.1e18", "pot = -7.1e18", "beam.pot.*greater than 0"),
    "no number": ("pot = 7.1e18", "pot = nan", "beam.pot.*finite"),
    "text for a number": ("pot = 7.1e18", 'pot = "7.1e18"', "beam.pot.*number"),
    "a boolean for a number": ("pot = 7.1e18", "pot = true", "beam.pot.*number"),
    "two exposures": ("pot = 7.1e18", "pot = 7.1e18\neot = 1.0", "beam.*exactly one of pot and eot"),
    "no exposure": ("pot = 7.1e18", "", "beam.*exactly one of pot and eot"),
    "efficiency above one": ("efficiency = 1.0", "efficiency = 1.2", "signal.efficiency.*less than or equal"),
    "unknown final state": ("final_states = [", 'final_states = ["a pi0", ', "signal.final_states"),
    "no final state": ("final_states = [", "final_states = [] # ", "signal.final_states"),
    "no meson": ("mesons = [", "mesons = [] # ", "source.mesons"),
    "a volume without extent": ("[2.4, 2.4, 11.2]", "[2.4, 0.0, 11.2]", "geometry.size_m.*greater than 0"),
    "two dimensions": ("[2.4, 2.4, 11.2]", "[2.4, 2.4]", "geometry.size_m"),
    "another shape's keys": ('"box"', '"sphere"', "geometry: a sphere takes radius_m, not size_m"),
    "an unknown shape": ('"box"', '"cube"', "geometry.shape.*'box'"),
    "negative counts": ("n_obs = 1", "n_obs = -1", "observed.n_obs"),
    "fractional counts": ("n_obs = 1", "n_obs = 1.5", "observed.n_obs.*whole number"),
    "an empty cut": ("min = 7.5\nmax = 50.0", "", "cuts.*give min, max or both"),
    "a backward cut": ("min = 7.5", "min = 75.0", "cuts.*min must be below max"),
    "an unknown observable": ('"E_shower"', '"E_photo"', "'E_photo' .nearest: 'E_photon'"),
    "an unknown topology": ('"decay_in_flight"', '"decay"', "topology.*'decay_in_flight'"),
    "a newer schema": ("schema = 1", "schema = 2", "schema.*1"),
    "an unknown grade": ('grade = "A"', 'grade = "D"', "references.*grade.*'A', 'B' or 'C'"),
    "a detector around the target": ("486.3]", "0.0]", "the detector contains the target"),
    "a misspelt table": ("[observed]", "[observd]", "unknown key 'observd' .nearest: 'observed'"),
    "an element by its name": (
        'target = "Cu"',
        'target = "copper"',
        "unknown element 'copper' .nearest: 'Cu'",
    ),
    "a missing name": ('name = "charm-finegrained"', "", "missing key 'name'"),
}


@pytest.mark.parametrize(("old", "new", "message"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_experiment_is_one_line_that_names_file_and_key(card, old, new, message):
    assert old in PLAIN
    path = card(PLAIN.replace(old, new, 1))
    with refused(message) as error:
        Experiment(path)
    assert str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("table", ["beam", "source", "geometry", "signal", "observed"])
def test_a_missing_table_is_named(card, table):
    head, _, tail = PLAIN.partition(f"[{table}]")
    path = card(head + "[" + tail.partition("\n[")[2])
    with refused(f"x.toml: missing key '{table}'"):
        Experiment(path)


def test_a_card_without_references_is_refused(card):
    head, _, tail = PLAIN.partition("[[references]]")
    with refused("x.toml: missing key 'references'"):
        Experiment(card(head + "[beam]" + tail.partition("[beam]")[2]))


def test_a_ratio_without_a_reference_is_refused(card):
    path = card(FLUX.replace('eta = "dNLS18"', 'eta = "nobody"', 1))
    with refused("x.toml: .*ratio_references.eta must name the key of a reference"):
        MesonSource(path)


@pytest.mark.parametrize("text", ["a = \n", "[beam\n", "a = 1\na = 2\n", "= 3"])
def test_bad_toml_names_the_file_and_the_place(card, text):
    with refused(r"x.toml: not valid TOML: .*\(at "):
        Experiment(card(text))


def test_an_empty_file_misses_its_first_key(card):
    with refused("x.toml: missing key 'schema'"):
        Experiment(card(""))


def test_a_file_in_another_encoding_is_a_card_error(card):
    with refused("x.toml"):
        Experiment(card("# Grün\n".encode("latin-1") + CHARM.encode()))


# --- where cards are found
def test_names_that_do_not_exist_suggest_the_nearest():
    with refused("unknown experiment 'charm-fine' .nearest: 'charm-finegrained'"):
        Experiment("charm-fine")
    with refused("unknown flux 'bmpt-cu-40' .nearest: 'bmpt-cu-400'"):
        MesonSource("bmpt-cu-40")
    with refused("unknown run 'charmm' .nearest: 'charm'"):
        load_card("runs", "charmm")
    with refused("no such card: nowhere/charm.toml"):
        Experiment("nowhere/charm.toml")


def test_own_cards_in_the_working_folder_are_suggested(tmp_path, monkeypatch):
    """Each kind its own, other TOML files never; a path suggests what lies beside it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DARKMC_PATH", raising=False)
    for name in ("my-dump.toml", "my-dumper.txt"):
        (tmp_path / name).write_text(CHARM, encoding="utf-8")
    (tmp_path / "my-dumps.toml").write_text('schema = 1\nkind = "limits"\n', encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\n', encoding="utf-8")
    (tmp_path / "broken.toml").write_text("schema = \n", encoding="utf-8")
    with refused("unknown experiment 'my-dumpp' .nearest: 'my-dump'"):
        Experiment("my-dumpp")
    with refused("unknown run 'my-dumpz' .nearest: 'my-dumps'"):
        load_card("runs", "my-dumpz")
    with refused("unknown experiment 'zzz'; known: my-dump, babar"):
        Experiment("zzz")
    with refused("no such card: my-dum.toml .nearest: 'my-dump.toml'"):
        Experiment("my-dum.toml")


def test_the_order_of_search(tmp_path, monkeypatch, card):
    """Explicit path; ./NAME and ./detectors/NAME; each of $DARKMC_PATH the same way; the shipped card."""
    here, first, second = (tmp_path / name for name in ("here", "first", "second"))
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("DARKMC_PATH", os.pathsep.join([str(first), "", str(second)]))
    shipped = find_card("detectors", "charm-finegrained")
    assert shipped.parent.parent == ROOT
    expected = shipped
    name = "charm-finegrained.toml"
    for place in ("second/detectors", "second", "first/detectors", "first", "here/detectors", "here"):
        written = Path(card(CHARM, f"{place}/{name}"))
        assert find_card("detectors", "charm-finegrained").resolve() != expected.resolve()
        assert find_card("detectors", "charm-finegrained").resolve() == written.resolve()
        expected = written
    explicit = card(CHARM, f"elsewhere/{name}")
    assert load_card("detectors", explicit).path == explicit
    assert load_card("detectors", str(shipped)).path == str(shipped)


def test_a_path_wins_over_the_folders_and_is_relative_to_here(tmp_path, monkeypatch, card):
    card(CHARM.replace("pot = 7.1e18", "pot = 5e18"), "mine.toml")
    monkeypatch.chdir(tmp_path)
    assert Experiment("mine.toml").card.beam.exposure == 5e18
    assert Experiment("mine").card.beam.exposure == 5e18


def test_own_cards_are_listed_with_the_shipped_ones(tmp_path, monkeypatch, card):
    card(CHARM, "more/detectors/my-detector.toml")
    monkeypatch.setenv("DARKMC_PATH", str(tmp_path / "more"))
    assert set(list_cards("detectors")) == {*SHIPPED["detectors"], "my-detector"}
    assert list_cards("fluxes") == SHIPPED["fluxes"]


# --- presets and overrides
PRESET = """
[presets.mine]
cuts.energy.max = 40.0
observed.n_limit = 50.0
flux.pi0_per_pot = 2.4
"""


def test_the_published_preset_is_the_papers_choice():
    card = Experiment("charm-finegrained", preset="published").card
    assert card.source.mesons == ("pi0", "eta")
    assert card.simulation.spin_correlations is False
    assert Experiment("charm-finegrained").card.simulation.spin_correlations is True


def test_a_preset_reaches_cuts_by_name_and_the_flux(card):
    experiment = Experiment(card(PLAIN + PRESET), preset="mine")
    assert (experiment.card.cuts[0].min, experiment.card.cuts[0].max) == (7.5, 40.0)
    assert experiment.excluded_events == 50.0
    assert experiment.source.card.pi0_per_pot == 2.4
    plain = Experiment(card(PLAIN + PRESET))
    assert (plain.card.cuts[0].max, plain.excluded_events) == (50.0, 99.0)
    assert plain.source.card.pi0_per_pot is None


def test_overrides_win_over_presets(card):
    overrides = {"observed.n_limit": 10.0, "flux.pi0_per_pot": 3.0}
    experiment = Experiment(card(PLAIN + PRESET), preset="mine", overrides=overrides)
    assert experiment.excluded_events == 10.0
    assert experiment.source.card.pi0_per_pot == 3.0
    assert experiment.card.cuts[0].max == 40.0
    loaded = load_card("detectors", card(PLAIN + PRESET), "mine", {"observed.n_limit": 10.0})
    assert loaded.card.observed.n_limit == 10.0


def test_an_override_may_add_a_key_and_replace_a_table():
    changed = charm({"geometry.roll_rad": 0.3, "signal.efficiency": {"a gamma": 0.5, "a e- e+": 0.4}})
    assert changed.card.geometry.roll_rad == 0.3
    assert changed.card.signal.efficiency["a gamma"] == 0.5


def test_a_preset_may_replace_a_number_by_a_table(card):
    text = PLAIN + '\n[presets.mine]\nsignal.efficiency = { "a gamma" = 0.5, "a e- e+" = 0.4 }\n'
    assert Experiment(card(text), preset="mine").card.signal.efficiency["a gamma"] == 0.5


def test_the_hash_follows_the_effective_content_only(card):
    plain = load_card("detectors", "charm-finegrained")
    assert load_card("detectors", card(CHARM + "# a comment\n")).sha256 == plain.sha256
    assert load_card("detectors", "charm-finegrained", overrides={"beam.pot": 7.1e18}).sha256 == plain.sha256
    assert load_card("detectors", "charm-finegrained", overrides={"beam.pot": 7.2e18}).sha256 != plain.sha256


BAD_KEYS = {
    "beam.pots": "unknown key 'beam.pots' .nearest: 'pot'",
    "simulation.biassing": "unknown key 'simulation.biassing' .nearest: 'biasing'",
    "simulaton.biasing": "unknown key 'simulaton' .nearest: 'simulation'",
    "cuts.enrgy.max": "no 'enrgy' in 'cuts.enrgy.max' .nearest: 'energy'",
    "cuts.energy.maximum": "unknown key 'cuts.*maximum' .nearest: 'max'",
    "cuts.energy": "name the key too",
    "beam.pot.x": "'pot' in 'beam.pot.x' is a value, not a table",
    "source.mesons.eta.x": "'?source.mesons.eta.x",
    "geometry.centre_m.x.y": "'?geometry.centre_m.x.y",
    "flux.pi0_per_pott": "bmpt-cu-400.toml: unknown key 'pi0_per_pott' .nearest: 'pi0_per_pot'",
    "flux.parameters.alhpa": "bmpt-cu-400.toml: unknown key 'parameters.alhpa' .nearest: 'alpha'",
    "": "unknown key ''",
}


@pytest.mark.parametrize(("key", "message"), BAD_KEYS.items())
def test_a_wrong_override_is_one_line_that_names_the_key(key, message):
    with refused(message) as error:
        charm({key: 1.0})
    assert "\n" not in str(error.value)


def test_a_wrong_preset_suggests_the_nearest():
    with refused("charm-finegrained.toml: no preset 'publised' .nearest: 'published'"):
        Experiment("charm-finegrained", preset="publised")


@pytest.mark.parametrize("text", ["[presets]\nmine = 3\n", "presets = 3\n"])
def test_a_preset_that_is_no_table_is_a_card_error(card, text):
    with refused("x.toml: .*preset"):
        Experiment(card(text + PLAIN if text.startswith("presets") else PLAIN + text), preset="mine")


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"source.mesons": ["pi0", "etaa"]}, "charm-finegrained.toml: .*etaa.*nearest: 'eta'"),
        ({"source.mesons": ["pi0", "tau"]}, "ratios has no 'tau'; known: "),
        ({"source.flux": "bmpt-cu-40"}, "unknown flux 'bmpt-cu-40' .nearest: 'bmpt-cu-400'"),
        ({"flux.ratios.foo": 1.0, "flux.ratio_references.foo": "dNLS18"}, "bmpt-cu-400.toml: .*foo"),
        ({"flux.beam.energy_GeV": 0.5}, "bmpt-cu-400.toml: .*beam"),
    ],
)
def test_wrong_names_in_a_valid_card_are_card_errors_too(overrides, message):
    with refused(message):
        charm(overrides)


@pytest.mark.parametrize(
    "overrides",
    [
        {"source.mesons": ["pi0", "pi0"]},
        {"source.mesons": ["eta'", "eta_prime"]},
        {"signal.final_states": ["a gamma", "a gamma"]},
    ],
)
def test_what_would_be_counted_twice_is_refused(overrides):
    with refused("charm-finegrained.toml: "):
        charm(overrides)


def test_two_cuts_of_one_name_are_refused(card):
    text = PLAIN + '\n[[cuts]]\nname = "energy"\nobservable = "E_photon"\nmin = 20.0\n'
    with refused("x.toml: .*energy"):
        Experiment(card(text))
