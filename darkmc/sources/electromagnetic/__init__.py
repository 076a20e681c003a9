"""Electromagnetic showers of high-energy electrons, positrons and photons: cross sections and transport.

Lengths are in radiation lengths of the medium, energies are total energies in GeV.  Left out, because they
change tracks above 0.2 GeV by less than a part in a thousand: photonuclear reactions, muon pairs, the angle of
radiated photons and of pairs (m_e/E), and the Landau-Pomeranchuk-Migdal effect (below 6 MeV of photon energy
for 20 GeV in aluminium, below 150 MeV in tungsten).
"""
