"""One stream of dark states: emission, placement, route, signal; one row per primary, or some.

Valid while the detector is thin; of a shield before it each state meets its part.  Rows: the table in
docs/weights.md.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import cast

import numpy as np
from numpy.typing import NDArray

from darkmc.biasing.emission import Emission, Emitted
from darkmc.biasing.placement import LabParents, Placed, Placement
from darkmc.biasing.trained import AdaptiveMap, after_lessons
from darkmc.core.flight import proper_length
from darkmc.core.kinematics import Array, length, some
from darkmc.core.mixtures import Index
from darkmc.core.rng import StreamNumber, chunk_rng, uniform_numbers
from darkmc.engine.chain import Blocks, Chain
from darkmc.engine.routes import Route
from darkmc.engine.site import Site
from darkmc.engine.traced import Traced, Way
from darkmc.portals.portal import Portal
from darkmc.sample.columns import NOTHING
from darkmc.sample.point import unstable
from darkmc.sample.rows import NO_BINS, NO_FACTORS, Channel, Rows
from darkmc.sample.stream import ChannelPlan, Events, Momenta
from darkmc.selection.cuts import stages
from darkmc.signals.signal import Ray, Signal

_PULL = 15.0  # how steeply training is led to the energy that a signal needs


@dataclass(frozen=True, eq=False)
class Stream:
    """A chain at a site, with its placement.

    Attributes
    ----------
    site : Site
        Source, volume and selection.
    portal : Portal
        The masses.
    chain : Chain
        Emission, route and signal.
    placement : Placement
        How parents are placed in the lab.
    map : AdaptiveMap or None
        Of its uniform numbers, if it was trained.
    """

    site: Site
    portal: Portal
    chain: Chain
    placement: Placement
    map: AdaptiveMap | None = None

    @property
    def number(self) -> StreamNumber:
        """Number of the channel."""
        return self.chain.number

    @property
    def emission(self) -> Emission:
        """Where dark states come from."""
        return self.chain.emission

    @property
    def route(self) -> Route:
        """Which of them gets to the detector, and how."""
        return self.chain.route

    @property
    def signal(self) -> Signal:
        """What it does there."""
        return self.chain.signal

    @cached_property
    def _blocks(self) -> Blocks:
        return Blocks.of(self.chain)

    def mapped(self, by: AdaptiveMap) -> "Stream":
        """Return the stream with a map of its uniform numbers."""
        return replace(self, map=by)

    @property
    def n_uniform(self) -> int:
        """How many uniform numbers a row takes."""
        return self._blocks.placing + self.placement.n_uniform

    @property
    def mappable(self) -> list[int]:
        """Rows of the uniform numbers that decide energies and ways: decay, path, place, recoil, parent."""
        blocks = self._blocks
        far = range(blocks.way.start, blocks.way.stop) if self.route.kind == "far" else ()
        emitting = [blocks.first + k for k in self.emission.mappable]
        placing = [blocks.placing + k for k in self.placement.mappable]
        return list(dict.fromkeys([*emitting, *far, blocks.place, blocks.acting.start, *placing]))

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
            vertices=("production", *route.vertices, *signal.vertices),
            run=self.run,
            run_events=self.run_events,
            counts_primaries=chain.counts_primaries,
            list_shares=self.placement.list_shares,
            own_bins=None if self.site.bins is None else self.site.bins.own,
            absorbing=self.site.absorbing,
            parent=chain.parent,
            taught=self.taught,
        )

    def taught(self, coupling: float) -> ChannelPlan:
        """Return the channel as it is when rows at one coupling have taught it."""
        return after_lessons(self, coupling).plan()

    def run(self, seed: int, chunk: int, n_rows: int, first: int = 0) -> Rows:
        """Return the rows of one chunk, or of some of its primaries."""
        return self._make(seed, chunk, n_rows, with_events=False, first=first)[0]

    def run_events(
        self, seed: int, chunk: int, n_rows: int, primaries: Index | None = None
    ) -> tuple[Rows, Events]:
        """Return one chunk of rows with all momenta in the lab, or those of some of its primaries."""
        return cast(tuple[Rows, Events], self._make(seed, chunk, n_rows, True, primaries))

    def _make(
        self,
        seed: int,
        chunk: int,
        n_rows: int,
        with_events: bool,
        primaries: Index | None = None,
        first: int = 0,
    ) -> tuple[Rows, Events | None]:
        uniform = uniform_numbers(chunk_rng(seed, self.number, chunk), self.n_uniform, n_rows, first)
        if primaries is not None:
            uniform, n_rows = np.take(uniform, primaries, axis=1), len(primaries)
        traced = self._trace(uniform, with_events, with_rays=with_events)
        return self._rows(traced, n_rows), self._events(traced) if with_events else None

    def rehearse(self, uniform: Array) -> tuple[Channel, Array]:
        """Return rows, and what leads to the energies that a signal needs; see :mod:`trained`."""
        traced = self._trace(uniform, with_rays=True)
        guide = np.zeros(uniform.shape[1])
        lacking = np.minimum(traced.ray.energy / self.signal.least_energy - 1.0, 0.0)
        guide[traced.seen] = traced.produced * np.exp(_PULL * lacking)
        return self.plan().channel(self._rows(traced, uniform.shape[1])), guide

    def _trace(self, uniform: Array, with_events: bool = False, with_rays: bool = False) -> Traced:
        """Follow primaries from uniform numbers (n_uniform, n), which a map may change in place."""
        site, blocks = self.site, self._blocks
        jacobian = 1.0 if self.map is None else self.map(uniform)
        parents = self.placement.parents(uniform[blocks.placing :])
        emitted = self.emission.sample(uniform[blocks.emission], parents)
        placed, way = self._placed(parents, emitted, uniform, with_events)
        ray = self._ray(placed, way, self._spin(emitted, placed))
        produced = site.exposure * placed.weight * emitted.weight * jacobian
        if placed.axis is not None:
            about = self.emission.about_axis(emitted, placed.axis)
            produced = produced if about is None else produced * about
        chain = self._chain(emitted, placed) if with_events or site.everything else {}
        place, acting = uniform[blocks.place], uniform[blocks.acting]
        seen = self._meeting(ray, placed)
        if len(seen) < len(produced):
            ray, acting, place, produced = ray.at(seen), some(acting, seen), place[seen], produced[seen]
            way, chain = way.at(seen), {name: some(four, seen) for name, four in chain.items()}
        outcome = self.signal.act(ray, chain, place, acting, bool(chain))
        absorb = self._absorb(ray, way)
        chord = ray.chord if self.signal.per_length else NOTHING
        traced = Traced(placed, seen, ray, chord, way, outcome, produced, absorb, chain, place, produced)
        return traced if outcome.of is None else traced.at(outcome.of, rays=with_rays)

    def _placed(
        self, parents: LabParents, emitted: Emitted, uniform: Array, with_events: bool
    ) -> tuple[Placed, Way]:
        """Return parents in the lab, and the way of what arrives: drawn before if that is to be aimed."""
        route, placing, on_the_way = self.route, uniform[self._blocks.placing :], uniform[self._blocks.way]
        carrier = emitted.production.momentum(route.carrier.name)
        if not route.upstream:
            return self.placement.place(parents, carrier, placing), Way(*route.path(on_the_way, 0.0))
        arriving = emitted.last.momentum(route.arriving.name)
        if not route.inside:
            path = route.path(on_the_way, self.site.farthest)
            pointing = route.pointing(carrier, path[0], self.site.reach)
            placed = self.placement.place(parents, arriving, placing, pointing)
            size, carried, flight = self._carried(placed, carrier, with_events)
            return placed, Way(*path, size, carried, flight)
        placed = self.placement.place(parents, arriving, placing)
        size, carried, flight = self._carried(placed, carrier, with_events)
        end = 0.0 if flight is None or route.kind != "far" else self.site.wall(flight)
        return placed, Way(*route.path(on_the_way, end), size, carried, flight)

    def _carried(
        self, placed: Placed, carrier: Array, with_events: bool
    ) -> tuple[Array, Array, Array | None]:
        """Return the momentum, the four-momentum in axes of the emission and the flight of what decays."""
        carried = placed.moved(carrier)
        size = length(carried[1:])
        if self.route.kind == "far" or (self.route.inside and with_events):
            return size, carried, placed.turned(carried[1:] / size)
        return size, carried, None

    def _meeting(self, ray: Ray, placed: Placed) -> NDArray[np.intp]:
        """Return which rays meet the volume, from outside unless the signal may begin inside."""
        if self.route.inside:
            return np.flatnonzero(placed.weight > 0.0)
        meets = (ray.chord > 0.0) & (placed.weight > 0.0)
        return np.flatnonzero(meets if self.signal.from_inside else meets & (ray.entry > 0.0))

    def _ray(self, placed: Placed, way: Way, spin: Array | None) -> Ray:
        """Return the state that arrives as a ray in the lab, with its path to and through the volume."""
        momentum, direction = placed.size, placed.direction
        start, far = self.site.production(placed), self.route.kind == "far"
        if far:
            way.move(start)
        state = self.route.arriving
        lives = proper_length(1.0, momentum, state.mass) if state.decays else np.zeros_like(momentum)
        if self.route.inside:
            return Ray(start, placed.turned(placed.arriving), direction, lives, lives, lives, spin)
        four = np.concatenate([placed.arriving[:1], momentum * direction])
        entry, leaving = self.site.volume.intersect_components(start[:3], direction)
        chord = leaving - entry
        if far and self.site.photons_seen is not None:
            chord[self.site.photons_seen.contains(start[:3].T)] = 0.0
        hits = np.where(chord > 0.0, chord, 0.0)  # nan for a miss
        return Ray(start, four, direction, entry, hits, lives, spin)

    def _absorb(self, ray: Ray, on: Way) -> Array:
        """Return n sigma L at G = 1 on the way, of a state that decays after a path and its daughter."""
        way = self.site.way
        if way is None or not (self.site.absorbing or self.signal.per_length):
            return np.empty(0)
        absorb = way.exponent(self.route.arriving.name, ray.energy)
        if self.route.kind != "far" or on.carried is None:
            return absorb
        share = on.path / (on.path + ray.entry)
        out: Array = share * way.exponent(self.route.carrier.name, on.carried[0]) + (1.0 - share) * absorb
        return out

    def _rows(self, traced: Traced, n_rows: int) -> Rows:
        """Return the rows of primaries that met the volume."""
        outcome, site, way = traced.outcome, self.site, traced.way
        weight = traced.produced * outcome.weight
        if self.signal.per_length:
            weight = weight * traced.chord
        lives = way.lives(self.route.carrier.mass)
        if self.route.kind == "far":
            weight = weight * lives * way.per_path
        survive, window, second = self.route.lengths(outcome, lives, way.path)
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
            self.placement.factors(traced.placed, site.vary)[:, traced.seen] if site.vary else NO_FACTORS,
            bin=NO_BINS if site.bins is None else site.bins.of(known, len(weight)),
            arriving=traced.arriving if primaries else np.empty(0),
            group=traced.placed.group_of(traced.seen),
            absorb=traced.absorb,
            second=second,
            veto=outcome.veto,
            average=outcome.average,
        )

    def _spin(self, emitted: Emitted, placed: Placed) -> Array | None:
        """Return the linear polarisation (4, n) in the lab of the state that arrives, if it has one."""
        spin = self.emission.spin(emitted, self.route.arriving.name)
        return None if spin is None else placed.to_lab(spin)

    def _events(self, traced: Traced) -> Events:
        """Return the lab events."""
        outcome, route = traced.outcome, self.route
        production, flight = some(self.site.production(traced.placed), traced.seen), outcome.flight
        vertices = {"production": production, **outcome.vertices}
        if route.inside and route.kind == "near":
            lives = traced.way.lives(route.carrier.mass)
            flight = traced.way.until(route.split, lives * route.split, production, traced.place)
        else:
            vertices |= dict.fromkeys(route.vertices, traced.ray.start)
        return Events({**traced.chain, **outcome.visible, **outcome.momenta}, vertices, flight)

    def _chain(self, emitted: Emitted, placed: Placed) -> Momenta:
        """Return the lab momenta of everything before the signal."""
        parent = self.emission.parent
        known = {} if parent is None else {parent: placed.turned(placed.parent)}
        return known | {name: placed.to_lab(four) for name, four in self.emission.momenta(emitted).items()}
