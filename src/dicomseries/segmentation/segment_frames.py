"""The frames of a Segmentation: highdicom's, whole, on their grid, and with the images they were made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from dicomseries.geometry import Grid
from dicomseries.plan import grid_facts
from dicomseries.segmentation.highdicom_frames import frames_of
from dicomseries.segmentation.labels import LabelVolume, renumbered
from dicomseries.segmentation.segments import Segment

__all__ = ["framed", "place", "place_on_pictures"]


def framed(
    labels: LabelVolume, segments: Sequence[Segment], numbers: Sequence[int], form: str
) -> Dataset:
    """Return highdicom's object with whole pixels, still in index space.

    Parameters
    ----------
    labels : LabelVolume
        Of the array.
    segments : sequence of Segment
        In the order of `numbers`.
    numbers : sequence of int
        SegmentNumber of each.
    form : {"binary", "labelmap"}
        One bit a voxel and segment, or one label a voxel.

    Raises
    ------
    MissingPackageError
        If highdicom is not installed.

    Notes
    -----
    A label map has a frame for each slice. A binary segmentation leaves empty frames out, which would cut the grid
    that a reader restores down to the slices with labels: so the first and the last slice always have one, if only
    an empty one.
    """
    array = renumbered(labels, [one.value for one in segments], numbers)
    if form == "binary":
        return _bits(array, segments, numbers)
    made = frames_of(array, segments, numbers, form)
    made.PixelData = _even(made.PixelData[: array.nbytes])
    return made


def _bits(array: npt.NDArray[Any], segments: Sequence[Segment], numbers: Sequence[int]) -> Dataset:
    """Return the binary form; highdicom gets one voxel in an empty outer slice, whose bit is taken out again.

    `array` may be changed: nobody uses it afterwards.
    """
    marked = [index for index in sorted({0, len(array) - 1}) if not array[index].any()]
    array[marked, 0, 0] = numbers[0]
    made = frames_of(array, segments, numbers, "binary")
    frame_pixels = array.shape[1] * array.shape[2]
    pixels = _packed(made, frame_pixels)
    for frame, (index, number) in enumerate(_places(made)):
        if index in marked and number == numbers[0]:
            byte, bit = divmod(frame * frame_pixels, 8)
            pixels[byte] &= ~(1 << bit) & 0xFF
    made.PixelData = _even(bytes(pixels))
    return made


def _packed(made: Dataset, frame_pixels: int) -> bytearray:
    """Return one bit a pixel, frame after frame without a gap (PS3.5 section 8.1.1 and annex D).

    highdicom 0.28 gives each frame bytes of its own where a frame has fewer than 8 pixels; these are joined here.
    """
    frames = int(made.NumberOfFrames)
    if frame_pixels >= 8:
        return bytearray(made.PixelData[: (frames * frame_pixels + 7) // 8])
    each = np.frombuffer(made.PixelData, np.uint8, frames)
    bits = np.unpackbits(each, bitorder="little").reshape(frames, 8)[:, :frame_pixels]
    return bytearray(np.packbits(bits.ravel(), bitorder="little").tobytes())


def _even(pixels: bytes) -> bytes:
    return pixels + b"\0" * (len(pixels) % 2)


def _places(made: Dataset) -> list[tuple[int, int]]:
    """Return the slice and the segment number (0 if it names none) of each frame, from highdicom's index space."""
    shared = made.SharedFunctionalGroupsSequence[0]
    places = []
    for item in made.PerFrameFunctionalGroupsSequence:
        named = item.get("SegmentIdentificationSequence") or shared.get(
            "SegmentIdentificationSequence"
        )
        number = int(named[0].ReferencedSegmentNumber) if named else 0
        places.append(
            (round(-float(item.PlanePositionSequence[0].ImagePositionPatient[2])), number)
        )
    return places


