"""How lower edges have moved against those of another preset: a panel below the plane."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from darkmc.core.kinematics import Array
from darkmc.figures.areas import DOTTED
from darkmc.figures.style import width

_LEAST, _MOST = 0.2, 5.0  # the panel is no higher than this


class Ratio(NamedTuple):
    """Lower edges over those of another preset, of one search.

    Attributes
    ----------
    stem : str
        Of its table.
    whole : bool
        Whether with what is new; else only with what is corrected.
    mass, value, error : array (n,)
        Masses in GeV, ratios, and their Monte Carlo errors.
    """

    stem: str
    whole: bool
    mass: Array
    value: Array
    error: Array


def draw_ratios(axes: Any, ratios: Sequence[Ratio], tints: Mapping[str, str]) -> None:
    """Draw ratios: solid with what is new, dotted without it, each with its error."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_yscale("log")
    for ratio in ratios:
        tint = tints[ratio.stem]
        line: Any = {"color": tint, "ls": "-" if ratio.whole else DOTTED, "lw": width()}
        axes.plot(ratio.mass, ratio.value, **line)
        low, high = ratio.value - ratio.error, ratio.value + ratio.error
        axes.fill_between(ratio.mass, np.maximum(low, 1e-3), high, color=tint, alpha=0.4, lw=0.0)
    axes.axhline(1.0, color="0.5", lw=width(0.5), zorder=0.5)
    values = np.concatenate([ratio.value for ratio in ratios])
    values = values[np.isfinite(values)]
    axes.set_ylim(max(_LEAST, 0.85 * values.min()), min(_MOST, 1.15 * values.max()))
    axes.set_ylabel("lower edge,\nnew over old", fontsize="small")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
