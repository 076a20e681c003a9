"""What a card says about itself: where its numbers come from, and what pictures call it."""

from typing import Annotated, Literal

from pydantic import Field

from darkmc.core.checked import Checked


class Reference(Checked):
    """Where a number comes from, and how well it is sourced (A read, B secondary, C memory)."""

    key: str
    title: str
    arxiv: str | None = None
    doi: str | None = None
    gives: str
    grade: Literal["A", "B", "C"]


class Shown(Checked):
    """What pictures call an experiment, and whether its limit is a projection."""

    name: Annotated[str, Field(min_length=1, max_length=60)]
    year: Annotated[int, Field(ge=1900, le=2100)] | None = None
    projection: bool = False
