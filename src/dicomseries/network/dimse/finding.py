"""C-FIND in the study root (PS3.4 section C.6.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dicomseries.errors import NetworkError, OptionError
from dicomseries.event_log import LOGGER
from dicomseries.network.dimse.address import DimseAddress
from dicomseries.network.dimse.associating import (
    DimseAssociation,
    PresentationContext,
    open_association,
)
from dicomseries.network.dimse.failures import failure
from dicomseries.network.dimse.settings import DimseSettings
from dicomseries.network.dimse.statuses import answer_text, status_meaning
from dicomseries.network.peer import Level
from dicomseries.standard.transfer_syntaxes import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)

__all__ = ["NATIVE", "find", "held_instances", "identifier_of"]

NATIVE = (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN)
_STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
_PENDING = (0xFF00, 0xFF01)
_WITHOUT_TEXT = ("SQ", "OB", "OW", "OD", "OF", "OL", "OV", "UN")
_UNSUPPORTED = ("no-context-accepted", "query-rejected")


def find(
    address: DimseAddress, settings: DimseSettings, level: Level, keys: Mapping[str, str]
) -> Iterator[Mapping[str, Any]]:
    """Yield keyword → text, or list of texts, of each match.

    A search that is not read to its end is aborted.

    Raises
    ------
    NetworkError
        If the archive rejects the query, or is lost.
    """
    identifier = identifier_of(level, keys)
    with _opened(address, settings) as association:
        yield from _matches(association, identifier)


def held_instances(
    address: DimseAddress, settings: DimseSettings, study_uid: str, series_uid: str | None
) -> dict[str, dict[str, str]] | None:
    """Return the SOP class of each instance by series; None if the archive does not search."""
    try:
        with _opened(address, settings) as association:
            return _held(association, study_uid, series_uid)
    except NetworkError as error:
        if error.code in _UNSUPPORTED:
            return None
        raise


def _held(
    association: DimseAssociation, study_uid: str, series_uid: str | None
) -> dict[str, dict[str, str]]:
    study = {"StudyInstanceUID": study_uid}
    series_uids = [series_uid] if series_uid else []
    if not series_uid:
        identifier = identifier_of("SERIES", {**study, "SeriesInstanceUID": ""})
        for match in _matches(association, identifier):
            series_uids.append(str(match.get("SeriesInstanceUID", "")))
    held: dict[str, dict[str, str]] = {}
    for uid in filter(None, series_uids):
        keys = {**study, "SeriesInstanceUID": uid, "SOPInstanceUID": "", "SOPClassUID": ""}
        instances: dict[str, str] = {}
        for match in _matches(association, identifier_of("IMAGE", keys)):
            instances[str(match.get("SOPInstanceUID", ""))] = str(match.get("SOPClassUID", ""))
        instances.pop("", None)
        if instances:
            held[uid] = instances
    return held


def _opened(address: DimseAddress, settings: DimseSettings) -> DimseAssociation:
    return open_association(address, settings, [PresentationContext(_STUDY_ROOT_FIND, NATIVE)])


def identifier_of(level: Level, keys: Mapping[str, str | Sequence[str]]) -> Any:
    """Return the identifier of a query or retrieval, a pydicom data set.

    Raises
    ------
    OptionError
        If a keyword is unknown.
    """
    from pydicom import config  # noqa: PLC0415
    from pydicom.datadict import dictionary_VR, tag_for_keyword  # noqa: PLC0415
    from pydicom.dataelem import DataElement  # noqa: PLC0415
    from pydicom.dataset import Dataset  # noqa: PLC0415

    identifier = Dataset()
    identifier.QueryRetrieveLevel = level
    texts = "".join(value if isinstance(value, str) else "".join(value) for value in keys.values())
    if not texts.isascii():
        identifier.SpecificCharacterSet = "ISO_IR 192"
    for keyword, value in keys.items():
        tag = tag_for_keyword(keyword)
        if tag is None:
            raise OptionError(
                code="keyword-unknown",
                where=keyword,
                given="no attribute of DICOM",
                expected="a keyword such as PatientID or StudyDate",
                remedy="Look the keyword up in PS3.6.",
            )
        # Wildcards and ranges are not valid values: they match them.
        element = DataElement(tag, dictionary_VR(tag), value, validation_mode=config.IGNORE)
        identifier.add(element)
    return identifier


def _matches(association: DimseAssociation, identifier: Any) -> Iterator[dict[str, Any]]:
    address = association.address
    if not association.is_alive:
        raise association.loss()
    number = association.next_message_id()
    answers = association.pynetdicom.send_c_find(identifier, _STUDY_ROOT_FIND, number)
    for answer, match in answers:
        if "Status" not in answer:
            raise association.loss()
        if answer.Status in _PENDING:
            if match is not None:
                yield _values(match)
        elif status_meaning(answer.Status).outcome == "refused":
            rejection = answer_text(answer.Status, answer, is_sending=False)
            raise failure(address, "query-rejected", rejection)
        elif answer.Status:
            text = answer_text(answer.Status, answer, is_sending=False)
            LOGGER.warning("the archive answers a search: %s", text)


def _values(match: Any) -> dict[str, Any]:
    """Return texts, and lists of texts, by keyword."""
    match.decode()  # texts by the SpecificCharacterSet of the answer
    values: dict[str, Any] = {}
    for element in match:
        if not element.keyword or element.VR in _WITHOUT_TEXT:
            continue
        if element.VM > 1:
            values[element.keyword] = list(map(str, element.value))
        else:
            values[element.keyword] = "" if element.value is None else str(element.value)
    return values
