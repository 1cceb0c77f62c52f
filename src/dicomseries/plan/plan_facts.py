"""What the plan knows of a series before a table asks: identity, dates, grid, pixels, values."""

from __future__ import annotations

import datetime as dt
from typing import Any, TypeAlias

from dicomseries.geometry import Grid
from dicomseries.iod import Kind
from dicomseries.plan.columns import Column
from dicomseries.standard.moments import date_text, in_zone, time_text
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
    "value_columns",
    "value_facts",
]

SOFTWARE_VERSION = "0.1.0"
"""Of this package; a test holds it to what the package's metadata say."""

Facts: TypeAlias = dict[str, tuple[Any, ...]]
"""Values by keyword, as the tables take them."""


def moment_facts(moment: dt.datetime | None, zone: str = "") -> Facts:
    """Return the dates and times of what is made now, in the zone of the other dates if that is known."""
    if moment is None:
        return {}
    local = in_zone(moment.replace(microsecond=0), zone) or moment
    date, time = date_text(local), time_text(local)
    names = ("Study", "Series", "Content", "InstanceCreation")
    return {f"{name}Date": (date,) for name in names} | {f"{name}Time": (time,) for name in names}


def identity_facts(sop_class_uid: str, uids: SeriesUids) -> Facts:
    """Return the UIDs of the series, and who wrote it."""
    return {
        "SOPClassUID": (sop_class_uid,),
        "SoftwareVersions": (f"dicomseries {SOFTWARE_VERSION}",),
        "StudyInstanceUID": (uids.study,),
        "SeriesInstanceUID": (uids.series,),
        "FrameOfReferenceUID": (uids.frame_of_reference,),
    }


def place_facts(grid: Grid, facts: Facts) -> Facts:
    """Return the facts without a frame of reference where the grid has no place in one (PS3.3 section C.7.4.1)."""
    if grid.statement.has_place:
        return facts
    return {
        keyword: values for keyword, values in facts.items() if keyword != "FrameOfReferenceUID"
    }


def grid_facts(grid: Grid) -> Facts:
    """Return the geometry that all slices share, as DS texts (mm, LPS); what nobody stated is left out."""
    x, y, z = grid.spacing_texts()
    slices: Facts = {"NumberOfSlices": (grid.shape[0],)}
    if not grid.statement.has_place:
        return slices | ({"PixelSpacing": (y, x)} if grid.statement.is_measured else {})
    plane: Facts = {
        "PixelSpacing": (y, x),  # row spacing first (PS3.3 section 10.7.1.3)
        "ImageOrientationPatient": grid.orientation_texts(),
    }
    if grid.statement.thickness == "missing":
        return slices | plane
    # Both, always: of a single slice, ITK reads only SpacingBetweenSlices and others only SliceThickness.
    return slices | plane | {"SliceThickness": (z,), "SpacingBetweenSlices": (z,)}


def pixel_facts(grid: Grid, samples: int, value_map: ValueMap, syntax: TransferSyntax) -> Facts:
    """Return the pixel format (PS3.3 sections C.7.6.3 and C.7.6.24: floats have no BitsStored and no sign)."""
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
    """Return what the stored numbers mean, and how far they are from the real ones."""
    facts: Facts = {"DerivationDescription": (value_map.describe(),)}
    if samples == 1 and (
        not value_map.is_identity or value_map.slopes or _demands(kind, "RescaleSlope")
    ):
        facts |= {"RescaleSlope": (value_map.slope,), "RescaleIntercept": (value_map.intercept,)}
    return facts if samples > 1 else facts | _mapping_facts(value_map, statistics)


def _mapping_facts(value_map: ValueMap, statistics: Statistics) -> Facts:
    """Return the mapping to real-world values (PS3.3 section C.7.6.16.2.11), which says what the rescale says."""
    facts: Facts = {
        "RealWorldValueSlope": (float(value_map.slope),),
        "RealWorldValueIntercept": (float(value_map.intercept),),
    }
    first, last = ("RealWorldValueFirstValueMapped", "RealWorldValueLastValueMapped")
    if value_map.is_float:
        # An array without a single finite value has no range; zero to zero is as good as any.
        low, high = (
            float(value_map.source_to_real(end or 0))
            for end in (statistics.minimum, statistics.maximum)
        )
        return facts | {f"DoubleFloat{first}": (low,), f"DoubleFloat{last}": (high,)}
    low, high = stored_range(value_map.dtype)
    return facts | {first: (low,), last: (high,)}


def value_columns(value_map: ValueMap) -> tuple[Column, ...]:
    """Return the slope of each slice, where they differ."""
    if value_map.slopes is None:
        return ()
    numbers = tuple((float(slope),) for slope in value_map.slopes)
    return (
        Column(
            keyword="RescaleSlope",
            per="frame",
            values=tuple((slope,) for slope in value_map.slopes),
            vr="DS",
        ),
        Column(keyword="RealWorldValueSlope", per="frame", values=numbers, vr="FD"),
    )


def _demands(kind: Kind, keyword: str) -> bool:
    return any(row.keyword == keyword and row.type == "1" for row in kind.all_rows)
