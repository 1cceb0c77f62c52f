"""Segmentation object of a label map."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

from dicomseries.errors import GeometryError, OptionError
from dicomseries.geometry import Grid
from dicomseries.iod import SEGMENTATION_SOP_CLASSES, Segmentation, code_item, compose
from dicomseries.metadata import Metadata
from dicomseries.plan import (
    IMPLEMENTATION_CLASS_UID,
    IMPLEMENTATION_VERSION_NAME,
    identity_facts,
    moment_facts,
    place_facts,
)
from dicomseries.segmentation.labels import read_labels
from dicomseries.segmentation.segment_advice import advice_on
from dicomseries.segmentation.segment_defaults import with_defaults
from dicomseries.segmentation.segment_frames import (
    place_frames,
    place_frames_on_pictures,
    unplaced_frames,
)
from dicomseries.segmentation.segments import Segment, parse_segments
from dicomseries.sources import Volume
from dicomseries.standard.attributes.attribute import Attribute, Item, attribute
from dicomseries.standard.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN
from dicomseries.uids import SeriesUids, make_uid

if TYPE_CHECKING:
    from pydicom.dataset import Dataset, FileMetaDataset

__all__ = [
    "SegmentationObject",
    "SegmentationType",
    "build_segmentation",
    "parse_segmentation_type",
]

SegmentationType: TypeAlias = Literal["binary", "labelmap"]
"""Forms of the pixels, as `SEGMENTATION_SOP_CLASSES` names them."""

_FROM_HIGHDICOM = (
    "SegmentationType",
    "SegmentSequence",
    "SegmentsOverlap",
    "DimensionOrganizationSequence",
    "DimensionOrganizationType",
    "DimensionIndexSequence",
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
    "NumberOfFrames",
    "Rows",
    "Columns",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "PixelPaddingValue",
    "PresentationLUTShape",
    "LossyImageCompression",
    "PixelData",
)
"""Attributes from highdicom's object; all others follow from metadata and grid."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SegmentationObject:
    """One Segmentation, ready to be encoded.

    Parameters
    ----------
    dataset : Dataset
        All attributes, with the file meta information and the pixels (explicit VR, little endian).
    segmentation_type : {"binary", "labelmap"}
        One bit per voxel and segment, or one label per voxel.
    segments : tuple of Segment
        In the order of SegmentNumber, with those without voxels.
    numbers : tuple of int
        SegmentNumber of each: the label in a label map, 1, 2, 3 and so on in a binary one.
    frames : int
        NumberOfFrames.
    dtype : str
        Stored type of the pixels: ``"bool"`` (1 bit), ``"uint8"`` or ``"uint16"``.
    advice : tuple of str
        Unstated and changed facts, and limits of readers.
    """

    dataset: Dataset
    segmentation_type: str
    segments: tuple[Segment, ...]
    numbers: tuple[int, ...]
    frames: int
    dtype: str
    advice: tuple[str, ...]

    @property
    def labels(self) -> dict[int, int]:
        """SegmentNumber in the file → label in the array."""
        values = [segment.value for segment in self.segments]
        return dict(zip(self.numbers, values, strict=True))

    def encoded(self) -> bytes:
        """Return the bytes of the Part 10 file."""
        from pydicom import dcmwrite  # noqa: PLC0415 - slow to import

        file = BytesIO()
        dcmwrite(file, self.dataset, enforce_file_format=True)
        return file.getvalue()


def parse_segmentation_type(segmentation_type: Any) -> SegmentationType:
    """Return ``"binary"`` or ``"labelmap"``.

    Raises
    ------
    OptionError
        If it is neither.

    Examples
    --------
    >>> parse_segmentation_type("LABELMAP")
    'labelmap'
    """
    if isinstance(segmentation_type, str):
        name = segmentation_type.strip().casefold()
        if name in SEGMENTATION_SOP_CLASSES:
            return cast("SegmentationType", name)
    raise OptionError(
        code="segmentation-type-unknown",
        where="segmentation_type",
        given=repr(segmentation_type),
        expected="'binary' (one bit per voxel and segment) or 'labelmap' (one label per voxel)",
        remedy="Choose 'binary', which more readers know, or 'labelmap' for many labels.",
    )


