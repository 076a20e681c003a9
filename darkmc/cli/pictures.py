"""What the commands that draw do."""

import argparse
from pathlib import Path

from darkmc.cards.load import load_card
from darkmc.cards.run_card import RunCard
from darkmc.cli.arguments import overrides
from darkmc.core.errors import PhysicsError
from darkmc.core.units import parse_axion_mass, parse_energy_grid, parse_number, require_positive


def figure(options: argparse.Namespace) -> int:
    """Draw a run's tables, or one limit table."""
    from darkmc.figures.limits import draw_limits
    from darkmc.figures.overlays import read_overlays, split_label
    from darkmc.figures.style import picture, styled
    from darkmc.output.files import replacing
    from darkmc.runs.execute import draw_run

    inputs = [options.name, *(split_label(text)[0] for text in options.overlay)]
    target = picture(options.output, options.force, inputs)
    overlays = [overlay for text in options.overlay for overlay in read_overlays(text)]
    if options.name.endswith(".csv"):
        if options.folder is not None:
            raise PhysicsError("give a run with --from, or one limit table, not both")
        if options.preset is not None:
            raise PhysicsError("--preset is for a run, not for one limit table")
        with styled(options.style), replacing(target, options.force) as path:
            draw_limits([Path(options.name)], [path], Path(options.name).stem, overlays)
    else:
        card: RunCard = load_card("runs", _no_events(options.name)).card
        folder = Path(options.folder or card.name)
        picture(target, options.force, folder.glob("*.csv"))
        with replacing(target, options.force) as path:
            draw_run(card, folder, [path], overlays, options.preset or "", options.style)
    print(target)
    return 0


def _no_events(name: str) -> str:
    """Return the name of what is drawn, or raise PhysicsError that says what draws files of events."""
    if Path(name).suffix in ("", ".toml"):
        return name
    from darkmc.output.events import endings

    if name.endswith(tuple(endings())):
        raise PhysicsError(f"{name}: figure draws runs and limit tables (.csv); darkmc plot draws events")
    return name


def report(options: argparse.Namespace) -> int:
    """Write one page of HTML from a run's tables, or from one limit table."""
    from darkmc.cli.cite import references
    from darkmc.output.bibtex import bibtex
    from darkmc.output.files import check_target, replacing
    from darkmc.runs.report import report_run, report_table

    target = Path(options.output)
    if target.suffix.lower() not in (".html", ".htm"):
        raise PhysicsError(f"{target}: a report is a page of HTML: give it a name such as report.html")
    if options.name.endswith(".csv"):
        if options.folder is not None:
            raise PhysicsError("give a run with --from, or one limit table, not both")
        check_target(target, options.force, [options.name])
        page = report_table(Path(options.name), "")
    else:
        card: RunCard = load_card("runs", options.name).card
        folder = Path(options.folder or card.name)
        check_target(target, options.force, folder.glob("*"))
        cited = "\n\n".join(bibtex(list(references(options.name, "best"))))
        page = report_run(card, folder, cited)
    with replacing(target, options.force) as path:
        path.write_text(page, encoding="utf-8")
    print(target)
    return 0


def plot(options: argparse.Namespace) -> int:
    """Draw the events of a file."""
    from darkmc.figures.style import picture, styled
    from darkmc.output.files import replacing
    from darkmc.runs.sample_page import draw_sample

    target = picture(options.output, options.force, [options.sample])
    with styled(options.style), replacing(target, options.force) as path:
        draw_sample(options.sample, [path])
    print(target)
    return 0


def decay_length(options: argparse.Namespace) -> int:
    """Draw decay lengths over the mass."""
    from darkmc.experiments.experiment import Experiment
    from darkmc.figures.decay_length import draw_decay_lengths
    from darkmc.figures.style import picture, styled
    from darkmc.output.files import replacing
    from darkmc.runs.decay_length import characteristic_energies, decay_curves

    target = picture(options.output, options.force)
    coupling = require_positive("--coupling", parse_number("--coupling", options.coupling))
    masses = [float(m) for m in sorted(parse_energy_grid(options.m_dark_photon))]
    pairs = [(m, parse_axion_mass(options.m_axion, m)) for m in masses]
    experiment = Experiment(options.experiment, options.preset, overrides(options.overrides))
    energies = characteristic_energies(experiment.card)
    if options.energies is not None:
        energies = [float(e) for e in parse_energy_grid(options.energies)]
    curves = decay_curves(experiment, pairs, coupling, energies)
    with styled(options.style), replacing(target, options.force) as path:
        draw_decay_lengths([curves], pairs, coupling, [path])
    print(target)
    return 0
