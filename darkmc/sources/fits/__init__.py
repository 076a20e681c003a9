"""Parametrisations of meson production."""
