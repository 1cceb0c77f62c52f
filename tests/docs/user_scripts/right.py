"""A user's script without mistakes: type checkers accept every line."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

import dicomseries as dcs

array: npt.NDArray[np.float32] = np.zeros((3, 4, 5), dtype=np.float32)
mask = array > 0


def report(done: int, total: int, what: str) -> None:
    print(f"{what}: {done} of {total}")


receipt = dcs.write(
    array,
    Path("ct"),
    kind="CT",
    spacing=(2.5, 3.5, 4.5),
    values=dcs.Rescale(max_error=0.0005),
    metadata={"PatientName": "Doe^Jane", "PatientID": "42"},
    now=datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
    compression="jpegls",
    progress=True,
)
size: int = receipt.bytes
advice: tuple[str, ...] = receipt.advice

dcs.write(
    array, "mr", kind="enhanced-mr", affine=np.eye(4), space="RAS", orient="upright", times=2.5
)
dcs.write(
    mask,
    "seg",
    kind="seg",
    like="ct",
    segments={1: "Liver", 2: {"label": "Spleen", "type": "Spleen"}},
    segmentation_type="labelmap",
    model={"name": "OrganNet", "version": "1"},
    progress=report,
)
dcs.write("head.nii.gz", "head", kind="MR", split="time", spacing=np.ones(3))
dcs.write(mask, "list", kind="Segmentation", like=dcs.read("ct"), segments=["Liver"])

volume = dcs.read("ct")
loaded: npt.NDArray[np.float64] = volume.array.astype(np.float64)
name = volume.tags["PatientName"]
derived = volume.derive(loaded / 2, description="Halved", derivation="smoothing")
uid: str = derived.write("half").series_uid
files: int = len(derived.plan())

lazy = dcs.read("ct", lazy=True, values="stored")
part: npt.NDArray[np.int16] = lazy.array[1:2]

series_uids: list[str] = [series.series_uid for series in dcs.scan(".")]
findings = dcs.check("ct", against=array)
messages: list[str] = [finding.message for finding in findings if finding.level == "error"]
version: str = dcs.__version__
