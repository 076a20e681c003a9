"""Experiment: a card, its flux and its topology put together."""

import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from darkmc.cards.experiment import ExperimentCard
from darkmc.cards.load import checked_overrides, load_card, preset_values, split_flux_keys
from darkmc.core.errors import PhysicsError, PrecisionWarning, shown
from darkmc.core.intervals import Exclusion
from darkmc.core.progress import Progress, rounds_shown
from darkmc.core.units import (
    checked_seed,
    number,
    positive_couplings,
    require_text,
    truth,
    whole_number,
)
from darkmc.engine.collection import Executor
from darkmc.engine.replay import EventReplay
from darkmc.engine.rounds import Goal, check_request, simulate
from darkmc.experiments.explain import Explainer
from darkmc.experiments.inputs import Inputs
from darkmc.experiments.topology import Topology, topology_of
from darkmc.geometry.shape import Shape
from darkmc.limits.solve import checked_method
from darkmc.portals.portal import Portal, checked_portal
from darkmc.sample.sample import Sample
from darkmc.sample.stream import ChannelPlan
from darkmc.sources.alternatives import checked_choice
from darkmc.sources.mesons import MesonSource

if TYPE_CHECKING:
    from darkmc.engine.events import EventStream

DEFAULT_SEED = 1
MOST_EVENTS = 10**12


