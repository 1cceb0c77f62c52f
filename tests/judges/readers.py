"""Other people's readers: SimpleITK, GDCM, highdicom, and plain pydicom.

Each takes the folder of one series: files of one frame each, or one file of many frames.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom

from judges.presence import absent
from judges.seen import Seen

__all__ = [
    "read_highdicom_volume",
    "read_with_gdcm",
    "read_with_gdcm_as_volume",
    "read_with_highdicom",
    "read_with_pydicom",
    "read_with_simpleitk",
]


UNEVEN = "uneven positions"
"""The warning of a series for which GDCM's sorter finds no spacing."""


def read_with_gdcm_as_volume(folder: Path) -> Seen:
    """Read one series with GDCM, which rejects what its sorter finds no spacing for."""
    seen = read_with_gdcm(folder)
    if UNEVEN in seen.warnings:
        message = f"GDCM finds no even spacing in {folder}"
        raise ValueError(message)
    return seen


def read_with_pydicom(folder: Path) -> Seen:
    """Read one series with pydicom alone, sorted along the normal."""
    datasets = _sorted_datasets(folder)
    first, last = datasets[0], datasets[-1]
    origin = np.array(first.ImagePositionPatient, dtype=np.float64)
    row, column = np.reshape(np.array(first.ImageOrientationPatient, dtype=np.float64), (2, 3))
    if len(datasets) > 1:
        step = (np.array(last.ImagePositionPatient, dtype=np.float64) - origin) / (
            len(datasets) - 1
        )
    else:
        step = np.cross(row, column) * float(first.SpacingBetweenSlices)
    between_rows, between_columns = (float(value) for value in first.PixelSpacing)
    return Seen(
        array=np.stack([_real(d.pixel_array, *_rescale(d)) for d in datasets]),
        affine_lps=_affine(row * between_columns, column * between_rows, step, origin),
    )


def read_with_simpleitk(folder: Path) -> Seen:
    """Read the series of a folder with SimpleITK as in its examples, with ITK's warnings."""
    if find_spec("SimpleITK") is None:
        absent("SimpleITK", 'run `pip install "dicomseries[itk]"`')
    import SimpleITK as sitk

    with _itk_messages() as messages:
        reader = sitk.ImageSeriesReader()
        found = reader.GetGDCMSeriesIDs(str(folder))
        # GDCM finds no series of unknown classes: then the file is read by name.
        (names,) = [reader.GetGDCMSeriesFileNames(str(folder), one) for one in found] or [
            list(map(str, _files(folder)))
        ]
        reader.SetFileNames(names)
        # The series reader would make an axis of files round the frames of one.
        image = reader.Execute() if len(names) > 1 else sitk.ReadImage(names[0])
    spacing, origin = np.array(image.GetSpacing()), np.array(image.GetOrigin())
    axes = np.reshape(image.GetDirection(), (3, 3)) * spacing
    return Seen(
        array=sitk.GetArrayFromImage(image),
        affine_lps=_affine(*axes.T, origin),
        warnings=tuple(messages),
    )


def read_with_gdcm(folder: Path) -> Seen:
    """Read one series with GDCM alone: its sorter, decoder and geometry."""
    if find_spec("gdcm") is None:
        absent("GDCM", "run `make check`, which installs python-gdcm")
    import gdcm

    # Off by default for old readers; ITK turns it on since 5.4.
    gdcm.ImageHelper.SetSecondaryCaptureImagePlaneModule(True)
    if len(_files(folder)) == 1:
        return _gdcm_alone(gdcm, _files(folder)[0])
    sorter = gdcm.IPPSorter()
    sorter.SetComputeZSpacing(True)
    sorter.SetZSpacingTolerance(1e-3)
    files = [str(path) for path in _files(folder)]
    sorted_well = sorter.Sort(files)
    if not sorter.GetFilenames():
        message = f"GDCM cannot sort {folder} by position"
        raise ValueError(message)
    readers = [_gdcm_reader(gdcm, name) for name in sorter.GetFilenames()]  # each owns its image
    images = [reader.GetImage() for reader in readers]
    first = images[0]
    cosines = np.reshape([first.GetDirectionCosines(i) for i in range(6)], (2, 3))
    origin, end = (
        np.array([image.GetOrigin(i) for i in range(3)]) for image in (first, images[-1])
    )
    step = (end - origin) / (len(images) - 1)
    return Seen(
        array=np.concatenate(
            [_real(_gdcm_pixels(gdcm, i), i.GetSlope(), i.GetIntercept()) for i in images]
        ),
        affine_lps=_affine(
            cosines[0] * first.GetSpacing(0), cosines[1] * first.GetSpacing(1), step, origin
        ),
        warnings=() if sorted_well and sorter.GetZSpacing() > 0 else (UNEVEN,),
    )


def read_with_highdicom(folder: Path) -> Seen:
    """Read one series with highdicom, which rejects irregular volumes."""
    if find_spec("highdicom") is None:
        absent("highdicom", "run `make check`, which installs it")

    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # its own deprecations; its opinion of a series comes as an exception
        volume = read_highdicom_volume(folder)
    affine = volume.affine[:, [2, 1, 0, 3]]  # its indices are (slice, row, column)
    return Seen(array=volume.array, affine_lps=affine)


