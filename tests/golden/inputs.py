"""Arrays, image files and source series for the golden cases: small, uneven in shape, oblique.

Nothing here is random or depends on the machine: values come from integer arithmetic.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.data import get_testdata_file

import dicomseries as dcs

__all__ = [
    "AFFINE",
    "DEMANDED",
    "FIXED",
    "GRID",
    "Inputs",
    "array",
    "labels",
    "sitk_image",
]

FIXED: Mapping[str, Any] = {
    "now": dt.datetime(2024, 2, 29, 12, 34, 56, 789012),  # noqa: DTZ001 - DICOM's local time
    "entropy": b"golden digests",
    "verify": False,
    "sync": False,
}
"""Arguments of `write` that make it repeatable and quick."""

DEMANDED: Mapping[str, Mapping[str, str]] = {
    "EnhancedCT": {"IrradiationEventUID": "2.25.20240229", "RescaleType": "HU"},
    "EnhancedMR": {"ApplicableSafetyStandardAgency": "IEC"},
    "PT": {"Units": "BQML", "AcquisitionDate": "20240131", "AcquisitionTime": "120000"},
}
"""Metadata without which a kind is rejected, or its values mean nothing."""

ROTATION = np.array([[2, -1, 2], [2, 2, -1], [-1, 2, 2]]) / 3
"""A right-handed turn about all three axes."""

SPACING = (0.7, 0.9, 2.5)
ORIGIN = (-31.4159, 27.1828, -141.421)
AFFINE = np.eye(4)
"""From (column, row, slice) to LPS mm."""
AFFINE[:3, :3] = ROTATION * SPACING
AFFINE[:3, 3] = ORIGIN

GRID: Mapping[str, Any] = {"affine": AFFINE, "space": "LPS"}

LENGTHS = {"t": 3, "z": 4, "y": 6, "x": 5, "c": 3}


def array(dtype: str, axes: str = "zyx", *, offset: int = 0, step: int = 1) -> npt.NDArray[Any]:
    """Return an array of different values in every direction, within the range of its dtype.

    Parameters
    ----------
    dtype : str
        Floats have thirds and negative values; ``"bool"`` marks a third of the voxels.
    axes : str
        Letters of ``tzyxc`` in any order; each axis has another length.
    offset, step : int
        Integers are multiples of `step`, beginning at `offset`.
    """
    weights = {"t": 331, "z": 101, "y": 17, "x": 7, "c": 53}
    shape = tuple(LENGTHS[axis] for axis in axes)
    total = np.zeros(shape, "int64")
    for axis, index in zip(axes, np.indices(shape), strict=True):
        total += weights[axis] * (index + 1) * (index + 2)
    total = total * (total % 29 + 1)
    if dtype == "bool":
        return total % 3 == 0
    kind = np.dtype(dtype)
    if kind.kind == "f":
        return ((total % 4001 - 1000) / 3).astype(kind)
    span = min(int(np.iinfo(kind).max), 4000)
    low = 0 if kind.kind == "u" else -(span // 4)
    return ((total % span + low) // step * step + offset).astype(kind)


def labels(dtype: str = "uint8") -> npt.NDArray[Any]:
    """Return a label map of the labels 1, 2 and 7, with empty slices between them."""
    result = np.zeros((4, 6, 5), "int64")
    result[1, 1:4, 1:3] = 1
    result[1, 4:, 2:] = 2
    result[3, 0, :2] = 7
    result[3, 2:5, 4] = 1
    return result.astype(dtype)


@dataclass
class Inputs:
    """Source series and image files below one folder, each made when first used."""

    folder: Path
    made: dict[str, Path] = field(default_factory=dict)

    def series(self, name: str) -> Path:
        """Return the folder of a source series, one of `SERIES`."""
        return self._path(name, SERIES)

    def file(self, name: str) -> Path:
        """Return an image file, one of `FILES`."""
        return self._path(name, FILES)

    def _path(self, name: str, makers: Mapping[str, Callable[[Path], Path]]) -> Path:
        if name not in self.made:
            folder = self.folder / f"input-{len(self.made)}"
            folder.mkdir(parents=True)
            try:
                self.made[name] = makers[name](folder)
            except dcs.DicomSeriesError as error:
                message = f"the input {name!r} could not be made"
                raise RuntimeError(message) from error
        return self.made[name]


# ------------------------------------------------------------------------------------ source series
PATIENT = {
    "PatientName": "Doe^Jané",
    "PatientID": "42",
    "PatientBirthDate": "19700101",
    "PatientSex": "F",
    "StudyDate": "20240131",
    "StudyTime": "115959",
    "StudyDescription": "Golden study",
    "AccessionNumber": "A7",
    "SeriesNumber": 3,
    "SeriesDescription": "Source",
    "Manufacturer": "ACME",
    "ManufacturerModelName": "Scanner 1",
    "DeviceSerialNumber": "0815",
    "AcquisitionDate": "20240131",
    "AcquisitionTime": "120000",
}
PRIVATE = {"(0099,xx01) ACME LAB": "private text", "(0099,xx02) ACME LAB": [1, 2]}
CT = {"KVP": 120, "ConvolutionKernel": "SHARP", "RescaleType": "HU", "BodyPartExamined": "CHEST"}
MR = {"RepetitionTime": 2000, "EchoTime": 30, "ScanningSequence": "SE", "FlipAngle": 90}
PT = {
    "Units": "BQML",
    "DecayCorrection": "START",
    "DecayFactor": 1.25,
    "CorrectedImage": ["DECY", "ATTN"],
    "PatientWeight": 70,
    "RadiopharmaceuticalInformationSequence": [
        {
            "Radiopharmaceutical": "FDG",
            "RadiopharmaceuticalStartTime": "110000",
            "RadionuclideTotalDose": 3.7e8,
            "RadionuclideHalfLife": 6586.2,
        }
    ],
}
DIFFUSION = {
    "DiffusionBValue": [0, 700, 1400],
    "DiffusionGradientOrientation": [[0, 0, 0], [0.6, 0, 0.8], [0, 1, 0]],
}


def _source(kind: str, dtype: str, axes: str = "zyx", **options: Any) -> Callable[[Path], Path]:
    """Return a maker of a source series of `array`."""

    def make(folder: Path) -> Path:
        own = {"CT": CT, "MR": MR, "EnhancedMR": MR, "PT": PT}.get(kind, {})
        metadata = PATIENT | own | DEMANDED.get(kind, {}) | options.get("metadata", {})
        options_here = {**FIXED, **GRID, **options, "metadata": metadata, "entropy": b"source"}
        dcs.write(array(dtype, axes), folder / "series", kind=kind, axes=axes, **options_here)
        return folder / "series"

    return make


def _uneven(folder: Path) -> Path:
    """A CT with its last slice 1 mm further along the normal."""
    path = _source("CT", "int16")(folder)
    last = max(path.iterdir())
    dataset = pydicom.dcmread(last)
    place = np.array(dataset.ImagePositionPatient, float) + ROTATION[:, 2]
    dataset.ImagePositionPatient = [f"{number:.6f}" for number in place]
    dataset.save_as(last)
    return path


def _with_gap(folder: Path) -> Path:
    """A CT without its second slice."""
    path = _source("CT", "int16")(folder)
    sorted(path.iterdir())[1].unlink()
    return path


def _compressed_with_loss(folder: Path) -> Path:
    """A CT that states an earlier compression with loss."""
    path = _source("CT", "int16")(folder)
    for instance in sorted(path.iterdir()):
        dataset = pydicom.dcmread(instance)
        dataset.LossyImageCompression = "01"
        dataset.LossyImageCompressionRatio = "8.5"
        dataset.LossyImageCompressionMethod = "ISO_10918_1"
        dataset.save_as(instance)
    return path


def _two_series(folder: Path) -> Path:
    """A CT and an MR of the same study in one folder."""
    _source("CT", "int16", uid={"StudyInstanceUID": "2.25.1", "SeriesInstanceUID": "2.25.2"})(
        folder / "series" / "ct"
    )
    _source("MR", "uint16", uid={"StudyInstanceUID": "2.25.1", "SeriesInstanceUID": "2.25.3"})(
        folder / "series" / "mr"
    )
    return folder / "series"


def _labels(folder: Path) -> Path:
    options = {**GRID, **FIXED, "segments": {1: "Liver"}, "segmentation_type": "labelmap"}
    options["entropy"] = b"source"
    dcs.write(labels(), folder / "series", kind="Segmentation", **options)
    return folder / "series"


def _packaged(name: str) -> Callable[[Path], Path]:
    return lambda _: Path(str(get_testdata_file(name)))


SERIES: Mapping[str, Callable[[Path], Path]] = {
    "CT": _source("CT", "int16"),
    "CT, private": _source("CT", "int16", metadata=PRIVATE),
    "CT of floats": _source("CT", "float32"),
    "CT over time": _source("CT", "int16", "tzyx", times=2.0),
    "CT, RLE": _source("CT", "int16", compression="rle"),
    "CT, one slice": _source("CT", "int16", "yx"),
    "MR": _source("MR", "uint16"),
    "MR over time": _source("MR", "uint16", "tzyx", times=2.0),
    "MR, diffusion": _source("MR", "uint16", "tzyx", per_volume=DIFFUSION),
    "PT": _source("PT", "float32", values=dcs.Rescale(per_slice=True), clip=(0, 2000)),
    "PT over time": _source("PT", "float32", "tzyx", times=[0, 10, 40], clip=(0, 2000)),
    "SC": _source("SC", "uint8"),
    "SC, RGB": _source("SC", "uint8", "zyxc"),
    "SC without geometry": _source("SC", "uint8", affine=None, space=None),
    "EnhancedCT": _source("EnhancedCT", "int16"),
    "EnhancedMR": _source("EnhancedMR", "uint16"),
    "EnhancedMR over time": _source("EnhancedMR", "uint16", "tzyx", times=2.0),
    "EnhancedMR, diffusion": _source("EnhancedMR", "uint16", "tzyx", per_volume=DIFFUSION),
    "MultiframeSC": _source("MultiframeSC", "uint8"),
    "XRay3D": _source("XRay3D", "uint16"),
    "ParametricMap": _source("ParametricMap", "float32"),
    "Segmentation": _labels,
    "uneven CT": _uneven,
    "CT with a gap": _with_gap,
    "CT compressed with loss": _compressed_with_loss,
    "two series": _two_series,
    "pydicom CT_small": _packaged("CT_small.dcm"),
    "pydicom MR_small": _packaged("MR_small.dcm"),
    "pydicom US clip": _packaged("examples_ybr_color.dcm"),
    "pydicom RTDOSE": _packaged("rtdose.dcm"),
}


# -------------------------------------------------------------------------------------- image files
def _nifti(dtype: str, axes: str = "xyz", **header: Any) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        import nibabel as nib

        image = nib.Nifti1Image(array(dtype, axes), np.diag([-1, -1, 1, 1]) @ AFFINE)
        image.header.set_xyzt_units("mm", "sec")
        if "t" in axes:
            image.header["pixdim"][4] = 2.5
        if "slope" in header:
            image.header.set_slope_inter(header["slope"], header["intercept"])
        nib.save(image, folder / "image.nii.gz")
        return folder / "image.nii.gz"

    return make


def _sitk(name: str, dtype: str, *, tags: bool = False) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        import SimpleITK as sitk

        image = sitk_image(dtype)
        if tags:
            image.SetMetaData("0010|0010", "Doe^Jane")
            image.SetMetaData("0008|1030", "Study of an image")
            image.SetMetaData("0028|1054", "HU")
        sitk.WriteImage(image, str(folder / name))
        return folder / name

    return make


def sitk_image(dtype: str) -> Any:
    """Return `array` as an image of SimpleITK on the oblique grid."""
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(array(dtype))
    image.SetSpacing(SPACING)
    image.SetOrigin(ORIGIN)
    image.SetDirection(ROTATION.ravel().tolist())
    return image


def _npy(folder: Path) -> Path:
    np.save(folder / "image.npy", array("int16"))
    return folder / "image.npy"


def _hdf5(folder: Path) -> Path:
    import h5py

    with h5py.File(folder / "image.h5", "w") as file:
        file.create_dataset("scan/ct", data=array("int16"), chunks=(3, 4, 2))
    return Path(f"{folder / 'image.h5'}::scan/ct")


def _zarr(folder: Path) -> Path:
    import zarr

    stored = zarr.create_array(
        str(folder / "image.zarr"), shape=(4, 6, 5), chunks=(3, 4, 2), dtype="int16"
    )
    stored[:] = array("int16")
    return folder / "image.zarr"


def _tiff(dtype: str, axes: str = "zyx") -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        import tifffile

        colours = {"photometric": "rgb"} if axes.endswith("c") else {"photometric": "minisblack"}
        tifffile.imwrite(folder / "image.tif", array(dtype, axes), **colours)
        return folder / "image.tif"

    return make


FILES: Mapping[str, Callable[[Path], Path]] = {
    "NIfTI int16": _nifti("int16"),
    "NIfTI float32": _nifti("float32"),
    "NIfTI int16, scaled": _nifti("int16", slope=0.25, intercept=-7.0),
    "NIfTI over time": _nifti("int16", "xyzt"),
    "NRRD": _sitk("image.nrrd", "int16"),
    "NRRD with tags": _sitk("image.nrrd", "int16", tags=True),
    "MHA": _sitk("image.mha", "uint16"),
    "MHD": _sitk("image.mhd", "float32"),
    "npy": _npy,
    "HDF5": _hdf5,
    "Zarr": _zarr,
    "TIFF": _tiff("uint16"),
    "TIFF, RGB": _tiff("uint8", "zyxc"),
}
