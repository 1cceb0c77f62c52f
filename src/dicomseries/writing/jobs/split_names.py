"""Names of the series of a split write."""

from __future__ import annotations

from collections.abc import Sequence

from dicomseries.lazy_dataclass import dataclass
from dicomseries.plan import Column, Extent
from dicomseries.standard.attributes.attribute import Value

__all__ = ["PartNames", "part_names"]

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
"""Keyword → name of a part and unit of its value, the best first."""

_LEAST_DIGITS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class PartNames:
    """Names of the parts of a series.

    Parameters
    ----------
    word : str
        What a part is: "time", "echo", "b-value", "volume".
    count : int
        How many there are.
    values : tuple of str
        The value of each part with its unit; empty if they differ by number only.

    Examples
    --------
    >>> names = PartNames(word="echo", count=2, values=("4.6 ms", "9.2 ms"))
    >>> names.folder(1), names.text(1)
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
        """Return the name of a part for SeriesDescription."""
        text = f"{self.word} {index + 1} of {self.count}"
        if self.values:
            text += f", {self.values[index]}"
        return text


def part_names(extent: Extent, columns: Sequence[Column]) -> PartNames:
    """Return the names of the volumes as separate series.

    Parameters
    ----------
    extent : Extent
        Volumes, and their times if known.
    columns : sequence of Column
        The user's attributes of each volume.
    """
    differing: dict[str, Column] = {}
    for column in columns:
        if column.per == "volume" and not column.is_constant:
            differing[column.keyword] = column
    if extent.times_s is not None or not differing:
        return PartNames(word="time", count=extent.volumes)
    for keyword, (word, unit) in _WORDS.items():
        if keyword in differing:
            values = tuple(_value_text(entry, unit) for entry in differing[keyword].values)
            return PartNames(word=word, count=extent.volumes, values=values)
    return PartNames(word="volume", count=extent.volumes)


def _value_text(values: tuple[Value, ...] | None, unit: str) -> str:
    if not values:
        return "none"
    text = ", ".join(str(value).removesuffix(".0") for value in values)
    return f"{text} {unit}" if unit else text
