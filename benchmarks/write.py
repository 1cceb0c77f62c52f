"""512 × 512 × 400 voxels, written by several programs.

`raw` is the machine's own limit: `os.writev` of the same bytes to as many files, one thread, no
fsync.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from measure import Row, Work, take_turns
from simpleitk_example import write_like_the_example

import dicomseries as dcs

SPACING = (0.7, 0.9, 2.5)
Array = npt.NDArray[np.generic]


def volume(dtype: str, slices: int, size: int) -> Array:
    rng = np.random.default_rng(0)
    plane = rng.normal(0, 1, (size, size)).astype(np.float32)
    ramp = np.linspace(-1, 1, slices, dtype=np.float32)[:, None, None]
    real = plane[None] + ramp
    return np.rint(real * 200).astype(np.int16) if dtype == "int16" else real


def write_raw(files: list[tuple[str, bytes, memoryview]], folder: Path) -> None:
    folder.mkdir()
    for name, header, pixels in files:
        handle = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        os.writev(handle, [header, pixels])
        os.close(handle)


def write_ours(array: Array, folder: Path, *, verify: bool) -> None:
    dcs.write(array, folder, kind="CT", spacing=SPACING, verify=verify, sync=False)


def write_packed(array: Array, folder: Path, name: str) -> None:
    folder.mkdir()
    write_ours(array, folder / name, verify=True)


def write_with_pydicom(array: Array, folder: Path) -> None:
    """Build a dataset a slice, as most scripts do."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

    folder.mkdir()
    study, series, frame = generate_uid(), generate_uid(), generate_uid()
    low, high = float(array.min()), float(array.max())
    slope = (high - low) / 65535 if array.dtype.kind == "f" else 1.0
    intercept = low if array.dtype.kind == "f" else 0.0
    for index, plane in enumerate(array):
        stored = (
            np.rint((plane - intercept) / slope).astype(np.uint16)
            if array.dtype.kind == "f"
            else plane
        )
        dataset = Dataset()
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.SOPClassUID = CTImageStorage
        dataset.SOPInstanceUID = generate_uid()
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.FrameOfReferenceUID = (
            study,
            series,
            frame,
        )
        dataset.PatientName, dataset.PatientID, dataset.PatientBirthDate, dataset.PatientSex = (
            "A^B",
            "1",
            "",
            "",
        )
        dataset.StudyDate = dataset.StudyTime = dataset.AccessionNumber = (
            dataset.ReferringPhysicianName
        ) = ""
        dataset.StudyID, dataset.SeriesNumber, dataset.InstanceNumber = "1", 1, index + 1
        dataset.Modality, dataset.ImageType = "CT", ["DERIVED", "SECONDARY", "AXIAL"]
        dataset.PixelSpacing, dataset.SliceThickness = [SPACING[1], SPACING[0]], SPACING[2]
        dataset.ImagePositionPatient = [0.0, 0.0, index * SPACING[2]]
        dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        dataset.Rows, dataset.Columns = plane.shape
        dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
        dataset.BitsAllocated = dataset.BitsStored = 16
        dataset.HighBit, dataset.PixelRepresentation = 15, int(stored.dtype.kind == "i")
        dataset.RescaleSlope, dataset.RescaleIntercept = f"{slope:.10g}", f"{intercept:.10g}"
        dataset.PixelData = stored.tobytes()
        dataset.save_as(folder / f"{index:04d}.dcm", enforce_file_format=True)


def write_with_highdicom(array: Array, folder: Path) -> None:
    """Write unsigned Secondary Captures with highdicom."""
    import highdicom as hd
    from pydicom.uid import generate_uid

    folder.mkdir()
    study, series, frame = generate_uid(), generate_uid(), generate_uid()
    for index, plane in enumerate(array):
        image = hd.sc.SCImage(
            pixel_array=plane.view(np.uint16),
            photometric_interpretation="MONOCHROME2",
            bits_allocated=16,
            coordinate_system="PATIENT",
            study_instance_uid=study,
            series_instance_uid=series,
            series_number=1,
            sop_instance_uid=generate_uid(),
            instance_number=index + 1,
            manufacturer="A",
            patient_id="1",
            patient_name="A^B",
            patient_orientation=("L", "P"),
            pixel_spacing=SPACING[1::-1],
        )
        image.FrameOfReferenceUID, image.ImagePositionPatient = (
            frame,
            [0.0, 0.0, index * SPACING[2]],
        )
        image.save_as(folder / f"{index:04d}.dcm")