def place(
    made: Dataset,
    grid: Grid,
    derivations: Sequence[Sequence[Dataset]],
    organisation_uid: str,
) -> None:
    """Put the frames of `framed` from index space onto the grid, and name what they were made from.

    Parameters
    ----------
    made : Dataset
        Changed in place.
    grid : Grid
        LPS mm; its positions and orientation are printed as for every other kind.
    derivations : sequence of sequence of Dataset
        DerivationImageSequence of each slice; empty without a source series.
    organisation_uid : str
        DimensionOrganizationUID.
    """
    texts = grid_facts(grid)
    shared = made.SharedFunctionalGroupsSequence[0]
    shared.PlaneOrientationSequence = [_item(texts, "ImageOrientationPatient")]
    shared.PixelMeasuresSequence = [
        _item(texts, "PixelSpacing", "SliceThickness", "SpacingBetweenSlices")
    ]
    frames = list(zip(made.PerFrameFunctionalGroupsSequence, _places(made), strict=True))
    slices = {index for _, (index, _) in frames}
    planes = {
        i: [_item({"ImagePositionPatient": grid.position_texts(i)}, "ImagePositionPatient")]
        for i in slices
    }
    for item, (index, _) in frames:
        item.PlanePositionSequence = planes[index]
        # C.7.6.16.2.6: the macro is for frames derived from other instances, and if one frame has it, all have.
        if derivations:
            item.DerivationImageSequence = derivations[index]
        else:
            del item.DerivationImageSequence
    for one in (*made.DimensionOrganizationSequence, *made.DimensionIndexSequence):
        one.DimensionOrganizationUID = organisation_uid


def place_on_pictures(
    made: Dataset, derivations: Sequence[Sequence[Dataset]], organisation_uid: str
) -> None:
    """Take the index space of `framed` away, and name the picture that each frame was made from.

    Frames are then told apart by segment and InStackPositionNumber: the number of the picture, from 1.

    Parameters
    ----------
    made : Dataset
        Changed in place.
    derivations : sequence of sequence of Dataset
        DerivationImageSequence of each slice, with its picture.
    organisation_uid : str
        DimensionOrganizationUID.

    Notes
    -----
    PS3.3 sections A.51.3 and A.51.5.1: Pixel Measures, Plane Position and Plane Orientation need a frame of reference.
    """
    shared = made.SharedFunctionalGroupsSequence[0]
    del shared.PlaneOrientationSequence, shared.PixelMeasuresSequence
    if "DimensionOrganizationType" in made:
        del made.DimensionOrganizationType  # 3D is of positions in space
    frames = list(zip(made.PerFrameFunctionalGroupsSequence, _places(made), strict=True))
    for item, (index, _) in frames:
        del item.PlanePositionSequence
        item.DerivationImageSequence = derivations[index]
        content = item.FrameContentSequence[0]
        content.StackID, content.InStackPositionNumber = "1", index + 1
        # highdicom counts the pictures that have frames; an index of numbers is the number itself
        values = content.DimensionIndexValues
        content.DimensionIndexValues = (
            [*values[:-1], index + 1] if isinstance(values, MultiValue) else index + 1
        )
    position = tag_for_keyword("ImagePositionPatient")
    for one in made.DimensionIndexSequence:
        if one.DimensionIndexPointer == position:
            one.DimensionIndexPointer = tag_for_keyword("InStackPositionNumber")
            one.FunctionalGroupPointer = tag_for_keyword("FrameContentSequence")
            one.DimensionDescriptionLabel = "Picture"
    for one in (*made.DimensionOrganizationSequence, *made.DimensionIndexSequence):
        one.DimensionOrganizationUID = organisation_uid


def _item(texts: Mapping[str, Sequence[Any]], *keywords: str) -> Dataset:
    item = Dataset()
    for keyword in keywords:
        values = list(texts[keyword])
        setattr(item, keyword, values[0] if len(values) == 1 else values)
    return item
