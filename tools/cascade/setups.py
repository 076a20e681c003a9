"""Targets and beams whose cascades are followed, and the momenta at which interactions are kept."""

from dataclasses import dataclass

_HIGH = (5.0, 8.0, 12.5, 20.0, 32.0, 50.0, 80.0, 125.0, 200.0, 315.0)
_MIDDLE = (5.0, 7.0, 10.0, 14.0, 20.0, 28.0, 40.0, 55.0)
_CELLS_400 = (5.0, 6.5, 8.5, 11.0, 14.5, 19.0, 25.0, 33.0, 44.0, 60.0, 85.0, 130.0, 400.0)
_CELLS_70 = (5.0, 6.0, 7.2, 8.7, 10.5, 13.0, 16.5, 22.0, 30.0, 70.0)
_CELLS_9 = (0.2, 0.3, 0.42, 0.58, 0.8, 1.1, 1.5, 2.1, 3.0, 8.89)
_NUCLEONS = (1.05, 1.3, 1.7, 2.2, 2.8, 3.5, 4.5, 5.7, 7.2)
_PIONS = (0.5, 0.6, 0.8, 1.1, 1.5, 2.0, 2.8, 3.8, 5.0, 6.6)
_ABOVE_50 = (54.0, 68.0, 85.0, 110.0, 140.0, 180.0, 240.0, 310.0)  # sqrt(s) > 10 GeV: the least of SIBYLL


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
        Momenta (GeV) below which particles are dropped.
    nucleon_momenta, meson_momenta : tuple of float
        GeV, of libraries of interactions; that of the beam is one more.
    first, others : int
        Interactions of the beam, and in each of the other libraries.
    cells : tuple of float
        Momenta of neutral mesons between which factors are found, GeV; none: only for comparisons.
    model : str
        The generator's name in chromo.
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
    cells: tuple[float, ...] = ()
    model: str = "UrQMD34"


SETUPS = {
    "fe-8.9": Setup(26, 56, "iron", 8.89, 400.0, 1.0, 0.5, _NUCLEONS, _PIONS, 20_000, 1_500, _CELLS_9),
    "cu-400": Setup(29, 64, "copper", 400.0, 300.0, 5.0, 5.0, _HIGH, _HIGH, 6_000, 1_000, _CELLS_400),
    "fe-70": Setup(26, 56, "iron", 70.0, 500.0, 5.0, 5.0, _MIDDLE, _MIDDLE, 6_000, 1_000, _CELLS_70),
    "w-400": Setup(74, 184, "tungsten", 400.0, 150.0, 5.0, 5.0, _HIGH, _HIGH, 8_000, 1_000, _CELLS_400),
    "ne-400": Setup(10, 20, "copper", 400.0, 300.0, 50.0, 50.0, _ABOVE_50, _ABOVE_50, 4_000, 1_000),
    "ne-400-sibyll": Setup(
        *(10, 20, "copper", 400.0, 300.0, 50.0, 50.0, _ABOVE_50, _ABOVE_50, 4_000, 1_000),
        model="Sibyll23d",
    ),
    "be-8.9": Setup(4, 9, "", 8.89, 0.0, 1.0, 0.5, (), (), 20_000, 0),
}
