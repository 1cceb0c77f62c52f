"""Which modules an image object has, and which attributes a module demands (PS3.3 annexes A and C).

Types (PS3.5 section 7.4): 1 must have a value; 2 must be present and may be empty; 3 is optional; C makes 1 and 2
depend on a condition that the standard gives in words, which these tables do not hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dicomseries.standard.module_tables import IOD_TEXT, MODULE_TEXT

__all__ = ["IOD_MODULES", "MODULES", "Requirement", "mandatory_modules"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """The type of one attribute in one module.

    Parameters
    ----------
    path : tuple of str
        Keywords from the top level down to the attribute; all but the last are sequences.
    type : str
        "1", "1C", "2", "2C" or "3".

    Examples
    --------
    >>> Requirement(path=("PatientName",), type="2").keyword
    'PatientName'
    """

    path: tuple[str, ...]
    type: str

    @property
    def keyword(self) -> str:
        """Keyword of the attribute itself."""
        return self.path[-1]

    @property
    def is_top_level(self) -> bool:
        """Whether the attribute stands outside of any sequence."""
        return len(self.path) == 1


def _requirements(text: str) -> Iterator[Requirement]:
    """Yield what a module's text holds: every type at the top level, Types 1 and 2 inside sequences."""
    path: list[str] = []
    keyword = ""
    for word in text.replace("(", " ( ").replace(")", " ) ").split():
        if word == "(":
            path.append(keyword)
        elif word == ")":
            path.pop()
        else:
            keyword, _, kind = word.partition(":")
            if not path or kind in {"1", "2"}:
                yield Requirement(path=(*path, keyword), type=kind)


def _usages(text: str) -> Iterator[tuple[str, str]]:
    for word in text.split():
        key, _, usage = word.partition(":")
        yield key, usage


IOD_MODULES: dict[str, tuple[tuple[str, str], ...]] = {uid: tuple(_usages(text)) for uid, text in IOD_TEXT.items()}
"""SOP Class UID → (module, usage): M mandatory, C conditional, U optional."""

MODULES: dict[str, tuple[Requirement, ...]] = {key: tuple(_requirements(text)) for key, text in MODULE_TEXT.items()}
"""Module → its attributes: all types at the top level, Types 1 and 2 inside sequences."""


def mandatory_modules(sop_class_uid: str) -> tuple[str, ...]:
    """Return the modules every instance of a SOP class must have; none for a class without a table here.

    Examples
    --------
    >>> "ct-image" in mandatory_modules("1.2.840.10008.5.1.4.1.1.2")
    True
    """
    return tuple(key for key, usage in IOD_MODULES.get(sop_class_uid, ()) if usage == "M")
