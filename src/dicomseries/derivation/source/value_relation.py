"""Relation of new values to those of the source.

Only the source's headers and the ends of the new values are known. A relation is shown by them,
stated by the user, or open. An open one counts as the same quantity, and the receipt names the
attributes that were kept for that.
"""

from __future__ import annotations

from itertools import product

from dicomseries.derivation.rules.value_rules import ValueRelation
from dicomseries.derivation.source.source_facts import Facts, numbers_in
from dicomseries.lazy_dataclass import dataclass
from dicomseries.standard.attributes.attribute import Value

__all__ = ["ArrayFacts", "Scale", "relation_of", "scale_of"]

_HOUNSFIELD_LOW, _HOUNSFIELD_HIGH = -32768.0, 65535.0
"""Range of scanners with extended range and of metal."""

_LEAST_CONTRAST = 20.0
"""HU between the darkest and the brightest voxel of any body; normalised images have 1 or 2."""

_LEAST_SHARE = 0.01
"""Part of the source's range; values within less are not on its scale."""

_MOST_TIMES = 10.0
"""Multiple of the source's largest value; values beyond are not on its scale."""

Ends = tuple[float, float]
_BYTE: Ends = (0.0, 255.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayFacts:
    """Known facts about the values of a new array.

    Parameters
    ----------
    samples : int
        Samples per pixel.
    is_integer : bool
        Whether it holds integers.
    is_byte : bool
        Whether its dtype is uint8.
    is_bool : bool
        Whether it holds truth values, or labels of a segmentation.
    low, high : float, optional
        Least and greatest finite real value without padding; None if unknown.
    padding_seen : bool
        Whether some voxels have the source's padding value.

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
    """Real values of a source by its headers.

    Parameters
    ----------
    reach : tuple of float, optional
        Ends of the possible real values of its pixels.
    span : tuple of float, optional
        Ends of the likely values: smallest and largest value if stated, else the window, else
        `reach`.
    is_hounsfield : bool
        Whether they are Hounsfield units.
    is_whole : bool
        Whether each value is a whole number.

    Examples
    --------
    >>> Scale(reach=(-1024.0, 3071.0), span=(-160.0, 240.0), is_hounsfield=True).is_whole
    True
    """

    reach: Ends | None = None
    span: Ends | None = None
    is_hounsfield: bool = False
    is_whole: bool = True


def relation_of(
    source: Scale, array: ArrayFacts, *, is_other: bool = False, is_same: bool = False
) -> ValueRelation:
    """Return the relation of an array's values to its source's.

    Parameters
    ----------
    source : Scale
        Values of the source.
    array : ArrayFacts
        Values of the array.
    is_other, is_same : bool
        Whether the user has stated another unit than the source's, or the same.

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
        if is_other:
            return "other"
        return "same"
    low, high = array.low, array.high
    if low is None or high is None:
        return "grey" if array.is_byte and not _is_within(source.reach, _BYTE) else "same"
    return _relation_of_ends(source, array, low, high)


def _relation_of_ends(source: Scale, array: ArrayFacts, low: float, high: float) -> ValueRelation:
    if array.is_integer and low >= 0 and high <= 1 and not _is_within(source.span, (0.0, 1.0)):
        return "labels"
    if _is_grey(source, array, low, high):
        return "grey"
    is_unit = not array.is_integer and low >= -1 and high <= 1
    if is_unit and not _is_within(source.span, (-2.0, 2.0)):
        return "unit"
    if _is_off_scale(source, low, high):
        return "rescaled"
    return "same"


def _is_grey(source: Scale, array: ArrayFacts, low: float, high: float) -> bool:
    """Return whether the values are new grey levels.

    256 of them, unlike the source's.
    """
    if array.is_byte:
        return not (_is_within(source.reach, _BYTE) and source.is_whole)
    is_byte_source = _is_within(source.span, _BYTE)
    if not array.is_integer:
        return (low, high) == _BYTE and not is_byte_source
    return low >= 0 and high <= _BYTE[1] and not (is_byte_source and source.is_whole)


def _is_off_scale(source: Scale, low: float, high: float) -> bool:
    if source.is_hounsfield:
        is_beyond = low < _HOUNSFIELD_LOW or high > _HOUNSFIELD_HIGH
        return is_beyond or high - low < _LEAST_CONTRAST
    if source.span is not None and high - low < _LEAST_SHARE * (source.span[1] - source.span[0]):
        return True
    if source.reach is None:
        return False
    largest = max(map(abs, source.reach))
    return largest > 0 and max(abs(low), abs(high)) > _MOST_TIMES * largest


def _is_within(ends: Ends | None, limits: Ends) -> bool:
    """Return whether the ends are known and lie in limits."""
    return ends is not None and limits[0] <= ends[0] and ends[1] <= limits[1]


def scale_of(facts: Facts, *, is_hounsfield: bool) -> Scale:
    """Return the real values of a source by its headers.

    Parameters
    ----------
    facts : mapping of str to SourceFact
        Its attributes, functional groups opened.
    is_hounsfield : bool
        Whether its values are Hounsfield units.

    Notes
    -----
    PS3.3 sections C.7.6.3 (bits, smallest and largest pixel value), C.11.1 (rescale), C.11.2
    (window).

    Examples
    --------
    >>> from dicomseries.derivation.source.source_facts import SourceFact
    >>> from dicomseries.standard.attributes.attribute import Attribute
    >>> bits = Attribute("BitsStored", "US", (12,))
    >>> facts = {"BitsStored": SourceFact(keyword="BitsStored", frames=(bits,))}
    >>> scale_of(facts, is_hounsfield=False).reach
    (0.0, 4095.0)
    """
    slopes = dict.fromkeys(_numbers(facts, "RescaleSlope") or [1.0])
    intercepts = dict.fromkeys(_numbers(facts, "RescaleIntercept") or [0.0])
    rescales = list(product(slopes, intercepts))
    stored = _stored_ends(facts)
    if stored is None:
        prefix = "DoubleFloatRealWorldValue"
        reach = _pair(facts, f"{prefix}FirstValueMapped", f"{prefix}LastValueMapped")
        span = _window_ends(facts) or reach
        is_whole = False
    else:
        reach = _real(stored, rescales)
        pixels = _pair(facts, "SmallestImagePixelValue", "LargestImagePixelValue")
        span = _window_ends(facts) or reach
        if pixels:
            span = _real(pixels, rescales)
        is_whole = all(map(float.is_integer, slopes | intercepts))
    return Scale(reach=reach, span=span, is_hounsfield=is_hounsfield, is_whole=is_whole)


def _numbers(facts: Facts, keyword: str) -> list[float]:
    """Return the numbers of all frames, if all are."""
    if keyword not in facts:
        return []
    values: list[Value] = []
    for member in facts[keyword].different:
        values += member.values
    return numbers_in(values)


def _stored_ends(facts: Facts) -> Ends | None:
    bits = _numbers(facts, "BitsStored")
    if not bits or min(bits) < 1 or max(bits) > 32:
        return None
    count = int(max(bits))
    if 1.0 in _numbers(facts, "PixelRepresentation"):
        return -(2.0 ** (count - 1)), 2.0 ** (count - 1) - 1
    return 0.0, 2.0**count - 1


def _real(stored: Ends, rescales: list[tuple[float, float]]) -> Ends:
    ends = []
    for slope, intercept in rescales:
        ends += [stored[0] * slope + intercept, stored[1] * slope + intercept]
    return min(ends), max(ends)


def _pair(facts: Facts, first: str, last: str) -> Ends | None:
    lows, highs = _numbers(facts, first), _numbers(facts, last)
    if not lows or not highs or min(lows) >= max(highs):
        return None
    return min(lows), max(highs)


def _window_ends(facts: Facts) -> Ends | None:
    centers, widths = _numbers(facts, "WindowCenter"), _numbers(facts, "WindowWidth")
    if not centers or not widths or min(widths) <= 0:
        return None
    half = max(widths) / 2
    return min(centers) - half, max(centers) + half
