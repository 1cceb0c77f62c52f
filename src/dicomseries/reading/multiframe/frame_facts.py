"""Position, rescale and attributes of each frame in a file."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.reading.geometry.slice_spacing import SAME_DIRECTION, unit_normal
from dicomseries.reading.multiframe.frame_attributes import frame_attributes
from dicomseries.reading.parse.functional_groups import FunctionalGroups, Path, path_of
from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.parse.parser import ParseError, items_of
from dicomseries.reading.pixels.rescale_of_frames import real_world_of, rescales_of
from dicomseries.standard.attributes.attribute import tag_of

__all__ = ["NUCLEAR_MEDICINE", "Frames", "frames_of"]

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

_POSITION = path_of("PlanePositionSequence", "ImagePositionPatient")
_ORIENTATION = path_of("PlaneOrientationSequence", "ImageOrientationPatient")
_PIXEL_SPACING = path_of("PixelMeasuresSequence", "PixelSpacing")
_STACK = path_of("FrameContentSequence", "StackID")
_IN_STACK = path_of("FrameContentSequence", "InStackPositionNumber")
_BETWEEN = path_of("PixelMeasuresSequence", "SpacingBetweenSlices")
_THICKNESS = path_of("PixelMeasuresSequence", "SliceThickness")
_SEGMENT = path_of("SegmentIdentificationSequence", "ReferencedSegmentNumber")
NUCLEAR_MEDICINE = "1.2.840.10008.5.1.4.1.1.20"
"""NM Image Storage."""
_SOURCE_IMAGE = ("DerivationImageSequence", "SourceImageSequence")
_SOURCE_UID = path_of(*_SOURCE_IMAGE, "ReferencedSOPInstanceUID")
_SOURCE_FRAME = path_of(*_SOURCE_IMAGE, "ReferencedFrameNumber")


def frames_of(instance: Instance) -> Frames:
    """Return the frames of a file, decoded on first use.

    Parameters
    ----------
    instance : Instance
        File with one frame or several, with functional groups or without.

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
    >>> frames.count, frames.positions_lps[1].tolist()
    (15, [189.43125, 199.43125, -756.87])
    """
    return Frames(FunctionalGroups(instance))


class Frames:
    """Frames of one file, in the order of the file.

    Parameters
    ----------
    groups : FunctionalGroups
        Of the file.

    Attributes
    ----------
    replaced_tags : frozenset of int
        Attributes of the file that do not hold for its frames.
    are_tiles : bool
        Whether the frames are parts of one image (a mosaic).
    """

    replaced_tags: frozenset[int] = frozenset()
    are_tiles = False

    def __init__(self, groups: FunctionalGroups) -> None:
        self.groups = groups
        self.instance = groups.instance
        self.count = groups.count

    @cached_property
    def positions_lps(self) -> Floats | None:
        """First voxel of each frame in LPS mm.

        Shape (frames, 3). None if one is missing.
        """
        positions = _if_complete(self.groups.numbers(_POSITION, 3))
        if positions is None:
            return self._positions_of_file()
        return positions

    @property
    def known_positions_lps(self) -> Floats:
        """First voxel of each frame in LPS mm, shape (frames, 3); NaN where unknown."""
        return self._known(self.positions_lps, _POSITION, 3)

    @property
    def known_orientations(self) -> Floats:
        """Cosines of rows and columns, shape (frames, 6); NaN where unknown."""
        cosines = self.orientations
        flat = None if cosines is None else cosines.reshape(self.count, 6)
        return self._known(flat, _ORIENTATION, 6)

    @property
    def known_spacings_mm(self) -> Floats:
        """Spacing of rows and columns in mm, shape (frames, 2); NaN where unknown."""
        return self._known(self.pixel_spacing_mm, _PIXEL_SPACING, 2)

    def _known(self, complete: Floats | None, path: Path, size: int) -> Floats:
        if complete is not None:
            return complete
        numbers = self.groups.numbers(path, size)
        if numbers is None:
            return np.full((self.count, size), np.nan)
        return np.where(np.isfinite(numbers), numbers, np.nan)

    @property
    def is_unplaced(self) -> bool:
        """Whether no frame has a position."""
        return self.positions_lps is None and self.groups.raw(_POSITION) is None

    @cached_property
    def orientations(self) -> Floats | None:
        """Cosines of rows and columns, shape (frames, 2, 3).

        None if one is missing.
        """
        cosines = self._numbers(_ORIENTATION, "ImageOrientationPatient", 6)
        if cosines is None:
            cosines = self._of_detector[1]
        if cosines is None:
            return None
        return cosines.reshape(self.count, 2, 3)

    @cached_property
    def orientation(self) -> Floats | None:
        """Common cosines of all frames, shape (2, 3).

        None if they differ.
        """
        cosines = self.orientations
        if cosines is None or float(np.abs(cosines - cosines[0]).max()) > SAME_DIRECTION:
            return None
        first: Floats = cosines[0]
        return first

    @cached_property
    def pixel_spacing_mm(self) -> Floats | None:
        """Spacing of rows and columns in mm, shape (frames, 2).

        None if one is missing.
        """
        return self._numbers(_PIXEL_SPACING, "PixelSpacing", 2)

    @cached_property
    def spacing_between_mm(self) -> Floats | None:
        """SpacingBetweenSlices in mm, shape (frames,); None if one is missing."""
        return self._lengths(_BETWEEN, "SpacingBetweenSlices")

    @cached_property
    def thickness_mm(self) -> Floats | None:
        """SliceThickness in mm, shape (frames,); None if one is missing."""
        return self._lengths(_THICKNESS, "SliceThickness")

    @property
    def slice_lengths_mm(self) -> tuple[float, float]:
        """SpacingBetweenSlices and SliceThickness of the first frame; NaN if missing."""
        between, thickness = self.spacing_between_mm, self.thickness_mm
        return (
            math.nan if between is None else float(between[0]),
            math.nan if thickness is None else float(thickness[0]),
        )

    @cached_property
    def rescales(self) -> Floats:
        """Slope and intercept, shape (frames, 2).

        Raises ReadError if one is unusable.
        """
        return rescales_of(self.groups)

    @cached_property
    def real_world(self) -> Floats | None:
        """Slope and intercept in RealWorldValueMapping, shape (frames, 2).

        None without one.
        """
        return real_world_of(self.groups)

    @cached_property
    def segments(self) -> Indices | None:
        """ReferencedSegmentNumber, shape (frames,); None if one is missing."""
        numbers = _if_complete(self.groups.numbers(_SEGMENT))
        if numbers is None:
            return None
        return numbers[:, 0].astype(np.intp)

    @cached_property
    def stack_numbers(self) -> Indices | None:
        """InStackPositionNumber, shape (frames,); None if missing, or for several stacks."""
        numbers = _if_complete(self.groups.numbers(_IN_STACK))
        stacks = {*(self.groups.texts(_STACK) or ())}
        if numbers is None or len(stacks) > 1:
            return None
        return numbers[:, 0].astype(np.intp)

    @cached_property
    def source_pictures(self) -> tuple[tuple[str, int] | None, ...]:
        """First source image of each frame: SOPInstanceUID, and frame number or 0.

        None if a frame names none.
        """
        uids = self.groups.texts(_SOURCE_UID) or [""] * self.count
        numbers = self.groups.numbers(_SOURCE_FRAME)
        pictures: list[tuple[str, int] | None] = []
        for frame, uid in enumerate(uids):
            number = 0 if numbers is None or np.isnan(numbers[frame, 0]) else numbers[frame, 0]
            pictures.append((uid, int(number)) if uid else None)
        return tuple(pictures)

    @cached_property
    def picture_numbers(self) -> Indices | None:
        """Number of the source picture of each frame, from 1, shape (frames,).

        From InStackPositionNumber; else the frame number of one source file, or the place of the
        source file in ReferencedSeriesSequence. None if unknown, or if frames are tiles of one
        large picture.
        """
        if self.stack_numbers is not None:
            return self.stack_numbers
        if self.instance.raw("TotalPixelMatrixRows") is not None:
            return None
        uids: list[str] = []
        frames: list[int] = []
        for picture in self.source_pictures:
            if picture is None:
                return None
            uids.append(picture[0])
            frames.append(picture[1])
        if len({*uids}) == 1 and min(frames) >= 1:
            return np.array(frames, np.intp)
        listed = _listed_instances(self.instance)
        if max(frames) > 1 or not {*uids} <= listed.keys():
            return None
        return np.array([listed[uid] for uid in uids], np.intp)

    @cached_property
    def attributes(self) -> Mapping[str, Sequence[Any]]:
        """Functional groups by keyword.

        One value per frame, None for a missing one.
        """
        return frame_attributes(self.groups)

    def _lengths(self, path: Path, keyword: str) -> Floats | None:
        lengths = self._numbers(path, keyword, 1)
        if lengths is None:
            return None
        return lengths[:, 0]

    def _numbers(self, path: Path, keyword: str, size: int) -> Floats | None:
        """Return numbers of the functional groups, or the file."""
        numbers = _if_complete(self.groups.numbers(path, size))
        if numbers is None:
            return self._numbers_of_file(keyword, size)
        return numbers

    def _numbers_of_file(self, keyword: str, size: int) -> Floats | None:
        values = self.instance.numbers(keyword)
        if len(values) != size or not np.isfinite(values).all():
            return None
        return np.tile(values, (self.count, 1))

    @cached_property
    def _of_detector(self) -> tuple[Floats | None, Floats | None]:
        """Positions and cosines of slices in nuclear medicine, None without."""
        if self.instance.sop_class_uid != NUCLEAR_MEDICINE:
            return None, None
        from dicomseries.reading.modalities.detector_planes import (  # noqa: PLC0415 - of NM
            detector_orientation,
            detector_positions,
        )

        cosines = detector_orientation(self.instance)
        if cosines is None:
            return None, None
        positions = detector_positions(self.instance, self.count)
        return positions, np.tile(cosines, (self.count, 1))

    def _positions_of_file(self) -> Floats | None:
        """Return ImagePositionPatient plus GridFrameOffsetVector (PS3.3 section C.8.8.3.2)."""
        of_detector, _ = self._of_detector
        if of_detector is not None:
            return of_detector
        first, axes = self._numbers_of_file("ImagePositionPatient", 3), self.orientations
        offsets = self.instance.numbers("GridFrameOffsetVector")
        if first is None or self.count == 1:
            return first
        if axes is None or len(offsets) != self.count:
            return None
        normal = unit_normal(axes[0])
        distances = np.array(offsets) - offsets[0]
        if offsets[0] and normal[2] < 0:  # offsets are then z coordinates of the patient
            distances = -distances
        positions: Floats = first + distances[:, None] * normal
        return positions


def _listed_instances(instance: Instance) -> dict[str, int]:
    """Return the place of each file in the one series of ReferencedSeriesSequence, from 1."""
    series = instance.sequence("ReferencedSeriesSequence")
    instances, uid = tag_of("ReferencedInstanceSequence"), tag_of("ReferencedSOPInstanceUID")
    places: dict[str, int] = {}
    if len(series) != 1 or instances not in series[0]:
        return places
    try:
        items = items_of(series[0][instances], instance.byte_order)
    except ParseError:
        return places
    for item in items:
        if uid in item:
            places.setdefault(item[uid].raw.strip(b" \0").decode("latin-1"), len(places) + 1)
    return places


def _if_complete(values: Floats | None) -> Floats | None:
    if values is None or not np.isfinite(values).all():
        return None
    return values
