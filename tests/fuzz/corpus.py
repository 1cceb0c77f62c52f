"""Undamaged files: ours of every kind and codec, pydicom's, and every input format."""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import json
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pydicom

import dicomseries as dcs
from judges.mosaics import csa1, grid_dataset, write_mosaics

_LARGEST = 300_000
_SEED = 7
_PET = {
    "Units": "BQML",
    "PatientWeight": 80,
    "AcquisitionDate": "20240131",
    "AcquisitionTime": "120000",
    "DecayCorrection": "START",
    "DecayFactor": 1.0,
    "RadiopharmaceuticalInformationSequence": [
        {
            "RadionuclideCodeSequence": [],
            "RadionuclideTotalDose": 3.5e8,
            "RadionuclideHalfLife": 6586.2,
            "RadiopharmaceuticalStartTime": "110000",
        }
    ],
}
_FORM = {
    "uid": "content",
    "now": dt.datetime(2024, 2, 29, 12, tzinfo=dt.UTC),
    "sync": False,
    "verify": False,
    "workers": 1,
}
"""Constant, so that a case number always means the same file."""
_UUID = re.compile(rb"urn:uuid:[-0-9a-f]{36}")
ENHANCED_CT = {"RescaleType": "HU", "IrradiationEventUID": "1.2.3"}
ENHANCED_MR = {"EchoTime": 3.0}


def _integers(*shape: int, dtype: str = "int16", most: int = 1000) -> np.ndarray:
    return np.random.default_rng(_SEED).integers(0, most, shape).astype(dtype)


def _own(folder: Path) -> None:
    """Write a series of each kind, and of each codec."""
    grey, floats, colour = (
        _integers(3, 8, 10),
        np.random.default_rng(_SEED).normal(size=(3, 8, 10)),
        _integers(3, 8, 10, 3, dtype="uint8"),
    )
    series: dict[str, dict[str, Any]] = {
        "ct": {"source": grey, "kind": "CT"},
        "mr": {"source": floats, "kind": "MR"},
        "mr-times": {"source": _integers(2, 3, 8, 10), "kind": "MR", "axes": "tzyx", "times": 2.0},
        "pt": {"source": abs(floats), "kind": "PT", "metadata": _PET},
        "sc": {"source": colour, "kind": "SC", "axes": "zyxc"},
        "enhanced-mr": {"source": grey, "kind": "EnhancedMR", "metadata": ENHANCED_MR},
        "enhanced-ct": {"source": grey, "kind": "EnhancedCT", "metadata": ENHANCED_CT},
        "frames": {"source": grey.astype("uint16"), "kind": "MultiframeSC"},
        "colours": {"source": colour, "kind": "MultiframeSC", "axes": "zyxc"},
        "map": {"source": floats.astype("float32"), "kind": "ParametricMap", "units": "1"},
        "map-64": {"source": floats, "kind": "ParametricMap", "units": "1"},
        "labels": {"source": _integers(3, 8, 10, dtype="uint8", most=3), "kind": "Segmentation",
                   "segments": {1: "Liver", 2: "Spleen"}},
        "labelmap": {"source": _integers(3, 8, 10, dtype="uint8", most=3), "kind": "Segmentation",
                     "segments": {1: "Liver", 2: "Spleen"}, "segmentation_type": "labelmap"},
    }  # fmt: skip
    for codec in ("rle", "jpegls", "j2k", "htj2k", "jxl"):
        series[f"ct-{codec}"] = {"source": grey, "kind": "CT", "compression": codec}
        series[f"sc-{codec}"] = {
            "source": colour,
            "kind": "SC",
            "axes": "zyxc",
            "compression": codec,
        }
        series[f"mr-{codec}"] = {"source": grey, "kind": "EnhancedMR", "compression": codec}
        series[f"frames-{codec}"] = {
            "source": grey.astype("uint16"),
            "kind": "MultiframeSC",
            "compression": codec,
        }
    for name, options in series.items():
        with contextlib.suppress(
            dcs.DicomSeriesError
        ):  # a kind may ask for more one day; the others go on
            source = options.pop("source")
            dcs.write(source, folder / name, spacing=(1, 2, 3), **_FORM, **options)


def _again(folder: Path) -> None:
    """Store one of our files in transfer syntaxes that we read but do not write."""
    dataset = pydicom.dcmread(next((folder / "ct").glob("*.dcm")))
    syntaxes = {
        "implicit": pydicom.uid.ImplicitVRLittleEndian,
        "deflated": pydicom.uid.DeflatedExplicitVRLittleEndian,
    }
    for name, syntax in syntaxes.items():
        dataset.file_meta.TransferSyntaxUID = syntax
        (folder / name).mkdir()
        dataset.save_as(folder / name / "1.dcm", implicit_vr=name == "implicit", little_endian=True)


def _mosaics(folder: Path) -> None:
    """Write files of which one image holds all slices."""
    stored = _integers(2, 5, 4, 6, dtype="uint16")
    write_mosaics(folder / "mosaic", stored, fields={"B_value": ("IS", ["1000"])})
    write_mosaics(folder / "mosaic-old", stored, header=csa1, is_reversed=True)
    write_mosaics(folder / "grid", stored, make=grid_dataset)


