"""Look of all pictures: styles, colours that differ in grey, vector output whose text can be searched."""

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

from darkmc.core.errors import PhysicsError, first_line, nearest
from darkmc.core.input_files import read_text
from darkmc.output.files import check_target, replacing

HATCHES = ("", "////", "....", "\\\\\\\\", "xxxx", "||||", "++++", "----")
LINES: tuple[Any, ...] = (
    "-",
    (0, (5, 2)),
    (0, (1, 1.2)),
    (0, (6, 1.5, 1, 1.5)),
    (0, (8, 1.5, 1, 1.5, 1, 1.5)),
)
STYLES = ("paper", "slides")
_READABLE, _GAMMA = 0.11, 2.2  # luminance of letters at most, and from what is drawn to light, about
_SUFFIX = ".mplstyle"
_FORMULA = "\uffff\uffff"  # stands for a formula while a label is wrapped: no character of any text
_COLUMNS = 4  # of a legend, at most
_HANDLE = 8  # letters that a line or patch of the legend takes, with its spaces
_LETTER = 0.55  # width over size of the letters of a legend, about
FORMATS = (".pdf", ".png", ".svg")
M_DARK_PHOTON = r"dark photon mass $m_{\gamma^\prime}$ [GeV]"
COUPLING = r"coupling $G_{a\gamma\gamma^\prime}$ [GeV$^{-1}$]"


@contextmanager
def styled(style: str = STYLES[0]) -> Iterator[None]:
    """Draw in a style what is drawn inside.

    Parameters
    ----------
    style : str
        ``paper`` or ``slides``, or a file of Matplotlib's settings that ends in .mplstyle, which changes
        some of those of the first.

    Raises
    ------
    PhysicsError
        If there is no such style, or a line of the file is no setting.
    """
    import matplotlib as mpl

    with mpl.rc_context(_settings(style)):
        yield


def _settings(style: str) -> Any:
    if style not in STYLES and not style.endswith(_SUFFIX):
        raise PhysicsError(
            f"unknown style '{style}'{nearest(style, STYLES)}, or a file that ends in {_SUFFIX}"
        )
    here = Path(__file__)
    files = [here.with_name(STYLES[0] + _SUFFIX)]
    if style != STYLES[0]:
        files.append(here.with_name(style + _SUFFIX) if style in STYLES else Path(style))
    return {key: value for path in files for key, value in _read(path).items()}


def _read(path: Path) -> Any:
    """Return the settings in a file, each checked by Matplotlib."""
    import matplotlib as mpl

    found: Any = mpl.RcParams()
    for number, line in enumerate(read_text(path, PhysicsError).splitlines(), 1):
        text = line.partition("#")[0].strip()
        key, colon, value = (part.strip() for part in text.partition(":"))
        if not text:
            continue
        if not colon:
            raise PhysicsError(f"{path}:{number}: write SETTING : VALUE")
        try:
            found[key] = value.strip('"')
        except KeyError:
            raise PhysicsError(
                f"{path}:{number}: unknown setting '{key}'{nearest(key, mpl.rcParams)}"
            ) from None
        except ValueError as error:
            raise PhysicsError(f"{path}:{number}: {key}: {first_line(error)}") from None
    return dict(found)


def colour(number: int) -> str:
    """Return a colour of the style by its number; they are taken again after the last."""
    import matplotlib as mpl

    colours: Sequence[str] = mpl.rcParams["axes.prop_cycle"].by_key().get("color", ["black"])
    return colours[number % len(colours)]


def light(colour: str, strength: float) -> tuple[float, ...]:
    """Return a colour on white of this strength, 0 to 1: opaque, so that areas do not mix."""
    from matplotlib.colors import to_rgb

    return tuple(1.0 - strength * (1.0 - part) for part in to_rgb(colour))


def dark(colour: str) -> tuple[float, ...]:
    """Return a colour dark enough for letters on a light shade of it."""
    from matplotlib.colors import to_rgb

    red, green, blue = to_rgb(colour)
    luminance = 0.2126 * red**_GAMMA + 0.7152 * green**_GAMMA + 0.0722 * blue**_GAMMA
    factor = min(1.0, (_READABLE / luminance) ** (1.0 / _GAMMA)) if luminance > 0.0 else 1.0
    return red * factor, green * factor, blue * factor


def width(factor: float = 1.0) -> float:
    """Return a width of lines: this factor of the style's."""
    import matplotlib as mpl

    return factor * float(mpl.rcParams["lines.linewidth"])


def size(columns: float = 1.0, height: float = 1.0) -> tuple[float, float]:
    """Return the size of a picture in inches: so many columns wide, so many of the style's heights high."""
    import matplotlib as mpl

    one = mpl.rcParams["figure.figsize"]
    return columns * float(one[0]), height * float(one[1])


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


def legend_above(axes: Any, share: float = 0.86, more: Sequence[tuple[Any, str]] = ()) -> None:
    """Put the legend on top of the axes, where it covers no data, in as many columns as fit.

    `share` of the figure's width is the axes'; `more` are handles and labels beyond those of the axes.
    """
    entries = [*zip(*axes.get_legend_handles_labels(), strict=True), *more]
    labels = [_wrapped(label, letters_across(axes.figure, share) - _HANDLE) for _, label in entries]
    handles = [handle for handle, _ in entries]
    place: Any = {"loc": "lower left", "bbox_to_anchor": (0.0, 1.0), "borderaxespad": 0.1}
    shape: Any = {"columnspacing": 1.2, "handletextpad": 0.5, "handlelength": 2.4}
    room = share * axes.figure.figure.bbox.width
    for columns in range(min(_COLUMNS, len(entries)), 0, -1):
        legend = axes.legend(handles, labels, ncol=columns, **place, **shape)
        if legend.get_window_extent().width <= room:
            break


def letters_across(figure: Any, share: float = 1.0) -> int:
    """Return about how many letters of a legend stand beside each other in a share of a figure's width."""
    import matplotlib as mpl
    from matplotlib.font_manager import FontProperties

    points = FontProperties(size=mpl.rcParams["legend.fontsize"]).get_size_in_points()
    inches: float = figure.figure.get_size_inches()[0]
    return int(72.0 * share * inches / (_LETTER * points))


def _wrapped(label: str, width: int) -> str:
    """Return a label in lines of at most `width` letters, a formula counting as two and left whole."""
    formulas = re.findall(r"\$[^$]*\$", label)
    text = fill(re.sub(r"\$[^$]*\$", _FORMULA, label), width)
    for formula in formulas:
        text = text.replace(_FORMULA, formula, 1)
    return text


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
