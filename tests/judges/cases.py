"""Arrays for every reader: small, of unequal sides, oblique."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom

import dicomseries as dcs
from judges.outcomes import Meant
from judges.planes import PLANES, SPACING

__all__ = ["CASES", "IRREGULAR_CASES", "OBLIQUE", "Case", "Part", "stored_frames"]

SIZES = {"t": 3, "z": 5, "c": 3}


def _oblique() -> npt.NDArray[np.float64]:
    """Return the matrix to LPS mm: turned about all axes, voxels of unequal sides."""
    (ca, sa), (cb, sb), (cc, sc) = ((np.cos(angle), np.sin(angle)) for angle in (0.1, -0.2, 0.3))
    about_x = np.array([[1, 0, 0], [0, ca, -sa], [0, sa, ca]])
    about_y = np.array([[cb, 0, sb], [0, 1, 0], [-sb, 0, cb]])
    about_z = np.array([[cc, -sc, 0], [sc, cc, 0], [0, 0, 1]])
    affine = np.eye(4)
    affine[:3, :3] = about_x @ about_y @ about_z * (0.7, 0.9, 2.5)
    affine[:3, 3] = (-31.4159, 27.1828, -141.421)
    return affine


OBLIQUE = _oblique()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One series of a case, and its expected content."""

    folder: Path
    meant: Meant


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A kind and an array, named as the documentation names it.

    Attributes
    ----------
    kind, form : str
        The kind's name, and what goes in.
    dtype : str
        Of the array; floats go from -3.2 to 9.7, integers as far as `low` and `high` say.
    axes : str
        As in `write`.
    low, high : float
        The ends of the values; both are reached.
    columns, rows : int
        Counts; some readers of one bit a pixel want a multiple of 8.
    step : int
        Common divisor of all integers.
    options : mapping
        Further arguments of `write`.
    irregular : str
        A name of `PLANES` of slices that form no regular grid.
    """

    kind: str
    form: str
    dtype: str
    axes: str = "zyx"
    low: float = -3.2
    high: float = 9.7
    columns: int = 11
    rows: int = 8
    step: int = 1
    options: Mapping[str, Any] = field(default_factory=dict)
    irregular: str = ""

    @property
    def name(self) -> str:
        """Return the case's name in the record."""
        if self.irregular:
            return f"{self.kind}: {self.form}: {self.irregular}"
        return f"{self.kind}: {self.form}"

    def array(self) -> npt.NDArray[Any]:
        """Return values that differ along every axis and from voxel to voxel."""
        sizes = {**SIZES, "y": self.rows, "x": self.columns}
        if self.irregular:
            sizes["z"] = PLANES[self.irregular].count
        if self.irregular and self.kind != "Segmentation":
            return np.rint(PLANES[self.irregular].values(self.rows, self.columns)).astype(
                self.dtype
            )
        shape = tuple(sizes[axis] for axis in self.axes)
        ramp = sum(
            index * part
            for index, part in zip(np.indices(shape), (0.9, 0.5, 0.31, 0.07, 0.013), strict=False)
        )
        noisy = ramp + np.random.default_rng(3).normal(0, 0.2, shape)
        real = self.low + (self.high - self.low) * (noisy - noisy.min()) / np.ptp(noisy)
        if self.dtype.startswith("float"):
            return real.astype(self.dtype)
        return (np.rint(real / self.step) * self.step).astype(self.dtype)

    def write(self, folder: Path) -> list[Part]:
        """Write the array and return its series: several where time is split."""
        array = self.array()
        grid = self._grid(folder)
        # Other readers check the files here.
        receipt = dcs.write(
            array, folder, kind=self.kind, **grid, **self.options, verify=False, sync=False
        )
        error = receipt.max_error
        apart = sorted(path for path in folder.iterdir() if path.is_dir())
        if apart:
            return [_part(one, array[index], error) for index, one in enumerate(apart)]
        volumes = SIZES["t"] if "t" in self.axes else None
        part = _part(folder, array, error, volumes, self.options.get("times"))
        if not self.irregular:
            return [part]
        planes = PLANES[self.irregular]
        meant = replace(part.meant, planes=planes, affine_lps=planes.affine_lps)
        return [replace(part, meant=meant)]

    def _grid(self, folder: Path) -> dict[str, Any]:
        """Return the arguments of `write` that place the array."""
        if not self.irregular:
            return {"affine": OBLIQUE, "space": "LPS", "axes": self.axes}
        planes = PLANES[self.irregular]
        if not planes.are_parallel:
            source = folder.with_name(f"{folder.name}-source")
            return {"like": planes.write_source(source, self.rows, self.columns)}
        return {
            "positions": planes.positions,
            "direction": planes.orientations[0],
            "spacing": (*SPACING, 2.5),
        }


