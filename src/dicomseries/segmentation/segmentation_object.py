"""Plan and pixels of a Segmentation, from layers of segments."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from io import BytesIO
from typing import IO, Any, Literal, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from dicomseries.codecs import codec_of
from dicomseries.errors import GeometryError, MetadataError, OptionError
from dicomseries.geometry import Grid
from dicomseries.iod import SEGMENTATION_SOP_CLASSES, Segmentation, compose
from dicomseries.lazy_dataclass import dataclass
from dicomseries.metadata import Metadata
from dicomseries.plan import (
    Extent,
    FrameTable,
    SeriesPlan,
    check_frame,
    check_size,
    identity_facts,
    moment_facts,
    place_facts,
)
from dicomseries.segmentation.frame_pixels import LayerTask, StoredLabels
from dicomseries.segmentation.labels import (
    FRACTION_STEPS,
    check_labels,
)
from dicomseries.segmentation.segment_advice import advice_on
from dicomseries.segmentation.segment_defaults import with_defaults
from dicomseries.segmentation.segment_frames import FrameOrder, frame_groups, frame_order
from dicomseries.segmentation.segment_items import segment_sequence
from dicomseries.segmentation.segment_layer import SegmentLayer, merged_layer
from dicomseries.segmentation.segment_survey import (
    LayerRun,
    PresentSegments,
    slab_by_slab,
    survey_layers,
)
from dicomseries.segmentation.segments import Segment, parse_segments
from dicomseries.standard.attributes.attribute import Attribute, Item, attribute
from dicomseries.standard.attributes.decimal_string import format_ds
from dicomseries.standard.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN
from dicomseries.uids import SeriesUids, make_uid
from dicomseries.values import ValueMap

__all__ = [
    "SegmentationObject",
    "SegmentationType",
    "build_segmentation",
    "parse_segmentation_type",
]

SegmentationType: TypeAlias = Literal["binary", "labelmap", "fractional"]
"""Forms of the pixels, as `SEGMENTATION_SOP_CLASSES` names them."""

Bounds = tuple[int, int]

_FRACTIONAL_TYPE = "SegmentationFractionalType"
_LARGEST_ERROR = (0.5 + 1e-9) / FRACTION_STEPS
"""Of a fraction: half a step, and the rounding of its computation."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SegmentationObject:
    """One Segmentation before its pixels.

    Parameters
    ----------
    plan : SeriesPlan
        All attributes, with advice for the user.
    layers : tuple of SegmentLayer
        The voxels, slices along the normal; of a label map one layer.
    segmentation_type : {"binary", "labelmap", "fractional"}
        Form of the pixels.
    segments : tuple of Segment
        In the order of SegmentNumber, with those without voxels.
    numbers : tuple of int
        SegmentNumber of each: its value in a label map, 1, 2, 3 and so on in others.
    labels : tuple of dict of int to int
        Of each layer label → SegmentNumber.
    order : FrameOrder, optional
        Frames of the file; None if each slice is one.
    """

    plan: SeriesPlan
    layers: tuple[SegmentLayer, ...]
    segmentation_type: str
    segments: tuple[Segment, ...]
    numbers: tuple[int, ...]
    labels: tuple[dict[int, int], ...]
    order: FrameOrder | None = None

    @property
    def values(self) -> dict[int, int]:
        """SegmentNumber → value of the segment."""
        values = [segment.value for segment in self.segments]
        return dict(zip(self.numbers, values, strict=True))

    def tasks(self) -> Sequence[Callable[[Any, Bounds], Any]]:
        """Return what turns the slabs of each layer into pixels."""
        codec = codec_of(self.plan.transfer_syntax_uid)
        if self.order is None:
            dtype = self.plan.value_map.dtype
            return [StoredLabels(numbers=self.labels[0], dtype=dtype, codec=codec)]
        tasks = []
        rows = {number: index for index, number in enumerate(self.numbers)}
        for labels in self.labels:
            frames = {label: self.order.numbers[rows[number]] for label, number in labels.items()}
            is_fractional = self.segmentation_type == "fractional"
            tasks.append(LayerTask(frames=frames, is_fractional=is_fractional, codec=codec))
        return tasks

    def used_slices(self) -> list[npt.NDArray[np.bool_]] | None:
        """Return the slices of each layer that have a frame; None if all have."""
        if self.order is None:
            return None
        rows = {number: index for index, number in enumerate(self.numbers)}
        used: list[npt.NDArray[np.bool_]] = []
        for labels in self.labels:
            frames = self.order.numbers[[rows[number] for number in labels.values()]]
            used.append(np.any(frames >= 0, axis=0))
        return used

    def empty_frame(self) -> bytes:
        """Return a compressed frame without voxels."""
        codec = codec_of(self.plan.transfer_syntax_uid)
        assert codec is not None  # noqa: S101 - only asked for compressed frames
        return codec.encode(np.zeros(self.plan.grid.shape[1:], np.uint8))


