"""Imports go downwards only, and formulas neither read files, print, nor make random generators.

The order is that of the architecture, with one change: an Experiment offers its own limit, so `limits`,
which knows nothing of experiments, lies below them.
"""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "darkmc"
ORDER = (
    "constants errors",
    "kinematics rng particles units sampling materials progress process input_files",
    "cards schema run_schema collider_schema flux_schema target_schema catalogue list_files hepmc_files"
    " hepmc_scan"
    " | directions geometry propagation response selection current estimates rows sample counting limits",
    "generators gminus2",
    "mesons",
    "portal",
    "experiments",
    "figures scan output",
    "run_tables run_colliders runs cli cli_commands cli_gminus2 __main__",
)
LAYER = {name: k for k, names in enumerate(ORDER) for name in names.split() if name != "|"}
CARDS, PHYSICS = (set(part.split()) for part in ORDER[2].split("|"))
MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}
FORMULAS = [
    name
    for name in MODULES
    if name.split(".")[0] in {"generators", "gminus2", *ORDER[0].split(), *PHYSICS}
    or name
    in {
        "kinematics",
        "particles",
        "units",
        "sampling",
        "materials",
        "mesons.bmpt",
        "mesons.burman_smith",
        "mesons.sanford_wang",
    }
]
each_module = pytest.mark.parametrize("name", [name for name in MODULES if name != "__init__"])


def runtime_nodes(tree):
    """Yield all nodes but those under `if TYPE_CHECKING:`."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node
        yield from runtime_nodes(node)


def parse(name):
    return ast.parse(MODULES[name].read_text(encoding="utf-8"))


def imported(name):
    """Return the darkmc modules that a module imports, anywhere in it; '' is the package itself."""
    found = set()
    for node in runtime_nodes(parse(name)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}: a relative import"
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            modules = {module for module in inside if module.removeprefix("darkmc.") in MODULES}
            found |= modules or {node.module}
    own = {module for module in found if module == "darkmc" or module.startswith("darkmc.")}
    return {module.removeprefix("darkmc").removeprefix(".") for module in own}


def top(module):
    return module.split(".")[0]


def test_the_reader_reads():
    """The rest would pass on an empty list."""
    assert len(MODULES) > 30
    assert "experiments" in map(top, imported("scan"))
    assert {"generators.meson_decay", "current"} <= imported("portal")
    assert len(FORMULAS) > 10


@each_module
def test_every_module_has_a_layer(name):
    assert top(name) in LAYER, f"say in ORDER where {name} belongs"


@each_module
def test_imports_go_downwards(name):
    upwards = [other for other in imported(name) if other and LAYER[top(other)] > LAYER[top(name)]]
    assert upwards == []


@each_module
def test_warnings_are_darkmcs_own(name):
    """The command line shows only these under its own name."""
    calls = [node for node in runtime_nodes(parse(name)) if isinstance(node, ast.Call)]
    for call in (call for call in calls if ast.unparse(call.func) == "warnings.warn"):
        assert ast.unparse(call.args[1]) in {"DarkmcWarning", "PrecisionWarning", "ValidityWarning"}


def test_no_module_imports_in_a_circle():
    graph = {name: {other for other in imported(name) if other} for name in MODULES if name != "__init__"}
    assert len(list(TopologicalSorter(graph).static_order())) >= len(graph)


@pytest.mark.parametrize("name", sorted(CARDS & set(MODULES)))
def test_cards_know_no_physics(name):
    assert {top(other) for other in imported(name)} & (PHYSICS | {"generators", "mesons"}) == set()


@pytest.mark.parametrize("name", FORMULAS)
def test_formulas_know_no_cards_and_no_files(name):
    assert {top(other) for other in imported(name)} & (CARDS | {"output", "rng"}) == set()
    used = {node.id for node in runtime_nodes(parse(name)) if isinstance(node, ast.Name)}
    assert used & {"open", "print", "input", "eval", "exec"} == set()


GENERATORS = {"default_rng", "RandomState", "SFC64", "PCG64", "SeedSequence", "Generator", "seed"}


@pytest.mark.parametrize("name", [name for name in MODULES if name != "rng"])
def test_only_rng_makes_random_generators(name):
    called = [node.func for node in runtime_nodes(parse(name)) if isinstance(node, ast.Call)]
    assert {f.attr for f in called if isinstance(f, ast.Attribute)} & GENERATORS == set()
    assert not any("random" in module for module in _foreign(name))


def _foreign(name):
    nodes = [node for node in runtime_nodes(parse(name)) if isinstance(node, ast.Import | ast.ImportFrom)]
    return {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names} | {
        node.module for node in nodes if isinstance(node, ast.ImportFrom)
    }
