"""How the suite is run, whatever it tests."""

import gc


def pytest_configure():
    """Collect no garbage while tests are: thousands of them are made, and all stay."""
    gc.disable()


def pytest_collection_finish():
    """Leave what was made until now alone: it stays."""
    gc.collect()
    gc.freeze()
    gc.enable()
