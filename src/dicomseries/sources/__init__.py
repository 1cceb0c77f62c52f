"""Any array, file or URL as a `Volume`.

Frames are read a few at a time, on a grid in LPS mm.

`FORMATS` lists the readers; each is a small module with the same three names: ``matches(source)``,
``open_volume(source, arguments)`` and ``PACKAGE``, the pip extra that it needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomseries.lazy_exports import export_lazily

if TYPE_CHECKING:
    from dicomseries.sources.all_formats import FORMATS, Format
    from dicomseries.sources.arguments.diffusion_gradients import diffusion_gradients
    from dicomseries.sources.arguments.irregular_grids import grid_of_planes
    from dicomseries.sources.arguments.segment_layers import HIGHEST_LABEL
    from dicomseries.sources.arguments.volume_weightings import fsl_directions
    from dicomseries.sources.arguments.written_planes import (
        PlaneTexts,
        WrittenPlanes,
        arguments_of,
        content_of,
        irregular_places,
        plane_of,
        written_planes,
    )
    from dicomseries.sources.array_source import ArraySource, MaskSource, is_collection
    from dicomseries.sources.formats.nifti import label_names
    from dicomseries.sources.frames.array_frames import array_frames
    from dicomseries.sources.frames.frame_reader import FrameReader, picked_frames
    from dicomseries.sources.frames.lazy_array import LazyArray
    from dicomseries.sources.frames.padded_frames import padded_frames
    from dicomseries.sources.frames.scratch_copy import scratch_copy
    from dicomseries.sources.frames.slab_plan import SlabPlan, slab_rule
    from dicomseries.sources.frames.used_rows import used_rows
    from dicomseries.sources.masks.label_regions import LabelRegion, LabelRegions
    from dicomseries.sources.masks.layered_source import LayeredSource
    from dicomseries.sources.masks.mask_channels import MaskChannels
    from dicomseries.sources.masks.mask_set import Mask, MaskSet, mask_set_of, masks_in_folder
    from dicomseries.sources.masks.mask_values import MaskValues
    from dicomseries.sources.masks.slicer_segmentation import (
        SlicerSegmentation,
        slicer_segmentation_of,
    )
    from dicomseries.sources.open_source import SUFFIXES, open_on_planes, open_picture, open_volume
    from dicomseries.sources.turned_volume import read_once, turned
    from dicomseries.sources.volume import Volume
    from dicomseries.sources.volume_tags import Tags, unit_of

__all__ = [
    "FORMATS",
    "HIGHEST_LABEL",
    "SUFFIXES",
    "ArraySource",
    "Format",
    "FrameReader",
    "LabelRegion",
    "LabelRegions",
    "LayeredSource",
    "LazyArray",
    "Mask",
    "MaskChannels",
    "MaskSet",
    "MaskSource",
    "MaskValues",
    "PlaneTexts",
    "SlabPlan",
    "SlicerSegmentation",
    "Tags",
    "Volume",
    "WrittenPlanes",
    "arguments_of",
    "array_frames",
    "content_of",
    "diffusion_gradients",
    "fsl_directions",
    "grid_of_planes",
    "irregular_places",
    "is_collection",
    "label_names",
    "mask_set_of",
    "masks_in_folder",
    "open_on_planes",
    "open_picture",
    "open_volume",
    "padded_frames",
    "picked_frames",
    "plane_of",
    "read_once",
    "scratch_copy",
    "slab_rule",
    "slicer_segmentation_of",
    "turned",
    "unit_of",
    "used_rows",
    "written_planes",
]

export_lazily(
    __name__,
    {
        "dicomseries.sources.arguments.diffusion_gradients": ("diffusion_gradients",),
        "dicomseries.sources.arguments.volume_weightings": ("fsl_directions",),
        "dicomseries.sources.arguments.segment_layers": ("HIGHEST_LABEL",),
        "dicomseries.sources.arguments.irregular_grids": ("grid_of_planes",),
        "dicomseries.sources.arguments.written_planes": (
            "PlaneTexts",
            "WrittenPlanes",
            "arguments_of",
            "content_of",
            "irregular_places",
            "plane_of",
            "written_planes",
        ),
        "dicomseries.sources.array_source": ("ArraySource", "MaskSource", "is_collection"),
        "dicomseries.sources.all_formats": ("FORMATS", "Format"),
        "dicomseries.sources.formats.nifti": ("label_names",),
        "dicomseries.sources.frames.array_frames": ("array_frames",),
        "dicomseries.sources.frames.frame_reader": ("FrameReader", "picked_frames"),
        "dicomseries.sources.frames.lazy_array": ("LazyArray",),
        "dicomseries.sources.frames.padded_frames": ("padded_frames",),
        "dicomseries.sources.frames.scratch_copy": ("scratch_copy",),
        "dicomseries.sources.frames.slab_plan": ("SlabPlan", "slab_rule"),
        "dicomseries.sources.frames.used_rows": ("used_rows",),
        "dicomseries.sources.masks.label_regions": ("LabelRegion", "LabelRegions"),
        "dicomseries.sources.masks.layered_source": ("LayeredSource",),
        "dicomseries.sources.masks.mask_channels": ("MaskChannels",),
        "dicomseries.sources.masks.mask_set": (
            "Mask",
            "MaskSet",
            "mask_set_of",
            "masks_in_folder",
        ),
        "dicomseries.sources.masks.mask_values": ("MaskValues",),
        "dicomseries.sources.masks.slicer_segmentation": (
            "SlicerSegmentation",
            "slicer_segmentation_of",
        ),
        "dicomseries.sources.open_source": (
            "SUFFIXES",
            "open_on_planes",
            "open_picture",
            "open_volume",
        ),
        "dicomseries.sources.turned_volume": ("read_once", "turned"),
        "dicomseries.sources.volume": ("Volume",),
        "dicomseries.sources.volume_tags": ("Tags", "unit_of"),
    },
)
