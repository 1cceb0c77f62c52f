"""Label maps → DICOM Segmentation objects (PS3.3 sections A.51, A.90 and C.8.20), through highdicom.

::

    parse_segments(given) → Segments        what the labels mean
    check_labels(volume)                    refused before a voxel is read
    build(volume, segments, ...) → SegmentationObject → .encoded()
"""

from __future__ import annotations

from dicomseries.segmentation.build import SegmentationObject, build, parse_segmentation_type
from dicomseries.segmentation.codes import Code
from dicomseries.segmentation.labels import check_labels
from dicomseries.segmentation.segments import Segment, Segments, parse_segments

__all__ = [
    "Code",
    "Segment",
    "SegmentationObject",
    "Segments",
    "build",
    "check_labels",
    "parse_segmentation_type",
    "parse_segments",
]
