"""What a flux card says of the nucleus that the beam hits: one thing, an element, or Z and A."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import Field, model_validator

from darkmc.core.checked import Checked, Positive
from darkmc.core.errors import PhysicsError
from darkmc.core.materials import inelastic_cross_section_mb, nucleus

_ONE_TARGET = ("element", "material", "Z", "charge", "mass_number", "inelastic_cross_section_mb")
_TOGETHER = "element, or Z and mass_number, and inelastic_cross_section_mb are one target"
_ISOTOPES = 0.05  # by which the mass number of an isotope may differ from that of its element


class Target(Checked):
    """Nucleus that the beam hits: the Z and A of an element, unless given.

    `material` is a name for the reader; the symbol of an element counts as `element`.  `charge` is Z.
    """

    element: str | None = None
    material: str | None = None
    charge: Annotated[int, Field(ge=1)] = Field(alias="Z")
    mass_number: Positive

    @model_validator(mode="before")
    @classmethod
    def _one_nucleus(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        given = dict(data)
        if "charge" in given:
            if "Z" in given:
                raise ValueError("give Z or charge, which are the same")
            given["Z"] = given.pop("charge")
        name = given.get("element", _if_element(given.get("material")))
        if isinstance(name, str):
            known = nucleus(name)
            given = {"Z": known.charge, "mass_number": cls._mass_number(known.mass_number), **given}
            _same_nucleus(given, name)
        elif "Z" not in given or "mass_number" not in given:
            raise ValueError("give element, or Z and mass_number")
        return cls._follows(given)

    @staticmethod
    def _mass_number(atomic_weight: float) -> float:
        return atomic_weight

    @staticmethod
    def _follows(given: dict[str, Any]) -> dict[str, Any]:
        """Return the same with what follows from the nucleus."""
        return given


class FitTarget(Target):
    """Target of a fit; its inelastic cross section is 775 mb (A/63.546)^0.71, unless given."""

    length_m: Positive | None = None
    inelastic_cross_section_mb: Positive

    @staticmethod
    def _follows(given: dict[str, Any]) -> dict[str, Any]:
        a = given["mass_number"]
        if isinstance(a, int | float) and a > 0:
            return {"inelastic_cross_section_mb": inelastic_cross_section_mb(a), **given}
        return given


class HadronicTarget(Target):
    """Target of a hadronic generator: a nucleus of whole protons and neutrons."""

    mass_number: Annotated[int, Field(ge=1)]

    @model_validator(mode="after")
    def _a_nucleus(self) -> "HadronicTarget":
        if self.charge > self.mass_number:
            raise ValueError(f"charge {self.charge} is above mass_number {self.mass_number}")
        return self

    @staticmethod
    def _mass_number(atomic_weight: float) -> int:
        return round(atomic_weight)


def _if_element(material: Any) -> str | None:
    try:
        return nucleus(material).symbol if isinstance(material, str) else None
    except PhysicsError:
        return None


def _same_nucleus(given: Mapping[str, Any], name: str) -> None:
    """Raise ValueError if Z or the mass number are not those of the element."""
    known, z, a = nucleus(name), given["Z"], given["mass_number"]
    material = _if_element(given.get("material"))
    if material is not None and material != name:
        raise ValueError(f"element {name} is not material {material}")
    if z != known.charge:
        raise ValueError(f"element {name} has Z = {known.charge}, not {z}: {_TOGETHER}")
    if isinstance(a, int | float) and abs(a / known.mass_number - 1.0) > _ISOTOPES:
        raise ValueError(f"element {name} has A = {known.mass_number:g}, not {a:g}: {_TOGETHER}")


def forget_target(data: dict[str, Any], keys: Iterable[str]) -> None:
    """Take away what a flux card says of its nucleus, with all that follows, if dotted keys name another one.

    Raises
    ------
    ValueError
        If they change only a part of the target.
    """
    parts = (key.split(".") for key in keys)
    named = {part[1] for part in parts if part[0] == "target" and part[1:2] and part[1] in _ONE_TARGET}
    target = data.get("target")
    if not named or not isinstance(target, dict):
        return
    if named & {"element", "material"} or ("mass_number" in named and named & {"Z", "charge"}):
        data["target"] = {key: value for key, value in target.items() if key not in _ONE_TARGET}
        return
    part = ", ".join(f"target.{name}" for name in _ONE_TARGET if name in named)
    raise ValueError(f"{part}: {_TOGETHER}: set target.element too, or target.Z and target.mass_number")
