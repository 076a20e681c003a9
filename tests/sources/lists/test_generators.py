"""Lists as generators write them: positions of events, weights, cut files, masses and digits of their own."""

import re
import warnings

import numpy as np
import pytest
import uproot
from list_cards import experiment, rows_of, sphere, write_card, write_text

import darkmc
from darkmc.core.errors import CardError, ValidityWarning

PORTAL = darkmc.DarkAxionPortal(0.02)
MOMENTA = np.random.default_rng(11).normal([0.0, 0.0, 30.0], [0.3, 0.3, 8.0], (24, 3))
PIONS = rows_of("pi0", MOMENTA)
ETAS = rows_of("eta", MOMENTA)
VOLUME = sphere(3.0, 0.0, 0.0, 60.0)


def hepmc(rows, position=None, length="CM", status=2, weight="1.0", footer=True):
    """Write events of one pi0 each, as text, in GeV."""
    lines = ["HepMC::Version 3.02.06", "HepMC::Asciiv3-START_EVENT_LISTING"]
    for k, (px, py, pz, energy) in enumerate(rows):
        place = "" if position is None else " @ " + " ".join(str(x) for x in position)
        lines += [f"E {k} 1 2{place}", f"U GEV {length}", f"W {weight if k == 5 else '1.0'}"]
        lines.append("P 1 0 2212 0 0 400 400.0011003 0.938272 4")
        lines.append("V -1 0 [1]")
        lines.append(f"P 2 -1 111 {px!r} {py!r} {pz!r} {energy!r} 0.1349768 {status}")
    return "\n".join([*lines, *(["HepMC::Asciiv3-END_EVENT_LISTING"] if footer else [])]) + "\n"


def plain(rows):
    return [[float(x) for x in row] for row in rows]


def entries(folder, name, content, meson="pi0", **keys):
    """Return entries of a list and the remarks on it."""
    write_text(folder, content, name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ValidityWarning)
        source = darkmc.MesonSource(write_card(folder, {meson: name}, **keys))
    return source.lists[meson], source.validity_remarks()


def refused(folder, name, content, words, **keys):
    with pytest.raises(CardError, match=words) as error:
        entries(folder, name, content, **keys)
    assert name in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("position", [(0, 0, 3000, 3000), (10, -20, 500, 100)])
def test_the_position_of_an_event_has_the_files_unit(tmp_path, position):
    tenfold = tuple(10 * x for x in position)
    one, _ = entries(tmp_path, "cm.hepmc", hepmc(plain(PIONS), position, "CM"))
    other, _ = entries(tmp_path, "mm.hepmc", hepmc(plain(PIONS), tenfold, "MM"))
    np.testing.assert_allclose(one.position, np.array(position[:3])[:, None] * np.full(24, 1e-2), rtol=1e-12)
    np.testing.assert_array_equal(one.position, other.position)
    np.testing.assert_array_equal(one.time, other.time)


def test_events_30_m_downstream_start_there_and_say_so(tmp_path):
    far, remarks = entries(tmp_path, "far.hepmc", hepmc(plain(PIONS), (0, 0, 3000, 3000)))
    assert np.all(far.position[2] == pytest.approx(30.0))
    assert any("30 m" in remark for remark in remarks)


@pytest.mark.parametrize("weight", ["nan", "inf", "-inf"])
def test_a_weight_that_is_no_number_is_refused(tmp_path, weight):
    refused(tmp_path, "w.hepmc", hepmc(plain(PIONS), weight=weight), f"event 6.*{weight}")


def test_a_whole_file_without_footer_is_read(tmp_path):
    cut, remarks = entries(tmp_path, "cut.hepmc", hepmc(plain(PIONS), footer=False))
    whole, nothing = entries(tmp_path, "whole.hepmc", hepmc(plain(PIONS)))
    np.testing.assert_array_equal(cut.momentum, whole.momentum)
    assert any("no end mark after event 24" in remark for remark in remarks)
    assert not any("end mark" in remark for remark in nothing)


@pytest.mark.parametrize("last", [-1, -20, -60])
def test_a_cut_event_is_still_refused(tmp_path, last):
    text = hepmc(plain(PIONS), footer=False)[:last]
    refused(tmp_path, "cut.hepmc", text, "event 24 of 24 is broken or cut off")


def test_status_71_is_named(tmp_path):
    refused(tmp_path, "s.hepmc", hepmc(plain(PIONS), status=71), r"24 pi0 .*status 71: only 1 .* and 2 ")


@pytest.mark.parametrize("name", ["urqmd.hepmc", "urqmd.txt"])
def test_pions_of_138_mev_keep_their_momentum(tmp_path, name):
    rows = PIONS.copy()
    rows[:, 3] = np.hypot(0.138, np.linalg.norm(MOMENTA, axis=1))
    content = hepmc(plain(rows)) if name.endswith("hepmc") else rows
    found, _ = entries(tmp_path, name, content)
    np.testing.assert_allclose(found.momentum, MOMENTA.T, rtol=1e-12)


