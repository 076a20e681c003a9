"""Runs of moments: tables against closed forms, masks from files, summaries, shipped cards."""

import csv
import math

import numpy as np
import pytest

from darkmc import gminus2, list_runs
from darkmc.cards.load import load_card
from darkmc.core.errors import PhysicsError
from darkmc.gminus2.data import difference
from darkmc.gminus2.masks import allowed_intervals
from darkmc.runs.moments import find_masks, read_mask
from darkmc.runs.run import Settings, run_of

CARD = """
schema = 1
kind = "moment-plane"
name = "mine"
title = "Mine"
data = ["mu-2025", "mu-2021"]
level = 4.0
points = 11
masks = ["island.csv"]
[x]
parameter = "m"
label = "mass"
min = 0.5
max = 5.0
[y]
parameter = "g"
label = "coupling"
min = 1e-5
max = 1.0
[[loops]]
loop = "scalar_yukawa"
arguments = { mass = "m", yukawa = "s * g" }
[[regions]]
label = "all"
fixed = { s = 2.0 }
"""
ISLAND = "# mine\nmass_GeV,lower,upper\n0.4,1e-4,1e-3\n6,1e-4,1e-3\n\n0.4,0.1,\n6,0.1,\n"


def rows(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def computed(name, folder):
    """Write the tables of a run into a folder, without its picture, and return their names."""
    card = load_card("runs", name).card
    return [path.name for path in run_of(card).work(card, Settings())(folder)]


@pytest.fixture
def done(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text(CARD)
    (tmp_path / "island.csv").write_text(ISLAND)
    computed("mine.toml", tmp_path)
    return tmp_path


def test_a_combination_and_a_mask_of_ones_own(done):
    table, summary = rows(done / "mine.csv"), rows(done / "mine-summary.csv")
    assert {row["data"] for row in table} == {"mu-2025", "mu-2021"}
    for row in table:
        v, s = difference("mu", row["data"].removeprefix("mu-"))
        unit = float(gminus2.scalar_yukawa("mu", float(row["m"]), 2.0))
        assert float(row["g_upper"]) == pytest.approx(math.sqrt((v + 2 * s) / unit), rel=1e-8)
        lower = max((v - 2 * s) / unit, 0.0)
        assert float(row["g_lower"]) == pytest.approx(max(math.sqrt(lower), 1e-5), rel=1e-8)
    coupling = np.geomspace(1e-5, 1.0, 11)
    free = float(np.mean(~((coupling >= 1e-4) & (coupling <= 1e-3)) & ~(coupling >= 0.1)))
    for row in summary:
        assert float(row["share_left"]) < float(row["share"])
        v, s = difference("mu", row["data"].removeprefix("mu-"))
        assert float(row["chi_squared_corner"]) == pytest.approx((v / s) ** 2, rel=1e-3)
    assert float(summary[0]["share_left"]) <= free
    points = rows(done / "mine-masks.csv")
    assert [row["stroke"] for row in points] == ["0", "0", "1", "1"] * 2
    assert [row["upper"] for row in points[:4]] == ["0.001", "0.001", "", ""]


BAD = {
    "unsorted": ("2,1e-3,\n1,1e-3,\n", "x.csv:3: masses must increase"),
    "no number": ("1,1e-3,\n2,many,\n", "x.csv:3: mass_GeV, lower and upper must be numbers"),
    "short": ("1\n", "x.csv:2: mass_GeV, lower"),
    "crossing": ("1,1e-3,1e-2\n2,2e-2,1e-2\n", "x.csv:3: the curve crosses itself"),
    "island of one": ("1,1e-3,\n2,1e-3,\n\n3,1e-3,\n", "x.csv:5: a curve takes at least two"),
    "nothing": ("", "x.csv: no rows"),
    "negative": ("1,-1e-3,\n2,1e-3,\n", "x.csv:2: mass and couplings"),
}


@pytest.mark.parametrize(("body", "message"), BAD.values(), ids=BAD)
def test_a_bad_mask_names_its_line(body, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "x.csv"
    path.write_text("mass_GeV,lower,upper\n" + body)
    with pytest.raises(PhysicsError, match=message) as caught:
        read_mask(path)
    assert "\n" not in str(caught.value)


def test_a_mask_without_its_columns(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("mass,value\n1,2\n")
    with pytest.raises(PhysicsError, match="must name the columns mass_GeV, lower"):
        read_mask(path)


def test_a_file_gives_what_the_same_numbers_give(tmp_path):
    path = tmp_path / "island.csv"
    path.write_text(ISLAND)
    left = allowed_intervals([read_mask(path)], [1.0], 1e-5, 1.0)[0]
    np.testing.assert_allclose(left, [[1e-5, 1e-4], [1e-3, 0.1]], rtol=1e-12)


def test_masks_of_other_leptons_are_left_out():
    listed = ["ewpo", "kaon", "gminus2-e-2008-rb"]
    assert [mask.name for mask in find_masks(listed, "mu")] == listed
    assert [mask.name for mask in find_masks(listed, "e")] == ["ewpo"]


FIGURES = [name for name in list_runs() if name.partition("-")[0] in ("ge", "pv", "dm")]


def test_all_figures_of_the_papers_are_there():
    wanted = ["ge-fig3", "ge-fig4", "ge-fig5", "ge-fig6", *(f"pv-fig{k}" for k in (2, 4, 5, 6, 7))]
    assert set(wanted) <= set(FIGURES)


@pytest.mark.parametrize("name", FIGURES)
def test_shipped_cards_compute(name, tmp_path, monkeypatch):
    """Coarsely and without the picture: every loop, region and mask of the card is used."""
    monkeypatch.chdir(tmp_path)
    text = load_card("runs", name).text.replace("points = 200", "points = 6").replace("inner_points = 64", "")
    text = text if "points = 6" in text else text.replace("level =", "points = 6\nlevel =", 1)
    (tmp_path / "coarse.toml").write_text(text)
    assert f"{name}.csv" in computed("coarse.toml", tmp_path)
    assert all(float(row["level"]) > 0.0 for row in rows(tmp_path / f"{name}-summary.csv"))
