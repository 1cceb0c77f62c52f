"""Write 512 × 512 × 400 voxels in every way worth comparing, in one run, and print the ratios.

    python benchmarks/write.py [--slices N] [--size N] [--rounds N] [--json FILE]

The rows take turns in every round, so that a change in the machine's speed meets them all; what counts are ratios of
medians. `raw` is the machine's own limit: `os.writev` of the same bytes to as many files, one thread, no fsync.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

import dicomseries as dcs

SPACING = (0.7, 0.9, 2.5)
Array = npt.NDArray[np.generic]
GOALS = {
    ("int16", "ours"): "≤ 1.25 × raw",
    ("float32", "ours"): "≤ 2.0 × raw",
    ("int16", "ours, verified"): "≤ 2.0 × ours",
    ("float32", "ours, verified"): "≤ 2.0 × ours",
    ("int16", "SimpleITK example"): "≥ 40 × ours",
    ("float32", "SimpleITK example"): "≥ 40 × ours",
    ("int16", "pydicom loop"): "≥ 10 × ours",
    ("float32", "pydicom loop"): "≥ 10 × ours",
}


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


def write_like_the_example(array: Array, folder: Path) -> None:
    """Do what SimpleITK's example "Dicom Series From Array" does."""
    import SimpleITK as sitk

    folder.mkdir()
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(SPACING)
    writer = sitk.ImageFileWriter()
    writer.KeepOriginalImageUIDOn()
    date, moment = time.strftime("%Y%m%d"), time.strftime("%H%M%S")
    direction = image.GetDirection()
    shared = [
        ("0008|0031", moment),
        ("0008|0021", date),
        ("0008|0008", "DERIVED\\SECONDARY"),
        ("0020|000e", f"1.2.826.0.1.3680043.2.1125.{date}.1{moment}"),
        ("0020|0037", "\\".join(str(direction[i]) for i in (0, 3, 6, 1, 4, 7))),
        ("0008|103e", "Created-SimpleITK"),
    ]
    if array.dtype.kind == "f":
        shared += [("0028|1053", "0.001"), ("0028|1052", "0"), ("0028|0100", "16"), ("0028|0101", "16")]
        shared += [("0028|0102", "15"), ("0028|0103", "1")]
    for index in range(image.GetDepth()):
        own = image[:, :, index]
        for tag, value in shared:
            own.SetMetaData(tag, value)
        own.SetMetaData("0008|0012", time.strftime("%Y%m%d"))
        own.SetMetaData("0008|0013", time.strftime("%H%M%S"))
        own.SetMetaData("0008|0060", "CT")
        own.SetMetaData("0020|0032", "\\".join(map(str, image.TransformIndexToPhysicalPoint((0, 0, index)))))
        own.SetMetaData("0020|0013", str(index))
        writer.SetFileName(str(folder / f"{index}.dcm"))
        writer.Execute(own)


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
        stored = np.rint((plane - intercept) / slope).astype(np.uint16) if array.dtype.kind == "f" else plane
        dataset = Dataset()
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.SOPClassUID = CTImageStorage
        dataset.SOPInstanceUID = generate_uid()
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.FrameOfReferenceUID = study, series, frame
        dataset.PatientName, dataset.PatientID, dataset.PatientBirthDate, dataset.PatientSex = "A^B", "1", "", ""
        dataset.StudyDate = dataset.StudyTime = dataset.AccessionNumber = dataset.ReferringPhysicianName = ""
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


def same_bytes(array: Array, folder: Path) -> list[tuple[str, bytes, memoryview]]:
    """Return name, header and pixels of the files we write, for the raw row."""
    write_ours(array, folder, verify=False)
    files = []
    pixel_bytes = array[0].size * 2
    for path in sorted(folder.iterdir()):
        whole = path.read_bytes()
        files.append((path.name, whole[:-pixel_bytes], memoryview(whole)[-pixel_bytes:]))
    shutil.rmtree(folder)
    return files


def rows(array: Array, scratch: Path) -> dict[str, Callable[[Path], None]]:
    files = same_bytes(array, scratch / "template")
    return {
        "raw": lambda folder: write_raw(files, folder),
        "ours": lambda folder: write_ours(array, folder, verify=False),
        "ours, verified": lambda folder: write_ours(array, folder, verify=True),
        "pydicom loop": lambda folder: write_with_pydicom(array, folder),
        "SimpleITK example": lambda folder: write_like_the_example(array, folder),
    }


def measure(array: Array, rounds: int) -> dict[str, list[float]]:
    """Return the seconds of each row in each round."""
    seconds: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="write-benchmark-") as name:
        scratch = Path(name)
        work = rows(array, scratch)
        for round_index in range(rounds + 1):
            for row, write in work.items():
                folder = scratch / "series"
                started = time.perf_counter()
                write(folder)
                elapsed = time.perf_counter() - started
                shutil.rmtree(folder)
                if round_index:  # the first round warms caches and imports
                    seconds.setdefault(row, []).append(elapsed)
    return seconds


def table(dtype: str, seconds: dict[str, list[float]]) -> Iterator[str]:
    medians = {row: statistics.median(taken) for row, taken in seconds.items()}
    yield f"{dtype:<8} {'row':<20} {'min s':>8} {'median s':>9} {'× raw':>7} {'× ours':>7}  goal"
    for row, taken in seconds.items():
        goal = GOALS.get((dtype, row), "")
        yield (
            f"{dtype:<8} {row:<20} {min(taken):>8.3f} {medians[row]:>9.3f} {medians[row] / medians['raw']:>7.2f} "
            f"{medians[row] / medians['ours']:>7.2f}  {goal}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--slices", type=int, default=400)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    figures = {}
    for dtype in ("int16", "float32"):
        figures[dtype] = measure(volume(dtype, options.slices, options.size), options.rounds)
        print("\n".join(table(dtype, figures[dtype])), flush=True)
    if options.json:
        options.json.write_text(json.dumps({"slices": options.slices, "size": options.size, "seconds": figures}))


if __name__ == "__main__":
    main()
