"""Signal: a dark state converts coherently in the detector and the new state decays inside, with one photon.

a N -> gamma' N, then gamma' -> a gamma before the edge of the volume (for m_a > m' exchange a and gamma').
Three streams: the axion of the meson's decay; the axion of gamma' -> a gamma upstream, with the gamma'
decaying beyond SPLIT_M, or before it, where the place does not matter.  Valid while the detector is thin
and nothing is absorbed upstream (coupling below about 0.3 GeV^-1).  Rows: the table in docs/weights.md.
"""

from functools import partial
from typing import TYPE_CHECKING, Literal, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from darkmc.constants import GEV2_TO_CM2, SPEED_OF_LIGHT_M_PER_NS
from darkmc.errors import CardError
from darkmc.experiments.bounds import sampled_bound
from darkmc.experiments.plan import ChannelPlan, Events, Flight, Momenta, channel_number
from darkmc.experiments.primaries import Aim, Placed, Pointing, TurnedPrimaries, momentum_grid
from darkmc.experiments.shapes import grown
from darkmc.experiments.stream import FIXED, FORWARD_SHARE, Expectation, Stream
from darkmc.generators.coherent_scattering import CoherentConversion, outgoing_direction_cosine
from darkmc.generators.dark_pair import DarkPair
from darkmc.generators.dark_photon_decay import PhotonDecay
from darkmc.kinematics import Array, boost, length, perpendicular_pair
from darkmc.materials import nuclei_per_m3, nucleus
from darkmc.portal import DarkAxionPortal
from darkmc.propagation import decay_lengths
from darkmc.rng import chunk_rng
from darkmc.rows import Rows
from darkmc.selection import stages

if TYPE_CHECKING:
    from darkmc.experiments.decay_in_flight import DecayInFlight

Mask = NDArray[np.bool_]
Kind = Literal["primary", "near", "far"]
SPLIT_M = 1.0  # a gamma' that decays before this decays in the target, seen from the detector
_NUMBERS: dict[Kind, int] = {"primary": 10, "near": 11, "far": 12}
_NAMES: dict[Kind, str] = {
    "primary": "conversion",
    "near": "conversion after prompt decay",
    "far": "conversion after decay upstream",
}
_SIGMA_TO_M2 = GEV2_TO_CM2 * 1e-4


class Ray(NamedTuple):
    """A dark state on its way to the detector: start (4, n) in m and ns, direction, energy and path there."""

    start: Array
    direction: Array
    energy: Array
    entry: Array
    chord: Array


class Target:
    """The nuclei of a volume and the conversion on each of them."""

    def __init__(self, portal: DarkAxionPortal, density: dict[str, float], incoming: str) -> None:
        self.density = np.array(list(density.values()))
        self.conversions = [CoherentConversion(portal.current, incoming, nucleus(name)) for name in density]
        strength = self.density * np.array([c.nucleus.charge**2 for c in self.conversions], dtype=float)
        self.chances = strength / np.sum(strength)

    def convert(self, energy: Array, uniform: Array) -> tuple[Array, Array, Array]:
        """Return outgoing energy, 1 - cos of its angle and sum of n sigma (1/m at G = 1), uniforms (2, n)."""
        which = np.searchsorted(np.cumsum(self.chances)[:-1], uniform[0], side="right")
        out, versine, rate = np.zeros_like(energy), np.zeros_like(energy), np.zeros_like(energy)
        for k, conversion in enumerate(self.conversions):
            mine = which == k
            q2, weight = conversion.sample(energy[mine], uniform[1, mine])
            out[mine], versine[mine] = outgoing_direction_cosine(energy[mine], q2, conversion)
            rate[mine] = weight * (self.density[k] / self.chances[k] * _SIGMA_TO_M2)
        return out, versine, rate


