"""Couplings that an observation excludes, from the yields of a sample."""
