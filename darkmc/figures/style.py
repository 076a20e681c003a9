"""Look of all pictures: colours that differ in grey, sans text, vector output that can be searched."""

import logging
import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from textwrap import fill
from typing import Any

from darkmc.core.errors import PhysicsError
from darkmc.output.files import check_target, replacing

# Okabe-Ito with purple for its yellow, which is lost on white; arranged so that neighbours differ in
# luminance; hatches tell bands apart in grey.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000", "#6A3D9A")
HATCHES = ("", "////", "....", "\\\\\\\\", "xxxx", "||||", "++++", "----")
LINES: tuple[Any, ...] = (
    "-",
    (0, (5, 2)),
    (0, (1, 1.2)),
    (0, (6, 1.5, 1, 1.5)),
    (0, (8, 1.5, 1, 1.5, 1, 1.5)),
)
_FORMULA = "\uffff\uffff"  # stands for a formula while a label is wrapped: no character of any text
_HANDLE = 6  # letters that a line or patch of the legend takes, with its spaces
FORMATS = (".pdf", ".png", ".svg")
SETTINGS: Any = {
    "font.size": 11,
    "axes.linewidth": 0.9,
    "hatch.linewidth": 0.5,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "xtick.major.pad": 6.0,
    "ytick.major.pad": 5.0,
    "xtick.top": True,
    "ytick.right": True,
    "xtick.minor.visible": True,
    "ytick.minor.visible": True,
    "legend.frameon": False,
    "pdf.fonttype": 42,
    "savefig.dpi": 160,
}
M_DARK_PHOTON = r"dark photon mass $m_{\gamma^\prime}$ [GeV]"
COUPLING = r"coupling $G_{a\gamma\gamma^\prime}$ [GeV$^{-1}$]"


@contextmanager
def styled() -> Iterator[None]:
    """Apply the common settings to what is drawn inside."""
    import matplotlib as mpl

    with mpl.rc_context(SETTINGS):
        yield


def picture(path: str | os.PathLike[str], force: bool, inputs: Iterable[str | os.PathLike[str]] = ()) -> Path:
    """Return the path if a picture of a known format can be written there, or raise PhysicsError.

    `inputs` are files that are read for it.
    """
    if Path(path).suffix not in FORMATS:
        raise PhysicsError(f"{path}: the name of a picture ends in {', '.join(FORMATS)}")
    return check_target(path, force, inputs)


def save(figure: Any, outputs: Sequence[Path]) -> None:
    """Write a figure to files whose suffixes give the format; each is whole or not there."""
    logging.getLogger("fontTools").setLevel(logging.ERROR)  # it comments on the age of the fonts
    for output in outputs:
        drawn = BytesIO()  # first: a disk that is full makes the PDF writer stumble over itself
        figure.savefig(drawn, format=output.suffix[1:])
        with replacing(output) as temporary:
            temporary.write_bytes(drawn.getvalue())


def legend_above(axes: Any, letters: int, size: float = 10.0, more: Sequence[tuple[Any, str]] = ()) -> None:
    """Put the legend on top of the axes, where it covers no data, in as many columns as `letters` allow.

    `more` are handles and labels beyond those of the axes.
    """
    entries = [*zip(*axes.get_legend_handles_labels(), strict=True), *more]
    labels = [_wrapped(label, letters - _HANDLE) for _, label in entries]
    fitting = [n for n in range(1, 5) if _letters(labels, n) <= letters]
    place: Any = {"loc": "lower left", "bbox_to_anchor": (0.0, 1.0), "borderaxespad": 0.1}
    shape: Any = {"columnspacing": 1.2, "handletextpad": 0.5, "handlelength": 2.4}
    handles = [handle for handle, _ in entries]
    axes.legend(handles, labels, ncol=max(fitting, default=1), fontsize=size, **place, **shape)


