"""Every name of results: species, particles and vertices of events, final states; PDG ids, labels, units.

Columns of event files, cards, cuts and figures take their names from here.  Numbers of random streams lie in
:mod:`darkmc.core.rng`, which must not change.  Final states of portals other than the dark axion's join with
:func:`add_final_state`.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from darkmc.core.errors import PhysicsError, nearest

MOMENTUM = ("E", "px", "py", "pz")  # GeV, lab, z along the beam
POSITION = ("x", "y", "z", "t")  # m and ns
UNITS = "GeV, coupling in GeV^-1, vertices in m and ns; z runs along the beam"

PDG_IDS = {  # species of beams, sources, targets and final states, by the names of cards
    "e": 11,
    "mu": 13,
    "tau": 15,
    "proton": 2212,
    "pi+": 211,
    "pi0": 111,
    "eta": 221,
    "eta'": 331,
    "rho0": 113,
    "omega": 223,
    "phi": 333,
    "J/psi": 443,
    "Upsilon(3S)": 200553,
}
MESONS = tuple(name for name in PDG_IDS if name not in ("e", "mu", "tau", "proton", "pi+"))
PHOTON_ID = 22
ANNIHILATION = "e+ e- at rest"  # what portals call positrons on electrons at rest
# Those without a number of the PDG: its scheme leaves numbers with two nines in front to programs.
OTHER_IDS = {"axion": 9900036, "dark_photon": 9900022}


class Particle(NamedTuple):
    """A particle of an event.

    Attributes
    ----------
    pdg : int or None
        None: it has none, or one in each event.
    label : str
        As figures write it.
    drawn : {"visible", "dark", ""}
        With what figures of events show it.
    word : str
        As names of channels write it.
    made : str
        Vertex that it comes out of: one of VERTICES, "beam" where the beam hits the target; "incoming": none;
        empty: it is measured, and no particle of its own.
    """

    pdg: int | None
    label: str
    drawn: Literal["visible", "dark", ""] = ""
    word: str = ""
    made: str = ""


PARTICLES = {  # figures draw them in this order
    "meson": Particle(None, "meson", made="beam"),
    "meson_photon": Particle(PHOTON_ID, r"$\gamma$ (from the meson)", made="production"),
    "shower_pair": Particle(None, "e$^+$ e$^-$ (shower)", made="beam"),
    "shower_electron": Particle(None, r"e$^\pm$ (shower)", made="beam"),
    "electron_beam": Particle(PDG_IDS["e"], "e$^-$ (beam)", made="incoming"),
    "positron_beam": Particle(-PDG_IDS["e"], "e$^+$ (beam)", made="incoming"),
    "isr_photon": Particle(PHOTON_ID, r"$\gamma$ (radiated)", made="production"),
    "dark_photon": Particle(None, r"$\gamma^\prime$", "dark", "gamma'", made="production"),
    "axion": Particle(None, "a", "dark", "a", made="production"),
    "upstream_photon": Particle(PHOTON_ID, r"$\gamma$ (upstream)", made="upstream"),
    "upstream_axion": Particle(None, "a (upstream)", made="upstream"),
    "upstream_dark_photon": Particle(None, r"$\gamma^\prime$ (upstream)", made="upstream"),
    "outgoing": Particle(None, "scattered", "dark", made="scatter"),
    "decay_axion": Particle(None, r"a (from $\gamma^\prime$)", "dark", made="decay"),
    "decay_dark_photon": Particle(None, r"$\gamma^\prime$ (from a)", "dark", made="decay"),
    "photon": Particle(PHOTON_ID, r"$\gamma$", "visible", made="decay"),
    "electron": Particle(PDG_IDS["e"], "e$^-$", "visible", made="decay"),
    "positron": Particle(-PDG_IDS["e"], "e$^+$", "visible", made="decay"),
    "muon_minus": Particle(PDG_IDS["mu"], r"$\mu^-$", "visible", made="decay"),
    "muon_plus": Particle(-PDG_IDS["mu"], r"$\mu^+$", "visible", made="decay"),
    "recoil_electron": Particle(PDG_IDS["e"], "recoil e$^-$", "visible", made="scatter"),
    "cluster": Particle(None, "cluster"),
    "hit": Particle(None, "on the face"),
}
VERTICES = {"production": "production", "upstream": "upstream", "scatter": "scattering", "decay": "decay"}


class Products(NamedTuple):
    """What a final state of the heavier dark state holds beside the lighter one.

    Attributes
    ----------
    visible : tuple of str
        What is seen, as events name it.
    lepton : str
        Species of a lepton pair; empty: a photon.
    signal : str
        By which name of the register its random numbers go; empty: its own.
    """

    visible: tuple[str, ...]
    lepton: str = ""
    signal: str = ""

    @property
    def label(self) -> str:
        """All that is seen, as figures write it."""
        return "".join(PARTICLES[name].label for name in self.visible).replace("$$", "")


FINAL_STATES = {  # of gamma'; of a heavy axion "a gamma" stands for gamma gamma'
    "a gamma": Products(("photon",)),
    "a e- e+": Products(("electron", "positron"), "e"),
    "a mu- mu+": Products(("muon_minus", "muon_plus"), "mu"),
}
_OTHER_STATES: dict[str, Products] = {}  # of other portals, which add theirs as they are imported
_OTHER_PARTICLES: dict[str, Particle] = {}


def add_final_state(name: str, products: Products, particles: Mapping[str, Particle] | None = None) -> None:
    """Add a final state of a further portal, as its module is imported, so that cards may name it.

    Parameters
    ----------
    name : str
        As cards say it; the key of the decay.
    products : Products
        With one of the names that the register of random numbers keeps for other portals.
    particles : mapping, optional
        What is seen and has no name in events yet.

    Raises
    ------
    PhysicsError
        If a name already means something else.
    """
    for known, new in (
        (FINAL_STATES | _OTHER_STATES, {name: products}),
        (PARTICLES | _OTHER_PARTICLES, particles or {}),
    ):
        taken = [key for key, value in new.items() if known.get(key, value) != value]
        if taken:
            raise PhysicsError(f"'{taken[0]}' already means something else")
    _OTHER_PARTICLES.update(particles or {})
    _OTHER_STATES[name] = products


def final_states() -> tuple[str, ...]:
    """Return the names of all final states."""
    return (*FINAL_STATES, *_OTHER_STATES)


def final_state(name: str) -> Products:
    """Return what a final state holds; PhysicsError with the nearest name for an unknown one."""
    known = FINAL_STATES | _OTHER_STATES
    if name not in known:
        raise PhysicsError(f"unknown final state '{name}'{nearest(name, known)}")
    return known[name]


def pdg_ids(*names: str) -> dict[str, int]:
    """Return PDG ids of particles of events by name, of those that have one."""
    known = PARTICLES | _OTHER_PARTICLES
    return {name: pdg for name in names if (pdg := known[name].pdg) is not None}


def drawn(kind: str) -> dict[str, str]:
    """Return labels, by name, of the particles of one kind that figures of events show."""
    return {name: particle.label for name, particle in PARTICLES.items() if particle.drawn == kind}
