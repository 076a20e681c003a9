"""What wild users type: numbers, names, options, values of cards, damaged bytes."""

import inspect
import json
import math
import tomllib
from pathlib import Path

from hypothesis import strategies as st

from darkmc import gminus2
from darkmc.cli import build_parser
from darkmc.gminus2 import LOOPS

ROOT = Path(__file__).parents[2]

# text ---------------------------------------------------------------------------------------------------
GOOD_NUMBERS = ("30MeV", "0.03", "1e-4", "5MeV", "2", "0.5x", "1e3keV", "1")
ODD_NUMBERS = (
    "0", "-1", "-30MeV", "nan", "inf", "-inf", "1e999", "1e-999", "1e300", "1e-300", "1e30", "1e12",
    "9" * 400,
    "-0", "1e", "e5", "0x10", "1_000", "1,5", "1 2", "", " ", "+5", ".", "..5", "\u00b2", "1\u00b2", "\u0663",
    "\uff15MeV", "30mev", "30 MeV", "MeV", "5x", "x", "-0.5x", "1e5x", "0.5xx", "one", "True", "1e-4GeV",
    "1:2",
    "1d-3", "\u2212" + "1", "1e1e1", "2147483648", "9223372036854775808", "18446744073709551616",
)  # fmt: skip
WORDS = (
    "", " ", "x", "pi0", "eta", "\u03c0\u2070", "\u00e9t\u00e9", "a" * 300, "none", "null", "-", "--", "\t",
    "a b",
    "%s", "{}", "$x$", "'", '"', "#", "a.b", "..", "../x", "/", "~", "*", "\u202e", "\U0001f600", "A\u0301",
    "nan", "true", "\\", "a=b", ":", "::", ",", ";",
)  # fmt: skip
plain_text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
numbers_as_text = st.one_of(
    st.sampled_from(GOOD_NUMBERS),
    st.sampled_from(ODD_NUMBERS),
    st.floats().map(repr),
    st.floats(1e-6, 1e3).map(lambda x: f"{x:.3g}"),
)
GOOD_GRIDS = ("30MeV", "5MeV,30MeV", "5MeV:30MeV:2", "5MeV:30MeV:2:lin", "0.6", "1e-300", "3")
ODD_GRIDS = (
    "5MeV:30MeV:0", "5MeV:30MeV:2.5", "30MeV:5MeV:2", "5MeV:30MeV:1e9", "5MeV:30MeV:99999999999", "1:1:1",
    "5MeV:30MeV:\u00b2", "5MeV:30MeV:\u0663", "::", ":::", "1:2:3:4", "1:2:3:lag", ",", ",,1MeV", "1;2",
    "0:1:2",
    "nan:1:2", "1:inf:2", "1e-320:1e308:2", "1:2:-3", "1MeV:1.0000000000000001MeV:2", "5MeV,nan", "5MeV,-1",
)  # fmt: skip
grids = st.one_of(st.sampled_from(GOOD_GRIDS), st.sampled_from(ODD_GRIDS), numbers_as_text)

# values of cards and arguments ----------------------------------------------------------------------------
wild_floats = st.one_of(
    st.sampled_from((0.0, -0.0, 1.0, -1.0, 1e-300, 5e-324, 1e300, 1e200, 1e-200, 1e30, 1e12, math.inf)),
    st.sampled_from((math.nan, 0.5, 1e-9, 1e9, 1e5, 1e-5, 3.141592653589793, 90.0, 180.0, 1.0 - 1e-16)),
    st.floats(),
)  # fmt: skip
wild_integers = st.one_of(
    st.sampled_from((0, 1, -1, 2, 3, 100, 1000, 2**31, 2**63 - 1, -(2**63))), st.integers(-9, 300)
)
scalars = st.one_of(
    wild_floats,
    wild_integers,
    st.booleans(),
    st.sampled_from(WORDS),
    st.sampled_from(GOOD_NUMBERS),
    plain_text,
)
toml_values = st.one_of(
    scalars,
    st.lists(scalars, max_size=4),
    st.dictionaries(st.sampled_from(("name", "min", "x", "a gamma", "at", "C", "", "\u00b5")), scalars, max_size=3),  # noqa: E501
    st.lists(st.lists(scalars, max_size=2), max_size=2),
)  # fmt: skip


