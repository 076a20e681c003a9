"""What a sample says of itself: in a line or two, and where its events come from."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from darkmc.core.errors import PhysicsError
from darkmc.core.words import Facts, html_facts, text_facts
from darkmc.portals.portal import Portal
from darkmc.sample.explanation import Explanation
from darkmc.sample.yields import one_coupling

if TYPE_CHECKING:
    from darkmc.sample.rows import Channel

Explainer = Callable[[Any, float], Explanation]


class Told:
    """Base of a sample: its words."""

    channel_rows: "tuple[Channel, ...]"
    n_samples: int
    width: float
    experiment: str
    portal: Portal | None
    seed: int
    seconds: float
    closed: str | None
    warnings: tuple[str, ...]
    explainer: Explainer | None

    def _facts(self) -> tuple[str, Facts]:
        title = f"Sample of {self.experiment}" if self.experiment else "Sample"
        masses = self.portal.masses if self.portal is not None else {}
        if masses:
            title = f"{title} at {', '.join(f'{name} = {value:g} GeV' for name, value in masses.items())}"
        if self.closed is not None:
            return title, [("empty", self.closed)]
        passing = sum(int(channel.passing.sum()) for channel in self.channel_rows)
        channels = len(self.channel_rows)
        pass_ = f"rows in cells {self.width:.2g} wide" if self.width > 0.0 else f"{passing} rows pass"
        made = f"{self.n_samples} in {channels} channel{'s' if channels != 1 else ''}, {pass_}"
        facts = [("primaries", f"{made}; seed {self.seed}, {self.seconds:.2g} s")]
        parents = dict.fromkeys(channel.parent for channel in self.channel_rows if channel.parent)
        if parents:
            facts.append(("parents", ", ".join(parents)))
        return title, [*facts, *(("warning", text) for text in self.warnings[:1])]

    def __repr__(self) -> str:
        return text_facts(*self._facts())

    def _repr_html_(self) -> str:
        return html_facts(*self._facts())

    def explain(self, coupling: float) -> Explanation:
        """Return where the events at one coupling come from; printed, it says so in words.

        Parents and channels, mean energies, decay length against distance, what each cut keeps, which
        channel sets which edge of the limit and what would move it, and what is most uncertain.

        Parameters
        ----------
        coupling : float
            G in GeV^-1, above zero.

        Returns
        -------
        Explanation
            All numbers with their errors; ``as_dict`` for JSON.

        Raises
        ------
        PhysicsError
            If it is not one coupling above zero, nothing is open at these masses, or the sample was not made
            by an experiment.

        Examples
        --------
        >>> import darkmc
        >>> charm, portal = darkmc.Experiment("charm-finegrained"), darkmc.DarkAxionPortal(m_dark_photon=0.03)
        >>> told = charm.simulate(portal, n_samples=50000, seed=1).explain(6e-5)
        >>> told.parents[0].name, [edge.side for edge in told.edges]
        ('pi0', ['lower', 'upper'])
        """
        g = one_coupling("an explanation", coupling)
        if not g > 0.0:
            raise PhysicsError(f"coupling must be above zero, not {g:g}")
        if self.closed is not None:
            raise PhysicsError(self.closed)
        if self.explainer is None or self.portal is None:
            raise PhysicsError("only a sample that an experiment has made can be explained")
        return self.explainer(self, g)
