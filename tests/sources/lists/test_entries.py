"""Lists of mesons as source: files, their errors, an exact yield, agreement with the fit they come from."""

import re
import sys
from functools import partial

import awkward as ak
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import uproot
from helpers import assert_on_shell, pull
from list_cards import experiment, rows_of, sphere, write_card, write_text

import darkmc
from darkmc.core.constants import SPEED_OF_LIGHT_M_PER_NS
from darkmc.core.kinematics import two_body_momentum
from darkmc.core.particles import mass

PORTAL = darkmc.DarkAxionPortal(0.03)
POT = 7.1e18


@pytest.fixture
def card(tmp_path):
    """Write a flux card and return its path."""
    return partial(write_card, tmp_path)


@pytest.fixture
def text(tmp_path):
    """Write a text list and return its name."""
    return partial(write_text, tmp_path)


# --- exact: one omega at rest in the middle of a sphere
@pytest.mark.parametrize("biasing", ["turned", "none"])
@pytest.mark.parametrize(("m_dark_photon", "m_axion"), [(0.03, 0.0), (0.2, 0.1), (0.05, 0.3)])
def test_one_omega_at_rest_in_a_sphere_is_exact(card, text, biasing, m_dark_photon, m_axion):
    """N = POT n BR(omega -> a gamma') BR (1 - exp(-R G^2 m/(p ctau))): every row is the same."""
    name = text(f"0 0 0 {mass('omega')}\n")
    path = card({"omega": name}, mesons_per_pot={"omega": 0.3})
    portal = darkmc.DarkAxionPortal(m_dark_photon, m_axion)
    made = experiment(
        path, "omega", geometry=sphere(2.5, 0.0, 0.0, 0.0), simulation__biasing=biasing
    ).simulate(portal, n_samples=10_000, seed=3)
    momentum, heavy = two_body_momentum(mass("omega"), m_dark_photon, m_axion), max(m_dark_photon, m_axion)
    swaps = m_axion > m_dark_photon
    ctau, share = (
        (portal.axion_ctau(), 1.0)
        if swaps
        else (portal.dark_photon_ctau(), portal.branching_ratio("a gamma"))
    )
    for coupling in (1e-7, 1e-5, 1e-4, 1e-2):
        decays = -np.expm1(-2.5 * coupling**2 * heavy / momentum / ctau)
        expected = POT * 0.3 * portal.meson_branching_ratio("omega", coupling) * share * decays
        value, error, of_list = made.estimate(coupling)
        assert value == pytest.approx(expected, rel=1e-12)
        assert error < 1e-9 * value  # the square root of rounding
        assert of_list == np.inf  # a list of one entry
    assert made.efficiency(1e-5) == pytest.approx(1.0, rel=1e-12)


def test_unweighted_events_of_that_omega(card, text):
    """All rows are equal, and accepted.  Vertices are flat in the radius."""
    path = card({"omega": text(f"0,0,0,{mass('omega')}")})
    stream = experiment(path, "omega", geometry=sphere(2.5, 0.0, 0.0, 0.0)).generate(
        PORTAL, 1e-6, 5000, unweighted=True
    )
    assert stream.n_above_bound == 0
    assert stream.efficiency == 1.0
    events = np.concatenate(
        [np.stack([*map(np.asarray, (c.decay.x, c.decay.y, c.decay.z))]) for c in stream], 1
    )
    radius = np.sqrt(np.sum(events**2, axis=0))
    assert radius.max() < 2.5
    assert all(abs(pull(axis / radius, 0.0)) < 4.5 for axis in events)
    assert abs(pull(radius, 1.25)) < 4.5


