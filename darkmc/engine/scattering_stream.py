"""Streams of dark states that interact in the detector, rather than decay there: one row per primary.

Four of a meson's dark states may: the lighter of a and gamma' ("light"); the heavier, while it lives
("heavy"); and the lighter one of a decay upstream, with the decay beyond SPLIT_M ("far") or before it, where
its place does not matter ("near").  What happens in the detector is an :class:`Interaction`.  Valid while
the detector is thin; of a shield before it each state meets its part.  Rows: the table in docs/weights.md.
"""

from functools import partial
from typing import Literal, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from darkmc.biasing.lists import ListPrimaries
from darkmc.biasing.trained import AdaptiveMap
from darkmc.biasing.turned import Aim, AnaloguePrimaries, Placed, Pointing, TurnedPrimaries, momentum_grid
from darkmc.core.constants import SPEED_OF_LIGHT_M_PER_NS
from darkmc.core.flight import proper_length
from darkmc.core.kinematics import Array, boost, length
from darkmc.core.mixtures import half_logarithmic_weight
from darkmc.core.rng import CHUNKS, channel_number, chunk_rng
from darkmc.core.vocabulary import PARTICLES
from darkmc.engine.decay_stream import FIXED, FORWARD_SHARE, Stream
from darkmc.engine.weight_bounds import sampled_bound
from darkmc.experiments.fixed_target import FixedTarget
from darkmc.portals.dark_axion.dark_pair import DarkPair
from darkmc.portals.dark_axion.dark_photon_decay import PhotonDecay
from darkmc.portals.dark_axion.facade import DarkAxionPortal
from darkmc.sample.columns import NOTHING
from darkmc.sample.point import unstable
from darkmc.sample.rows import Channel, Rows
from darkmc.sample.stream import ChannelPlan, Events, Momenta
from darkmc.selection.cuts import stages
from darkmc.signals.signal import Interaction, Outcome, Ray

Kind = Literal["light", "heavy", "near", "far"]
SPLIT_M = 1.0  # a state that decays before this decays in the target, seen from the detector
KINDS: tuple[Kind, ...] = ("light", "heavy", "near", "far")
_DEPTHS = (2.0, 10.0)  # of proposals for upper edges, in units of the largest energy; see `Aim`
_PULL = 15.0  # how steeply training is led to the energy that a signal needs
CONVERTING: tuple[Kind, ...] = ("light", "near", "far")  # the heavier state makes no photon
STABLE_KINDS: tuple[Kind, ...] = ("light", "heavy")  # of states that do not decay


