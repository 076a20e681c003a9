"""LSND and MiniBooNE in the set-up of BdNMC, against its numbers."""

import pytest
from helpers import load_script

from darkmc.portals.dark_axion.fermion_scattering import FermionScattering
from darkmc.sources.fits import burman_smith


@pytest.fixture(scope="module")
def peer():
    return load_script("tools/peer_tables.py")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "m"), [(name, m) for name in ("lsnd", "miniboone-offtarget") for m in (1, 5, 60)]
)
def test_with_its_ratios_and_choices(peer, name, m):
    """Ratios, charged pions at LSND, cuts of its public cards at MiniBooNE: 2%, LSND at 60 MeV 4%."""
    cards = peer.CANDIDATES["the last two, and below 2 GeV"] if name != "lsnd" else {}
    with peer._charged_pions():
        found = peer._events(name, m, **cards)[2]
    assert found == pytest.approx(peer.PEER[name][m], rel=0.04 if (name, m) == ("lsnd", 60) else 0.02)


def test_variants_leave_nothing_behind(peer):
    before = FermionScattering.sample_within, burman_smith.mass
    with peer._charged_pions(), peer._shifted_table(0.01, 0.05, 1.0, 8.9):
        assert burman_smith.mass("pi0") > before[1]("pi0")
        assert FermionScattering.sample_within is not before[0]
    assert (FermionScattering.sample_within, burman_smith.mass) == before
