"""The table of observables: values by hand, symmetry about the beam, and what each needs."""

import math

import numpy as np
import pytest

from darkmc.core.errors import PhysicsError
from darkmc.core.particles import mass
from darkmc.selection.observables import OBSERVABLES, energies, observable

EVENT = {
    "photon": [5.0, 3.0, 0.0, 4.0],
    "electron": [3.0, 2.0, 1.0, 2.0],
    "positron": [7.0, 2.0, 3.0, 6.0],
    "recoil_electron": [3.0, 0.0, 2.0, 2.0],
    "meson": [14.0, 4.0, 0.0, 3.0],
    "dark_photon": [9.0, 1.0, 2.0, 3.0],
    "decay": [0.0, 0.0, 9.0, 1.0],
    "scatter": [3.0, 4.0, 7.0, 1.0],
    "electron_beam": [8.0, 0.0, 0.0, 8.0],
    "positron_beam": [2.0, 0.0, 0.0, -2.0],
    "cluster": [5.0, 3.0, 0.0, 4.0],
    "hit": [6.0, 2.0, 0.0, 5.0],
}
EVENT = {name: np.array(four)[:, None] for name, four in EVENT.items()}
BY_HAND = {
    "E_photon": 5.0,
    "theta_photon": math.atan2(3.0, 4.0),
    "E2theta2": (5.0 * math.atan2(3.0, 4.0)) ** 2,
    "E_pair": 10.0,
    "theta_pair": math.atan2(math.hypot(4.0, 4.0), 8.0),
    "m_pair": 2.0,
    "E_softer_lepton": 3.0,
    "cos_theta_photon": 0.8,
    "E_electron": 3.0,
    "T_electron": 3.0 - mass("e"),
    "theta_electron": math.pi / 4.0,
    "cos_theta_electron": math.sqrt(0.5),
    "m_electron_photon": math.sqrt(64.0 - 9.0 - 4.0 - 36.0),
    "p_meson": 5.0,
    "theta_meson": math.atan2(4.0, 3.0),
    "E_dark_photon": 9.0,
    "z_vertex": 7.0,
    "r_vertex": 5.0,
    "E_shower": 5.0,
    "E2theta2_shower": (5.0 * math.atan2(3.0, 4.0)) ** 2,
    "hit_plane": 1.0,
    "E_hit": 6.0,
    "theta_hit": math.atan2(2.0, 5.0),
    # e- p.k = 8 (5 - 4), e+ p.k = 2 (5 + 4), s = 64: E* = 26/8, mm2 = 64 - 52, cos = (18 - 8)/26
    "E_star": 3.25,
    "cos_theta_star": 10.0 / 26.0,
    "missing_mass2": 12.0,
}


@pytest.mark.parametrize("name", OBSERVABLES)
def test_values_by_hand(name):
    assert observable(name)(EVENT) == pytest.approx([BY_HAND[name]], rel=1e-12)


@pytest.mark.parametrize("name", OBSERVABLES)
def test_nothing_depends_on_the_azimuth_about_the_beam(name):
    cosine, sine = math.cos(1.1), math.sin(1.1)
    turned = {}
    for key, four in EVENT.items():
        place = slice(0, 2) if key in ("decay", "scatter") else slice(1, 3)
        turned[key] = four.copy()
        turned[key][place] = np.array([[cosine, -sine], [sine, cosine]]) @ four[place]
    assert observable(name)(turned) == pytest.approx(observable(name)(EVENT), rel=1e-12)


@pytest.mark.parametrize("name", OBSERVABLES)
def test_any_one_set_of_what_is_needed_is_enough(name):
    quantity = observable(name)
    for need in quantity.needs:
        event = {key: EVENT.get(key, EVENT["electron"]) for key in need}
        assert quantity.applies_to(event)
        assert np.isfinite(quantity(event)).all()
        assert not quantity.applies_to(need[1:])


def test_showers_are_photons_or_electron_pairs():
    pair = {name: EVENT[name] for name in ("electron", "positron")}
    assert observable("E_shower")(pair) == observable("E_pair")(pair)
    photon = {"photon": EVENT["photon"]}
    assert observable("E2theta2_shower")(photon) == observable("E2theta2")(photon)


def test_energies_of_final_states():
    assert set(energies(("photon",))) == {"E_photon", "E_shower"}
    assert set(energies(("electron", "positron"))) == {"E_pair", "E_shower"}
    assert energies(("muon_minus", "muon_plus")) == ("E_pair",)


def test_an_unknown_name_is_answered_by_the_nearest():
    with pytest.raises(PhysicsError, match=r"unknown observable 'E_photn'.*'E_photon'"):
        observable("E_photn")
