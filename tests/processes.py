"""Shared by the tests that end processes: what is there, what is gone, and waiting for it."""

import os
import signal
import time
from pathlib import Path


def wait_for(condition, seconds=60.0):
    """Wait until something is true; a busy machine only makes this slower."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
    return found


def group_is_gone(number):
    try:
        os.killpg(number, 0)
    except ProcessLookupError:
        return True
    return False


def workers_of(pid):
    """Return the spawned workers of a process, by their command lines."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            command = (folder / "cmdline").read_bytes()
        except (OSError, ValueError, IndexError):
            continue
        if parent == pid and b"spawn_main" in command:
            found.append(int(folder.name))
    return found


def catches(pid):
    """Return whether a process has a handler for SIGTERM: darkmc has begun, after Python has."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return True
    caught = next((line for line in lines if line.startswith("SigCgt")), "SigCgt: 0")
    return bool(int(caught.split()[1], 16) & (1 << (signal.SIGTERM - 1)))
