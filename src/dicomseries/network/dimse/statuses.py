"""Statuses of C-STORE, C-FIND, C-GET and C-MOVE as sentences.

PS3.7 annex C, PS3.4 sections B.2.3, C.4.1.1.4, C.4.2.1.5, C.4.3.1.4 and J.3.2.1.4.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from dicomseries.lazy_dataclass import dataclass

__all__ = ["StatusMeaning", "answer_text", "is_busy", "status_meaning"]


@dataclass(frozen=True, slots=True)
class StatusMeaning:
    """The sense of a range of statuses, and what to do."""

    outcome: Literal["stored", "warning", "refused"]
    text: str
    remedy: str = ""


def _warning(text: str, remedy: str = "") -> StatusMeaning:
    return StatusMeaning("warning", text, remedy)


def _refused(text: str, remedy: str) -> StatusMeaning:
    return StatusMeaning("refused", text, remedy)


_CHECK = "run `dicomseries check` on the file"
_ASK = "ask the administrator of the archive"
_LATER = "send again later, or ask for space in the archive"
_COMPARE = "compare what it holds"
_LOG = "look into the log of the archive"
_OF_OTHER_SERVICES = {
    _CHECK: _LOG,
    _COMPARE: _LOG,
    _LATER: "try again later",
    f"send again, or {_ASK}": f"try again, or {_ASK}",
    "send again": "try again",
    "send it first": _ASK,
    "write another kind, or ask for support": _ASK,
}
"""Remedy of a status of C-STORE → that of the same status of a search or a fetch."""
_STATUSES: tuple[tuple[int, int, StatusMeaning], ...] = (
    (0x0000, 0x0000, StatusMeaning("stored", "")),
    (0x0001, 0x0001, _warning("stored with a warning")),
    (0x0107, 0x0107, _warning("the archive does not know some attributes")),
    (0x0116, 0x0116, _warning("a value of an attribute is out of range")),
    (
        0xB000,
        0xB000,
        _warning("stored, but the archive changed attributes", _COMPARE),
    ),
    (
        0xB001,
        0xB001,
        _warning("the archive found more than it returns", "narrow the search"),
    ),
    (
        0xB006,
        0xB006,
        _warning("stored, but the archive left out attributes", _COMPARE),
    ),
    (
        0xB007,
        0xB007,
        _warning("stored, but the data set does not match its SOP class", _CHECK),
    ),
    (0xB000, 0xBFFF, _warning("done with a warning")),
    (0x0105, 0x0105, _refused("the archive does not know an attribute", _CHECK)),
    (0x0106, 0x0106, _refused("a value of an attribute is not valid", _CHECK)),
    (0x0110, 0x0110, _refused("the archive failed in processing it", f"send again, or {_ASK}")),
    (
        0x0111,
        0x0111,
        _refused("the archive has an instance of this UID already", _COMPARE),
    ),
    (0x0112, 0x0112, _refused("the archive does not know this instance", "send it first")),
    (0x0115, 0x0115, _refused("an argument is not valid", _ASK)),
    (0x0117, 0x0117, _refused("the SOPInstanceUID is not valid", _CHECK)),
    (0x0118, 0x0118, _refused("the archive does not know the SOP class", _ASK)),
    (0x0119, 0x0119, _refused("the SOP class is not the one of the instance", _CHECK)),
    (0x0120, 0x0120, _refused("an attribute is missing", _CHECK)),
    (0x0121, 0x0121, _refused("an attribute has no value", _CHECK)),
    (
        0x0122,
        0x0122,
        _refused(
            "the archive does not support this SOP class", "write another kind, or ask for support"
        ),
    ),
    (0x0124, 0x0124, _refused("this caller is not allowed to do that", _ASK)),
    (0x0210, 0x0210, _refused("the archive saw this message twice", "send again")),
    (0x0211, 0x0211, _refused("the archive does not know this operation", _ASK)),
    (0x0212, 0x0212, _refused("the archive cannot read the message", _ASK)),
    (0x0213, 0x0213, _refused("the archive is out of resources", _LATER)),
    (
        0xA701,
        0xA701,
        _refused("the archive cannot count the matches: it is out of resources", "try later"),
    ),
    (
        0xA702,
        0xA702,
        _refused(
            "the archive is out of resources, or cannot send",
            "try later, or ask whether it can reach this computer",
        ),
    ),
    (0xA700, 0xA7FF, _refused("the archive is out of resources", _LATER)),
    (
        0xA801,
        0xA801,
        _refused(
            "the archive does not know where to move to",
            "ask its administrator to add this AE title, host and port",
        ),
    ),
    (0xA900, 0xA9FF, _refused("the data set does not match its SOP class", _CHECK)),
    (0xC000, 0xCFFF, _refused("the archive cannot understand or process it", _CHECK)),
    (0xFE00, 0xFE00, _refused("the archive cancelled the operation", "try again")),
)
"""First and last status of a range, and its sense; the first range that fits counts."""


def status_meaning(status: int) -> StatusMeaning:
    """Return the sense of a status.

    Examples
    --------
    >>> status_meaning(0xA7FE).outcome, status_meaning(0).outcome, status_meaning(0xB000).outcome
    ('refused', 'stored', 'warning')
    """
    for first, last, meaning in _STATUSES:
        if first <= status <= last:
            return meaning
    return _refused("the archive gave a status that the standard does not have", _ASK)


def is_busy(status: int | None) -> bool:
    """Return whether it may help to send again later.

    Examples
    --------
    >>> is_busy(0xA700), is_busy(0xC000)
    (True, False)
    """
    return status is not None and (0xA700 <= status <= 0xA7FF or status == 0x0213)


def answer_text(
    status: int,
    answer: Any = None,
    attributes: Iterable[str] = (),
    *,
    is_sending: bool = True,
) -> str:
    """Return the sentence for an answer, with the comment in it.

    Parameters
    ----------
    status : int
        DIMSE status.
    answer : object, optional
        The answer, with `ErrorComment`.
    attributes : iterable of str
        Keywords that the archive names.
    is_sending : bool
        Whether it answers to C-STORE: a search or a fetch has other remedies.

    Examples
    --------
    >>> answer_text(0xA900, attributes=["Rows"])
    'Status A900: the data set does not match its SOP class (Rows); run `dicomseries check` on the
    file.'
    >>> answer_text(0xC000, is_sending=False)
    'Status C000: the archive cannot understand or process it; look into the log of the archive.'
    """
    meaning = status_meaning(status)
    if meaning.outcome == "stored":
        return ""
    text = f"Status {status:04X}: {meaning.text}"
    details = list(attributes)
    comment = str(getattr(answer, "ErrorComment", "") or "").strip()
    if comment:
        details.append(comment)
    if details:
        text += f" ({', '.join(details)})"
    remedy = meaning.remedy
    if not is_sending:
        remedy = _OF_OTHER_SERVICES.get(remedy, remedy)
    if remedy:
        text += f"; {remedy}"
    return text + "."