def _part(
    folder: Path,
    array: npt.NDArray[Any],
    max_error: float,
    volumes: int | None = None,
    step_s: float | None = None,
) -> Part:
    frames = stored_frames(folder)
    meant = Meant(
        real=array,
        frames=frames,
        affine_lps=OBLIQUE,
        max_error=max_error,
        volumes=volumes,
        step_s=step_s,
    )
    return Part(folder=folder, meant=meant)


def stored_frames(folder: Path) -> npt.NDArray[Any]:
    """Return the stored numbers of every frame from pydicom, files sorted by name."""
    datasets = [pydicom.dcmread(path) for path in sorted(folder.glob("*.dcm"))]
    return np.concatenate([d.pixel_array.reshape(-1, *_frame_shape(d)) for d in datasets])


def _frame_shape(dataset: pydicom.Dataset) -> tuple[int, ...]:
    return (dataset.Rows, dataset.Columns, *([3] if dataset.SamplesPerPixel == 3 else []))


_SAFETY = {"ApplicableSafetyStandardAgency": "IEC"}
_REPETITION = {"RepetitionTime": 2000}
_ECHO = {"EchoTime": 30}
_EVENT = {"IrradiationEventUID": "2.25.20240229", "RescaleType": "HU"}
_CT, _MR, _WORDS = {"low": -1024, "high": 3071}, {"low": 0, "high": 4095}, {"low": 0, "high": 65535}
_BYTES, _LABELS = {"low": 0, "high": 255}, {"low": 0, "high": 2}
_DIFFUSION = {
    "DiffusionBValue": [0, 700, 1400],
    "DiffusionGradientOrientation": [[0, 0, 0], [0.6, 0, 0.8], [0, 1, 0]],
}

_ON_PLANES = (
    {"kind": "CT", "form": "int16", "dtype": "int16"},
    {"kind": "MR", "form": "uint16", "dtype": "uint16"},
    {"kind": "SC", "form": "uint16", "dtype": "uint16"},
    {"kind": "EnhancedCT", "form": "int16", "dtype": "int16", "options": {"metadata": _EVENT}},
    {"kind": "EnhancedMR", "form": "uint16", "dtype": "uint16", "options": {"metadata": _SAFETY}},
    {"kind": "ParametricMap", "form": "float32", "dtype": "float32"},
    {"kind": "Segmentation", "form": "binary", "dtype": "uint8", **_LABELS},
    {
        "kind": "Segmentation",
        "form": "labelmap",
        "dtype": "uint8",
        "options": {"segmentation_type": "labelmap"},
        **_LABELS,
    },
)


def _irregular_cases() -> Iterator[Case]:
    """Yield every kind on every kind of planes."""
    for name in PLANES:
        for options in _ON_PLANES:
            # OHIF waits for ever for a map of a localizer without the localizer.
            if options["kind"] != "ParametricMap" or PLANES[name].are_parallel:
                yield Case(irregular=name, columns=16, **options)


