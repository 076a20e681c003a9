"""What can be written on the command line."""

import argparse
from typing import Any

from darkmc.cli.usage import MainParser, Parser, add_verbosity, whole


def build_parser() -> MainParser:
    """Return the parser of the command line."""
    from darkmc import __version__

    parser = MainParser(
        prog="darkmc",
        allow_abbrev=False,
        description="Events and exclusion limits for the dark axion portal, L = (G/2) a F X~.",
        epilog="Numbers take a unit (30MeV; bare is GeV). Grids: START:STOP:N[:log|:lin] or a comma list.",
    )
    parser.add_argument("--version", action="version", version=f"darkmc {__version__}")
    commands = parser.commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True, parser_class=Parser
    )
    _add_catalogue(commands)
    _add_rate(commands)
    _add_explain(commands)
    _add_generate(commands)
    _add_convert(commands)
    _add_limit(commands)
    _add_combine(commands)
    _add_export(commands)
    _add_gminus2(commands)
    _add_run(commands)
    _add_new(commands)
    _add_cite(commands)
    _add_pictures(commands)
    _add_completion(commands)
    for command in commands.choices.values():
        add_verbosity(command)
    return parser


def _new(commands: Any, name: str, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=text, description=text, allow_abbrev=False
    )
    return parser


def _add_catalogue(commands: Any) -> None:
    kinds = ("experiments", "fluxes", "runs")
    listing = _new(commands, "list", "list what can be used by name")
    listing.add_argument(
        "kind",
        choices=(*kinds, "figures", "gminus2", "bounds"),
        help="gminus2: limits from lepton moments, for darkmc limit (loops: darkmc gminus2 --help); "
        "bounds: curves to lay over pictures; figures are runs",
    )
    show = _new(commands, "show", "print a card and where it was found")
    show.add_argument("kind", choices=kinds)
    show.add_argument("name")


def _add_common(parser: argparse.ArgumentParser) -> None:
    _add_card(parser)
    parser.add_argument("--seed", type=whole, default=1, help="seed of the random numbers (default 1)")


def _add_card(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("experiment", help="name of a shipped experiment, or a TOML file")
    parser.add_argument(
        "--m-axion",
        default="0",
        metavar="M",
        help="axion mass; 0.5x: times m_dark_photon; limit: also a GRID",
    )
    parser.add_argument("--preset", default="best", help="best (default) or a preset of the card")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="overrides",
        help="override a key of the card, e.g. beam.pot=1e18 or flux.ratios.eta=0.1",
    )


def _add_point(parser: argparse.ArgumentParser) -> None:
    _add_common(parser)
    parser.add_argument("--m-dark-photon", required=True, metavar="M", help="dark photon mass, e.g. 30MeV")
    parser.add_argument(
        "--coupling", required=True, metavar="G", help="coupling in GeV^-1; rate: also a list or a grid"
    )


def _add_rate(commands: Any) -> None:
    parser = _new(commands, "rate", "expected signal events at one point")
    _add_point(parser)
    parser.add_argument("--precision", metavar="P", help="relative Monte Carlo error (default 0.01)")
    parser.add_argument("--samples", metavar="N", help="number of primaries instead of a precision")
    parser.add_argument("--workers", type=whole, default=1, help="threads; they never change the result")
    parser.add_argument("--cutflow", action="store_true", help="print the yield after each cut")
    parser.add_argument("--json", action="store_true", help="one JSON object per coupling on stdout")


def _add_explain(commands: Any) -> None:
    parser = _new(commands, "explain", "where the events at one point come from, and what sets the limit")
    _add_point(parser)
    parser.add_argument("--precision", metavar="P", help="relative Monte Carlo error (default 0.01)")
    parser.add_argument("--samples", metavar="N", help="number of primaries instead of a precision")
    parser.add_argument("--workers", type=whole, default=1, help="threads; they never change the result")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")


