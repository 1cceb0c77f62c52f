"""Segmentations of 3D Slicer (``.seg.nrrd``): layers of labels, with their segments.

The format: https://slicer.readthedocs.io/en/latest/developer_guide/modules/segmentations.html
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from dicomseries.errors import DicomSeriesError, SourceError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.sources.arguments.source_arguments import Location, SourceArguments, locate
from dicomseries.sources.formats.nrrd import matches, read_header
from dicomseries.sources.frames.frame_reader import picked_frames
from dicomseries.sources.masks.layered_source import Opener
from dicomseries.sources.volume import Volume
from dicomseries.stores import is_url, masked

__all__ = ["SlicerSegment", "SlicerSegmentation", "slicer_segmentation_of"]

_KEY = re.compile(r"Segment(\d+)_(\w+)")
_TERMINOLOGY = "TerminologyEntry"
_CODES = {1: "category", 2: "type", 3: "modifier", 5: "region", 6: "region_modifier"}
"""Place of a code in a terminology entry → its field of a segment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlicerSegment:
    """One segment of 3D Slicer.

    Parameters
    ----------
    name : str
        Its name; its ID if it has none.
    layer, label : int
        The layer that it is in, from 0, and its label there.
    color : str
        As "#rrggbb"; empty if it has none.
    codes : mapping of str to tuple of str
        Field of a segment → (value, scheme, meaning), from its terminology entry.
    """

    name: str
    layer: int
    label: int
    color: str = ""
    codes: Mapping[str, tuple[str, str, str]]

    @property
    def fields(self) -> dict[str, Any]:
        """The fields of a description of the segment."""
        fields: dict[str, Any] = {"label": self.name, **self.codes}
        if self.color:
            fields["color"] = self.color
        return fields


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SlicerSegmentation:
    """A file of 3D Slicer.

    Parameters
    ----------
    source : path-like
        The file.
    segments : tuple of SlicerSegment
        In their order; their numbers are 1, 2, 3 and so on.
    """

    source: str | os.PathLike[str]
    segments: tuple[SlicerSegment, ...]

    @property
    def keys(self) -> tuple[int, ...]:
        """The number of each segment for users: its label, with several layers its place."""
        if len({segment.layer for segment in self.segments}) == 1:
            return tuple(segment.label for segment in self.segments)
        return tuple(range(1, len(self.segments) + 1))

    @property
    def states_direction(self) -> bool:
        """Whether the file states the directions of its axes."""
        return True

    def open_layers(self, opener: Opener, arguments: SourceArguments) -> Volume:
        """Return the layers that have segments, unread.

        Raises
        ------
        SourceError
            If a segment is in a layer that the file does not have.
        """
        where = os.fspath(self.source)
        volume = opener(self.source, replace(arguments, where=where))
        count = volume.volumes or 1
        layers: dict[int, dict[int, int]] = {}
        for number, segment in enumerate(self.segments, 1):
            if segment.layer >= count:
                raise SourceError(
                    code="slicer-layer",
                    where=where,
                    given=f"the segment {segment.name!r} in layer {segment.layer}",
                    expected=f"layers from 0 to {count - 1}, as the file has {count}",
                    remedy="Save the segmentation again with 3D Slicer.",
                )
            layers.setdefault(segment.layer, {})[segment.label] = number
        kept = sorted(layers)
        frames = [layer * volume.slices + index for layer in kept for index in range(volume.slices)]
        return replace(
            volume,
            slabs=picked_frames(volume.slabs, frames),
            volumes=len(kept),
            times_s=None,
            repetition_time_s=None,
            layers=tuple(layers[layer] for layer in kept),
        )


def slicer_segmentation_of(source: Any) -> SlicerSegmentation | None:
    """Return the segments of an NRRD file of 3D Slicer; None for anything else.

    Parameters
    ----------
    source : object
        The path of a file; its header is read if it is one of NRRD.

    Raises
    ------
    SourceError
        If its header is damaged, or it is at a URL.
    """
    if not isinstance(source, (str, os.PathLike)) or not matches(Location(Path(source))):
        return None
    if is_url(source) and os.fspath(source).lower().endswith(".seg.nrrd"):
        raise SourceError(
            code="slicer-remote",
            where=masked(os.fspath(source)),
            given="a segmentation of 3D Slicer at a URL",
            expected="a local file, whose header names the segments",
            remedy="Copy the file first, and pass its path.",
        )
    try:
        location = locate(source)
    except DicomSeriesError:
        return None
    entries = read_header(location.path).entries
    segments = _segments(entries, os.fspath(source))
    if not segments:
        return None
    return SlicerSegmentation(source=source, segments=segments)


def _segments(entries: Mapping[str, str], where: str) -> tuple[SlicerSegment, ...]:
    by_index: dict[int, dict[str, str]] = {}
    for key, text in entries.items():
        match = _KEY.fullmatch(key.strip())
        if match:
            by_index.setdefault(int(match[1]), {})[match[2]] = text.strip()
    segments: list[SlicerSegment] = []
    places: set[tuple[int, int]] = set()
    for index, fields in sorted(by_index.items()):
        # Files of Slicer 4.10 and before have a layer for each segment, and no such fields.
        segment = SlicerSegment(
            name=fields.get("Name") or fields.get("ID") or f"Segment {index + 1}",
            layer=_whole(fields, "Layer", index, where),
            label=_whole(fields, "LabelValue", 1, where),
            color=_color(fields.get("Color", "")),
            codes=_codes(fields.get("Tags", "")),
        )
        if segment.label < 1 or (segment.layer, segment.label) in places:
            raise _damaged(where, f"Segment{index}_LabelValue:={segment.label}")
        places.add((segment.layer, segment.label))
        segments.append(segment)
    return tuple(segments)


def _whole(fields: Mapping[str, str], key: str, default: int, where: str) -> int:
    text = fields.get(key, str(default))
    if text.isascii() and text.isdigit():
        return int(text)
    raise _damaged(where, f"{key}:={text}")


def _damaged(where: str, given: str) -> SourceError:
    return SourceError(
        code="slicer-segments",
        where=where,
        given=given,
        expected="a layer from 0, and a label from 1 that no other segment of the layer has",
        remedy="Save the segmentation again with 3D Slicer.",
    )


def _color(text: str) -> str:
    """Return three parts from 0 to 1 as "#rrggbb"; empty if they are not."""
    try:
        parts = list(map(float, text.split()))
    except ValueError:
        return ""
    if len(parts) != 3 or not all(0 <= part <= 1 for part in parts):
        return ""
    return "#" + "".join(f"{round(part * 255):02x}" for part in parts)


def _codes(tags: str) -> dict[str, tuple[str, str, str]]:
    """Return the codes of a terminology entry; none if it is incomplete."""
    entry = ""
    for tag in tags.split("|"):
        name, _, text = tag.partition(":")
        if name == _TERMINOLOGY:
            entry = text
    parts = entry.split("~")
    codes: dict[str, tuple[str, str, str]] = {}
    for place, field in _CODES.items():
        code = parts[place].split("^") if place < len(parts) else []
        if len(code) == 3 and all(code):
            scheme, value, meaning = code
            codes[field] = (value, scheme, meaning)
    if "type" not in codes or "category" not in codes:
        return {}
    if "region" not in codes:
        codes.pop("region_modifier", None)
    return codes