# --- the same list in every format
def test_text_parquet_and_root_give_identical_rows(card, text, tmp_path):
    rng = np.random.default_rng(1)
    four = rows_of("eta", rng.normal([0.0, 0.0, 3.0], 0.3, (300, 3)))
    table = np.concatenate([four, rng.normal(0.0, 0.1, (300, 4))], axis=1)
    columns = dict(zip(("px", "py", "pz", "E", "x", "y", "z", "t"), table.T, strict=True))
    named = {("energy" if key == "E" else key): values for key, values in columns.items()}
    text(table, "spaces.txt")
    text(
        "# px py pz E x y z t\n\n" + "\n".join(", ".join(map(repr, row)) + " # x" for row in table.tolist()),
        "a.csv",
    )
    pq.write_table(pa.table(named | {"other": ["text"] * 300}), tmp_path / "list.parquet")
    with uproot.recreate(tmp_path / "list.root") as file:
        file.mktree("beam/mesons", dict.fromkeys(named, "f8")).extend(named)
    settings = {"columns": {"E": "energy"}, "tree": "beam/mesons"}
    samples = []
    for name in ("spaces.txt", "a.csv", "list.parquet", "list.root"):
        made = experiment(card({"eta": name}, **settings), "eta", geometry=sphere(9.0, 0.0, 0.0, 30.0))
        samples.append(made.simulate(PORTAL, n_samples=5000))
    assert len(samples[0].weight) > 1000
    for other in samples[1:]:
        for column in ("weight", "tau_survive", "tau_window"):
            np.testing.assert_array_equal(getattr(other, column), getattr(samples[0], column))


def test_a_card_in_mev_and_seconds_is_the_same_list(card, text):
    four = rows_of("pi0", [[0.1, 0.2, 5.0], [0.0, -0.3, 2.0]])
    place = np.array([[0.1, 0.0, -1.0, 2.0], [0.0, 0.2, 3.0, -4.0]])
    first = card({"pi0": text(np.hstack([four, place]), "a.txt")})
    gev = darkmc.MesonSource(first).lists["pi0"]
    second = card(
        {"pi0": text(np.hstack([1e3 * four, place * [1, 1, 1, 1e-9]]), "b.txt")},
        momentum_unit="MeV",
        time_unit="s",
    )
    mev = darkmc.MesonSource(second).lists["pi0"]
    for key in ("momentum", "position", "time", "weight"):
        np.testing.assert_allclose(getattr(mev, key), getattr(gev, key), rtol=1e-14)


# --- bad lists
SHELL = mass("pi0")
E5 = float(np.hypot(SHELL, 5.0))
GOOD = f"0 0 5 {E5}\n"
MEV = f"0 0 5000 {1e3 * E5}\n"
BAD_TEXT = {
    "three columns": ("# list\n" + GOOD + "\n0 0 5\n", r"list.txt:4: 3 columns, not 4$"),
    "five columns": (f"0 0 5 {E5} 1", "list.txt:1: 5 columns, not 4 or 8"),
    "a ragged list": (GOOD + f"0 0 5 {E5} 0 0 0 0", "list.txt:2: 8 columns, not 4"),
    "an empty field": (f"0,,5,{E5}", "list.txt:1: '' is not a number"),
    "a header": ("a b c d\n" + GOOD, "list.txt: no column 'px'"),
    "nan": (GOOD + f"0 nan 5 {E5}", "list.txt:2: py is nan, not a finite number"),
    "inf": (GOOD * 2 + "0 0 inf inf", "list.txt:3: pz is inf"),
    "off shell": (GOOD + "0 0 5 5.3", r"list.txt:2: off the mass shell: .*but the pi0 has 0.0182"),
    "another species": ("0 0 0.5 0.7415", "list.txt:1: off the mass shell"),
    "negative energy": (f"0 0 5 -{E5}", "list.txt:1: off the mass shell"),
    "more than the beam": (
        "0 0 900 900.00001",
        "list.txt:1: E = 900 GeV, more than the beam's 400 GeV$",
    ),
    "MeV": (MEV, r"list.txt:1: E\^2 - p\^2 is about \(1000 x the pi0 mass\)\^2: the momenta are in MeV, but"),
    "MeV at low energy": ("0 0 0 134.9768", "the momenta are in MeV, but list.momentum_unit is 'GeV'"),
    "mixed units": ("# c\n" + GOOD + MEV, "list.txt:3: mixed units: .* as in MeV; other entries are in GeV"),
    "mixed units, MeV first": (MEV + GOOD, "list.txt:1: mixed units"),
    "empty": ("", "list.txt: no mesons in the file"),
    "only comments": ("# nothing\n\n", "list.txt: no mesons in the file"),
}