@functools.cache
def dicom_files(folder: Path) -> tuple[tuple[str, bytes], ...]:
    """Return the name and bytes of each; of a series the first file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _own(folder)
        _again(folder)
        _mosaics(folder)
    found = [(path.name, min(path.glob("*.dcm"))) for path in sorted(folder.iterdir())]
    data = Path(pydicom.__file__).parent / "data"
    others = sorted(
        path for path in data.rglob("*") if path.is_file() and path.stat().st_size < _LARGEST
    )
    found += [
        (f"pydicom {path.name}", path)
        for path in others
        if path.suffix not in {".py", ".pyc", ".json", ".txt"}
    ]
    return tuple((name, path.read_bytes()) for name, path in found)


@functools.cache
def input_files(folder: Path) -> tuple[tuple[str, dict[str, bytes]], ...]:
    """Return the name and the parts of each input, a single file or a folder."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tuple(_inputs(folder))


def _inputs(folder: Path) -> Any:
    import h5py
    import nibabel
    import numcodecs
    import SimpleITK as sitk
    import zarr

    array, floats = (
        _integers(4, 6, 8),
        np.random.default_rng(_SEED).normal(size=(4, 6, 8)).astype("float32"),
    )
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "a.npy", array)
    np.save(folder / "b.npy", np.asfortranarray(floats))
    np.savez(folder / "a.npz", array)
    np.savez_compressed(folder / "b.npz", array=array, affine_lps=np.eye(4), times_s=np.arange(1.0))
    for name in ("a.nii", "b.nii.gz"):
        nibabel.save(nibabel.Nifti1Image(array.T, np.diag([1, 2, 3, 1])), folder / name)
    nibabel.save(nibabel.Nifti2Image(floats.T, np.diag([1, 2, 3, 1])), folder / "c.nii")
    image = sitk.GetImageFromArray(array)
    for name in ("a.nrrd", "a.mha", "a.mhd", "a.nhdr"):
        sitk.WriteImage(image, folder / name, useCompression=name == "a.mha")
    sitk.WriteImage(image, folder / "b.nrrd", useCompression=True)
    sitk.WriteImage(image, folder / "b.mha")
    _tiffs(folder, array, floats)
    with h5py.File(folder / "a.h5", "w") as file:
        file.create_dataset("scan", data=array, chunks=(1, 6, 8), compression="gzip")
    with h5py.File(folder / "b.h5", "w") as file:
        file.create_dataset("scan", data=floats)
    for form in (2, 3):
        zarr.create_array(folder / f"{form}.zarr", data=array, chunks=(2, 6, 8), zarr_format=form)
        packed = zarr.codecs.GzipCodec() if form == 3 else numcodecs.GZip()
        zarr.create_array(
            folder / f"{form}-gzip.zarr",
            data=floats,
            chunks=(1, 6, 8),
            zarr_format=form,
            compressors=packed,
        )
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            files = sorted(one for one in path.rglob("*") if one.is_file())
            yield (
                path.name,
                {str(one.relative_to(path)): _undated(one.read_bytes()) for one in files},
            )
        elif path.suffix in {".mhd", ".nhdr"}:
            raw = {".mhd": "a.raw", ".nhdr": "a.raw"}[path.suffix]
            yield path.name, {path.name: path.read_bytes(), raw: (folder / raw).read_bytes()}
        elif path.suffix != ".raw":
            yield path.name, {path.name: _undated(path.read_bytes())}
    yield from _mappings()


def _tiffs(folder: Path, array: np.ndarray, floats: np.ndarray) -> None:
    import tifffile

    tifffile.imwrite(
        folder / "a.tif",
        array.astype("uint16"),
        imagej=True,
        metadata={"spacing": 2.5, "unit": "mm"},
    )
    tifffile.imwrite(folder / "b.tif", array, compression="zlib", tile=(16, 16))
    tifffile.imwrite(folder / "c.ome.tif", floats, metadata={"axes": "ZYX"}, compression="lzw")
    tifffile.imwrite(folder / "d.tif", array)
    tifffile.imwrite(folder / "e.tif", array, bigtiff=True, compression="packbits")
    tifffile.imwrite(folder / "f.tif", array.astype("uint8"), compression="jpeg")
    tifffile.imwrite(folder / "g.tif", array, compression="zstd", rowsperstrip=2)


def _undated(data: bytes) -> bytes:
    """Return a file without the UUID of OME-TIFF and the time of gzip."""
    if data.startswith(b"\x1f\x8b"):
        return data[:4] + bytes(4) + data[8:]
    return _UUID.sub(b"urn:uuid:" + 36 * b"0", data)


def _mappings() -> Any:
    """Yield files of metadata, named by the argument that takes them."""
    mapping = {
        "PatientName": "Doe^Jane",
        "EchoTime": 3.5,
        "PatientID": "1",
        "ImageType": ["DERIVED", "PRIMARY"],
    }
    toml = (
        'PatientName = "Doe^Jane"\nEchoTime = 3.5\n'
        '[[ReferencedSeriesSequence]]\nSeriesInstanceUID = "1.2"\n'
    )
    bids = {
        "ConversionSoftware": "dcm2niix",
        "EchoTime": 0.003,
        "RepetitionTime": 2.3,
        "SliceTiming": [0, 1.1, 0.5],
    }
    segments = {"1": {"label": "Liver", "type": "Liver"}, "2": "Spleen"}
    yield "metadata.json", {"metadata.json": json.dumps(mapping).encode()}
    yield "metadata.toml", {"metadata.toml": toml.encode()}
    yield "bids.json", {"bids.json": json.dumps(bids).encode()}
    yield "segments.json", {"segments.json": json.dumps(segments).encode()}
    yield "per_volume.json", {"per_volume.json": json.dumps({"EchoTime": [1, 2, 3, 4]}).encode()}
