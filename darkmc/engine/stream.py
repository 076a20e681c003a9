"""One stream of dark states behind a target: emission, placement, route, signal; one row per primary.

Valid while the detector is thin; of a shield before it each state meets its part.  Rows: the table in
docs/weights.md.
"""

from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from darkmc.biasing.emission import Emitted
from darkmc.biasing.placement import Placed, Placement
from darkmc.biasing.trained import AdaptiveMap
from darkmc.core.constants import SPEED_OF_LIGHT_M_PER_NS
from darkmc.core.flight import proper_length
from darkmc.core.kinematics import Array, length, some
from darkmc.core.rng import chunk_rng
from darkmc.engine.chain import Chain
from darkmc.engine.routes import N_UNIFORM
from darkmc.engine.site import Site
from darkmc.engine.weight_bounds import row_bound, sampled_bound
from darkmc.portals.portal import Portal
from darkmc.sample.point import unstable
from darkmc.sample.rows import Channel, Rows
from darkmc.sample.stream import ChannelPlan, Events, Momenta
from darkmc.selection.cuts import stages
from darkmc.signals.signal import Outcome, Ray

_ON_THE_WAY = 5  # numbers of an emission with a decay on the way, kept free where there is none
_PULL = 15.0  # how steeply training is led to the energy that a signal needs


