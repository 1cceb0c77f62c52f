"""`SegmentLayer`: labels on the grid of a segmentation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import GeometryError, ValuesError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.segmentation.labels import check_range, unsigned_labels
from dicomseries.sources import HIGHEST_LABEL, FrameReader, Volume

__all__ = ["SegmentLayer", "layers_of", "merged_layer"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SegmentLayer:
    """Voxels of segments that do not overlap each other.

    A label map is one layer; each of several masks is a layer with the label 1. Segments of
    different layers may overlap.

    Parameters
    ----------
    volume : Volume
        One volume of whole numbers or booleans, 0 outside of all segments; or floats from 0 to 1,
        which are one segment.
    segments : mapping of int to int, optional
        Label in this layer → value of the segment; other labels are in no segment. None: the
        labels are the values.

    Raises
    ------
    GeometryError
        If there are several volumes.

    Examples
    --------
    >>> import numpy as np
    >>> from dicomseries.sources import open_volume
    >>> mask = open_volume(np.ones((1, 2, 3), bool), spacing=(1, 1, 1))
    >>> SegmentLayer(volume=mask, segments={1: 7}).value_of(1)
    7
    """

    volume: Volume
    segments: Mapping[int, int] | None = None

    def __post_init__(self) -> None:
        if self.volume.volumes is not None:
            raise GeometryError(
                code="volumes-not-allowed",
                where="layers",
                given=f"{self.volume.volumes} volumes in one layer",
                expected="one volume in each layer",
                remedy="Make one layer of each volume.",
            )

    def value_of(self, label: int) -> int:
        """Return the value of a label's segment; 0 without one."""
        if self.segments is None:
            return label
        return self.segments.get(label, 0)


def layers_of(volume: Volume, kept: Iterable[int] | None = None) -> tuple[SegmentLayer, ...]:
    """Return the volumes of `volume` as layers.

    Parameters
    ----------
    volume : Volume
        Its `layers` name the segments; without them its one volume is a label map.
    kept : iterable of int, optional
        Indices of the volumes; all if not given.

    Examples
    --------
    >>> import numpy as np
    >>> from dicomseries.geometry import Grid
    >>> from dicomseries.sources import array_frames
    >>> masks = Volume(
    ...     slabs=array_frames(np.ones((4, 2, 3), bool)),
    ...     grid=Grid(shape=(2, 2, 3), spacing_mm=(1, 1, 1)),
    ...     volumes=2,
    ...     layers=({1: 1}, {1: 2}),
    ... )
    >>> [layer.segments for layer in layers_of(masks)]
    [{1: 1}, {1: 2}]
    """
    layers: list[SegmentLayer] = []
    for index in range(volume.volumes or 1) if kept is None else kept:
        segments = None if volume.layers is None else volume.layers[index]
        layers.append(SegmentLayer(volume=volume.at(index), segments=segments))
    return tuple(layers)


def merged_layer(layers: Sequence[SegmentLayer]) -> SegmentLayer:
    """Return layers that do not overlap as one label map.

    Its voxels are the values of the segments, read from one layer after the other.

    Parameters
    ----------
    layers : sequence of SegmentLayer
        On one grid; reading the result rejects voxels that are in two of them.

    Examples
    --------
    >>> from dicomseries.sources import open_volume
    >>> left = open_volume(np.array([[[1, 0, 0]]]), spacing=(1, 1, 1))
    >>> right = open_volume(np.array([[[0, 0, 1]]]), spacing=(1, 1, 1))
    >>> layers = [SegmentLayer(volume=left), SegmentLayer(volume=right, segments={1: 9})]
    >>> merged_layer(layers).volume.array.tolist()
    [[[1, 0, 9]]]
    """
    if len(layers) == 1:
        return layers[0]
    parts = tuple((layer.volume.slabs, layer.segments) for layer in layers)
    first = layers[0].volume
    slabs = FrameReader(
        shape=first.slabs.shape,
        dtype=np.dtype(np.uint16),
        read=partial(_read_merged, parts),
        where=first.slabs.where,
    )
    return SegmentLayer(volume=replace(first, slabs=slabs, layers=None))


def _read_merged(
    parts: Sequence[tuple[FrameReader, Mapping[int, int] | None]], start: int, stop: int
) -> npt.NDArray[Any]:
    merged: npt.NDArray[np.uint16] | None = None
    for reader, segments in parts:
        slab = np.asarray(reader.read(start, stop))
        check_range(slab)
        values = unsigned_labels(slab).astype(np.uint16, copy=merged is None)
        if segments is not None:
            values = _table(segments)[values]
        if merged is None:
            merged = values
            continue
        if (values.astype(np.bool_) & merged.astype(np.bool_)).any():
            raise _overlapping(values, merged)
        merged |= values
    assert merged is not None  # noqa: S101 - there is a layer
    return merged


def _table(segments: Mapping[int, int]) -> npt.NDArray[np.uint16]:
    table = np.zeros(HIGHEST_LABEL + 1, np.uint16)
    for label, value in segments.items():
        table[label] = value
    return table


def _overlapping(values: npt.NDArray[np.uint16], merged: npt.NDArray[np.uint16]) -> ValuesError:
    both = np.flatnonzero((values != 0) & (merged != 0))
    pair = sorted((int(values.reshape(-1)[both[0]]), int(merged.reshape(-1)[both[0]])))
    return ValuesError(
        code="segments-overlap",
        where="source",
        given=f"voxels in the segments {pair[0]} and {pair[1]}",
        expected="at most one segment in each voxel of a label map",
        remedy="Pass `segmentation_type='binary'`, which stores overlapping segments.",
    )