def parse_segmentation_type(segmentation_type: Any) -> SegmentationType:
    """Return ``"binary"``, ``"labelmap"`` or ``"fractional"``.

    Raises
    ------
    OptionError
        If it is none of them.

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
        expected="'binary' (one bit per voxel and segment), 'labelmap' (one label per voxel) or "
        "'fractional' (a probability or occupancy per voxel and segment)",
        remedy="Choose 'binary', which more readers know, 'labelmap' for many labels, or "
        "'fractional' for floats from 0 to 1.",
    )


def build_segmentation(
    layers: Sequence[SegmentLayer],
    segments: Any = None,
    *,
    segmentation_type: str = "binary",
    metadata: Metadata,
    uids: SeriesUids,
    moment: dt.datetime | None = None,
    source_images: Sequence[tuple[Item, ...]] | None = None,
    is_lossy: bool = False,
    algorithm_name: str = "",
    transfer_syntax_uid: str = EXPLICIT_VR_LITTLE_ENDIAN,
    run: LayerRun = slab_by_slab,
    scratch: Callable[[], IO[bytes]] = BytesIO,
) -> SegmentationObject:
    """Return the Segmentation of layers.

    The bytes are the same for the same arguments.

    Parameters
    ----------
    layers : sequence of SegmentLayer
        On one LPS grid: whole numbers from 0 to 65535 or booleans; for ``"fractional"`` also floats
        from 0 to 1, one segment in each layer. Read once.
    segments : mapping, sequence of str or Segments, optional
        Descriptions of the segments by their values, as for `parse_segments`.
    segmentation_type : {"binary", "labelmap", "fractional"}
        Segmentation Storage with a bit or a byte per voxel and segment, or Label Map Segmentation
        Storage.
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
    transfer_syntax_uid : str
        Encoding of the pixels; bits cannot be compressed.
    run : callable
        Reads the layers.
    scratch : callable
        Returns an empty file for one bit of each voxel, if there are several layers.

    Raises
    ------
    ValuesError, KindError
        If a layer has other values, or all are empty.
    MetadataError
        If segments or metadata are wrong.
    GeometryError
        If the positions cannot be printed evenly, or slices have neither a place nor a picture.
    OptionError
        If the type is unknown, or bits are to be compressed.

    Notes
    -----
    PS3.3 sections A.51, A.90 and C.8.20.

    Examples
    --------
    >>> from dicomseries.sources import open_volume
    >>> from dicomseries.uids import UidPolicy, series_uids
    >>> labels = open_volume(np.array([[[0, 5, 7]]]), spacing=(1, 1, 1))
    >>> segmentation = build_segmentation(
    ...     [SegmentLayer(volume=labels)], {5: "Liver"}, metadata=Metadata(),
    ...     uids=series_uids(UidPolicy(), b"seed"), moment=dt.datetime(2026, 11, 22),
    ... )
    >>> [segment.label for segment in segmentation.segments], segmentation.values
    (['Liver', 'Segment 7'], {1: 5, 2: 7})
    """
    segmentation_type = parse_segmentation_type(segmentation_type)
    descriptions = parse_segments(segments)
    _check_form(segmentation_type, metadata, transfer_syntax_uid)
    layers = _layers_along_normal(layers, segmentation_type)
    grid = layers[0].volume.grid
    _check_grid(grid, source_images or ())
    facts = {**moment_facts(moment), **_identity(segmentation_type, uids)}
    composition = compose(Segmentation, place_facts(grid, facts), metadata)

    present = survey_layers(layers, segmentation_type, run, scratch)
    stated = descriptions.of(present.values)
    described = with_defaults(stated, algorithm_name)
    numbers, order = _numbers_and_order(described, present, segmentation_type)
    written = tuple(map(partial(_written, uids=uids), described, numbers))
    if order is None:
        table = FrameTable(slices=tuple(range(grid.shape[0])), segments=(0,) * grid.shape[0])
    else:
        table = order.table
    groups = frame_groups(
        grid,
        table,
        None if order is None else numbers,
        source_images,
        make_uid(uids.entropy, "dimension organization", root=uids.root),
    )
    shared = [
        *composition.shared,
        *groups.shared,
        segment_sequence(written, numbers, has_background=order is None),
        *_pixel_attributes(grid, segmentation_type, max(numbers), len(table)),
        # lossy is never reset in images derived from it (PS3.3 section C.7.6.1.1.5)
        attribute("LossyImageCompression", "01" if is_lossy else "00"),
        attribute("SegmentsOverlap", "YES" if present.has_overlap else "NO"),
    ]
    typed_by_label = _typed_by_label(stated, described)
    advice = advice_on(described, numbers, present.values, segmentation_type, typed_by_label)
    plan = SeriesPlan(
        kind="Segmentation",
        sop_class_uid=SEGMENTATION_SOP_CLASSES[segmentation_type],
        transfer_syntax_uid=transfer_syntax_uid,
        uids=uids,
        grid=grid,
        samples=1,
        value_map=_value_map(segmentation_type, max(numbers)),
        shared=tuple(sorted(shared, key=lambda member: member.tag)),
        per_instance=(),
        extent=Extent(volumes=1, slices=grid.shape[0]),
        columns=groups.columns,
        per_frame=groups.per_frame,
        is_multi_frame=True,
        frames=table,
        has_bits=segmentation_type == "binary",
        advice=(*advice, *composition.advice),
    )
    if not plan.is_encapsulated:
        check_size(Segmentation, plan.pixel_bytes)
    return SegmentationObject(
        plan=plan,
        layers=layers,
        segmentation_type=segmentation_type,
        segments=written,
        numbers=numbers,
        labels=_numbers_of_labels(present, described, numbers),
        order=order,
    )


def _check_form(segmentation_type: str, metadata: Metadata, transfer_syntax_uid: str) -> None:
    """Reject what the form of the pixels excludes."""
    if segmentation_type == "binary" and transfer_syntax_uid != EXPLICIT_VR_LITTLE_ENDIAN:
        raise _bits_not_compressed(transfer_syntax_uid)
    if segmentation_type != "fractional" and metadata.get(_FRACTIONAL_TYPE) is not None:
        raise _not_fractional(segmentation_type)


def _layers_along_normal(
    layers: Sequence[SegmentLayer], segmentation_type: str
) -> tuple[SegmentLayer, ...]:
    """Return checked layers, slices along the normal; one for a label map."""
    for layer in layers:
        check_labels(layer.volume, segmentation_type)
    along = tuple(replace(layer, volume=layer.volume.along_normal()) for layer in layers)
    return (merged_layer(along),) if segmentation_type == "labelmap" else along


def _numbers_and_order(
    described: Sequence[Segment], present: PresentSegments, segmentation_type: str
) -> tuple[tuple[int, ...], FrameOrder | None]:
    """Return SegmentNumbers, and the order of frames; None for a label map."""
    values = [segment.value for segment in described]
    if segmentation_type == "labelmap":
        return tuple(values), None
    return tuple(range(1, len(described) + 1)), frame_order(present.presence(values))


def _typed_by_label(stated: Sequence[Segment], described: Sequence[Segment]) -> set[int]:
    """Return the values of segments whose label gave their type."""
    values: set[int] = set()
    for before, segment in zip(stated, described, strict=True):
        if before.type != segment.type:
            values.add(segment.value)
    return values


def _numbers_of_labels(
    present: PresentSegments, described: Sequence[Segment], numbers: Sequence[int]
) -> tuple[dict[int, int], ...]:
    """Return label → SegmentNumber of each layer."""
    number_of = {segment.value: number for segment, number in zip(described, numbers, strict=True)}
    labels: list[dict[int, int]] = []
    for values in present.labels:
        labels.append({label: number_of[value] for label, value in values.items()})
    return tuple(labels)


def _bits_not_compressed(transfer_syntax_uid: str) -> OptionError:
    codec = codec_of(transfer_syntax_uid)
    return OptionError(
        code="compression-of-bits",
        where="compression",
        given=f"{'compression' if codec is None else codec.word} for a binary Segmentation",
        expected="pixels of 8 or 16 bits: single bits have no lossless codec in DICOM "
        "(PS3.5 section 8.2)",
        remedy="Leave `compression=` out, or pass `segmentation_type='labelmap'`.",
    )


def _not_fractional(segmentation_type: str) -> MetadataError:
    return MetadataError(
        code="attribute-not-for-this-image",
        where=_FRACTIONAL_TYPE,
        given=f"the attribute for `segmentation_type={segmentation_type!r}`",
        expected="none: it belongs to fractions alone (PS3.3 section C.8.20.2)",
        remedy="Leave it out, or pass `segmentation_type='fractional'`.",
    )


def _check_grid(grid: Grid, source_images: Sequence[tuple[Item, ...]]) -> None:
    """Reject a grid that cannot be written."""
    check_frame(Segmentation, grid, 1)
    if grid.statement.has_place:
        grid.check_printed()
    else:
        _check_pictures(grid, source_images)


def _identity(segmentation_type: str, uids: SeriesUids) -> dict[str, tuple[Any, ...]]:
    """Return the facts that do not follow from the voxels."""
    facts = {
        **identity_facts(SEGMENTATION_SOP_CLASSES[segmentation_type], uids),
        "SOPInstanceUID": (uids.instance(0),),
        "InstanceNumber": (1,),
    }
    if segmentation_type == "fractional":
        facts["MaximumFractionalValue"] = (FRACTION_STEPS,)
    return facts


def _pixel_attributes(
    grid: Grid, segmentation_type: str, highest: int, frames: int
) -> Iterator[Attribute]:
    """Yield the format of the pixels (PS3.3 sections C.8.20.2 and C.7.6.3)."""
    bits = {"binary": 1, "fractional": 8}.get(segmentation_type, 8 if highest < 256 else 16)
    yield attribute("SegmentationType", segmentation_type.upper())
    yield attribute("NumberOfFrames", str(frames))
    yield attribute("Rows", grid.shape[1])
    yield attribute("Columns", grid.shape[2])
    yield attribute("SamplesPerPixel", 1)
    yield attribute("PhotometricInterpretation", "MONOCHROME2")
    yield attribute("BitsAllocated", bits)
    yield attribute("BitsStored", bits)
    yield attribute("HighBit", bits - 1)
    yield attribute("PixelRepresentation", 0)
    yield attribute("PresentationLUTShape", "IDENTITY")
    if segmentation_type == "labelmap":
        yield attribute("PixelPaddingValue", 0, vr="US")
    if segmentation_type == "fractional":
        yield attribute("MaximumFractionalValue", FRACTION_STEPS)


def _value_map(segmentation_type: str, highest: int) -> ValueMap:
    if segmentation_type == "fractional":
        return ValueMap(
            dtype="uint8",
            slope=format_ds(1 / FRACTION_STEPS),
            intercept="0",
            max_error=_LARGEST_ERROR,
            policy="Fractional()",
        )
    is_wide = segmentation_type == "labelmap" and highest > 255
    return ValueMap(
        dtype="uint16" if is_wide else "uint8",
        slope="1",
        intercept="0",
        max_error=0.0,
        policy="Exact()",
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
