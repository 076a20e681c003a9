"""What was found out about the rows of a sample, and need not be found out again."""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

_Found = TypeVar("_Found")


class Known:
    """Findings about some rows, kept as long as the rows are the same; they are not pickled."""

    def __init__(self) -> None:
        self._rows: Any = None
        self._found: dict[Hashable, Any] = {}

    def once(self, rows: Any, key: Hashable, find: Callable[[], _Found]) -> _Found:
        """Return what was found before under a key about the same rows, or find it."""
        if rows is not self._rows:
            self._rows, self._found = rows, {}
        if key not in self._found:
            self._found[key] = find()
        found: _Found = self._found[key]
        return found

    def __reduce__(self) -> tuple[type["Known"], tuple[()]]:
        return Known, ()
