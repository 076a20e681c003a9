"""What is wrong with a card, in words: the value given and what is allowed."""

from collections.abc import Mapping, Sequence
from typing import Any

from darkmc.core.errors import nearest, shown

_BOUNDS = {
    "greater_than": ("greater than", "gt"),
    "greater_than_equal": ("greater than or equal to", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("less than or equal to", "le"),
}
_KINDS = {
    "float_type": "a number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "string_type": "text",
    "finite_number": "a finite number",
    "tuple_type": "a list",
    "list_type": "a list",
    "model_type": "a table",
    "dict_type": "a table",
}
_COUNTS = ("no entries", "one entry", "two numbers", "three numbers", "four numbers")
Problem = Mapping[str, Any]


def misspells(unknown: Problem, missing: Problem) -> bool:
    """Return whether a problem is what was typed instead of a key that is missing: it says more."""
    if unknown["type"] != "extra_forbidden" or unknown["loc"][:-1] != missing["loc"][:-1]:
        return False
    return "nearest" in nearest(str(unknown["loc"][-1]), [str(missing["loc"][-1])])


def is_short(problem: Problem) -> bool:
    """Return whether an entry misses in a list of known length."""
    return problem["type"] == "missing" and isinstance(problem["loc"][-1], int)


def what_is_wrong(problem: Problem, problems: Sequence[Problem]) -> str:
    """Return one of a card's problems, as pydantic tells them, for the end of a message.

    Parameters
    ----------
    problem : mapping
        With ``type``, ``input``, ``ctx``, ``msg`` and ``loc``.
    problems : sequence of mapping
        All of the card.
    """
    kind, value, about = problem["type"], problem["input"], problem.get("ctx", {})
    given = shown(list(value) if isinstance(value, tuple) else value)
    if is_short(problem):
        missing = sum(is_short(other) and other["loc"][:-1] == problem["loc"][:-1] for other in problems)
        return f"must have {_counted(len(value) + missing)}, not {given}"
    if kind == "too_long":
        return f"must have {_counted(about['max_length'])}, not {given}"
    if kind == "too_short":
        return f"must have at least {_counted(about['min_length'])}, not {given}"
    if kind in _BOUNDS:
        words, name = _BOUNDS[kind]
        return f"must be {words} {about[name]:g}, not {given}"
    if kind == "literal_error":
        return f"must be {about['expected']}, not {given}"
    if kind in _KINDS:
        return f"must be {_KINDS[kind]}, not {given}"
    message = str(problem["msg"]).removeprefix("Value error, ")
    return f"{message[0].lower()}{message[1:]}" + ("" if kind == "value_error" else f", not {given}")


def _counted(number: int) -> str:
    return _COUNTS[number] if number < len(_COUNTS) else f"{number} entries"
