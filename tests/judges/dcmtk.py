"""Pictures of dcmtk's renderer in 16 bits, as real values."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom

from judges.outcomes import CannotReadError
from judges.presence import absent
from judges.seen import Seen

__all__ = ["dcmtk_version", "open_with_dcmtk"]


def dcmtk_version() -> str:
    """Return the version of dcmtk, as in 3.6.7."""
    said = subprocess.run(
        [_program(), "--version"], capture_output=True, encoding="utf-8", check=True, timeout=20
    ).stdout
    return re.search(r"v(\d+\.\d+\.\d+)", said)[1]  # type: ignore[index]


def open_with_dcmtk(folder: Path) -> list[Seen]:
    """Render every frame with a window of all stored numbers; return the real values.

    dcmtk has no volumes: files are sorted by name, without a place.
    """
    return [
        Seen(
            array=np.concatenate([_frames(path) for path in sorted(folder.glob("*.dcm"))]),
            affine_lps=None,
        )
    ]


def _program() -> str:
    found = shutil.which("dcm2pnm") or shutil.which(
        "dcm2img"
    )  # of the same options; the second is newer
    if found is None:
        absent("dcmtk", "run `make debian` as root")
    return str(found)


def _frames(path: Path) -> npt.NDArray[Any]:
    slope, intercept, low, high = _stored(path)
    # PS3.3 section C.11.2.1.2: such a window maps its ends to 0 and the largest output.
    first, last = intercept + slope * low, intercept + slope * high
    centre, width = (first + last + 1) / 2, last - first + 1
    with tempfile.TemporaryDirectory() as out:
        window = ["--set-window", repr(centre), repr(width)]
        command = [
            _program(),
            *window,
            "--all-frames",
            "--write-16-bit-pnm",
            str(path),
            f"{out}/frame",
        ]
        result = subprocess.run(
            command, capture_output=True, encoding="utf-8", check=False, timeout=60
        )
        if result.returncode:
            raise CannotReadError(result.stderr.strip())
        pictures = sorted(Path(out).iterdir(), key=lambda picture: int(picture.name.split(".")[1]))
        shown = np.stack([_picture(picture) for picture in pictures])
    return shown / 65535 * (last - first) + first


def _stored(path: Path) -> tuple[float, float, int, int]:
    """Return slope, intercept, and the least and largest number that can be stored."""
    dataset = pydicom.dcmread(path, stop_before_pixels=True)
    groups = dataset.get("SharedFunctionalGroupsSequence") or [pydicom.Dataset()]
    rescale = (groups[0].get("PixelValueTransformationSequence") or [dataset])[0]
    # A file of floats has no such numbers; dcmtk gets it nevertheless.
    bits, signed = min(dataset.BitsAllocated, 16), dataset.get("PixelRepresentation", 0)
    low = -(1 << bits - 1) if signed else 0
    return (
        float(rescale.get("RescaleSlope", 1)),
        float(rescale.get("RescaleIntercept", 0)),
        low,
        low + (1 << bits) - 1,
    )


def _picture(path: Path) -> npt.NDArray[np.int64]:
    magic, columns, rows, largest, *numbers = path.read_text(encoding="ascii").split()
    if largest != "65535":
        message = f"dcmtk wrote {largest} as the largest number"
        raise ValueError(message)
    shape = (int(rows), int(columns), *({"P2": [], "P3": [3]}[magic]))
    return np.array(numbers, dtype=np.int64).reshape(shape)
