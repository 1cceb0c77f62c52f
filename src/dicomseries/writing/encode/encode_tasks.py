"""What is done with a slab on its way to files; each of these is pickled to wherever slabs are worked on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy.typing as npt

from dicomseries.codecs import Codec, codec_of
from dicomseries.errors import ReadError
from dicomseries.executors import Bounds
from dicomseries.part10 import HeaderTemplate, encode_headers, file_chunks, header_template
from dicomseries.plan import SeriesPlan
from dicomseries.sinks import Sink, StoredFile, stored_path
from dicomseries.values import Stored, ValueMap, store
from dicomseries.writing.encode.read_back import FileWitness, Tally

__all__ = ["EncodeTask", "FileTask", "StoreTask", "tally_of"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StoreTask:
    """Turns a slab into stored numbers.

    Parameters
    ----------
    value_map : ValueMap
        Real to stored.
    """

    value_map: ValueMap

    def __call__(self, slab: npt.NDArray[Any], _: Bounds) -> Stored:
        """Return the stored numbers of a slab, and what was found on the way."""
        return store(slab, self.value_map)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EncodeTask:
    """Turns a slab into compressed frames.

    Parameters
    ----------
    value_map : ValueMap
        Real to stored.
    codec : Codec
        Stored to compressed.
    """

    value_map: ValueMap
    codec: Codec

    def __call__(self, slab: npt.NDArray[Any], _: Bounds) -> tuple[Tally, list[bytes]]:
        """Return what was found on the way, and the frames of a slab."""
        stored = store(slab, self.value_map)
        return tally_of(stored), [self.codec.encode(frame) for frame in stored.array]


@dataclass(slots=True, kw_only=True, eq=False)
class FileTask:
    """Stores the frames of a slab, writes a file of each, and reads it back; doing it twice makes the same files.

    Parameters
    ----------
    plan : SeriesPlan
        Of files of one frame.
    sink : Sink
        Where they go.
    scale : tuple of float
        Slope and intercept of the source's own numbers.
    read_back : bool
        Whether each file is compared with the slab.
    resumes : bool
        Whether files may be there already.
    """

    plan: SeriesPlan
    sink: Sink
    scale: tuple[float, float]
    read_back: bool
    resumes: bool
    _template: HeaderTemplate | None = field(default=None, init=False, repr=False)
    _witness: FileWitness | None = field(default=None, init=False, repr=False)

    def __reduce__(self) -> tuple[Any, ...]:
        # What can be made from the plan is not sent along.
        return _made_again, (self.plan, self.sink, self.scale, self.read_back, self.resumes)

    def __call__(self, slab: npt.NDArray[Any], bounds: Bounds) -> Tally:
        """Write the files of a slab, and return what was found on the way."""
        if self._template is None:
            self._template = header_template(self.plan)
        if self._witness is None:
            self._witness = FileWitness(
                self.scale, self.plan.value_map, is_compressed=self.plan.is_encapsulated
            )
        stored, total = _stored(slab, bounds, self.plan.value_map)
        codec = codec_of(self.plan.transfer_syntax_uid)
        put: list[tuple[StoredFile | None, npt.NDArray[Any]]] = []
        begun = encode_headers(self._template, self.plan, *bounds)
        for index, header, frame, asked in zip(range(*bounds), begun, stored, slab, strict=True):
            name = self.plan.file_name(index)
            chunks = file_chunks(
                self._template, header, frame if codec is None else codec.encode(frame)
            )
            total.size += sum(map(len, chunks))
            seen = self._seen(self._witness, name, chunks, asked)
            if seen is None:
                put.append((self.sink.put(name, chunks), asked))
            else:
                total.add(seen)
        # Only now, as a store takes several at once.
        for file, asked in put:
            with stored_path(file) as path:
                if self.read_back and path is not None:
                    total.add(self._witness.compare(path, asked))
        return total

    def is_there(self, bounds: Bounds) -> bool:
        """Return whether a killed write has left all files of a slab whole."""
        template = self._template = self._template or header_template(self.plan)
        begun = encode_headers(template, self.plan, *bounds)
        return all(
            self.sink.find(self.plan.file_name(index), header, self.plan.file_bytes(index))
            is not None
            for index, header in zip(range(*bounds), begun, strict=True)
        )

    def _seen(
        self,
        witness: FileWitness,
        name: str,
        chunks: tuple[bytes | memoryview, ...],
        asked: npt.NDArray[Any],
    ) -> Tally | None:
        """Return what the witness says of a file that was there already, None if it is to be written."""
        found = (
            self.sink.find(name, bytes(chunks[0]), sum(map(len, chunks))) if self.resumes else None
        )
        if found is None or not self.read_back:
            return None if found is None else Tally()
        try:
            with stored_path(found) as path:
                seen = Tally() if path is None else witness.compare(path, asked)
        except ReadError:
            return None
        return seen if seen.error <= self.plan.value_map.max_error else None


def _made_again(
    plan: SeriesPlan,
    sink: Sink,
    scale: tuple[float, float],
    read_back: bool,  # noqa: FBT001 - called by pickle
    resumes: bool,  # noqa: FBT001 - called by pickle
) -> FileTask:
    return FileTask(plan=plan, sink=sink, scale=scale, read_back=read_back, resumes=resumes)


def _stored(
    slab: npt.NDArray[Any], bounds: Bounds, value_map: ValueMap
) -> tuple[list[npt.NDArray[Any]], Tally]:
    """Return a slab as it is stored, frame by frame, and what was found on the way."""
    if value_map.slopes is None:
        found = store(slab, value_map)
        return [*found.array], tally_of(found)
    frames, total = [], Tally()
    for index, frame in zip(range(*bounds), slab, strict=True):
        one = store(frame, value_map.at(index))
        total.add(tally_of(one))
        frames.append(one.array)
    return frames, total


def tally_of(stored: Stored) -> Tally:
    """Return the sums of one slab.

    Examples
    --------
    >>> import numpy as np
    >>> tally_of(Stored(array=np.zeros((1, 2, 3), np.int16), error=0.5, clipped=2)).clipped
    2
    """
    return Tally(error=stored.error, clipped=stored.clipped, replaced=stored.replaced)
