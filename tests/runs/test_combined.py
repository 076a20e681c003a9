"""Several limits as one: the union at every mass, edges between masses, and who sets them."""

import math

import numpy as np
import pytest

from darkmc.cli import main
from darkmc.core.tables import read_csv
from darkmc.runs.combined import combine, read_source

HEAD = "experiment,m_dark_photon,m_axion,interval,lower,upper,lower_error,upper_error,method,reason\n"


def table(folder, name, rows, ratio=0.0):
    cells = "".join(
        f"{name},{m},{ratio * m},{n},{low},{high},{0.01 * low},{'' if high == '' else 0.01 * high},bracket,\n"
        if n
        else f"{name},{m},{ratio * m},0,,,,,bracket,none\n"
        for m, n, low, high in rows
    )
    (folder / f"{name}.csv").write_text(HEAD + cells)
    return str(folder / f"{name}.csv")


@pytest.fixture
def tables(tmp_path):
    # power laws: straight lines in the logarithms, so that interpolation is exact
    masses = np.geomspace(1.0, 16.0, 5)
    one = table(tmp_path, "one", [(m, 1, 1e-3 / m, 1e-1 / m**2) for m in masses])
    two = table(tmp_path, "two", [(m, 1, 1e-4 * m, 2e-3 * m) for m in np.geomspace(1.5, 24.0, 3)])
    return one, two


def excluded(rows, mass, coupling):
    here = [row for row in rows if row["m_dark_photon"] == mass and row["interval"]]
    return any(row.get("lower", 0.0) < coupling < row.get("upper", math.inf) for row in here)


def test_a_coupling_is_excluded_if_and_only_if_some_table_excludes_it(tables):
    rows = combine([read_source(path) for path in tables])
    masses = sorted({row["m_dark_photon"] for row in rows})
    assert len(masses) == 8
    for mass in masses:
        for coupling in np.geomspace(1e-5, 1.0, 60):
            first = 1.0 <= mass <= 16.0 and 1e-3 / mass < coupling < 1e-1 / mass**2
            second = 1.5 <= mass <= 24.0 and 1e-4 * mass < coupling < 2e-3 * mass
            assert excluded(rows, mass, coupling) == (first or second)


def test_edges_carry_their_errors_and_who_sets_them(tables):
    rows = combine([read_source(path) for path in tables])
    row = next(row for row in rows if row["m_dark_photon"] == pytest.approx(6.0))
    assert row["lower"] == pytest.approx(1e-3 / 6.0, rel=1e-12)
    assert row["lower_error"] == pytest.approx(1e-5 / 6.0, rel=1e-12)
    assert (row["lower_by"], row["upper_by"]) == ("one", "two")
    assert row["upper"] == pytest.approx(2e-3 * 6.0, rel=1e-12)


def test_open_bands_bounds_from_elsewhere_and_the_command(tables, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "line.csv").write_text("# label: A line\n2 1e-2\n8 1e-2\n")
    assert main(["combine", tables[0], "line.csv", "-o", "best.csv"]) == 0
    assert "one at 5" in capsys.readouterr().out
    rows = {float(row["m_dark_photon"]): row for _, row in read_csv(tmp_path / "best.csv").records()}
    assert (rows[2.0]["upper"], rows[2.0]["reason"]) == ("", "open above")
    assert float(rows[1.0]["upper"]) == pytest.approx(0.1)
    assert main(["figure", "best.csv", "-o", "best.png"]) == 0
    assert main(["combine", "best.csv", "sn1987a", "-o", "more.csv"]) == 0
    assert main(["combine", "more.csv", tables[1], "-o", "most.csv"]) == 0


def test_a_combination_with_itself_changes_nothing(tables):
    source = read_source(tables[0])
    alone, twice = combine([source]), combine([source, source._replace(label="again")])
    assert [row.get("lower") for row in alone] == [row.get("lower") for row in twice]
    assert [row.get("upper") for row in alone] == [row.get("upper") for row in twice]


def test_what_does_not_fit_together_is_one_line(tables, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    half = table(tmp_path, "half", [(1.0, 1, 0.1, 1.0), (2.0, 1, 0.1, 1.0)], ratio=0.5)
    outline = "1 1\n2 1\n2 2\n1 1\n"
    (tmp_path / "outline.csv").write_text(outline)
    for arguments, named in (
        ([tables[0], half], "different masses of the axion"),
        ([tables[0], tables[0]], "two tables are called 'one'"),
        (["outline.csv", half], "an outline cannot be combined"),
        (["none.csv"], "none.csv"),
    ):
        assert main(["combine", *arguments, "-o", "x.csv"]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert named in line
        assert not (tmp_path / "x.csv").exists()
    assert main(["combine", tables[0], "-o", tables[0], "--force"]) == 2