@pytest.mark.parametrize(("content", "message"), BAD_TEXT.values(), ids=BAD_TEXT.keys())
def test_a_bad_list_is_one_line_with_file_and_line(card, text, content, message):
    path = card({"pi0": text(content)})
    with pytest.raises(darkmc.CardError, match=message) as error:
        darkmc.MesonSource(path)
    assert "\n" not in str(error.value)


def test_gev_called_mev_is_seen(card, text):
    with pytest.raises(darkmc.CardError, match=r"momenta are in GeV, but list\.momentum_unit"):
        darkmc.MesonSource(card({"pi0": text(GOOD)}, momentum_unit="MeV"))


def test_files_that_cannot_be_read(card, text, tmp_path):
    def refused(files, message, **keys):
        with pytest.raises(darkmc.CardError, match=message) as error:
            darkmc.MesonSource(card(files, **keys))
        assert "\n" not in str(error.value)

    refused({"pi0": "nowhere.txt"}, "nowhere.txt: no such file")
    text("no table", "x.parquet")
    text("no tree", "x.root")
    (tmp_path / "x.bin").write_bytes(b"\x00\x01\xff\xfe")
    refused({"pi0": "x.parquet"}, "x.parquet: cannot be read as a Parquet file: ")
    refused({"pi0": "x.root"}, "x.root: cannot be read as a ROOT file: ")
    refused({"pi0": "x.bin"}, "x.bin:1: neither text nor named")
    columns = {"px": [0.0, 0.0], "py": [0.0, 0.0], "pz": [0.0, 5.0], "energy": [SHELL, 6.0]}
    pq.write_table(pa.table(columns | {"word": ["a", "b"]}), tmp_path / "y.parquet")
    pq.write_table(pa.table(columns | {"t": [1.0, 2.0]}), tmp_path / "z.parquet")
    with uproot.recreate(tmp_path / "y.root") as file:
        file["pions"] = columns
    refused({"pi0": "y.parquet"}, "y.parquet: no column 'E'; known: px, py, pz")
    refused({"pi0": "z.parquet"}, "z.parquet: no column 'x'", columns={"E": "energy"})
    refused(
        {"pi0": "y.parquet"}, "column 'word' does not hold numbers", columns={"E": "energy", "px": "word"}
    )
    refused({"pi0": "y.root"}, "y.root: no TTree 'mesons'; known: pions")
    refused({"pi0": "y.root"}, "y.root: no column 'E'", tree="pions")
    refused({"pi0": "y.root"}, "y.root: entry 2: off the mass shell", tree="pions", columns={"E": "energy"})
    refused({"pi0": "y.root"}, "y.root: no column 'none'", tree="pions", columns={"E": "energy", "x": "none"})


