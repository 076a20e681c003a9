"""The errors that darkmc raises for bad input: one clear line each."""


class CardError(ValueError):
    """A card (TOML file) cannot be found, read or understood; names file, key and nearest valid name."""


class PhysicsError(ValueError):
    """A number has no physical meaning, or a channel is closed."""


class PrecisionWarning(UserWarning):
    """A result is returned although the requested precision was not reached."""
