"""Checks of windows (WIN), rescales and real world values (VAL)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping

from dicomseries.checks.registry import Fault, check
from dicomseries.checks.rules.series_checks import not_shared
from dicomseries.checks.series_view.element_values import (
    AttributeValue,
    number_in,
    printable,
    raw_in,
    unusual_values,
)
from dicomseries.checks.series_view.series_view import SeriesView
from dicomseries.reading import Element
from dicomseries.standard.objects import sop_classes

__all__: list[str] = []

_CT = frozenset({sop_classes.CT, sop_classes.ENHANCED_CT, sop_classes.LEGACY_ENHANCED_CT})
_MULTI_FRAME_SC = frozenset(
    {
        sop_classes.MULTIFRAME_SC_BIT,
        sop_classes.MULTIFRAME_SC_BYTE,
        sop_classes.MULTIFRAME_SC_WORD,
        sop_classes.MULTIFRAME_SC_COLOUR,
    }
)
_ALWAYS_LOSSY = frozenset({"1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51"})
"""JPEG Baseline and Extended. The near-lossless transfer syntaxes may be lossless in fact."""


@check("WIN-001", level="warning", part="PS3.3 C.11.2", scope="image")
def window_is_there(view: SeriesView) -> Iterator[Fault]:
    """Grey images have a window or a VOI LUT.

    Otherwise each viewer guesses another contrast for each slice. Images of up to 8 bits need none:
    their full range is shown. Segments, masks and palette colours need none either.
    """
    first = view.first
    bits = first.number("BitsStored") or first.number("BitsAllocated")
    is_palette = first.text("PhotometricInterpretation") == "PALETTE COLOR"
    is_grey = first.samples == 1 and not is_palette and not view.is_sparse
    if first.pixels is None or bits <= 8 or not is_grey:
        return
    windows = view.values("WindowCenter")
    if len(windows) == 1 and not windows[0].raw and not view.values("VOILUTSequence")[0].raw:
        yield Fault(
            windows[0].where,
            "WindowCenter and WindowWidth are missing.",
            "Write WindowCenter and WindowWidth, the same in all slices.",
        )


@check("WIN-002", level="error", part="PS3.3 C.11.2", scope="image")
def window_is_everywhere(view: SeriesView) -> Iterator[Fault]:
    """All slices have a window, or none has.

    WindowCenter and WindowWidth have equally many values. The contrast jumps at a slice without a
    window.
    """
    windows = view.values_together("WindowCenter", "WindowWidth")
    if not any(center.raw or width.raw for center, width in windows):
        return
    for center, width in windows:
        if not len(center.numbers) == len(width.numbers) > 0:
            yield Fault(
                center.where,
                f"WindowCenter is {printable(center.raw)}, WindowWidth {printable(width.raw)}.",
                "Write the same window as in the other slices.",
            )


@check("WIN-003", level="warning", part="PS3.3 C.11.2", scope="image")
def window_is_shared(view: SeriesView) -> Iterator[Fault]:
    """All slices of a CT have the same window.

    Equal Hounsfield units then look equal while scrolling. MR, PET and other images may have a
    window for each slice: their scanners set it so, and they have no absolute scale to lose.
    """
    if view.first.sop_class_uid not in _CT:
        return
    if not all(center.raw for center in view.values("WindowCenter")):
        return
    keywords = ("WindowCenter", "WindowWidth", "VOILUTFunction")
    if not view.is_multi_frame:
        yield from not_shared(view, keywords)
        return
    for keyword in keywords:
        values = view.values(keyword)
        unusual, usual = unusual_values(values)
        if unusual:
            yield Fault(
                unusual[0].where,
                f"{keyword} is {printable(unusual[0].raw)}, in other frames {printable(usual)} "
                f"({len(unusual)} of {len(values)} frames differ).",
                f"Write one {keyword} for all frames.",
            )


@check("WIN-004", level="error", part="PS3.3 C.11.2.1.2", scope="image")
def window_is_wide_enough(view: SeriesView) -> Iterator[Fault]:
    """WindowWidth is at least 1.

    With VOILUTFunction LINEAR_EXACT or SIGMOID it is above 0.
    """
    for width, function in view.values_together("WindowWidth", "VOILUTFunction"):
        is_exact = function.text in {"LINEAR_EXACT", "SIGMOID"}
        narrowest = min(width.numbers, default=math.inf)
        if narrowest <= 0 or (narrowest < 1 and not is_exact):
            yield Fault(
                width.where,
                f"WindowWidth is {printable(width.raw)}.",
                "Write a wider window, or VOILUTFunction LINEAR_EXACT.",
            )


def _rescales(view: SeriesView) -> list[tuple[AttributeValue, ...]]:
    return view.values_together("RescaleSlope", "RescaleIntercept")


@check("VAL-001", level="error", part="PS3.3 C.11.1.1, C.7.6.16.2.9", scope="image")
def rescale_is_usable(view: SeriesView) -> Iterator[Fault]:
    """RescaleSlope and RescaleIntercept are finite numbers, both or none present.

    One number each, and the slope is not 0.
    """
    for slope, intercept in _rescales(view):
        if slope.raw is None and intercept.raw is None:
            continue
        numbers = (*slope.numbers, *intercept.numbers)
        is_pair = len(slope.numbers) == len(intercept.numbers) == 1
        if not is_pair or not all(map(math.isfinite, numbers)) or numbers[0] == 0:
            yield Fault(
                slope.where,
                f"RescaleSlope is {printable(slope.raw)}, "
                f"RescaleIntercept {printable(intercept.raw)}.",
                "Write one finite slope that is not 0, and one finite intercept.",
            )


@check("VAL-002", level="warning", part="PS3.3 C.8.2.1, C.11.1", scope="image")
def rescale_is_shared(view: SeriesView) -> Iterator[Fault]:
    """Slope, intercept and unit are equal in all slices.

    In PET images the slope may differ. A rescale for each slice is legal, and scanners write it;
    `read` applies it. But some readers take that of one slice for all (ITK that of the first frame,
    ITK in web viewers that of the last file), and numbers of several units cannot be compared.
    """
    if view.first.sop_class_uid != sop_classes.PT:
        yield from _unusual_rescales(view)
    units = view.values("RescaleType")
    unusual, usual = unusual_values(units)
    if unusual:
        yield Fault(
            unusual[0].where,
            f"RescaleType is {printable(unusual[0].raw)}, in other slices {printable(usual)} "
            f"({len(unusual)} of {len(units)} differ).",
            "Read the slices of each unit separately; their numbers are different quantities.",
        )


def _unusual_rescales(view: SeriesView) -> Iterator[Fault]:
    """Yield the first slice with an unusual rescale."""
    rescales = _rescales(view)
    values = []
    for slope, intercept in rescales:
        values.append((slope.numbers or (1.0,), intercept.numbers or (0.0,)))
    counts = Counter(values)
    usual = counts.most_common(1)[0][0]
    for value, (slope, intercept) in zip(values, rescales, strict=True):
        if value != usual:
            yield Fault(
                slope.where,
                f"RescaleSlope is {printable(slope.raw)} and RescaleIntercept "
                f"{printable(intercept.raw)}; the {len(rescales)} slices have {len(counts)} "
                "different pairs.",
                "Apply the rescale of each slice, as read does: programs that apply one pair to "
                "all slices get wrong values.",
            )
            return


@check("VAL-003", level="error", part="PS3.3 C.8.9.4.1.4", scope="image")
def pet_starts_at_zero(view: SeriesView) -> Iterator[Fault]:
    """RescaleIntercept of PET images is 0.

    Stored 0 means no activity.
    """
    for instance in view.representatives("RescaleIntercept"):
        is_pet = instance.sop_class_uid == sop_classes.PT
        if is_pet and instance.intercept != 0:
            yield Fault(
                instance.name,
                f"RescaleIntercept is {printable(instance.raw('RescaleIntercept'))}.",
                "Store PET values with intercept 0.",
            )


@check("VAL-004", level="error", part="PS3.3 C.7.6.1.1.5", scope="image")
def lossy_compression_is_stated(view: SeriesView) -> Iterator[Fault]:
    """LossyImageCompression is 01 for lossy images, with ratio and method.

    Measurements depend on it.
    """
    keywords = ("LossyImageCompressionRatio", "LossyImageCompressionMethod")
    for instance in view.representatives("LossyImageCompression"):
        if instance.text("LossyImageCompression") == "01":
            missing = " and ".join(keyword for keyword in keywords if not instance.raw(keyword))
            if missing:
                yield Fault(
                    instance.name,
                    f"LossyImageCompression is 01, {missing} is missing.",
                    f"Write {missing}.",
                )
        elif instance.transfer_syntax in _ALWAYS_LOSSY:
            yield Fault(
                instance.name,
                "The transfer syntax is lossy, but LossyImageCompression is not 01.",
                "Write LossyImageCompression 01.",
            )


@check("VAL-005", level="error", part="PS3.3 C.7.6.16.2.9b, C.8.32.2", scope="image")
def parametric_map_has_an_identity_rescale(view: SeriesView) -> Iterator[Fault]:
    """A Parametric Map has RescaleSlope 1 and RescaleIntercept 0.

    The Real World Value Mapping alone gives the meaning of the stored values; readers of it apply
    both.
    """
    if view.first.sop_class_uid == sop_classes.PARAMETRIC_MAP:
        remedy = "Write slope 1 and intercept 0, and the meaning in a Real World Value Mapping."
        yield from _not_identity(view, remedy)


@check("VAL-006", level="error", part="PS3.3 C.8.6.3", scope="image")
def multi_frame_capture_has_an_identity_rescale(view: SeriesView) -> Iterator[Fault]:
    """Multi-frame Secondary Capture has slope 1 and intercept 0.

    At the top level. PS3.3 calls its Modality LUT an identity; ITK does not see one in a functional
    group.
    """
    if view.first.sop_class_uid not in _MULTI_FRAME_SC:
        return
    yield from _not_identity(view, "Write slope 1 and intercept 0, or choose another kind.")
    for frames in view.frames:
        if frames.values("RescaleSlope") is not None:
            yield Fault(
                frames.instance.name,
                "RescaleSlope is in PixelValueTransformationSequence.",
                "Write RescaleSlope and RescaleIntercept at the top level.",
            )


def _not_identity(view: SeriesView, remedy: str) -> Iterator[Fault]:
    for slope, intercept in _rescales(view):
        is_identity = slope.numbers == (1.0,) and intercept.numbers == (0.0,)
        if (slope.raw or intercept.raw) and not is_identity:
            yield Fault(
                slope.where,
                f"RescaleSlope is {printable(slope.raw)}, "
                f"RescaleIntercept {printable(intercept.raw)}.",
                remedy,
            )


@check("VAL-007", level="error", part="PS3.3 C.7.6.16.2.11", scope="image")
def real_world_values_are_usable(view: SeriesView) -> Iterator[Fault]:
    """Real World Value Mappings have units, slope or table, range.

    The slope is finite and not 0; the range rises. The mapping is a functional group in multi-frame
    files, in others it is at the top level. It alone gives the meaning of a Parametric Map.
    """
    keyword = "RealWorldValueMappingSequence"
    for where, items, order in view.sequences(keyword):
        for item in items:
            for message, remedy in _mapping_faults(item, order):
                yield Fault(f"{where} {keyword}", message, remedy)


def _mapping_faults(item: Mapping[int, Element], order: str) -> Iterator[tuple[str, str]]:
    if not raw_in(item, "MeasurementUnitsCodeSequence"):
        message = "The mapping has no MeasurementUnitsCodeSequence."
        yield message, "Write a UCUM code; 1 means no units."
    slope = number_in(item, "RealWorldValueSlope", order)
    intercept = number_in(item, "RealWorldValueIntercept", order)
    is_line = _are_finite(slope, intercept) and slope != 0
    if not is_line and not raw_in(item, "RealWorldValueLUTData"):
        yield (
            f"RealWorldValueSlope is {slope}, RealWorldValueIntercept {intercept}.",
            "Write one finite slope that is not 0, and one finite intercept.",
        )
    first, last = (_mapped(item, end, order) for end in ("First", "Last"))
    if first is None or last is None or not first <= last:
        yield (
            f"The mapping is for stored values from {first} to {last}.",
            "Write the smaller value as the first, the larger as the last.",
        )


def _are_finite(*numbers: float | None) -> bool:
    return all(number is not None and math.isfinite(number) for number in numbers)


def _mapped(item: Mapping[int, Element], end: str, order: str) -> float | None:
    """Return the first or last stored value of a mapping."""
    keyword = f"RealWorldValue{end}ValueMapped"
    number = number_in(item, keyword, order)
    return number_in(item, f"DoubleFloat{keyword}", order) if number is None else number
