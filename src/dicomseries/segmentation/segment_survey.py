"""Segments with voxels in layers, and whether they overlap."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import IO, Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from dicomseries.errors import ValuesError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.segmentation.labels import FramePiece, LabelSurvey
from dicomseries.segmentation.segment_layer import SegmentLayer

__all__ = ["LayerRun", "OverlapSearch", "PresentSegments", "slab_by_slab", "survey_layers"]

Result = TypeVar("Result")
Bounds = tuple[int, int]


class LayerRun(Protocol):
    """Runs a task on the slabs of each layer."""

    def __call__(
        self, layers: Sequence[SegmentLayer], tasks: Sequence[Callable[[Any, Bounds], Result]]
    ) -> Iterator[tuple[int, Result]]:
        """Yield index of the layer and result of each slab, in order."""


def slab_by_slab(
    layers: Sequence[SegmentLayer], tasks: Sequence[Callable[[Any, Bounds], Result]]
) -> Iterator[tuple[int, Result]]:
    """Run tasks on each slice of each layer, in this thread."""
    for index, (layer, task) in enumerate(zip(layers, tasks, strict=True)):
        for start in range(layer.volume.slices):
            yield index, task(layer.volume.slabs.read(start, start + 1), (start, start + 1))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PresentSegments:
    """Segments with voxels.

    `labels` has for each layer label → value, `slices` for each value whether it is in each slice.
    """

    labels: tuple[dict[int, int], ...]
    slices: dict[int, npt.NDArray[np.bool_]]
    has_overlap: bool

    @property
    def values(self) -> tuple[int, ...]:
        """Values of the segments, in order."""
        return tuple(sorted(self.slices))

    def presence(self, values: Sequence[int]) -> npt.NDArray[np.bool_]:
        """Return whether each segment is in each slice."""
        count = len(next(iter(self.slices.values())))
        absent = np.zeros(count, np.bool_)
        return np.stack([self.slices.get(value, absent) for value in values])


def survey_layers(
    layers: Sequence[SegmentLayer],
    segmentation_type: str,
    run: LayerRun,
    scratch: Callable[[], IO[bytes]],
) -> PresentSegments:
    """Read the layers, and return the segments in them."""
    has_union = len(layers) > 1
    tasks = [LabelSurvey(segments=layer.segments, has_union=has_union) for layer in layers]
    labels: list[dict[int, int]] = [{} for _ in layers]
    slices: dict[int, npt.NDArray[np.bool_]] = {}
    grid = layers[0].volume.grid
    with scratch() as file:
        overlap = OverlapSearch(file, voxels=grid.shape[1] * grid.shape[2])
        for index, places in run(layers, tasks):
            overlap.add(places.union)
            for at, label in zip(places.slices, places.labels, strict=True):
                value = layers[index].value_of(label)
                if label not in labels[index]:
                    _check_once(value, labels)
                    labels[index][label] = value
                    slices[value] = np.zeros(grid.shape[0], np.bool_)
                slices[value][at] = True
    if not slices:
        raise _no_voxels(segmentation_type)
    return PresentSegments(labels=tuple(labels), slices=slices, has_overlap=overlap.has_overlap)


def _check_once(value: int, labels: Iterable[dict[int, int]]) -> None:
    """Reject a segment that is in two layers, or has two labels."""
    for of_layer in labels:
        if value in of_layer.values():
            raise ValuesError(
                code="segment-repeated",
                where="source",
                given=f"the segment {value} in two layers, or with two labels",
                expected="each segment once",
                remedy="Give each mask a different segment, or combine the masks: a | b.",
            )


def _no_voxels(segmentation_type: str) -> ValuesError:
    is_fractional = segmentation_type == "fractional"
    return ValuesError(
        code="labels-empty",
        where="source",
        given="no voxel above 1/510" if is_fractional else "no voxel above 0",
        expected="at least one voxel with a label",
        remedy="Leave the empty mask out: a Segmentation without voxels says nothing.",
    )


class OverlapSearch:
    r"""Union of the layers so far, one bit for each voxel, in a file.

    Parameters
    ----------
    scratch : binary file
        Empty, for reading and writing.
    voxels : int
        Voxels of a slice.

    Examples
    --------
    >>> from io import BytesIO
    >>> search = OverlapSearch(BytesIO(), voxels=16)
    >>> search.add([FramePiece(3, 1, b"\x01")])
    >>> search.add([FramePiece(3, 0, b"\xff\x02")])
    >>> search.has_overlap
    False
    """

    def __init__(self, scratch: IO[bytes], *, voxels: int) -> None:
        self._scratch = scratch
        self._size = (voxels + 7) // 8
        self._used: set[int] = set()
        self.has_overlap = False

    def add(self, pieces: Iterable[FramePiece]) -> None:
        """Add the voxels of some slices of a layer."""
        if self.has_overlap:
            return
        for index, first, content in pieces:
            start = index * self._size
            if index not in self._used:
                self._used.add(index)
                frame = bytes(first) + content
                self._write(start, frame + bytes(self._size - len(frame)))
                continue
            self._scratch.seek(start + first)
            before = np.frombuffer(self._scratch.read(len(content)), np.uint8)
            bits = np.frombuffer(content, np.uint8)
            if (before & bits).any():
                self.has_overlap = True
                return
            self._write(start + first, (before | bits).tobytes())

    def _write(self, start: int, content: bytes) -> None:
        self._scratch.seek(start)
        self._scratch.write(content)
