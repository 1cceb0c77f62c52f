"""Results over their source series: small, asymmetric, on grids of every kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.uid import generate_uid

import dicomseries as dcs
from judges.cases import OBLIQUE

__all__ = [
    "COLOURS",
    "NAMES",
    "PLANTED",
    "RESULTS",
    "SOURCES",
    "Result",
    "WrittenResult",
    "plant",
    "write_results",
]

SPACING = (0.7, 0.9, 2.5)
ORIGIN = (-31.4159, 27.1828, -141.421)


def _affine(*directions: tuple[int, int, int]) -> npt.NDArray[np.float64]:
    affine = np.eye(4)
    affine[:3, :3] = np.array(directions).T * SPACING
    affine[:3, 3] = ORIGIN
    return affine


AXIAL = _affine((1, 0, 0), (0, 1, 0), (0, 0, 1))
SAGITTAL = _affine((0, 1, 0), (0, 0, -1), (-1, 0, 0))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Source:
    """A source series.

    Attributes
    ----------
    kind : str
        Of `write`.
    affine_lps : ndarray, shape (4, 4)
        Its grid.
    shape : tuple of int
        Slices, rows, columns.
    is_reversed : bool
        Whether InstanceNumber and names of files run against the normal, as scanners write too.
    """

    kind: str
    affine_lps: npt.NDArray[np.float64]
    shape: tuple[int, int, int] = (6, 9, 16)
    is_reversed: bool = False

    def write(self, folder: Path) -> None:
        """Write the series."""
        array = np.random.default_rng(5).integers(0, 2000, self.shape).astype("int16")
        enhanced = {"IrradiationEventUID": "2.25.20240229", "RescaleType": "HU"}
        dcs.write(
            array,
            folder,
            kind=self.kind,
            affine=self.affine_lps,
            space="LPS",
            metadata=enhanced if self.kind == "EnhancedCT" else {},
            verify=False,
            sync=False,
        )
        if self.is_reversed:
            _reverse(folder)


def _reverse(folder: Path) -> None:
    for number, path in enumerate(sorted(folder.glob("*.dcm"), reverse=True), 1):
        dataset = pydicom.dcmread(path)
        dataset.InstanceNumber = number
        dataset.save_as(folder / f"reversed-{number}.dcm")
        path.unlink()


SOURCES = {
    "axial": Source(kind="CT", affine_lps=AXIAL),
    "oblique": Source(kind="CT", affine_lps=OBLIQUE),
    "sagittal": Source(kind="MR", affine_lps=SAGITTAL),
    "reversed slices": Source(kind="CT", affine_lps=AXIAL, is_reversed=True),
    "multi-frame source": Source(kind="EnhancedCT", affine_lps=OBLIQUE),
    "9 × 13 voxels": Source(kind="CT", affine_lps=OBLIQUE, shape=(6, 9, 13)),
}
"""Of the last one, a slice of bits is no whole number of bytes."""

NAMES = {1: "Left thing", 2: "Gland, upper", 3: "Rest"}
COLOURS = {1: (255, 128, 0), 2: (30, 90, 200), 3: (20, 160, 60)}
WHOLE = (slice(None), slice(None), slice(None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One result of a source.

    Attributes
    ----------
    kind, form : str
        The kind's name, and the form of its content.
    situation : str
        How it lies on its source.
    source : str
        A name of `SOURCES`.
    part : tuple of slice
        Of the source's slices, rows and columns.
    numbers : tuple of int
        The labels of the three segments.
    options : mapping
        Further arguments of `write`.
    is_left_handed : bool
        Whether the array comes with all axes turned, as from nibabel.
    moved : int
        Columns by which it lies beside the source.
    """

    kind: str
    form: str
    situation: str
    source: str
    part: tuple[slice, slice, slice] = WHOLE
    numbers: tuple[int, int, int] = (1, 2, 3)
    options: Mapping[str, Any] = field(default_factory=dict)
    is_left_handed: bool = False
    moved: int = 0

    @property
    def name(self) -> str:
        """Return the name in the record."""
        return f"{self.kind}: {self.form}: {self.situation}"

    @property
    def on(self) -> Source:
        """Return the source."""
        return SOURCES[self.source]

    def meant(self) -> dict[int, npt.NDArray[np.float64]]:
        """Return the expected values on the grid of the source, by SegmentNumber; 0 is a map.

        Beyond the result they are 0 in a segment, and NaN in a map.
        """
        whole = np.full(self.on.shape, np.nan if self.kind == "ParametricMap" else 0.0)
        found = {}
        for number, values in self._contents().items():
            found[number] = whole.copy()
            found[number][self.part] = values[self.part]
            if self.moved:
                found[number] = np.roll(found[number], self.moved, axis=2)
                found[number][..., : self.moved] = whole[..., : self.moved]
        if self.has_channels:  # masks without a voxel are left out
            found = {number: values for number, values in found.items() if values.any()}
        return found

    def _contents(self) -> dict[int, npt.NDArray[Any]]:
        """Return what is written, by SegmentNumber, as if it had the whole grid."""
        if self.kind == "ParametricMap":
            values = np.random.default_rng(11).normal(0, 1, self.on.shape)
            if self.situation == "NaN among the values":
                values[0] = values[2, 3, 4:9] = np.nan
            return {0: values.astype(self.form)}
        masks = _masks(self.on.shape)
        if self.form == "labelmap":
            return dict(zip(self.numbers, masks, strict=True))
        if self.form == "overlapping":
            masks[1] |= masks[0]
        if self.form == "fractional":
            fractions = np.random.default_rng(13).uniform(0, 1, self.on.shape)
            masks = [np.where(mask, fractions, 0).astype("float32") for mask in masks]
        return dict(zip((1, 2, 3), masks, strict=True))

    @property
    def has_channels(self) -> bool:
        """Whether the array has an axis of segments."""
        return self.form in ("overlapping", "fractional")

    def array(self) -> npt.NDArray[Any]:
        """Return the array that is written, with slices, rows and columns of its part."""
        contents = list(self._contents().values())
        if self.has_channels:
            return np.stack([values[self.part] for values in contents])
        if self.kind == "ParametricMap":
            return contents[0][self.part]
        labels = np.zeros(self.on.shape, "uint16")
        for number, mask in zip(self.numbers, contents, strict=True):
            labels[mask] = number
        return labels[self.part]


