"""Masses and widths of the particles that darkmc names, from the `particle` package.

python tools/particle_table.py    rewrite darkmc/core/particle_table.py
"""

from pathlib import Path

import particle

from darkmc.core.vocabulary import PDG_IDS

TABLE = Path(__file__).parents[1] / "darkmc" / "core" / "particle_table.py"


def text() -> str:
    """Return the module: masses and total widths by name, in MeV, as the package has them."""
    rows = []
    for name, pdg in PDG_IDS.items():
        found = particle.Particle.from_pdgid(pdg)
        if found.mass is None:
            raise ValueError(f"the package holds no mass for '{name}'")
        rows.append(f'    "{name}": ({float(found.mass)!r}, {float(found.width or 0.0)!r}),')
    made = f"of the `particle` package, version {particle.__version__}"
    return "\n".join(
        [
            f'"""Mean masses and total widths (MeV) {made}.',
            "",
            "Written by tools/particle_table.py: the package takes longer to load than a rate to compute.",
            '"""',
            "",
            "MASS_AND_WIDTH_MEV = {",
            *rows,
            "}",
            "",
        ]
    )


if __name__ == "__main__":
    TABLE.write_text(text(), encoding="utf-8")
