"""Binned momenta and angles of mesons as sources: a density and a sampler that are the same function."""