def test_a_missing_package_names_its_extra(card, tmp_path, monkeypatch):
    pq.write_table(pa.table({"px": [0.0]}), tmp_path / "x.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.delitem(sys.modules, "pyarrow.parquet")
    with pytest.raises(darkmc.CardError, match=r"need pyarrow: pip install 'darkmc\[parquet\]'"):
        darkmc.MesonSource(card({"pi0": "x.parquet"}))


BAD_CARDS = {
    "no number": (
        {"mesons_per_pot": {}},
        "list: give 'pi0' exactly one of mesons_per_pot and weight_per_entry",
    ),
    "two numbers": ({"weight_per_entry": {"pi0": 1.0}, "mesons_per_pot": {"pi0": 1.0}}, "exactly one of"),
    "a number without file": (
        {"mesons_per_pot": {"pi0": 1.0, "eta": 1.0}},
        "'eta' is given a number of mesons",
    ),
    "no unit": ({"momentum_unit": None}, "list: momentum_unit is missing: 'list.txt' does not say it"),
    "a place in the lab": (
        {"position_origin": "lab", "origin_m": [0.0, 0.0, -50.0]},
        "list: position_origin 'lab' takes no origin_m, which counts from where the beam hits",
    ),
    "an unknown place": ({"position_origin": "pipe"}, "list.position_origin: .*'target', 'dump' or 'lab'"),
    "another unit": ({"momentum_unit": "TeV"}, "list.momentum_unit: .*'GeV' or 'MeV'"),
    "an unknown key": ({"units": "GeV"}, "unknown key 'list.units'; known: files, momentum_unit"),
    "an unknown column": ({"columns": {"e": "E"}}, "unknown key 'list.columns.e'"),
}


@pytest.mark.parametrize(("keys", "message"), BAD_CARDS.values(), ids=BAD_CARDS.keys())
def test_a_bad_card_names_its_key(card, text, keys, message):
    with pytest.raises(darkmc.CardError, match="mine.toml: .*" + message):
        darkmc.MesonSource(card({"pi0": text(GOOD)}, **keys))


def test_each_parametrisation_asks_for_its_own_keys(card, text):
    path, species = card({"pi0": text(GOOD)}), "list.files"
    for name, overrides, message in (
        (path, {"parametrisation": "lists"}, "parametrisation: unknown 'lists' .nearest: 'list'"),
        (path, {"target_interaction": 0.5}, "unknown key 'target_interaction'"),
        (path, {"parametrisation": "bmpt"}, "missing key 'validity'"),
        ("bmpt-cu-400", {"parametrisation": "list"}, "missing key 'list'"),
        (
            path,
            {species: {"pio": "list.txt"}, "list.mesons_per_pot": {"pio": 1}},
            "unknown particle 'pio' .near",
        ),
        (path, {species: {"pi0": "list.txt", "eta": "x"}}, "give 'eta' exactly one of"),
        (path, {"beam.energy_GeV": 1.0}, "list.txt:1: E = 5.00182 GeV, more than the beam's 1 GeV$"),
    ):
        with pytest.raises(darkmc.CardError, match=message):
            darkmc.MesonSource(name, overrides=overrides)


# --- as a MesonSource
def test_as_a_source(card, text):
    four = rows_of("pi0", [[0.0, 0.0, 5.0], [3.0, 0.0, 4.0], [0.0, 0.0, 0.0]])
    weights = np.array([[1.0], [2.0], [5.0]])
    files = {
        "pi0": text(np.hstack([four, weights]), "a.txt"),
        "omega": text([[0, 0, 0, 0.78266, 1]], "b.txt"),
    }
    keys = {"mesons_per_pot": {"pi0": 4.0}, "weight_per_entry": {"omega": 1e-3}, "columns": {"weight": "w"}}
    source = darkmc.MesonSource(card(files, **keys))
    source.prepare(analogue=True)
    momentum, theta, weight = source.sample("pi0", 100_000, seed=2)
    assert np.sum(weight) == pytest.approx(4.0, rel=0.02)
    for entry, (p, angle) in enumerate([(5.0, 0.0), (5.0, np.arctan(0.75)), (0.0, 0.0)]):
        mine = np.isclose(momentum, p) & np.isclose(theta, angle)
        found = np.where(mine, weight * len(weight), 0.0)
        assert abs(pull(found, 4.0 * weights[entry, 0] / 8.0)) < 4.5
    share = weights[:, 0] / np.sum(weights[:, 0])  # half of the draws take all alike
    heaviest = np.max(4.0 * share / (0.5 * share + 0.5 / len(share)))
    assert np.max(weight) * 100_000 == pytest.approx(heaviest, rel=1e-12)
    assert source.largest_momentum == 5.0
    assert source.ratio("pi0") == 1.0
    assert source.ratio("omega") == pytest.approx(1e-3 / 4.0)
    with pytest.raises(darkmc.PhysicsError, match="a list of mesons has no density"):
        source.density("pi0", 1.0, 0.1)
    with pytest.raises(darkmc.CardError, match="files has no 'eta'"):
        source.ratio("eta")


def test_the_hash_covers_the_files(card, text):
    hashes = {
        darkmc.MesonSource(card({"pi0": text(content)})).loaded.sha256 for content in (GOOD, GOOD * 2, GOOD)
    }
    assert len(hashes) == 2


# --- against the fit that a list is drawn from
LARGE = {"geometry.size_m": [100.0, 100.0, 11.2], "geometry.centre_m": [0.0, 0.0, 486.3]}


def test_a_list_drawn_from_the_fit_has_the_fits_yield(card, tmp_path):
    """The list is finite: its own variance is at most that of one row per entry."""
    n_list = n_rows = 150_000
    momentum, theta, weight = darkmc.MesonSource("bmpt-cu-400", cascade=True).sample("pi0", n_list, seed=5)
    px, pz = momentum * np.sin(theta), momentum * np.cos(theta)
    energy = np.hypot(momentum, mass("pi0"))
    columns = {"px": px, "py": 0.0 * px, "pz": pz, "E": energy, "w": weight}
    pq.write_table(pa.table(columns), tmp_path / "pi0.parquet")
    path = card({"pi0": "pi0.parquet"}, weight_per_entry={"pi0": 1.0}, columns={"weight": "w"})
    overrides = {"source.mesons": ["pi0"], "signal.final_states": ["a gamma"], **LARGE}
    portal = darkmc.DarkAxionPortal(0.01)
    from_fit, from_list = (
        darkmc.Experiment("charm-finegrained", overrides=overrides | {"source.flux": flux}).simulate(
            portal, n_samples=n_rows, at=(1e-4, 1e-3), seed=4
        )
        for flux in ("bmpt-cu-400", path)
    )
    for coupling in (1e-5, 3e-4, 1e-3, 2e-3):
        fit, drawn = from_fit.expected_events(coupling), from_list.expected_events(coupling)
        error = np.hypot(fit.error, drawn.error * np.sqrt(1.0 + n_rows / n_list))
        assert drawn.error < 0.057 * drawn.value
        assert abs(fit.value - drawn.value) < 4.0 * error
        for name, part in from_fit.cutflow(coupling).items():
            other = from_list.cutflow(coupling)[name]
            bound = 4.5 * np.hypot(part.error, 1.5 * other.error)
            assert abs(part.value - other.value) < bound, name


def test_lists_of_six_digits_are_on_shell(card, tmp_path):
    momentum, theta, _ = darkmc.MesonSource("bmpt-cu-400").sample("pi0", 20_000, seed=6)
    px, pz = momentum * np.sin(theta), momentum * np.cos(theta)
    rows = np.stack([px, 0.0 * px, pz, np.hypot(momentum, mass("pi0"))], axis=1)
    for scale, unit, other in ((1.0, "GeV", "MeV"), (1e3, "MeV", "GeV")):
        np.savetxt(tmp_path / "six.txt", scale * rows, fmt="%.5e")
        entries = darkmc.MesonSource(card({"pi0": "six.txt"}, momentum_unit=unit)).lists["pi0"]
        np.testing.assert_allclose(entries.size, momentum, rtol=2e-5)
        with pytest.raises(darkmc.CardError, match=f"momenta are in {unit}"):
            darkmc.MesonSource(card({"pi0": "six.txt"}, momentum_unit=other))


def test_a_broad_meson_may_have_any_mass_within_its_width(card, text):
    rows = [[0.0, 0.0, 2.0, np.hypot(2.0, m)] for m in (0.5, 0.775, 1.0)]
    source = darkmc.MesonSource(card({"rho0": text(rows)}))
    assert source.largest_momentum == 2.0
    with pytest.raises(darkmc.CardError, match="momenta are in GeV"):
        darkmc.MesonSource(card({"rho0": text(rows)}, momentum_unit="MeV"))


# --- azimuth
def test_the_beam_axis_is_a_symmetry(card, text):
    """Where the detector stands, and which azimuths the list has, changes nothing."""
    yields = []
    four = [[0.3, 0.0, 2.0], [0.0, 0.0, 4.0], [-0.1, 0.2, 1.0]]
    for turn, seed in ((0.0, 1), (1.0, 2), (3.0, 3)):
        c, s = np.cos(turn), np.sin(turn)
        turned = np.array(four) @ np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
        path = card({"omega": text(rows_of("omega", turned))})
        place = sphere(2.0, 6.0 * np.cos(2 * turn), 6.0 * np.sin(2 * turn), 20.0)
        made = experiment(path, "omega", geometry=place).simulate(PORTAL, n_samples=50_000, seed=seed)
        yields.append(made.estimate(1e-6))
    for other in yields[1:]:
        assert abs(other.value - yields[0].value) < 4.0 * np.hypot(other.draw_error, yields[0].draw_error)


# --- events
@pytest.mark.parametrize(("position_origin", "target"), [("target", 7.0), ("lab", 0.0)])
def test_events_start_where_and_when_the_list_says(card, text, position_origin, target):
    """Radius, height, time and the angle between position and momentum are those of the entry."""
    momenta = np.array([[0.3, 0.4, 2.0], [0.0, -0.6, 4.0], [0.2, 0.0, 8.0]])
    place = np.array([[0.3, 0.0, -1.0, 2.0], [0.0, 0.5, 3.0, 7.0], [-0.1, 0.1, 0.5, 1e3]])
    path = card(
        {"omega": text(np.hstack([rows_of("omega", momenta), place]))}, position_origin=position_origin
    )
    made = experiment(path, "omega", geometry=sphere(4.0, 1.0, 0.0, 20.0), beam__origin_m=[0.0, 0.0, 7.0])
    events = ak.concatenate(list(made.generate(PORTAL, 1e-5, 3000)))
    start, meson = events.production, events.meson
    entry = np.argmin(np.abs(np.asarray(start.t)[:, None] - place[:, 3]), axis=1)
    assert set(entry) == {0, 1, 2}
    x, y, z = (np.asarray(start[k]) for k in "xyz")
    px, py, pz, energy = (np.asarray(meson[k]) for k in ("px", "py", "pz", "E"))
    np.testing.assert_allclose(start.t, place[entry, 3])
    np.testing.assert_allclose(z, target + place[entry, 2])
    np.testing.assert_allclose(x**2 + y**2, np.sum(place[entry, :2] ** 2, axis=1))
    np.testing.assert_allclose(pz, momenta[entry, 2])
    np.testing.assert_allclose(
        x * px + y * py, np.sum(place[entry, :2] * momenta[entry, :2], axis=1), atol=1e-12
    )
    assert_on_shell(np.stack([energy, px, py, pz]), mass("omega"))
    path_m = np.stack([np.asarray(events.decay[k] - start[k]) for k in "xyz"])
    dark = np.stack([np.asarray(events.dark_photon[k]) for k in ("px", "py", "pz")])
    speed = np.sqrt(np.sum(dark**2, axis=0)) / np.asarray(events.dark_photon.E)
    np.testing.assert_allclose(
        np.asarray(events.decay.t - start.t) * speed * 0.299792458,
        np.sqrt(np.sum(path_m**2, axis=0)),
        rtol=1e-9,
    )
    np.testing.assert_allclose(np.cross(path_m, dark, axis=0), 0.0, atol=1e-8)
    inside = (np.asarray(events.decay.x) - 1.0) ** 2 + np.asarray(events.decay.y) ** 2
    assert np.all(inside + (np.asarray(events.decay.z) - 20.0) ** 2 < 16.0 * (1 + 1e-9))


def off_target(card, text, z, **keys):
    """Return the card of a list from z m behind its origin, and an experiment whose beam hits at 7 m."""
    four = rows_of("omega", [[0.3, 0.4, 2.0], [0.0, -0.6, 4.0], [0.2, 0.0, 8.0]])
    start = np.array([[0.01, 0.0, z + 0.3], [0.0, 0.02, z + 0.5], [-0.01, 0.01, z + 0.1]])
    rows = np.hstack([four, start, start[:, 2:] / SPEED_OF_LIGHT_M_PER_NS])
    path = card({"omega": text(rows, f"at{z:g}.txt")}, name=f"at{z:g}.toml", **keys)
    return path, {"geometry": sphere(4.0, 1.0, 0.0, 20.0), "beam__origin_m": [0.0, 0.0, 7.0]}


@pytest.mark.parametrize("z", [50.0, -12.5])
@pytest.mark.parametrize("place", ["target", "dump"])
def test_a_list_may_count_from_another_place_than_the_beam_hits(card, text, z, place):
    """Positions and times of a list from a target z metres before the dump."""
    plain, where = off_target(card, text, 0.0, position_origin=place)
    moved, _ = off_target(card, text, z, position_origin=place, origin_m=[0.0, 0.0, -z])
    samples = [experiment(path, "omega", **where).simulate(PORTAL, n_samples=3000) for path in (plain, moved)]
    assert len(samples[0].weight) > 500
    for column in ("weight", "tau_survive", "tau_window"):
        first, second = (getattr(sample, column) for sample in samples)
        np.testing.assert_allclose(first, second, rtol=1e-9)
    times = [darkmc.MesonSource(path).lists["omega"].time for path in (plain, moved)]
    np.testing.assert_allclose(times[0], times[1], atol=1e-9)
    seen = darkmc.MesonSource(moved, {"list.origin_m": [0.0, 0.0, -z - 1.0]})
    np.testing.assert_allclose(
        seen.lists["omega"].position[2], darkmc.MesonSource(plain).lists["omega"].position[2] - 1.0
    )


def test_a_list_without_positions_may_start_at_another_place(card, text):
    path = card({"pi0": text(GOOD)}, origin_m=[0.0, 0.1, -3.0])
    entries = darkmc.MesonSource(path).lists["pi0"]
    np.testing.assert_allclose(entries.position, [[0.0], [0.1], [-3.0]])
    np.testing.assert_allclose(entries.time, -3.0 / SPEED_OF_LIGHT_M_PER_NS)


def test_a_list_that_starts_far_from_the_beam_is_remarked_upon(card, text):
    """As one from MiniBooNE's target, 50 m before the dump, whose card does not say so."""
    path, where = off_target(card, text, 50.0)
    remark = (
        "flux mine: the omega of the list start 50.3 m from where the beam hits (median): "
        "say in list.origin_m what their positions count from"
    )
    with pytest.warns(darkmc.ValidityWarning, match=re.escape(remark)):
        made = experiment(path, "omega", **where)
    assert made.source.validity_remarks() == [remark]
    assert remark in made.limit(made.simulate(PORTAL, n_samples=500)).reason
    for meant in ({"list.origin_m": [0.0, 0.0, 0.0]}, {"list.position_origin": "lab"}):
        assert darkmc.MesonSource(path, meant).validity_remarks() == []


@pytest.mark.parametrize("meson", ["pi0", "omega"])
@pytest.mark.parametrize("height", [0.0, 25.0])
def test_unweighted_events_of_a_list_have_its_yield(card, text, meson, height):
    rng = np.random.default_rng(4)
    four = rows_of(meson, rng.normal([0.0, 0.0, 8.0], 0.2, (50, 3)))
    place = np.concatenate([rng.normal(0.0, 0.2, (50, 3)), rng.random((50, 2))], axis=1)
    path = card({meson: text(np.hstack([four, place]))}, columns={"weight": "w"})
    made = experiment(path, meson, geometry=sphere(3.0, 0.0, 0.5, height))
    for coupling in (1e-6, 3e-4):
        stream = made.generate(PORTAL, coupling, 1000, unweighted=True)
        assert stream.n_above_bound <= 2
        assert stream.efficiency > 2e-3
        value, error = made.simulate(PORTAL, n_samples=20_000).expected_events(coupling)
        assert abs(stream.sum_of_weights - value) < 4.5 * np.hypot(stream.error, error)


def test_only_lists_may_start_inside_the_detector():
    with pytest.raises(darkmc.CardError, match="the detector contains the target"):
        experiment("bmpt-cu-400", "pi0", geometry=sphere(2.0, 0.0, 0.0, 1.0))


def test_a_list_has_no_alternatives(card, text):
    path = card({"omega": text(rows_of("omega", [[0.0, 0.0, 0.0]]))})
    made = experiment(path, "omega", geometry=sphere(3.0, 0.0, 0.0, 0.0))
    samples = [made.simulate(PORTAL, n_samples=100, vary=vary) for vary in (False, True)]
    assert samples[1].alternatives == ()
    assert samples[0].expected_events(1e-6) == samples[1].expected_events(1e-6)


def test_a_limit_and_the_precision_of_a_list(card, text):
    path = card({"omega": text(rows_of("omega", [[0.0, 0.1, 20.0]]))}, mesons_per_pot={"omega": 0.2})
    made = experiment(path, "omega", geometry=sphere(3.0, 1.0, 0.0, 50.0))
    sample = made.simulate(PORTAL, precision=0.02)
    lower, upper = made.limit(sample).lower, made.limit(sample).upper
    for edge in (lower, upper):
        value, error, of_list = sample.estimate(edge)
        assert value == pytest.approx(99.0, rel=1e-6)
        assert error < 0.02 * edge * abs(sample.slope(edge).value)  # of the edge itself: dG/G
        assert of_list == np.inf  # a list of one entry