def _masks(shape: tuple[int, int, int]) -> list[npt.NDArray[np.bool_]]:
    """Return three segments: an empty first slice, single voxels, no symmetry."""
    masks = [np.zeros(shape, "bool") for _ in range(3)]
    masks[0][1:3, 1:4, 2:7] = masks[1][2:4, 4:8, 8:12] = masks[2][4, 2:8, 1:3] = True
    masks[0][2, 8, 0] = masks[2][5, 8, -1] = True
    return masks


SELDOM = ("sagittal", "reversed slices", "moved by two columns")
"""Situations in which forms of several arrays are left out, as binary shows them."""


def _all_results() -> list[Result]:
    fewer_slices = (slice(1, 4), slice(None), slice(None))
    fewer_all = (slice(1, 4), slice(2, 9), slice(1, 12))
    situations: list[dict[str, Any]] = [
        *({"situation": source, "source": source} for source in SOURCES),
        {"situation": "left-handed array", "source": "axial", "is_left_handed": True},
        {"situation": "fewer slices", "source": "axial", "part": fewer_slices},
        {"situation": "fewer rows and columns", "source": "axial", "part": fewer_all},
        {"situation": "moved by two columns", "source": "axial", "moved": 2},
    ]
    numbered: list[dict[str, Any]] = [
        {"situation": "labels 1, 7, 200", "source": "axial", "numbers": (1, 7, 200)},
        {"situation": "labels 1, 300, 513", "source": "axial", "numbers": (1, 300, 513)},
    ]
    labelmap, fractional = ({"segmentation_type": form} for form in ("labelmap", "fractional"))
    seg, pmap = "Segmentation", "ParametricMap"
    often = [each for each in situations if each["situation"] not in SELDOM]
    return [
        *(Result(kind=seg, form="binary", **each) for each in situations + numbered),
        *(Result(kind=seg, form="overlapping", **each) for each in often),
        *(Result(kind=seg, form="fractional", options=fractional, **each) for each in often),
        *(
            Result(kind=seg, form="labelmap", options=labelmap, **each)
            for each in situations + numbered
        ),
        *(Result(kind=pmap, form="float32", **each) for each in situations),
        Result(kind=pmap, form="float32", situation="NaN among the values", source="axial"),
        Result(kind=pmap, form="float64", situation="axial", source="axial"),
    ]