class ConversionStream:
    """Conversions of one meson species' dark states.

    Parameters
    ----------
    experiment : DecayInFlight
        Geometry, cuts and material.
    portal : DarkAxionPortal
        The masses.
    meson : str
        The species.
    kind : {"primary", "near", "far"}
        Which dark state converts.

    Raises
    ------
    CardError
        If the card has no material.
    """

    def __init__(
        self, experiment: "DecayInFlight", portal: DarkAxionPortal, meson: str, kind: Kind, vary: bool = False
    ) -> None:
        self.experiment, self.kind, self.portal = experiment, kind, portal
        self.base = Stream(experiment, portal, meson, "a gamma", vary)
        self.card = experiment.card
        material = self.card.material
        if material is None:
            raise CardError(f"{experiment.path}: simulation.signal = 'conversion' needs [material]")
        heavy_axion = self.base.decay.heavy_axion
        density = nuclei_per_m3(material.density_g_cm3, material.composition, material.fill)
        self.target = Target(portal, density, "dark_photon" if heavy_axion else "a")
        self.decay = PhotonDecay(portal.current)
        self.window = experiment.energy_window("a gamma")
        self.number = channel_number(meson, "a gamma") + _NUMBERS[kind]
        self.reach = float(np.linalg.norm(np.array(self.card.geometry.centre_m) - experiment.origin))
        self.aim()

    def aim(self) -> None:
        """Turn the mesons so that the state that converts points at the volume."""
        base, source = self.base, self.experiment.source
        momenta = momentum_grid(source.largest_momentum)
        pair, daughters = self._pair(chunk_rng(0, self.number, 2**31).random((FIXED + 2, 64)))
        light = self._light(pair, daughters)
        along = length(light[1:]) * np.linspace(-1.0, 1.0, light.shape[1])
        energies = np.hypot(momenta, base.mass)
        lab = (light[0][:, None] * energies + along[:, None] * momenta) / base.mass
        rough = Expectation(lab, base.decay.accepted(lab) + 1e-4)
        factors = (np.ones_like(momenta), np.mean(rough.accepted, axis=0), rough.factor(0.0))
        shares = (FORWARD_SHARE, 0.5 * (1.0 - FORWARD_SHARE), 0.5 * (1.0 - FORWARD_SHARE))
        aims = [Aim(share, 0.0, factor) for share, factor in zip(shares, factors, strict=True)]
        proposal = self.experiment.proposal
        if self.kind == "far":
            margin = self._sideways() * (base.path_range[1] + self.reach - base.near)
            proposal = grown(self.card.geometry, margin, self.experiment.path).direction_proposal(
                self.card.beam.origin_m
            )
        self.primaries = TurnedPrimaries(source, base.meson, base.mass, proposal, momenta, aims)

    def _sideways(self) -> float:
        """Return the tangent of the largest angle between a gamma' and an axion that can be seen."""
        least = max(self.window[0], 2.0 * self.decay.momentum)
        sine = min(self.decay.momentum / least, 0.9)
        return float(sine / np.sqrt(1.0 - sine**2))

    def _pair(self, uniform: Array) -> tuple[DarkPair, tuple[Array, Array]]:
        pair = self.base.production.sample(uniform[1:FIXED])
        return pair, self.decay.as_it_comes(pair, uniform[FIXED : FIXED + 2])

    def _light(self, pair: DarkPair, daughters: tuple[Array, Array]) -> Array:
        """Return the state that converts, in the meson's rest frame."""
        if self.kind != "primary":
            return daughters[1]
        return pair.dark_photon if self.base.decay.heavy_axion else pair.axion

    def plan(self) -> ChannelPlan:
        """Return the channel as the simulation sees it."""
        states = ("dark_photon", "axion") if self.base.decay.heavy_axion else ("axion", "dark_photon")
        radiated = self.base.particles()[:2] if "meson_photon" in self.base.particles() else ("meson",)
        upstream = () if self.kind == "primary" else ("upstream_photon", "upstream_" + states[0])
        return ChannelPlan(
            name=f"{self.base.meson} {_NAMES[self.kind]}",
            number=self.number,
            cost=2.0,
            power=6.0 if self.kind == "far" else 4.0,
            branching=self.base.branching ** (1 if self.kind == "primary" else 2)
            * self.card.signal.branching_factor,
            efficiency=self.base.efficiency,
            n_cuts=len(self.card.cuts),
            particles=(
                *radiated,
                "axion",
                "dark_photon",
                *upstream,
                "outgoing",
                "photon",
                "decay_" + states[0],
            ),
            vertices=("production", *(() if self.kind == "primary" else ("upstream",)), "scatter", "decay"),
            run=self.run,
            run_events=self.run_events,
            bound=self._bound,
            rows_per_primary=2 if self.kind == "near" else 1,
        )

    def _bound(self, coupling: float) -> float:
        return sampled_bound(self.plan(), coupling)

    def run(self, seed: int, chunk: int, n_rows: int) -> Rows:
        """Return one chunk of rows."""
        return self._make(seed, chunk, n_rows, with_events=False)[0]

    def run_events(self, seed: int, chunk: int, n_rows: int) -> tuple[Rows, Events]:
        """Return one chunk of rows with all momenta in the lab."""
        return cast(tuple[Rows, Events], self._make(seed, chunk, n_rows, with_events=True))

    def _make(self, seed: int, chunk: int, n_rows: int, with_events: bool) -> tuple[Rows, Events | None]:
        start = FIXED + 2
        count = start + 2 + 7 + self.primaries.n_uniform
        uniform = chunk_rng(seed, self.number, chunk).random((count, n_rows))
        pair, daughters = self._pair(uniform)
        light = self._light(pair, daughters)
        path, per_path = self._path(uniform[start : start + 2])
        heavy = self.base.unstable(pair)
        placed = self.primaries.place(light, uniform[start + 9 :], self._pointing(heavy, path))
        ray = self._ray(placed, heavy, path)
        seen = (ray.chord > 0.0) & (placed.weight > 0.0)
        weight = self.card.beam.exposure * placed.weight * pair.weight
        lab = boost(heavy, placed.parent, self.base.mass)
        per_metre = decay_lengths(1.0, length(lab[1:]), self.decay.mass, self.base.ctau)
        out = self._signal(ray, seen, uniform[start + 2 : start + 9])
        produced = weight[seen] * out.weight
        first = per_metre[seen]
        if self.kind == "far":
            produced, survive, window = produced * first * per_path[seen], first * path[seen], out.tau
        elif self.kind == "near":
            produced = np.stack([produced, -produced], axis=1).ravel()
            survive = np.stack([np.zeros_like(out.tau), out.tau], axis=1).ravel()
            window = np.repeat(first * SPLIT_M, 2)
        else:
            survive, window = np.zeros_like(out.tau), out.tau
        repeat = 2 if self.kind == "near" else 1
        stage = stages(self.experiment.cuts, {"photon": out.photon})
        index = np.repeat(np.flatnonzero(seen), repeat)
        efficiency = np.repeat(
            self.experiment.efficiency({"photon": out.photon}, np.ones(len(stage), dtype=bool)), repeat
        )
        factors = np.repeat(self.base.factors(placed, seen), repeat, axis=1)
        stage = np.repeat(stage, repeat)
        rows = Rows(produced, survive, window, stage, index, n_rows, efficiency, factors)
        if not with_events:
            return rows, None
        momenta = {**self._chain(pair, daughters, placed, seen), **out.momenta}
        return rows, self._events(momenta, ray.start[:, seen], out, uniform[0, seen], repeat)

    def _path(self, uniform: Array) -> tuple[Array, Array]:
        """Return where the gamma' decays (m) and 1/g of that draw: half flat, half flat in the logarithm."""
        if self.kind != "far":
            return np.zeros(uniform.shape[1]), np.ones(uniform.shape[1])
        low, high = SPLIT_M, self.base.near
        flat = uniform[0] < 0.5
        path = np.where(flat, low + (high - low) * uniform[1], low * (high / low) ** uniform[1])
        density = 0.5 / (high - low) + 0.5 / (path * np.log(high / low))
        return path, 1.0 / density

    def _pointing(self, heavy: Array, path: Array) -> Pointing | None:
        """Return what is turned into the solid angle: where the light state crosses that distance."""
        if self.kind != "far":
            return None

        def crossing(parent: Array, light: Array) -> Array:
            flight = boost(heavy, parent, self.base.mass)[1:]
            flight = flight / length(flight)
            direction = light[1:] / length(light[1:])
            cosine = np.einsum("ij,ij->j", flight, direction)
            onward = np.sqrt(self.reach**2 - path**2 * np.maximum(1.0 - cosine**2, 0.0)) - path * cosine
            point = path * flight + onward * direction
            out: Array = point / length(point)
            return out

        return crossing

    def _ray(self, placed: Placed, heavy: Array, path: Array) -> Ray:
        """Return the state that converts as a ray in the lab, with its path to and through the volume."""
        energy = placed.unstable[0]
        origin = self.experiment.origin[:, None]
        direction = placed.rotation(placed.unstable[1:] / length(placed.unstable[1:]))
        start = np.zeros((4, len(energy)))
        start[:3] = origin
        if self.kind == "far":
            moved = boost(heavy, placed.parent, self.base.mass)
            momentum = length(moved[1:])
            start[:3] += path * placed.rotation(moved[1:] / momentum)
            start[3] = path * moved[0] / momentum / SPEED_OF_LIGHT_M_PER_NS
        entry, leaving = self.experiment.shape.intersect_components(start[:3], direction)
        chord = np.where(entry > 0.0, np.nan_to_num(leaving - entry), 0.0)
        return Ray(start, direction, energy, np.nan_to_num(entry), chord)

    def _signal(self, ray: Ray, seen: Mask, uniform: Array) -> "_Signal":
        """Return conversion, decay and photon of the rays that cross the volume."""
        start, direction, energy, entry, chord = (part[..., seen] for part in ray)
        uniform = uniform[:, seen]
        out, versine, rate = self.target.convert(energy, uniform[:2])
        place = entry + chord * uniform[2]
        speed = np.sqrt(np.maximum(1.0 - (self.decay.daughter_mass / energy) ** 2, 1e-30))
        step = np.concatenate([direction, (1.0 / (speed * SPEED_OF_LIGHT_M_PER_NS))[None]])
        scatter = start + place * step
        first, second = perpendicular_pair(direction)
        cos, sin = np.cos(2.0 * np.pi * uniform[3]), np.sin(2.0 * np.pi * uniform[3])
        across = np.sqrt(versine * (2.0 - versine))
        flight = across * (cos * first + sin * second) + (1.0 - versine) * direction
        momentum = np.sqrt(np.maximum(out**2 - self.decay.mass**2, 1e-12))
        outgoing = np.concatenate([out[None], momentum * flight])
        normal = None
        if not self.decay.heavy_axion and self.card.simulation.spin_correlations:
            normal = np.concatenate([np.zeros((1, len(out))), cos * second - sin * first])
        photon, daughter, weight = self.decay.in_window(outgoing, normal, self.window, uniform[4:7])
        _, leaving = self.experiment.shape.intersect_components(scatter[:3], flight)
        window = np.nan_to_num(leaving)
        tau = decay_lengths(window, momentum, self.decay.mass, self.base.ctau)
        name = "decay_dark_photon" if self.decay.heavy_axion else "decay_axion"
        momenta = {"outgoing": outgoing, "photon": photon, name: daughter}
        return _Signal(rate * chord * weight, photon, tau, momenta, scatter, flight, window, out / momentum)

    def _chain(self, pair: DarkPair, daughters: tuple[Array, Array], placed: Placed, seen: Mask) -> Momenta:
        """Return the lab momenta of everything before the conversion."""
        known = {"meson": placed.parent}
        frame = {"axion": pair.axion, "dark_photon": pair.dark_photon}
        if pair.photon is not None:
            frame["meson_photon"] = pair.photon
        if self.kind != "primary":
            name = "dark_photon" if self.base.decay.heavy_axion else "axion"
            frame |= {"upstream_photon": daughters[0], f"upstream_{name}": daughters[1]}
        known |= {name: boost(four, placed.parent, self.base.mass) for name, four in frame.items()}
        return {name: placed.rotation(four)[:, seen] for name, four in known.items()}

    def _events(
        self, momenta: Momenta, upstream: Array, out: "_Signal", uniform: Array, repeat: int
    ) -> Events:
        """Return the lab events; those of a primary with several rows stand together too."""
        production = np.zeros_like(upstream)
        production[:3] = self.experiment.origin[:, None]
        vertices = {"production": production, "scatter": out.scatter}
        if self.kind != "primary":
            vertices["upstream"] = upstream
        twice = partial(np.repeat, repeats=repeat, axis=-1)
        return Events(
            {name: twice(four) for name, four in momenta.items()},
            {name: twice(four) for name, four in vertices.items()},
            Flight(
                twice(out.scatter),
                twice(out.flight),
                twice(np.zeros_like(out.window)),
                twice(out.window),
                twice(out.tau),
                twice(out.slowness / SPEED_OF_LIGHT_M_PER_NS),
                twice(uniform),
            ),
        )


class _Signal(NamedTuple):
    """A conversion and the decay behind it: weight without production, photon, decay window and geometry."""

    weight: Array
    photon: Array
    tau: Array
    momenta: Momenta
    scatter: Array
    flight: Array
    window: Array
    slowness: Array
