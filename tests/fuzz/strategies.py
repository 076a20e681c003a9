"""What wild users type: numbers, names, options, values of cards, damaged bytes."""

import json
import math
import tomllib

from helpers import ROOT
from hypothesis import strategies as st

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


def usually(good, odd, share=8):
    """Mostly the one, seldom the other."""
    return st.integers(0, share).flatmap(lambda k: odd if k == 0 else good)


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