def toml(value):
    """Return a value as TOML; tables inline."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, str):
        return '"' + "".join(_escaped(letter) for letter in value) + '"'
    return repr(value)


def _escaped(letter):
    code = ord(letter)
    if letter in '"\\' or code < 32 or code == 127:
        return f"\\u{code:04x}"
    return letter


def card_text(data):
    """Return the text of a card of plain data."""
    return "\n".join(f"{toml_key(key)} = {toml(value)}" for key, value in data.items()) + "\n"


def toml_key(key):
    return toml(str(key))


def places(data, prefix=()):
    """Every key of nested tables and every place of their lists, as tuples."""
    found = []
    items = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in items:
        found.append((*prefix, key))
        if isinstance(value, dict | list):
            found += places(value, (*prefix, key))
    return found


def _inside(data, place):
    for key in place:
        data = data[key]
    return data


def _nudged(draw, value):
    """Return a value of the same kind that is near, far, or at the edge."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return draw(st.sampled_from((value + 1, value - 1, 2 * value, -value, float(value), 10**9 * value)))
    if isinstance(value, float):
        factor = st.sampled_from((0.5, 2.0, 10.0, 0.1, 1e3, 1e-3, 1e9, 1e-9, 1e150, 1e-150, -1.0, 0.0))
        return draw(
            st.one_of(
                factor.map(lambda x: value * x), st.just(value + 1.0), st.floats(0.0, 2.0).map(value.__mul__)
            )
        )
    if isinstance(value, str):
        return draw(
            st.sampled_from(
                (value.upper(), value[:-1], value + " ", f"../{value}", "\u00fc" + value, [value])
            )
        )
    if isinstance(value, list):
        return draw(st.sampled_from((value[:-1], value * 2, value[::-1], [value], [])))
    return {}


@st.composite
def mutated(draw, data, most=3):
    """Plain data of a card with up to `most` keys changed, removed, added, nested or exchanged."""
    data = json.loads(json.dumps(data))
    for _ in range(draw(st.sampled_from((1, 1, 1, 2, most)))):
        everything = places(data)
        if not everything:
            break
        numbers = [p for p in everything if type(_inside(data, p)) in (int, float)]
        place = draw(st.sampled_from(numbers if numbers and draw(st.booleans()) else everything))
        table, key = _inside(data, place[:-1]), place[-1]
        what = draw(st.sampled_from(("near",) * 8 + ("wild", "wild", "remove", "add", "nest", "exchange")))
        if what == "wild":
            table[key] = draw(toml_values)
        elif what == "near":
            table[key] = _nudged(draw, table[key])
        elif what == "remove":
            del table[key]
        elif what == "nest":
            table[key] = {"x": table[key]} if draw(st.booleans()) else [table[key]]
        elif what == "add" and isinstance(table, dict):
            table[draw(st.sampled_from(("x", "min", "weight", "roll_rad", "axis", "", "\u00fc")))] = draw(
                toml_values
            )
        elif what == "exchange":
            other = draw(st.sampled_from(everything))
            table[key] = json.loads(json.dumps(_inside(json.loads(json.dumps(data)), other)))
    return data


def shipped(kind, name):
    """Plain data of a shipped card."""
    return tomllib.loads((ROOT / kind / f"{name}.toml").read_text(encoding="utf-8"))


# bytes ----------------------------------------------------------------------------------------------------
@st.composite
def damaged(draw, content, most=3):
    """Bytes with some of them changed, cut out, doubled or cut off."""
    content = bytearray(content)
    for _ in range(draw(st.integers(1, most))):
        start = draw(st.integers(0, max(len(content) - 1, 0)))
        size = draw(st.sampled_from((1, 1, 2, 8, 64)))
        what = draw(st.sampled_from(("change", "change", "cut", "double", "end", "insert", "zero")))
        if what == "change":
            content[start : start + 1] = draw(st.binary(min_size=1, max_size=1))
        elif what == "cut":
            del content[start : start + size]
        elif what == "double":
            content[start:start] = content[start : start + size]
        elif what == "end":
            del content[start:]
        elif what == "insert":
            content[start:start] = draw(st.binary(max_size=8))
        else:
            content[start : start + size] = bytes(len(content[start : start + size]))
    return bytes(content)


FIELDS = (
    "nan", "inf", "-inf", "1e999", "", "-1", "0", "x", "1D-01", "1e-400", "1,2", "\u0663", "9" * 50,
    "1e300", "1e19",
    "99999999999", "-0", "0x1", "#", "true", '"', "'", '"1', "2147483648", "1e5", "\ufeff", "\0",
)  # fmt: skip


@st.composite
def with_wild_fields(draw, text, most=3):
    """Text with some of its words or cells exchanged, or lines removed, doubled or emptied."""
    lines = text.splitlines()
    for _ in range(draw(st.integers(1, most))):
        if not lines:
            break
        number = draw(st.integers(0, len(lines) - 1))
        what = draw(st.sampled_from(("field", "field", "field", "remove", "double", "empty", "join")))
        if what == "field":
            mark = "," if "," in lines[number] else " "
            cells = lines[number].split(mark)
            cells[draw(st.integers(0, len(cells) - 1))] = draw(st.one_of(st.sampled_from(FIELDS), plain_text))
            lines[number] = mark.join(cells)
        elif what == "remove":
            del lines[number]
        elif what == "double":
            lines.insert(number, lines[number])
        elif what == "empty":
            lines[number] = ""
        elif number:
            lines[number - 1] += lines.pop(number)
    return "\n".join(lines) + "\n"


