"""One stream of a decay-in-flight experiment: one meson species and one final state."""

from collections.abc import Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from darkmc.biasing.lists import ListPrimaries
from darkmc.biasing.turned import Aim, AnaloguePrimaries, Placed, TurnedPrimaries, momentum_grid
from darkmc.core.constants import SPEED_OF_LIGHT_M_PER_NS
from darkmc.core.flight import decay_lengths, proper_length
from darkmc.core.kinematics import Array, boost, length
from darkmc.core.particles import mass
from darkmc.core.rng import CHUNKS, channel_number, chunk_rng, stream_number
from darkmc.core.vocabulary import FINAL_STATES, FinalState
from darkmc.engine.weight_bounds import row_bound
from darkmc.portals.dark_axion.dark_pair import DarkPair
from darkmc.portals.dark_axion.facade import DarkAxionPortal
from darkmc.sample.point import unstable
from darkmc.sample.rows import Rows
from darkmc.sample.stream import ChannelPlan, Events, Flight, Momenta
from darkmc.selection.cuts import stages
from darkmc.signals.decay import Draw, visible_decay

if TYPE_CHECKING:
    from darkmc.experiments.fixed_target import FixedTarget

FIXED = 4  # uniforms: the vertex, and 3 for the meson's decay
FORWARD_SHARE = (
    0.1  # of the rows, for the plain forward density: it keeps the errors of the early cutflow small
)


