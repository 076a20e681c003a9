"""Golden numbers: they guard moves, and prove nothing."""
