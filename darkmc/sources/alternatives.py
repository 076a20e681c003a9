"""Named alternatives of a flux card: other values of some keys, as weights of the same mesons."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from darkmc.core.errors import PhysicsError, nearest, shown
from darkmc.core.kinematics import Array

if TYPE_CHECKING:
    from darkmc.sources.mesons import MesonSource


class Alternatives(Mapping[str, "MesonSource"]):
    """The sources that alternatives of a card stand for, each made when it is asked for.

    Parameters
    ----------
    nominal : MesonSource
        The source of which they are alternatives.
    changes : mapping
        Keys of the card with other values, by name.
    others : mapping
        Why further alternatives of the card are left out, by name.
    """

    def __init__(
        self, nominal: "MesonSource", changes: Mapping[str, Mapping[str, Any]], others: Mapping[str, str]
    ) -> None:
        self._nominal, self._changes, self._others = nominal, changes, others
        self._made: dict[str, MesonSource] = {}

    def __getitem__(self, name: str) -> "MesonSource":
        if name not in self._made:
            self._made[name] = self._nominal.changed(self._changes[name])
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._changes)

    def __len__(self) -> int:
        return len(self._changes)

    @property
    def remarks(self) -> list[str]:
        """What is left out of all alternatives, and why."""
        flux = self._nominal.card.name
        return [f"flux {flux}: alternative {name} left out: {why}" for name, why in self._others.items()]

    def chosen(self, asked: bool | Sequence[str]) -> tuple[str, ...]:
        """Return the names of what is asked for, and make these sources: all, none, or some by name.

        Raises
        ------
        PhysicsError
            If a name is unknown, or that of an alternative which is left out.
        CardError
            If a file of one of them is missing or wrong.
        """
        wanted = tuple(self) if asked is True else tuple(dict.fromkeys(asked or ()))
        for name in wanted:
            if name in self._others:
                raise PhysicsError(
                    f"flux {self._nominal.card.name}: no alternative '{name}': {self._others[name]}"
                )
            if name not in self._changes:
                raise PhysicsError(f"no alternative '{name}'{nearest(name, self)}")
            self[name]
        return wanted

    def factors(
        self, names: Sequence[str], meson: str, momentum: Array, cosine: Array, transverse2: Array
    ) -> Array:
        """Return the density of alternatives over the nominal one, shape (number of names, n)."""
        where = momentum, cosine, transverse2
        nominal = self._nominal.density_per_solid_angle(meson, *where)
        safe = np.where(nominal > 0.0, nominal, 1.0)
        rows = [self[name].density_per_solid_angle(meson, *where) / safe for name in names]
        return np.array(rows).reshape(len(rows), len(momentum))


def checked_choice(asked: object) -> bool | tuple[str, ...]:
    """Return which alternatives are asked for: True (all), False (none), or names; or raise PhysicsError."""
    if isinstance(asked, bool | np.bool_):
        return bool(asked)
    if isinstance(asked, Sequence) and not isinstance(asked, str) and all(isinstance(x, str) for x in asked):
        return tuple(asked)
    raise PhysicsError(f"vary must be True, False, or names of alternatives, not {shown(asked)}")
