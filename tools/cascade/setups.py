"""Targets and beams whose cascades are followed, and the momenta at which interactions are kept."""

from dataclasses import dataclass

_HIGH = (5.0, 8.0, 12.5, 20.0, 32.0, 50.0, 80.0, 125.0, 200.0, 315.0)
_MIDDLE = (5.0, 7.0, 10.0, 14.0, 20.0, 28.0, 40.0, 55.0, 70.0)
_NUCLEONS = (1.7, 2.2, 2.8, 3.5, 4.5, 5.7, 7.2)
_PIONS = (0.6, 0.8, 1.1, 1.5, 2.0, 2.8, 3.8, 5.0, 6.6)


@dataclass(frozen=True)
class Setup:
    """A target, its beam of protons, and what is followed.

    Attributes
    ----------
    charge, mass_number : int
        The nucleus of the generator.
    material : str
        Of the target, in `darkmc.core.materials`.
    beam_momentum : float
        GeV.
    length_cm : float
        Of the target along the beam.
    least_nucleon, least_meson : float
        Kinetic energies (GeV) below which particles are dropped.
    nucleon_momenta, meson_momenta : tuple of float
        GeV, of libraries of interactions; that of the beam is one more.
    first, others : int
        Interactions of the beam, and in each of the other libraries.
    """

    charge: int
    mass_number: int
    material: str
    beam_momentum: float
    length_cm: float
    least_nucleon: float
    least_meson: float
    nucleon_momenta: tuple[float, ...]
    meson_momenta: tuple[float, ...]
    first: int
    others: int


SETUPS = {
    "fe-8.9": Setup(26, 56, "iron", 8.89, 400.0, 1.0, 0.5, _NUCLEONS, _PIONS, 20_000, 1_500),
    "cu-400": Setup(29, 64, "copper", 400.0, 300.0, 5.0, 5.0, _HIGH, _HIGH, 8_000, 1_000),
    "fe-70": Setup(26, 56, "iron", 70.0, 500.0, 5.0, 5.0, _MIDDLE[:-1], _MIDDLE[:-1], 6_000, 1_000),
    "w-400": Setup(74, 184, "tungsten", 400.0, 150.0, 5.0, 5.0, _HIGH, _HIGH, 4_000, 1_000),
    "be-8.9": Setup(4, 9, "", 8.89, 0.0, 1.0, 0.5, (), (), 20_000, 0),
    "mo-400": Setup(42, 96, "molybdenum", 400.0, 0.0, 5.0, 5.0, (), (), 3_000, 0),
}
