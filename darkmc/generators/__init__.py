"""Decays and scatterings: each sampler beside its density and width."""
