"""What event files say of an experiment."""

from collections.abc import Callable, Sequence

from darkmc.engine.events import About
from darkmc.experiments.topology import Topology
from darkmc.sample.stream import ChannelPlan


def about(topology: Topology, preset: str, remarks: Callable[[Sequence[ChannelPlan]], list[str]]) -> About:
    """Return what is written beside events.

    Parameters
    ----------
    topology : Topology
        The experiment that they are of.
    preset : str
        Of its card.
    remarks : callable
        From channels to remarks on their yield.
    """
    cards = {"experiment": topology.card.model_dump(mode="json", by_alias=True)}
    if topology.source is not None:
        cards["flux"] = topology.source.card.model_dump(mode="json", by_alias=True)
    return About(
        experiment=topology.card.name,
        preset=preset,
        cards=cards,
        exposure=topology.exposure,
        origin_m=topology.origin_m,
        pdg_ids=topology.pdg_ids(),
        remarks=remarks,
    )
