"""Series as scanners and archives hold them, for the table of foreign series in the docs."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import ImplicitVRLittleEndian, JPEGLosslessSV1, generate_uid

import dicomseries as dcs
from judges.mosaics import mosaic_dataset, write_mosaics

__all__ = ["STRUCTURES", "stored_values"]

Change = Callable[[int, Dataset], None]

_MR = {"EchoTime": 5, "RepetitionTime": 2000}


def stored_values(*shape: int) -> npt.NDArray[np.int64]:
    """Return numbers that differ in every voxel of a small array."""
    return np.random.default_rng(len(shape)).permutation(np.prod(shape)).reshape(shape)


def _series(
    folder: Path,
    change: Change | None = None,
    *,
    kind: str = "CT",
    shape: Any = (6, 8, 10),
    **options: Any,
) -> None:
    """Write an oblique series, and change each file."""
    array = stored_values(*shape).astype("int16")
    if "metadata" not in options and kind == "MR":
        options["metadata"] = _MR
    direction = (1, 0, 0, 0, 0.8, -0.6, 0, 0.6, 0.8)
    dcs.write(
        array,
        folder,
        kind=kind,
        spacing=(0.7, 0.9, 2.5),
        direction=direction,
        sync=False,
        **options,
    )
    for at, path in enumerate(sorted(folder.glob("*.dcm"))):
        dataset = pydicom.dcmread(path)
        if change is not None:
            change(at, dataset)
        dataset.save_as(path)


def _moved(dataset: Dataset, *steps_mm: float) -> None:
    """Move a slice in the patient, LPS mm."""
    position = np.array(dataset.ImagePositionPatient, float) + steps_mm
    dataset.ImagePositionPatient = [round(float(value), 6) for value in position]


def _objects(folder: Path) -> None:
    _series(folder)
    first = pydicom.dcmread(next(folder.iterdir()), stop_before_pixels=True)
    raw = Dataset()
    raw.file_meta = first.file_meta
    raw.SOPClassUID = raw.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.66"
    raw.SOPInstanceUID = raw.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    raw.StudyInstanceUID, raw.SeriesInstanceUID = first.StudyInstanceUID, first.SeriesInstanceUID
    raw.Modality, raw.InstanceNumber = "CT", 99
    raw.save_as(folder / "raw.dcm", enforce_file_format=True)


def _encodings(folder: Path) -> None:
    _series(folder)
    path = sorted(folder.iterdir())[1]
    dataset = pydicom.dcmread(path)
    dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    dataset.save_as(path, implicit_vr=True, little_endian=True)


def _packaged(name: str) -> Callable[[Path], None]:
    def build(folder: Path) -> None:
        folder.mkdir()
        shutil.copy(str(get_testdata_file(name)), folder / "0001.dcm")

    return build


def _lossless(at: int, dataset: Dataset) -> None:
    frame = dataset.pixel_array.astype("uint16")
    stream = imagecodecs.jpeg8_encode(frame, lossless=True, bitspersample=16)
    dataset.PixelData = encapsulate([stream])
    dataset["PixelData"].VR, dataset["PixelData"].is_undefined_length = "OB", True
    dataset.file_meta.TransferSyntaxUID = JPEGLosslessSV1
    dataset.PixelRepresentation = 0


def _modality_lut(at: int, dataset: Dataset) -> None:
    del dataset.RescaleSlope, dataset.RescaleIntercept
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [500, 0, 16])
    item.ModalityLUTType = "US"
    item.add_new("LUTData", "OW", (np.arange(500) * 3 + 7).astype("<u2").tobytes())
    dataset.ModalityLUTSequence = [item]


def _mosaic(folder: Path) -> None:
    write_mosaics(folder, stored_values(3, 5, 8, 12).astype("uint16"), make=mosaic_dataset)


def _tilted(at: int, dataset: Dataset) -> None:
    _moved(dataset, 0.0, 1.2 * at, 0.0)


def _uneven(at: int, dataset: Dataset) -> None:
    _moved(dataset, 0.0, -0.6 * at**2, 0.8 * at**2)


def _missing(folder: Path) -> None:
    _series(folder)
    sorted(folder.iterdir())[2].unlink()


def _localizer(at: int, dataset: Dataset) -> None:
    planes = ((1, 0, 0, 0, 1, 0), (1, 0, 0, 0, 0, -1), (0, 1, 0, 0, 0, -1))
    normals = ((0, 0, 1), (0, 1, 0), (1, 0, 0))
    dataset.ImageOrientationPatient = list(planes[at // 2])
    dataset.ImagePositionPatient = [20.0 * (at % 2) * part for part in normals[at // 2]]


def _echoes(folder: Path) -> None:
    def change(at: int, dataset: Dataset) -> None:
        dataset.EchoNumbers, dataset.EchoTime = 1 + at // 6, (4.5, 9.0)[at // 6]

    _series(folder, change, kind="MR", shape=(2, 6, 8, 10), axes="tzyx")


def _numbered(folder: Path) -> None:
    def change(at: int, dataset: Dataset) -> None:
        for keyword in ("TemporalPositionIdentifier", "NumberOfTemporalPositions", "TriggerTime"):
            if keyword in dataset:
                del dataset[keyword]
        for keyword in ("AcquisitionTime", "ContentTime", "AcquisitionDate", "AcquisitionNumber"):
            if keyword in dataset:
                del dataset[keyword]
        dataset.Manufacturer, dataset.InstanceNumber = "GE MEDICAL SYSTEMS", at + 1

    _series(folder, change, kind="MR", shape=(3, 6, 8, 10), axes="tzyx")


def _weightings(folder: Path) -> None:
    def change(at: int, dataset: Dataset) -> None:
        volume = at // 6
        dataset.DiffusionBValue = float(1000 * (volume > 0))
        if volume:
            direction = ((1.0, 0.0, 0.0), (0.0, 0.6, 0.8))[volume - 1]
            dataset.DiffusionDirectionality = "DIRECTIONAL"
            dataset.DiffusionGradientOrientation = list(direction)

    _series(folder, change, kind="MR", shape=(3, 6, 8, 10), axes="tzyx")


def _labelling(folder: Path) -> None:
    def change(at: int, dataset: Dataset) -> None:
        volume = at // 6
        dataset.Manufacturer = "Philips"
        dataset.TemporalPositionIdentifier = volume // 2 + 1
        dataset.TriggerTime = str(4000 * (volume // 2))
        block = dataset.private_block(0x2005, "Philips MR Imaging DD 005", create=True)
        block.add_new(0x29, "CS", ("CONTROL", "LABEL")[volume % 2])

    _series(folder, change, kind="MR", shape=(4, 6, 8, 10), axes="tzyx")


def _mirrored(folder: Path) -> None:
    def change(at: int, dataset: Dataset) -> None:
        volume = at // 6
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "OTHER"]
        dataset.Manufacturer = "GE MEDICAL SYSTEMS"
        dataset.InPlanePhaseEncodingDirection = "COL"
        block = dataset.private_block(0x0019, "GEMS_ACQU_01", create=True)
        block.add_new(0x9C, "LO", "research/ABCD/epi_pepolar")
        block.add_new(0xB3, "DS", "3.000000")
        if volume == 1:
            dataset.PixelData = dataset.pixel_array[::-1].tobytes()

    _series(folder, change, kind="MR", shape=(2, 6, 8, 10), axes="tzyx", times=2.0)


def _interrupted(folder: Path) -> None:
    _series(folder, kind="MR", shape=(3, 6, 8, 10), axes="tzyx")
    for path in sorted(folder.iterdir())[-2:]:
        path.unlink()


def _incomplete_echo(folder: Path) -> None:
    _echoes(folder)
    for path in sorted(folder.iterdir()):
        dataset = pydicom.dcmread(path)
        del dataset.TemporalPositionIdentifier, dataset.NumberOfTemporalPositions
        dataset.save_as(path)
    path.unlink()


def _rounded_and_moved(at: int, dataset: Dataset) -> None:
    rounded = (np.array(dataset.ImagePositionPatient, float) * 0.93).round(1)
    position = rounded + np.array([0.0631, 0.2575, 0.3475])
    dataset.ImagePositionPatient = [f"{value:.6g}" for value in position]


def _relabelled(folder: Path) -> None:
    """Label native pixels as JPEG-LS."""
    _series(folder)
    native, stated = b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.4.80"
    for path in folder.iterdir():
        data = path.read_bytes()
        assert data.count(native) == 1
        at = data.index(native)
        path.write_bytes(data[: at - 2] + b"\x16\0" + stated + data[at + len(native) :])


def _radiographs(at: int, dataset: Dataset) -> None:
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.1"
    dataset.Modality = "CR"
    spacing = dataset.PixelSpacing
    for keyword in (
        "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness",
        "SpacingBetweenSlices", "FrameOfReferenceUID", "RescaleType",
    ):  # fmt: skip
        if keyword in dataset:
            del dataset[keyword]
    dataset.ImagerPixelSpacing = spacing


def _inverted(at: int, dataset: Dataset) -> None:
    dataset.PhotometricInterpretation = "MONOCHROME1"


def _of(change: Change, **options: Any) -> Callable[[Path], None]:
    return lambda folder: _series(folder, change, **options)


STRUCTURES: dict[str, Callable[[Path], None]] = {
    "raw data, reports or presentation states in the series of the images": _objects,
    "files of one series in two encodings": _encodings,
    "JPEG Lossless": _of(_lossless),
    "JPEG Extended, 12 bits": _packaged("JPGExtended.dcm"),
    "native pixels labelled as JPEG-LS": _relabelled,
    "Modality LUT": _of(_modality_lut),
    "MONOCHROME1": _of(_inverted),
    "palette of colours": _packaged("examples_palette.dcm"),
    "Siemens mosaics": _mosaic,
    "gantry tilt": _of(_tilted),
    "uneven distances of slices": _of(_uneven),
    "a missing slice": _missing,
    "positions rounded to 0.1 mm, then moved together (GE)": _of(_rounded_and_moved),
    "localizer of three orientations": _of(_localizer, kind="MR"),
    "two echoes": _echoes,
    "echoes of which one lacks a slice": _incomplete_echo,
    "an interrupted scan: the last volume lacks slices": _interrupted,
    "time points told apart by InstanceNumber alone (GE)": _numbered,
    "b-values and directions": _weightings,
    "label and control of Philips": _labelling,
    "volumes that GE's epi_pepolar stores mirrored": _mirrored,
    "several radiographs of one series": _of(_radiographs),
    "clip of ultrasound": _packaged("examples_ybr_color.dcm"),
    "RT Dose": _packaged("rtdose.dcm"),
}
"""Name in the table → its builder, which makes a folder."""
