"""Facts of a series by keyword."""

from __future__ import annotations

import datetime as dt
from typing import Any, TypeAlias

from dicomseries.geometry import Grid
from dicomseries.iod import Kind
from dicomseries.plan.columns import Column
from dicomseries.sources import WrittenPlanes
from dicomseries.standard.attributes.date_times import date_text, in_zone, time_text
from dicomseries.standard.transfer_syntaxes import TransferSyntax
from dicomseries.uids import SeriesUids
from dicomseries.values import Statistics, ValueMap, stored_range

__all__ = [
    "SOFTWARE_VERSION",
    "Facts",
    "grid_facts",
    "identity_facts",
    "moment_facts",
    "pixel_facts",
    "place_facts",
    "plane_columns",
    "value_columns",
    "value_facts",
]

SOFTWARE_VERSION = "0.2.0"
"""Version of this package; a test compares it with the metadata of the package."""

Facts: TypeAlias = dict[str, tuple[Any, ...]]
"""Values by keyword, as the tables take them."""


def moment_facts(moment: dt.datetime | None, zone: str = "") -> Facts:
    """Return dates and times of the write, in local time."""
    if moment is None:
        return {}
    local = in_zone(moment.replace(microsecond=0), zone) or moment
    facts: Facts = {}
    for name in ("Study", "Series", "Content", "InstanceCreation"):
        facts[f"{name}Date"] = (date_text(local),)
        facts[f"{name}Time"] = (time_text(local),)
    return facts


def identity_facts(sop_class_uid: str, uids: SeriesUids) -> Facts:
    """Return the UIDs of the series, and the software."""
    return {
        "SOPClassUID": (sop_class_uid,),
        "SoftwareVersions": (f"dicomseries {SOFTWARE_VERSION}",),
        "StudyInstanceUID": (uids.study,),
        "SeriesInstanceUID": (uids.series,),
        "FrameOfReferenceUID": (uids.frame_of_reference,),
    }


def place_facts(grid: Grid, facts: Facts) -> Facts:
    """Return the facts, with a frame of reference if placed.

    PS3.3 section C.7.4.1.
    """
    facts = dict(facts)
    if not grid.statement.has_place:
        facts.pop("FrameOfReferenceUID", None)
    return facts


def grid_facts(grid: Grid) -> Facts:
    """Return the stated geometry as DS texts (mm, LPS)."""
    x, y, z = grid.spacing_texts()
    facts: Facts = {"NumberOfSlices": (grid.shape[0],)}
    if grid.statement.has_place or grid.statement.is_measured:
        facts["PixelSpacing"] = (y, x)  # row spacing first (PS3.3 section 10.7.1.3)
    if grid.statement.has_place:
        facts["ImageOrientationPatient"] = grid.orientation_texts()
        if grid.statement.thickness != "missing":
            # Always both: of a single slice, ITK reads only SpacingBetweenSlices and other
            # readers only SliceThickness.
            facts |= {"SliceThickness": (z,), "SpacingBetweenSlices": (z,)}
    if isinstance(grid, WrittenPlanes):
        facts.pop("SpacingBetweenSlices", None)
        if grid.thickness_mm is None:
            facts.pop("SliceThickness", None)
        if grid.printed.between is not None:
            facts["SpacingBetweenSlices"] = (grid.printed.between,)
    return facts


def plane_columns(grid: Grid) -> tuple[Column, ...]:
    """Return orientation, pixel spacing and thickness of each slice, as far as they differ."""
    if not isinstance(grid, WrittenPlanes):
        return ()
    texts = {
        "ImageOrientationPatient": grid.printed.orientations,
        "PixelSpacing": tuple((y, x) for x, y in grid.printed.spacings),
        "SliceThickness": tuple((text,) for text in grid.printed.thicknesses),
    }
    columns = []
    for keyword, values in texts.items():
        if len(set(values)) > 1:
            columns.append(Column(keyword=keyword, per="slice", values=values, vr="DS"))
    return tuple(columns)


def pixel_facts(grid: Grid, samples: int, value_map: ValueMap, syntax: TransferSyntax) -> Facts:
    """Return the pixel format (PS3.3 sections C.7.6.3 and C.7.6.24).

    Floats have neither BitsStored nor a sign.
    """
    facts: Facts = {
        "Rows": (grid.shape[1],),
        "Columns": (grid.shape[2],),
        "SamplesPerPixel": (samples,),
        "PhotometricInterpretation": ("MONOCHROME2" if samples == 1 else syntax.colour,),
        "BitsAllocated": (value_map.bits,),
    }
    if not value_map.is_float:
        facts |= {
            "BitsStored": (value_map.bits,),
            "HighBit": (value_map.bits - 1,),
            "PixelRepresentation": (int(value_map.signed),),
        }
    if samples > 1:
        facts["PlanarConfiguration"] = (0,)
    if value_map.padding is not None:
        facts["PixelPaddingValue"] = (value_map.padding,)
    return facts


def value_facts(kind: Kind, samples: int, value_map: ValueMap, statistics: Statistics) -> Facts:
    """Return rescale, real-world mapping and error of the values."""
    facts: Facts = {"DerivationDescription": (value_map.describe(),)}
    if samples > 1:
        return facts
    is_rescaled = not value_map.is_identity or bool(value_map.slopes)
    if is_rescaled or _requires_slope(kind):
        facts |= {"RescaleSlope": (value_map.slope,), "RescaleIntercept": (value_map.intercept,)}
    return facts | _mapping_facts(value_map, statistics)


def _requires_slope(kind: Kind) -> bool:
    return any(row.keyword == "RescaleSlope" and row.type == "1" for row in kind.all_rows)


def _mapping_facts(value_map: ValueMap, statistics: Statistics) -> Facts:
    """Return the mapping to real-world values (PS3.3 section C.7.6.16.2.11)."""
    facts: Facts = {
        "RealWorldValueSlope": (float(value_map.slope),),
        "RealWorldValueIntercept": (float(value_map.intercept),),
    }
    if not value_map.is_float:
        first, last = stored_range(value_map.dtype)
        return facts | {
            "RealWorldValueFirstValueMapped": (first,),
            "RealWorldValueLastValueMapped": (last,),
        }
    # An array without a single finite value has no range; zero to zero is as good as any.
    low = float(value_map.source_to_real(statistics.minimum or 0))
    high = float(value_map.source_to_real(statistics.maximum or 0))
    return facts | {
        "DoubleFloatRealWorldValueFirstValueMapped": (low,),
        "DoubleFloatRealWorldValueLastValueMapped": (high,),
    }


def value_columns(value_map: ValueMap) -> tuple[Column, ...]:
    """Return the slope of each slice, if they differ."""
    if value_map.slopes is None:
        return ()
    texts = tuple((slope,) for slope in value_map.slopes)
    numbers = tuple((float(slope),) for slope in value_map.slopes)
    return (
        Column(keyword="RescaleSlope", per="frame", values=texts, vr="DS"),
        Column(keyword="RealWorldValueSlope", per="frame", values=numbers, vr="FD"),
    )
