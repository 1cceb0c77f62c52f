"""Frames of a Segmentation, completed and placed."""

from __future__ import annotations

from collections.abc import Mapping, MutableSequence, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from dicomseries.geometry import Grid
from dicomseries.plan import grid_facts
from dicomseries.segmentation.highdicom_frames import frames_of
from dicomseries.segmentation.labels import LabelVolume, renumbered
from dicomseries.segmentation.segments import Segment
from dicomseries.standard.attributes.attribute import tag_of

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["place_frames", "place_frames_on_pictures", "unplaced_frames"]

Derivations: TypeAlias = "Sequence[Sequence[Dataset]]"
"""DerivationImageSequence of each slice."""


def unplaced_frames(
    labels: LabelVolume,
    segments: Sequence[Segment],
    numbers: Sequence[int],
    segmentation_type: str,
) -> Dataset:
    """Return highdicom's object with complete pixels, in index space.

    Parameters
    ----------
    labels : LabelVolume
        Labels of the array.
    segments : sequence of Segment
        In the order of `numbers`.
    numbers : sequence of int
        SegmentNumber of each.
    segmentation_type : {"binary", "labelmap"}
        One bit per voxel and segment, or one label per voxel.

    Raises
    ------
    MissingPackageError
        If highdicom is not installed.

    Notes
    -----
    A label map has a frame for each slice. A binary segmentation leaves empty frames out, which
    would cut the grid of readers down to the slices with labels. So the first and the last slice
    always have a frame, even an empty one.
    """
    array = renumbered(labels, [segment.value for segment in segments], numbers)
    if segmentation_type == "labelmap":
        segmentation = frames_of(array, segments, numbers, segmentation_type)
        segmentation.PixelData = _even(segmentation.PixelData[: array.nbytes])
        return segmentation
    # An empty outer slice gets one voxel, whose bit is removed again. Nobody else uses the array.
    marked = [index for index in sorted({0, len(array) - 1}) if not array[index].any()]
    array[marked, 0, 0] = numbers[0]
    segmentation = frames_of(array, segments, numbers, "binary")
    pixels_per_frame = array.shape[1] * array.shape[2]
    pixels = _packed(segmentation, pixels_per_frame)
    for frame, (index, number) in enumerate(_slices_and_numbers(segmentation)):
        if index in marked and number == numbers[0]:
            byte, bit = divmod(frame * pixels_per_frame, 8)
            pixels[byte] &= ~(1 << bit) & 0xFF
    segmentation.PixelData = _even(bytes(pixels))
    return segmentation


