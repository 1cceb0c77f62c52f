"""`relation_of`: how the values of a new array relate to those of its source, by what can be shown.

Only headers of the source are known here, and the ends of the new values. So a relation is either shown by them, stated
by the user, or open; what is open is taken for the same quantity, and the receipt names what that took over.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from dicomseries.derivation.source.source_facts import SourceFact

__all__ = ["RELATIONS", "ArrayFacts", "Scale", "ValueRelation", "relation_of", "scale_of"]

ValueRelation = Literal["same", "rescaled", "grey", "other", "unit", "labels", "colour"]

_RESCALED = (
    "values more than ten times beyond what the source can hold, or within a hundredth of its range; "
    "of Hounsfield units: beyond -32768 … 65535, or less than 20 apart"
)
_GREY = (
    "whole numbers from 0 to 255 where the source goes beyond, as grey levels and labels are; "
    "floats that reach both ends exactly"
)
_OTHER = (
    "a unit is stated (`units=`, Units, RescaleType, MeasurementUnitsCodeSequence, QuantityDefinitionSequence) "
    "that the source does not have"
)

RELATIONS: Mapping[ValueRelation, tuple[str, str]] = {
    "same": (
        "same values",
        "nothing below is shown or stated: the values may be the source's quantity",
    ),
    "rescaled": ("rescaled", _RESCALED),
    "grey": ("0 to 255", _GREY),
    "other": ("another quantity", _OTHER),
    "unit": (
        "floats 0 to 1",
        "floats between -1 and 1 where the source goes beyond, as probabilities are",
    ),
    "labels": ("labels", "kind Segmentation, an array of bool, or integers that are 0 and 1 alone"),
    "colour": ("colour", "three samples a pixel"),
}
"""Relation → its name for people, and what shows it."""

HOUNSFIELD_RANGE = (-32768.0, 65535.0)
"""What scanners of extended range and metal reach."""
LEAST_CONTRAST = 20.0
"""HU between the darkest and the brightest voxel of any body or phantom; normalised images have 1 or 2."""
_LEAST_SHARE = 0.01
"""Part of the source's range below which the values are hardly on its scale any more."""
_MOST_TIMES = 10.0
"""Times the source's largest value beyond which the values are hardly on its scale any more."""
_BYTE = (0.0, 255.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayFacts:
    """What is known of the values of a new array.

    Parameters
    ----------
    samples : int
        Samples per pixel.
    is_integer : bool
        Whether it holds integers.
    is_byte : bool
        Whether its dtype has 8 bits without a sign.
    is_bool : bool
        Whether it holds truth values, or labels of a segmentation.
    low, high : float, optional
        Least and greatest finite real value, without padding; None if not known (yet).
    padding_seen : bool
        Whether some voxels have the value that the source uses as padding.

    Examples
    --------
    >>> ArrayFacts(samples=1, low=-1.0, high=1.0).is_integer
    False
    """

    samples: int = 1
    is_integer: bool = False
    is_byte: bool = False
    is_bool: bool = False
    low: float | None = None
    high: float | None = None
    padding_seen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """The real values that the headers of a source speak of.

    Parameters
    ----------
    reach : tuple of float, optional
        What its pixels could hold at most, after the rescale.
    span : tuple of float, optional
        What they likely hold: smallest and largest value if the files state them, else the window, else `reach`.
    is_hounsfield : bool
        Whether they are Hounsfield units.
    is_whole : bool
        Whether each value is a whole number.

    Examples
    --------
    >>> Scale(reach=(-1024.0, 3071.0), span=(-160.0, 240.0), is_hounsfield=True).is_whole
    True
    """

    reach: tuple[float, float] | None = None
    span: tuple[float, float] | None = None
    is_hounsfield: bool = False
    is_whole: bool = True


def relation_of(
    source: Scale, array: ArrayFacts, *, is_other: bool = False, is_same: bool = False
) -> ValueRelation:
    """Return how the values of an array relate to those of its source.

    Parameters
    ----------
    source : Scale
        What the headers of the source speak of.
    array : ArrayFacts
        What is known of the array.
    is_other, is_same : bool
        Whether the user has stated a unit that the source has not, or the one that it has.

    Examples
    --------
    >>> ct = Scale(reach=(-1024.0, 3071.0), span=(-160.0, 240.0), is_hounsfield=True)
    >>> relation_of(ct, ArrayFacts(is_integer=True, low=-1000.0, high=1500.0))
    'same'
    >>> relation_of(ct, ArrayFacts(is_integer=True, is_byte=True, low=0.0, high=255.0))
    'grey'
    >>> relation_of(ct, ArrayFacts(low=0.0, high=0.98))
    'unit'
    """
    if array.samples > 1:
        return "colour"
    if array.is_bool:
        return "labels"
    if is_other or is_same:
        return "other" if is_other else "same"
    if array.low is None or array.high is None:
        return "grey" if array.is_byte and not _within(source.reach, _BYTE) else "same"
    return _of_numbers(source, array, array.low, array.high)


def _of_numbers(source: Scale, array: ArrayFacts, low: float, high: float) -> ValueRelation:
    if array.is_integer and low >= 0 and high <= 1 and not _within(source.span, (0.0, 1.0)):
        return "labels"
    if _is_grey(source, array, low, high):
        return "grey"
    if not array.is_integer and low >= -1 and high <= 1 and not _within(source.span, (-2.0, 2.0)):
        return "unit"
    return "rescaled" if _is_off_scale(source, low, high) else "same"


def _is_grey(source: Scale, array: ArrayFacts, low: float, high: float) -> bool:
    """Whether the values look like a picture of 256 grey levels, which those of the source do not."""
    if array.is_byte:
        return not (_within(source.reach, _BYTE) and source.is_whole)
    if not array.is_integer:
        return (low, high) == _BYTE and not _within(source.span, _BYTE)
    return low >= 0 and high <= _BYTE[1] and not (_within(source.span, _BYTE) and source.is_whole)


def _is_off_scale(source: Scale, low: float, high: float) -> bool:
    if source.is_hounsfield:
        least, most = HOUNSFIELD_RANGE
        return low < least or high > most or high - low < LEAST_CONTRAST
    if source.span is not None and high - low < _LEAST_SHARE * (source.span[1] - source.span[0]):
        return True
    if source.reach is None:
        return False
    largest = max(map(abs, source.reach))
    return largest > 0 and max(abs(low), abs(high)) > _MOST_TIMES * largest


def _within(ends: tuple[float, float] | None, limits: tuple[float, float]) -> bool:
    """Whether the source's range lies in limits; one that is not known is taken to go beyond."""
    return ends is not None and limits[0] <= ends[0] and ends[1] <= limits[1]


# ------------------------------------------------------------------------------------------------ from the headers
def scale_of(facts: Mapping[str, SourceFact], *, is_hounsfield: bool) -> Scale:
    """Return the real values that the headers of a source speak of.

    Parameters
    ----------
    facts : mapping of str to SourceFact
        All that it says, functional groups opened.
    is_hounsfield : bool
        Whether its values are Hounsfield units.

    Notes
    -----
    PS3.3 sections C.7.6.3 (bits, smallest and largest pixel value), C.11.1 (rescale), C.11.2 (window).

    Examples
    --------
    >>> from dicomseries.standard.attribute import Attribute
    >>> own = {"BitsStored": 12, "PixelRepresentation": 0}
    >>> facts = {key: SourceFact(keyword=key, frames=(Attribute(key, "US", (value,)),)) for key, value in own.items()}
    >>> scale_of(facts, is_hounsfield=False).reach
    (0.0, 4095.0)
    """
    rescales = _rescales(facts)
    stored = _stored_ends(facts)
    mapped = _pair(
        facts,
        "DoubleFloatRealWorldValueFirstValueMapped",
        "DoubleFloatRealWorldValueLastValueMapped",
    )
    reach = mapped if stored is None else _real(stored, rescales)
    found = _pair(facts, "SmallestImagePixelValue", "LargestImagePixelValue") if stored else None
    span = _real(found, rescales) if found else _window_ends(facts) or reach
    whole = (
        all(slope.is_integer() and intercept.is_integer() for slope, intercept in rescales)
        and stored is not None
    )
    return Scale(reach=reach, span=span, is_hounsfield=is_hounsfield, is_whole=whole)


def _numbers(fact: SourceFact | None) -> list[float]:
    """Return the numbers of all frames; none where one of them is no number."""
    if fact is None:
        return []
    try:
        found = [
            float(str(value))
            for one in dict.fromkeys(fact.frames)
            if one is not None
            for value in one.values
        ]
    except ValueError:
        return []
    return found if all(map(math.isfinite, found)) else []


def _rescales(facts: Mapping[str, SourceFact]) -> list[tuple[float, float]]:
    slopes = _numbers(facts.get("RescaleSlope")) or [1.0]
    intercepts = _numbers(facts.get("RescaleIntercept")) or [0.0]
    return [
        (slope, intercept)
        for slope in dict.fromkeys(slopes)
        for intercept in dict.fromkeys(intercepts)
    ]


def _stored_ends(facts: Mapping[str, SourceFact]) -> tuple[float, float] | None:
    bits = _numbers(facts.get("BitsStored"))
    if not bits or not all(1 <= one <= 32 for one in bits):
        return None
    count = int(max(bits))
    if 1.0 in _numbers(facts.get("PixelRepresentation")):
        return -(2.0 ** (count - 1)), 2.0 ** (count - 1) - 1
    return 0.0, 2.0**count - 1


def _real(stored: tuple[float, float], rescales: list[tuple[float, float]]) -> tuple[float, float]:
    ends = [end * slope + intercept for slope, intercept in rescales for end in stored]
    return min(ends), max(ends)


def _pair(facts: Mapping[str, SourceFact], first: str, last: str) -> tuple[float, float] | None:
    lows, highs = _numbers(facts.get(first)), _numbers(facts.get(last))
    if not lows or not highs or min(lows) >= max(highs):
        return None
    return min(lows), max(highs)


def _window_ends(facts: Mapping[str, SourceFact]) -> tuple[float, float] | None:
    centers, widths = _numbers(facts.get("WindowCenter")), _numbers(facts.get("WindowWidth"))
    if not centers or not widths or min(widths) <= 0:
        return None
    half = max(widths) / 2
    return min(centers) - half, max(centers) + half
