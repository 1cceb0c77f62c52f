"""Label maps → DICOM Segmentation objects (PS3.3 sections A.51, A.90 and C.8.20), through highdicom.

::

    parse_segments(given) → Segments        what the labels mean
    check_labels(volume)                    refused before a voxel is read
    build_segmentation(volume, segments, ...) → SegmentationObject → .encoded()
"""

from __future__ import annotations

from dicomseries.segmentation.build_segmentation import (
    SegmentationObject,
    build_segmentation,
    parse_segmentation_type,
)
from dicomseries.segmentation.labels import check_labels
from dicomseries.segmentation.segment_codes import Code
from dicomseries.segmentation.segments import Segment, Segments, parse_segments

__all__ = [
    "Code",
    "Segment",
    "SegmentationObject",
    "Segments",
    "build_segmentation",
    "check_labels",
    "parse_segmentation_type",
    "parse_segments",
]
