"""How the suite is run, whatever it tests."""

import gc
import os

# pytest-xdist uses the cores already; workers and processes of tests inherit it
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def pytest_configure():
    """Collect no garbage while tests are: thousands of them are made, and all stay."""
    gc.disable()


def pytest_collection_finish():
    """Leave what was made until now alone: it stays."""
    gc.collect()
    gc.freeze()
    gc.enable()
