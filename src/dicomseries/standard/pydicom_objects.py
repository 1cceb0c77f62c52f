"""Objects of pydicom, recognised without importing it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeGuard

if TYPE_CHECKING:
    from pydicom.dataset import Dataset
    from pydicom.valuerep import PersonName

__all__ = ["is_dataset", "is_person_name"]


def is_dataset(value: object) -> TypeGuard[Dataset]:
    """Return whether an object is a Dataset of pydicom.

    Examples
    --------
    >>> from pydicom import FileDataset
    >>> is_dataset(FileDataset("ct.dcm", {})), is_dataset({})
    (True, False)
    """
    return _is_a(value, "pydicom.dataset", "Dataset")


def is_person_name(value: object) -> TypeGuard[PersonName]:
    """Return whether an object is a PersonName of pydicom.

    Examples
    --------
    >>> from pydicom.valuerep import PersonName
    >>> is_person_name(PersonName("Doe^Jane")), is_person_name("Doe^Jane")
    (True, False)
    """
    return _is_a(value, "pydicom.valuerep", "PersonName")


def _is_a(value: object, module: str, name: str) -> bool:
    for cls in type(value).__mro__:
        if cls.__module__ == module and cls.__name__ == name:
            return True
    return False
