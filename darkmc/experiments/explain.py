"""Where the events of a sample come from: the numbers behind `Sample.explain`."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from darkmc.core.estimates import estimate
from darkmc.core.intervals import Exclusion
from darkmc.core.kinematics import Array, length
from darkmc.engine.replay import EventReplay
from darkmc.experiments.topology import Topology
from darkmc.portals.portal import DarkState
from darkmc.sample.explanation import SHOWN, Cause, Explanation, Mean, Part, Step, Uncertainty
from darkmc.sample.rows import Channel
from darkmc.sample.sample import Sample
from darkmc.sample.yields import Yield, one_coupling

_LEAST_SHARE = 0.01  # of the yield, of channels whose events are looked at
_ROUNDING = 1e-12
ROWS_LOOKED_AT = 8192  # in each of them


@dataclass(frozen=True)
class Explainer:
    """Explains samples of one experiment.

    Attributes
    ----------
    topology : Topology
        The experiment, set up.
    replay : EventReplay
        Makes the events of its samples again.
    """

    topology: Topology
    replay: EventReplay

    def __call__(self, sample: Sample, coupling: float) -> Explanation:
        """Return where the events at one coupling come from; see :meth:`Sample.explain`."""
        g = one_coupling("an explanation", coupling)
        assert sample.portal is not None
        criterion = self.topology.criterion
        found = sample.estimate(g)
        exclusion = criterion.exclusion(sample, "bracket")
        looked = self._looked_at(sample, g) if sample.replay is not None else {}
        return Explanation(
            experiment=sample.experiment,
            masses=dict(sample.portal.masses),
            coupling=g,
            expected=Yield(found.value, found.error),
            excluded=criterion.words,
            parents=_parents(sample, g),
            channels=_channels(sample, g),
            energies={name: looked[name] for name in SHOWN if name in looked},
            decay_length=looked.get(_LENGTH),
            distance=looked.get(_DISTANCE),
            cuts=steps(sample, g),
            edges=tuple(_causes(sample, exclusion)),
            reason="; ".join(filter(None, [exclusion.reason, *self.topology.remarks(sample, exclusion)])),
            uncertainties=_uncertainties(sample, g),
        )

    def _looked_at(self, sample: Sample, coupling: float) -> dict[str, Mean]:
        """Return means over the events: of energies, and of the unstable state's decay length and path."""
        assert sample.portal is not None
        shares = {part.name: part.share for part in _channels(sample, coupling)}
        sums: dict[str, list[tuple[float, Mean]]] = {}
        for channel in sample.channel_rows:
            if shares[channel.name] < _LEAST_SHARE:
                continue
            tried = min(channel.rows.tried, ROWS_LOOKED_AT)
            columns: dict[str, list[Array]] = {}
            for event, weights in self.replay.events(channel.name, tried, coupling):
                for name, values in _quantities(event, sample.portal.heavy, coupling).items():
                    columns.setdefault(name, []).append(np.stack([weights, values]))
            for name, parts in columns.items():
                weights, values = np.concatenate(parts, axis=1)
                if np.sum(weights) > 0.0:
                    sums.setdefault(name, []).append((shares[channel.name], _mean(weights, values)))
        return {name: _combined(parts) for name, parts in sums.items()}


_LENGTH, _DISTANCE = "decay length", "distance"


def _channels(sample: Sample, coupling: float) -> tuple[Part, ...]:
    return _parts({name: Yield(*map(float, part)) for name, part in sample.channels(coupling).items()})


def _parents(sample: Sample, coupling: float) -> tuple[Part, ...]:
    by_parent: dict[str, list[Channel]] = {}
    for channel in sample.channel_rows:
        by_parent.setdefault(channel.parent or "beam", []).append(channel)
    found = {name: estimate([c.weights(coupling) for c in group]) for name, group in by_parent.items()}
    return _parts({name: Yield(part.value, part.error) for name, part in found.items()})


def _parts(yields: Mapping[str, Yield]) -> tuple[Part, ...]:
    total = sum(float(part.value) for part in yields.values())
    parts = [
        Part(name, float(part.value), float(part.error), float(part.value) / total if total > 0.0 else 0.0)
        for name, part in yields.items()
    ]
    return tuple(sorted(parts, key=lambda part: -part.value))


