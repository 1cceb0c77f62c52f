"""Independent reader: files to instances, series and volumes.

Shares no code with the writer.
"""

from __future__ import annotations

from dicomseries.reading.chosen_segment import frames_of_segment
from dicomseries.reading.geometry.volume_sorting import (
    SAME_PLACE,
    VolumeSorting,
    sort_files,
    sort_frames,
)
from dicomseries.reading.multiframe.frame_facts import Frames, frames_of
from dicomseries.reading.order.frame_order import holds_frames
from dicomseries.reading.order.segment_order import SEGMENTATIONS
from dicomseries.reading.parse.character_sets import encodings_of, text_of
from dicomseries.reading.parse.clocks import seconds_of_dates
from dicomseries.reading.parse.functional_groups import FunctionalGroups, Path, as_numbers, path_of
from dicomseries.reading.parse.header_files import read_instance
from dicomseries.reading.parse.instance import Instance, file_order
from dicomseries.reading.parse.parser import Element, ParseError, item_spans, items_of
from dicomseries.reading.parse.same_values import are_encoded_alike, comparable
from dicomseries.reading.pixels.encoded_frames import encoded_frame
from dicomseries.reading.pixels.imagecodecs_decoder import decoder_of
from dicomseries.reading.pixels.native_bytes import read_plain_frames
from dicomseries.reading.pixels.pixel_format import (
    clear_unused_bits,
    is_compressed,
    is_plain,
    stored_dtype,
)
from dicomseries.reading.pixels.read_frames import read_frames, read_stored
from dicomseries.reading.problems import Problem
from dicomseries.reading.segment_descriptions import CodedConcept, SegmentDescription
from dicomseries.reading.series_attributes import SeriesTags, differing_tags, tags
from dicomseries.reading.series_files import (
    LocalFiles,
    SeriesFiles,
    SeriesSource,
    are_in_memory,
    local_files,
    name_of_files,
    parse_series_files,
)
from dicomseries.reading.series_folders import Scan, Series, nothing_found, scan, select
from dicomseries.reading.series_volume import open_volume, read, volume_of
from dicomseries.reading.slice_selection import Slices

__all__ = [
    "SAME_PLACE",
    "SEGMENTATIONS",
    "CodedConcept",
    "Element",
    "Frames",
    "FunctionalGroups",
    "Instance",
    "LocalFiles",
    "ParseError",
    "Path",
    "Problem",
    "Scan",
    "SegmentDescription",
    "Series",
    "SeriesFiles",
    "SeriesSource",
    "SeriesTags",
    "Slices",
    "VolumeSorting",
    "are_encoded_alike",
    "are_in_memory",
    "as_numbers",
    "clear_unused_bits",
    "comparable",
    "decoder_of",
    "differing_tags",
    "encoded_frame",
    "encodings_of",
    "file_order",
    "frames_of",
    "frames_of_segment",
    "holds_frames",
    "is_compressed",
    "is_plain",
    "item_spans",
    "items_of",
    "local_files",
    "name_of_files",
    "nothing_found",
    "open_volume",
    "parse_series_files",
    "path_of",
    "read",
    "read_frames",
    "read_instance",
    "read_plain_frames",
    "read_stored",
    "scan",
    "seconds_of_dates",
    "select",
    "sort_files",
    "sort_frames",
    "stored_dtype",
    "tags",
    "text_of",
    "volume_of",
]
