"""`NamePattern`: names of files from attributes, in dcm2niix's letters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from dicomseries.errors import OptionError
from dicomseries.lazy_dataclass import dataclass

__all__ = ["LETTERS", "NamePattern"]

LETTERS: dict[str, tuple[str, ...]] = {
    "a": ("ReceiveCoilName",),
    "c": ("ImageComments",),
    "d": ("SeriesDescription",),
    "e": ("EchoNumbers",),
    "f": (),
    "g": ("AccessionNumber",),
    "i": ("PatientID",),
    "j": ("SeriesInstanceUID",),
    "k": ("StudyInstanceUID",),
    "m": ("Manufacturer",),
    "n": ("PatientName",),
    "p": ("ProtocolName", "SeriesDescription", "SequenceName"),
    "s": ("SeriesNumber",),
    "t": ("StudyDate", "StudyTime"),
    "u": ("AcquisitionNumber",),
    "v": ("Manufacturer",),
    "x": ("StudyID",),
    "z": ("SequenceName",),
}
"""Letter → attributes; the first that has a value. %f is the folder, %t has both."""

_CODE = re.compile(r"%(.?)")
_DEVICES = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9])(\.|$)", re.IGNORECASE)
"""Names that Windows takes for devices."""
_NOT_IN_A_NAME = re.compile(r"[^\w.+-]+", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamePattern:
    """Pattern of the names of files, such as ``"%f_%p_%t_%s"``.

    Parameters
    ----------
    text : str
        ``%`` and a letter of `LETTERS` is replaced by an attribute; ``/`` separates folders.

    Raises
    ------
    OptionError
        If a letter is unknown, or the pattern leaves the folder of the output.

    Examples
    --------
    >>> pattern = NamePattern(text="%i/%s_%p")
    >>> pattern.name({"PatientID": "A 1", "SeriesNumber": 3, "ProtocolName": "T1 (fast)"}, "scan")
    'A_1/3_T1_fast'
    """

    text: str

    def __post_init__(self) -> None:
        unknown = [letter for letter in _CODE.findall(self.text) if letter not in LETTERS]
        if unknown:
            raise OptionError(
                code="name-letter-unknown",
                where="name",
                given=f"%{unknown[0]} in {self.text!r}",
                expected=f"% and one of the letters {' '.join(LETTERS)}",
                remedy="Write for example `name='%p_%s'`, protocol and series number.",
            )
        parts = self.text.split("/")
        if not self.text.strip() or "" in parts or ".." in parts:
            raise OptionError(
                code="name-outside",
                where="name",
                given=repr(self.text),
                expected="the name of a file inside of the output folder",
                remedy="Write for example `name='%i/%s_%p'`, without leading / and without `..`.",
            )

    def name(self, attributes: Mapping[str, Any], folder: str) -> str:
        """Return the name for a series, without suffix.

        Letters and digits stay; runs of other characters become ``_``.

        Parameters
        ----------
        attributes : mapping of str to value
            Those that all slices share.
        folder : str
            Name of the folder of the series.
        """
        names = []
        for part in self.text.split("/"):
            filled = _CODE.sub(lambda code: _value(code[1], attributes, folder), part)
            names.append(_allowed(_plain(filled) or "series"))
        return "/".join(names)


def _allowed(name: str) -> str:
    """Return a name that Windows does not take for a device."""
    return f"_{name}" if _DEVICES.match(name) else name


def _value(letter: str, attributes: Mapping[str, Any], folder: str) -> str:
    if letter == "f":
        return _plain(folder)
    texts = [_text(attributes.get(keyword)) for keyword in LETTERS[letter]]
    if letter == "t":
        return "".join(text.partition(".")[0] for text in texts)
    return next((text for text in texts if text), "")


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, (list, tuple)):
        return "-".join(map(str, value))
    return _plain(str(value))


def _plain(text: str) -> str:
    """Return a text that every file system takes as a name."""
    return _NOT_IN_A_NAME.sub("_", text).strip("_.")
