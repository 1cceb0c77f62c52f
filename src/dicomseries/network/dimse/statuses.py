"""Statuses of C-STORE, C-FIND, C-GET and C-MOVE as sentences.

PS3.7 annex C, PS3.4 sections B.2.3, C.4.1.1.4, C.4.2.1.5 and C.4.3.1.4.
"""

from __future__ import annotations

from typing import Any, Literal

from dicomseries.lazy_dataclass import dataclass

__all__ = ["StatusMeaning", "answer_text", "is_busy", "status_meaning"]


@dataclass(frozen=True, slots=True)
class StatusMeaning:
    """The sense of a range of statuses."""

    outcome: Literal["stored", "warning", "refused"]
    text: str


_BUSY = "the archive is out of resources; send again later, or ask for space"
_STATUSES: tuple[tuple[int, int, StatusMeaning], ...] = (
    (0x0000, 0x0000, StatusMeaning("stored", "")),
    (0xB000, 0xB000, StatusMeaning("warning", "the archive changed attributes")),
    (0xB006, 0xB006, StatusMeaning("warning", "the archive left out attributes")),
    (0xB007, 0xB007, StatusMeaning("warning", "the data set does not match its SOP class")),
    (0x0001, 0x0001, StatusMeaning("warning", "the archive reports a warning")),
    (0x0107, 0x0107, StatusMeaning("warning", "the archive reports an unknown attribute list")),
    (0x0116, 0x0116, StatusMeaning("warning", "a value of an attribute is out of range")),
    (0xB000, 0xBFFF, StatusMeaning("warning", "the archive reports a warning")),
    (0x0105, 0x0105, StatusMeaning("refused", "the archive does not know an attribute")),
    (0x0106, 0x0106, StatusMeaning("refused", "a value of an attribute is not valid")),
    (0x0110, 0x0110, StatusMeaning("refused", "the archive failed while it stored it")),
    (0x0111, 0x0111, StatusMeaning("refused", "the archive has this SOPInstanceUID already")),
    (0x0112, 0x0112, StatusMeaning("refused", "the archive does not know this instance")),
    (0x0117, 0x0117, StatusMeaning("refused", "the SOPInstanceUID is not valid")),
    (0x0118, 0x0118, StatusMeaning("refused", "the archive does not know the SOP class")),
    (0x0119, 0x0119, StatusMeaning("refused", "the SOP class does not match the instance")),
    (0x0120, 0x0120, StatusMeaning("refused", "an attribute is missing")),
    (0x0121, 0x0121, StatusMeaning("refused", "an attribute has no value")),
    (0x0122, 0x0122, StatusMeaning("refused", "the archive does not take this SOP class")),
    (
        0x0124,
        0x0124,
        StatusMeaning("refused", "this caller may not do that; ask the administrator"),
    ),
    (0x0210, 0x0210, StatusMeaning("refused", "the archive saw this message twice")),
    (0x0211, 0x0211, StatusMeaning("refused", "the archive does not know this operation")),
    (0x0212, 0x0212, StatusMeaning("refused", "the archive found the message wrong")),
    (0x0213, 0x0213, StatusMeaning("refused", _BUSY)),
    (0xA700, 0xA7FF, StatusMeaning("refused", _BUSY)),
    (0xA801, 0xA801, StatusMeaning("refused", "the archive does not know the AE title to move to")),
    (0xA900, 0xA9FF, StatusMeaning("refused", "the data set does not match its SOP class")),
    (0xC000, 0xCFFF, StatusMeaning("refused", "the archive cannot understand the data set")),
    (0xFE00, 0xFE00, StatusMeaning("refused", "the archive cancelled the operation")),
)
"""First and last status of a range, and its sense; the first range that fits counts."""


def status_meaning(status: int) -> StatusMeaning:
    """Return the sense of a status.

    Examples
    --------
    >>> status_meaning(0xA702).outcome, status_meaning(0).outcome, status_meaning(0xB000).outcome
    ('refused', 'stored', 'warning')
    """
    for first, last, meaning in _STATUSES:
        if first <= status <= last:
            return meaning
    return StatusMeaning("refused", "the archive gave a status that the standard does not have")


def is_busy(status: int) -> bool:
    """Return whether it may help to send again later.

    Examples
    --------
    >>> is_busy(0xA700), is_busy(0xC000)
    (True, False)
    """
    return 0xA700 <= status <= 0xA7FF or status == 0x0213


def answer_text(status: int, answer: Any = None) -> str:
    """Return the sentence for an answer, with the comment in it.

    Parameters
    ----------
    status : int
        DIMSE status.
    answer : pydicom.Dataset, optional
        Elements of the answer: ErrorComment, OffendingElement.

    Examples
    --------
    >>> answer_text(0x0122)
    'status 0122: the archive does not take this SOP class.'
    """
    meaning = status_meaning(status)
    if meaning.outcome == "stored":
        return ""
    text = f"status {status:04X}: {meaning.text}"
    comment = str(getattr(answer, "ErrorComment", "") or "").strip()
    if comment:
        text += f" ({comment})"
    return text + "."