def write_with_nifti2dicom(nifti: Path, reference: Path, folder: Path) -> None:
    """Convert a file with the reference series that it demands."""
    import nifti2dicom

    nifti2dicom.convert(nifti, reference, folder, kind="image")


def save_nifti(array: Array, path: Path) -> None:
    import nibabel

    nibabel.save(
        nibabel.Nifti1Image(array.T, np.diag([-SPACING[0], -SPACING[1], SPACING[2], 1.0])), path
    )


def same_bytes(array: Array, folder: Path) -> list[tuple[str, bytes, memoryview]]:
    """Return name, header and pixels of our files."""
    write_ours(array, folder, verify=False)
    files = []
    pixel_bytes = array[0].size * 2  # of 16 bits, whatever the array has
    for path in sorted(folder.iterdir()):
        content = path.read_bytes()
        files.append((path.name, content[:-pixel_bytes], memoryview(content)[-pixel_bytes:]))
    shutil.rmtree(folder)
    return files


def works(array: Array, scratch: Path) -> dict[str, Work]:
    files = same_bytes(array, scratch / "template")
    works_by_name: dict[str, Work] = {
        "raw writev": lambda folder: write_raw(files, folder),
        "ours": lambda folder: write_ours(array, folder, verify=False),
        "verified": lambda folder: write_ours(array, folder, verify=True),
        "zip": lambda folder: write_packed(array, folder, "out.zip"),
        "tar": lambda folder: write_packed(array, folder, "out.tar"),
        "pydicom loop": lambda folder: write_with_pydicom(array, folder),
        "SimpleITK example": lambda folder: write_like_the_example(array, folder),
    }
    if array.dtype == np.int16:
        nifti, reference = scratch / "volume.nii", scratch / "reference"
        save_nifti(array, nifti)
        write_ours(array, reference, verify=False)
        works_by_name["highdicom SCImage loop"] = lambda folder: write_with_highdicom(array, folder)
        works_by_name["nifti2dicom"] = lambda folder: write_with_nifti2dicom(
            nifti, reference, folder
        )
    return works_by_name


def rows(scratch: Path, *, slices: int, size: int, rounds: int) -> Iterator[Row]:
    """Yield the rows of writing with their goals."""
    for dtype, limit in (("int16", 1.25), ("float32", 2.0)):
        folder = scratch / dtype
        folder.mkdir()
        seconds = take_turns(works(volume(dtype, slices, size), folder), folder, rounds)
        shutil.rmtree(folder)
        ours, name = seconds["ours"], f"write {dtype} {slices}×{size}²"
        raw = seconds["raw writev"]
        yield Row(work=name, against="raw writev", ours=ours, theirs=raw, goal=limit)
        for peer, goal in (("SimpleITK example", 40.0), ("pydicom loop", 10.0)):
            yield Row(
                work=name, against=peer, ours=ours, theirs=seconds[peer], faster=True, goal=goal
            )
            yield Row(
                work="the machine's limit beside it",
                against=peer,
                ours=raw,
                theirs=seconds[peer],
                faster=True,
            )
        for peer in ("highdicom SCImage loop", "nifti2dicom"):
            if peer in seconds:
                yield Row(work=name, against=peer, ours=ours, theirs=seconds[peer], faster=True)
        yield Row(
            work=f"{name}, verified",
            against="without",
            ours=seconds["verified"],
            theirs=ours,
            goal=2.0,
        )
        for form in ("zip", "tar"):
            yield Row(
                work=f"{name} as one .{form}, verified",
                against="the folder, verified",
                ours=seconds[form],
                theirs=seconds["verified"],
                goal=2.0,
            )
