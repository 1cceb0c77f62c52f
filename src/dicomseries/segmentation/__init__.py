"""Segmentation objects of layers of segments.

PS3.3 sections A.51, A.90 and C.8.20.

`parse_segments` reads the descriptions of segments, `check_labels` rejects other arrays before a
voxel is read, `build_segmentation` makes the plan, and its tasks make the pixels of slabs, which
`joined_bits` and `frame_bytes` join to frames.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomseries.lazy_exports import export_lazily

if TYPE_CHECKING:
    from dicomseries.segmentation.dataset_json import (
        is_dataset_json,
        names_in_dataset_json,
        regions_in_dataset_json,
    )
    from dicomseries.segmentation.frame_pixels import frame_bytes, joined_bits
    from dicomseries.segmentation.input_segments import InputMask, InputSegments, segments_of_masks
    from dicomseries.segmentation.labels import FRACTION_STEPS, FramePiece, check_labels
    from dicomseries.segmentation.segment_codes import Code
    from dicomseries.segmentation.segment_frames import FrameOrder
    from dicomseries.segmentation.segment_layer import SegmentLayer, layers_of
    from dicomseries.segmentation.segmentation_object import (
        SegmentationObject,
        SegmentationType,
        build_segmentation,
        parse_segmentation_type,
    )
    from dicomseries.segmentation.segments import Segment, Segments, parse_segments

__all__ = [
    "FRACTION_STEPS",
    "Code",
    "FrameOrder",
    "FramePiece",
    "InputMask",
    "InputSegments",
    "Segment",
    "SegmentLayer",
    "SegmentationObject",
    "SegmentationType",
    "Segments",
    "build_segmentation",
    "check_labels",
    "frame_bytes",
    "is_dataset_json",
    "joined_bits",
    "layers_of",
    "names_in_dataset_json",
    "parse_segmentation_type",
    "parse_segments",
    "regions_in_dataset_json",
    "segments_of_masks",
]

export_lazily(
    __name__,
    {
        "dicomseries.segmentation.dataset_json": (
            "is_dataset_json",
            "names_in_dataset_json",
            "regions_in_dataset_json",
        ),
        "dicomseries.segmentation.input_segments": (
            "InputMask",
            "InputSegments",
            "segments_of_masks",
        ),
        "dicomseries.segmentation.frame_pixels": ("frame_bytes", "joined_bits"),
        "dicomseries.segmentation.labels": ("FRACTION_STEPS", "FramePiece", "check_labels"),
        "dicomseries.segmentation.segment_codes": ("Code",),
        "dicomseries.segmentation.segment_frames": ("FrameOrder",),
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
