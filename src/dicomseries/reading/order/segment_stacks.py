"""Frames of a segmentation in several orientations: the planes, and the frames in each."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from dicomseries.lazy_dataclass import dataclass
from dicomseries.reading.geometry.slice_spacing import unit_normal
from dicomseries.reading.geometry.volume_sorting import places_of
from dicomseries.reading.multiframe.frame_facts import Frames
from dicomseries.reading.order.slice_stacks import IrregularSlices, SliceStack, UnsortedSlices

__all__ = ["SegmentStacks", "segment_stacks"]

Indices = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SegmentStacks:
    """Planes of the frames of a segmentation.

    Parameters
    ----------
    irregular : IrregularSlices
        The planes, stack by stack; its stacks count planes.
    plane_of : ndarray of int, shape (frames,)
        Plane of each frame, in the order of `irregular.planes`.
    firsts : ndarray of int
        First frame in each plane, by its number in `irregular.stacks`.
    """

    irregular: IrregularSlices
    plane_of: Indices
    firsts: Indices

    @property
    def stacks(self) -> tuple[SliceStack, ...]:
        """Stacks of slices: each member is the first frame of its plane."""
        stacks = []
        for stack in self.irregular.stacks:
            members = self.firsts[list(stack.members)].tolist()
            stacks.append(replace(stack, members=tuple(members)))
        return tuple(stacks)

    def in_planes_of(self, frames: Indices) -> Indices:
        """Return all frames in the planes of these."""
        return np.flatnonzero(np.isin(self.plane_of, self.plane_of[frames]))


def segment_stacks(frames: Frames) -> SegmentStacks:
    """Return the planes of frames that all have a position and an orientation."""
    every = _all_slices(frames)
    plane_of = np.full(frames.count, -1, np.intp)
    firsts: list[int] = []
    for stack in every.stacks():
        members = np.array(stack.members, np.intp)
        normal = unit_normal(every.orientations[members[0]].reshape(2, 3))
        places = places_of(every.positions_lps[members] @ normal)
        plane_of[members] = len(firsts) + places
        for place in range(int(places.max()) + 1):
            firsts.append(int(members[places == place].min()))
    irregular = IrregularSlices.of(every.pick(np.array(firsts, np.intp)))
    place_of = np.empty(len(firsts), np.intp)
    place_of[irregular.order] = np.arange(len(firsts))
    return SegmentStacks(
        irregular=irregular, plane_of=place_of[plane_of], firsts=np.array(firsts, np.intp)
    )


def _all_slices(frames: Frames) -> UnsortedSlices:
    size = (frames.instance.rows, frames.instance.columns)
    return UnsortedSlices(
        noun="frames",
        names=[f"frame {number}" for number in range(1, frames.count + 1)],
        positions_lps=frames.known_positions_lps,
        orientations=frames.known_orientations,
        spacings_mm=frames.known_spacings_mm,
        formats=np.tile(np.array(size, np.int64), (frames.count, 1)),
    )