def read_highdicom_volume(folder: Path) -> Any:
    """Return highdicom's volume of one series."""
    import highdicom

    files = _files(folder)
    first = pydicom.dcmread(files[0], stop_before_pixels=True)
    if "SegmentSequence" in first:
        return highdicom.seg.segread(files[0]).get_volume(combine_segments=True)
    if "NumberOfFrames" in first:
        return highdicom.imread(files[0]).get_volume()
    return highdicom.get_volume_from_series([pydicom.dcmread(path) for path in files])


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in Path(folder).rglob("*.dcm") if path.is_file())


def _sorted_datasets(folder: Path) -> list[pydicom.Dataset]:
    datasets: list[pydicom.Dataset] = [pydicom.dcmread(path) for path in _files(folder)]
    row, column = np.reshape(
        np.array(datasets[0].ImageOrientationPatient, dtype=np.float64), (2, 3)
    )
    normal = np.cross(row, column)
    return sorted(
        datasets, key=lambda d: float(normal @ np.array(d.ImagePositionPatient, dtype=np.float64))
    )


def _rescale(dataset: pydicom.Dataset) -> tuple[float, float]:
    return float(dataset.get("RescaleSlope", 1)), float(dataset.get("RescaleIntercept", 0))


def _real(stored: npt.NDArray[Any], slope: float, intercept: float) -> npt.NDArray[Any]:
    return stored if (slope, intercept) == (1.0, 0.0) else stored * slope + intercept


def _affine(
    x: npt.NDArray[Any], y: npt.NDArray[Any], z: npt.NDArray[Any], origin: npt.NDArray[Any]
) -> npt.NDArray[np.float64]:
    affine = np.eye(4)
    affine[:3] = np.column_stack([x, y, z, origin])
    return affine


def _gdcm_alone(gdcm: Any, path: Path) -> Seen:
    """Read a series of one file: one slice, or many frames."""
    reader = _gdcm_reader(gdcm, str(path))
    image = reader.GetImage()
    cosines = np.reshape([image.GetDirectionCosines(i) for i in range(6)], (2, 3))
    steps = [*cosines, np.cross(*cosines)]
    return Seen(
        array=_real(_gdcm_pixels(gdcm, image), image.GetSlope(), image.GetIntercept()),
        affine_lps=_affine(
            *(step * image.GetSpacing(i) for i, step in enumerate(steps)),
            np.array([image.GetOrigin(i) for i in range(3)]),
        ),
    )


def _gdcm_reader(gdcm: Any, name: str) -> Any:
    reader = gdcm.ImageReader()
    reader.SetFileName(name)
    if not reader.Read():
        message = f"GDCM cannot read {name}"
        raise ValueError(message)
    return reader


def _gdcm_pixels(gdcm: Any, image: Any) -> npt.NDArray[Any]:
    """Return the stored numbers of one file, shape (frames, rows, columns[, 3])."""
    of_type: dict[Any, Callable[[Any], Any]] = {
        gdcm.PixelFormat.UINT8: np.uint8,
        gdcm.PixelFormat.INT8: np.int8,
        gdcm.PixelFormat.UINT16: np.uint16,
        gdcm.PixelFormat.INT16: np.int16,
        gdcm.PixelFormat.FLOAT32: np.float32,
        gdcm.PixelFormat.FLOAT64: np.float64,
        gdcm.PixelFormat.SINGLEBIT: np.uint8,  # packed, the lowest bit first
    }
    # SWIG returns a str with surrogates for bytes that are not UTF-8.
    raw = image.GetBuffer().encode("utf-8", errors="surrogateescape")
    samples, scalar = (
        image.GetPixelFormat().GetSamplesPerPixel(),
        image.GetPixelFormat().GetScalarType(),
    )
    sizes = [image.GetDimension(i) for i in reversed(range(image.GetNumberOfDimensions()))]
    shape = (*([1] * (3 - len(sizes))), *sizes, *([samples] if samples > 1 else []))
    numbers = np.frombuffer(raw, dtype=of_type[scalar])
    if scalar == gdcm.PixelFormat.SINGLEBIT:
        numbers = np.unpackbits(numbers, bitorder="little")[: int(np.prod(shape))]
    return numbers.reshape(shape)


@contextmanager
def _itk_messages() -> Iterator[list[str]]:
    """Catch the output of ITK, which bypasses Python's stderr."""
    import SimpleITK as sitk

    messages: list[str] = []

    class Catcher(sitk.LoggerBase):
        def _keep(self, text: str) -> None:
            messages.append(text.strip())

        DisplayText = DisplayErrorText = DisplayWarningText = DisplayGenericOutputText = (
            DisplayDebugText
        ) = _keep

    catcher = Catcher()
    previous = catcher.SetAsGlobalITKLogger()
    try:
        yield messages
    finally:
        previous.SetAsGlobalITKLogger()
