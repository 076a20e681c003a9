"""The short form of tools/soak: scans that are killed end with the table of one that was not."""

from helpers import load_script

soak = load_script("tools/soak")


def test_scans_that_are_killed_end_with_the_same_table():
    done, faults = soak.soak(kills=6, points=300, seed=2)
    assert faults == []
    assert done["tables"] >= 1
    assert sum(done[kind] for kind in soak.KINDS if kind in done) == 6
