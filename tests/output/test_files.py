"""Where files are written: links, pipes, terminals, inputs, full disks, two writers of one name."""

import json
import os
import shutil
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from darkmc import DarkAxionPortal, Experiment, PhysicsError, write_root
from darkmc.cards.found import find_card
from darkmc.cards.load import new_card
from darkmc.cli import main
from darkmc.output.files import check_target, replacing

NEW = ("new-experiment", "mine", "-o")
MASSES = ("--m-dark-photon", "10MeV", "--precision", "0.3")
TEMPLATE = new_card("mine")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def one_line(capsys, named):
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1), err
    assert named in err


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_a_pipe_is_written_into_and_stays_one(force, folder):
    os.mkfifo("pipe")
    read = []
    reader = threading.Thread(target=lambda: read.append(Path("pipe").read_text(encoding="utf-8")))
    reader.start()
    assert main([*NEW, "pipe", *force]) == 0
    reader.join(10)
    assert read == [TEMPLATE]
    assert stat.S_ISFIFO(Path("pipe").stat().st_mode)
    assert names(folder) == ["pipe"]


@pytest.mark.parametrize("force", [[], ["--force"]])
@pytest.mark.parametrize("linked", [False, True])
def test_a_character_device_is_written_into_and_stays_one(force, linked, folder):
    """On a terminal of its own: a device like /dev/null, which would be lost if this fails."""
    master, slave = os.openpty()
    try:
        name = os.ttyname(slave)
        if linked:
            (folder / "device.toml").symlink_to(name)
        read = []
        reader = threading.Thread(target=lambda: read.append(os.read(master, 60)), daemon=True)
        reader.start()
        with replacing("device.toml" if linked else name, force=bool(force)) as path:
            path.write_text("short text")
        reader.join(10)
        assert read == [b"short text"]
        assert stat.S_ISCHR(Path(name).stat().st_mode)
        assert names(folder) == (["device.toml"] if linked else [])
        assert not linked or (folder / "device.toml").is_symlink()
    finally:
        os.close(master)
        os.close(slave)


def test_a_socket_is_refused(folder, capsys):
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        assert main([*NEW, "socket", "--force"]) == 2
        one_line(capsys, "socket")
        assert stat.S_ISSOCK((folder / "socket").stat().st_mode)


def test_a_link_is_followed_and_kept(folder, capsys):
    (folder / "there").mkdir()
    (folder / "there" / "old.toml").write_text("old")
    (folder / "link.toml").symlink_to("there/old.toml")
    assert main([*NEW, "link.toml"]) == 2
    one_line(capsys, "--force")
    assert (folder / "there" / "old.toml").read_text() == "old"
    assert main([*NEW, "link.toml", "--force"]) == 0
    assert (folder / "there" / "old.toml").read_text(encoding="utf-8") == TEMPLATE
    assert (folder / "link.toml").is_symlink()
    assert (names(folder), names(folder / "there")) == (["link.toml", "there"], ["old.toml"])


def test_a_link_to_what_is_not_there_yet_is_kept(folder, capsys):
    (folder / "there").mkdir()
    (folder / "link.toml").symlink_to("there/new.toml")
    assert main([*NEW, "link.toml"]) == 0
    assert (folder / "link.toml").is_symlink()
    assert (folder / "there" / "new.toml").read_text(encoding="utf-8") == TEMPLATE
    capsys.readouterr()
    (folder / "lost.toml").symlink_to("nowhere/new.toml")
    assert main([*NEW, "lost.toml", "--force"]) == 2
    one_line(capsys, "nowhere")


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_links_in_a_circle_are_an_error(force, folder, capsys):
    (folder / "a.toml").symlink_to("b.toml")
    (folder / "b.toml").symlink_to("a.toml")
    assert main([*NEW, "a.toml", *force]) == 2
    one_line(capsys, "a.toml")
    assert names(folder) == ["a.toml", "b.toml"]
    assert (folder / "a.toml").is_symlink()


@pytest.mark.parametrize("name", ["a\0b", "x" * 300])
def test_names_that_no_file_can_have(name, folder, capsys):
    assert main([*NEW, name]) == 2
    one_line(capsys, "darkmc:")
    assert names(folder) == []


def test_permissions_are_those_of_the_umask_or_of_the_old_file(folder):
    before = os.umask(0o027)
    try:
        assert main([*NEW, "new.toml"]) == 0
        assert stat.S_IMODE((folder / "new.toml").stat().st_mode) == 0o640
        (folder / "new.toml").chmod(0o604)
        assert main([*NEW, "new.toml", "--force"]) == 0
        assert stat.S_IMODE((folder / "new.toml").stat().st_mode) == 0o604
    finally:
        os.umask(before)