def _packed(segmentation: Dataset, pixels_per_frame: int) -> bytearray:
    """Return one bit per pixel, without gaps between frames.

    PS3.5 section 8.1.1 and annex D.

    highdicom 0.28 starts each frame of fewer than 8 pixels at a new byte.
    """
    frames = int(segmentation.NumberOfFrames)
    if pixels_per_frame >= 8:
        return bytearray(segmentation.PixelData[: (frames * pixels_per_frame + 7) // 8])
    padded = np.frombuffer(segmentation.PixelData, np.uint8, frames)
    bits = np.unpackbits(padded, bitorder="little").reshape(frames, 8)[:, :pixels_per_frame]
    packed: npt.NDArray[np.uint8] = np.packbits(bits.ravel(), bitorder="little")
    return bytearray(packed.tobytes())


def _even(pixels: bytes) -> bytes:
    return pixels + b"\0" * (len(pixels) % 2)


def _slices_and_numbers(segmentation: Dataset) -> list[tuple[int, int]]:
    """Return slice and segment number of each frame.

    The number is 0 if the frame names none.
    """
    shared = segmentation.SharedFunctionalGroupsSequence[0]
    places = []
    for frame in segmentation.PerFrameFunctionalGroupsSequence:
        identification = frame.get("SegmentIdentificationSequence")
        if not identification:
            identification = shared.get("SegmentIdentificationSequence")
        number = int(identification[0].ReferencedSegmentNumber) if identification else 0
        z = frame.PlanePositionSequence[0].ImagePositionPatient[2]
        places.append((round(-float(z)), number))
    return places


def place_frames(
    segmentation: Dataset, grid: Grid, derivations: Derivations, organization_uid: str
) -> None:
    """Move frames onto the grid, and name source images.

    Parameters
    ----------
    segmentation : Dataset
        Changed in place.
    grid : Grid
        LPS mm; its positions and orientation are printed as for every other kind.
    derivations : sequence of sequence of Dataset
        DerivationImageSequence of each slice; empty without a source series.
    organization_uid : str
        DimensionOrganizationUID.
    """
    texts = grid_facts(grid)
    shared = segmentation.SharedFunctionalGroupsSequence[0]
    shared.PlaneOrientationSequence = [_item(texts, "ImageOrientationPatient")]
    shared.PixelMeasuresSequence = [
        _item(texts, "PixelSpacing", "SliceThickness", "SpacingBetweenSlices")
    ]
    frames = segmentation.PerFrameFunctionalGroupsSequence
    planes: dict[int, list[Dataset]] = {}
    for frame, (index, _) in zip(frames, _slices_and_numbers(segmentation), strict=True):
        if index not in planes:
            position = {"ImagePositionPatient": grid.position_texts(index)}
            planes[index] = [_item(position, "ImagePositionPatient")]
        frame.PlanePositionSequence = planes[index]
        # If one frame has the sequence, all have it (C.7.6.16.2.6).
        if derivations:
            frame.DerivationImageSequence = derivations[index]
        else:
            del frame.DerivationImageSequence
    _set_organization(segmentation, organization_uid)


def _item(texts: Mapping[str, Sequence[Any]], *keywords: str) -> Dataset:
    from pydicom.dataset import Dataset  # noqa: PLC0415 - slow to import

    item = Dataset()
    for keyword in keywords:
        values = list(texts[keyword])
        setattr(item, keyword, values[0] if len(values) == 1 else values)
    return item


def _set_organization(segmentation: Dataset, uid: str) -> None:
    sequences = segmentation.DimensionOrganizationSequence, segmentation.DimensionIndexSequence
    for sequence in sequences:
        for item in sequence:
            item.DimensionOrganizationUID = uid


def place_frames_on_pictures(
    segmentation: Dataset, derivations: Derivations, organization_uid: str
) -> None:
    """Remove index space, and name the picture of frames.

    The dimension of frames beside the segment is then InStackPositionNumber: the number of the
    picture, from 1.

    Parameters
    ----------
    segmentation : Dataset
        Changed in place.
    derivations : sequence of sequence of Dataset
        DerivationImageSequence of each slice, with its picture.
    organization_uid : str
        DimensionOrganizationUID.

    Notes
    -----
    PS3.3 sections A.51.3 and A.51.5.1: Pixel Measures, Plane Position and Plane Orientation require
    a frame of reference.
    """
    shared = segmentation.SharedFunctionalGroupsSequence[0]
    del shared.PlaneOrientationSequence, shared.PixelMeasuresSequence
    if "DimensionOrganizationType" in segmentation:
        del segmentation.DimensionOrganizationType  # 3D is for positions in space
    frames = segmentation.PerFrameFunctionalGroupsSequence
    for frame, (index, _) in zip(frames, _slices_and_numbers(segmentation), strict=True):
        del frame.PlanePositionSequence
        frame.DerivationImageSequence = derivations[index]
        content = frame.FrameContentSequence[0]
        content.StackID, content.InStackPositionNumber = "1", index + 1
        # highdicom counts the pictures with frames; an index of numbers is the number itself
        values = content.DimensionIndexValues
        is_indexed = isinstance(values, MutableSequence)
        content.DimensionIndexValues = [*values[:-1], index + 1] if is_indexed else index + 1
    for item in segmentation.DimensionIndexSequence:
        if item.DimensionIndexPointer == tag_of("ImagePositionPatient"):
            item.DimensionIndexPointer = tag_of("InStackPositionNumber")
            item.FunctionalGroupPointer = tag_of("FrameContentSequence")
            item.DimensionDescriptionLabel = "Picture"
    _set_organization(segmentation, organization_uid)
