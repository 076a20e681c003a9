"""Positrons of the showers that photons of pi0 and eta start in a target: e+ e- -> a gamma' in a dump."""

from darkmc.biasing.emission import ProductionEmission
from darkmc.biasing.placement import Placement
from darkmc.biasing.showers import MesonTrackParents
from darkmc.cards.experiment import DecayCard
from darkmc.core.beam_radiation import positron_energy
from darkmc.core.errors import PhysicsError
from darkmc.core.materials import material_of, nucleus, symbol
from darkmc.core.particles import canonical_name, mass
from darkmc.core.vocabulary import ANNIHILATION
from darkmc.engine.aims import directions
from darkmc.engine.chain import Chain
from darkmc.engine.site import Site
from darkmc.portals.kinds import photon_decay
from darkmc.portals.portal import Portal, Production
from darkmc.sources.electromagnetic.media import Medium
from darkmc.sources.electromagnetic.physics import CUT, Physics
from darkmc.sources.fits.from_card import charges
from darkmc.sources.meson_showers import SHOWER_CHUNKS, MesonShowers
from darkmc.sources.mesons import MesonSource

LEAST_ENERGY = 0.5  # GeV: below, showers are not followed


class TargetShowers:
    """What a decay-in-flight experiment sees of the showers in its target.

    Parameters
    ----------
    card : DecayCard
        The experiment's.
    source : MesonSource
        Its mesons.
    least : float
        Energy in GeV of dark states below which nothing is seen.

    Raises
    ------
    PhysicsError
        If the source is a list, makes neither pi0 nor eta, the target is no single element of which
        showers are known, or what is seen may be too soft.
    """

    def __init__(self, card: DecayCard, source: MesonSource, least: float) -> None:
        mesons = [meson for meson in map(canonical_name, card.source.mesons) if meson in SHOWER_CHUNKS]
        if source.lists is not None:
            raise PhysicsError(f"flux {source.card.name} is a list of mesons: showers need a density")
        if not mesons:
            raise PhysicsError("source.mesons has neither pi0 nor eta")
        if least < LEAST_ENERGY:
            raise PhysicsError(
                f"the cuts leave energies from {least:g} GeV on, showers are followed above {LEAST_ENERGY:g}"
            )
        elements = card.beam.target or tuple(symbol(charge) for charge in charges(source.card))
        if len(elements) != 1:
            raise PhysicsError("the target must be one element: say which in beam.target")
        medium = Medium.of(material_of(nucleus(elements[0]).symbol))
        threshold = least - mass("e")  # of the electron at rest, which is in the pair
        self.physics = Physics(medium, threshold, min(CUT, threshold / 5.0))
        self.spin = card.simulation.spin_correlations
        self.turned, self.natural = (
            MesonShowers(source, mesons, self.physics, placed) for placed in (False, True)
        )

    def prepare(self, aimed: bool) -> None:
        """Make the showers."""
        (self.turned if aimed else self.natural).tracks  # noqa: B018

    def _production(self, portal: Portal) -> Production:
        (process,) = portal.productions(ANNIHILATION, self.spin)
        return process

    def _least(self, portal: Portal) -> float:
        """Return the energy (GeV) of positrons above which they make dark states that may be seen."""
        threshold = float(positron_energy(self._production(portal).threshold))
        return max(threshold * (1.0 + 1e-9), self.physics.threshold)

    def makes(self, portal: Portal) -> bool:
        """Return whether any positron has the energy to make dark states."""
        return bool(portal.productions(ANNIHILATION)) and self._least(portal) < self._largest

    @property
    def _largest(self) -> float:
        """Largest energy of positrons, GeV."""
        source = self.turned.source
        return max(source.shape(meson).largest_momentum for meson in self.turned.mesons)

    def emission(self, portal: Portal, upstream: bool) -> ProductionEmission:
        """Return what positrons and electrons make, and whether the heavier state decays on its way."""
        decay = photon_decay(portal) if upstream else None
        return ProductionEmission(self._production(portal), "shower_pair", self.spin, decay)

    def placement(self, site: Site, chain: Chain, portal: Portal, aimed: bool) -> Placement:
        """Return the positrons, turned towards the detector or as they come."""
        proposal = directions(site, portal, chain) if aimed else None
        showers = self.natural if proposal is None else self.turned
        threshold = self._production(portal).threshold
        return MesonTrackParents(showers, self._least(portal), threshold, proposal)
