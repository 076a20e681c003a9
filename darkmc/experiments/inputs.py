"""The files that an experiment was read from: nothing that it makes may replace them."""

from collections.abc import Iterator
from pathlib import Path

from darkmc.cards.collider import ColliderCard
from darkmc.cards.flux import MesonListCard
from darkmc.experiments.collider_combined import CombinedColliders
from darkmc.experiments.experiment import Experiment
from darkmc.experiments.lepton_moments import MomentLimit
from darkmc.limits.counts_file import counts_file


def input_files(experiment: Experiment | MomentLimit) -> Iterator[Path]:
    """Yield the paths of an experiment's cards, lists of mesons and observed counts."""
    if isinstance(experiment, MomentLimit):
        return
    topology = experiment.topology
    yield Path(experiment.loaded.path)
    if topology.source is not None:
        flux = Path(topology.source.loaded.path)
        yield flux
        if isinstance(topology.source.card, MesonListCard):
            yield from (flux.parent / name for name in topology.source.card.list_.files.values())
    windows = topology.windows if isinstance(topology, CombinedColliders) else [topology]
    for window in windows:
        yield Path(window.loaded.path)
        if isinstance(window.card, ColliderCard) and window.card.observed.counts is not None:
            yield counts_file(window.card.observed.counts, window.loaded.path)
