"""Where points of a scan are: places, and lines of them that refine themselves."""

from typing import Any, NamedTuple

from darkmc.core.units import AxionMass, MassGrid

Settings = tuple[tuple[str, Any], ...]  # keys of a card and their values


class Place(NamedTuple):
    """Where a point of a scan is: masses in GeV, and values of the keys that are scanned."""

    m_dark_photon: float
    m_axion: float
    settings: Settings = ()


class Line(NamedTuple):
    """A row of places along a mass that refines itself: the other mass and the settings are fixed.

    Attributes
    ----------
    grid : MassGrid
        Of the dark photon, or of the axion where `m_dark_photon` is given.
    m_axion : AxionMass
        Beside every dark photon; not used where that mass is given.
    m_dark_photon : float
        GeV; 0: it is the one that varies.
    settings : tuple
        Keys of the card and their values.
    """

    grid: MassGrid
    m_axion: AxionMass
    m_dark_photon: float
    settings: Settings

    @property
    def along(self) -> str:
        """The mass that varies."""
        return "m_axion" if self.m_dark_photon else "m_dark_photon"

    def place(self, share: float) -> Place:
        """Return the place at a share, 0 to 1, of the way, in the logarithm."""
        first, last = self.grid.values
        mass = first * (last / first) ** share if share < 1.0 else last
        if not self.m_dark_photon:
            return Place(mass, self.m_axion.at(mass), self.settings)
        axion = AxionMass(mass, self.grid.relative)
        return Place(self.m_dark_photon, axion.at(self.m_dark_photon), self.settings)


class Ends(NamedTuple):
    """Where the band of an interval opens and closes beside its place, GeV, with errors; nan: it goes on."""

    opens_at: float = float("nan")
    opens_at_error: float = float("nan")
    closes_at: float = float("nan")
    closes_at_error: float = float("nan")