def test_soft_pions_of_138_mev_are_counted_and_moved(tmp_path):
    rows = rows_of("pi0", 0.01 * MOMENTA)
    rows[:, 3] = np.hypot(0.138, np.linalg.norm(0.01 * MOMENTA, axis=1))
    found, remarks = entries(tmp_path, "soft.hepmc", hepmc(plain(rows)))
    np.testing.assert_allclose(found.momentum, 0.01 * MOMENTA.T, rtol=1e-12)
    (text,) = (remark for remark in remarks if "mass shell" in remark)
    assert "24 of 24 pi0" in text


def test_the_files_unit_is_used_and_another_of_the_card_is_said(tmp_path):
    (tmp_path / "e.hepmc3").write_text(hepmc(plain(PIONS)))
    said = "list.momentum_unit is 'MeV', but the file says GeV: the file's unit is used"
    with pytest.warns(ValidityWarning, match=re.escape(said)):
        source = darkmc.MesonSource(write_card(tmp_path, {"pi0": "e.hepmc3"}, momentum_unit="MeV"))
    np.testing.assert_allclose(source.lists["pi0"].momentum, MOMENTA.T, rtol=1e-8)


def test_three_decimals_are_pi0_within_their_rounding(tmp_path):
    rows = np.round(rows_of("pi0", 0.03 * MOMENTA), 3)
    found, _ = entries(tmp_path, "three.txt", rows)
    np.testing.assert_allclose(found.momentum, rows[:, :3].T, rtol=1e-12)


def test_rounding_does_not_hide_another_species(tmp_path):
    refused(tmp_path, "eta.txt", np.round(rows_of("eta", 0.03 * MOMENTA), 3), "mass shell")


def test_a_column_called_weight_is_used(tmp_path):
    """The yield is that of the named column, and the card may leave it aside."""
    weights = np.linspace(0.2, 3.0, 24)
    with uproot.recreate(tmp_path / "w.root") as file:
        columns = dict(zip(("px", "py", "pz", "E"), PIONS.T, strict=True))
        tree = file.mktree("mesons", dict.fromkeys((*columns, "weight"), "f8"))
        tree.extend({**columns, "weight": weights})

    def number(**keys):
        card = write_card(tmp_path, {"pi0": "w.root"}, name="w.toml", **keys)
        sample = experiment(card, "pi0", geometry=VOLUME).simulate(PORTAL, n_samples=4000, seed=2)
        return sample.expected_events(1e-4).value

    with pytest.warns(ValidityWarning, match="column 'weight' is used"):
        silent = number()
    assert silent == number(columns={"weight": "weight"})
    flat = number(columns={"weight": ""})
    assert flat != pytest.approx(silent, rel=1e-3)


OTHERS = {
    "mesons.txt": ("<LesHouchesEvents version='3.0'>\n</LesHouchesEvents>\n", "an LHE file: name it .lhe"),
    "table.txt": ("-3.0 1.2 0.5\n-2.9 1.3 0.4\n", "3 columns, not 4 or 8"),
    "fortran.txt": ("1.0D-02 0.0D+00 1.0D+01 *******\n", r"'\*{7}' is not a number: as Fortran prints what"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_formats_that_are_not_read_say_what_they_are(tmp_path, name):
    refused(tmp_path, name, *OTHERS[name])


@pytest.mark.parametrize("suffix", [".root", ".parquet", ".hepmc", ".hepmc3.gz", ".txt"])
@pytest.mark.parametrize(
    "content", [b"", b"\x00" * 64, b"root\x00\x00\xf0", b"PAR1....PAR1", b"\x1f\x8b\x08\x00"]
)
def test_damaged_files_are_one_line(tmp_path, suffix, content):
    (tmp_path / f"d{suffix}").write_bytes(content)
    with pytest.raises(CardError, match=re.escape(f"d{suffix}")) as error:
        darkmc.MesonSource(write_card(tmp_path, {"pi0": f"d{suffix}"}))
    assert "\n" not in str(error.value)


def test_names_of_weights_given_twice_are_one_line(tmp_path):
    lines = hepmc(plain(PIONS)).splitlines()
    lines[2:2] = ["W 2.0 3.0", "N 2 1.0 1.0"]
    refused(tmp_path, "d.hepmc", "\n".join(lines) + "\n", "d.hepmc: event 1 of 24")


def test_a_root_file_with_a_negative_end_is_one_line(tmp_path):
    with uproot.recreate(tmp_path / "d.root") as file:
        file["mesons"] = dict(zip(("px", "py", "pz", "E"), PIONS.T, strict=True))
    content = bytearray((tmp_path / "d.root").read_bytes())
    content[12] = 0x80  # where the file ends
    (tmp_path / "d.root").write_bytes(content)
    with pytest.raises(CardError, match=r"d.root: cannot be read as a ROOT file") as error:
        darkmc.MesonSource(write_card(tmp_path, {"pi0": "d.root"}))
    assert "\n" not in str(error.value)
