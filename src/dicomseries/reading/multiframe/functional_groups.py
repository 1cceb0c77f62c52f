"""Functional groups: what a multi-frame file says of each of its frames (PS3.3 section C.7.6.16).

The items of 5,000 frames differ in a few numbers only. So an item is taken apart once, and every other item of the same
length whose bytes around the values are the same is read at the same places, all of them together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

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
from dicomseries.standard.attribute import tag_of

__all__ = ["FunctionalGroups", "Path", "as_numbers", "path_of"]

Path = tuple[int, ...]
"""Tag of a sequence, number of the item, tag inside it, and so on."""

_ROUNDS = 64
"""Kinds of items of one length looked for together; behind that, each is taken apart by itself."""
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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Alike:
    """Items with the same elements at the same places: which frames they are of, and their bytes, one a row."""

    frames: npt.NDArray[np.intp]
    rows: npt.NDArray[np.uint8]
    fields: dict[Path, Field]

    def column(self, field: Field) -> list[bytes]:
        """Return the bytes of one element, one value a row."""
        if not field.length:
            return [b""] * len(self.frames)
        part = np.ascontiguousarray(
            self.rows[:, field.offset : field.offset + field.length]
        ).tobytes()
        return [part[start : start + field.length] for start in range(0, len(part), field.length)]


def path_of(*keywords: str) -> Path:
    """Return the path of an attribute by keywords, in the first item of each sequence on the way.

    Examples
    --------
    >>> [hex(part) for part in path_of("PlanePositionSequence", "ImagePositionPatient")]
    ['0x209113', '0x0', '0x200032']
    """
    path: list[int] = []
    for keyword in keywords:
        path += [tag_of(keyword), 0]
    return tuple(path[:-1])


class FunctionalGroups:
    """The functional groups of one file, undecoded.

    Parameters
    ----------
    instance : Instance
        Any file; one without functional groups has none for each of its frames.

    Raises
    ------
    ReadError
        If their bytes are damaged, or there are not as many items as frames.

    Examples
    --------
    >>> from dicomseries.reading import read_instance
    >>> from pydicom.data import get_testdata_file
    >>> groups = FunctionalGroups(read_instance(get_testdata_file("CT_small.dcm")))
    >>> groups.count, groups.is_present, groups.raw(path_of("PixelMeasuresSequence", "PixelSpacing"))
    (1, False, None)
    """

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.count = max(instance.frames, 1)
        self.order = instance.byte_order
        try:
            shared = tuple(_alike(instance, "SharedFunctionalGroupsSequence", self.order))
            self._own = tuple(_alike(instance, "PerFrameFunctionalGroupsSequence", self.order))
        except ParseError as problem:
            raise read_errors.damaged(instance.path, f"functional groups: {problem}") from problem
        self._shared = shared[0] if shared else None
        items = sum(len(group.frames) for group in self._own)
        if self._own and items != self.count:
            raise read_errors.damaged(
                instance.path,
                f"{items} items in PerFrameFunctionalGroupsSequence for {self.count} frames",
            )

    @property
    def is_present(self) -> bool:
        """Whether the file has functional groups at all."""
        return bool(self._own) or self._shared is not None

    @cached_property
    def per_frame(self) -> dict[Path, str]:
        """Paths and VRs of what stands in the items of the frames."""
        return {path: field.vr for group in self._own for path, field in group.fields.items()}

    @cached_property
    def shared(self) -> dict[Path, str]:
        """Paths and VRs of what all frames share."""
        return (
            {}
            if self._shared is None
            else {path: field.vr for path, field in self._shared.fields.items()}
        )

    def raw(self, path: Path) -> list[bytes | None] | None:
        """Return the bytes of an attribute for each frame, of its own item or the shared one; None if none has it."""
        if path not in self.per_frame:
            found = self.shared_raw(path)
            return None if found is None else [found] * self.count
        values: list[bytes | None] = [self.shared_raw(path)] * self.count
        for group in self._own:
            field = group.fields.get(path)
            if field is not None:
                for frame, value in zip(group.frames.tolist(), group.column(field), strict=True):
                    values[frame] = value
        return values

    def shared_raw(self, path: Path) -> bytes | None:
        """Return the bytes of an attribute all frames share; None if it is not there."""
        field = None if self._shared is None else self._shared.fields.get(path)
        return None if field is None or self._shared is None else self._shared.column(field)[0]

    def element(self, path: Path, raw: bytes) -> Element:
        """Return bytes of the attribute at `path` as an element."""
        groups = (*self._own, *([self._shared] if self._shared is not None else []))
        field = next(group.fields[path] for group in groups if path in group.fields)
        return Element(field.vr, raw, field.implicit)

    def numbers(self, path: Path, size: int = 1) -> npt.NDArray[np.float64] | None:
        """Return an attribute of numbers, shape (frames, size); NaN where a frame lacks it, None if all do."""
        values = self.raw(path)
        if values is None:
            return None
        vr = self.per_frame.get(path) or self.shared[path]
        known: dict[bytes | None, tuple[float, ...]] = {None: (np.nan,) * size}
        for value in {*values} - {None}:
            decoded = as_numbers(vr, value or b"", self.order)
            known[value] = decoded[:size] if len(decoded) >= size else known[None]
        return np.array([known[value] for value in values], dtype=np.float64).reshape(
            self.count, size
        )

    def texts(self, path: Path) -> list[str] | None:
        """Return an attribute of ASCII characters for each frame, "" where a frame lacks it; None if all do."""
        values = self.raw(path)
        return (
            None
            if values is None
            else [(value or b"").strip(b" \0").decode("latin-1") for value in values]
        )


def as_numbers(vr: str, raw: bytes, order: str) -> tuple[float, ...]:
    r"""Return the values of an attribute as floats; none if it is empty or holds no numbers.

    Examples
    --------
    >>> as_numbers("DS", b"1.5\\-2 ", "<"), as_numbers("US", b"\x01\0", "<"), as_numbers("CS", b"YES ", "<")
    ((1.5, -2.0), (1.0,), ())
    """
    if vr in _BINARY:
        dtype = np.dtype(order + _BINARY[vr])
        return tuple(
            np.frombuffer(raw[: len(raw) // dtype.itemsize * dtype.itemsize], dtype)
            .astype(float)
            .tolist()
        )
    try:
        return tuple(map(float, raw.strip(b" \0").split(b"\\")))
    except ValueError:
        return ()


def _alike(instance: Instance, keyword: str, order: str) -> Iterator[_Alike]:
    element = instance.element(tag_of(keyword))
    if element is None:
        return
    if (
        element.vr == "UN"
    ):  # PS3.5 section 6.2.2 note 2: what a copier did not know is in Implicit VR Little Endian
        element, order = Element("SQ", element.raw, implicit=True), "<"
    encoding = Encoding(element.implicit, order)
    lengths: dict[int, list[tuple[int, int]]] = {}
    for frame, (start, stop) in enumerate(item_spans(element, order)):
        lengths.setdefault(stop - start, []).append((frame, start))
    content = np.frombuffer(element.raw, np.uint8)
    for length, items in lengths.items():
        frames, starts = np.array(items).T
        if length * len(items) == 0:
            yield _Alike(frames=frames, rows=np.empty((len(items), 0), np.uint8), fields={})
            continue
        yield from _sorted_out(frames, _rows(content, starts, length), encoding)


def _rows(
    content: npt.NDArray[np.uint8], starts: npt.NDArray[Any], length: int
) -> npt.NDArray[np.uint8]:
    windows = np.lib.stride_tricks.sliding_window_view(content, length)
    return np.asarray(windows[starts])


def _sorted_out(
    frames: npt.NDArray[np.intp], rows: npt.NDArray[np.uint8], encoding: Encoding
) -> Iterator[_Alike]:
    """Yield items of one length in groups of equal structure."""
    rounds = 0
    while len(frames):
        fields = fields_of(rows[0].tobytes(), encoding)
        rounds += 1
        same = _has_structure(rows, fields) if rounds < _ROUNDS else np.arange(len(frames)) == 0
        yield _Alike(frames=frames[same], rows=rows[same], fields=fields)
        frames, rows = frames[~same], rows[~same]


def _has_structure(rows: npt.NDArray[np.uint8], fields: dict[Path, Field]) -> npt.NDArray[np.bool_]:
    """Return which rows equal the first in every byte that is not part of a value: they have the same elements."""
    is_head = np.ones(rows.shape[1], np.bool_)
    for field in _leaves(list(fields.values())):
        is_head[field.offset : field.offset + field.length] = False
    columns = np.flatnonzero(is_head)
    same: npt.NDArray[np.bool_] = (rows[:, columns] == rows[0, columns]).all(axis=1)
    return same


def _leaves(fields: Sequence[Field]) -> Iterator[Field]:
    return (field for field in fields if field.vr != "SQ")
