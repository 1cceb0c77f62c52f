"""Checks of windows (WIN), of the rescale and of the real world value mapping (VAL)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from dicomseries.checks.registry import Fault, check
from dicomseries.checks.rules.series_checks import not_shared
from dicomseries.checks.series_view.frame_views import number_in, raw_in
from dicomseries.checks.series_view.series_view import SeriesView, Told, printable
from dicomseries.reading import Element

__all__: list[str] = []

_PT = "1.2.840.10008.5.1.4.1.1.128"
_CT = frozenset(f"1.2.840.10008.5.1.4.1.1.2{part}" for part in ("", ".1", ".2"))
_PARAMETRIC_MAP = "1.2.840.10008.5.1.4.1.1.30"
_MULTI_FRAME_SC = frozenset(f"1.2.840.10008.5.1.4.1.1.7.{number}" for number in (1, 2, 3, 4))


@check("WIN-001", level="warning", part="PS3.3 C.11.2", scope="image")
def window_is_there(view: SeriesView) -> Iterator[Fault]:
    """Grey images have a window (or a VOI LUT). Without one, each viewer guesses another contrast for each slice.

    Images of up to 8 bits need none, as they are shown whole, nor do segments, masks and palette colours.
    """
    first = view.first
    deep = (
        first.pixels is not None
        and (first.number("BitsStored") or first.number("BitsAllocated")) > 8
    )
    grey = (
        first.samples == 1
        and first.text("PhotometricInterpretation") != "PALETTE COLOR"
        and not view.is_sparse
    )
    windows = view.told("WindowCenter") if grey and deep else ()
    if len(windows) == 1 and not windows[0].raw and not view.told("VOILUTSequence")[0].raw:
        yield Fault(
            windows[0].where,
            "There is no WindowCenter and WindowWidth.",
            "Write WindowCenter and WindowWidth, the same in all slices.",
        )


@check("WIN-002", level="error", part="PS3.3 C.11.2", scope="image")
def window_is_everywhere(view: SeriesView) -> Iterator[Fault]:
    """If one slice has a window, all have, center and width with as many values.

    The contrast jumps at a slice without one.
    """
    both = _together(view, ("WindowCenter", "WindowWidth"))
    if not any(center.raw or width.raw for center, width in both):
        return
    for center, width in both:
        if not (len(center.numbers) == len(width.numbers) > 0):
            yield Fault(
                center.where,
                f"WindowCenter is {printable(center.raw)}, WindowWidth {printable(width.raw)}.",
                "Write the same window as in the other slices.",
            )


def _together(view: SeriesView, keywords: Sequence[str]) -> list[tuple[Told, ...]]:
    """Return what is said of several attributes, once or by each slice if one of them differs."""
    told = [view.told(keyword) for keyword in keywords]
    count = max(map(len, told))
    longest = next(one for one in told if len(one) == count)
    return [
        tuple(
            (one[index] if len(one) == count else one[0])._replace(where=longest[index].where)
            for one in told
        )
        for index in range(count)
    ]


@check("WIN-003", level="warning", part="PS3.3 C.11.2", scope="image")
def window_is_one(view: SeriesView) -> Iterator[Fault]:
    """All slices of a CT have the same window, so that equal Hounsfield units look equal while scrolling.

    MR, PET and other images may have a window for each slice: their scanners set it so, and no scale is lost.
    """
    if view.first.sop_class_uid in _CT and all(one.raw for one in view.told("WindowCenter")):
        yield from _not_one(view, ("WindowCenter", "WindowWidth", "VOILUTFunction"))


def _not_one(view: SeriesView, keywords: Sequence[str]) -> Iterator[Fault]:
    """Yield the first slice in which an attribute is not what it is in most."""
    if not view.is_framed:
        yield from not_shared(view, keywords)
        return
    for keyword in keywords:
        told = view.told(keyword)
        usual = Counter(one.text for one in told).most_common(1)[0][0]
        odd = [one for one in told if one.text != usual]
        if odd:
            yield Fault(
                odd[0].where,
                f"{keyword} is {printable(odd[0].raw)}, in other frames {printable(usual)} "
                f"({len(odd)} of {len(told)} frames differ).",
                f"Write one {keyword} for all frames.",
            )


@check("WIN-004", level="error", part="PS3.3 C.11.2.1.2", scope="image")
def window_is_wide_enough(view: SeriesView) -> Iterator[Fault]:
    """WindowWidth is at least 1, or above 0 with VOILUTFunction LINEAR_EXACT or SIGMOID."""
    for width, function in _together(view, ("WindowWidth", "VOILUTFunction")):
        exact = function.text in {"LINEAR_EXACT", "SIGMOID"}
        if any(one <= 0 or (one < 1 and not exact) for one in width.numbers):
            yield Fault(
                width.where,
                f"WindowWidth is {printable(width.raw)}.",
                "Write a wider window, or VOILUTFunction LINEAR_EXACT.",
            )


@check("VAL-001", level="error", part="PS3.3 C.11.1.1, C.7.6.16.2.9", scope="image")
def rescale_is_usable(view: SeriesView) -> Iterator[Fault]:
    """RescaleSlope and RescaleIntercept come together, are one finite number each, and the slope is not 0."""
    for slope, intercept in _together(view, ("RescaleSlope", "RescaleIntercept")):
        slopes, intercepts = slope.numbers, intercept.numbers
        absent = slope.raw is None and intercept.raw is None
        fine = len(slopes) == len(intercepts) == 1 and all(
            map(math.isfinite, (*slopes, *intercepts))
        )
        if not absent and not (fine and slopes[0] != 0):
            yield Fault(
                slope.where,
                f"RescaleSlope is {printable(slope.raw)}, RescaleIntercept {printable(intercept.raw)}.",
                "Write one finite slope that is not 0, and one finite intercept.",
            )


@check("VAL-002", level="warning", part="PS3.3 C.8.2.1, C.11.1", scope="image")
def rescale_is_one(view: SeriesView) -> Iterator[Fault]:
    """Slope, intercept and unit are equal in all slices; in PET images the slope may differ.

    A rescale for each slice is legal, and scanners write it; `read` applies it. But some readers take that of one slice
    for all (ITK that of the first frame, ITK in web viewers that of the last file), and numbers of several units cannot
    be compared.
    """
    if view.first.sop_class_uid != _PT:
        yield from _differing_rescales(view)
    units = view.told("RescaleType")
    usual = Counter(one.text for one in units).most_common(1)[0][0]
    odd = [one for one in units if one.text != usual]
    if odd:
        yield Fault(
            odd[0].where,
            f"RescaleType is {printable(odd[0].raw)}, in other slices {printable(usual)} "
            f"({len(odd)} of {len(units)} differ).",
            "Read the slices of each unit by themselves; their numbers are different quantities.",
        )


def _differing_rescales(view: SeriesView) -> Iterator[Fault]:
    """Yield the first slice whose slope or intercept, as a number, is not that of most."""
    pairs = _together(view, ("RescaleSlope", "RescaleIntercept"))
    values = [(slope.numbers or (1.0,), intercept.numbers or (0.0,)) for slope, intercept in pairs]
    groups = Counter(values).most_common()
    if len(groups) == 1:
        return
    index = next(index for index, value in enumerate(values) if value != groups[0][0])
    slope, intercept = pairs[index]
    yield Fault(
        slope.where,
        f"RescaleSlope is {printable(slope.raw)} and RescaleIntercept {printable(intercept.raw)}; "
        f"the {len(pairs)} slices have {len(groups)} different pairs.",
        "Apply the rescale of each slice, as read does: programs that take one pair for all get wrong values.",
    )


@check("VAL-003", level="error", part="PS3.3 C.8.9.4.1.4", scope="image")
def pet_starts_at_zero(view: SeriesView) -> Iterator[Fault]:
    """RescaleIntercept of PET images is 0: stored 0 means no activity."""
    for instance in view.representatives("RescaleIntercept"):
        if instance.sop_class_uid == _PT and instance.intercept != 0:
            yield Fault(
                instance.name,
                f"RescaleIntercept is {printable(instance.raw('RescaleIntercept'))}.",
                "Store PET values with intercept 0.",
            )


@check("VAL-004", level="error", part="PS3.3 C.7.6.1.1.5", scope="image")
def lossy_compression_is_told(view: SeriesView) -> Iterator[Fault]:
    """LossyImageCompression 01 comes with ratio and method, and stands where the transfer syntax is lossy.

    Who measures must know what was lost.
    """
    for instance in view.representatives("LossyImageCompression"):
        is_lossy = instance.text("LossyImageCompression") == "01"
        lacking = [
            key
            for key in ("LossyImageCompressionRatio", "LossyImageCompressionMethod")
            if not instance.raw(key)
        ]
        if is_lossy and lacking:
            yield Fault(
                instance.name,
                f"LossyImageCompression is 01, {' and '.join(lacking)} is missing.",
                f"Write {' and '.join(lacking)}.",
            )
        if not is_lossy and instance.transfer_syntax in _ALWAYS_LOSSY:
            yield Fault(
                instance.name,
                "A lossy transfer syntax without LossyImageCompression 01.",
                "Write LossyImageCompression 01.",
            )


_ALWAYS_LOSSY = frozenset({"1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51"})
"""JPEG Baseline and Extended; the near-lossless syntaxes may be lossless in fact."""


@check("VAL-005", level="error", part="PS3.3 C.7.6.16.2.9b, C.8.32.2", scope="image")
def parametric_map_has_an_identity_rescale(view: SeriesView) -> Iterator[Fault]:
    """The Pixel Value Transformation of a Parametric Map is the identity: slope 1, intercept 0.

    What the stored values mean is said by the Real World Value Mapping alone; readers that know it apply both.
    """
    if view.first.sop_class_uid == _PARAMETRIC_MAP:
        yield from _not_identity(
            view, "Write slope 1 and intercept 0, and the meaning in a Real World Value Mapping."
        )


def _not_identity(view: SeriesView, remedy: str) -> Iterator[Fault]:
    for slope, intercept in _together(view, ("RescaleSlope", "RescaleIntercept")):
        if (slope.raw or intercept.raw) and (slope.numbers, intercept.numbers) != ((1.0,), (0.0,)):
            yield Fault(
                slope.where,
                f"RescaleSlope is {printable(slope.raw)}, RescaleIntercept {printable(intercept.raw)}.",
                remedy,
            )


@check("VAL-006", level="error", part="PS3.3 C.8.6.3", scope="image")
def multi_frame_capture_has_an_identity_rescale(view: SeriesView) -> Iterator[Fault]:
    """Multi-frame Secondary Capture has slope 1 and intercept 0, and has them at the top level.

    PS3.3 calls its Modality LUT an identity; ITK does not see one in a functional group.
    """
    if view.first.sop_class_uid not in _MULTI_FRAME_SC:
        return
    yield from _not_identity(view, "Write slope 1 and intercept 0, or choose another kind.")
    for frames in view.frames:
        if frames.raw("RescaleSlope") is not None:
            yield Fault(
                frames.instance.name,
                "RescaleSlope stands in PixelValueTransformationSequence.",
                "Write RescaleSlope and RescaleIntercept at the top level.",
            )


@check("VAL-007", level="error", part="PS3.3 C.7.6.16.2.11", scope="image")
def real_world_values_are_usable(view: SeriesView) -> Iterator[Fault]:
    """A Real World Value Mapping has a units code, and a finite slope that is not 0 or a table; its range rises.

    In multi-frame files it stands in a functional group, in others at the top level. Of a Parametric Map it is all
    that says what the numbers mean.
    """
    for where, items, order in view.sequences("RealWorldValueMappingSequence"):
        for item in items:
            for message, remedy in _mapping_faults(item, order):
                yield Fault(f"{where} RealWorldValueMappingSequence", message, remedy)


def _mapping_faults(item: Mapping[int, Element], order: str) -> Iterator[tuple[str, str]]:
    slope, intercept = (
        number_in(item, key, order) for key in ("RealWorldValueSlope", "RealWorldValueIntercept")
    )
    if not raw_in(item, "MeasurementUnitsCodeSequence"):
        yield (
            "The mapping has no MeasurementUnitsCodeSequence.",
            "Write a UCUM code; 1 stands for no units.",
        )
    is_line = (
        slope is not None
        and intercept is not None
        and math.isfinite(slope)
        and math.isfinite(intercept)
    )
    if not (is_line and slope) and not raw_in(item, "RealWorldValueLUTData"):
        yield (
            f"RealWorldValueSlope is {slope}, RealWorldValueIntercept {intercept}.",
            "Write one finite slope that is not 0, and one finite intercept.",
        )
    first, last = (_end(item, which, order) for which in ("First", "Last"))
    if first is None or last is None or not first <= last:
        yield (
            f"The mapping is for stored values from {first} to {last}.",
            "Write the smaller value as the first, the larger as the last.",
        )


def _end(item: Mapping[int, Element], which: str, order: str) -> float | None:
    """Return the first or last stored value that is mapped: of integers, or of floats."""
    name = f"RealWorldValue{which}ValueMapped"
    found = number_in(item, name, order)
    return number_in(item, f"DoubleFloat{name}", order) if found is None else found
