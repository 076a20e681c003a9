"""The mesons of a card per proton on target: the shapes that species follow, and how many there are."""

from functools import cached_property

from darkmc.cards.flux import FitCard
from darkmc.core.errors import CardError, PhysicsError, nearest
from darkmc.core.kinematics import Array
from darkmc.core.particles import canonical_name
from darkmc.sources.fits.from_card import fits
from darkmc.sources.fits.smooth import Smooth
from darkmc.sources.shape import Density, MomentumTable, Shape


class FitDensities:
    """Densities in momentum and angle of the species of a fit; tables are made when they are asked for.

    Parameters
    ----------
    card : FitCard
        The flux card.
    path : str
        Its file, for messages.

    Raises
    ------
    CardError
        If there is no such beam.
    """

    def __init__(self, card: FitCard, path: str) -> None:
        self.card, self.path = card, path
        try:
            self._shapes: dict[str, Shape] = {name: Smooth(fit) for name, fit in fits(card, path).items()}
        except PhysicsError as error:
            raise CardError(f"{path}: beam.energy_GeV: {error}") from None
        self.central = {canonical_name(name): made.per_pot for name, made in card.central.items()}

    def shape(self, meson: str) -> Shape:
        """Return the shape that a species follows."""
        return self._shapes[self._followed(meson)]

    def _followed(self, meson: str) -> str:
        """Return whose density a meson follows: its own or that of the pi0."""
        name = canonical_name(meson)
        if name in self.central and self._shapes[name].largest_momentum == 0.0:
            raise self._none_made(name)
        return name if name in self._shapes else "pi0"

    def _none_made(self, species: str) -> CardError:
        energy = self.card.beam.energy_GeV
        return CardError(f"{self.path}: beam.energy_GeV: no {species} from protons of {energy:g} GeV")

    def prepare(self, analogue: bool) -> None:
        """Make the tables that sampling needs, once."""
        self._scales  # noqa: B018
        if analogue:
            for meson in self._scales:
                self._shapes[meson].prepare()

    def ratio(self, meson: str) -> float:
        """Return mesons per pi0 over all momenta and angles."""
        name = canonical_name(meson)
        if name == "pi0":
            return 1.0
        if name in self.central:
            return self.central[name] / self._pions_per_pot
        ratios = {canonical_name(key): value for key, value in self.card.ratios.items()}
        if name not in ratios:
            known = nearest(name, ["pi0", *ratios, *self.central])
            raise CardError(f"{self.path}: ratios has no '{meson}'{known}")
        return ratios[name]

    @property
    def largest_momentum(self) -> float:
        """Largest lab momentum in GeV."""
        return max(fit.largest_momentum for fit in self._shapes.values())

    def scale(self, meson: str) -> float:
        """Return what turns the density that a species follows into mesons per POT."""
        shape = self._followed(meson)
        share = 1.0 if shape in self.central else self.ratio(meson)
        return share * self._scales[shape]

    def per_solid_angle(self, meson: str, momentum: Array, cosine: Array, transverse2: Array) -> Array:
        """Return d2N/dp dOmega per POT in 1/(GeV sr); cos theta, and pT^2 in GeV^2."""
        return self.scale(meson) * self.shape(meson).density(momentum, cosine, transverse2)

    def proposal(self, meson: str, momentum: Array) -> Array:
        """Return the density of a shape's proposal per POT in 1/(GeV sr)."""
        return self.scale(meson) * self.shape(meson).proposal(momentum)

    def largest_at(self, meson: str, momentum: Array) -> Array:
        """Return the largest density at any angle per POT in 1/(GeV sr)."""
        return self.scale(meson) * self.shape(meson).largest_at(momentum)

    def momentum_table(self, meson: str, mixture: Density) -> MomentumTable:
        """Return what draws momenta from the proposal times smooth factors."""
        return self.shape(meson).momentum_table(mixture)

    @cached_property
    def _pions_per_pot(self) -> float:
        """Pi0 per POT: the card's, or those of the fit per interacting proton."""
        card = self.card
        made = self._integral_of("pi0")
        return card.pi0_per_pot or card.target_interaction * made

    def _integral_of(self, shape: str) -> float:
        made = self._shapes[shape].integral
        if not made > 0.0:
            raise self._none_made(shape)
        return made

    @cached_property
    def _scales(self) -> dict[str, float]:
        """What turns each density into mesons per POT: as many as pi0, or those of a central species.

        For pi0 interacting protons per POT, or the factor that gives the card's pi0 per POT.
        """
        card = self.card
        if card.pi0_per_pot is None and len(self._shapes) == 1:
            return {"pi0": card.target_interaction}
        per_pot = {
            shape: self.central.get(shape, self._pions_per_pot)
            for shape, fit in self._shapes.items()
            if fit.largest_momentum > 0.0 or shape not in self.central
        }
        return {shape: number / self._integral_of(shape) for shape, number in per_pot.items()}

    def draw(self, meson: str, uniform: Array) -> tuple[Array, Array, Array]:
        """Return momentum, theta and d2N/dp dtheta over the sampling density, from uniforms (3, n).

        The mean of the third over rows is the number of mesons per POT.
        """
        return self.shape(meson).draw(uniform, self.scale(meson))

    def largest_draw(self, meson: str) -> float:
        """Return the largest weight of :meth:`draw`."""
        return self.shape(meson).largest_draw(self.scale(meson))
