"""The shower of an electron dump: its track lengths, shipped where they are known, else made."""

from dataclasses import dataclass
from functools import cached_property

from darkmc.cards.found import find_table
from darkmc.sources.electromagnetic.media import Medium
from darkmc.sources.electromagnetic.physics import CUT, Physics, Switches
from darkmc.sources.electromagnetic.track_files import read_tracks
from darkmc.sources.electromagnetic.track_lengths import Beam, TrackLengths, track_lengths

SHIPPED = {
    "showers-20gev-aluminium": (Beam("e-", 20.0), Medium.of("aluminium")),
    "showers-20gev-aluminium-water": (Beam("e-", 20.0), Medium.of("aluminium", "water")),
}
"""Tables of fluxes/, made by tools/shower_tables.py with the physics that is there by default."""

SEED, CHUNKS = 1, 16  # of showers that are made: 65536 of them
_SAME = 1e-6  # of the beam's energy: kinetic energies and momenta count as energies


@dataclass(frozen=True)
class Shower:
    """Showers of one beam in one medium.

    Attributes
    ----------
    beam : Beam
        What starts them.
    medium : Medium
        Where they are.
    threshold : float
        Energy in GeV down to which they are followed.
    multiple_scattering : bool
        Electrons and positrons scatter on their way.
    """

    beam: Beam
    medium: Medium
    threshold: float
    multiple_scattering: bool

    @cached_property
    def physics(self) -> Physics:
        """What happens in them."""
        switches = Switches(multiple_scattering=self.multiple_scattering)
        return Physics(self.medium, self.threshold, min(CUT, self.threshold / 5.0), switches)

    @property
    def shipped(self) -> str | None:
        """Name of the shipped table that is of these showers, if there is one."""
        for name, (beam, medium) in SHIPPED.items():
            near = abs(beam.energy - self.beam.energy) <= _SAME * beam.energy
            if near and beam.particle == self.beam.particle and self.physics == Physics(medium):
                return name
        return None

    @cached_property
    def tracks(self) -> TrackLengths:
        """Their track lengths; some seconds where no table is shipped."""
        path = None if self.shipped is None else find_table(self.shipped)
        return track_lengths(self.beam, self.physics, SEED, CHUNKS) if path is None else read_tracks(path)