def build_segmentation(
    volume: Volume,
    segments: Any = None,
    *,
    segmentation_type: str = "binary",
    metadata: Metadata,
    uids: SeriesUids,
    moment: dt.datetime | None = None,
    source_images: Sequence[tuple[Item, ...]] | None = None,
    is_lossy: bool = False,
    algorithm_name: str = "",
) -> SegmentationObject:
    """Return the Segmentation of a label map.

    The bytes are the same for the same arguments.

    Parameters
    ----------
    volume : Volume
        Whole numbers from 0 to 65535 or booleans, one volume on an LPS grid. Read once; its labels
        are then held in memory, with one byte per voxel (two if the source's dtype has more),
        beside the encoded frames.
    segments : mapping, sequence of str or Segments, optional
        Descriptions of the labels, as for `parse_segments`.
    segmentation_type : {"binary", "labelmap"}
        Segmentation Storage with one bit per voxel and segment, or Label Map Segmentation Storage.
    metadata : Metadata
        Patient, study, series and equipment.
    uids : SeriesUids
        UIDs; the object is ``instance(0)``.
    moment : datetime, optional
        Date and time of the study, the series and the content.
    source_images : sequence of tuple of Item, optional
        For each slice the items of SourceImageSequence: images in its plane, or of labels without
        a place its one picture. None without a source series; the series itself is named in
        `metadata`.
    is_lossy : bool
        Whether a source image has been compressed with loss.
    algorithm_name : str
        SegmentAlgorithmName of segments that state no algorithm; empty if not known.

    Returns
    -------
    SegmentationObject
        The dataset, its segments and advice for the user.

    Raises
    ------
    ValuesError, KindError
        If the volume is no label map, or empty.
    MetadataError
        If segments or metadata are wrong.
    GeometryError
        If the positions cannot be printed evenly, or slices have neither a place nor a picture.
    OptionError
        If the type is unknown.
    MissingPackageError
        If highdicom is not installed.

    Notes
    -----
    PS3.3 sections A.51, A.90 and C.8.20.

    Examples
    --------
    >>> import numpy as np
    >>> from dicomseries.sources import open_volume
    >>> from dicomseries.uids import UidPolicy, series_uids
    >>> labels = open_volume(np.array([[[0, 5, 7]]]), spacing=(1, 1, 1))
    >>> segmentation = build_segmentation(
    ...     labels, {5: "Liver"}, metadata=Metadata(), uids=series_uids(UidPolicy(), b"seed"),
    ...     moment=dt.datetime(2026, 11, 22),
    ... )
    >>> [segment.label for segment in segmentation.segments], segmentation.labels
    (['Liver', 'Segment 7'], {1: 5, 2: 7})
    """
    segmentation_type = parse_segmentation_type(segmentation_type)
    descriptions = parse_segments(segments)
    volume = volume.along_normal()
    volume.grid.check_printed()
    has_place = volume.grid.statement.has_place
    if not has_place:
        _check_pictures(volume.grid, source_images or ())
    facts = {
        **moment_facts(moment),
        **identity_facts(SEGMENTATION_SOP_CLASSES[segmentation_type], uids),
        "SOPInstanceUID": (uids.instance(0),),
        "InstanceNumber": (1,),
    }
    composition = compose(Segmentation, place_facts(volume.grid, facts), metadata)
    labels = read_labels(volume)
    stated = descriptions.of(labels.values)
    described = with_defaults(stated, algorithm_name)
    typed_by_label = {
        segment.value
        for before, segment in zip(stated, described, strict=True)
        if before.type != segment.type
    }
    numbers = tuple(range(1, len(described) + 1))
    if segmentation_type == "labelmap":
        numbers = tuple(segment.value for segment in described)
    written = tuple(map(partial(_written, uids=uids), described, numbers))
    frames = unplaced_frames(labels, written, numbers, segmentation_type)
    organization_uid = make_uid(uids.entropy, "dimension organization", root=uids.root)
    derivations = list(map(_derivation, source_images or ()))
    if has_place:
        place_frames(frames, volume.grid, derivations, organization_uid)
    else:
        place_frames_on_pictures(frames, derivations, organization_uid)
    dataset = _dataset(composition.shared)
    for keyword in _FROM_HIGHDICOM:
        if keyword in frames:
            dataset.add(frames[keyword])
    if is_lossy:  # never reset in images derived from it (PS3.3 section C.7.6.1.1.5)
        dataset.LossyImageCompression = "01"
    dataset.file_meta = _file_meta(dataset)
    advice = advice_on(described, numbers, labels.values, segmentation_type, typed_by_label)
    return SegmentationObject(
        dataset=dataset,
        segmentation_type=segmentation_type,
        segments=written,
        numbers=numbers,
        frames=int(frames.NumberOfFrames),
        dtype="bool" if segmentation_type == "binary" else f"uint{frames.BitsAllocated}",
        advice=(*advice, *composition.advice),
    )


