"""Electromagnetic showers of high-energy electrons, positrons and photons: cross sections and transport.

Lengths are in radiation lengths of the medium, energies are total energies in GeV.  Left out, as small
for tracks above 0.2 GeV: photonuclear reactions and muon pairs; the angle of radiated photons and of pairs
(m_e/E, a twentieth of that of multiple scattering); the Landau-Pomeranchuk-Migdal effect (photons below 6 MeV
of 20 GeV in aluminium, below 150 MeV in tungsten).
"""
