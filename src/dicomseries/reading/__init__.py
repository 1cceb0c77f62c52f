"""Independent reader: files to instances, series and volumes.

Shares no code with the writer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomseries.lazy_exports import export_lazily

if TYPE_CHECKING:
    from dicomseries.reading.chosen_segment import frames_of_segment
    from dicomseries.reading.contents.instance_files import (
        FilesToSend,
        files_to_send,
        instance_file,
    )
    from dicomseries.reading.contents.objects_without_pixels import is_without_pixels, kinds_of
    from dicomseries.reading.geometry.volume_sorting import (
        VolumeSorting,
        same_place_mm,
        sort_files,
        sort_frames,
        usual_gap,
    )
    from dicomseries.reading.label_slabs import LabelSlabs, slabs_of_segments
    from dicomseries.reading.modalities.siemens_fields import shared_csa_number
    from dicomseries.reading.mosaics.slice_times import slice_times_s
    from dicomseries.reading.multiframe.frame_facts import Frames, frames_of
    from dicomseries.reading.order.frame_order import holds_frames
    from dicomseries.reading.order.segment_order import SEGMENTATIONS
    from dicomseries.reading.order.slice_stacks import SliceStack
    from dicomseries.reading.parse.character_sets import encodings_of, text_of
    from dicomseries.reading.parse.clocks import seconds_of_dates
    from dicomseries.reading.parse.functional_groups import (
        FunctionalGroups,
        Path,
        as_numbers,
        path_of,
    )
    from dicomseries.reading.parse.header_files import read_instance
    from dicomseries.reading.parse.instance import Instance, file_order
    from dicomseries.reading.parse.parser import (
        BIG,
        EXPLICIT,
        IMPLICIT,
        Element,
        Encoding,
        IncompleteError,
        ParseError,
        element_at,
        head_at,
        item_spans,
        items_of,
    )
    from dicomseries.reading.parse.same_values import are_encoded_alike, comparable
    from dicomseries.reading.pixels.decodable_syntaxes import DECODABLE_SYNTAXES
    from dicomseries.reading.pixels.decode_frames import decoders_of
    from dicomseries.reading.pixels.encoded_frames import encoded_frame
    from dicomseries.reading.pixels.native_bytes import read_plain_frames
    from dicomseries.reading.pixels.pixel_format import (
        clear_unused_bits,
        is_compressed,
        is_plain,
        stored_dtype,
    )
    from dicomseries.reading.pixels.read_frames import read_frames, read_stored
    from dicomseries.reading.problems import Problem
    from dicomseries.reading.segment_descriptions import (
        CodedConcept,
        SegmentDescription,
        segment_number,
    )
    from dicomseries.reading.series_attributes import (
        SeriesTags,
        VoxelMeaning,
        differing_tags,
        tags,
    )
    from dicomseries.reading.series_choice import nothing_found, select, select_images
    from dicomseries.reading.series_files import (
        LocalFiles,
        SeriesFiles,
        SeriesSource,
        are_in_memory,
        local_files,
        name_of_files,
        parse_series_files,
    )
    from dicomseries.reading.series_folders import Scan, Series, scan
    from dicomseries.reading.series_place import SeriesPlace
    from dicomseries.reading.series_volume import (
        mirrored_paths,
        open_volume,
        read,
        stored_frames,
        volume_of,
    )
    from dicomseries.reading.slice_selection import Slices, chosen_slices, grid_of_slices

__all__ = [
    "BIG",
    "DECODABLE_SYNTAXES",
    "EXPLICIT",
    "IMPLICIT",
    "SEGMENTATIONS",
    "CodedConcept",
    "Element",
    "Encoding",
    "FilesToSend",
    "Frames",
    "FunctionalGroups",
    "IncompleteError",
    "Instance",
    "LabelSlabs",
    "LocalFiles",
    "ParseError",
    "Path",
    "Problem",
    "Scan",
    "SegmentDescription",
    "Series",
    "SeriesFiles",
    "SeriesPlace",
    "SeriesSource",
    "SeriesTags",
    "SliceStack",
    "Slices",
    "VolumeSorting",
    "VoxelMeaning",
    "are_encoded_alike",
    "are_in_memory",
    "as_numbers",
    "chosen_slices",
    "clear_unused_bits",
    "comparable",
    "decoders_of",
    "differing_tags",
    "element_at",
    "encoded_frame",
    "encodings_of",
    "file_order",
    "files_to_send",
    "frames_of",
    "frames_of_segment",
    "grid_of_slices",
    "head_at",
    "holds_frames",
    "instance_file",
    "is_compressed",
    "is_plain",
    "is_without_pixels",
    "item_spans",
    "items_of",
    "kinds_of",
    "local_files",
    "mirrored_paths",
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
    "same_place_mm",
    "scan",
    "seconds_of_dates",
    "segment_number",
    "select",
    "select_images",
    "shared_csa_number",
    "slabs_of_segments",
    "slice_times_s",
    "sort_files",
    "sort_frames",
    "stored_dtype",
    "stored_frames",
    "tags",
    "text_of",
    "usual_gap",
    "volume_of",
]

export_lazily(
    __name__,
    {
        "dicomseries.reading.chosen_segment": ("frames_of_segment",),
        "dicomseries.reading.contents.instance_files": (
            "FilesToSend",
            "files_to_send",
            "instance_file",
        ),
        "dicomseries.reading.contents.objects_without_pixels": ("is_without_pixels", "kinds_of"),
        "dicomseries.reading.geometry.volume_sorting": (
            "VolumeSorting",
            "same_place_mm",
            "sort_files",
            "sort_frames",
            "usual_gap",
        ),
        "dicomseries.reading.label_slabs": ("LabelSlabs", "slabs_of_segments"),
        "dicomseries.reading.modalities.siemens_fields": ("shared_csa_number",),
        "dicomseries.reading.mosaics.slice_times": ("slice_times_s",),
        "dicomseries.reading.multiframe.frame_facts": ("Frames", "frames_of"),
        "dicomseries.reading.order.frame_order": ("holds_frames",),
        "dicomseries.reading.order.segment_order": ("SEGMENTATIONS",),
        "dicomseries.reading.order.slice_stacks": ("SliceStack",),
        "dicomseries.reading.parse.character_sets": ("encodings_of", "text_of"),
        "dicomseries.reading.parse.clocks": ("seconds_of_dates",),
        "dicomseries.reading.parse.functional_groups": (
            "FunctionalGroups",
            "Path",
            "as_numbers",
            "path_of",
        ),
        "dicomseries.reading.parse.header_files": ("read_instance",),
        "dicomseries.reading.parse.instance": ("Instance", "file_order"),
        "dicomseries.reading.parse.parser": (
            "BIG",
            "EXPLICIT",
            "IMPLICIT",
            "Element",
            "Encoding",
            "IncompleteError",
            "ParseError",
            "element_at",
            "head_at",
            "item_spans",
            "items_of",
        ),
        "dicomseries.reading.parse.same_values": ("are_encoded_alike", "comparable"),
        "dicomseries.reading.pixels.decodable_syntaxes": ("DECODABLE_SYNTAXES",),
        "dicomseries.reading.pixels.decode_frames": ("decoders_of",),
        "dicomseries.reading.pixels.encoded_frames": ("encoded_frame",),
        "dicomseries.reading.pixels.native_bytes": ("read_plain_frames",),
        "dicomseries.reading.pixels.pixel_format": (
            "clear_unused_bits",
            "is_compressed",
            "is_plain",
            "stored_dtype",
        ),
        "dicomseries.reading.pixels.read_frames": ("read_frames", "read_stored"),
        "dicomseries.reading.problems": ("Problem",),
        "dicomseries.reading.segment_descriptions": (
            "CodedConcept",
            "SegmentDescription",
            "segment_number",
        ),
        "dicomseries.reading.series_attributes": (
            "SeriesTags",
            "VoxelMeaning",
            "differing_tags",
            "tags",
        ),
        "dicomseries.reading.series_files": (
            "LocalFiles",
            "SeriesFiles",
            "SeriesSource",
            "are_in_memory",
            "local_files",
            "name_of_files",
            "parse_series_files",
        ),
        "dicomseries.reading.series_choice": ("nothing_found", "select", "select_images"),
        "dicomseries.reading.series_folders": ("Scan", "Series", "scan"),
        "dicomseries.reading.series_place": ("SeriesPlace",),
        "dicomseries.reading.series_volume": (
            "mirrored_paths",
            "open_volume",
            "read",
            "stored_frames",
            "volume_of",
        ),
        "dicomseries.reading.slice_selection": ("Slices", "chosen_slices", "grid_of_slices"),
    },
)