def _add_generate(commands: Any) -> None:
    parser = _new(commands, "generate", "write a file of signal events at one point")
    _add_point(parser)
    parser.add_argument("--events", required=True, metavar="N", help="number of events")
    parser.add_argument("--unweighted", action="store_true", help="accept or reject: equal weights")
    _add_format(parser)
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help="its ending says the format")


def _add_format(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--format", metavar="NAME", help="where the ending of the name does not say it, see docs/files.md"
    )
    parser.add_argument("--force", action="store_true", help="replace an existing file")


def _add_convert(commands: Any) -> None:
    parser = _new(commands, "convert", "write the events of a file in another format")
    parser.add_argument("input", metavar="IN", help="a file that darkmc wrote, of any format")
    parser.add_argument("output", metavar="OUT", help="its ending says the format")
    _add_format(parser)


def _add_limit(commands: Any) -> None:
    parser = _new(commands, "limit", "excluded couplings over a grid of masses")
    _add_common(parser)
    parser.add_argument("--m-dark-photon", required=True, metavar="GRID", help="e.g. 1MeV:500MeV:48:log")
    parser.add_argument(
        "--scan",
        action="append",
        default=[],
        metavar="KEY=GRID",
        help="scan a key of the card too, e.g. beam.pot=1e18:1e20:5 or simulation.signal=decay,conversion",
    )
    parser.add_argument("--method", choices=("bracket", "iterative"), default="bracket")
    parser.add_argument(
        "--precision", metavar="P", help="relative Monte Carlo error of the edges (default 0.01)"
    )
    parser.add_argument(
        "--vary", metavar="NAMES", help="envelope over alternatives of the flux card: all, or A,B"
    )
    parser.add_argument("--workers", type=whole, default=1, help="processes over points")
    _add_scan(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object per interval on stdout")
    parser.add_argument("--force", action="store_true", help="replace an existing file")
    parser.add_argument("-o", "--output", metavar="FILE.csv", help="-: stdout; without it a table to be read")


def _add_combine(commands: Any) -> None:
    parser = _new(commands, "combine", "the best limit at each mass out of several tables, and who sets it")
    parser.add_argument(
        "tables",
        nargs="+",
        metavar="TABLE",
        help="FILE[:LABEL], of darkmc limit or as --overlay takes them, or the name of a shipped bound",
    )
    parser.add_argument("--force", action="store_true", help="replace an existing file")
    parser.add_argument("-o", "--output", required=True, metavar="FILE.csv")


def _add_export(commands: Any) -> None:
    parser = _new(commands, "export", "write a table of limits as other programs take it")
    parser.add_argument("table", metavar="LIMITS.csv", help="what darkmc limit wrote")
    kind = parser.add_mutually_exclusive_group(required=True)
    kind.add_argument("--hepdata", metavar="DIR", help="a HEPData submission, valid")
    kind.add_argument(
        "--pyhf", metavar="FILE", help="a pyhf workspace for every edge, of counting experiments"
    )
    kind.add_argument("--axionlimits", metavar="FILE", help="contours: mass in eV, coupling in GeV^-1")
    kind.add_argument("--darkcast", metavar="FILE", help="mass, lower and upper edge")
    parser.add_argument("--force", action="store_true", help="replace what is there")


def _add_gminus2(commands: Any) -> None:
    from darkmc.gminus2 import LOOPS

    parser = _new(commands, "gminus2", "one loop's contribution to a lepton's moment (g - 2)/2")
    parser.epilog = f"Loops: {', '.join(LOOPS)}."
    parser.add_argument("loop", metavar="LOOP", help="e.g. dark_axion_two_loop; LOOP --help lists its keys")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument(
        "arguments", nargs=argparse.REMAINDER, metavar="--KEY VALUE", help="e.g. --lepton mu --mass 30MeV"
    )


def _add_run(commands: Any) -> None:
    parser = _new(commands, "run", "do a ready run: tables and their picture, for limits also events")
    parser.add_argument("run", help="name of a shipped run, or a TOML file")
    parser.add_argument("-o", "--output", metavar="DIRECTORY", help="default ./NAME")
    parser.add_argument("--preset", help="of the experiments (default: those of the run, or best)")
    parser.add_argument("--precision", metavar="P", help="relative Monte Carlo error, instead of the run's")
    parser.add_argument("--workers", type=whole, help="processes over points (default: one per core)")
    _add_style(parser)
    _add_scan(parser)


def _add_scan(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--dask",
        metavar="WHERE",
        help="compute points through Dask: local, slurm, htcondor, or a scheduler's address",
    )
    parser.add_argument(
        "--fresh", action="store_true", help="forget the points that an interrupted scan has finished"
    )


def _add_style(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--style",
        default="paper",
        metavar="STYLE",
        help="paper (default), slides, or a file of Matplotlib's settings that ends in .mplstyle",
    )


def _add_pictures(commands: Any) -> None:
    figure = _new(commands, "figure", "draw what a run wrote; computes nothing")
    figure.add_argument("name", metavar="NAME", help="a run (name or TOML file), or one limit table FILE.csv")
    figure.add_argument(
        "--from", dest="folder", metavar="DIRECTORY", help="where the run wrote (default ./NAME)"
    )
    figure.add_argument(
        "--overlay",
        action="append",
        default=[],
        metavar="FILE[:LABEL]",
        help="with limits, a table from elsewhere (docs/figures.md), a shipped bound, or known: all of these",
    )
    figure.add_argument("--preset", help="of a run with several presets, the one to be shown alone")
    _add_report(commands)
    plot = _new(commands, "plot", "draw a sample of events: energies, angles, vertices, masses, delays")
    plot.add_argument("sample", metavar="SAMPLE.root")
    length = _new(commands, "decay-length", "draw decay distances of the dark photon beside a detector")
    _add_card(length)
    length.add_argument("--coupling", required=True, metavar="G", help="coupling in GeV^-1")
    length.add_argument(
        "--m-dark-photon", default="1MeV:1GeV:200", metavar="GRID", help="default %(default)s"
    )
    length.add_argument(
        "--energies",
        metavar="LIST",
        help="e.g. 1GeV,10GeV; default: limits of the cuts and shares of the beam",
    )
    for parser in (figure, plot, length):
        _add_style(parser)
        parser.add_argument("--force", action="store_true", help="replace an existing file")
        parser.add_argument("-o", "--output", required=True, metavar="FILE", help=".pdf, .png or .svg")


def _add_report(commands: Any) -> None:
    report = _new(
        commands, "report", "write what a run found as one page of HTML to play with; needs no network"
    )
    report.add_argument("name", metavar="NAME", help="a run of limits (name or TOML file), or one FILE.csv")
    report.add_argument(
        "--from", dest="folder", metavar="DIRECTORY", help="where the run wrote (default ./NAME)"
    )
    report.add_argument("--force", action="store_true", help="replace an existing file")
    report.add_argument("-o", "--output", required=True, metavar="FILE.html")


def _add_cite(commands: Any) -> None:
    parser = _new(commands, "cite", "print BibTeX of what the cards of a run or experiment name")
    parser.add_argument("name", metavar="RUN|EXPERIMENT", help="name, or a TOML file")
    parser.add_argument("--preset", default="best", help="of the experiments' cards")


def _add_completion(commands: Any) -> None:
    parser = _new(commands, "completion", "print a script with which a shell completes darkmc's words")
    parser.add_argument("shell", choices=("bash", "zsh", "tcsh"))


def _add_new(commands: Any) -> None:
    parser = _new(commands, "new-experiment", "write a commented card that runs, to start your own from")
    parser.add_argument("name", help="letters, digits and dashes")
    parser.add_argument("--force", action="store_true", help="replace an existing file")
    parser.add_argument("-o", "--output", metavar="FILE.toml", help="default ./NAME.toml")
