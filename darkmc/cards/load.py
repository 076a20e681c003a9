"""Read and check TOML cards; presets and overrides.  The only reader of cards."""

import hashlib
import math
import re
import tomllib
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from darkmc.cards.found import Kind, find_card
from darkmc.cards.problems import is_short, misspells, what_is_wrong
from darkmc.core.checked import Checked, file_name
from darkmc.core.errors import CardError, nearest, shown

SMALLEST, LARGEST = 1e-30, 1e30  # sizes of numbers in cards, in their units: products of some stay finite
_DEEPEST = 20  # levels of tables in tables
_T = TypeVar("_T", bound=Checked)


@dataclass(frozen=True)
class Loaded(Generic[_T]):
    """A checked card with the place it was read from and a hash of its effective content."""

    card: _T
    path: str
    text: str
    sha256: str


def new_card(name: str) -> str:
    """Return the text of a commented experiment card that runs, under a name of the user's."""
    try:
        file_name(name)
    except ValueError as error:
        raise CardError(str(error)) from None
    template = Path(__file__).with_name("template.toml")
    return template.read_text(encoding="utf-8").replace("NAME", name)


def load_card(
    kind: Kind,
    name: str,
    preset: str | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Loaded[Any]:
    """Read and check one card.

    Parameters
    ----------
    kind : {"detectors", "fluxes", "runs"}
        What the card describes.
    name : str
        Bare name or path to a TOML file.
    preset : str, optional
        Name of a table under ``[presets]``; ``best`` (or None) is the card's plain content.
    overrides : mapping, optional
        Dotted keys of the card and their values; applied after the preset.

    Raises
    ------
    CardError
        Naming the file, the key and the nearest valid name.
    """
    path = find_card(kind, name)
    text, data = _read(path)
    for key in overrides or {}:
        if key.split(".")[0] == "presets":
            raise CardError(f"{path}: '{key}': presets cannot be overridden, only chosen")
    changes = {**_preset(path, data, preset), **(overrides or {})}
    if kind == "fluxes":
        from darkmc.cards.target import forget_target

        try:
            forget_target(data, changes)
        except ValueError as error:
            raise CardError(f"{path}: {error}") from None
    for key, value in changes.items():
        _set(path, data, key, value)
    card = check(_model(kind, data, path), data, str(path))
    content = card.model_dump_json(by_alias=True, exclude={"presets"})
    return Loaded(card, str(path), text, hashlib.sha256(content.encode()).hexdigest()[:16])


class Models(NamedTuple):
    """What cards of a kind must look like, each where it is defined: only the one that is needed is made.

    Attributes
    ----------
    key : str
        Key that decides.
    unsaid : str
        Module and model where the key is missing.
    said : dict
        Module and model by the key's value.
    """

    key: str
    unsaid: str
    said: dict[str, str]


MODELS: dict[Kind, Models] = {
    "detectors": Models(
        "topology",
        "experiment.ExperimentCard",
        {
            "decay_in_flight": "experiment.DecayCard",
            "scattering": "experiment.ScatteringCard",
            "electron_dump": "electron_dump.DumpCard",
            "collider": "collider.ColliderCard",
        },
    ),
    "fluxes": Models(
        "parametrisation",
        "flux_base.FluxCard",
        {
            "bmpt": "flux.BmptCard",
            "burman-smith": "flux.BurmanSmithCard",
            "hadronic": "flux_generator.HadronicCard",
            "list": "flux.MesonListCard",
            "pythia8": "flux_generator.PythiaCard",
            "sanford-wang": "flux.SanfordWangCard",
            "table": "flux_table.TableCard",
        },
    ),
    "runs": Models(
        "kind",
        "run.LimitsRun",
        {
            "limits": "run.LimitsRun",
            "histogram": "run.HistogramRun",
            "decay-length": "run.DecayLengthRun",
            "cross-sections": "run.CrossSectionsRun",
            "map": "run.MapRun",
            "choices": "overviews.ChoicesRun",
            "atlas": "overviews.AtlasRun",
            "branching-ratios": "overviews.BranchingRatiosRun",
            "lepton-moments": "overviews.LeptonMomentsRun",
            "moment-plane": "moments.MomentPlaneRun",
            "moment-scan": "moments.MomentScanRun",
            "scotogenic": "moments.ScotogenicRun",
        },
    ),
}
_COMBINED = "collider.CombinedCard"


def model_at(where: str) -> type[Checked]:
    """Return a model by its module and name in this folder."""
    module, _, name = where.partition(".")
    model: type[Checked] = getattr(import_module(f"darkmc.cards.{module}"), name)
    return model


def _model(kind: Kind, data: Mapping[str, Any], path: Path) -> type[Checked]:
    """Return what the card must look like: topology, parametrisation, or a run's kind (limits if unsaid)."""
    key, unsaid, said = MODELS[kind]
    if key not in data:
        return model_at(unsaid)
    name = str(data[key])
    if name not in said:
        raise CardError(f"{path}: {key}: unknown '{name}'{nearest(name, said)}")
    return model_at(_COMBINED if name == "collider" and "combines" in data else said[name])


def checked_overrides(overrides: Any) -> dict[str, Any]:
    """Return overrides by dotted key, none for None; CardError if they are no mapping from text."""
    if overrides is not None and not isinstance(overrides, Mapping):
        raise CardError(f"overrides must be a mapping of dotted keys, not {shown(overrides)}")
    for key in overrides or {}:
        if not isinstance(key, str):
            raise CardError(f"overrides: {shown(key)} is no key: write 'table.key'")
    return dict(overrides or {})


def split_flux_keys(values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Separate the keys of the experiment's card from those under ``flux.``, which lose that prefix."""
    own = {key: value for key, value in values.items() if not key.startswith("flux.")}
    flux = {key[5:]: value for key, value in values.items() if key.startswith("flux.")}
    return own, flux


def card_keys(kind: Kind, name: str) -> set[str]:
    """Return the keys that a card has, before it is checked: they tell kinds of cards apart."""
    return set(_read(find_card(kind, name))[1])


def preset_values(kind: Kind, name: str, preset: str | None) -> dict[str, Any]:
    """Return the overrides, by dotted key, that a preset of a card stands for."""
    path = find_card(kind, name)
    return _preset(path, _read(path)[1], preset, with_flux=True)


def _read(path: Path) -> tuple[str, dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8")
        data = toml(text)
    except ValueError as error:
        raise CardError(f"{path}: not valid TOML: {error}") from None
    _check_content(data, str(path))
    return text, data


def toml(text: str) -> dict[str, Any]:
    """Return what TOML text says; ValueError for all that is none, or that Python cannot read."""
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError(f"nested more than {_DEEPEST} levels deep") from None
    except tomllib.TOMLDecodeError:
        raise
    except ValueError:
        raise ValueError("a number of thousands of digits") from None


def _check_content(data: Mapping[str, Any], source: str) -> None:
    """Raise CardError for tables in tables without end, and for numbers whose products are none.

    Zero and what lies between SMALLEST and LARGEST in size may stand in a card.
    """
    level: list[tuple[str, Any]] = [*data.items()]
    for _ in range(_DEEPEST):
        below: list[tuple[str, Any]] = []
        for key, value in level:
            if isinstance(value, Mapping):
                below += [(f"{key}.{name}", item) for name, item in value.items()]
            elif isinstance(value, list | tuple):
                below += [(f"{key}.{k}", item) for k, item in enumerate(value)]
            elif isinstance(value, int | float) and _absurd(value):
                size = f"0 or between {SMALLEST:g} and {LARGEST:g} in size, not {shown(value)}"
                raise CardError(f"{source}: {key}: numbers in cards are {size}")
        if not below:
            return
        level = below
    raise CardError(f"{source}: {level[0][0]}: nested more than {_DEEPEST} levels deep")


def _absurd(value: float) -> bool:
    """Return whether a number is out of the range of cards; the models refuse what is not finite."""
    return bool(value) and abs(value) != math.inf and (abs(value) < SMALLEST or abs(value) > LARGEST)


def _preset(path: Path, data: dict[str, Any], preset: str | None, with_flux: bool = False) -> dict[str, Any]:
    if preset in (None, "best"):
        return {}
    presets = data.get("presets", {})
    if not isinstance(presets, dict) or not isinstance(presets.get(preset, {}), dict):
        raise CardError(f"{path}: presets.{preset}: a preset is a table of keys and values")
    if preset not in presets:
        raise CardError(f"{path}: no preset '{preset}'{nearest(str(preset), ['best', *presets])}")
    flat = dict(flatten(presets[preset]))
    return flat if with_flux else split_flux_keys(flat)[0]


def flatten(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the values of nested tables by dotted key; a table that stands for one value stays whole."""
    for key, value in table.items():
        if isinstance(value, dict) and key not in _WHOLE:
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


_WHOLE = ("efficiency", "composition")


def _set(path: Path, data: dict[str, Any], dotted: str, value: Any) -> None:
    """Set a dotted key; a list of tables is addressed by the tables' names (cuts.energy.max)."""
    here: Any = data
    *parents, last = dotted.split(".")
    if len(parents) >= _DEEPEST:
        raise CardError(f"{path}: '{dotted}' is no key: write TABLE.KEY")
    for part in parents:
        if isinstance(here, list):
            names = [str(row.get("name", row.get("key"))) for row in here if isinstance(row, dict)]
            if not names:
                raise CardError(f"{path}: '{part}' in '{dotted}': the list has no names")
            if part not in names:
                raise CardError(f"{path}: no '{part}' in '{dotted}'{nearest(part, names)}")
            here = here[names.index(part)]
        else:
            here = here.setdefault(part, {})
        if not isinstance(here, dict | list):
            raise CardError(f"{path}: '{part}' in '{dotted}' is a value, not a table")
    if isinstance(here, list):
        raise CardError(f"{path}: '{dotted}' is a list of tables: name the key too")
    here[last] = value


_OTHER_TYPES = ("float_type", "model_type", "dict_type")
_BRANCH = re.compile(r"float|int|constrained-.*|function-.*|dict\[.*|[A-Z]\w*(Table|Card)")


def check(model: type[_T], data: Mapping[str, Any], source: str) -> _T:
    """Return the checked card, or raise CardError with the first problem in one line."""
    try:
        _check_content(data, source)
        return model.model_validate(_tuples(data))
    except ValidationError as error:
        problems = error.errors()
    # of a value that may be of several types, say what is wrong with the type that was meant
    problem = next((p for p in problems if p["type"] not in _OTHER_TYPES), problems[0])
    if problem["type"] == "missing":
        problem = next((p for p in problems if misspells(p, problem)), problem)
    location = [part for part in problem["loc"] if not _BRANCH.fullmatch(str(part))]
    key = ".".join(str(part) for part in location)
    if problem["type"] == "extra_forbidden":
        known = _keys_at(model, location[:-1])
        raise CardError(f"{source}: unknown key '{key}'{nearest(str(location[-1]), known)}")
    if is_short(problem):
        key = ".".join(str(part) for part in location[:-1])
    elif problem["type"] == "missing":
        raise CardError(f"{source}: missing key '{key}'")
    raise CardError(f"{source}: {key or 'card'}: {what_is_wrong(problem, problems)}")


def _tuples(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _tuples(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return tuple(_tuples(item) for item in value)
    return value


def _keys_at(model: type[BaseModel], location: typing.Sequence[Any]) -> list[str]:
    """Return the keys that a table of the card may have."""
    here: type[BaseModel] | None = model
    for part in location:
        if isinstance(part, int) or here is None:
            continue
        fields = {field.alias or name: field for name, field in here.model_fields.items()}
        here = next(_models_in(fields[part].annotation), None) if part in fields else None
    return [field.alias or name for name, field in here.model_fields.items()] if here else []


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in typing.get_args(annotation):
        yield from _models_in(inner)
