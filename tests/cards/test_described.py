"""Lists say what a flux is of, without checking its card."""

import darkmc
from darkmc.cards.load import load_card
from darkmc.cli import main


def test_the_list_of_fluxes_says_beam_and_target(tmp_path, monkeypatch, capsys):
    (tmp_path / "fluxes").mkdir()
    (tmp_path / "fluxes" / "odd.toml").write_text("[beam]\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert main(["list", "fluxes"]) == 0
    lines = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert [*lines] == darkmc.list_fluxes()
    assert lines.pop("odd") == "fluxes/odd.toml is no flux card"
    assert lines["bmpt-cu-400"] == "bmpt: proton of 400 GeV on Cu"
    assert lines["pythia-400"] == "table: proton of 400 GeV on protons"
    assert lines["burman-smith-lsnd"].endswith("proton of 1.736 GeV (0.798 kinetic) on water and tungsten")
    for name, words in lines.items():
        card = load_card("fluxes", name).card
        beam = f"{card.beam.particle} of {card.beam.energy_GeV:.4g} GeV"
        assert words.startswith(f"{card.parametrisation}: {beam}")