def test_temporary_names_cannot_be_foreseen_and_are_never_opened_twice(folder, monkeypatch):
    seen = []
    for _ in range(2):
        with replacing("x.csv") as path:
            seen.append(path)
            assert path.parent == folder
    assert seen[0] != seen[1]
    assert str(os.getpid()) not in seen[0].name.split("-")
    monkeypatch.setattr("secrets.token_hex", lambda _: "known")
    (folder / "mine").write_text("mine")
    (folder / ".darkmc-known.csv").symlink_to("mine")
    with pytest.raises(OSError, match="exists"), replacing("x.csv") as path:
        path.write_text("lost")
    assert (folder / "mine").read_text() == "mine"


@pytest.mark.parametrize("force", [False, True])
def test_of_two_writers_of_one_name_the_second_is_told(force, folder):
    def both():
        with replacing("x.csv", force) as first, replacing("x.csv", force) as second:
            first.write_text("first")
            second.write_text("second")

    if force:  # each is whole, the last stays
        both()
        assert (folder / "x.csv").read_text() == "first"
    else:
        with pytest.raises(PhysicsError, match="meanwhile"):
            both()
        assert (folder / "x.csv").read_text() == "second"
    assert names(folder) == ["x.csv"]


def test_a_file_system_without_links(folder, monkeypatch):
    def fail(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", fail)
    with replacing("x.csv", force=False) as path:
        path.write_text("text")
    assert names(folder) == ["x.csv"]
    with pytest.raises(PhysicsError, match="exists"), replacing("y.csv", force=False) as path:
        (folder / "y.csv").write_text("other")
    assert (folder / "y.csv").read_text() == "other"


@pytest.mark.parametrize("number", [13, 28, 30])  # no permission, no space, read-only
def test_a_folder_that_takes_no_file_is_one_line(number, folder, monkeypatch, capsys):
    opened = os.open

    def fail(path, flags, *rest, **options):
        if flags & os.O_CREAT and str(path).startswith(str(folder)):
            raise OSError(number, os.strerror(number), path)
        return opened(path, flags, *rest, **options)

    monkeypatch.setattr(os, "open", fail)
    assert main([*NEW, "x.toml"]) == 2
    one_line(capsys, f"x.toml: {os.strerror(number)}")
    monkeypatch.undo()
    assert names(folder) == []


FULL = """
import json, resource, sys
from darkmc.cli import main
import uproot, matplotlib.font_manager
resource.setrlimit(resource.RLIMIT_FSIZE, (600, 600))
print([main([*arguments, "-o", f"x.{suffix}", "--force"]) for suffix, arguments in json.loads(sys.argv[1])])
"""
LIMIT_FILE = (
    "experiment,m_dark_photon,m_axion,interval,lower,upper,lower_error,upper_error,method,reason\n"
    "toy,0.005,0,1,3e-4,2e-2,0,0,bracket,\ntoy,0.03,0,1,8e-5,2e-4,0,0,bracket,\n"
)
WRITERS = {
    "root": (
        "generate",
        "charm-finegrained",
        "--m-dark-photon",
        "10MeV",
        "--coupling",
        "1e-3",
        "--events",
        "9",
    ),
    "csv": ("limit", "gminus2-mu-2018", "--m-dark-photon", "1MeV:100MeV:30"),
    "png": ("figure", "in.csv"),
    "pdf": ("figure", "in.csv"),
    "toml": ("new-experiment", "mine"),
}


def test_a_full_disk_is_one_line_and_leaves_what_was_there(folder):
    (folder / "in.csv").write_text(LIMIT_FILE)
    for suffix in WRITERS:
        (folder / f"x.{suffix}").write_text("old")
    before = names(folder)
    command = [sys.executable, "-c", FULL, json.dumps(list(WRITERS.items()))]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    assert (done.returncode, done.stdout) == (0, "[2, 2, 2, 2, 2]\n"), done.stderr
    full = {f"x.{suffix}": f"x.{suffix}" for suffix in WRITERS} | {"x.csv": "x.csv.checkpoint"}
    assert done.stderr == "".join(f"darkmc: {name}: File too large\n" for name in full.values())
    assert {(folder / f"x.{suffix}").read_text() for suffix in WRITERS} == {"old"}
    assert names(folder) in (before, sorted([*before, "x.csv.checkpoint"]))


def test_standard_output_gets_the_table_and_nothing_else(folder):
    command = [sys.executable, "-m", "darkmc", *WRITERS["csv"], "-o"]
    piped = subprocess.run([*command, "/dev/stdout"], capture_output=True, text=True)
    assert piped.returncode == 0
    assert piped.stderr.startswith("/dev/stdout: couplings are excluded at 30 of 30 points")
    assert main([*WRITERS["csv"], "-o", "x.csv"]) == 0
    with Path("y.csv").open("w", encoding="utf-8") as file:
        file.write("before\n")
        file.flush()
        assert subprocess.run([*command, "/dev/stdout"], stdout=file, stderr=subprocess.PIPE).returncode == 0

    def rows(text):  # without the seconds
        return [line.split(",")[:8] for line in text.splitlines() if not line.startswith("#")]

    wanted = rows((folder / "x.csv").read_text(encoding="utf-8"))
    assert len(wanted) == 31
    assert rows(piped.stdout) == wanted
    assert rows((folder / "y.csv").read_text(encoding="utf-8")) == [["before"], *wanted]


LIST_CARD = """
schema = 1
name = "mine"
parametrisation = "list"
references = [{ key = "x", title = "invented", gives = "all", grade = "C" }]
[beam]
particle = "proton"
energy_GeV = 400.0
[list]
files = { pi0 = "mesons.csv" }
momentum_unit = "GeV"
mesons_per_pot = { pi0 = 0.02 }
"""


def unchanged(folder, name, arguments, capsys):
    """Run a command whose output is one of its inputs, by name and by a link, and see that it stays."""
    before = (folder / name).read_bytes()
    (folder / f"link{Path(name).suffix}").symlink_to(name)
    for output in (name, f"link{Path(name).suffix}", f"./{name}"):
        assert main([*arguments, "-o", output, "--force"]) == 2
        one_line(capsys, "is read by this command")
        assert (folder / name).read_bytes() == before


@pytest.mark.parametrize("name", ["card.toml", "flux.toml", "mesons.csv"])
def test_no_card_and_no_list_is_replaced(name, folder, capsys):
    shutil.copy(find_card("detectors", "charm-finegrained"), "card.toml")
    (folder / "flux.toml").write_text(LIST_CARD, encoding="utf-8")
    (folder / "mesons.csv").write_text("0.1 0.1 50 50.0003\n0.1 -0.1 60 60.0003\n", encoding="utf-8")
    used = ("--set", "source.flux=flux.toml", "--set", 'source.mesons=["pi0"]')
    unchanged(folder, name, ["limit", "card.toml", *MASSES, *used], capsys)


def test_no_table_of_counts_is_replaced(folder, capsys):
    experiment = Experiment("babar-lowcut")
    shutil.copy(experiment.loaded.path, "card.toml")
    counts = experiment.card.observed.counts
    shutil.copy(Path(experiment.loaded.path).parent / counts, "counts.csv")
    arguments = ["limit", "card.toml", "--m-dark-photon", "1GeV", "--precision", "0.3"]
    unchanged(folder, "counts.csv", [*arguments, "--set", "observed.counts=counts.csv"], capsys)


def test_no_table_overlay_or_sample_is_replaced_by_its_picture(folder, capsys):
    (folder / "in.csv").write_text(LIMIT_FILE)
    (folder / "curve.csv").write_text("mass_GeV,value\n0.01,1e-3\n")
    experiment = Experiment("charm-finegrained", overrides={"source.mesons": ["pi0"]})
    write_root("in.root", experiment.generate(DarkAxionPortal(0.01), 1e-3, 9))
    for link, name, arguments in (
        ("a.png", "in.csv", ["figure", "in.csv"]),
        ("b.png", "curve.csv", ["figure", "in.csv", "--overlay", "curve.csv:x"]),
        ("c.png", "in.root", ["plot", "in.root"]),
    ):
        before = (folder / name).read_bytes()
        (folder / link).symlink_to(name)
        assert main([*arguments, "-o", link, "--force"]) == 2
        one_line(capsys, "is read by this command")
        assert (folder / name).read_bytes() == before


def test_what_write_root_does_not_take(folder):
    experiment = Experiment("charm-finegrained", overrides={"source.mesons": ["pi0"]})
    sample = experiment.simulate(DarkAxionPortal(0.01), n_samples=4096)
    for wrong in (sample, 3, None, "text", [1, 2], [sample]):
        with pytest.raises(PhysicsError, match=r"write_events takes what Experiment\.generate returns"):
            write_root("x.root", wrong)
    assert names(folder) == []


def test_a_target_is_checked_without_being_touched(folder):
    assert check_target("x.csv") == Path("x.csv")
    with pytest.raises(PhysicsError, match="directory"):
        check_target(".")
    with pytest.raises(PhysicsError, match="no such directory"):
        check_target("no/x.csv")
    assert names(folder) == []


@pytest.mark.parametrize("name", ["x.root", "y.PDF", "z.hepmc3.gz"])
@pytest.mark.parametrize(
    "words", [("limit", "gminus2-mu-2018", "--m-dark-photon", "1MeV"), ("combine", "a.csv")]
)
def test_a_table_is_not_named_as_another_kind_of_file(words, name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main([*words, "-o", name]) == 2
    assert "a table is CSV" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
