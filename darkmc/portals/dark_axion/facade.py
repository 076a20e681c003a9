"""DarkAxionPortal: widths, branching ratios and spectra of the model at any coupling."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from darkmc.core.errors import PhysicsError
from darkmc.core.kinematics import Numbers
from darkmc.core.particles import PSEUDOSCALARS, canonical_name, mass, photon_coupling
from darkmc.core.units import checked_couplings, numbers, require_broadcast
from darkmc.core.vocabulary import FINAL_STATES
from darkmc.core.words import Facts, html_facts, text_facts
from darkmc.gminus2.two_loop import dark_axion_two_loop
from darkmc.portals.dark_axion import pseudoscalar_decay as meson_decay
from darkmc.portals.dark_axion.cross_sections import CrossSections, squared
from darkmc.portals.dark_axion.current import DarkCurrent
from darkmc.portals.dark_axion.widths import Widths, known_final_state
from darkmc.portals.portal import DarkState, Threshold


def _checked(coupling: Numbers) -> Numbers:
    return checked_couplings(coupling)[()]


class DarkAxionPortal(Widths, CrossSections):
    """The dark axion portal L = (G/2) a F X~ for one pair of masses.

    Parameters
    ----------
    m_dark_photon : float
        Mass of the dark photon gamma' in GeV, above zero.
    m_axion : float
        Mass of the axion in GeV, not negative.

    Raises
    ------
    PhysicsError
        If a mass is negative or not finite, or the dark photon massless.

    Examples
    --------
    >>> import darkmc
    >>> portal = darkmc.DarkAxionPortal(m_dark_photon=0.1)
    >>> round(portal.branching_ratio("a e- e+"), 6)
    0.005432
    """

    def __init__(self, m_dark_photon: float, m_axion: float = 0.0) -> None:
        self.current = DarkCurrent(m_axion=m_axion, m_dark_photon=m_dark_photon)

    @property
    def m_dark_photon(self) -> float:
        """Mass of the dark photon, GeV."""
        return self.current.m_dark_photon

    @property
    def m_axion(self) -> float:
        """Mass of the axion, GeV."""
        return self.current.m_axion

    @property
    def masses(self) -> dict[str, float]:
        """Masses (GeV) by the names of result files: all that is written of a portal."""
        return {"m_dark_photon": self.m_dark_photon, "m_axion": self.m_axion}

    @cached_property
    def heavy(self) -> DarkState:
        """The heavier state, which decays: name, mass (GeV) and c tau (m at G = 1).

        Of equal masses neither decays, and the dark photon counts as the heavier.
        """
        return self._state(*self.current.states[0])

    @cached_property
    def light(self) -> DarkState:
        """The lighter state, which is stable."""
        return self._state(*self.current.states[1])

    def _state(self, name: str, mass: float) -> DarkState:
        ctau = self.axion_ctau() if name == "axion" else self.dark_photon_ctau()
        return DarkState(name, mass, float(ctau))

    def __eq__(self, other: object) -> bool:
        return self.current == other.current if isinstance(other, DarkAxionPortal) else NotImplemented

    def __hash__(self) -> int:
        return hash((DarkAxionPortal, self.current))

    def __str__(self) -> str:
        return f"DarkAxionPortal(m_dark_photon={self.m_dark_photon:g}, m_axion={self.m_axion:g})"

    def __repr__(self) -> str:
        return text_facts(str(self), self._facts())

    def _repr_html_(self) -> str:
        return html_facts(str(self), self._facts())

    def _facts(self) -> Facts:
        if not self.heavy.decays:
            return [("stable", "of equal masses neither state decays")]
        name = self.heavy.name.replace("_", " ")
        ratios = {state: self.heavy_branching_ratio(state) for state in self.final_states}
        open_ = (f"{state} {ratio:.3g}" for state, ratio in ratios.items() if ratio > 0.0)
        return [("decays", f"the {name}, c tau = {self.heavy.ctau:.4g} m/(G GeV)^2, to {', '.join(open_)}")]

    def heavy_branching_ratio(self, final_state: str) -> float:
        """Return the share of a final state in the width of the heavier state.

        All axions that decay do so to gamma gamma', which counts as "a gamma".

        Parameters
        ----------
        final_state : {"a gamma", "a e- e+", "a mu- mu+"}
            What the heavier state decays into.

        Returns
        -------
        float
            0 to 1; 0 when closed.

        Raises
        ------
        PhysicsError
            If the final state is unknown.
        """
        if self.heavy.name == "dark_photon":
            return self.branching_ratio(final_state)
        return float(known_final_state(final_state) == "a gamma")

    @property
    def final_states(self) -> tuple[str, ...]:
        """Names of all that the heavier state may decay into, open or closed."""
        return tuple(FINAL_STATES)

    @property
    def production_threshold(self) -> Threshold:
        """Least energy of a parent in its rest frame: that of an axion and a dark photon."""
        return Threshold("m_axion + m_dark_photon", self.current.threshold)

    def decay_closed(self, final_states: Sequence[str]) -> str | None:
        """Return why the heavier state decays to none of some final states.

        Parameters
        ----------
        final_states : sequence of str
            Names.

        Returns
        -------
        str or None
            The reason, which names the threshold; None if it decays to any.

        Raises
        ------
        PhysicsError
            If a final state is unknown.
        """
        if any(map(self.heavy_branching_ratio, final_states)):
            return None
        m, m_axion = self.m_dark_photon, self.m_axion
        if not self.heavy.decays:
            return f"decay closed: it needs m_axion different from m_dark_photon = {m:g} GeV"
        leptons = (FINAL_STATES[state].lepton for state in final_states)
        least = min(2.0 * mass(lepton) if lepton else 0.0 for lepton in leptons)
        return (
            f"decay closed: m_dark_photon - m_axion = {m - m_axion:g} GeV is below "
            f"the threshold of {least:g} GeV"
        )

    def meson_branching_ratio(self, meson: str, coupling: Numbers = 1.0) -> Numbers:
        """Return BR(P -> gamma a gamma') or BR(V -> a gamma').

        P is normalised to the measured BR(P -> gamma gamma), V to BR(V -> e+ e-).

        Parameters
        ----------
        meson : str
            "pi0", "eta", "eta'", or "rho0", "omega", "phi", "J/psi", "Upsilon(3S)".
        coupling : float or array
            G in GeV^-1; enters squared.

        Returns
        -------
        float or array
            The ratio, of the shape of `coupling`; 0 when closed.

        Raises
        ------
        PhysicsError
            If the meson is unknown, or a coupling negative or not finite.
        """
        found = sum((process.total() for process in self.meson_decays(meson)), 0.0)
        return found * squared(coupling)

    def meson_decay_spectrum(self, meson: str, q2: Numbers, coupling: Numbers = 1.0) -> Numbers:
        """Return dBR(P -> gamma a gamma')/dq2, where q2 = (p_a + p_gamma')^2.

        Parameters
        ----------
        meson : str
            "pi0", "eta" or "eta'".
        q2 : float or array
            GeV^2; broadcast with `coupling`.
        coupling : float or array
            G in GeV^-1; enters squared.

        Returns
        -------
        float or array
            GeV^-2; 0 outside the kinematic range.

        Raises
        ------
        PhysicsError
            If the meson is not a pseudoscalar of the table, q2 no number, a coupling negative or not
            finite, or if they do not broadcast.
        """
        name = canonical_name(meson)
        if name not in PSEUDOSCALARS:
            raise PhysicsError(f"'{meson}' has no a gamma' spectrum (one of {', '.join(PSEUDOSCALARS)} has)")
        square, strength = numbers("q2", q2)[()], _checked(coupling)
        require_broadcast("meson_decay_spectrum", np.shape(square), np.shape(strength))
        spectrum = meson_decay.relative_spectrum(square, mass(name), self.current, strength)
        out: Numbers = photon_coupling(name).value * spectrum
        return out

    def lepton_moment(self, lepton: str, coupling: Numbers = 1.0) -> Numbers:
        """Return Delta a_l at two loops, [dN] eq. 9 with c = 0.

        Parameters
        ----------
        lepton : {"e", "mu", "tau"}
            Whose moment.
        coupling : float or array
            G in GeV^-1; enters squared.

        Returns
        -------
        float or array
            Never positive, of the shape of `coupling`.

        Raises
        ------
        PhysicsError
            If the lepton is unknown, or a coupling negative or not finite.
        """
        return dark_axion_two_loop(lepton, self.m_dark_photon, self.m_axion, _checked(coupling))
