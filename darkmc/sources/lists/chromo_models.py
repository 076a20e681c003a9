"""UrQMD 3.4 and SIBYLL 2.3d through chromo, which makes a generator once per process."""

from importlib import import_module
from typing import Any

import numpy as np

from darkmc.core.kinematics import Array
from darkmc.core.progress import count_bar
from darkmc.sources.lists.collected import Collected

_FINAL = 1


def generate(settings: dict[str, Any]) -> dict[str, Array]:
    """Return lab momenta (GeV) of the wanted particles of all interactions; see :class:`Collected`.

    Parameters
    ----------
    settings : dict
        ``model`` (a name in chromo), ``energy_GeV`` of the proton (total), ``mass_number`` and ``charge`` of
        the nucleus at rest, ``n_interactions`` (inelastic: misses and elastic scattering are not counted),
        ``seed`` and ``pdg_ids`` by name.
    """
    kinematics, units = import_module("chromo.kinematics"), import_module("chromo.constants")
    nucleus = (settings["mass_number"], settings["charge"])
    collision = kinematics.FixedTarget(settings["energy_GeV"] * units.GeV, "proton", nucleus)
    generator = getattr(import_module("chromo.models"), settings["model"])(collision, seed=settings["seed"])
    if settings["model"] != "UrQMD34":  # which leaves pi0 and eta alone
        for pid in settings["pdg_ids"].values():
            generator.set_stable(pid)
    found = Collected(settings["pdg_ids"])
    with count_bar(settings["n_interactions"], "interactions") as bar:
        for number, event in enumerate(generator(settings["n_interactions"])):
            final = event.status == _FINAL
            for name, pid in settings["pdg_ids"].items():
                mine = final & (event.pid == pid)
                if mine.any():
                    found.add(name, np.stack([event.px[mine], event.py[mine], event.pz[mine]]), number)
            bar.update()
    return found.arrays()
