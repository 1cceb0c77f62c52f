"""`SegmentLayer`: labels on the grid of a segmentation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dicomseries.errors import GeometryError
from dicomseries.sources import Volume

__all__ = ["SegmentLayer", "layers_of"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SegmentLayer:
    """Labels of segments that do not overlap each other.

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
