"""Imports go downwards only, and formulas neither read files, print, nor make random generators.

The order is that of the architecture: a folder imports from folders before it, imports for types included.
"""

import ast
import functools
import re
from graphlib import TopologicalSorter

import pytest
from helpers import ROOT

PACKAGE = ROOT / "darkmc"
PHYSICS = "core geometry cards gminus2 portals sources selection sample limits signals biasing engine"
ORDER = [*PHYSICS.split(), "experiments", "scan", "output", "figures", "runs", "cli", "__main__"]
LAYER = {name: k for k, name in enumerate(ORDER)}
MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}
FORMULA_FOLDERS = {"core", "geometry", "gminus2", "portals", "selection", "sample", "limits"}
# Modules of these folders that may know cards or the machine; the list only shrinks.
NO_FORMULAS = {
    "core.input_files",
    "core.process",
    "core.progress",
    "core.rng",
    "core.saying",
    "limits.counts_file",
    "limits.criterion",
    "limits.significance",
    "sample.stream",
    "sources.fits.from_card",
    "portals.dark_axion.processes",  # decays at rest by seed are part of the interface
}
FORMULAS = [
    name
    for name in MODULES
    if (name.split(".")[0] in FORMULA_FOLDERS or name.startswith("sources.fits.")) and name not in NO_FORMULAS
]
OWN = [name for name in MODULES if name != "__init__"]


@functools.cache
def runtime_nodes(tree):
    """Return all nodes but those under `if TYPE_CHECKING:`."""
    found = []
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        found += [node, *runtime_nodes(node)]
    return found


@functools.cache
def parse(name):
    return ast.parse(MODULES[name].read_text(encoding="utf-8"))


@functools.cache
def imported(name, nodes=ast.walk):
    """Return the darkmc modules that a module imports, anywhere in it; '' is the package itself."""
    found = set()
    for node in nodes(parse(name)):
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


def functions(name):
    return {node.name: node for node in parse(name).body if isinstance(node, ast.FunctionDef)}


def computing_names(name):
    """Return the names that a module has from folders that compute, and generators of random numbers."""
    return {
        alias.asname or alias.name
        for node in ast.walk(parse(name))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if (node.module.split(".")[1:2] and node.module.split(".")[1] in COMPUTING)
        or node.module == "darkmc.core.rng"
    }


def test_the_reader_reads():
    """The rest would pass on an empty list."""
    assert len(MODULES) > 100
    assert "experiments" in map(top, imported("scan.point"))
    assert {"portals.dark_axion.pseudoscalar_decay", "portals.dark_axion.current"} <= imported(
        "portals.dark_axion.facade"
    )
    assert "portals.portal" in imported("engine.events")
    assert "portals.portal" not in imported("engine.events", runtime_nodes)
    assert len(FORMULAS) > 40
    assert len(KINDS) >= 5
    assert "DarkAxionPortal" in computing_names("runs.map")


def test_folders_are_those_of_the_architecture():
    assert {top(name) for name in MODULES} == {*ORDER, "__init__"}


def test_imports_go_downwards():
    """Those for types, too."""
    for name in OWN:
        up = {other for other in imported(name) if other and LAYER[top(other)] > LAYER[top(name)]}
        assert up == set(), name


def test_warnings_are_darkmcs_own():
    """The command line shows only these under its own name."""
    seen = 0
    for name in OWN:
        for call in (node for node in runtime_nodes(parse(name)) if isinstance(node, ast.Call)):
            function = call.func
            if isinstance(function, ast.Attribute) and ast.unparse(function) == "warnings.warn":
                kind = ast.unparse(call.args[1])
                assert kind in {"DarkmcWarning", "PrecisionWarning", "ValidityWarning"}, name
                seen += 1
    assert seen >= 5


def test_no_module_imports_in_a_circle():
    graph = {
        name: {other for other in imported(name, runtime_nodes) if other}
        for name in MODULES
        if name != "__init__"
    }
    assert len(list(TopologicalSorter(graph).static_order())) >= len(graph)


