"""What errors advise."""

from importlib import metadata

from helpers import ROOT

from darkmc.core.errors import how_to_get


def absent(name):
    raise metadata.PackageNotFoundError(name)


def test_what_is_missing_is_got_from_a_clone_that_is_not_installed_too(monkeypatch):
    """For what is not installed pip looks in an index, where there is no darkmc."""
    assert how_to_get("dask") == "pip install 'darkmc[dask]'"
    monkeypatch.setattr("importlib.metadata.distribution", absent)
    assert how_to_get("dask") == f"pip install '{ROOT}[dask]'"
