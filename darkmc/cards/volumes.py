"""Volumes of cards: shapes at their places, and what they are made of."""

from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import Field, create_model, field_validator, model_validator

from darkmc.core.checked import Checked, Positive, Vector
from darkmc.core.materials import known_material, nucleus
from darkmc.geometry.shape import PLUS_Z, Shape
from darkmc.geometry.shapes import SHAPES

_T = TypeVar("_T", bound=Checked)


def _with_size_keys(table: type[_T]) -> type[_T]:
    """Return the table with the keys of every shape, which each of them declares."""
    keys: dict[str, Any] = {"shape": (Literal[tuple(SHAPES)], ...)}
    for shape in SHAPES.values():
        keys |= {key: (kind | None, None) for key, kind in shape.size_keys().items()}
    return create_model(table.__name__, __base__=table, __module__=table.__module__, **keys)


@_with_size_keys
class _Sized(Checked):
    shape: str
    centre_m: Vector


class Geometry(_Sized):
    """The sensitive volume: a convex shape at any place and tilt."""

    axis: Vector = PLUS_Z
    roll_rad: float = 0.0

    @model_validator(mode="after")
    def _keys_of_the_shape(self) -> Self:
        wanted = set(SHAPES[self.shape].size_keys())
        given = {
            key for shape in SHAPES.values() for key in shape.size_keys() if getattr(self, key) is not None
        }
        if given != wanted:
            raise ValueError(
                f"a {self.shape} takes {', '.join(sorted(wanted))}, not {', '.join(sorted(given))}"
            )
        self.body()
        return self

    def body(self) -> Shape:
        """Return the shape at its place; PhysicsError if its keys make none."""
        shape = SHAPES[self.shape]
        return shape(**{key: getattr(self, key) for key in shape.card_keys()})


class Material(Checked):
    """What the volume is made of: atoms per formula unit, averaged over the part `fill` of the volume."""

    density_g_cm3: Positive
    composition: dict[str, Positive]
    fill: Annotated[float, Field(gt=0.0, le=1.0)] = 1.0


class Shield(Material):
    """What stands between target and volume: a known material, or one of a given density and composition."""

    material: str
    length_m: Positive

    @model_validator(mode="before")
    @classmethod
    def _known(cls, data: Any) -> Any:
        if not isinstance(data, dict) or not isinstance(data.get("material"), str):
            return data
        if "density_g_cm3" in data and "composition" in data:
            return data
        density, composition = known_material(data["material"])
        return {"density_g_cm3": density, "composition": composition, **data}

    @field_validator("composition")
    @classmethod
    def _elements(cls, composition: dict[str, float]) -> dict[str, float]:
        for name in composition:
            nucleus(name)
        return composition


class TargetVolume(Geometry):
    """A volume in which a state converts before it decays in [geometry]."""

    material: Material | None = None


class DecaySpace(Geometry):
    """The volume in which decays are seen, and perhaps one before it."""

    target: TargetVolume | None = None