REGULAR_CASES = (
    Case(kind="CT", form="int16", dtype="int16", **_CT),
    Case(kind="CT", form="float32, rescaled", dtype="float32"),
    Case(kind="CT", form="int32, stored with an offset", dtype="int32", low=-1000, high=60000),
    Case(kind="CT", form="int32, stored with a divisor", dtype="int32", low=0, high=120000, step=2),
    Case(kind="CT", form="over time", dtype="int16", axes="tzyx", options={"times": 2.0}, **_CT),
    Case(
        kind="CT",
        form='over time, split="time"',
        dtype="int16",
        axes="tzyx",
        options={"split": "time"},
        **_CT,
    ),
    Case(kind="MR", form="uint16", dtype="uint16", **_MR),
    Case(
        kind="MR",
        form="uint16, with RepetitionTime and EchoTime",
        dtype="uint16",
        options={"metadata": _REPETITION | _ECHO},
        **_MR,
    ),
    Case(kind="MR", form="float32, rescaled", dtype="float32"),
    Case(kind="MR", form="over time", dtype="uint16", axes="tzyx", options={"times": 2.0}, **_MR),
    Case(
        kind="MR",
        form="over time, with RepetitionTime",
        dtype="uint16",
        axes="tzyx",
        options={"times": 2.0, "metadata": _REPETITION},
        **_MR,
    ),
    Case(
        kind="MR",
        form="over time, with RepetitionTime and EchoTime",
        dtype="uint16",
        axes="tzyx",
        options={"times": 2.0, "metadata": _REPETITION | _ECHO},
        **_MR,
    ),
    Case(
        kind="MR",
        form='over time, split="time"',
        dtype="uint16",
        axes="tzyx",
        options={"split": "time"},
        **_MR,
    ),
    Case(
        kind="MR",
        form="over diffusion weightings",
        dtype="uint16",
        axes="tzyx",
        options={"per_volume": _DIFFUSION},
        **_MR,
    ),
    Case(kind="PT", form="float32, rescaled", dtype="float32", low=0),
    Case(
        kind="PT",
        form="float32, rescaled per slice",
        dtype="float32",
        low=0,
        options={"values": dcs.Rescale(per_slice=True)},
    ),
    Case(kind="PT", form="over time", dtype="float32", axes="tzyx", low=0, options={"times": 2.0}),
    Case(
        kind="PT",
        form='over time, split="time"',
        dtype="float32",
        axes="tzyx",
        low=0,
        options={"split": "time"},
    ),
    Case(kind="SC", form="uint8", dtype="uint8", **_BYTES),
    Case(kind="SC", form="uint16", dtype="uint16", **_WORDS),
    Case(kind="SC", form="float32, rescaled", dtype="float32"),
    Case(kind="SC", form="uint8 RGB", dtype="uint8", axes="zyxc", **_BYTES),
    Case(kind="SC", form="uint16 RGB", dtype="uint16", axes="zyxc", **_WORDS),
    Case(
        kind="SC", form="over time", dtype="uint16", axes="tzyx", options={"times": 2.0}, **_WORDS
    ),
    Case(kind="EnhancedCT", form="int16", dtype="int16", options={"metadata": _EVENT}, **_CT),
    Case(
        kind="EnhancedCT", form="float32, rescaled", dtype="float32", options={"metadata": _EVENT}
    ),
    Case(
        kind="EnhancedCT",
        form="over time",
        dtype="int16",
        axes="tzyx",
        options={"metadata": _EVENT, "times": 2.0},
        **_CT,
    ),
    Case(kind="EnhancedMR", form="uint16", dtype="uint16", options={"metadata": _SAFETY}, **_MR),
    Case(
        kind="EnhancedMR", form="float32, rescaled", dtype="float32", options={"metadata": _SAFETY}
    ),
    Case(
        kind="EnhancedMR",
        form="over time",
        dtype="uint16",
        axes="tzyx",
        options={"metadata": _SAFETY, "times": 2.0},
        **_MR,
    ),
    Case(
        kind="EnhancedMR",
        form="over time, with RepetitionTime",
        dtype="uint16",
        axes="tzyx",
        options={"times": 2.0, "metadata": _SAFETY | _REPETITION},
        **_MR,
    ),
    Case(
        kind="EnhancedMR",
        form='over time, split="time"',
        dtype="uint16",
        axes="tzyx",
        options={"metadata": _SAFETY, "split": "time"},
        **_MR,
    ),
    Case(
        kind="EnhancedMR",
        form="over diffusion weightings",
        dtype="uint16",
        axes="tzyx",
        options={"metadata": _SAFETY, "per_volume": _DIFFUSION},
        **_MR,
    ),
    Case(kind="MultiframeSC", form="uint8", dtype="uint8", **_BYTES),
    Case(
        kind="MultiframeSC", form="uint8, an odd number of pixels", dtype="uint8", rows=7, **_BYTES
    ),
    Case(kind="MultiframeSC", form="uint16", dtype="uint16", **_WORDS),
    Case(kind="MultiframeSC", form="uint8 RGB", dtype="uint8", axes="zyxc", **_BYTES),
    Case(kind="XRay3D", form="uint16", dtype="uint16", **_MR),
    Case(kind="XRay3D", form="float32, rescaled", dtype="float32"),
    Case(
        kind="XRay3D", form="over time", dtype="uint16", axes="tzyx", options={"times": 2.0}, **_MR
    ),
    Case(kind="ParametricMap", form="float32", dtype="float32"),
    Case(kind="ParametricMap", form="float64", dtype="float64"),
    Case(
        kind="ParametricMap", form="over time", dtype="float32", axes="tzyx", options={"times": 2.0}
    ),
    Case(
        kind="ParametricMap",
        form='over time, split="time"',
        dtype="float32",
        axes="tzyx",
        options={"split": "time"},
    ),
    Case(kind="Segmentation", form="binary", dtype="uint8", **_LABELS),
    Case(
        kind="Segmentation",
        form="binary, columns a multiple of 8",
        dtype="uint8",
        columns=16,
        **_LABELS,
    ),
    Case(
        kind="Segmentation",
        form="labelmap",
        dtype="uint8",
        options={"segmentation_type": "labelmap"},
        **_LABELS,
    ),
)
"""One line of the readers table each."""

IRREGULAR_CASES = tuple(_irregular_cases())
"""Slices that form no regular grid, in all kinds that are written so."""

CASES = (*REGULAR_CASES, *IRREGULAR_CASES)
