"""One channel of a collider: pairs of one origin whose heavier state decays near, far, or at one length.

A photon is seen where it hits the calorimeter's surface, and reconstructed as if it came from the
interaction point.  What is measured thus depends on where the decay was.  Up to SPLIT_M all is taken at
distance 0, with that window.  Beyond, the distance l up to the surface is drawn from a fixed g(l): to be
survived, with a weight x (m/p)/g(l), and 1/ctau to the first power.  With a single length all is taken at
distance 0, and the decay must happen before that length.  All lengths in rows are proper ones.
"""

from functools import partial
from typing import TYPE_CHECKING, Literal, cast

import numpy as np
from numpy.typing import NDArray

from darkmc.biasing.pairs import N_UNIFORM, Chain, Production
from darkmc.core.constants import SPEED_OF_LIGHT_M_PER_NS
from darkmc.core.flight import proper_length
from darkmc.core.kinematics import Array, length
from darkmc.core.mixtures import half_logarithmic_weight
from darkmc.core.rng import StreamNumber, chunk_rng
from darkmc.engine.calorimeter import Calorimeter
from darkmc.engine.weight_bounds import sampled_bound
from darkmc.sample.point import unstable
from darkmc.sample.rows import Rows
from darkmc.sample.stream import ChannelPlan, Events, Flight, Momenta
from darkmc.selection.cuts import stages

if TYPE_CHECKING:
    from darkmc.biasing.photons import EnergyAim
    from darkmc.portals.portal import Portal

Mask = NDArray[np.bool_]
Kind = Literal["near", "far", "single length"]
SPLIT_M = 1e-3  # below this the place of a decay cannot be seen


