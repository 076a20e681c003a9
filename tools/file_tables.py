"""Sizes and CPU times of event files: rewrites docs/data/file-formats.csv and file-compression.csv.

    python tools/file_tables.py [EVENTS]

Events of charm-finegrained at 30 MeV (decays of seven kinds of mesons).  Times are CPU seconds over events of
one run after a first one that loads libraries; they scatter by a third on a busy machine.
"""

import csv
import gzip
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import awkward as ak
import pyarrow.parquet
import uproot

import darkmc
from darkmc.core.event_columns import flat, records
from darkmc.output.events import FORMATS

DATA = Path(__file__).parents[1] / "docs" / "data"
ENDINGS = {"root": ".root", "hepevt": ".hepevt", "hepmc3": ".hepmc3", "lhe": ".lhe", "npz": ".npz"}


class Events:
    """Events that are there already, in chunks of 4096."""

    def __init__(self, count: int) -> None:
        charm, portal = darkmc.Experiment("charm-finegrained"), darkmc.DarkAxionPortal(0.03)
        stream = charm.generate(portal, 6e-5, count, seed=1)
        started = time.process_time()
        self.chunks = list(stream)
        self.generation = time.process_time() - started
        self.count, self.metadata = count, stream.metadata

    def __iter__(self) -> Iterator[Any]:
        return iter(self.chunks)


def timed(action: Callable[[], Any], count: int) -> str:
    """Return the CPU time of the second of two runs, in microseconds an event."""
    action()
    started = time.process_time()
    action()
    return f"{1e6 * (time.process_time() - started) / count:.1f}"


def formats(events: Events, folder: Path) -> Iterator[list[str]]:
    """Yield name, size, and times of writing and reading of each format."""
    yield ["format", "bytes an event", "writing, us an event", "reading, us an event"]
    yield ["generation alone", "", f"{1e6 * events.generation / events.count:.1f}", ""]
    for name in FORMATS:
        endings = [ENDINGS.get(name.partition(":")[0], f".{name}")]
        endings += [f"{endings[0]}.gz"] if f"{endings[0]}.gz" in FORMATS[name].suffixes else []
        for ending in endings:
            path = folder / f"events{ending}"

            def read(path: Path = path) -> None:
                for _ in darkmc.read_events(path).columns():
                    pass

            writing = timed(
                lambda path=path, name=name: darkmc.write_events(path, events, name), events.count
            )
            size = path.stat().st_size / events.count
            label = f"`--format {name}`" if ":" in name else f"`{ending}`"
            yield [label, f"{size:.0f}", writing, timed(read, events.count)]


def compressions(events: Events, folder: Path) -> Iterator[list[str]]:
    """Yield what other compressions and precisions would give."""
    yield ["file", "compression", "bytes an event", "writing, us an event"]
    columns = flat(ak.concatenate(events.chunks))
    path = folder / "trial"

    def root(compression: Any, cut: bool) -> None:
        with uproot.recreate(path, compression=compression) as file:
            kept = {n: c.astype("float32") if cut and c.dtype == "float64" else c for n, c in columns.items()}
            file.mktree("events", {name: column.dtype for name, column in kept.items()}).extend(kept)

    for words, compression, cut in (
        ("ZSTD 1 (used)", uproot.ZSTD(1), False),
        ("ZSTD 5", uproot.ZSTD(5), False),
        ("LZ4 4", uproot.LZ4(4), False),
        ("ZLIB 1", uproot.ZLIB(1), False),
        ("none", None, False),
        ("ZSTD 1, float32: no longer on shell", uproot.ZSTD(1), True),
    ):
        took = timed(lambda compression=compression, cut=cut: root(compression, cut), events.count)
        yield ["ROOT", words, f"{path.stat().st_size / events.count:.0f}", took]
    table = ak.to_arrow_table(records(columns), extensionarray=True)
    for words, options in (
        ("ZSTD 1 (used)", {"compression": "zstd", "compression_level": 1, "use_dictionary": False}),
        ("ZSTD 5", {"compression": "zstd", "compression_level": 5, "use_dictionary": False}),
        ("snappy", {"compression": "snappy", "use_dictionary": False}),
        ("ZSTD 1, dictionaries", {"compression": "zstd", "compression_level": 1}),
    ):
        took = timed(
            lambda options=options: pyarrow.parquet.write_table(table, path, **options), events.count
        )
        yield ["Parquet", words, f"{path.stat().st_size / events.count:.0f}", took]
    darkmc.write_events(folder / "a.hepmc3", events)
    text = (folder / "a.hepmc3").read_bytes()
    for level in (1, 6):
        took = timed(lambda level=level: path.write_bytes(gzip.compress(text, level)), events.count)
        used = " (used)" if level == 1 else ""
        yield [
            "HepMC3",
            f"gzip {level}{used}, without the text's own time",
            f"{path.stat().st_size / events.count:.0f}",
            took,
        ]


def main(count: int) -> None:
    """Measure and write both tables."""
    events = Events(count)
    with tempfile.TemporaryDirectory() as folder:
        for name, make in (("file-formats", formats), ("file-compression", compressions)):
            with (DATA / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
                file.write(
                    f"# {count} events of charm-finegrained at 30 MeV; written by tools/file_tables.py\n"
                )
                csv.writer(file, lineterminator="\n").writerows(make(events, Path(folder)))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000)
