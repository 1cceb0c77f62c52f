"""Tasks that turn slabs into files.

They are pickled for other processes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field
from typing import Any

import numpy.typing as npt

from dicomseries.codecs import Codec, codec_of
from dicomseries.errors import ReadError
from dicomseries.executors import Bounds
from dicomseries.lazy_dataclass import dataclass
from dicomseries.part10 import HeaderTemplate, encode_headers, file_chunks, header_template
from dicomseries.plan import SeriesPlan
from dicomseries.sinks import Sink, StoredFile, stored_path
from dicomseries.values import Stored, ValueMap, store
from dicomseries.writing.encode.read_back import FileComparison, Tally, reject_imprecise

__all__ = ["EncodeTask", "FileTask", "StoreTask"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StoreTask:
    """Turns a slab into stored numbers."""

    value_map: ValueMap

    def __call__(self, slab: npt.NDArray[Any], _: Bounds) -> Stored:
        """Return the stored numbers of a slab."""
        return store(slab, self.value_map)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EncodeTask:
    """Turns a slab into compressed frames."""

    value_map: ValueMap
    codec: Codec

    def __call__(self, slab: npt.NDArray[Any], _: Bounds) -> tuple[Tally, list[bytes]]:
        """Return the sums of a slab and its compressed frames."""
        stored = store(slab, self.value_map)
        tally = Tally()
        tally.count(stored)
        return tally, list(map(self.codec.encode, stored.array))


@dataclass(slots=True, kw_only=True, eq=False)
class FileTask:
    """Writes each frame of a slab to a file.

    Doing it twice makes the same files.

    Parameters
    ----------
    plan : SeriesPlan
        Of files of one frame.
    sink : Sink
        Where they go.
    scale : tuple of float
        Slope and intercept of the source's numbers.
    read_back : bool
        Whether each file is compared with the slab.
    resumes : bool
        Whether files may exist already.
    """

    plan: SeriesPlan
    sink: Sink
    scale: tuple[float, float]
    read_back: bool
    resumes: bool
    _template: HeaderTemplate | None = field(default=None, init=False, repr=False)
    _comparison: FileComparison | None = field(default=None, init=False, repr=False)

    def __reduce__(self) -> tuple[Any, ...]:
        # template and comparison are made again from the plan
        return _file_task, (self.plan, self.sink, self.scale, self.read_back, self.resumes)

    def __call__(self, slab: npt.NDArray[Any], bounds: Bounds) -> Tally:
        """Write the files of a slab, and return their sums."""
        plan = self.plan
        if self._template is None:
            self._template = header_template(plan)
        if self._comparison is None:
            self._comparison = FileComparison(
                self.scale, plan.value_map, is_compressed=plan.is_encapsulated
            )
        total = Tally()
        stored = _stored_frames(slab, bounds, plan.value_map, total)
        codec = codec_of(plan.transfer_syntax_uid)
        written: list[tuple[StoredFile | None, npt.NDArray[Any]]] = []
        headers = encode_headers(self._template, plan, *bounds)
        frames = zip(range(*bounds), headers, stored, slab, strict=True)
        for index, header, stored_frame, frame in frames:
            name = plan.file_name(index)
            pixels = stored_frame if codec is None else codec.encode(stored_frame)
            chunks = file_chunks(self._template, header, pixels)
            size = sum(map(len, chunks))
            total.size += size
            if self.resumes:
                tally = self._compared_again(self._comparison, name, bytes(chunks[0]), size, frame)
                if tally is not None:
                    total.add(tally)
                    continue
            written.append((self.sink.put(name, chunks), frame))
        # Only now, as a store takes several at once.
        for file, frame in written:
            with stored_path(file) as path:
                if self.read_back and path is not None:
                    tally = self._comparison.compare(path, frame)
                    reject_imprecise(tally, plan)  # before an archive gets the file
                    total.add(tally)
        return total

    def is_written(self, bounds: Bounds) -> bool:
        """Return whether all files of a slab are complete already."""
        if self._template is None:
            self._template = header_template(self.plan)
        headers = encode_headers(self._template, self.plan, *bounds)
        for index, header in zip(range(*bounds), headers, strict=True):
            name, size = self.plan.file_name(index), self.plan.file_bytes(index)
            if self.sink.find(name, header, size) is None:
                return False
        return True

    def _compared_again(
        self,
        comparison: FileComparison,
        name: str,
        header: bytes,
        size: int,
        frame: npt.NDArray[Any],
    ) -> Tally | None:
        """Return the sums of a file that exists already."""
        file = self.sink.find(name, header, size)
        if file is None:
            return None
        if not self.read_back:
            return Tally()
        try:
            with stored_path(file) as path:
                tally = Tally() if path is None else comparison.compare(path, frame)
        except ReadError:
            return None
        if tally.error <= self.plan.value_map.max_error:
            return tally
        return None


def _stored_frames(
    slab: npt.NDArray[Any], bounds: Bounds, value_map: ValueMap, total: Tally
) -> Iterable[npt.NDArray[Any]]:
    """Return the stored frames of a slab, and add up."""
    if value_map.slopes is None:
        stored = store(slab, value_map)
        total.count(stored)
        return stored.array
    frames: list[npt.NDArray[Any]] = []
    for index, frame in zip(range(*bounds), slab, strict=True):
        stored = store(frame, value_map.at(index))
        total.count(stored)
        frames.append(stored.array)
    return frames


def _file_task(
    plan: SeriesPlan,
    sink: Sink,
    scale: tuple[float, float],
    read_back: bool,  # noqa: FBT001 - called by pickle
    resumes: bool,  # noqa: FBT001 - called by pickle
) -> FileTask:
    return FileTask(plan=plan, sink=sink, scale=scale, read_back=read_back, resumes=resumes)