def steps(sample: Sample, coupling: float) -> tuple[Step, ...]:
    """Return the cutflow; of what is produced and what of it gets inside errors are taken as independent."""
    found: list[Step] = []
    for cuts, (name, part) in enumerate(sample.cutflow(coupling).items(), start=-1):
        value, error = float(part.value), float(part.error)
        kept = kept_error = math.nan
        if found and found[-1].value > 0.0:
            before, kept = found[-1], value / found[-1].value
            if cuts > 0:
                kept_error = _ratio_error(sample, coupling, cuts, kept) / before.value
            elif value > 0.0:
                kept_error = kept * math.hypot(error / value, before.error / before.value)
        if kept_error < _ROUNDING * kept:
            kept_error = 0.0
        found.append(Step(name, value, error, kept, kept_error))
    return tuple(found)


def _ratio_error(sample: Sample, coupling: float, cuts: int, kept: float) -> float:
    """Return the error of what passes so many cuts less a share of what passes one less.

    What passes all cuts, and one more, is what is detected.
    """
    total = 0.0
    for channel in sample.channel_rows:
        before = channel.terms(channel.after(cuts - 1), coupling)
        if cuts > channel.n_cuts:
            left = channel.each(coupling)
        else:
            stages = channel.rows.stage
            left = before * (stages[stages >= cuts - 1] >= cuts)
        total += (
            float(np.sum(np.square(channel.per_primary(left - kept * before, cuts - 1))))
            / max(channel.rows.tried, 1) ** 2
        )
    return math.sqrt(total)


def _causes(sample: Sample, exclusion: Exclusion) -> list[Cause]:
    out = []
    for interval in exclusion.intervals:
        for side, edge, error in (("lower", *interval[::2]), ("upper", *interval[1::2])):
            if math.isfinite(edge):
                first = _channels(sample, edge)[0]
                value, slope = float(sample.expected_events(edge).value), float(sample.slope(edge).value)
                steepness = slope * edge / value if value > 0.0 else 0.0
                depth = _depth(sample, edge)
                out.append(Cause(side, edge, error, first.name, first.share, steepness, depth))
    return out


def _depth(sample: Sample, coupling: float) -> float:
    """Return decay lengths and conversions before the detector, the mean over the events."""
    total = above = 0.0
    for channel in sample.channel_rows:
        rows, values = channel.final_in_lifetimes, channel.each(coupling) / max(channel.rows.tried, 1)
        total += float(np.sum(values))
        above += float(np.sum(values * (rows.survive + rows.absorb))) * coupling**2
    return above / total if total > 0.0 else 0.0


def _quantities(event: Mapping[str, Array], heavy: DarkState, coupling: float) -> dict[str, Array]:
    out = {name: event[name][0] for name in SHOWN if name in event}
    seen = event.get("scatter", event.get("decay"))
    if heavy.decays and heavy.name in event:
        out[_LENGTH] = length(event[heavy.name][1:]) / heavy.mass * heavy.ctau / coupling**2
        if seen is not None and "production" in event:
            out[_DISTANCE] = length(seen[:3] - event["production"][:3])
    return out


def _mean(weights: Array, values: Array) -> Mean:
    """Return a weighted mean and its error, of a ratio of two sums."""
    total = float(np.sum(weights))
    mean = float(np.sum(weights * values)) / total
    return Mean(mean, math.sqrt(float(np.sum(np.square(weights * (values - mean))))) / total)


def _combined(parts: list[tuple[float, Mean]]) -> Mean:
    total = sum(share for share, _ in parts)
    value = sum(share * mean.value for share, mean in parts) / total
    return Mean(value, math.sqrt(sum((share * mean.error) ** 2 for share, mean in parts)) / total)


def _uncertainties(sample: Sample, coupling: float) -> tuple[Uncertainty, ...]:
    """Return the errors of draws and list and what alternatives change, over the yield."""
    found = sample.estimate(coupling)
    value = float(found.value)
    if value <= 0.0:
        return ()
    out = [Uncertainty("Monte Carlo", float(found.draw_error) / value)]
    if found.list_error:
        out.append(Uncertainty("size of the lists", float(found.list_error) / value))
    for name in sample.alternatives:
        other = float(sample.varied(name).expected_events(coupling).value)
        out.append(Uncertainty(f"alternative {name}", abs(other / value - 1.0)))
    return tuple(sorted(out, key=lambda one: -one.size))
