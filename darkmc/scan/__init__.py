"""Limits over grids of masses."""
