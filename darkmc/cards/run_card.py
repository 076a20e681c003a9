"""What every run card says, and the types of its values."""

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import AfterValidator, Field

from darkmc.core.checked import Checked, FileName
from darkmc.core.kinematics import Array
from darkmc.core.units import (
    LARGEST_SEED,
    LEAST_PRECISION,
    MassGrid,
    parse_axion_grids,
    parse_axion_mass,
    parse_energy,
    parse_energy_grid,
    parse_mass_grid,
)


def parse_grids(text: str) -> Array:
    """Return energies in GeV from one grid or several with a semicolon between them, increasing."""
    return np.unique(np.concatenate([parse_energy_grid(part) for part in text.split(";")]))


def parse_scan_grid(text: str) -> MassGrid:
    """Return the masses of a curve: as `parse_grids`, or one grid that refines itself."""
    return MassGrid(tuple(map(float, parse_grids(text)))) if ";" in text else parse_mass_grid(text)


def _checked_scan_grid(text: str) -> str:
    parse_scan_grid(text)
    return text


def _checked_axion_grid(text: str) -> str:
    parse_axion_grids(text)
    return text


def _checked_grid(text: str) -> str:
    parse_grids(text)
    return text


def _checked_energy(text: str) -> str:
    if not parse_energy(text) > 0.0:
        raise ValueError(f"'{text}' is not above zero")
    return text


def checked_axion_mass(text: str) -> str:
    """Return the text of an axion mass if it is one; PhysicsError or ValueError if not."""
    if not parse_axion_mass(text, 1.0) >= 0.0:
        raise ValueError(f"'{text}' is negative")
    return text


Grid = Annotated[str, AfterValidator(_checked_grid)]
ScanGrid = Annotated[str, AfterValidator(_checked_scan_grid)]
AxionGrid = Annotated[str, AfterValidator(_checked_axion_grid)]
Mass = Annotated[str, AfterValidator(_checked_energy)]
AxionMass = Annotated[str, AfterValidator(checked_axion_mass)]
Seed = Annotated[int, Field(ge=0, le=LARGEST_SEED)]
Precision = Annotated[float, Field(ge=LEAST_PRECISION, lt=1.0)]


class RunCard(Checked):
    """A ready run: what every kind says; the module of `darkmc.runs` that is named as the kind does it."""

    takes_overlays: ClassVar[bool] = False  # whether curves from elsewhere can be laid over its picture
    schema_: Literal[1] = Field(alias="schema")
    kind: str
    name: FileName
    title: str

    @property
    def pictures(self) -> dict[str, str]:
        """Names of its pictures, and the preset that each shows, empty: whatever was written."""
        return {self.name: ""}

    @property
    def uses(self) -> tuple[str, ...]:
        """Names of the experiments that it is about, each once."""
        return ()