def test_cards_know_core_and_shapes_only():
    for name in MODULES:
        if top(name) == "cards":
            assert {top(other) for other in imported(name)} <= {"core", "geometry", "cards", ""}


# Modules above the portals that know this one portal by name, and why; the list only shrinks.
KNOW_THE_DARK_AXION = {
    "output.read_root": "reads back the masses that event files hold",
    "scan.point": "points of grids of these two masses",
    "runs.cross_sections": "tables of its cross sections",
    "runs.decay_length": "tables of its decay lengths",
    "runs.limits": "grids of its masses, as run cards say them",
    "runs.map": "grids of its masses, as run cards say them",
    "runs.tables": "its masses and coupling, as run cards say them",
    "cli.arguments": "--m-dark-photon, --m-axion and --coupling",
}


def test_few_modules_know_the_dark_axion_portal():
    """All others take a Portal; a second portal is a second folder (tests/toy_portal.py)."""
    above = [name for name in MODULES if name != "__init__" and LAYER[top(name)] > LAYER["portals"]]
    found = {name for name in above if any(m.startswith("portals.dark_axion") for m in imported(name))}
    assert found == set(KNOW_THE_DARK_AXION)
    assert all(KNOW_THE_DARK_AXION.values())


def test_figures_know_files_only():
    """They draw what is in a table or is handed to them: no model, no sample, no experiment."""
    for name in MODULES:
        if top(name) == "figures":
            assert {top(other) for other in imported(name)} <= {"core", "output", "figures"}


def test_a_writer_knows_columns_and_how_particles_are_joined_only():
    known = {"output.writers", "output.writers.root", "output.event_graph", "output.event_text"}
    for name in MODULES:
        if name.startswith("output.writers."):
            others = {other for other in imported(name) if top(other) != "core"}
            assert others & {"output.writers", "output.writers.root"}
            assert others <= known


COMPUTING = set(PHYSICS.split()) - {"core", "geometry", "cards", "selection"} | {"experiments", "scan"}
KINDS = [name for name in MODULES if top(name) == "runs" and {"work", "draw"} <= set(functions(name))]


@pytest.mark.parametrize("name", KINDS)
def test_the_picture_of_a_run_is_drawn_from_its_tables(name):
    """Nothing that `draw` calls in the module of a run uses what computes."""
    own, computing = functions(name), computing_names(name)
    reached, waiting = set(), {"draw"}
    while waiting:
        reached |= waiting
        used = {node.id for f in waiting for node in ast.walk(own[f]) if isinstance(node, ast.Name)}
        assert used & computing == set()
        waiting = (used & own.keys()) - reached
    assert "work" not in reached
    used = {node.id for f in own.values() for node in ast.walk(f) if isinstance(node, ast.Name)}
    assert used & computing  # the rest of the module does, so it would be seen


def test_formulas_know_no_cards_and_no_files():
    for name in FORMULAS:
        known = imported(name)
        assert {top(other) for other in known} & {"cards", "output"} == set(), name
        assert "core.rng" not in known, name
        used = {node.id for node in runtime_nodes(parse(name)) if isinstance(node, ast.Name)}
        assert used & {"open", "print", "input", "eval", "exec"} == set(), name


def test_the_exceptions_are_needed():
    assert set(MODULES) >= NO_FORMULAS


# Calls that read or write files.  Below output files are read by cards, lists and tables; a generator of
# mesons in a process of its own hands them on through files of a cache.
READING = {"open", "read_text", "read_bytes", "ParquetFile", "loadtxt", "genfromtxt", "fromfile"}
WRITING = {"write_text", "write_bytes", "writelines", "writerow", "writerows", "savez", "savetxt", "tofile"}
WRITING |= {
    "mkdir",
    "touch",
    "unlink",
    "rmdir",
    "rename",
    "symlink_to",
    "replacing",
}  # what a checkpoint would use
READERS = {"core.tables", "core.input_files", "core.process"}  # the last opens the empty device only
WRITERS = {"core.tables", "sources.lists.hadronic", "sources.lists.own_process"}
BELOW_OUTPUT = [name for name in MODULES if name != "__init__" and LAYER[top(name)] < LAYER["output"]]