class SecondaryStream:
    """Interactions of one meson species' dark states.

    Parameters
    ----------
    experiment : FixedTarget
        Geometry and cuts.
    portal : DarkAxionPortal
        The masses.
    meson : str
        The species.
    kind : {"light", "heavy", "near", "far"}
        Which dark state interacts.
    interaction : Interaction
        What it does.
    at : sequence of float, optional
        Couplings at which precision is wanted; they shape the proposals.
    vary : bool
        Carry the weights of the flux card's alternatives along.
    first : bool
        No other stream has the same dark states.
    """

    def __init__(
        self,
        experiment: FixedTarget,
        portal: DarkAxionPortal,
        meson: str,
        kind: Kind,
        interaction: Interaction,
        at: tuple[float, ...] = (),
        vary: bool = False,
        first: bool = True,
    ) -> None:
        self.experiment, self.kind, self.portal, self.interaction = experiment, kind, portal, interaction
        self.base = Stream(experiment, portal, meson, "a gamma", vary)
        self.card, self.first = experiment.card, first
        self.upstream = kind in ("near", "far")
        self.decay = PhotonDecay(portal.current) if portal.heavy.decays else None
        self.incoming = portal.heavy if kind == "heavy" else portal.light
        self._takes_dark_photon = self.incoming.name == "dark_photon"
        route = "direct" if kind == "light" else kind
        self.number = channel_number(meson, interaction.signal, route)
        self.reach = float(np.linalg.norm(np.array(self.card.geometry.centre_m) - experiment.origin))
        self.primaries = self._primaries(at)
        self.map: AdaptiveMap | None = None

    def _primaries(self, at: tuple[float, ...]) -> AnaloguePrimaries | ListPrimaries | TurnedPrimaries:
        base, source = self.base, self.experiment.source
        if source.lists is not None:
            # The daughter of a decay upstream starts elsewhere: it may point past the detector from here.
            return ListPrimaries(
                source.lists[base.meson],
                base.mass,
                self.experiment.origin,
                self.experiment.shape,
                aimed=self.card.simulation.biasing == "turned",
                margin=0.5 if self.kind == "far" else 0.0,
            )
        if self.card.simulation.biasing == "none":
            return AnaloguePrimaries(source, base.meson, base.mass)
        momenta = momentum_grid(source.largest_momentum)
        proposal = self.experiment.proposal
        if self.kind == "far":
            margin = self._sideways() * (base.path_range[1] + self.reach - base.near)
            wider = self.experiment.shape.grown(margin)
            if wider.contains(self.card.beam.origin_m).any():  # near and wide: any direction may do
                return AnaloguePrimaries(source, base.meson, base.mass)
            proposal = wider.direction_proposal(self.card.beam.origin_m)
        return TurnedPrimaries(source, base.meson, base.mass, proposal, momenta, self._aims(momenta, at))

    def _aims(self, momenta: Array, at: tuple[float, ...]) -> list[Aim]:
        """Return the mixture of proposals: the forward density, and what is likely to be seen."""
        uniform = chunk_rng(0, self.number, CHUNKS["proposal"][0]).random((FIXED + 2, 96))
        state = self._incoming(*self._pair(uniform))
        along = length(state[1:]) * (2.0 * uniform[0] - 1.0)
        energies = np.hypot(momenta, self.base.mass)
        lab = (state[0][:, None] * energies + along[:, None] * momenta) / self.base.mass
        rate = self.interaction.rate(lab)
        depths = [0.0]
        if self.kind == "heavy":
            depths += [self.base.absorption * g**2 for g in at]
        elif self.interaction.veto_depth > 0.0:
            top = self.experiment.source.largest_momentum
            depths += [self.interaction.veto_depth * g**2 for g in at] or [share * top for share in _DEPTHS]
        aims = [Aim(FORWARD_SHARE, 0.0, np.ones_like(momenta))]
        for depth in depths:
            exponent = depth / lab
            factor = np.mean(rate * np.exp(np.min(exponent) - exponent), axis=0)
            top = float(np.max(factor))
            aims.append(Aim((1.0 - FORWARD_SHARE) / len(depths), depth, factor + 1e-3 * top + 1e-300))
        return aims

    def _sideways(self) -> float:
        """Return the tangent of the largest angle between a state and the daughter that can be seen."""
        assert self.decay is not None
        least = max(self.interaction.least_energy, 2.0 * self.decay.momentum)
        sine = min(self.decay.momentum / least, 0.9)
        return float(sine / np.sqrt(1.0 - sine**2))

    def _pair(self, uniform: Array) -> tuple[DarkPair, tuple[Array, Array] | None]:
        """Return the meson's decay and, for decays upstream, photon and dark daughter."""
        pair = self.base.production.sample(uniform[1:FIXED])
        if not self.upstream or self.decay is None:
            return pair, None
        return pair, self.decay.as_it_comes(pair, uniform[FIXED : FIXED + 2])

    def _incoming(self, pair: DarkPair, daughters: tuple[Array, Array] | None) -> Array:
        """Return the state that interacts, in the meson's rest frame."""
        return pair.momentum(self.incoming.name) if daughters is None else daughters[1]

    def plan(self) -> ChannelPlan:
        """Return the channel as the simulation sees it."""
        interaction, base = self.interaction, self.base
        radiated = base.particles()[:2] if "meson_photon" in base.particles() else ("meson",)
        upstream = ("upstream_photon", f"upstream_{self.incoming.name}") if self.upstream else ()
        origin = {"near": " after prompt decay", "far": " after decay upstream"}.get(self.kind, "")
        return ChannelPlan(
            name=f"{base.meson}: {PARTICLES[self.incoming.name].word} {interaction.name}{origin}",
            number=self.number,
            cost=interaction.cost,
            power=2.0 + interaction.power,
            unstable=unstable(self.portal),
            branching=self.card.signal.branching_factor,
            lifetimes=1 if self.kind == "far" else 0,
            states=((base.state,) if self.upstream else ()) + interaction.states,
            efficiency=base.efficiency,
            n_cuts=len(self.card.cuts),
            particles=(*radiated, "axion", "dark_photon", *upstream, *interaction.particles),
            vertices=("production", *(("upstream",) if self.upstream else ()), *interaction.vertices),
            run=self.run,
            run_events=self.run_events,
            bound=partial(sampled_bound, self),
            counts_primaries=self.first and not self.upstream,
            list_shares=base.list_shares,
            absorbing=self.card.simulation.absorption,
        )

    def run(self, seed: int, chunk: int, n_rows: int) -> Rows:
        """Return one chunk of rows."""
        return self._make(seed, chunk, n_rows, everything=False)[0]

    def run_events(self, seed: int, chunk: int, n_rows: int) -> tuple[Rows, Events]:
        """Return one chunk of rows with all momenta in the lab."""
        return cast(tuple[Rows, Events], self._make(seed, chunk, n_rows, everything=True))

    @property
    def _first(self) -> int:
        """Row of the uniforms from which the primaries draw: after decays, path, place and interaction.

        And after the spin of a gamma' that a decay upstream makes.
        """
        return FIXED + 5 + self.interaction.n_uniform + int(self.upstream and self._takes_dark_photon)

    @property
    def n_uniform(self) -> int:
        """How many uniform numbers a row takes."""
        return self._first + self.primaries.n_uniform

    @property
    def mappable(self) -> list[int]:
        """Rows of the uniform numbers that decide energies and ways: of decays, place, recoil and meson."""
        upstream = [FIXED] if self.upstream else []
        return [1, 2, *upstream, FIXED + 4, FIXED + 5, *(self._first + k for k in range(3))]

    def rehearse(self, uniform: Array) -> tuple[Channel, Array]:
        """Return rows, and what leads to the energies that a signal needs; see :mod:`trained`."""
        traced = self._trace(uniform)
        guide = np.zeros(uniform.shape[1])
        lacking = np.minimum(traced.ray.energy / self.interaction.least_energy - 1.0, 0.0)
        guide[traced.seen] = traced.produced * np.exp(_PULL * lacking)
        return self.plan().channel(self._rows(traced, uniform.shape[1])), guide

    def _make(self, seed: int, chunk: int, n_rows: int, everything: bool) -> tuple[Rows, Events | None]:
        uniform = chunk_rng(seed, self.number, chunk).random((self.n_uniform, n_rows))
        traced = self._trace(uniform, everything)
        rows = self._rows(traced, n_rows)
        return rows, self._events(traced) if everything else None

    def _trace(self, uniform: Array, everything: bool = False) -> "_Traced":
        """Follow primaries from uniform numbers (n_uniform, n), which a map may change in place."""
        start = FIXED + 2
        jacobian = 1.0 if self.map is None else self.map(uniform)
        pair, daughters = self._pair(uniform)
        path, per_path = self._path(uniform[start : start + 2])
        heavy = pair.momentum(self.portal.heavy.name)
        incoming = self._incoming(pair, daughters)
        placed = self.primaries.place(incoming, uniform[self._first :], self._pointing(heavy, path))
        ray = self._ray(placed, heavy, path)
        seen = np.flatnonzero((ray.chord > 0.0) & (placed.weight > 0.0))
        ray = Ray(*(part[..., seen] for part in ray if part is not None))
        ray = ray._replace(spin=self._spin(pair, placed, seen, uniform))
        place = ray.entry + ray.chord * uniform[start + 2, seen]
        used = slice(start + 3, start + 3 + self.interaction.n_uniform)
        outcome = self.interaction.act(ray, place, uniform[used][:, seen], everything)
        produced = (self.card.beam.exposure * placed.weight * pair.weight * jacobian)[seen]
        energy, per_metre = self._before(heavy, placed, seen)
        absorb = self._absorb(ray, energy, path[seen])
        weight = produced * outcome.weight * ray.chord
        if self.kind == "far":
            weight = weight * per_metre * per_path[seen]
        path = place if self.kind == "heavy" else path[seen]
        return _Traced(
            pair, daughters, placed, seen, ray, place, outcome, weight, produced, per_metre, path, absorb
        )

    def _before(self, heavy: Array, placed: Placed, seen: NDArray[np.intp]) -> tuple[Array, Array]:
        """Return energy (GeV), and proper lengths per metre, of the meson's unstable state."""
        if self.kind == "light":
            return np.zeros(len(seen)), np.zeros(len(seen))
        lab = boost(heavy[:, seen], placed.parent[:, seen], self.base.mass)
        lengths: Array = proper_length(1.0, length(lab[1:]), self.portal.heavy.mass)
        return lab[0], lengths

    def _absorb(self, ray: Ray, before: Array, path: Array) -> Array:
        """Return n sigma L at G = 1 on the way, of a state that decays after a path and its daughter."""
        way = self.base.way
        if way is None:
            return np.empty(0)
        absorb = way.exponent(self.incoming.name, ray.energy)
        if self.kind != "far":
            return absorb
        share = path / (path + ray.entry)
        parent = way.exponent(self.portal.heavy.name, before)
        out: Array = share * parent + (1.0 - share) * absorb
        return out

    def _rows(self, traced: "_Traced", n_rows: int) -> Rows:
        """Return the rows: survival up to a path length, or decay before SPLIT_M; then the outcome."""
        outcome, index, lived = traced.outcome, traced.seen, traced.per_metre * traced.path
        windows = [traced.per_metre * SPLIT_M] if self.kind == "near" else []
        windows += [outcome.window] if self.interaction.states else []
        windows = [*windows, NOTHING, NOTHING][:2] if windows else [np.full(len(index), np.inf), NOTHING]
        return Rows(
            traced.weight,
            lived if self.kind in ("heavy", "far") else np.zeros_like(lived),
            windows[0],
            stages(self.experiment.cuts, outcome.visible),
            index,
            n_rows,
            self.experiment.efficiency(outcome.visible, np.ones(len(index), dtype=bool)),
            self.base.factors(traced.placed, index),
            arriving=np.empty(0) if self.upstream else traced.produced,
            group=traced.placed.group_of(index),
            absorb=traced.absorb,
            second=windows[1],
            veto=outcome.veto,
            average=outcome.average,
        )

    def _path(self, uniform: Array) -> tuple[Array, Array]:
        """Return where the state decays (m) and 1/g of that draw: half flat, half flat in the logarithm."""
        if self.kind != "far":
            return np.zeros(uniform.shape[1]), np.ones(uniform.shape[1])
        low, high = SPLIT_M, max(self.base.near, SPLIT_M * (1.0 + 1e-9))
        flat = uniform[0] < 0.5
        path = np.where(flat, low + (high - low) * uniform[1], low * (high / low) ** uniform[1])
        return path, half_logarithmic_weight(path, low, high)

    def _pointing(self, heavy: Array, path: Array) -> Pointing | None:
        """Return what is turned into the solid angle: where the daughter crosses that distance."""
        if self.kind != "far":
            return None

        def crossing(parent: Array, light: Array) -> Array:
            flight = boost(heavy, parent, self.base.mass)[1:]
            flight = flight / length(flight)
            direction = light[1:] / length(light[1:])
            cosine = np.einsum("ij,ij->j", flight, direction)
            onward = np.sqrt(self.reach**2 - path**2 * np.maximum(1.0 - cosine**2, 0.0)) - path * cosine
            point: Array = path * flight + onward * direction
            out: Array = point / length(point)
            return out

        return crossing

    def _ray(self, placed: Placed, heavy: Array, path: Array) -> Ray:
        """Return the state that interacts as a ray in the lab, with its path to and through the volume."""
        energy = placed.unstable[0]
        direction = placed.rotation(placed.unstable[1:] / length(placed.unstable[1:]))
        start = self._production(placed)
        if self.kind == "far":
            moved = boost(heavy, placed.parent, self.base.mass)
            momentum = length(moved[1:])
            start[:3] += path * placed.rotation(moved[1:] / momentum)
            start[3] += path * moved[0] / momentum / SPEED_OF_LIGHT_M_PER_NS
        entry, leaving = self.experiment.shape.intersect_components(start[:3], direction)
        chord = np.where(entry > 0.0, np.nan_to_num(leaving - entry), 0.0)
        if self.kind == "far" and self.experiment.veto_volume is not None:
            chord[self.experiment.veto_volume.contains(start[:3].T)] = 0.0  # its photon is seen
        return Ray(start, direction, energy, np.nan_to_num(entry), chord)

    def _spin(self, pair: DarkPair, placed: Placed, seen: NDArray[np.intp], uniform: Array) -> Array | None:
        """Return the linear polarisation (4, n) in the lab of a gamma' that interacts, if it has one."""
        if not (self._takes_dark_photon and self.card.simulation.spin_correlations):
            return None
        if self.upstream:
            assert self.decay is not None
            spin = self.decay.daughter_spin(pair, uniform[[FIXED, FIXED + 1, self._first - 1]])
        else:
            spin = pair.dark_photon_spin
        return placed.rotation(boost(spin, placed.parent, self.base.mass))[:, seen]

    def _production(self, placed: Placed) -> Array:
        """Return where (m) and when (ns) the mesons decay, (4, n)."""
        out = np.zeros((4, len(placed.weight)))
        out[:3] = self.experiment.origin[:, None] if placed.origin is None else placed.origin
        out[3] = 0.0 if placed.time is None else placed.time
        return out

    def _events(self, traced: "_Traced") -> Events:
        """Return the lab events."""
        ray, outcome = traced.ray, traced.outcome
        chain = self._chain(traced.pair, traced.daughters, traced.placed, traced.seen)
        scatter = ray.point(traced.place, self.incoming.mass)
        vertices = {"production": self._production(traced.placed)[:, traced.seen], "scatter": scatter}
        if self.upstream:
            vertices["upstream"] = ray.start
        return Events({**chain, **outcome.momenta}, vertices, outcome.flight)

    def _chain(
        self, pair: DarkPair, daughters: tuple[Array, Array] | None, placed: Placed, seen: NDArray[np.intp]
    ) -> Momenta:
        """Return the lab momenta of everything before the interaction."""
        frame = {"axion": pair.axion, "dark_photon": pair.dark_photon}
        if pair.photon is not None:
            frame["meson_photon"] = pair.photon
        if daughters is not None:
            frame |= {"upstream_photon": daughters[0], f"upstream_{self.incoming.name}": daughters[1]}
        known = {"meson": placed.parent}
        known |= {name: boost(four, placed.parent, self.base.mass) for name, four in frame.items()}
        return {name: placed.rotation(four)[:, seen] for name, four in known.items()}


class _Traced(NamedTuple):
    """Primaries that met the detector, `seen` of those tried; pair, daughters and placed hold all of them.

    `weight` holds all but the outcome's survival, `produced` the primary alone; `path` is the path length up
    to which, or at which, the meson's unstable state must live, `per_metre` its proper length per metre.
    `absorb` is n sigma L at G = 1 on the way, empty without a shield.
    """

    pair: DarkPair
    daughters: tuple[Array, Array] | None
    placed: Placed
    seen: NDArray[np.intp]
    ray: Ray
    place: Array
    outcome: Outcome
    weight: Array
    produced: Array
    per_metre: Array
    path: Array
    absorb: Array
