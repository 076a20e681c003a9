"""What event files say of an experiment."""

from typing import TYPE_CHECKING

from darkmc.engine.events import About

if TYPE_CHECKING:
    from darkmc.experiments.experiment import Experiment


def about(experiment: "Experiment", coupling: float, seed: int) -> About:
    """Return what is written beside events at one coupling (GeV^-1).

    Parameters
    ----------
    experiment : Experiment
        Whose events they are.
    coupling : float
        GeV^-1.
    seed : int
        Of the rows from which remarks are told.
    """
    cards = {"experiment": experiment.card.model_dump(mode="json", by_alias=True)}
    topology = experiment.topology
    if topology.source is not None:
        cards["flux"] = topology.source.card.model_dump(mode="json", by_alias=True)
    return About(
        experiment=experiment.name,
        preset=experiment.preset,
        cards=cards,
        exposure=topology.exposure,
        origin_m=topology.origin_m,
        pdg_ids=experiment.pdg_ids(),
        remarks=lambda plans: experiment.remarks_of(plans, coupling, seed),
    )