def files_touched(tree):
    """Return the calls of a module that read and those that write files: open by its mode."""
    reads, writes = set(), set()
    for call in (node for node in runtime_nodes(tree) if isinstance(node, ast.Call)):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        modes = [node.value for node in call.args + [k.value for k in call.keywords] if is_text(node)]
        if name == "open" and any(set(mode) <= set("rwaxbt+") and set(mode) & set("wax+") for mode in modes):
            writes.add(name)
        elif name in READING:
            reads.add(name)
        elif name in WRITING:
            writes.add(name)
    return reads, writes


def is_text(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def test_calls_on_files_are_seen():
    reads, writes = files_touched(ast.parse("p.open('rb')\nopen(p)\nread_text(p)"))
    assert (reads, writes) == ({"open", "read_text"}, set())
    reads, writes = files_touched(
        ast.parse("p.open('w', encoding='utf-8')\nnp.savez(p)\ncsv.writer(f).writerow(r)")
    )
    assert (reads, writes) == (set(), {"open", "savez", "writerow"})


def test_files_are_read_and_written_where_the_architecture_says():
    for name in BELOW_OUTPUT:
        reads, writes = files_touched(parse(name))
        if reads:
            assert name in READERS or name.startswith(("cards.", "sources.lists.")), name
        if writes:
            assert name in WRITERS, name


def test_only_tables_know_csv():
    assert [name for name in MODULES if "csv" in _foreign(name)] == ["core.tables"]


def test_readers_and_writers_are_needed():
    touched = {name: files_touched(parse(name)) for name in READERS | WRITERS}
    assert all(touched[name][0] for name in READERS)
    assert all(touched[name][1] for name in WRITERS)


GENERATORS = {"default_rng", "RandomState", "SFC64", "PCG64", "SeedSequence", "Generator", "seed"}


def test_only_rng_makes_random_generators():
    for name in MODULES.keys() - {"core.rng"}:
        called = [node.func for node in runtime_nodes(parse(name)) if isinstance(node, ast.Call)]
        assert {f.attr for f in called if isinstance(f, ast.Attribute)} & GENERATORS == set(), name
        assert not any("random" in module for module in _foreign(name)), name


@functools.cache
def _foreign(name):
    nodes = [node for node in runtime_nodes(parse(name)) if isinstance(node, ast.Import | ast.ImportFrom)]
    return {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names} | {
        node.module for node in nodes if isinstance(node, ast.ImportFrom)
    }


ROLE = re.compile(r":(mod|func|class|meth|data|attr):`([.\w]+)`")


@functools.cache
def _defined(name):
    """Return the names that a module defines, those of its classes and their attributes included."""
    found = set()
    for node in ast.walk(parse(name)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            found.add(node.attr)
    return found


def _modules_called(words):
    return [name for name in MODULES if f".{name}".endswith("." + words.removeprefix("darkmc.").strip("."))]


def test_names_in_docstrings_exist():
    everywhere = set().union(*(_defined(name) for name in MODULES))
    lost = []
    for module, path in MODULES.items():
        for role, words in ROLE.findall(path.read_text(encoding="utf-8")):
            *before, last = words.strip(".").split(".")
            homes = _modules_called(".".join(before[: len(before) - (role == "meth")])) if before else []
            defined = set().union(*(_defined(home) for home in homes)) if homes else everywhere
            if not (_modules_called(words) if role == "mod" else last in defined):
                lost.append(f"{module}: {role} {words}")
    assert lost == []
