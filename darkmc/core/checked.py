"""The base of every table of a card: frozen, exact types, no unknown keys; and the types of its values."""

import re
from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from darkmc.core.vocabulary import final_state

Positive = Annotated[float, Field(gt=0.0)]
NotNegative = Annotated[float, Field(ge=0.0)]
Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Vector = tuple[float, float, float]

_FILE_NAME = re.compile(r"[^\W_](?:[\w.+-]*[\w+-])?")
_LONGEST_NAME = 200  # bytes: file systems take 255, suffixes included


class Checked(BaseModel):
    """Base of all tables: frozen, exact types, finite numbers, no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, defer_build=True)


def file_name(text: str) -> str:
    """Return a name that becomes (part of) a file's name; ValueError if it could lead to another folder."""
    if not _FILE_NAME.fullmatch(text):
        raise ValueError(
            f"{text!r} is no name for a file: use letters, digits, dashes, underscores, dots and plus signs, "
            "beginning with a letter or digit"
        )
    if len(text.encode()) > _LONGEST_NAME:
        raise ValueError(f"a name has at most {_LONGEST_NAME} bytes, not {len(text.encode())}")
    return text


FileName = Annotated[str, AfterValidator(file_name)]


def _known_final_state(name: str) -> str:
    final_state(name)
    return name


FinalState = Annotated[str, AfterValidator(_known_final_state)]


def once(names: Sequence[str]) -> None:
    """Raise ValueError if a name stands twice: it would be counted twice."""
    twice = [name for k, name in enumerate(names) if name in names[:k]]
    if twice:
        raise ValueError(f"'{twice[0]}' stands twice")
