"""Names of the shipped experiments, fluxes and runs."""

from darkmc.cards.found import list_cards


def list_experiments() -> list[str]:
    """Return the names of all experiments that can be used by name.

    Returns
    -------
    list of str
        In alphabetical order.

    Examples
    --------
    >>> import darkmc
    >>> "charm-finegrained" in darkmc.list_experiments()
    True
    """
    return list_cards("detectors")


def list_fluxes() -> list[str]:
    """Return the names of all meson sources that can be used by name.

    Returns
    -------
    list of str
        In alphabetical order.

    Examples
    --------
    >>> import darkmc
    >>> "bmpt-cu-400" in darkmc.list_fluxes()
    True
    """
    return list_cards("fluxes")


def list_runs() -> list[str]:
    """Return the names of all ready runs.

    Returns
    -------
    list of str
        In alphabetical order.

    Examples
    --------
    >>> import darkmc
    >>> "figure2" in darkmc.list_runs()
    True
    """
    return list_cards("runs")
