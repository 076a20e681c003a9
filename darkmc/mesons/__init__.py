"""Meson production: densities in momentum and angle with their samplers."""
