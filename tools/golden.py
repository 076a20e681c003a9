"""Make tests/golden/golden.json anew: `python tools/golden.py`, below a minute of CPU.

With names of cases as arguments, only those; the others are kept.  What changed is printed.
The numbers guard moves of code, which must keep all bits.  They prove nothing: whoever changes physics,
random numbers or rounding on purpose remakes them, and says in the commit why they moved.  If one changed,
FORMULAS in darkmc/core/formulas.py is raised, so that no scan goes on with points of before.
"""

import os
import re
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # small matrices: threads would only wait for each other
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from golden.cases import all_cases  # noqa: E402
from golden.numbers import (  # noqa: E402
    FILE,
    compared_bitwise,
    differences,
    formulas,
    hash_of_cases,
    measure,
    note,
    read,
    write,
)

CONSTANT = ROOT / "darkmc" / "core" / "formulas.py"


def main(names: list[str]) -> int:
    """Measure cases, say what changed, write the file."""
    cases = all_cases()
    unknown = [name for name in names if name not in cases]
    if unknown:
        print(f"no case '{unknown[0]}'; there are: {', '.join(cases)}", file=sys.stderr)
        return 2
    held = read() if FILE.exists() else {"cases": {}}
    old = held["cases"]
    if names and not compared_bitwise(held):
        print("the file is from another environment: remake all of it", file=sys.stderr)
        return 2
    made = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, case in cases.items():
            if names and name not in names:
                made |= {name: old[name]} if name in old else {}
                continue
            start = time.process_time()
            made[name] = measure(case, Path(folder))
            print(f"{name}: {time.process_time() - start:.2f} s of CPU")
            known = name in old and old[name].keys() == made[name].keys()
            changed = differences(old[name], made[name], exact=True) if known else ["new"]
            for text in changed:
                print(f"  {text}")
    write(made)
    raise_formulas()
    return 0


def raise_formulas() -> None:
    """Raise the number of the formulas if the golden numbers are not those of the last one."""
    number, last = formulas()[-1]
    if hash_of_cases(read()) != last:
        note(number + 1, hash_of_cases(read()))
        text = CONSTANT.read_text(encoding="utf-8")
        text = re.sub(r"(?m)^FORMULAS = \d+", f"FORMULAS = {number + 1}", text)
        CONSTANT.write_text(text, encoding="utf-8")
        print(f"FORMULAS is {number + 1} now")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
