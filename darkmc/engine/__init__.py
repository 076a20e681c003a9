"""Streams, and the rounds in which their rows and events are made."""
