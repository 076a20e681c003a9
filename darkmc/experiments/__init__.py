"""Topologies and analyses: what each experiment selects and how it counts."""