def _wrapped(label: str, width: int) -> str:
    """Return a label in lines of at most `width` letters, a formula counting as two and left whole."""
    formulas = re.findall(r"\$[^$]*\$", label)
    text = fill(re.sub(r"\$[^$]*\$", _FORMULA, label), width)
    for formula in formulas:
        text = text.replace(_FORMULA, formula, 1)
    return text


def _letters(labels: Sequence[str], columns: int) -> int:
    """Return about how many letters wide a legend is; formulas count as two, and columns fill evenly."""
    widths = [max(len(line) for line in re.sub(r"\$[^$]*\$", "xx", label).split("\n")) for label in labels]
    rows, longer = divmod(len(widths), columns)
    total = 0
    for k in range(columns):
        column, widths = widths[: rows + (k < longer)], widths[rows + (k < longer) :]
        total += max(column, default=0) + _HANDLE
    return total


def log_ticks(axis: Any) -> None:
    """Label a logarithmic axis at powers of ten, and between them where it spans less than two decades."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    low, high = axis.get_view_interval()
    if high < 100.0 * low:
        # with fewer than two of its places in sight a LogLocator takes to linear ones, whose labels touch
        near = (1.0, 2.0, 3.0, 5.0, 7.0) if high < 4.0 * low else (1.0, 2.0, 5.0)
        axis.set_major_locator(LogLocator(subs=near if high < 10.0 * low else (1.0, 3.0)))
        short = low > 5e-4 and high < 1e4
        axis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}" if short else power(x)))
    else:
        axis.set_major_locator(LogLocator(numticks=8))
    axis.set_minor_locator(LogLocator(subs=tuple(range(2, 10)), numticks=30))
    axis.set_minor_formatter(NullFormatter())


def plain(text: str) -> str:
    """Return text from outside (names, titles, labels) so that a dollar sign starts no formula."""
    return text.replace("$", r"\$")


def energy(value: float) -> str:
    """Return an energy in GeV as text with the unit that suits its size."""
    for unit, scale in (("TeV", 1e3), ("GeV", 1.0), ("MeV", 1e-3), ("keV", 1e-6)):
        if value >= scale:
            return f"{value / scale:.4g} {unit}"
    return f"{value / 1e-9:.4g} eV"


def measured(value: float, error: float) -> str:
    """Return a value with its error, both to the digit that two figures of the error reach."""
    if not error > 0.0:
        return f"{value:.4g}"
    exponent = math.floor(math.log10(value)) if value > 0.0 else 0
    factor = 10.0**exponent if not -3 <= exponent < 6 else 1.0
    digits = max(0, 1 - math.floor(math.log10(error / factor)))
    text = rf"{value / factor:.{digits}f} $\pm$ {error / factor:.{digits}f}"
    return text if factor == 1.0 else rf"({text}) $\times$ {power(factor)}"


def point(values: Mapping[str, float]) -> str:
    """Return masses and a coupling as text for a label; some of them may be left out."""
    parts = []
    if "m_dark_photon_GeV" in values:
        parts.append(rf"$m_{{\gamma^\prime}}$ = {energy(values['m_dark_photon_GeV'])}")
    if "m_axion_GeV" in values:
        axion = values["m_axion_GeV"]
        parts.append(f"$m_a$ = {energy(axion) if axion > 0.0 else '0'}")
    if "coupling_per_GeV" in values:
        coupling = values["coupling_per_GeV"]
        parts.append(rf"$G$ = {f'{coupling:g}' if 0.1 <= coupling < 1e3 else power(coupling)} GeV$^{{-1}}$")
    return ", ".join(parts)


def power(value: float) -> str:
    """Return a number above zero as a x 10^n for a label."""
    exponent = math.floor(math.log10(value) + 1e-12)  # the logarithm of 10^n may fall short of n
    digits = f"{value / 10.0**exponent:.3g}"
    return rf"$10^{{{exponent}}}$" if digits == "1" else rf"${digits}\times10^{{{exponent}}}$"
