"""Golden cases of image files, images in memory, lazy arrays and volumes that were read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import dicomseries as dcs
from golden.inputs import AFFINE, DEMANDED, FIXED, GRID, Inputs, array, sitk_image
from golden.writers import Case, Write, of_file

__all__ = ["inputs"]


def inputs() -> Iterator[Case]:
    """Image files, images in memory, lazy arrays, volumes that were read."""
    for name in (
        "NIfTI int16",
        "NIfTI float32",
        "NIfTI int16, scaled",
        "NRRD",
        "NRRD with tags",
        "MHA",
        "MHD",
    ):
        yield Case(name=f"inputs: {name}", write=of_file(name, kind="CT"))
        yield Case(
            name=f"inputs: {name} to EnhancedMR",
            write=of_file(name, kind="EnhancedMR", metadata=DEMANDED["EnhancedMR"]),
        )
    for name in ("npy", "HDF5", "Zarr", "TIFF", "TIFF, RGB"):
        yield Case(name=f"inputs: {name}", write=of_file(name, kind="SC", **GRID))
        yield Case(name=f"inputs: {name} without a grid", write=of_file(name, kind="CT"))
    for orient in ("as-is", "upright", "sagittal"):
        yield Case(
            name=f"inputs: NIfTI {orient}", write=of_file("NIfTI int16", kind="MR", orient=orient)
        )
    over_time = {
        "all": {},
        "one": {"time_point": 2},
        "split": {"split": "time"},
        "times": {"times": 1.0},
    }
    for name, options in over_time.items():
        yield Case(
            name=f"inputs: NIfTI over time, {name}",
            write=of_file("NIfTI over time", kind="MR", **options),
        )
    yield Case(
        name="inputs: lazy volume",
        write=lambda inputs, out: dcs.write(
            dcs.read(inputs.series("CT"), lazy=True), out, kind="CT", **FIXED
        ),
    )
    yield Case(
        name="inputs: some slices",
        write=lambda inputs, out: dcs.write(
            dcs.read(inputs.series("CT"), slices=slice(1, 3)), out, kind="CT", **FIXED
        ),
    )
    yield Case(
        name="inputs: stored values",
        write=lambda inputs, out: dcs.write(
            dcs.read(inputs.series("CT of floats"), values="stored"), out, kind="CT", **FIXED
        ),
    )
    yield Case(
        name="inputs: open_volume",
        write=lambda inputs, out: dcs.write(
            dcs.open_volume(inputs.file("NRRD")), out, kind="CT", **FIXED
        ),
    )
    yield Case(
        name="inputs: gradients",
        write=_with_gradients,
    )
    for name, image in IMAGES.items():
        yield Case(name=f"inputs: {name}", write=_in_memory(image))


def _with_gradients(inputs: Inputs, out: Path) -> None:
    path = inputs.file("NIfTI over time")
    b_values, directions = path.parent / "x.bval", path.parent / "x.bvec"
    b_values.write_text("0 1000 1000\n", encoding="utf-8")
    directions.write_text("0 1 0\n0 0 0.6\n0 0 0.8\n", encoding="utf-8")
    gradients = dcs.diffusion_gradients(b_values, directions, dcs.open_volume(path).grid)
    dcs.write(path, out, kind="MR", per_volume=gradients, **FIXED)


def _in_memory(image: Callable[[], tuple[Any, dict[str, Any]]]) -> Write:
    def write(_: Inputs, out: Path) -> None:
        source, options = image()
        dcs.write(source, out, kind="CT", **options, **FIXED)

    return write


def _sitk_image() -> tuple[Any, dict[str, Any]]:
    image = sitk_image("int16")
    image.SetMetaData("0010|0010", "Doe^Jane")
    return image, {}


def _nibabel_image() -> tuple[Any, dict[str, Any]]:
    import nibabel as nib

    return nib.Nifti1Image(array("float32", "xyz"), np.diag([-1, -1, 1, 1]) @ AFFINE), {}


def _dask_array() -> tuple[Any, dict[str, Any]]:
    import dask.array

    return dask.array.from_array(array("float32"), chunks=(3, 4, 2)), dict(GRID)


def _xarray() -> tuple[Any, dict[str, Any]]:
    import xarray

    coordinates = {"z": [0.0, 2, 4, 6], "y": np.arange(6) * 0.5, "x": np.arange(5) * 0.25}
    return xarray.DataArray(array("int16"), dims=("z", "y", "x"), coords=coordinates), {}


def _fortran() -> tuple[Any, dict[str, Any]]:
    return np.asfortranarray(array("int16")), dict(GRID)


IMAGES: dict[str, Callable[[], tuple[Any, dict[str, Any]]]] = {
    "SimpleITK": _sitk_image,
    "nibabel": _nibabel_image,
    "dask": _dask_array,
    "xarray": _xarray,
    "Fortran order": _fortran,
}