class Stream:
    """One meson species decaying to one final state."""

    def __init__(
        self,
        experiment: "FixedTarget",
        portal: DarkAxionPortal,
        meson: str,
        state: FinalState,
        vary: bool = False,
    ) -> None:
        self.vary = vary and bool(experiment.source.alternatives)
        self.experiment, self.portal, self.meson, self.state = experiment, portal, meson, state
        self.card = experiment.card
        self.heavy, self.light = portal.heavy, portal.light
        self.number, self.mass = channel_number(meson, state), mass(meson)
        spin = self.card.simulation.spin_correlations
        (self.production,) = portal.meson_decays(meson, spin)
        self.decay = visible_decay(portal, state, experiment.energy_window(state), spin)
        self.branching = portal.heavy_branching_ratio(state)
        self.way = experiment.way(portal)
        source = experiment.source
        self.primaries: AnaloguePrimaries | ListPrimaries | TurnedPrimaries
        if source.lists is None:
            self.primaries = AnaloguePrimaries(source, meson, self.mass)
        else:
            entries = source.lists[meson]
            aimed = self.card.simulation.biasing == "turned"
            self.primaries = ListPrimaries(entries, self.mass, experiment.origin, experiment.shape, aimed)

    @cached_property
    def _span(self) -> tuple[float, float]:
        centre = np.array(self.card.geometry.centre_m) - self.experiment.origin
        entry, leaving = self.experiment.shape.intersect(self.experiment.origin[None], centre[None])
        return float(entry[0]), float(leaving[0])

    @property
    def near(self) -> float:
        """Path to the volume on the line to its centre, m."""
        return self._span[0]

    @property
    def far(self) -> float:
        """Path to the end of the volume on that line, m."""
        return self._span[1]

    @property
    def absorption(self) -> float:
        """Decay lengths at G = 1 to the volume, times energy: exp(-absorption G^2/E) arrive."""
        return float(decay_lengths(self.near, 1.0, self.heavy.mass, self.heavy.ctau))

    def expectation(self, momenta: Array) -> "Expectation":
        """Return a rough average over decays for every meson momentum; it shapes proposals only."""
        rng = chunk_rng(0, self.number, CHUNKS["proposal"][0])
        uniform = rng.random((4, 48))
        unstable = self.production.sample(uniform[:3]).momentum(self.heavy.name)
        speed = length(unstable[1:])
        along = speed * (2.0 * uniform[3] - 1.0)
        energies = np.hypot(momenta, self.mass)
        dark = (unstable[0][:, None] * energies + along[:, None] * momenta) / self.mass
        return Expectation(dark, self.decay.accepted(dark) + 1e-4)

    def aim(self, depths: Sequence[tuple[float, float]]) -> None:
        """Turn the mesons, with one component of the mixture per (share, depth)."""
        momenta = momentum_grid(self.experiment.source.largest_momentum)
        expectation = self.expectation(momenta)
        aims = [Aim(FORWARD_SHARE, 0.0, np.ones_like(momenta))]
        for share, depth in depths:
            factor = expectation.factor(depth)
            aims.append(Aim((1.0 - FORWARD_SHARE) * share, depth, factor + 1e-12 * np.max(factor)))
        source, proposal = self.experiment.source, self.experiment.proposal
        self.primaries = TurnedPrimaries(source, self.meson, self.mass, proposal, momenta, aims)

    @property
    def path_range(self) -> tuple[float, float]:
        """Shortest path to the volume and longest path in it (m), over directions that can hit it."""
        if isinstance(self.primaries, ListPrimaries):
            return self.primaries.path_range
        rng = chunk_rng(0, stream_number("directions to the volume"), CHUNKS["proposal"][0])
        uniform = rng.random((2, 4096))
        directions, _ = self.experiment.proposal.sample(*uniform)
        entry, leaving = self.experiment.shape.intersect_components(self.experiment.origin, directions)
        return float(np.nanmin(entry)), float(np.nanmax(leaving - entry))

    @property
    def analogue_weight(self) -> float:
        """Largest weight of a decay drawn as it comes."""
        if not FINAL_STATES[self.state].lepton:
            return 1.0
        return float(self.decay.largest_weight(np.array([np.inf]))[0])

    @property
    def efficiency(self) -> float:
        """Detection efficiency of the final state."""
        efficiency = self.card.signal.efficiency
        if isinstance(efficiency, dict):
            return efficiency.get(self.state, 1.0)
        return efficiency if isinstance(efficiency, float) else 1.0

    @property
    def branching_and_efficiency(self) -> float:
        """Constant factors of every row's weight."""
        return self.branching * self.card.signal.branching_factor * self.efficiency

    def plan(self) -> ChannelPlan:
        """Return the channel as the simulation sees it."""
        signal = self.card.signal
        single = len(signal.final_states) == 1
        return ChannelPlan(
            name=self.meson if single else f"{self.meson} -> {self.state}",
            number=self.number,
            cost=1.0,
            power=2.0,
            unstable=unstable(self.portal),
            branching=signal.branching_factor,
            states=(self.state,),
            efficiency=self.efficiency,
            n_cuts=len(self.card.cuts),
            particles=self.particles(),
            vertices=("production", "decay"),
            run=self.run,
            run_events=self.run_events,
            bound=partial(row_bound, self),
            counts_primaries=self.state
            == next(filter(self.portal.heavy_branching_ratio, signal.final_states)),
            list_shares=self.list_shares,
        )

    @property
    def list_shares(self) -> Array:
        """What part of a list of mesons each group of entries is; empty without a list."""
        lists = self.experiment.source.lists
        return np.empty(0) if lists is None else lists[self.meson].group_shares

    def particles(self) -> tuple[str, ...]:
        """Return the names of the particles in the events, in order."""
        radiated = ("meson_photon",) if "photon" in self.production.products else ()
        return ("meson", *radiated, "axion", "dark_photon", *self.decay.particles)

    def run(self, seed: int, chunk: int, n_rows: int) -> Rows:
        """Return one chunk of rows."""
        return self._make(seed, chunk, n_rows, with_events=False)[0]

    def run_events(self, seed: int, chunk: int, n_rows: int) -> tuple[Rows, Events]:
        """Return one chunk of rows with all momenta in the lab."""
        return cast(tuple[Rows, Events], self._make(seed, chunk, n_rows, with_events=True))

    def _make(self, seed: int, chunk: int, n_rows: int, with_events: bool) -> tuple[Rows, Events | None]:
        experiment = self.experiment
        rng = chunk_rng(seed, self.number, chunk)
        start = FIXED + self.decay.n_uniform
        uniform = rng.random((start + self.primaries.n_uniform, n_rows))
        pair = self.production.sample(uniform[1:FIXED])
        placed = self.primaries.place(pair.momentum(self.heavy.name), uniform[start:])
        everything = with_events or experiment.needs_everything
        analogue = not isinstance(self.primaries, TurnedPrimaries)
        daughters, weight = self.decay.draw(
            Draw(pair, placed, self.mass, uniform[FIXED:start], analogue, everything)
        )
        origin = experiment.origin[:, None] if placed.origin is None else placed.origin
        entry, leaving = experiment.shape.intersect_components(origin, placed.direction)
        hits = leaving > entry
        momentum = length(placed.unstable[1:])
        per_metre = proper_length(1.0, momentum, self.heavy.mass)
        produced = self.card.beam.exposure * placed.weight * pair.weight * weight
        known = {name: placed.rotation(four) for name, four in daughters.items()}
        if everything:
            known |= self._others(pair, placed, momentum)
        stage = stages(experiment.cuts, known) if self.card.cuts else np.zeros(n_rows, dtype=np.int32)
        rows = Rows(
            produced[hits],
            (per_metre * entry)[hits],
            (per_metre * (leaving - entry))[hits],
            stage[hits],
            np.flatnonzero(hits),
            n_rows,
            experiment.efficiency(known, hits),
            self.factors(placed, hits),
            group=placed.group_of(hits),
            absorb=self._absorb(placed.unstable[0, hits]),
        )
        if not with_events:
            return rows, None
        production = np.zeros((4, n_rows))
        production[:3] = origin
        production[3] = 0.0 if placed.time is None else placed.time
        production = production[:, hits]
        slowness = placed.unstable[0] / momentum / SPEED_OF_LIGHT_M_PER_NS
        events = Events(
            {name: vectors[:, hits] for name, vectors in known.items()},
            {"production": production},
            Flight(
                production,
                placed.direction[:, hits],
                entry[hits],
                (leaving - entry)[hits],
                rows.window,
                slowness[hits],
                uniform[0, hits],
            ),
        )
        return rows, events

    def _absorb(self, energy: Array) -> Array:
        """Return n sigma L at G = 1 of what decays, if it is taken into account: most rows need none."""
        if self.way is None or not self.card.simulation.absorption:
            return np.empty(0)
        return self.way.exponent(self.heavy.name, energy)

    def factors(self, placed: Placed, keep: NDArray[np.bool_] | NDArray[np.intp]) -> Array:
        """Return by what the flux card's alternatives multiply the weights, shape (m, kept rows)."""
        if not self.vary:
            return np.empty((0, len(placed.weight[keep])))
        lab = placed.rotation(placed.parent[1:])[:, keep]
        momentum = length(lab)
        transverse2 = lab[0] ** 2 + lab[1] ** 2
        return self.experiment.source.alternative_factors(
            self.meson, momentum, lab[2] / momentum, transverse2
        )

    def _others(self, pair: DarkPair, placed: Placed, momentum: Array) -> Momenta:
        """Return the lab momenta of the meson and its daughters."""
        unstable = np.concatenate([placed.unstable[:1], placed.direction * momentum])
        partner = boost(pair.momentum(self.light.name), placed.parent, self.mass)
        out = {
            "meson": placed.rotation(placed.parent),
            self.heavy.name: unstable,
            self.light.name: placed.rotation(partner),
        }
        if pair.photon is not None:
            out["meson_photon"] = placed.rotation(boost(pair.photon, placed.parent, self.mass))
        return out


class Expectation:
    """Rough mean over decays of acceptance and survival, for every meson momentum of a grid."""

    def __init__(self, energies: Array, accepted: Array) -> None:
        self.energies, self.accepted = energies, accepted

    def factor(self, depth: float) -> Array:
        """Return the mean of acceptance x exp(-depth/E)/E over decays, for every meson momentum.

        Relative to the deepest survivor, so that it never vanishes as a whole.
        """
        exponent = depth / self.energies
        survival = np.exp(np.min(exponent) - exponent)
        out: Array = np.mean(self.accepted * survival / self.energies, axis=0)
        return out