def _check_pictures(grid: Grid, source_images: Sequence[tuple[Item, ...]]) -> None:
    """Reject slices with neither place nor picture (A.51.3)."""
    pictures = sum(map(bool, source_images))
    if pictures != grid.shape[0] or len(source_images) != pictures:
        raise GeometryError(
            code="geometry-missing",
            where="source",
            given=f"labels of (slices, rows, columns) {grid.shape} without a place, "
            f"and {pictures} source pictures",
            expected="a place in space, or one source picture of the same rows and columns for "
            "each slice",
            remedy="Pass `like=` with the series of pictures, or `spacing=`, `origin=` and "
            "`direction=`.",
        )


def _written(segment: Segment, number: int, uids: SeriesUids) -> Segment:
    """Return the segment with array label and tracking UID."""
    if number != segment.value:
        note = f"label {segment.value} of the array"
        description = f"{segment.description} ({note})" if segment.description else note
        segment = replace(segment, description=description)
    if segment.tracking_id and not segment.tracking_uid:
        uid = make_uid(uids.entropy, "tracking", segment.value, root=uids.root)
        segment = replace(segment, tracking_uid=uid)
    return segment


def _derivation(images: tuple[Item, ...]) -> list[Dataset]:
    """Return DerivationImageSequence of frames with these source images."""
    if not images:
        return []
    segmentation = code_item("113076", "DCM", "Segmentation")
    item = (
        attribute("SourceImageSequence", *images),
        attribute("DerivationCodeSequence", segmentation),
    )
    return [_dataset(item)]


def _file_meta(dataset: Dataset) -> FileMetaDataset:
    from pydicom.dataset import FileMetaDataset  # noqa: PLC0415 - slow to import

    attributes = (
        attribute("FileMetaInformationVersion", b"\0\1"),
        attribute("MediaStorageSOPClassUID", str(dataset.SOPClassUID)),
        attribute("MediaStorageSOPInstanceUID", str(dataset.SOPInstanceUID)),
        attribute("TransferSyntaxUID", EXPLICIT_VR_LITTLE_ENDIAN),
        attribute("ImplementationClassUID", IMPLEMENTATION_CLASS_UID),
        attribute("ImplementationVersionName", IMPLEMENTATION_VERSION_NAME),
    )
    return FileMetaDataset(_dataset(attributes))


def _dataset(attributes: Sequence[Attribute]) -> Dataset:
    from pydicom.dataset import Dataset  # noqa: PLC0415 - slow to import
    from pydicom.sequence import Sequence as DicomSequence  # noqa: PLC0415

    dataset = Dataset()
    for member in attributes:
        values: Any = list(member.values)
        if member.vr == "SQ":
            values = DicomSequence([_dataset(item) for item in values if isinstance(item, tuple)])
        elif len(values) == 1:
            values = values[0]
        dataset.add_new(member.tag, member.vr, values)
    return dataset
