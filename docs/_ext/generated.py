"""Pages made while the site is built: card keys from their models, public names, modules of formulas."""

import importlib
import inspect
import pkgutil
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from docutils import nodes
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

import darkmc
from darkmc.cards.load import MODELS, model_at

LOG = logging.getLogger(__name__)
FORMULAS = (
    "darkmc.portals.dark_axion",
    "darkmc.gminus2",
    "darkmc.sources.fits",
    "darkmc.sources.electromagnetic",
    "darkmc.limits",
    "darkmc.biasing.shield",
    "darkmc.core.beam_radiation",
    "darkmc.core.kinematics",
    "darkmc.core.flight",
)
_KINDS = {"detectors": "Experiments", "fluxes": "Meson sources", "runs": "Runs"}
_SIGNS: dict[type, tuple[str, str]] = {
    Gt: ("gt", ">"),
    Ge: ("ge", ">="),
    Lt: ("lt", "<"),
    Le: ("le", "<="),
}


def setup(app: Sphinx) -> dict[str, Any]:
    """Register what makes pages, and what finds links to functions that are not there."""
    app.connect("builder-inited", _write)
    app.connect("missing-reference", _missing)
    app.connect("autodoc-process-docstring", _escape)
    return {"parallel_read_safe": True}


def _write(app: Sphinx) -> None:
    folder = Path(app.srcdir) / "reference" / "generated"
    folder.mkdir(exist_ok=True)
    pages = {"cards": cards(), "python": python(), "formulas": formulas()}
    for name, text in pages.items():
        path = folder / f"{name}.md"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def _missing(_app: Sphinx, _env: BuildEnvironment, node: pending_xref, _content: nodes.Node) -> None:
    """Warn where our own text names a function of darkmc that has no entry."""
    written = node.get("refexplicit") or node.get("refdomain") == "py"
    if written and str(node.get("reftarget")).startswith("darkmc.") and "generated" not in node["refdoc"]:
        LOG.warning("no such function: %s", node["reftarget"], location=node)


def _escape(_app: Sphinx, _what: str, _name: str, _object: Any, _options: Any, lines: list[str]) -> None:
    """Keep |x| a modulus where reStructuredText would see a substitution."""
    for number, line in enumerate(lines):
        if "|" in line and not line.lstrip().startswith((">>>", "...")):
            parts = line.split("`")
            parts[::2] = [part.replace("|", "\\|") for part in parts[::2]]
            lines[number] = "`".join(parts)


def cards() -> str:
    """Return the page of all keys of all cards, each model once."""
    lines = [
        "# Keys of cards",
        "",
        "From the models that check cards; what keys mean: [cards](../../cards.md).",
        "",
    ]
    seen: set[type[BaseModel]] = set()
    for kind, title in _KINDS.items():
        lines += [f"## {title}", ""]
        models = MODELS[kind]  # type: ignore[index]
        for value, place in {"": models.unsaid, **models.said}.items():
            model = model_at(place)
            lines += [f"### {model.__name__}", "", *([f'`{models.key} = "{value}"`', ""] if value else [])]
            for table in _tables(model):
                if table not in seen:
                    seen.add(table)
                    lines += _table(table, top=table is model)
    return "\n".join(lines)


def _anchor(model: type[BaseModel]) -> str:
    return f"card-{model.__module__.rpartition('.')[2]}-{model.__name__}".lower()


def _tables(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for field in model.model_fields.values():
        for part in _parts(field.annotation):
            if inspect.isclass(part) and issubclass(part, BaseModel):
                yield from _tables(part)


def _parts(kind: Any) -> Iterator[Any]:
    yield kind
    if get_origin(kind) is not Literal:
        for part in get_args(kind):
            yield from _parts(part)


def _table(model: type[BaseModel], top: bool) -> list[str]:
    lines = [] if top else [f"({_anchor(model)})=", f"#### {model.__name__}", ""]
    lines += [_plain(inspect.getdoc(model) or ""), "", "| key | value | default |", "| --- | --- | --- |"]
    for name, field in model.model_fields.items():
        lines.append(f"| `{field.alias or name}` | {_kind(field.annotation, field)} | {_default(field)} |")
    return [*lines, ""]


def _plain(text: str) -> str:
    """Return a docstring without its sections, as one paragraph."""
    return " ".join(text.split("\n\nAttributes\n")[0].replace("|", "\\|").split())


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    if field.default_factory is not None or field.default is None:
        return ""
    if isinstance(field.default, BaseModel):
        return "its defaults"
    return f"`{field.default!r}`".replace("|", "\\|")


def _kind(kind: Any, field: FieldInfo | None = None) -> str:
    """Return what a value must be, in words."""
    bounds = "" if field is None else "".join(_bounds(field.metadata))
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Literal:
        return " or ".join(f'`"{part}"`' if isinstance(part, str) else f"`{part}`" for part in parts)
    if origin in (Union, types.UnionType):
        return " or ".join(_kind(part) for part in parts if part is not type(None)) + bounds
    if origin in (tuple, list):
        return f"list of {_kind(parts[0])}" + bounds
    if origin is dict or getattr(origin, "__name__", "") == "Mapping":
        return f"table of {_kind(parts[1])}"
    if origin is not None and hasattr(kind, "__metadata__"):
        return _kind(parts[0]) + "".join(_bounds(kind.__metadata__))
    if inspect.isclass(kind) and issubclass(kind, BaseModel):
        return f"[{kind.__name__}](#{_anchor(kind)})"
    words = {
        float: "number",
        int: "integer",
        str: "text",
        bool: "true or false",
        Path: "path",
        Any: "any value",
    }
    return words.get(kind, getattr(kind, "__name__", str(kind))) + bounds


def _bounds(metadata: Any) -> Iterator[str]:
    for item in metadata:
        for kind, (name, sign) in _SIGNS.items():
            if isinstance(item, kind):
                yield f" {sign} {getattr(item, name):g}".replace("<", "\\<").replace(">", "\\>")


def python() -> str:
    """Return the page of the public names."""
    lines = ["# Python", "", "Every public name of `darkmc`; units are GeV, metres and GeV^-1.", ""]
    for name in darkmc.__all__:
        value = getattr(darkmc, name)
        if inspect.isclass(value):
            lines += [
                f"## {name}",
                "",
                *_auto("autoclass", f"{value.__module__}.{name}", "members", "inherited-members: object"),
            ]
        elif inspect.isfunction(value):
            lines += [f"## {name}", "", *_auto("autofunction", f"{value.__module__}.{name}")]
    lines += ["## darkmc.gminus2", "", "Plain functions; also in the [formulas](formulas.md).", ""]
    return "\n".join(lines)


def formulas() -> str:
    """Return the page of the modules that hold formulas, samplers and densities."""
    lines = [
        "# Formulas, samplers, densities",
        "",
        "Names of modules are no part of the public interface.",
        "",
    ]
    for root in FORMULAS:
        module = importlib.import_module(root)
        names = [root]
        if hasattr(module, "__path__"):
            names = [f"{root}.{part.name}" for part in pkgutil.iter_modules(module.__path__)]
        for name in names:
            public = ", ".join(key for key in darkmc.__all__ if key in vars(importlib.import_module(name)))
            hidden = [f"exclude-members: {public}"] if public else []
            lines += [f"## {name}", "", *_auto("automodule", name, "members", *hidden)]
    return "\n".join(lines)


def _auto(directive: str, name: str, *options: str) -> list[str]:
    written = [f"   :{option}" if ": " in option else f"   :{option}:" for option in options]
    return ["```{eval-rst}", f".. {directive}:: {name}", *written, "```", ""]
