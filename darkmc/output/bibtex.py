"""BibTeX of references that cards name, from the fields of the cards: nothing is looked up."""

import re
from collections.abc import Iterable, Iterator

from darkmc import __version__
from darkmc.cards.references import Reference

_GRADES = {"A": "read", "B": "from a secondary source", "C": "from memory"}
_SPECIAL = re.compile(r"([&%$#_{}])")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_OWN = f"""@software{{darkmc,
  author = {{{{The darkmc developers}}}},
  title = {{{{darkmc: Monte Carlo simulation of the dark axion portal}}}},
  version = {{{__version__}}}
}}"""


def bibtex(references: Iterable[Reference]) -> Iterator[str]:
    """Yield darkmc's own entry and one for each reference; what several cards name comes once.

    References are the same if they have the same arXiv number, or DOI, or else the same key and title.
    """
    merged: dict[tuple[str, str], list[Reference]] = {}
    for reference in references:
        merged.setdefault(_identity(reference), []).append(reference)
    taken = {"darkmc"}
    yield _OWN
    for same in merged.values():
        key = _key(same[0].key, taken)
        taken.add(key)
        yield _entry(key, same)


def _identity(reference: Reference) -> tuple[str, str]:
    if reference.arxiv:
        return "arxiv", reference.arxiv
    return ("doi", reference.doi.lower()) if reference.doi else (reference.key, reference.title)


def _key(name: str, taken: set[str]) -> str:
    """Return a key of letters that BibTeX takes, and that no entry has yet."""
    plain = re.sub(r"[^A-Za-z0-9:.+-]", "", name) or "reference"
    names = (plain, *(f"{plain}{letter}" for letter in _LETTERS))
    return next((key for key in names if key not in taken), f"{plain}{len(taken)}")


def _entry(key: str, same: list[Reference]) -> str:
    """Return an entry; its note says what the cards take from there, and how well they know it."""
    first = same[0]
    notes = dict.fromkeys(f"{reference.gives} ({_GRADES[reference.grade]})" for reference in same)
    fields = {"title": f"{{{_escaped(first.title)}}}"}
    if first.arxiv:
        fields |= {"eprint": first.arxiv, "archivePrefix": "arXiv"}
    doi = next((reference.doi for reference in same if reference.doi), None)
    if doi:
        fields["doi"] = doi
    fields["note"] = _escaped("; ".join(notes))
    lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
    return f"@{'article' if first.arxiv or doi else 'misc'}{{{key},\n{lines}\n}}"


def _escaped(text: str) -> str:
    plain = text.replace("\\", r"\textbackslash ")
    return _SPECIAL.sub(r"\\\1", plain).replace("^", r"\^{}").replace("~", r"\~{}")
