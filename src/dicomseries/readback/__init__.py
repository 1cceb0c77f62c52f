"""Files → instances, series and volumes: an independent reader that shares no code with the writer."""

from __future__ import annotations

from dicomseries.readback.attributes import SeriesTags, differing_tags, tags
from dicomseries.readback.files import read_instance
from dicomseries.readback.folders import Scan, Series, nothing_found, scan, select
from dicomseries.readback.frame_pixels import read_frames
from dicomseries.readback.frames import Frames, frames_of
from dicomseries.readback.instance import Instance
from dicomseries.readback.problems import Problem
from dicomseries.readback.selection import Slices
from dicomseries.readback.slabs import read_stored
from dicomseries.readback.volumes import FileSlabs, open_volume, read, volume_of

__all__ = [
    "FileSlabs",
    "Frames",
    "Instance",
    "Problem",
    "Scan",
    "Series",
    "SeriesTags",
    "Slices",
    "differing_tags",
    "frames_of",
    "nothing_found",
    "open_volume",
    "read",
    "read_frames",
    "read_instance",
    "read_stored",
    "scan",
    "select",
    "tags",
    "volume_of",
]
