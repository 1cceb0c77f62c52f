"""Converters to NIfTI as judges: dcm2niix, vtk-dicom's dicomtonifti and dicom2nifti."""

from __future__ import annotations

import logging
import shutil
import subprocess
import tempfile
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom

from judges.outcomes import CannotReadError
from judges.presence import absent
from judges.seen import Seen

__all__ = [
    "read_with_dcm2niix",
    "read_with_dicom2nifti",
    "read_with_vtk_dicom",
    "vtk_dicom_version",
]

HARMLESS = {
    "Patient Position (0018,5100) not specified": (
        "an array has none, and the standard allows Type 2C to be empty"
    ),
    "Empty protocol name": "ProtocolName is Type 3; it only names the output file",
    "manufacturer": "the name is ours, which no vendor-specific rule can know",
}
"""Ignored warnings of dcm2niix, each with its reason."""

SECONDS_OF = {"sec": 1.0, "msec": 1e-3, "usec": 1e-6}


def read_with_dcm2niix(folder: Path) -> list[Seen]:
    """Convert a folder with dcm2niix and return every volume by name."""
    if find_spec("dcm2niix") is None or find_spec("nibabel") is None:
        absent("dcm2niix", "run `make check`, which installs it")
    import dcm2niix
    import nibabel

    with tempfile.TemporaryDirectory() as out:
        command = [dcm2niix.bin, "-z", "n", "-b", "n", "-f", "volume", "-o", out, str(folder)]
        result = subprocess.run(
            command, capture_output=True, encoding="utf-8", check=False, timeout=120
        )
        lines = (line.strip() for line in (result.stdout + result.stderr).splitlines())
        said = tuple(
            line
            for line in lines
            if "warning" in line.lower() and not any(part in line for part in HARMLESS)
        )
        # Its unit is the second, stated or not.
        return [
            _seen(nibabel.load(path), said, unit_s=1.0) for path in sorted(Path(out).glob("*.nii"))
        ]


def vtk_dicom_version() -> str:
    """Return the version of vtk-dicom, as in 0.8.14."""
    command = [_dicomtonifti(), "--version"]
    result = subprocess.run(command, capture_output=True, encoding="utf-8", check=True, timeout=20)
    return result.stdout.split()[1]


def read_with_vtk_dicom(folder: Path) -> Seen:
    """Convert a folder with vtk-dicom's dicomtonifti."""
    if find_spec("nibabel") is None:
        absent("nibabel", 'run `pip install "dicomseries[nifti]"`')
    import nibabel

    files = sorted(map(str, folder.glob("*.dcm")))
    with tempfile.TemporaryDirectory() as out:
        target = Path(out, "volume.nii")
        command = [_dicomtonifti(), "--silent", "-o", str(target), *files]
        result = subprocess.run(
            command, capture_output=True, encoding="utf-8", check=False, timeout=120
        )
        if not target.is_file():
            raise CannotReadError(result.stderr.strip())
        seen = _seen(nibabel.load(target))
    return _vectors_of(
        seen, pydicom.dcmread(files[0], stop_before_pixels=True).get("SamplesPerPixel", 1)
    )


def read_with_dicom2nifti(folder: Path) -> Seen:
    """Convert a folder with dicom2nifti, its axes as they are."""
    if find_spec("dicom2nifti") is None:
        absent("dicom2nifti", "run `make check`, which installs it")
    import dicom2nifti

    logging.getLogger("dicom2nifti").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as out, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            made = dicom2nifti.dicom_series_to_nifti(
                str(folder), f"{out}/volume.nii", reorient_nifti=False
            )
        except Exception as error:  # its own, and Python's where it expects a number and finds none
            raise CannotReadError(str(error)) from error
        return _seen(made["NII"], unit_s=1.0)


def _dicomtonifti() -> str:
    found = shutil.which("dicomtonifti")
    if found is None:
        absent("vtk-dicom", "run `make debian` as root")
    return str(found)


def _seen(image: Any, said: tuple[str, ...] = (), *, unit_s: float | None = None) -> Seen:
    """Return the content of a NIfTI image; the unit of time is the header's by default."""
    array = np.asarray(image.dataobj).copy()
    if unit_s is None:
        unit_s = SECONDS_OF.get(image.header.get_xyzt_units()[1], 0.0)
    volumes = array.shape[3] if array.ndim > 3 else None
    outermost_first = array.T
    if array.dtype.names:  # RGB is a record in NIfTI
        outermost_first = np.stack([outermost_first[name] for name in array.dtype.names], axis=-1)
    affine_lps = np.diag([-1.0, -1.0, 1.0, 1.0]) @ image.affine
    step_s = float(image.header["pixdim"][4]) * unit_s
    return Seen(
        array=outermost_first, affine_lps=affine_lps, warnings=said, volumes=volumes, step_s=step_s
    )


def _vectors_of(seen: Seen, samples: int) -> Seen:
    """Return colours, or volumes without times, from the fifth axis of NIfTI."""
    if seen.array.ndim != 5:
        return seen
    vectors: npt.NDArray[Any] = seen.array[:, 0]
    if samples > 1:
        return Seen(array=np.moveaxis(vectors, 0, -1), affine_lps=seen.affine_lps)
    return Seen(array=vectors, affine_lps=seen.affine_lps, volumes=len(vectors), step_s=None)
