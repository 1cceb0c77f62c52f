"""SimpleITK's example "Dicom Series From Array", as a peer of the benchmarks."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

__all__ = ["read_like_the_example", "write_like_the_example"]


def write_like_the_example(array: npt.NDArray[np.generic], folder: Path) -> None:
    """Run the steps of SimpleITK's example "Dicom Series From Array"."""
    folder.mkdir()
    image = sitk.GetImageFromArray(array)
    image.SetSpacing((0.7, 0.9, 2.5))
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
        shared += [
            ("0028|1053", "0.001"),
            ("0028|1052", "0"),
            ("0028|0100", "16"),
            ("0028|0101", "16"),
        ]
        shared += [("0028|0102", "15"), ("0028|0103", "1")]
    for index in range(image.GetDepth()):
        slice_image = image[:, :, index]
        for tag, value in shared:
            slice_image.SetMetaData(tag, value)
        slice_image.SetMetaData("0008|0012", time.strftime("%Y%m%d"))
        slice_image.SetMetaData("0008|0013", time.strftime("%H%M%S"))
        slice_image.SetMetaData("0008|0060", "CT")
        slice_image.SetMetaData(
            "0020|0032", "\\".join(map(str, image.TransformIndexToPhysicalPoint((0, 0, index))))
        )
        slice_image.SetMetaData("0020|0013", str(index))
        writer.SetFileName(str(folder / f"{index}.dcm"))
        writer.Execute(slice_image)


def read_like_the_example(folder: Path) -> npt.NDArray[np.generic]:
    """Find the series in a folder, and read it with all tags of its slices."""
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder)))
    reader.MetaDataDictionaryArrayUpdateOn()
    reader.LoadPrivateTagsOn()
    image = reader.Execute()
    for index in range(image.GetDepth()):
        for key in reader.GetMetaDataKeys(index):
            reader.GetMetaData(index, key)
    array: npt.NDArray[np.generic] = sitk.GetArrayFromImage(image)
    return array