class ColliderStream:
    """One channel.

    Parameters
    ----------
    calorimeter : Calorimeter
        Beams, calorimeter, response and cuts.
    portal : Portal
        The masses.
    production : Production
        Sampler of the chain in the centre of mass.
    energy : EnergyAim or None
        Sampler of the measured energy; None draws it as it comes.
    kind : {"near", "far", "single length"}
        Where the decay happens.
    name, number : str, StreamNumber
        Of the channel.
    """

    def __init__(
        self,
        calorimeter: Calorimeter,
        portal: "Portal",
        production: Production,
        energy: "EnergyAim | None",
        kind: Kind,
        name: str,
        number: StreamNumber,
    ) -> None:
        self.calorimeter, self.production, self.energy, self.kind = calorimeter, production, energy, kind
        self.name, self.number = name, number
        assert portal.light is not None
        self.heavy, self.light = portal.heavy, portal.light
        self.unstable = unstable(portal)
        self.window = calorimeter.single_m if kind == "single length" else SPLIT_M

    def plan(self) -> ChannelPlan:
        """Return the channel as the simulation sees it."""
        radiated = ("isr_photon",) if self.calorimeter.radiates else ()
        daughter = f"decay_{self.light.name}"
        seen = ("electron_beam", "positron_beam", "axion", "dark_photon", "photon", daughter, "cluster")
        return ChannelPlan(
            name=self.name,
            number=self.number,
            cost=1.0,
            power=2.0,
            unstable=self.unstable,
            branching=1.0,
            lifetimes=1 if self.kind == "far" else 0,
            states=("a gamma",),
            efficiency=self.calorimeter.efficiency,
            n_cuts=len(self.calorimeter.cuts),
            particles=(*seen, *radiated),
            vertices=("production", "decay"),
            run=self.run,
            run_events=self.run_events,
            bound=partial(sampled_bound, self),
            counts_primaries=self.kind != "far",
            own_bins=self.calorimeter.own_bins,
        )

    def run(self, seed: int, chunk: int, n_rows: int) -> Rows:
        """Return one chunk of rows."""
        return self._make(seed, chunk, n_rows, with_events=False)[0]

    def run_events(self, seed: int, chunk: int, n_rows: int) -> tuple[Rows, Events]:
        """Return one chunk of rows with all momenta in the lab."""
        return cast(tuple[Rows, Events], self._make(seed, chunk, n_rows, with_events=True))

    def _make(self, seed: int, chunk: int, n_rows: int, with_events: bool) -> tuple[Rows, Events | None]:
        uniform = chunk_rng(seed, self.number, chunk).random((N_UNIFORM + 3, n_rows))
        chain = self.production.sample(uniform[:N_UNIFORM])
        to_lab = self.calorimeter.beams.to_lab
        unstable, photon = to_lab(chain.unstable), to_lab(chain.photon)
        momentum = length(unstable[1:])
        flight = unstable[1:] / momentum
        per_metre = proper_length(1.0, momentum, self.heavy.mass)
        place, per_place = self._places(flight, uniform[N_UNIFORM])
        cluster, weight, seen = self._measured(photon, flight * place, uniform[N_UNIFORM + 1 :])
        produced = weight * chain.weight
        if self.kind == "far":
            produced = produced * per_metre * per_place
            survive, window = per_metre * place, np.full(n_rows, np.inf)
        else:
            survive, window = np.zeros(n_rows), per_metre * self.window
        known = {"photon": photon, "cluster": cluster, **self.calorimeter.beam_momenta(n_rows)}
        if with_events:
            known |= self._others(chain, unstable, photon)
        rows = Rows(
            produced[seen],
            survive[seen],
            window[seen],
            stages(self.calorimeter.cuts, known)[seen],
            np.flatnonzero(seen),
            n_rows,
            bin=self.calorimeter.bins(known)[seen],
        )
        if not with_events:
            return rows, None
        slowness = unstable[0] / momentum / SPEED_OF_LIGHT_M_PER_NS
        step = np.concatenate([flight, slowness[None]])
        return rows, self._events(known, seen, step, place, rows.window, uniform[N_UNIFORM])

    def _places(self, flight: Array, uniform: Array) -> tuple[Array, Array]:
        """Return where the decay happens (m) and 1/g of that draw: half flat, half flat in the logarithm."""
        if self.kind != "far":
            return np.zeros_like(uniform), np.ones_like(uniform)
        _, leaving = self.calorimeter.shape.intersect_components(np.zeros((3, 1)), flight)
        low, log_range = SPLIT_M, np.log(leaving / SPLIT_M)
        flat, once = uniform < 0.5, 2.0 * uniform % 1.0
        place = np.where(flat, low + (leaving - low) * once, low * np.exp(log_range * once))
        return place, half_logarithmic_weight(place, low, leaving)

    def _measured(self, photon: Array, place: Array, uniform: Array) -> tuple[Array, Array, Mask]:
        """Return the cluster's four-momentum in the lab, weights, and whether it is seen at all."""
        direction = photon[1:] / photon[0]
        if self.kind == "far":
            _, leaving = self.calorimeter.shape.intersect_components(place, direction)
            impact = place + leaving * direction
            direction = impact / length(impact)
        cluster = photon[0] * np.concatenate([np.ones((1, len(photon[0]))), direction])
        low, high = self.calorimeter.cosines
        seen = (direction[2] >= low) & (direction[2] <= high)
        response = self.calorimeter.response
        if response is None:
            return cluster, np.ones_like(photon[0]), seen
        energy = self.calorimeter.beams.energy_in_centre_of_mass(cluster)
        if self.energy is None:
            measured, weight = response.measured(energy, uniform[1]), np.ones_like(energy)
        else:
            measured, weight = self.energy.measured(energy, uniform)
        return cluster * (measured / energy), weight, seen & (measured > 0.0)

    def _others(self, chain: Chain, unstable: Array, photon: Array) -> Momenta:
        """Return the lab momenta of what is not seen."""
        out = {
            self.heavy.name: unstable,
            self.light.name: self.calorimeter.beams.to_lab(chain.partner),
            f"decay_{self.light.name}": unstable - photon,
        }
        if self.calorimeter.radiates:
            radiated = chain.radiated
            out["isr_photon"] = (
                np.zeros_like(photon) if radiated is None else self.calorimeter.beams.to_lab(radiated)
            )
        return out

    def _events(
        self, known: Momenta, seen: Mask, step: Array, place: Array, proper_window: Array, uniform: Array
    ) -> Events:
        """Return the lab events of the rows that are seen."""
        count = int(np.count_nonzero(seen))
        start = np.zeros((4, count))
        vertices = {"production": start}
        momenta = {name: four[:, seen] for name, four in known.items()}
        step = step[:, seen]
        if self.kind == "far":
            return Events(momenta, {**vertices, "decay": step * place[seen]}, None)
        window = np.full(count, self.window)
        flight = Flight(start, step[:3], np.zeros(count), window, proper_window, step[3], uniform[seen])
        return Events(momenta, vertices, flight)
