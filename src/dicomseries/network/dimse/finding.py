"""C-FIND in the study root (PS3.4 section C.6.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dicomseries.errors import NetworkError
from dicomseries.network.dimse.address import DimseAddress
from dicomseries.network.dimse.associations import association
from dicomseries.network.dimse.settings import DimseSettings
from dicomseries.network.dimse.statuses import answer_text
from dicomseries.network.peer import Level
from dicomseries.standard.transfer_syntaxes import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)

__all__ = ["STUDY_ROOT_FIND", "identifier_of", "matches"]

STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
NATIVE = (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN)
_PENDING = (0xFF00, 0xFF01)


def identifier_of(level: Level, keys: Mapping[str, str]) -> Any:
    """Return the identifier of a query or retrieval as a data set."""
    from pydicom.dataset import Dataset  # noqa: PLC0415 - not needed for a write or read

    identifier = Dataset()
    identifier.QueryRetrieveLevel = level
    if not all(value.isascii() for value in keys.values()):
        identifier.SpecificCharacterSet = "ISO_IR 192"
    for keyword, value in keys.items():
        setattr(identifier, keyword, value)
    return identifier


def matches(
    address: DimseAddress, settings: DimseSettings, level: Level, keys: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    """Yield keyword → value of each match.

    Raises
    ------
    NetworkError
        If the archive rejects the query, or is lost.
    """
    identifier = identifier_of(level, keys)
    with association(address, settings, [(STUDY_ROOT_FIND, NATIVE)]) as link:
        for answer, found in link.send_c_find(identifier, STUDY_ROOT_FIND):
            status = getattr(answer, "Status", None)
            if status is None:
                raise NetworkError(
                    code="association-aborted",
                    where=address.where,
                    given="a query without an answer",
                    expected="the matches of the query",
                    remedy="Try again, pass a longer `timeout`, or ask for less at once.",
                )
            if status in _PENDING:
                if found is not None:
                    yield _values(found)
            elif status != 0:
                raise NetworkError(
                    code="query-rejected",
                    where=address.where,
                    given=answer_text(status, answer),
                    expected="an archive that answers queries of the study root",
                    remedy="Check the keys of the query, or ask the administrator.",
                )


def _values(found: Any) -> dict[str, Any]:
    """Return texts, and lists of texts, by keyword."""
    values: dict[str, Any] = {}
    for element in found:
        if not element.keyword:
            continue
        value = element.value
        if value is None:
            values[element.keyword] = ""
        elif element.VM > 1:
            values[element.keyword] = list(map(str, value))
        else:
            values[element.keyword] = str(value)
    return values