class Stream:
    """A chain at a site, with its placement.

    Parameters
    ----------
    site : Site
        Source, volume and selection.
    portal : Portal
        The masses.
    chain : Chain
        Emission, route and signal.
    placement : Placement
        How parents are placed in the lab.
    """

    def __init__(self, site: Site, portal: Portal, chain: Chain, placement: Placement) -> None:
        self.site, self.portal, self.chain, self.placement = site, portal, chain, placement
        self.emission, self.route, self.signal = chain.emission, chain.route, chain.signal
        self.number = chain.number
        self.map: AdaptiveMap | None = None
        # Uniform numbers: vertex | emission | way | place | signal | late emission | placement.
        emission, per_length = self.emission, self.signal.per_length
        early = emission.n_uniform - emission.n_late
        end = 1 + (max(early, _ON_THE_WAY) if per_length else early)
        self._way, self._place = slice(end, end + N_UNIFORM), end + N_UNIFORM if per_length else 0
        start = end + N_UNIFORM + 1 if per_length else end
        self._acting = slice(start, start + self.signal.n_uniform)
        self._placing = self._acting.stop + emission.n_late
        late = range(self._acting.stop, self._placing)
        self._emission = [*range(1, 1 + early), *late] if late else slice(1, 1 + early)

    @property
    def n_uniform(self) -> int:
        """How many uniform numbers a row takes."""
        return self._placing + self.placement.n_uniform

    @property
    def mappable(self) -> list[int]:
        """Rows of the uniform numbers that decide energies and ways: of decays, place, recoil and parent."""
        emitting = [1 + k for k in self.emission.mappable]
        placing = [self._placing + k for k in self.placement.mappable]
        return [*emitting, self._place, self._acting.start, *placing]

    @property
    def _end(self) -> float:
        """Up to where a state may decay on the way, m: the volume, or its end for what may begin inside."""
        return self.site.span[int(self.signal.from_inside)] if self.route.upstream else 0.0

    def plan(self) -> ChannelPlan:
        """Return the channel as the simulation sees it."""
        chain, route, signal = self.chain, self.route, self.signal
        return ChannelPlan(
            name=chain.name,
            number=chain.number,
            cost=signal.cost,
            power=self.emission.power + signal.power,
            rows_per_primary=signal.rows_per_primary,
            unstable=unstable(self.portal),
            branching=self.site.branching_factor,
            lifetimes=1 if route.kind == "far" else 0,
            states=chain.states + signal.states,
            efficiency=chain.efficiency,
            n_cuts=len(self.site.cuts),
            particles=(*self.emission.particles, *signal.particles),
            vertices=("production", *(("upstream",) if route.upstream else ()), *signal.vertices),
            run=self.run,
            run_events=self.run_events,
            bound=self.bound,
            counts_primaries=chain.counts_primaries,
            list_shares=self.placement.list_shares,
            absorbing=self.site.absorbing,
        )

    def bound(self, coupling: float) -> float:
        """Return an upper bound of any row's contribution at one coupling."""
        bound = row_bound(self.chain, self.site, self.portal, self.placement, coupling)
        if bound is None:
            return sampled_bound(self, coupling)
        if self.placement.rough_bound:
            return min(bound, sampled_bound(self, coupling) or bound)
        return bound

    def run(self, seed: int, chunk: int, n_rows: int) -> Rows:
        """Return one chunk of rows."""
        return self._make(seed, chunk, n_rows, with_events=False)[0]

    def run_events(self, seed: int, chunk: int, n_rows: int) -> tuple[Rows, Events]:
        """Return one chunk of rows with all momenta in the lab."""
        return cast(tuple[Rows, Events], self._make(seed, chunk, n_rows, with_events=True))

    def _make(self, seed: int, chunk: int, n_rows: int, with_events: bool) -> tuple[Rows, Events | None]:
        uniform = chunk_rng(seed, self.number, chunk).random((self.n_uniform, n_rows))
        traced = self._trace(uniform, with_events)
        return self._rows(traced, n_rows), self._events(traced) if with_events else None

    def rehearse(self, uniform: Array) -> tuple[Channel, Array]:
        """Return rows, and what leads to the energies that a signal needs; see :mod:`trained`."""
        traced = self._trace(uniform)
        guide = np.zeros(uniform.shape[1])
        lacking = np.minimum(traced.ray.energy / self.signal.least_energy - 1.0, 0.0)
        guide[traced.seen] = traced.produced * np.exp(_PULL * lacking)
        return self.plan().channel(self._rows(traced, uniform.shape[1])), guide

    def _trace(self, uniform: Array, with_events: bool = False) -> "_Traced":
        """Follow primaries from uniform numbers (n_uniform, n), which a map may change in place."""
        site, route = self.site, self.route
        jacobian = np.ones(uniform.shape[1]) if self.map is None else self.map(uniform)
        placing = uniform[self._placing :]
        parents = self.placement.parents(placing)
        emitted = self.emission.sample(uniform[self._emission], parents)
        path, per_path = route.path(uniform[self._way], self._end)
        carrier = emitted.production.momentum(route.carrier.name)
        arriving = emitted.last.momentum(route.arriving.name) if route.upstream else carrier
        pointing = route.pointing(carrier, path, site.reach)
        placed = self.placement.place(parents, arriving, placing, pointing)
        carried = placed.moved(carrier) if route.upstream else None
        ray = self._ray(placed, carried, path, self._spin(emitted, placed))
        produced = site.exposure * placed.weight * emitted.weight * jacobian
        if placed.axis is not None:
            about = self.emission.about_axis(emitted, placed.axis)
            produced = produced if about is None else produced * about
        chain = self._chain(emitted, placed) if with_events or site.everything else {}
        place, acting = uniform[self._place], uniform[self._acting]
        seen = self._meeting(ray, placed)
        if len(seen) < len(produced):
            ray, acting, place, produced = ray.at(seen), some(acting, seen), place[seen], produced[seen]
            carried = None if carried is None else some(carried, seen)
            path, per_path = path[seen], per_path[seen]
            chain = {name: some(four, seen) for name, four in chain.items()}
        outcome = self.signal.act(ray, chain, place, acting, bool(chain))
        absorb = self._absorb(ray, carried, path)
        traced = _Traced(
            placed, seen, ray, outcome, produced, carried, path, per_path, absorb, chain, produced
        )
        return traced if outcome.of is None else traced.at(outcome.of)

    def _meeting(self, ray: Ray, placed: Placed) -> NDArray[np.intp]:
        """Return which rays meet the volume, from outside unless the signal may begin inside."""
        meets = (ray.chord > 0.0) & (placed.weight > 0.0)
        return np.flatnonzero(meets if self.signal.from_inside else meets & (ray.entry > 0.0))

    def _ray(self, placed: Placed, carried: Array | None, path: Array, spin: Array | None) -> Ray:
        """Return the state that arrives as a ray in the lab, with its path to and through the volume."""
        momentum, direction = placed.size, placed.direction
        start = self.site.production(placed)
        if self.route.kind == "far" and carried is not None:
            size = length(carried[1:])
            start[:3] += path * placed.turned(carried[1:] / size)
            start[3] += path * carried[0] / size / SPEED_OF_LIGHT_M_PER_NS
        entry, leaving = self.site.volume.intersect_components(start[:3], direction)
        chord = leaving - entry
        if self.route.kind == "far" and self.site.photons_seen is not None:
            chord[self.site.photons_seen.contains(start[:3].T)] = 0.0
        state = self.route.arriving
        lives = proper_length(1.0, momentum, state.mass) if state.decays else np.zeros_like(momentum)
        four = np.concatenate([placed.arriving[:1], momentum * direction])
        return Ray(start, four, direction, entry, np.nan_to_num(chord), lives, spin)

    def _absorb(self, ray: Ray, carried: Array | None, path: Array) -> Array:
        """Return n sigma L at G = 1 on the way, of a state that decays after a path and its daughter."""
        way = self.site.way
        if way is None or not (self.site.absorbing or self.signal.per_length):
            return np.empty(0)
        absorb = way.exponent(self.route.arriving.name, ray.energy)
        if self.route.kind != "far" or carried is None:
            return absorb
        share = path / (path + ray.entry)
        out: Array = share * way.exponent(self.route.carrier.name, carried[0]) + (1.0 - share) * absorb
        return out

    def _rows(self, traced: "_Traced", n_rows: int) -> Rows:
        """Return the rows of primaries that met the volume."""
        outcome, site, weight = traced.outcome, self.site, traced.produced * traced.outcome.weight
        if self.signal.per_length:
            weight = weight * traced.ray.chord
        lives = np.zeros_like(weight)
        if traced.carried is not None:
            lives = proper_length(1.0, length(traced.carried[1:]), self.route.carrier.mass)
        if self.route.kind == "far":
            weight = weight * lives * traced.per_path
        survive, window, second = self.route.lengths(outcome, lives, traced.path)
        known = {**outcome.visible, **traced.chain} if site.everything else outcome.visible
        primaries = self.signal.per_length and not self.route.upstream
        return Rows(
            weight,
            survive,
            window,
            stages(site.cuts, known) if site.cuts else np.zeros(len(weight), dtype=np.int32),
            traced.seen,
            n_rows,
            site.efficiencies(outcome.visible),
            self._factors(traced.placed)[:, traced.seen],
            arriving=traced.arriving if primaries else np.empty(0),
            group=traced.placed.group_of(traced.seen),
            absorb=traced.absorb,
            second=second,
            veto=outcome.veto,
            average=outcome.average,
        )

    def _factors(self, placed: Placed) -> Array:
        """Return by what the alternatives of the source multiply the weights, shape (m, n)."""
        return self.placement.factors(placed) if self.site.vary else np.empty((0, len(placed.weight)))

    def _spin(self, emitted: Emitted, placed: Placed) -> Array | None:
        """Return the linear polarisation (4, n) in the lab of the state that arrives, if it has one."""
        spin = self.emission.spin(emitted, self.route.arriving.name)
        return None if spin is None else placed.to_lab(spin)

    def _events(self, traced: "_Traced") -> Events:
        """Return the lab events."""
        production = some(self.site.production(traced.placed), traced.seen)
        vertices = {"production": production, **traced.outcome.vertices}
        if self.route.upstream:
            vertices["upstream"] = traced.ray.start
        momenta = {**traced.chain, **traced.outcome.visible, **traced.outcome.momenta}
        return Events(momenta, vertices, traced.outcome.flight)

    def _chain(self, emitted: Emitted, placed: Placed) -> Momenta:
        """Return the lab momenta of everything before the signal."""
        known = {self.emission.parent: placed.turned(placed.parent)}
        return known | {name: placed.to_lab(four) for name, four in self.emission.momenta(emitted).items()}


class _Traced(NamedTuple):
    """Primaries that met the volume, `seen` of those tried; `placed` holds all of them.

    `produced` is what a primary stands for, `carried` the state that decays on the way (in axes of the
    decay), `path` where it does and `per_path` 1/g of that draw; `absorb` is n sigma L at G = 1 on the way,
    empty without a shield; `chain` holds the lab momenta before the signal where they are asked for;
    `arriving` is `produced` of all that met the volume, whatever rows they have.
    """

    placed: Placed
    seen: NDArray[np.intp]
    ray: Ray
    outcome: Outcome
    produced: Array
    carried: Array | None
    path: Array
    per_path: Array
    absorb: Array
    chain: Momenta
    arriving: Array

    def at(self, index: NDArray[np.intp]) -> "_Traced":
        """Return the same with several rows, or none, of some of the primaries; their outcome stays."""
        return self._replace(
            seen=self.seen[index],
            ray=self.ray.at(index),
            produced=self.produced[index],
            carried=None if self.carried is None else some(self.carried, index),
            path=self.path[index],
            per_path=self.per_path[index],
            absorb=self.absorb[index] if len(self.absorb) else self.absorb,
            chain={name: some(four, index) for name, four in self.chain.items()},
        )
