"""Names of the series that `split=` makes: by time, or by the attribute that tells the volumes apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dicomseries.plan import Column, Extent
from dicomseries.standard.attribute import Value

__all__ = ["Parts", "parts_of"]

_WORDS = {
    "EchoTime": ("echo", "ms"),
    "EffectiveEchoTime": ("echo", "ms"),
    "DiffusionBValue": ("b-value", "s/mm2"),
    "InversionTime": ("inversion", "ms"),
    "FlipAngle": ("flip-angle", "deg"),
    "RepetitionTime": ("repetition", "ms"),
    "TriggerTime": ("phase", "ms"),
    "NominalCardiacTriggerDelayTime": ("phase", "ms"),
    "KVP": ("kvp", "kV"),
    "ImageType": ("image-type", ""),
    "FrameReferenceTime": ("time", "ms"),
    "AcquisitionTime": ("time", ""),
}
"""Keyword → the name of a part and the unit of its value, the best first."""

_LEAST_DIGITS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Names of the parts of a series.

    Parameters
    ----------
    word : str
        What a part is: "time", "echo", "b-value", "volume".
    count : int
        How many there are.
    values : tuple of str
        The value of each part with its unit; empty where only the number tells them apart.

    Examples
    --------
    >>> parts = Parts(word="echo", count=2, values=("4.6 ms", "9.2 ms"))
    >>> parts.folder(1), parts.text(1)
    ('echo-0002', 'echo 2 of 2, 9.2 ms')
    """

    word: str
    count: int
    values: tuple[str, ...] = ()

    def folder(self, index: int) -> str:
        """Return the name of the folder of a part."""
        width = max(_LEAST_DIGITS, len(str(self.count)))
        return f"{self.word}-{index + 1:0{width}d}"

    def text(self, index: int) -> str:
        """Return what SeriesDescription says of a part."""
        text = f"{self.word} {index + 1} of {self.count}"
        return f"{text}, {self.values[index]}" if self.values else text


def parts_of(extent: Extent, columns: Sequence[Column]) -> Parts:
    """Return the names of the volumes as series of their own.

    Parameters
    ----------
    extent : Extent
        Volumes, and their times if they are known.
    columns : sequence of Column
        What the user has given for each volume.

    Examples
    --------
    >>> echoes = Column(keyword="EchoTime", per="volume", values=(("4.6",), ("9.2",)), vr="DS")
    >>> parts_of(Extent(volumes=2, slices=3), [echoes]).text(0), parts_of(Extent(volumes=2, slices=3), []).text(0)
    ('echo 1 of 2, 4.6 ms', 'time 1 of 2')
    """
    differing = {one.keyword: one for one in columns if one.per == "volume" and not one.is_constant}
    if extent.times_s is not None or not differing:
        return Parts(word="time", count=extent.volumes)
    found = next((name for name in _WORDS if name in differing), None)
    if found is None:
        return Parts(word="volume", count=extent.volumes)
    word, unit = _WORDS[found]
    values = tuple(_shown(values, unit) for values in differing[found].values)
    return Parts(word=word, count=extent.volumes, values=values)


def _shown(values: tuple[Value, ...] | None, unit: str) -> str:
    text = ", ".join(str(value).removesuffix(".0") for value in values or ()) or "none"
    return f"{text} {unit}" if unit and values else text
