"""Command lines made from the options that the real parser has, with good values and odd ones."""

import inspect
import math

from hypothesis import strategies as st

from darkmc import gminus2
from darkmc.cli.parser import build_parser
from darkmc.gminus2 import LOOPS
from fuzz.strategies import WORDS, grids, numbers_as_text, plain_text, toml, toml_values, usually


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
seeds = usually(
    st.sampled_from(("1", "7", "0")),
    st.one_of(st.sampled_from((str(2**63), str(2**64), "-1", "1e3", "x", "\u0663")), numbers_as_text),
)
names = st.one_of(st.sampled_from(WORDS), plain_text)
overlays = st.sampled_from(
    ("curve.csv", "curve.csv:mine", "curve.csv:", "limit.csv", "nowhere.csv", "empty.csv", "sample.root",
    ":", "a\0b",
     "curve.csv:$x$", "curve.csv:$", "curve.csv:a:b", "curve.csv:\u00fc", "curve.csv:%s", "folder.root",
     "curve.csv:_")
)  # fmt: skip


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
        (
            "beam.pot=" + "[" * 2000,
            "beam.pot=2e18",
            "simulation.spin_correlations=false",
            "observed.background=900",
        )
    ),
)
SCANS = (
    *("beam.pot=1e18,2e18", "beam.pot=1e18:2e18:2", "simulation.signal=decay,conversion", "x=1", "beam.pot"),
    *("=", "beam.pot=", "observed.n_obs=0:2:3:lin", "cuts=1", "source.flux=a\0b", "beam.pot=1:0:3"),
    *("name=a,b", "beam.pot=[[1]]", "observed.background=nan,1"),
)
VALUES = {
    "experiment": usually(st.sampled_from(EXPERIMENTS), st.one_of(st.sampled_from(CARDS), names)),
    "m_dark_photon": usually(
        st.sampled_from(("30MeV", "5MeV", "0.1", "10MeV")), st.one_of(grids, numbers_as_text)
    ),
    "m_axion": usually(st.sampled_from(("0", "0.5x", "1MeV", "0.03", "2x")), numbers_as_text),
    "coupling": usually(st.sampled_from(("1e-4", "1e-3", "1e-5", "1")), numbers_as_text),
    "precision": usually(st.sampled_from(("0.5", "0.9", "0.3")), small_precision),
    "samples": usually(st.sampled_from(("300", "1", "2", "1000", "5")), small_number),
    "events": usually(st.sampled_from(("1", "2", "3", "20")), small_events),
    "seed": seeds,
    "workers": usually(st.just("1"), st.sampled_from(("0", "-1", "x", "", "1.5", "\u0661")), 3),
    "overrides": settings_of_keys,
    "preset": usually(st.sampled_from(("best", "tiny")), st.one_of(names, st.just("published"))),
    "output": usually(st.sampled_from(OUTPUTS), st.one_of(st.sampled_from(ODD_OUTPUTS), names)),
    "vary": st.sampled_from(("all", "harder", "harder,softer", "", ",", "x", "all,harder", "fewer-pions")),
    "name": usually(
        st.sampled_from(("limit.csv", "mine", "small.toml", "limits.toml", "bmpt-cu-400")), names, 3
    ),
    "run": usually(st.sampled_from(("limits.toml", "histogram.toml", "distances.toml")), names, 2),
    "sample": usually(st.just("sample.root"), st.sampled_from((*CARDS, "old.root", "limit.csv"))),
    "folder": st.sampled_from((".", "limits", "", "folder.root", "nowhere", "limit.csv", "a\0b")),
    "overlay": overlays,
    "energies": grids,
    "kind": usually(
        st.sampled_from(("experiments", "fluxes", "runs", "figures", "gminus2", "bounds")), names
    ),
    "dask": st.sampled_from(("", "nowhere", "slurms", "tcp://", "a\0b")),  # no other may be tried
    "scan": st.sampled_from(SCANS),
    "loop": usually(st.sampled_from(LOOPS), names),
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
                word.get(key, usually(st.sampled_from(("0.1", "30MeV", "1", "1TeV")), numbers_as_text, 4))
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
