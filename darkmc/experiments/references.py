"""What the cards of an experiment name as their sources."""

from collections.abc import Iterator

from darkmc.cards.experiment import Reference
from darkmc.experiments.collider_combined import CombinedColliders
from darkmc.experiments.experiment import Experiment
from darkmc.experiments.lepton_moments import MomentLimit


def references(experiment: Experiment | MomentLimit) -> Iterator[Reference]:
    """Yield the references of an experiment's cards, its flux and combined analyses included."""
    if isinstance(experiment, MomentLimit):
        row = experiment.row
        title = f"Measured and predicted moment of the lepton {row.lepton}, data set {row.name}"
        fields = {"key": experiment.name, "title": title, "gives": row.source, "grade": row.grade}
        yield Reference.model_validate(fields)
        return
    topology = experiment.topology
    yield from experiment.card.references
    for window in topology.windows if isinstance(topology, CombinedColliders) else ():
        yield from window.card.references
    if topology.source is not None:
        yield from topology.source.card.references
