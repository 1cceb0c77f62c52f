"""512 × 512 × 400 voxels read to one array.

`raw` is `os.preadv` of the pixels of as many files into one new array, one thread. Ours returns a
new array too, and to give memory to it costs the system about half of the time on either side; so
this is the pair that has the goal. The same reading into an array that has its memory already
stands beside it, as what the disk's cache alone would allow.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from measure import Row, Work, take_turns
from write import volume, write_ours

import dicomseries as dcs

NEW = "os.preadv to one new array"
TOUCHED = "os.preadv to one that is there"


def read_raw(files: list[tuple[str, int]], array: np.ndarray) -> np.ndarray:
    for (name, offset), plane in zip(files, array, strict=True):
        handle = os.open(name, os.O_RDONLY)
        os.preadv(handle, [memoryview(plane).cast("B")], offset)
        os.close(handle)
    return array


def read_with_sitk(folder: Path) -> np.ndarray:
    import SimpleITK as sitk

    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    return sitk.GetArrayFromImage(reader.Execute())


def read_with_pydicom(folder: Path) -> np.ndarray:
    import pydicom

    instances = [pydicom.dcmread(path) for path in folder.iterdir()]
    instances.sort(key=lambda instance: float(instance.ImagePositionPatient[2]))
    return np.stack(
        [
            instance.pixel_array * instance.RescaleSlope + instance.RescaleIntercept
            for instance in instances
        ]
    )


def read_with_dicomsdl(folder: Path) -> np.ndarray:
    import dicomsdl

    instances = [dicomsdl.open(str(path)) for path in folder.iterdir()]
    instances.sort(key=lambda instance: float(instance.ImagePositionPatient[2]))
    return np.stack([instance.pixelData() for instance in instances])


def rows(scratch: Path, *, slices: int, size: int, rounds: int) -> Iterator[Row]:
    """Yield the rows of reading with their goals."""
    array, folder = volume("int16", slices, size), scratch / "series"
    write_ours(array, folder, verify=False)
    files = [
        (str(path), path.stat().st_size - array[0].nbytes) for path in sorted(folder.iterdir())
    ]
    touched = np.zeros_like(array)
    works: dict[str, Work] = {
        NEW: lambda _: read_raw(files, np.empty(array.shape, np.int16)),
        TOUCHED: lambda _: read_raw(files, touched),
        "ours": lambda _: dcs.read(folder).array,
        "SimpleITK series reader": lambda _: read_with_sitk(folder),
        "pydicom loop": lambda _: read_with_pydicom(folder),
    }
    if find_spec("dicomsdl"):  # it has no wheel for Python 3.14
        works["dicomsdl loop"] = lambda _: read_with_dicomsdl(folder)
    if not np.array_equal(dcs.read(folder).array, array):
        message = "what is read is not what was written"
        raise RuntimeError(message)
    seconds = take_turns(works, scratch, rounds)
    name, ours = f"read int16 {slices}×{size}²", seconds["ours"]
    yield Row(work=name, against=NEW, ours=ours, theirs=seconds[NEW], goal=1.5)
    yield Row(
        work=name,
        against=TOUCHED,
        ours=ours,
        theirs=seconds[TOUCHED],
        note="ours makes an array, which that does not",
    )
    for peer, goal in (
        ("SimpleITK series reader", 8.0),
        ("pydicom loop", 8.0),
        ("dicomsdl loop", None),
    ):
        if peer not in works:
            continue
        yield Row(work=name, against=peer, ours=ours, theirs=seconds[peer], faster=True, goal=goal)
        if goal:
            raw = seconds[NEW]
            yield Row(
                work="the machine's limit beside it",
                against=peer,
                ours=raw,
                theirs=seconds[peer],
                faster=True,
            )
