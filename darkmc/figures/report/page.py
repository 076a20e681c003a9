"""The page: a picture by Bokeh and the texts of a run, in one file that needs neither server nor network."""

import html
import json
import math
import re
from collections.abc import Iterable, Sequence
from importlib import import_module, resources
from pathlib import Path
from typing import Any, NamedTuple

from darkmc.core.errors import PhysicsError, how_to_get
from darkmc.figures.report.curves import Curve

_MARK = re.compile(r"\{\{(\w+)\}\}")
_HEIGHT, _LEGEND_ROW = 600, 23  # pixels
_BANDS = 0.18  # opacity of what is excluded
_HOVER = (
    ("", "@name"),
    ("m(\u03b3\u2032)", "@mass_text GeV"),
    ("m(a)", "@m_axion GeV"),
    ("lower edge", "@lower \u00b1 @lower_error GeV\u207b\u00b9"),
    ("upper edge", "@upper \u00b1 @upper_error GeV\u207b\u00b9"),
    ("", "@reason"),
)


class Texts(NamedTuple):
    """What stands below the picture.

    Attributes
    ----------
    tables : sequence of path
        Tables that are shown to be copied.
    version : str
        Of darkmc.
    manifest : str
        JSON; empty: there is none.
    references : str
        BibTeX; empty: none are known.
    """

    tables: Sequence[Path]
    version: str
    manifest: str = ""
    references: str = ""


def report(
    title: str, curves: Sequence[Curve], texts: Texts, couplings: tuple[float, float] | None = None
) -> str:
    """Return the page.

    Parameters
    ----------
    title : str
        Above the picture.
    curves : sequence of Curve
        At least one.
    texts : Texts
        What stands below it.
    couplings : pair of float, optional
        GeV^-1, between which the picture begins.

    Raises
    ------
    PhysicsError
        If Bokeh is not installed.
    """
    try:
        embed, built = import_module("bokeh.embed"), import_module("bokeh.resources")
    except ImportError:
        raise PhysicsError(f"report needs Bokeh: {how_to_get('report')}") from None
    layout = _layout(curves, couplings)
    script, divisions = embed.components(layout, wrap_script=True)
    inline = built.Resources(mode="inline", components=["bokeh", "bokeh-widgets"])
    pieces = resources.files("darkmc.figures.report")
    parts = {
        "title": html.escape(title),
        "version": texts.version,
        "library": inline.render_js(),
        "picture": divisions + script,
        "texts": _texts(texts),
        "curves": json.dumps([curve.numbers() for curve in curves]).replace("<", "\\u003c"),
        "behaviour": (pieces / "page.js").read_text(encoding="utf-8"),
    }
    page = (pieces / "page.html").read_text(encoding="utf-8")
    return _MARK.sub(lambda mark: parts[mark[1]], page)


def _layout(curves: Sequence[Curve], couplings: tuple[float, float] | None) -> Any:
    """Return the picture with its switches."""
    plotting, models = import_module("bokeh.plotting"), import_module("bokeh.models")
    figure = plotting.figure(
        x_axis_type="log",
        y_axis_type="log",
        width=980,
        height=_HEIGHT + _LEGEND_ROW * math.ceil(len(curves) / 2),
        **({} if couplings is None else {"y_range": couplings}),
        tools="pan,wheel_zoom,box_zoom,reset,save",
        active_scroll="wheel_zoom",
        x_axis_label="dark photon mass [GeV]",
        y_axis_label="coupling G [GeV^-1]",
        sizing_mode="stretch_width",
        name="exclusion",
    )
    drawn: list[list[Any]] = []
    dots: list[Any] = []
    for curve in curves:
        drawn.append(_draw(figure, curve))
        dots.append(drawn[-1][-1])
    hover = models.HoverTool(tooltips=list(_HOVER), renderers=dots, name="hover")
    figure.add_tools(hover)
    figure.legend.ncols = 2
    figure.add_layout(figure.legend[0], "below")
    figure.legend.click_policy = "hide"
    figure.legend.label_text_font_size = "9pt"
    figure.js_on_event("tap", models.CustomJS(code="window.darkmc.at(cb_obj.x, cb_obj.y)"))
    presets = list(dict.fromkeys(curve.preset for curve in curves))
    if len(presets) < 2:
        return figure
    return import_module("bokeh.layouts").column(
        _switch(models, presets, curves, drawn), figure, sizing_mode="stretch_width"
    )


def _draw(figure: Any, curve: Curve) -> list[Any]:
    """Draw a curve, and return what was drawn, the points last."""
    label = f"{curve.name} ({curve.preset})" if curve.marked else curve.name
    dash = "dotted" if curve.marked else "dashed" if curve.projection else "solid"
    fill = 0.0 if curve.projection or curve.marked else _BANDS
    found = [
        figure.patch(
            masses, couplings, color=curve.colour, fill_alpha=fill, line_alpha=0.0, legend_label=label
        )
        for masses, couplings in curve.outlines
    ]
    line = {"line_color": curve.colour, "line_width": 1.8, "line_dash": dash}
    found.append(figure.multi_line(*curve.edges, legend_label=label, **line))
    source = import_module("bokeh.models").ColumnDataSource(curve.points())
    dots = figure.scatter(
        "mass", "coupling", source=source, size=5, color=curve.colour, legend_label=label, name="points"
    )
    return [*found, dots]


def _switch(models: Any, presets: list[str], curves: Sequence[Curve], drawn: list[list[Any]]) -> Any:
    """Return the buttons that show one preset, or all."""
    buttons = models.RadioButtonGroup(labels=[*presets, "all"], active=len(presets), name="presets")
    code = "all.forEach((part, i) => { part.visible = this.active == n || which[i] == this.active })"
    parts = [part for some in drawn for part in some]
    which = [presets.index(c.preset) for c, some in zip(curves, drawn, strict=True) for _ in some]
    arguments = {"all": parts, "which": which, "n": len(presets)}
    buttons.js_on_change("active", models.CustomJS(args=arguments, code=code))
    return buttons


def _texts(texts: Texts) -> str:
    pieces = [(path.name, path.read_text(encoding="utf-8")) for path in texts.tables]
    below = [*pieces]
    if texts.manifest:
        below.append(("manifest: versions, cards, seeds, times", texts.manifest))
    if texts.references:
        below.append(("references (BibTeX)", texts.references))
    return "\n".join(_folded(below))


def _folded(pieces: Iterable[tuple[str, str]]) -> Iterable[str]:
    for name, text in pieces:
        yield (
            f"<details><summary>{html.escape(name)}</summary>"
            f'<button class="copy">copy</button><pre>{html.escape(text)}</pre></details>'
        )
