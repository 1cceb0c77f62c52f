"""Frames of a segmentation on separate planes, read back.

A reader finds no grid there, so frames are assigned to the slices of the plan by position and
orientation.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt

from dicomseries import reading
from dicomseries.lazy_dataclass import dataclass
from dicomseries.sources import FrameReader, WrittenPlanes

__all__ = ["FramesOnPlanes", "frames_on_planes"]

_SAME_PLACE = 1e-3
"""Distance of a frame from its plane, as part of the pixel spacing (GRID_TOLERANCE of `check`)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FramesOnPlanes:
    """Frames of a file by slice of the plan.

    Parameters
    ----------
    frames : Frames
        Of the file.
    by_slice : tuple of tuple of int
        Frames at each slice.
    """

    frames: reading.Frames
    by_slice: tuple[tuple[int, ...], ...]

    def labels_of(self, numbers: Collection[int]) -> reading.LabelSlabs:
        """Return some segments of a binary segmentation as one label map."""
        segments = self.segments
        is_chosen = np.isin(segments, sorted(numbers)).tolist()
        masks = []
        for of_slice in self.by_slice:
            masks.append(tuple(frame for frame in of_slice if is_chosen[frame]))
        return reading.LabelSlabs(
            instance=self.frames.instance,
            masks=tuple(masks),
            segments=segments,
            dtype=np.min_scalar_type(max(1, *numbers)),
        )

    @property
    def segments(self) -> npt.NDArray[np.intp]:
        """Segment number of each frame; 0 in a label map."""
        numbers = self.frames.segments
        if numbers is None:
            return np.zeros(self.frames.count, np.intp)
        return np.asarray(numbers, np.intp)

    def reader_of(self, number: int) -> FrameReader:
        """Return the stored frames of one segment, 0 where it has none; 0 for a label map."""
        segments = self.segments
        chosen: list[int | None] = []
        for of_slice in self.by_slice:
            frames = [frame for frame in of_slice if segments[frame] == number]
            chosen.append(frames[0] if len(frames) == 1 else None)
        instance = self.frames.instance
        first = reading.read_frames(instance, 0, 1)

        def read(start: int, stop: int) -> npt.NDArray[np.uint16 | np.uint8]:
            slab = np.zeros((stop - start, *first.shape[1:]), first.dtype)
            for place, frame in enumerate(chosen[start:stop]):
                if frame is not None:
                    slab[place] = reading.read_frames(instance, frame, frame + 1)[0]
            return slab

        shape = (len(chosen), *first.shape[1:])
        return FrameReader(shape=shape, dtype=first.dtype, read=read)


def frames_on_planes(instance: reading.Instance, planes: WrittenPlanes) -> FramesOnPlanes | None:
    """Return the frames of a file by slice.

    Parameters
    ----------
    instance : Instance
        File of the segmentation.
    planes : WrittenPlanes
        As planned.

    Returns
    -------
    FramesOnPlanes or None
        None if a frame is in no plane.
    """
    frames = reading.frames_of(instance)
    positions, orientations = frames.positions_lps, frames.orientations
    if positions is None or orientations is None:
        return None
    allowed = _SAME_PLACE * float(planes.spacings_mm.min())
    by_slice: list[list[int]] = [[] for _ in range(planes.shape[0])]
    for frame in range(frames.count):
        index = _plane_of(positions[frame], orientations[frame].ravel(), planes, allowed)
        if index is None:
            return None
        by_slice[index].append(frame)
    return FramesOnPlanes(frames=frames, by_slice=tuple(map(tuple, by_slice)))


def _plane_of(
    position: Sequence[float] | npt.NDArray[np.float64],
    orientation: npt.NDArray[np.float64],
    planes: WrittenPlanes,
    allowed: float,
) -> int | None:
    away = np.abs(planes.positions_lps - position).max(axis=1)
    turned = np.abs(planes.orientations - orientation).max(axis=1)
    candidates = np.flatnonzero((away <= allowed) & (turned <= _SAME_PLACE))
    return int(candidates[np.argmin(away[candidates])]) if candidates.size else None
