"""Functional groups: attributes of each frame in a file.

PS3.3 section C.7.6.16.
The items of 5,000 frames differ in a few numbers only. So one item is parsed, and all other items
of the same length, with equal bytes around the values, are read at the same offsets together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from dicomseries.lazy_dataclass import dataclass
from dicomseries.reading import read_errors
from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.parse.parser import (
    Element,
    Encoding,
    Field,
    ParseError,
    fields_of,
    item_spans,
)
from dicomseries.standard.attributes.attribute import tag_of

__all__ = ["FunctionalGroups", "Path", "as_numbers", "path_of"]

Path = tuple[int, ...]
"""Tag of a sequence, index of the item, tag inside it, and so on."""

_UNASSIGNED = (
    tag_of("UnassignedPerFrameConvertedAttributesSequence"),
    tag_of("UnassignedSharedConvertedAttributesSequence"),
)
"""Where legacy converted files keep attributes of single frames (PS3.3 C.7.6.16.2.25.1)."""
_CLASSIC_TAGS = {
    tag_of(keyword): tag_of(classic)
    for keyword, classic in (
        ("EffectiveEchoTime", "EchoTime"),
        ("NominalCardiacTriggerDelayTime", "TriggerTime"),
        ("TemporalPositionIndex", "TemporalPositionIdentifier"),
    )
}
_MEMBER = 3
"""Length of the path of an attribute in a functional group."""
_MOST_STRUCTURES = 64
"""Number of structures among items of one length; beyond it, items are parsed one by one."""
_BINARY = {
    "FD": "f8",
    "FL": "f4",
    "UL": "u4",
    "US": "u2",
    "SL": "i4",
    "SS": "i2",
    "UV": "u8",
    "SV": "i8",
}


def path_of(*keywords: str) -> Path:
    """Return the path of an attribute in first items.

    Examples
    --------
    >>> [hex(part) for part in path_of("PlanePositionSequence", "ImagePositionPatient")]
    ['0x209113', '0x0', '0x200032']
    """
    path: list[int] = []
    for keyword in keywords:
        path += [tag_of(keyword), 0]
    return tuple(path[:-1])


def as_numbers(vr: str, raw: bytes, order: str) -> tuple[float, ...]:
    r"""Return the values of an attribute as floats.

    () if empty or not numeric.

    Examples
    --------
    >>> as_numbers("DS", b"1.5\\-2 ", "<"), as_numbers("US", b"\x01\0", "<")
    ((1.5, -2.0), (1.0,))
    >>> as_numbers("CS", b"YES ", "<")
    ()
    """
    if vr in _BINARY:
        dtype = np.dtype(order + _BINARY[vr])
        complete = raw[: len(raw) // dtype.itemsize * dtype.itemsize]
        return tuple(np.frombuffer(complete, dtype).astype(float).tolist())
    try:
        return tuple(map(float, raw.strip(b" \0").split(b"\\")))
    except ValueError:
        return ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _SimilarItems:
    """Items with equal elements at equal offsets, one per row."""

    frames: npt.NDArray[np.intp]
    rows: npt.NDArray[np.uint8]
    fields: dict[Path, Field]

    def column(self, field: Field) -> list[bytes]:
        """Return the bytes of one element, one value per row."""
        if not field.length:
            return [b""] * len(self.frames)
        columns = self.rows[:, field.offset : field.offset + field.length]
        content = np.ascontiguousarray(columns).tobytes()
        starts = range(0, len(content), field.length)
        return [content[start : start + field.length] for start in starts]

    def first(self, count: int) -> Self:
        """Return the items of the first frames."""
        is_kept = self.frames < count
        return replace(self, frames=self.frames[is_kept], rows=self.rows[is_kept])


class FunctionalGroups:
    """Functional groups of one file, undecoded.

    Parameters
    ----------
    instance : Instance
        Any file, also one without functional groups.

    Raises
    ------
    ReadError
        If their bytes are damaged, or there are fewer items than frames. Further items than frames
        (`surplus_items`) are left out if the pixels are those of NumberOfFrames.

    Examples
    --------
    >>> from dicomseries.reading import read_instance
    >>> from pydicom.data import get_testdata_file
    >>> groups = FunctionalGroups(read_instance(get_testdata_file("CT_small.dcm")))
    >>> groups.count, groups.is_present
    (1, False)
    >>> groups.raw(path_of("PixelMeasuresSequence", "PixelSpacing"))
    """

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.count = max(instance.frames, 1)
        self.order = instance.byte_order
        try:
            shared = tuple(_similar_items(instance, "SharedFunctionalGroupsSequence"))
            self._per_frame = tuple(_similar_items(instance, "PerFrameFunctionalGroupsSequence"))
        except ParseError as problem:
            raise read_errors.damaged(instance.path, f"functional groups: {problem}") from problem
        self._shared = shared[:1]
        items = sum(len(group.frames) for group in self._per_frame)
        self.surplus_items = max(items - self.count, 0) if items else 0
        if self._per_frame and items != self.count:
            self._per_frame = self._of_frames(items)

    def _of_frames(self, items: int) -> tuple[_SimilarItems, ...]:
        """Return the items of the frames that the file has, without further ones.

        Raises
        ------
        ReadError
            If there are too few, or the pixels may be those of more frames.
        """
        pixels = self.instance.pixels
        is_stated = pixels is not None and pixels.length is not None
        if items < self.count or not is_stated or self._has_pixels_left():
            sequence = "PerFrameFunctionalGroupsSequence"
            raise read_errors.damaged(
                self.instance.path, f"{items} items in {sequence} for {self.count} frames"
            )
        groups = []
        for group in self._per_frame:
            if (group.frames < self.count).any():
                groups.append(group.first(self.count))
        return tuple(groups)

    def _has_pixels_left(self) -> bool:
        """Return whether the pixels are longer than those of NumberOfFrames."""
        file = self.instance
        bits = file.rows * file.columns * file.samples * file.number("BitsAllocated")
        length = 0 if file.pixels is None else file.pixels.length or 0
        return length > (bits * self.count + 7) // 8 + 1

    @property
    def is_present(self) -> bool:
        """Whether the file has functional groups."""
        return bool(self._per_frame or self._shared)

    @cached_property
    def per_frame(self) -> dict[Path, str]:
        """Paths and VRs in the items of the frames."""
        return _paths(self._per_frame)

    @cached_property
    def shared(self) -> dict[Path, str]:
        """Paths and VRs in the item shared by all frames."""
        return _paths(self._shared)

    def _place(self, path: Path) -> Path:
        """Return the path, or that of the same attribute of a converted single frame."""
        if len(path) < _MEMBER or path in self.per_frame or path in self.shared:
            return path
        tag = _CLASSIC_TAGS.get(path[-1], path[-1])
        for sequence in _UNASSIGNED:
            converted = (sequence, 0, tag)
            if converted in self.per_frame or converted in self.shared:
                return converted
        return path

    def raw(self, path: Path) -> list[bytes | None] | None:
        """Return the bytes of an attribute for each frame.

        None if all frames lack it.
        """
        path = self._place(path)
        common = self.shared_raw(path)
        if common is None and path not in self.per_frame:
            return None
        values: list[bytes | None] = [common] * self.count
        for group in self._per_frame:
            field = group.fields.get(path)
            if field is not None:
                for frame, value in zip(group.frames.tolist(), group.column(field), strict=True):
                    values[frame] = value
        return values

    def shared_raw(self, path: Path) -> bytes | None:
        """Return the bytes of an attribute shared by all frames.

        None if absent.
        """
        path = self._place(path)
        for group in self._shared:
            if path in group.fields:
                return group.column(group.fields[path])[0]
        return None

    def element(self, path: Path, raw: bytes) -> Element:
        """Return bytes of the attribute at `path` as an element."""
        path = self._place(path)
        groups = (*self._per_frame, *self._shared)
        field = next(group.fields[path] for group in groups if path in group.fields)
        return Element(field.vr, raw, field.implicit)

    def numbers(self, path: Path, size: int = 1) -> npt.NDArray[np.float64] | None:
        """Return an attribute of numbers, shape (frames, size).

        NaN if a frame lacks it; None if all frames do.
        """
        path = self._place(path)
        raws = self.raw(path)
        if raws is None:
            return None
        vr = self.per_frame.get(path) or self.shared[path]
        missing = (np.nan,) * size
        decoded: dict[bytes | None, tuple[float, ...]] = {None: missing}
        for raw in {*raws} - {None}:
            values = as_numbers(vr, raw or b"", self.order)[:size]
            decoded[raw] = values if len(values) == size else missing
        rows = [decoded[raw] for raw in raws]
        return np.array(rows, dtype=np.float64).reshape(self.count, size)

    def texts(self, path: Path) -> list[str] | None:
        """Return an attribute of ASCII characters for each frame.

        "" if a frame lacks it; None if all frames do.
        """
        raws = self.raw(path)
        if raws is None:
            return None
        return [(raw or b"").strip(b" \0").decode("latin-1") for raw in raws]


def _paths(groups: tuple[_SimilarItems, ...]) -> dict[Path, str]:
    vrs = {}
    for group in groups:
        for path, field in group.fields.items():
            vrs[path] = field.vr
    return vrs


def _similar_items(instance: Instance, keyword: str) -> Iterator[_SimilarItems]:
    """Yield items of a sequence by structure."""
    element, order = instance.element(tag_of(keyword)), instance.byte_order
    if element is None:
        return
    if element.vr == "UN":  # in Implicit VR Little Endian (PS3.5 section 6.2.2 note 2)
        element, order = Element("SQ", element.raw, implicit=True), "<"
    encoding = Encoding(element.implicit, order)
    by_length: dict[int, list[tuple[int, int]]] = {}
    for frame, (start, stop) in enumerate(item_spans(element, order)):
        by_length.setdefault(stop - start, []).append((frame, start))
    content = np.frombuffer(element.raw, np.uint8)
    for length, items in by_length.items():
        frames, starts = np.array(items).T
        if length == 0:
            rows = np.empty((len(items), 0), np.uint8)
            yield _SimilarItems(frames=frames, rows=rows, fields={})
            continue
        windows = np.lib.stride_tricks.sliding_window_view(content, length)
        yield from _by_structure(frames, np.asarray(windows[starts]), encoding)


def _by_structure(
    frames: npt.NDArray[np.intp], rows: npt.NDArray[np.uint8], encoding: Encoding
) -> Iterator[_SimilarItems]:
    """Yield items of one length in groups of equal structure."""
    structures = 0
    while len(frames):
        fields = fields_of(rows[0].tobytes(), encoding)
        structures += 1
        if structures < _MOST_STRUCTURES:
            is_same = _have_structure(rows, fields)
        else:
            is_same = np.arange(len(frames)) == 0
        yield _SimilarItems(frames=frames[is_same], rows=rows[is_same], fields=fields)
        frames, rows = frames[~is_same], rows[~is_same]


def _have_structure(
    rows: npt.NDArray[np.uint8], fields: dict[Path, Field]
) -> npt.NDArray[np.bool_]:
    """Return the rows with the same elements as the first."""
    is_head = np.ones(rows.shape[1], np.bool_)
    for field in fields.values():
        if field.vr != "SQ":
            is_head[field.offset : field.offset + field.length] = False
    columns = np.flatnonzero(is_head)
    is_same: Any = (rows[:, columns] == rows[0, columns]).all(axis=1)
    return np.asarray(is_same)