# command lines --------------------------------------------------------------------------------------------
def commands():
    """Return the parsers of all commands by name, from the real command line."""
    (subparsers,) = (
        a for a in build_parser()._actions if hasattr(a, "choices") and isinstance(a.choices, dict)
    )
    return dict(subparsers.choices)


def _number(text):
    try:
        return float(text)
    except ValueError:
        return math.nan


EXPERIMENTS = ("small.toml",) * 6 + ("belle2-phase3", "charm-finegrained")
CARDS = (
    "limits.toml",
    "nowhere.toml",
    "bytes.toml",
    "list.txt",
    "folder.root",
    "charm",
    "",
    "../small.toml",
    "a\0b",
)
OUTPUTS = ("x.root", "x.csv", "x.png", "x.toml", "x.svg", "x.pdf")
ODD_OUTPUTS = (
    "old.root", "old.csv", "folder.root", "no/x.root", "old.csv/x.root", "", ".", "..", "/", "x", ".root",
    "\u00fc.root",
    "a" * 300 + ".csv", "x\0.root", "x.ROOT", "small.toml", "limit.csv", "loop.root", "nowhere.root",
    "linked.csv",
    "x\ny.csv", "-x.root", "\u202ex.png", "x.txt", "full/x.csv", "/proc/x.root", "/proc/self/x.csv",
    "\udcff.csv",
)  # fmt: skip
small_precision = numbers_as_text.filter(lambda text: not 0.0 < _number(text) < 0.2)
small_number = numbers_as_text.filter(lambda text: not 5000.0 < _number(text) < 1e11)
small_events = numbers_as_text.filter(lambda text: not _number(text) > 50.0)
seeds = st.one_of(
    st.sampled_from(("1", "7", "0", str(2**63), str(2**64), "-1", "1e3", "x", "\u0663")), numbers_as_text
)
names = st.one_of(st.sampled_from(WORDS), plain_text)
overlays = st.sampled_from(
    ("curve.csv", "curve.csv:mine", "curve.csv:", "limit.csv", "nowhere.csv", "empty.csv", "sample.root",
    ":", "a\0b",
     "curve.csv:$x$", "curve.csv:$", "curve.csv:a:b", "curve.csv:\u00fc", "curve.csv:%s", "folder.root",
     "curve.csv:_")
)  # fmt: skip


def _usually(good, odd, share=8):
    """Mostly the one, seldom the other."""
    return st.integers(0, share).flatmap(lambda k: odd if k == 0 else good)


