"""What is measured of an event, and the cuts on it."""
