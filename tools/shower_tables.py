"""Track lengths of the showers that flux folders ship.  Run: python tools/shower_tables.py (some minutes)."""

from pathlib import Path

from darkmc.sources.dumps import SHIPPED
from darkmc.sources.electromagnetic.physics import Physics
from darkmc.sources.electromagnetic.track_files import write_tracks
from darkmc.sources.electromagnetic.track_lengths import track_lengths

FLUXES = Path(__file__).parents[1] / "fluxes"
COMMAND = "python tools/shower_tables.py"
SEED, CHUNKS = 1, 512


def main() -> None:
    """Write every table."""
    for name, (beam, medium) in SHIPPED.items():
        physics = Physics(medium)
        found = track_lengths(beam, physics, SEED, CHUNKS)
        with (FLUXES / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            write_tracks(file, found, beam, physics, f"{COMMAND}, seed {SEED}")


if __name__ == "__main__":
    main()