_KEYS = (
    "beam.pot", "beam.momentum_GeV", "beam.particle", "beam.origin_m", "geometry.shape", "geometry.centre_m",
    "geometry.size_m", "geometry.axis", "geometry.roll_rad", "geometry", "cuts.energy.min",
    "cuts.energy.max", "cuts",
    "cuts.energy.observable", "source.flux", "source.mesons", "signal.efficiency", "signal.branching_factor",
    "signal.final_states", "observed.n_obs", "observed.background", "observed.n_limit",
    "observed.confidence_level",
    "observed.background_error", "simulation.biasing", "simulation.signal", "simulation.spin_correlations",
    "flux.pi0_per_pot", "flux.ratios.eta", "flux.beam.energy_GeV", "flux.target.mass_number",
    "flux.target.material",
    "flux.parameters.alpha", "flux.parameters.B", "flux.validity.momentum_max_GeV", "flux.name", "name",
    "schema",
    "material.composition", "material.density_g_cm3", "material.fill", "topology", "presets.x", "x", "",
    ".", "a..b",
    "beam", "beam.pot.x", "cuts.0.min", "flux", "flux.", "references", "references.me.grade",
    "beam luminosity",
)  # fmt: skip
_CARD_VALUES = st.one_of(
    toml_values.map(toml),
    numbers_as_text,
    st.sampled_from(("1e18", "[0.0,0.0,50.0]", "mine.toml", "none", "[", "''")),
)
settings_of_keys = st.one_of(
    st.tuples(st.sampled_from(_KEYS), _CARD_VALUES).map("=".join),
    names,
    st.sampled_from(
        ("beam.pot=" + "[" * 2000, "beam.pot=2e18", "simulation.biasing='none'", "observed.background=900")
    ),
)
VALUES = {
    "experiment": _usually(st.sampled_from(EXPERIMENTS), st.one_of(st.sampled_from(CARDS), names)),
    "m_dark_photon": _usually(
        st.sampled_from(("30MeV", "5MeV", "0.1", "10MeV")), st.one_of(grids, numbers_as_text)
    ),
    "m_axion": _usually(st.sampled_from(("0", "0.5x", "1MeV", "0.03", "2x")), numbers_as_text),
    "coupling": _usually(st.sampled_from(("1e-4", "1e-3", "1e-5", "1")), numbers_as_text),
    "precision": _usually(st.sampled_from(("0.5", "0.9", "0.3")), small_precision),
    "samples": _usually(st.sampled_from(("300", "1", "2", "1000", "5")), small_number),
    "events": _usually(st.sampled_from(("1", "2", "3", "20")), small_events),
    "seed": seeds,
    "workers": _usually(st.just("1"), st.sampled_from(("0", "-1", "x", "", "1.5", "\u0661")), 3),
    "overrides": settings_of_keys,
    "preset": _usually(st.sampled_from(("best", "tiny")), st.one_of(names, st.just("published"))),
    "output": _usually(st.sampled_from(OUTPUTS), st.one_of(st.sampled_from(ODD_OUTPUTS), names)),
    "vary": st.sampled_from(("all", "harder", "harder,softer", "", ",", "x", "all,harder", "fewer-pions")),
    "name": _usually(
        st.sampled_from(("limit.csv", "mine", "small.toml", "limits.toml", "bmpt-cu-400")), names, 3
    ),
    "run": _usually(st.sampled_from(("limits.toml", "histogram.toml", "distances.toml")), names, 2),
    "sample": _usually(st.just("sample.root"), st.sampled_from((*CARDS, "old.root", "limit.csv"))),
    "folder": st.sampled_from((".", "limits", "", "folder.root", "nowhere", "limit.csv", "a\0b")),
    "overlay": overlays,
    "energies": grids,
    "kind": _usually(st.sampled_from(("experiments", "fluxes", "runs", "figures", "gminus2")), names),
    "loop": _usually(st.sampled_from(LOOPS), names),
}
_RARE = {
    "run": 1,
    "plot": 1,
    "figure": 2,
    "decay-length": 1,
    "limit": 3,
    "generate": 4,
    "rate": 9,
    "gminus2": 5,
}
_ALWAYS = {"run": ("--workers", "1"), "limit": ("--precision", "0.5"), "rate": ("--samples", "200")}


@st.composite
def _of_a_loop(draw):
    """Keys and values for a loop of g - 2."""
    loop = draw(VALUES["loop"])
    known = list(inspect.signature(getattr(gminus2, loop)).parameters) if loop in LOOPS else ["mass"]
    words = [loop]
    for key in known:
        if draw(st.integers(0, 15)):
            word = {
                "lepton": st.sampled_from(("mu", "e", "tau", "x")),
                "boson": st.sampled_from(("photon", "Z", "W")),
            }
            value = draw(
                word.get(key, _usually(st.sampled_from(("0.1", "30MeV", "1", "1TeV")), numbers_as_text, 4))
            )
            words += [f"--{key.replace('_', '-')}", value] if draw(st.booleans()) else [f"--{key}={value}"]
    return words + draw(
        st.sampled_from(([], [], ["--json"], ["--help"], ["--x", "1"], ["x"], ["--"], ["--mass"]))
    )


@st.composite
def command_lines(draw):
    """Arguments of a command from the options that it really has, with good values or odd ones."""
    parsers = commands()
    everything = [name for name in parsers for _ in range(_RARE.get(name, 1))]
    name = draw(st.sampled_from(everything))
    if name == "gminus2":
        return [name, *draw(_of_a_loop())]
    words, given = [name], set()
    for action in parsers[name]._actions:
        if action.dest == "help" or (action.option_strings and not _wanted(draw, action)):
            continue
        for _ in range(draw(st.integers(1, 2)) if type(action).__name__ == "_AppendAction" else 1):
            given.add(action.dest)
            words += _words_of(draw, action)
    option, value = _ALWAYS.get(name, ("", ""))
    if option and not given & {option[2:], "precision"}:
        words += [option, value]
    if draw(st.integers(0, 20)) == 0:
        words.insert(
            draw(st.integers(0, len(words))),
            draw(st.one_of(names, st.sampled_from(("--help", "--version", "-h")))),
        )
    return words


def _wanted(draw, action):
    return draw(st.integers(0, 40)) > 0 if action.required else draw(st.integers(0, 2)) == 0


def _words_of(draw, action):
    """Return the words of one argument: its name and its value, where it takes them."""
    if action.nargs == 0:
        return [action.option_strings[-1]]
    choices = st.sampled_from(tuple(action.choices)) if action.choices else names
    value = draw(VALUES.get(action.dest, choices))
    if not action.option_strings:
        return [value]
    name = action.option_strings[-1]
    return [f"{name}={value}"] if name.startswith("--") and draw(st.booleans()) else [name, value]
