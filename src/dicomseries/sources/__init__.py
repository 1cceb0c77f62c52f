"""Any array, file or URL as a `Volume`.

Frames are read a few at a time, on a grid in LPS mm.

`FORMATS` lists the readers; each is a small module with the same three names: ``matches(source)``,
``open_volume(source, arguments)`` and ``PACKAGE``, the pip extra that it needs.
"""

from __future__ import annotations

from dicomseries.sources.arguments.diffusion_gradients import diffusion_gradients
from dicomseries.sources.arguments.segment_layers import HIGHEST_LABEL
from dicomseries.sources.array_source import ArraySource
from dicomseries.sources.frames.array_frames import array_frames
from dicomseries.sources.frames.frame_reader import FrameReader, picked_frames
from dicomseries.sources.frames.lazy_array import LazyArray
from dicomseries.sources.frames.scratch_copy import scratch_copy
from dicomseries.sources.frames.slab_plan import SlabPlan, slab_rule
from dicomseries.sources.open_source import FORMATS, SUFFIXES, Format, open_picture, open_volume
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
