"""Layers of a segmentation as slabs, and the work on each."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from dicomseries.executors import Bounds, run
from dicomseries.lazy_dataclass import dataclass
from dicomseries.segmentation import FramePiece, SegmentLayer
from dicomseries.sources import FrameReader
from dicomseries.writing.encode.compressed_frames import scratch_file
from dicomseries.writing.encode.slab_loop import slab_plan
from dicomseries.writing.inputs.write_request import WriteRequest

__all__ = ["each_layer_slab", "in_file_order"]

Result = TypeVar("Result")

IN_MEMORY = 16 << 20
"""Bytes of frames that wait in memory for those before them in the file."""


def each_layer_slab(request: WriteRequest, stage: str) -> _LayerLoop:
    """Return a function that runs tasks on the slabs of layers.

    Layers are read in order, slabs by as many workers as the request has.
    """
    return _LayerLoop(request, stage)


@dataclass(frozen=True, slots=True, eq=False)
class _LayerLoop:
    """Runs a task on the slabs of each layer."""

    request: WriteRequest
    stage: str

    def __call__(
        self,
        layers: Sequence[SegmentLayer],
        tasks: Sequence[Callable[[Any, Bounds], Result]],
        used: Sequence[npt.NDArray[np.bool_]] | None = None,
    ) -> Iterator[tuple[int, Result]]:
        """Yield index of the layer and result of each slab, in order.

        `used` tells the slices of each layer that must be read; if not given, those that are not
        known to be empty.
        """
        options = self.request.options
        slices = layers[0].volume.slices
        slabs: list[_LayerSlab] = []
        for index, layer in enumerate(layers):
            bounds = slab_plan(layer.volume, self.request).bounds
            known = layer.volume.slabs.used
            if used is not None:
                bounds = tuple(_used_bounds(bounds, used[index]))
            elif known is not None:
                bounds = tuple(_used_bounds(bounds, known(0, slices)))
            slabs += [_LayerSlab(index, layer.volume.slabs, each) for each in bounds]
        for slab, result in zip(slabs, self._results(slabs, tasks), strict=True):
            if options.progress is not None:
                done = slab.layer * slices + slab.bounds[1]
                options.progress(done, len(layers) * slices, self.stage)
            yield slab.layer, result

    def _results(
        self, slabs: Sequence[_LayerSlab], tasks: Sequence[Callable[[Any, Bounds], Result]]
    ) -> Iterator[Result]:
        """Yield the result of each slab in order."""
        executor = self.request.options.executor
        # Few files of fractions are open at a time: these layers are read one after the other.
        if executor.is_here and all(slab.reader.dtype.kind != "f" for slab in slabs):
            yield from run(
                lambda slab: tasks[slab.layer](slab.reader.read(*slab.bounds), slab.bounds),
                slabs,
                workers=executor.sharing,
            )
            return
        for layer, of_layer in itertools.groupby(slabs, key=lambda slab: slab.layer):
            together = list(of_layer)
            bounds = [slab.bounds for slab in together]
            yield from executor.run(tasks[layer], together[0].reader, bounds)


class _LayerSlab(NamedTuple):
    """Slices of a layer that are read together."""

    layer: int
    reader: FrameReader
    bounds: Bounds


def _used_bounds(bounds: Sequence[Bounds], used: npt.NDArray[np.bool_]) -> Iterator[Bounds]:
    """Yield the slabs from their first to their last used slice."""
    for start, stop in bounds:
        inside = np.flatnonzero(used[start:stop])
        if len(inside):
            yield start + int(inside[0]), start + int(inside[-1]) + 1


def in_file_order(
    pieces: Iterator[FramePiece], count: int, empty: frozenset[int]
) -> Iterator[FramePiece]:
    """Yield the piece of each frame in the order of the file.

    Pieces that come too early wait: few in memory, many in an unnamed temporary file.

    Parameters
    ----------
    pieces : iterator of FramePiece
        In any order.
    count : int
        Frames of the file.
    empty : frozenset of int
        Frames without a piece.
    """
    places: dict[int, tuple[int, int, int]] = {}
    end = following = 0
    with scratch_file(IN_MEMORY) as waiting:
        for piece in pieces:
            if piece.frame != following:
                places[piece.frame] = (end, piece.first, len(piece.content))
                waiting.seek(end)
                end += waiting.write(piece.content)
                continue
            yield piece
            following += 1
            while following in places or following in empty:
                yield _waited(waiting, following, places.pop(following, (0, 0, 0)))
                following += 1
        for frame in range(following, count):
            yield _waited(waiting, frame, places.pop(frame, (0, 0, 0)))


def _waited(waiting: IO[bytes], frame: int, place: tuple[int, int, int]) -> FramePiece:
    start, first, size = place
    waiting.seek(start)
    return FramePiece(frame, first, waiting.read(size))
