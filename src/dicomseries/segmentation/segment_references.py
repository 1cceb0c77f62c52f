"""Which images the labels were made from: one reference a frame where an image lies in its plane (PS3.3 C.7.6.16.2.6).

Only images that exist are named: those whose datasets are given.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from dicomseries.errors import GeometryError, MetadataError
from dicomseries.geometry import Grid
from dicomseries.uids import SeriesUids

__all__ = ["SegmentReferences", "image_references", "picture_references"]

_PLANE_TOLERANCE = 0.01
"""Part of a voxel by which an image may lie beside a frame and still be called its plane."""

_COSINE_TOLERANCE = 1e-4
_NEEDED = ("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Plane:
    """One image, or one frame of one, where it lies."""

    image: Dataset
    frame: int | None
    position: npt.NDArray[np.float64]
    orientation: npt.NDArray[np.float64]
    spacing: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SegmentReferences:
    """The source images of a segmentation on a grid; without images it says nothing.

    `pictures` are the source of each slice where neither has a place: an image, and the frame of it.
    """

    images: tuple[Dataset, ...]
    grid: Grid
    planes: tuple[_Plane, ...]
    pictures: tuple[tuple[Dataset, int | None], ...] = ()

    def series_items(self) -> list[Dataset]:
        """Return ReferencedSeriesSequence (PS3.3 section C.12.2): every image by series."""
        by_series: dict[str, list[Dataset]] = {}
        for image in self.images:
            by_series.setdefault(str(image.SeriesInstanceUID), []).append(_instance(image))
        items = []
        for uid, instances in by_series.items():
            item = Dataset()
            item.SeriesInstanceUID, item.ReferencedInstanceSequence = uid, instances
            items.append(item)
        return items

    def frame_items(self, index: int) -> list[Dataset]:
        """Return DerivationImageSequence of the frames in slice `index`; empty if no image lies in its plane."""
        if self.pictures:
            sources = [_source(*self.pictures[index], preserved=True)]
        else:
            sources = [
                _source(plane.image, plane.frame, preserved=self._same_pixels(plane, index))
                for plane in self._coplanar(index)
            ]
        if not sources:
            return []
        item = Dataset()
        item.DerivationCodeSequence = [_code("113076", "DCM", "Segmentation")]
        item.SourceImageSequence = sources
        return [item]

    def _coplanar(self, index: int) -> Iterator[_Plane]:
        normal, position = np.array(self.grid.normal), np.array(self.grid.position(index))
        allowed = _PLANE_TOLERANCE * self.grid.spacing_mm[2]
        for plane in self.planes:
            parallel = (
                abs(np.cross(*plane.orientation.reshape(2, 3)) @ normal) > 1 - _COSINE_TOLERANCE
            )
            if parallel and abs(normal @ (plane.position - position)) <= allowed:
                yield plane

    def _same_pixels(self, plane: _Plane, index: int) -> bool:
        """Whether the image has the same rows and columns in the same places."""
        x, y, _ = self.grid.spacing_mm
        allowed = _PLANE_TOLERANCE * min(x, y)
        _, rows, columns = self.grid.shape
        return (
            (plane.image.get("Rows"), plane.image.get("Columns")) == (rows, columns)
            and bool(np.abs(plane.orientation - self.grid.orientation).max() < _COSINE_TOLERANCE)
            and bool(np.abs(plane.spacing - (y, x)).max() * max(rows, columns) < allowed)
            and bool(np.abs(plane.position - self.grid.position(index)).max() < allowed)
        )


def image_references(images: Sequence[Dataset], grid: Grid, uids: SeriesUids) -> SegmentReferences:
    """Return the references to `images`, or refuse images that do not belong beside the segmentation.

    Parameters
    ----------
    images : sequence of Dataset
        Single-frame or multi-frame, without their pixels if that is easier; of one study and one frame of reference.
    grid : Grid
        LPS mm, of the labels.
    uids : SeriesUids
        Of the segmentation.

    Raises
    ------
    MetadataError
        For images that cannot be named, and for those of another study or frame of reference.

    Examples
    --------
    >>> from dicomseries.uids import UidPolicy, series_uids
    >>> uids = series_uids(UidPolicy(), b"seed")
    >>> image_references([], Grid(shape=(1, 2, 3), spacing_mm=(1, 1, 1)), uids).series_items()
    []
    """
    faults = [fault for index, image in enumerate(images) for fault in _faults(index, image, uids)]
    if faults:
        raise MetadataError.together(faults)
    planes = tuple(plane for image in images for plane in _planes(image))
    return SegmentReferences(images=tuple(images), grid=grid, planes=planes)


def picture_references(
    images: Sequence[Dataset],
    pictures: Sequence[tuple[str, int | None]],
    grid: Grid,
    uids: SeriesUids,
) -> SegmentReferences:
    """Return the references of labels without a place: one picture a slice.

    Parameters
    ----------
    images : sequence of Dataset
        Single-frame or multi-frame, of the study of `uids`.
    pictures : sequence of (str, int or None)
        SOPInstanceUID and, of a multi-frame image, frame number (from 1) of the source of each slice.
    grid : Grid
        Of the labels; only its shape counts.
    uids : SeriesUids
        Of the segmentation.

    Raises
    ------
    GeometryError
        If not every slice has a picture of its rows and columns: then the labels would stand nowhere.
    MetadataError
        For images that cannot be named, and for those of another study.

    Notes
    -----
    PS3.3 section A.51.3: without a frame of reference each frame needs the Derivation Image functional group.

    Examples
    --------
    >>> from dicomseries.uids import UidPolicy, series_uids
    >>> image = Dataset()
    >>> image.SOPClassUID, image.SOPInstanceUID, image.Rows, image.Columns = "1.2", "1.3", 2, 3
    >>> image.SeriesInstanceUID, image.StudyInstanceUID = "1.4", "1.5"
    >>> uids = series_uids(UidPolicy(given=(("StudyInstanceUID", "1.5"),)), b"seed")
    >>> grid = Grid(shape=(1, 2, 3), spacing_mm=(1, 1, 1))
    >>> made = picture_references([image], [("1.3", None)], grid, uids)
    >>> made.frame_items(0)[0].SourceImageSequence[0].SpatialLocationsPreserved
    'YES'
    """
    faults = [
        fault
        for index, image in enumerate(images)
        for fault in _faults(index, image, uids, ("StudyInstanceUID",))
    ]
    if faults:
        raise MetadataError.together(faults)
    by_uid = {str(image.SOPInstanceUID): image for image in images}
    named = tuple((by_uid[uid], frame) for uid, frame in pictures if uid in by_uid)
    sizes = {(image.get("Rows"), image.get("Columns")) for image, _ in named}
    if len(named) != grid.shape[0] or sizes != {grid.shape[1:]}:
        raise GeometryError(
            code="geometry-missing",
            where="source",
            given=f"labels of (slices, rows, columns) {grid.shape} without a place, and {len(named)} source pictures",
            expected="a place in space, or one source picture of the same rows and columns for each slice",
            remedy="Pass like= with the series of pictures, or spacing=, origin= and direction=.",
        )
    return SegmentReferences(images=tuple(images), grid=grid, planes=(), pictures=named)


def _faults(
    index: int,
    image: Any,
    uids: SeriesUids,
    shared: Sequence[str] = ("StudyInstanceUID", "FrameOfReferenceUID"),
) -> Iterator[MetadataError]:
    where = f"source_images[{index}]"
    if not isinstance(image, Dataset) or any(not image.get(keyword) for keyword in _NEEDED):
        yield MetadataError(
            code="source-image-nameless",
            where=where,
            given=type(image).__name__,
            expected="a pydicom Dataset with " + ", ".join(_NEEDED),
            remedy="Read it with pydicom.dcmread(path, stop_before_pixels=True).",
        )
        return
    for keyword, own in (
        ("StudyInstanceUID", uids.study),
        ("FrameOfReferenceUID", uids.frame_of_reference),
    ):
        if keyword in shared and image.get(keyword, own) != own:
            yield MetadataError(
                code="source-image-elsewhere",
                where=where,
                given=f"{keyword} {image[keyword].value}",
                expected=f"{own}, that of the segmentation, since the labels lie on the image",
                remedy=f'Pass uid={{"{keyword}": "{image[keyword].value}"}}, or leave the image out.',
            )


def _planes(image: Dataset) -> Iterator[_Plane]:
    if "PerFrameFunctionalGroupsSequence" not in image:
        yield from _plane(image, None, image, image, image)
        return
    shared = next(iter(image.get("SharedFunctionalGroupsSequence") or []), Dataset())
    for number, own in enumerate(image.PerFrameFunctionalGroupsSequence, 1):
        groups = [
            _first(own, keyword) or _first(shared, keyword) or Dataset()
            for keyword in (
                "PlanePositionSequence",
                "PlaneOrientationSequence",
                "PixelMeasuresSequence",
            )
        ]
        yield from _plane(image, number, *groups)


def _first(item: Dataset, keyword: str) -> Dataset | None:
    return next(iter(item.get(keyword) or []), None)


def _plane(
    image: Dataset, frame: int | None, position: Dataset, orientation: Dataset, measures: Dataset
) -> Iterator[_Plane]:
    """Yield the plane, if the image says where it lies and in which frame of reference."""
    numbers = (
        position.get("ImagePositionPatient"),
        orientation.get("ImageOrientationPatient"),
        measures.get("PixelSpacing"),
    )
    if image.get("FrameOfReferenceUID") and all(numbers):
        at, axes, spacing = (np.array(values, np.float64) for values in numbers)
        yield _Plane(image=image, frame=frame, position=at, orientation=axes, spacing=spacing)


def _instance(image: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = (
        image.SOPClassUID,
        image.SOPInstanceUID,
    )
    return item


def _source(image: Dataset, frame: int | None, *, preserved: bool) -> Dataset:
    item = _instance(image)
    if frame is not None:
        item.ReferencedFrameNumber = frame
    item.SpatialLocationsPreserved = "YES" if preserved else "NO"
    item.PurposeOfReferenceCodeSequence = [
        _code("121322", "DCM", "Source image for image processing operation"),
    ]
    return item


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item
