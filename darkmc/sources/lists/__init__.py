"""Mesons from files and from generators."""
