"""A golden case, and writers for it: arrays, results of source series, image files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import dicomseries as dcs
from golden.inputs import DEMANDED, FIXED, GRID, Inputs, array, labels

__all__ = [
    "KINDS",
    "SEG",
    "Case",
    "Write",
    "again",
    "derived",
    "marked",
    "of_array",
    "of_file",
    "of_source",
]

Write = Callable[[Inputs, Path], object]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One written series, or several.

    Attributes
    ----------
    name : str
        Group and form, such as ``"dtypes: CT int16"``.
    write : callable
        ``write(inputs, out)`` fills the folder `out`.
    packages : tuple of str
        Packages that influence the bytes: other versions may write others.
    """

    name: str
    write: Write
    packages: tuple[str, ...] = ()

    @property
    def group(self) -> str:
        """Return the part of the name before the colon."""
        return self.name.partition(":")[0]


KINDS = (
    "CT",
    "MR",
    "PT",
    "SC",
    "EnhancedCT",
    "EnhancedMR",
    "MultiframeSC",
    "XRay3D",
    "ParametricMap",
    "Segmentation",
)
SEG = ("highdicom", "pydicom")
"""The packages that make a Segmentation."""


def of_array(voxels: Any, kind: str | None, **options: Any) -> Write:
    """Return a writer of `voxels` on the oblique grid; options of None are left out."""
    metadata = {**DEMANDED.get(kind or "", {}), **options.pop("metadata", {})}
    arguments = {**FIXED, **GRID, **options}
    if metadata:
        arguments["metadata"] = metadata
    arguments = {name: value for name, value in arguments.items() if value is not None}
    return lambda _, out: dcs.write(voxels, out, kind=kind, **arguments)


def of_source(source: str, voxels: Any, **options: Any) -> Write:
    """Return a writer of a result of a source series; its voxels are an array or a function."""

    def write(inputs: Inputs, out: Path) -> None:
        path = inputs.series(source)
        result = voxels(dcs.read(path)) if callable(voxels) else voxels
        dcs.write(result, out, like=path, **{**FIXED, **_axes_of(result), **options})

    return write


def _axes_of(result: Any) -> dict[str, str]:
    """Return the `axes` of an array with time, as the order of `read` has it."""
    shape = np.shape(result)
    if len(shape) == 5:
        return {"axes": "tzyxc"}
    return {"axes": "tzyx"} if len(shape) == 4 and shape[-1] != 3 else {}


def derived(source: str, change: Callable[[Any], Any], **options: Any) -> Write:
    """Return a writer by `read(...).derive(...)`."""

    def write(inputs: Inputs, out: Path) -> None:
        volume = dcs.read(inputs.series(source))
        result = change(volume)
        volume.derive(result, **_axes_of(result), **options).write(out, **FIXED)

    return write


def of_file(name: str, **options: Any) -> Write:
    """Return a writer of an image file."""
    return lambda inputs, out: dcs.write(str(inputs.file(name)), out, **{**FIXED, **options})


def again(source: str, **options: Any) -> Write:
    """Return a writer of a volume as `read` returns it."""
    return lambda inputs, out: dcs.write(
        dcs.read(inputs.series(source)), out, **{**FIXED, **options}
    )


def marked(kind: str, dtype: str) -> Any:
    """Return an array for any kind: labels for a Segmentation."""
    return labels(dtype) if kind == "Segmentation" else array(dtype)
