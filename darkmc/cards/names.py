"""Names of the shipped experiments, fluxes and runs."""

from darkmc.cards.load import list_cards


def list_experiments() -> list[str]:
    """Return the names of all experiments that can be used by name."""
    return list_cards("detectors")


def list_fluxes() -> list[str]:
    """Return the names of all meson sources that can be used by name."""
    return list_cards("fluxes")


def list_runs() -> list[str]:
    """Return the names of all ready runs."""
    return list_cards("runs")
