"""`Option`: how one option is spelled, explained and counted."""

from __future__ import annotations

from dataclasses import field, fields
from typing import Any

from dicomseries.lazy_dataclass import dataclass

__all__ = ["Option", "declared", "option"]

_METADATA_KEY = "option"


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """Everything about one option beside its name and its type.

    Parameters
    ----------
    default : object
        Value of an option that is left out.
    accepts : str
        Its types in the argument documentation (numpydoc).
    text : str
        Its argument documentation.
    group : str
        Heading above it in `--help`.
    help : str
        Its line in `--help`; empty for options of Python alone.
    metavar : str
        The value's name in `--help`; empty for flags.
    words : type
        What the command line reads: str, float, a tuple of several words, list for an option that
        may be repeated, or bool for a flag.
    flag : str
        Spelling on the command line; made from the name if empty. A flag that begins with
        `--no-` turns the option off.
    only_for : {"", "like", "labels", "numbers"}
        What it has a meaning for, if not for every write: results of a source series, label maps,
        or everything else.
    not_in_content : str
        Why UIDs that are made from the content do not depend on it; empty if they do.
    is_for_plan : bool
        Whether `plan` takes it, or `write` alone.

    Examples
    --------
    >>> option = Option(accepts="float, optional", text="Real value for NaN.")
    >>> option.default is None
    True
    """

    accepts: str = ""
    text: str = ""
    default: Any = None
    group: str = ""
    help: str = ""
    metavar: str = ""
    words: Any = str
    flag: str = ""
    only_for: str = ""
    not_in_content: str = ""
    is_for_plan: bool = True

    def flag_of(self, name: str) -> str:
        """Return the spelling of an option on the command line."""
        return self.flag or f"--{name.replace('_', '-')}"


def option(**facts: Any) -> Any:
    """Return the field of a dataclass that declares an option."""
    return field(metadata={_METADATA_KEY: Option(**facts)})


def declared(record: Any) -> dict[str, Option]:
    """Return the options that a dataclass declares, by name."""
    facts = {declaration.name: declaration.metadata for declaration in fields(record)}
    return {name: fact[_METADATA_KEY] for name, fact in facts.items() if _METADATA_KEY in fact}