RESULTS = _all_results()
"""One cell of the table of results each."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WrittenResult:
    """The file of a result, and its source."""

    result: Result
    path: Path
    series_uid: str
    source_folder: Path
    source_uid: str
    advice: tuple[str, ...]


def write_results(folder: Path) -> list[WrittenResult]:
    """Write every source and its results, a folder for each study."""
    sources = {}
    for number, (name, source) in enumerate(SOURCES.items()):
        sources[name] = folder / str(number) / "source"
        source.write(sources[name])
    return [_write(result, index, sources[result.source]) for index, result in enumerate(RESULTS)]


def _write(result: Result, index: int, source: Path) -> WrittenResult:
    array, affine = result.array(), result.on.affine_lps.copy()
    start = [part.start or 0 for part in reversed(result.part)]
    start[0] += result.moved
    affine[:3, 3] = (affine @ (*start, 1))[:3]
    if result.is_left_handed:
        affine[:3, 3] = (affine @ (*(size - 1 for size in array.shape[:-4:-1]), 1))[:3]
        affine[:3, :3] *= -1
        array = array[..., ::-1, ::-1, ::-1]
    receipt = dcs.write(
        array,
        source.parent / f"result-{index}",
        kind=result.kind,
        like=source,
        affine=affine,
        space="LPS",
        axes="czyx" if result.has_channels else None,
        description=result.name,
        verify=False,
        sync=False,
        **_described(result),
    )
    (path,) = (source.parent / f"result-{index}").glob("*.dcm")
    first = pydicom.dcmread(next(source.glob("*.dcm")), stop_before_pixels=True)
    return WrittenResult(
        result=result,
        path=path,
        series_uid=receipt.series_uid,
        source_folder=source,
        source_uid=str(first.SeriesInstanceUID),
        advice=receipt.advice,
    )


def _described(result: Result) -> dict[str, Any]:
    """Return the arguments that describe the content."""
    if result.kind == "ParametricMap":
        return {"units": "mm2/s", **result.options}
    segments = {}
    numbers = (0, 1, 2) if result.has_channels else result.numbers
    for label, name, colour in zip(numbers, NAMES.values(), COLOURS.values(), strict=True):
        segments[label] = {"label": name, "color": "#{:02x}{:02x}{:02x}".format(*colour)}
    return {"segments": segments, **result.options}


def mirrored(dataset: pydicom.Dataset) -> None:
    """Negate the cosines of the columns."""
    groups = dataset.SharedFunctionalGroupsSequence[0]
    orientation = groups.PlaneOrientationSequence[0]
    orientation.ImageOrientationPatient = [
        value if index < 3 else -value
        for index, value in enumerate(orientation.ImageOrientationPatient)
    ]


def shifted(dataset: pydicom.Dataset) -> None:
    """Move every frame to the next slice, with the image that it names."""
    frames = dataset.PerFrameFunctionalGroupsSequence
    by_place = {}
    for frame in frames:
        image = frame.DerivationImageSequence[0].SourceImageSequence[0]
        by_place[frame.PlanePositionSequence[0].ImagePositionPatient[2]] = image
    for frame in frames:
        position = frame.PlanePositionSequence[0].ImagePositionPatient
        position[2] = position[2] + SPACING[2]
        if position[2] in by_place:
            frame.DerivationImageSequence[0].SourceImageSequence = [by_place[position[2]]]


def swapped(dataset: pydicom.Dataset) -> None:
    """Give the frames of segments 1 and 2 to each other."""
    for frame in dataset.PerFrameFunctionalGroupsSequence:
        segment = frame.SegmentIdentificationSequence[0]
        number = segment.ReferencedSegmentNumber
        segment.ReferencedSegmentNumber = {1: 2, 2: 1}.get(number, number)


PLANTED: dict[str, Callable[[pydicom.Dataset], None]] = {
    "mirrored columns": mirrored,
    "frames of the next slice": shifted,
    "numbers of segments swapped": swapped,
}
"""Faults in the binary segmentation of the axial source."""


def plant(written: list[WrittenResult]) -> list[WrittenResult]:
    """Write copies with a fault each, as further results of the same source."""
    good = next(each for each in written if each.result.name == "Segmentation: binary: axial")
    planted = []
    for index, (name, damage) in enumerate(PLANTED.items()):
        dataset = pydicom.dcmread(good.path)
        damage(dataset)
        dataset.SeriesInstanceUID, dataset.SOPInstanceUID = generate_uid(), generate_uid()
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        path = good.path.parent.parent / f"planted-{index}" / good.path.name
        path.parent.mkdir()
        dataset.save_as(path)
        planted.append(
            replace(
                good,
                result=replace(good.result, situation=name),
                path=path,
                series_uid=str(dataset.SeriesInstanceUID),
            )
        )
    return planted
