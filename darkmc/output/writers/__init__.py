"""Writers of event files, a file each; one is added by adding a module here, and nothing else."""

import os
from abc import abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, ClassVar, Protocol

import numpy as np

Columns = Mapping[str, np.ndarray[Any, Any]]


class Writer(Protocol):
    """An event file that is being written; the module that holds a writer names its class ``WRITER``.

    Attributes
    ----------
    suffixes : tuple of str
        How names of such files end.
    """

    suffixes: ClassVar[tuple[str, ...]]

    @classmethod
    @abstractmethod
    def open(
        cls, path: str | os.PathLike[str], metadata: Mapping[str, Any]
    ) -> "AbstractContextManager[Writer]":
        """Begin a file in place of an empty one; it is complete when the block that uses it ends."""

    @abstractmethod
    def append(self, columns: Columns) -> None:
        """Write events: columns of the same length by name, the same names in every call, at least once."""