class Experiment(Inputs):
    """One analysis of one experiment, ready to simulate.

    Parameters
    ----------
    name : str
        A shipped card's name or a path to a TOML file.
    preset : str
        ``best`` (the card's plain content) or a preset of the card, e.g. ``published``.
    overrides : mapping, optional
        Dotted keys of the card and values; ``flux.`` reaches the flux card.

    Raises
    ------
    CardError
        If a card or an override is wrong.

    Examples
    --------
    >>> import darkmc
    >>> charm = darkmc.Experiment("charm-finegrained", preset="published")
    >>> sample = charm.simulate(darkmc.DarkAxionPortal(m_dark_photon=0.03), precision=0.05, seed=1)
    >>> value, error = sample.expected_events(6e-5)  # an independent quadrature gives 36.69
    >>> abs(value - 36.69) < 4 * error < 8
    True
    """

    def __init__(self, name: str, preset: str = "best", overrides: Mapping[str, Any] | None = None) -> None:
        name, preset = require_text("the experiment", name), require_text("preset", preset)
        changes = {**preset_values("detectors", name, preset), **checked_overrides(overrides)}
        own, flux = split_flux_keys(changes)
        self.loaded = load_card("detectors", name, overrides=own)
        self.preset = preset
        self.topology: Topology = topology_of(self.loaded, flux)
        self.card: ExperimentCard = self.topology.card

    @property
    def source(self) -> MesonSource:
        """Where mesons come from; PhysicsError for an experiment that has none."""
        if self.topology.source is None:
            raise PhysicsError(f"{self.name} has no source of mesons")
        return self.topology.source

    @property
    def name(self) -> str:
        """Name of the card."""
        return self.card.name

    @property
    def provenance(self) -> tuple[str, ...]:
        """Lines for the head of a table: the cards and hashes of their effective content."""
        card, source = f"card {self.card.name} {self.loaded.sha256}", self.topology.source
        cards = card if source is None else f"{card}, flux {source.card.name} {source.loaded.sha256}"
        return (cards, *self.topology.criterion.sources)

    @property
    def geometry(self) -> Shape:
        """The sensitive volume; ``geometry.intersect(origin, direction)`` in m."""
        return self.topology.shape

    @property
    def excluded_events(self) -> float:
        """Number of signal events that the observation excludes."""
        criterion = self.topology.criterion
        if criterion.target is None:
            raise PhysicsError(f"{self.name} counts in bins: {criterion.words}")
        return criterion.target

    def pdg_ids(self) -> dict[str, int]:
        """Return PDG identifiers of the particles in the events.

        Returns
        -------
        dict of int by name
            Of those that have one.
        """
        return self.topology.pdg_ids()

    def closed(self, portal: Portal) -> str | None:
        """Return why nothing can be seen at these masses.

        Parameters
        ----------
        portal : Portal
            The masses.

        Returns
        -------
        str or None
            The reason, which names the threshold; None if something can be seen.

        Raises
        ------
        PhysicsError
            If it is no portal.
        """
        return self.topology.closed(checked_portal(portal))

    def plans(
        self, portal: Portal, at: Sequence[float] | None = None, vary: bool | Sequence[str] = False
    ) -> list[ChannelPlan]:
        """Return the open channels at these masses."""
        couplings = None if at is None else positive_couplings("at", at)
        return self.topology.plans(checked_portal(portal), couplings, self._varied(vary))

    def _varied(self, vary: bool | Sequence[str]) -> tuple[str, ...]:
        asked, source = checked_choice(vary), self.topology.source
        return () if source is None else source.alternatives.chosen(asked)

    def simulate(
        self,
        portal: Portal,
        precision: float | None = None,
        n_samples: int | None = None,
        at: float | Sequence[float] | None = None,
        seed: int | None = None,
        max_samples: int = 10**8,
        executor: Executor | None = None,
        progress: Progress | bool = False,
        vary: bool | Sequence[str] = False,
    ) -> Sample:
        """Make a sample at one pair of masses; it serves every coupling.

        Parameters
        ----------
        portal : Portal
            The masses.
        precision : float, optional
            Wanted relative Monte Carlo error, of N at couplings `at`, else of the edges of the exclusion
            (where N is flat there, of N; without edges 5% of N do); 0.01 if no `n_samples` is given.
        n_samples : int, optional
            Total number of primaries instead, split equally over the channels.
        at : float or sequence, optional
            Couplings (GeV^-1) at which the precision holds; by default the edges of the exclusion.
        seed : int, optional
            Seed of the random numbers (default 1): same seed, same bits, for any number of workers.
        max_samples : int
            Upper bound of primaries while a precision is sought; one not reached is a warning, not an error.
        executor : object with ``submit``, optional
            Runs chunks in threads or elsewhere.
        progress : callable or bool, optional
            Called with rows and precision after every round; True shows a bar on a terminal.
        vary : bool or sequence of str
            Carry weights of alternatives of the flux card along, for ``Sample.varied``: all, or those named.

        Returns
        -------
        Sample
            Empty, and with the reason in ``closed``, when no channel is open.

        Raises
        ------
        PhysicsError
            If an argument is out of range.
        """
        wanted, vary = check_request(precision, n_samples, max_samples), self._varied(vary)
        if executor is not None and not callable(getattr(executor, "submit", None)):
            raise PhysicsError(f"executor must have a method 'submit', not {shown(executor)}")
        couplings = None if at is None else tuple(positive_couplings("at", at))
        seed = checked_seed("seed", DEFAULT_SEED if seed is None else seed)
        names = tuple(cut.name for cut in self.card.cuts)
        closed = self.closed(portal)
        if closed is not None:
            inside = self.topology.inside
            return Sample(
                (), names, seed, 0.0, (), closed, portal=portal, inside=inside, experiment=self.name
            )
        self.topology.prepare()
        start = time.perf_counter(), time.process_time()
        plans = self.plans(portal, couplings, vary)
        criterion = self.topology.criterion
        goal = wanted if isinstance(wanted, int) else Goal(wanted, couplings, criterion, max_samples)
        with rounds_shown(progress, wanted, executor) as (report, counting):
            sample = simulate(plans, names, seed, goal, counting, report, start)
        for message in sample.warnings:
            warnings.warn(message, PrecisionWarning, stacklevel=2)
        replay = EventReplay(plans, seed)
        return replace(
            sample,
            replay=replay,
            explainer=Explainer(self.topology, replay),
            alternatives=vary,
            portal=portal,
            inside=self.topology.inside,
            experiment=self.name,
        )

    def limit(self, sample: Sample | Portal, method: str = "bracket") -> Exclusion:
        """Return the couplings that the observation excludes.

        Parameters
        ----------
        sample : Sample or Portal
            From :meth:`simulate`, which is done first for a portal.
        method : {"bracket", "iterative"}
            Every crossing refined, or eq. 20 of arXiv:1806.00757 (lower edges only).

        Returns
        -------
        Exclusion
            Intervals in GeV^-1 with the error of each edge; without any, `reason` says why.

        Raises
        ------
        PhysicsError
            If it is neither sample nor portal, the sample is another experiment's, or the method
            unknown.
        """
        method = checked_method(method)
        if isinstance(sample, Portal) and not isinstance(sample, type):
            sample = self.simulate(sample)
        if not isinstance(sample, Sample):
            raise PhysicsError(f"limit takes a sample or a portal, not {shown(sample)}")
        if sample.experiment not in ("", self.name):
            raise PhysicsError(f"the sample is one of {sample.experiment}, not of {self.name}")
        if sample.closed is not None:
            return Exclusion((), method, sample.closed)
        if sample.portal is None:
            raise PhysicsError("the sample does not say of which masses it is")
        exclusion = self.topology.criterion.exclusion(sample, method)
        remarks = [exclusion.reason, *self.topology.remarks(sample, exclusion)]
        return replace(exclusion, reason="; ".join(text for text in remarks if text))

    def remarks(self, sample: Sample, coupling: float) -> list[str]:
        """Return in what a yield leaves the range of the fit that its mesons are from.

        Parameters
        ----------
        sample : Sample
            From :meth:`simulate`.
        coupling : float
            GeV^-1.

        Returns
        -------
        list of str
            Empty where there is nothing to say.

        Raises
        ------
        PhysicsError
            If it is no sample, or the coupling not above zero.
        """
        if not isinstance(sample, Sample):
            raise PhysicsError(f"remarks are on a sample, not on {shown(sample)}")
        topology, couplings = self.topology, positive_couplings("coupling", [number("coupling", coupling)])
        return topology.source_remarks(sample, [("", g) for g in couplings])

    def remarks_of(self, plans: Sequence[ChannelPlan], coupling: float, seed: int) -> list[str]:
        """Return the remarks on the yield of channels, from the first rows of each."""
        if self.topology.source is None:
            return []
        from darkmc.experiments.fixed_target import ROWS_LOOKED_AT

        few = simulate(plans, (), seed, ROWS_LOOKED_AT * len(plans))
        return self.remarks(replace(few, replay=EventReplay(plans, seed)), coupling)

    def generate(
        self,
        portal: Portal,
        coupling: float,
        n: int,
        unweighted: bool = False,
        seed: int | None = None,
        progress: bool = False,
    ) -> "EventStream":
        """Return an iterator over awkward chunks of n events at one coupling, in constant memory.

        Parameters
        ----------
        portal : Portal
            The masses; a closed channel is an error.
        coupling : float
            G in GeV^-1.
        n : int
            Number of events of positive weight.
        unweighted : bool
            Accept or reject by weight, so that every event counts the same.
        seed : int, optional
            Seed of the random numbers (default 1).
        progress : bool
            Show a bar on a terminal.

        Returns
        -------
        EventStream
            Iterator over awkward chunks, with ``sum_of_weights``, ``error``, ``efficiency`` and ``metadata``.

        Raises
        ------
        PhysicsError
            If an argument is out of range, no channel is open, or no event can be accepted.
        """
        (coupling,) = positive_couplings("coupling", [number("coupling", coupling)])
        whole_number("the number of events", n, 1, MOST_EVENTS)
        unweighted, progress = truth("unweighted", unweighted), truth("progress", progress)
        if (closed := self.closed(portal)) is not None:
            raise PhysicsError(closed)
        plans, start = (
            self.plans(portal, [coupling]),
            checked_seed("seed", DEFAULT_SEED if seed is None else seed),
        )
        from darkmc.engine.events import EventStream
        from darkmc.experiments.about import about

        known = about(self.topology, self.preset, lambda made: self.remarks_of(made, coupling, start))
        return EventStream(known, portal, plans, coupling, n, unweighted, start, progress)
