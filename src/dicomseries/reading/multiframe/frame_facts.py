"""One file → what it says of each of its frames: where it stands, which volume it belongs to, what its values mean."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.reading.geometry.repeated_places import (
    Arrangement,
    arrange,
    places_of,
    rising_times,
)
from dicomseries.reading.geometry.slice_spacing import unit_normal
from dicomseries.reading.geometry.volume_keys import frame_clocks, frame_keys
from dicomseries.reading.multiframe.frame_attributes import FrameAttributes
from dicomseries.reading.multiframe.functional_groups import FunctionalGroups, path_of
from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.pixels.rescale_of_frames import real_world_of, rescales_of

__all__ = ["SAME_DIRECTION", "Frames", "frames_of"]

Floats = npt.NDArray[np.float64]

SAME_DIRECTION = 1e-4
"""Largest difference of direction cosines within one series; four printed decimals."""

_POSITION = path_of("PlanePositionSequence", "ImagePositionPatient")
_ORIENTATION = path_of("PlaneOrientationSequence", "ImageOrientationPatient")
_PIXELS = path_of("PixelMeasuresSequence", "PixelSpacing")
_STACK = path_of("FrameContentSequence", "StackID")
_IN_STACK = path_of("FrameContentSequence", "InStackPositionNumber")
_BETWEEN = path_of("PixelMeasuresSequence", "SpacingBetweenSlices")
_THICKNESS = path_of("PixelMeasuresSequence", "SliceThickness")
_SEGMENT = path_of("SegmentIdentificationSequence", "ReferencedSegmentNumber")


def frames_of(instance: Instance) -> Frames:
    """Return what a file says of its frames.

    Parameters
    ----------
    instance : Instance
        Of one frame or several, with functional groups or without.

    Returns
    -------
    Frames
        Decoded when it is looked at.

    Raises
    ------
    ReadError
        If the functional groups are damaged, or not as many as the frames.

    Notes
    -----
    PS3.3 section C.7.6.16.

    Examples
    --------
    >>> from dicomseries.reading import read_instance
    >>> from pydicom.data import get_testdata_file
    >>> frames = frames_of(read_instance(get_testdata_file("rtdose.dcm")))
    >>> frames.count, frames.positions_lps[:2].tolist(), frames.slice_index.tolist()[:3]
    (15, [[189.43125, 199.43125, -761.87], [189.43125, 199.43125, -756.87]], [0, 1, 2])
    """
    return Frames(FunctionalGroups(instance))


class Frames:
    """The frames of one file, in the order of the file.

    Parameters
    ----------
    groups : FunctionalGroups
        Of the file.
    """

    def __init__(self, groups: FunctionalGroups) -> None:
        self.groups = groups
        self.instance = groups.instance
        self.count = groups.count

    @cached_property
    def positions_lps(self) -> Floats | None:
        """Centre of the first voxel of each frame, LPS mm, shape (frames, 3); None if one has none."""
        found = _known(self.groups.numbers(_POSITION, 3))
        return self._positions_of_file() if found is None else found

    @property
    def is_unplaced(self) -> bool:
        """Whether not one of the frames has a position."""
        return self.positions_lps is None and self.groups.raw(_POSITION) is None

    @cached_property
    def orientations(self) -> Floats | None:
        """Cosines of rows and columns of each frame, shape (frames, 2, 3); None if one has none."""
        found = _known(self.groups.numbers(_ORIENTATION, 6))
        found = self._of_file("ImageOrientationPatient", 6) if found is None else found
        return None if found is None else found.reshape(self.count, 2, 3)

    @cached_property
    def orientation(self) -> Floats | None:
        """The cosines all frames have, shape (2, 3); None if they differ or are missing."""
        found = self.orientations
        if found is None or float(np.abs(found - found[0]).max()) > SAME_DIRECTION:
            return None
        cosines: Floats = found[0]
        return cosines

    @cached_property
    def pixel_spacing_mm(self) -> Floats | None:
        """Spacing of rows, and of columns, of each frame in mm, shape (frames, 2); None if one has none."""
        found = _known(self.groups.numbers(_PIXELS, 2))
        return self._of_file("PixelSpacing", 2) if found is None else found

    @cached_property
    def spacing_between_mm(self) -> Floats | None:
        """SpacingBetweenSlices of each frame in mm, shape (frames,); None if one has none."""
        found = _known(self.groups.numbers(_BETWEEN))
        found = self._of_file("SpacingBetweenSlices", 1) if found is None else found
        return None if found is None else found[:, 0]

    @cached_property
    def thickness_mm(self) -> Floats | None:
        """SliceThickness of each frame in mm, shape (frames,); None if one has none."""
        found = _known(self.groups.numbers(_THICKNESS))
        found = self._of_file("SliceThickness", 1) if found is None else found
        return None if found is None else found[:, 0]

    @cached_property
    def rescales(self) -> Floats:
        """Slope and intercept of each frame, shape (frames, 2); a ReadError if one is unusable."""
        return rescales_of(self.groups)

    @cached_property
    def real_world(self) -> Floats | None:
        """Slope and intercept of each frame's RealWorldValueMapping, shape (frames, 2); None without one."""
        return real_world_of(self.groups)

    @cached_property
    def segments(self) -> npt.NDArray[np.intp] | None:
        """ReferencedSegmentNumber of each frame, shape (frames,); None if one has none."""
        found = _known(self.groups.numbers(_SEGMENT))
        return None if found is None else found[:, 0].astype(np.intp)

    @cached_property
    def stack_numbers(self) -> npt.NDArray[np.intp] | None:
        """InStackPositionNumber of each frame, shape (frames,); None if one has none, or for several stacks."""
        found = _known(self.groups.numbers(_IN_STACK))
        stacks = {*(self.groups.texts(_STACK) or ())}
        return None if found is None or len(stacks) > 1 else found[:, 0].astype(np.intp)

    @cached_property
    def arrangement(self) -> Arrangement | None:
        """Slice and volume of each frame; None if the frames are not whole volumes side by side."""
        axes, positions = self.orientation, self.positions_lps
        if axes is None or positions is None:
            return None
        places = places_of(positions @ unit_normal(axes))
        return arrange(places, frame_keys([self.groups]), np.arange(self.count, dtype=np.float64))

    @property
    def slice_index(self) -> npt.NDArray[np.intp] | None:
        """Which slice along the normal each frame is, from 0; None if they are no volumes."""
        return None if self.arrangement is None else self.arrangement.slice_index

    @property
    def volume_index(self) -> npt.NDArray[np.intp] | None:
        """Which volume each frame belongs to, from 0; None if they are no volumes."""
        return None if self.arrangement is None else self.arrangement.volume_index

    @cached_property
    def times_s(self) -> tuple[float, ...] | None:
        """When each volume begins, in seconds after the first; None for one volume, or if it is not known."""
        found = self.arrangement
        return None if found is None else rising_times(found, frame_clocks([self.groups]))

    @cached_property
    def attributes(self) -> FrameAttributes:
        """The functional groups as values by keyword."""
        return FrameAttributes(self.groups)

    @property
    def varying(self) -> Mapping[str, tuple[Any, ...]]:
        """What differs from frame to frame, by keyword: one value a frame, None where a frame has none."""
        return self.attributes.varying

    def _of_file(self, keyword: str, size: int) -> Floats | None:
        values = self.instance.numbers(keyword)
        return (
            np.tile(values, (self.count, 1))
            if len(values) == size and np.isfinite(values).all()
            else None
        )

    def _positions_of_file(self) -> Floats | None:
        """Return the file's own position, moved along the normal by GridFrameOffsetVector (PS3.3 section C.8.8.3.2)."""
        first, axes = self._of_file("ImagePositionPatient", 3), self.orientations
        offsets = self.instance.numbers("GridFrameOffsetVector")
        if first is None or self.count == 1:
            return first
        if axes is None or len(offsets) != self.count:
            return None
        # Offsets that do not begin with 0 are coordinates along the patient's axis, not distances.
        away = np.array(offsets) - offsets[0]
        moved: Floats = first + away[:, None] * unit_normal(axes[0])
        return moved


def _known(values: Floats | None) -> Floats | None:
    return None if values is None or not np.isfinite(values).all() else values
