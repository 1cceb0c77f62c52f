"""Segmentation objects of label maps, through highdicom.

PS3.3 sections A.51, A.90 and C.8.20.

`parse_segments` reads the descriptions of labels, `check_labels` rejects other arrays before a
voxel is read, and `build_segmentation` makes the object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomseries.lazy_exports import export_lazily

if TYPE_CHECKING:
    from dicomseries.segmentation.input_segments import InputMask, segments_of_masks
    from dicomseries.segmentation.labels import check_labels
    from dicomseries.segmentation.segment_codes import Code
    from dicomseries.segmentation.segment_layer import SegmentLayer, layers_of
    from dicomseries.segmentation.segmentation_object import (
        SegmentationObject,
        SegmentationType,
        build_segmentation,
        parse_segmentation_type,
    )
    from dicomseries.segmentation.segments import Segment, Segments, parse_segments

__all__ = [
    "Code",
    "InputMask",
    "Segment",
    "SegmentLayer",
    "SegmentationObject",
    "SegmentationType",
    "Segments",
    "build_segmentation",
    "check_labels",
    "layers_of",
    "parse_segmentation_type",
    "parse_segments",
    "segments_of_masks",
]

export_lazily(
    __name__,
    {
        "dicomseries.segmentation.input_segments": ("InputMask", "segments_of_masks"),
        "dicomseries.segmentation.labels": ("check_labels",),
        "dicomseries.segmentation.segment_codes": ("Code",),
        "dicomseries.segmentation.segment_layer": ("SegmentLayer", "layers_of"),
        "dicomseries.segmentation.segmentation_object": (
            "SegmentationObject",
            "SegmentationType",
            "build_segmentation",
            "parse_segmentation_type",
        ),
        "dicomseries.segmentation.segments": ("Segment", "Segments", "parse_segments"),
    },
)
