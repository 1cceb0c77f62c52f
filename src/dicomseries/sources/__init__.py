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
    from dicomseries.sources.arguments.segment_layers import HIGHEST_LABEL
    from dicomseries.sources.array_source import ArraySource
    from dicomseries.sources.frames.array_frames import array_frames
    from dicomseries.sources.frames.frame_reader import FrameReader, picked_frames
    from dicomseries.sources.frames.lazy_array import LazyArray
    from dicomseries.sources.frames.scratch_copy import scratch_copy
    from dicomseries.sources.frames.slab_plan import SlabPlan, slab_rule
    from dicomseries.sources.open_source import SUFFIXES, open_picture, open_volume
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
    "LazyArray",
    "SlabPlan",
    "Tags",
    "Volume",
    "array_frames",
    "diffusion_gradients",
    "open_picture",
    "open_volume",
    "picked_frames",
    "read_once",
    "scratch_copy",
    "slab_rule",
    "turned",
    "unit_of",
]

export_lazily(
    __name__,
    {
        "dicomseries.sources.arguments.diffusion_gradients": ("diffusion_gradients",),
        "dicomseries.sources.arguments.segment_layers": ("HIGHEST_LABEL",),
        "dicomseries.sources.array_source": ("ArraySource",),
        "dicomseries.sources.all_formats": ("FORMATS", "Format"),
        "dicomseries.sources.frames.array_frames": ("array_frames",),
        "dicomseries.sources.frames.frame_reader": ("FrameReader", "picked_frames"),
        "dicomseries.sources.frames.lazy_array": ("LazyArray",),
        "dicomseries.sources.frames.scratch_copy": ("scratch_copy",),
        "dicomseries.sources.frames.slab_plan": ("SlabPlan", "slab_rule"),
        "dicomseries.sources.open_source": ("SUFFIXES", "open_picture", "open_volume"),
        "dicomseries.sources.turned_volume": ("read_once", "turned"),
        "dicomseries.sources.volume": ("Volume",),
        "dicomseries.sources.volume_tags": ("Tags", "unit_of"),
    },
)
