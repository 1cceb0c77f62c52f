"""Enhanced MR of many frames beside a raw write.

`raw` is `os.writev` of the same bytes into one file, one thread, no fsync.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from measure import Row, take_turns

import dicomseries as dcs

SPACING = (1.0, 1.0, 2.0)
METADATA = {"ApplicableSafetyStandardAgency": "IEC"}
FRAMES, SIZE = 5000, 128


def write_ours(array: np.ndarray, folder: Path, *, verify: bool) -> None:
    axes = "tzyx"[-array.ndim :]
    dcs.write(
        array,
        folder,
        kind="EnhancedMR",
        spacing=SPACING,
        axes=axes,
        metadata=METADATA,
        verify=verify,
        sync=False,
    )


def write_raw(parts: list[memoryview], folder: Path) -> None:
    folder.mkdir()
    handle = os.open(folder / "raw.dcm", os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    os.writev(handle, parts)
    os.close(handle)


def rows(scratch: Path, *, rounds: int) -> Iterator[Row]:
    """Yield 50 volumes, and their frames as one."""
    frames = np.random.default_rng(0).integers(0, 4000, (FRAMES, SIZE, SIZE)).astype(np.int16)
    shapes = {"50 volumes": (frames.reshape(50, -1, SIZE, SIZE), 2.0), "one volume": (frames, None)}
    for name, (array, goal) in shapes.items():
        first = scratch / "first"
        write_ours(array, first, verify=False)
        content = memoryview((first / "0001.dcm").read_bytes())
        shutil.rmtree(first)
        parts = [content[: -array.nbytes], content[-array.nbytes :]]
        seconds = take_turns(
            {
                "raw": lambda folder, parts=parts: write_raw(parts, folder),
                "ours": lambda folder, array=array: write_ours(array, folder, verify=False),
                "verified": lambda folder, array=array: write_ours(array, folder, verify=True),
            },
            scratch,
            rounds,
        )
        work = f"EnhancedMR {FRAMES}×{SIZE}², {name}"
        yield Row(
            work=work, against="raw writev", ours=seconds["ours"], theirs=seconds["raw"], goal=goal
        )
        yield Row(
            work=f"{work}, verified",
            against="without",
            ours=seconds["verified"],
            theirs=seconds["ours"],
        )
