"""Shapes, rays and directions."""
