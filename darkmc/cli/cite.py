"""What `darkmc cite` prints."""

import argparse
from collections.abc import Iterator

from darkmc.cards.found import list_cards
from darkmc.cards.load import card_keys, load_card
from darkmc.cards.references import Reference
from darkmc.core.errors import CardError, nearest


def cite(options: argparse.Namespace) -> int:
    """Print BibTeX of what the cards of a run, or of an experiment, name."""
    from darkmc.output.bibtex import bibtex

    print("\n\n".join(bibtex(list(references(options.name, options.preset)))))
    return 0


def references(name: str, preset: str) -> Iterator[Reference]:
    """Yield what the cards of a run, or of an experiment, name."""
    from darkmc.experiments.moment_names import list_moments
    from darkmc.scan.point import ScanRequest

    experiments, runs = [*list_cards("detectors"), *list_moments()], list_cards("runs")
    if name not in experiments and (name in runs or not _is_experiment(name, [*experiments, *runs])):
        wanted: tuple[str, ...] = load_card("runs", name).card.uses
    else:
        wanted = (name,)
    for one in wanted:
        yield from ScanRequest(one, (), preset).load().cited


def _is_experiment(name: str, known: list[str]) -> bool:
    """Return whether a card of the user's is that of an experiment: it says so by its topology."""
    try:
        return "topology" in card_keys("detectors", name)
    except CardError:
        if name.endswith(".toml"):
            raise
        raise CardError(f"no run or experiment '{name}'{nearest(name, known)}") from None
