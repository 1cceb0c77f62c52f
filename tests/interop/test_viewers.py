"""Every kind × form of array opens in web viewers with its grid and values, without warnings.

Cornerstone3D and OHIF decide, NiiVue is a second opinion. Each is started once: that is slow.
"""

from __future__ import annotations

import runpy
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pydicom
import pytest

import dicomseries as dcs
from judges.browser import browser
from judges.cells import NUMBERS, SHAPE, Numbers, affine_of, rotation
from judges.ohif import ohif
from judges.outcomes import FLOAT32, CannotReadError
from judges.seen import Seen

ROOT = Path(__file__).parents[2]
BENCHMARKS = ROOT / "benchmarks"

Look = Callable[..., list[Seen]]

VIEWERS: dict[str, Callable[[], AbstractContextManager[Look]]] = {
    "Cornerstone3D": partial(browser, "cornerstone3d"),
    "OHIF": ohif,
    "NiiVue": partial(browser, "niivue"),
}

AXIAL, OBLIQUE = affine_of(np.eye(3)), affine_of(rotation(0.1, -0.2, 0.3))
TEN = Numbers(dtype="float32", low=-10, high=10)

FORMS = {
    "int16": (NUMBERS["int16"], SHAPE, AXIAL),
    "uint16": (NUMBERS["uint16"], SHAPE, AXIAL),
    "8-bit": (NUMBERS["uint8"], SHAPE, AXIAL),
    "float -10..10": (TEN, SHAPE, AXIAL),
    "float 0..1": (NUMBERS["float64-0-to-1"], SHAPE, AXIAL),
    "oblique": (TEN, SHAPE, OBLIQUE),
    "two slices": (NUMBERS["int16"], (2, *SHAPE[1:]), OBLIQUE),
}

KINDS = {
    "CT": {},
    "MR": {},
    "PT": {},
    "SC": {},
    "EnhancedCT": {"IrradiationEventUID": "2.25.20240229", "RescaleType": "HU"},
    "EnhancedMR": {"ApplicableSafetyStandardAgency": "IEC"},
    "MultiframeSC": {},
    "XRay3D": {},
}
NOT_HELD = {
    ("MultiframeSC", form)
    for form in ("int16", "float -10..10", "float 0..1", "oblique", "two slices")
}
"""Numbers with sign or fraction, for which this kind (unsigned 8 or 16 bits) has no room."""
UNSIGNED = {"oblique": NUMBERS["uint16"], "two slices": NUMBERS["uint8"]}

CELLS = [
    (kind, form)
    for kind in KINDS
    for form in FORMS
    if (kind, form) not in NOT_HELD or form in UNSIGNED
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Written:
    """A series and its expected view."""

    folder: Path
    array: npt.NDArray
    affine_lps: npt.NDArray[np.float64]
    max_error: float


def write(folder, kind, form):
    numbers, shape, affine = FORMS[form]
    if (kind, form) in NOT_HELD:
        numbers = UNSIGNED[form]
    array = numbers.array(shape)
    array[:, 1, 2], array[:, 4, 3] = (
        numbers.low,
        numbers.high,
    )  # both ends in every slice, whole numbers all
    receipt = dcs.write(
        array,
        folder,
        kind=kind,
        affine=affine,
        space="LPS",
        metadata=KINDS[kind],
        verify=False,
        sync=False,
    )
    return Written(folder=folder, array=array, affine_lps=affine, max_error=receipt.max_error)


def difference(look: Look, written: Written) -> str:
    """Return the difference between a viewer and the written array; "" if there is none."""
    try:
        (seen,) = look(written.folder)
    except (CannotReadError, ValueError) as error:
        return f"refused: {error}"
    if seen.warnings:
        return f"complaints: {seen.warnings}"
    seen = seen.aligned_to(written.affine_lps)
    grids = [_grid(one) for one in (seen.affine_lps, written.affine_lps)]
    off = {name: np.abs(grids[0][name] - grids[1][name]).max() for name in ALLOWED}
    faults = [
        f"{name} off by {off[name]:.3g}" for name, most in ALLOWED.items() if off[name] > most
    ]
    if seen.array.shape != written.array.shape:
        return "; ".join([f"dimensions {seen.array.shape}", *faults])
    real = written.array.astype(np.float64)
    wrong = ~(np.abs(seen.array - real) <= written.max_error + FLOAT32 * np.abs(real).max())
    return "; ".join([*faults, *[f"{wrong.sum()} voxels wrong"] * bool(wrong.any())])


ALLOWED = {"spacing": 1e-5, "direction": 1e-6, "origin": 1e-4}
"""Millimetres and cosines: float32 at 141 mm, as in NIfTI and textures."""


def _grid(affine: npt.NDArray[np.float64]) -> dict[str, npt.NDArray[np.float64]]:
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    return {"spacing": spacing, "direction": affine[:3, :3] / spacing, "origin": affine[:3, 3]}


def one_voxel_off(datasets):
    pixels = datasets[2].pixel_array.copy()
    pixels[3, 5] += 1
    datasets[2].PixelData = pixels.tobytes()


def spacing_longer_by_a_thousandth(datasets):
    for dataset in datasets:
        dataset.PixelSpacing = [dataset.PixelSpacing[0], dataset.PixelSpacing[1] * 1.001]


def axes_swapped(datasets):
    for dataset in datasets:
        dataset.PixelData = np.ascontiguousarray(dataset.pixel_array.T).tobytes()
        dataset.Rows, dataset.Columns = dataset.Columns, dataset.Rows
        dataset.PixelSpacing = dataset.PixelSpacing[::-1]


def slices_reversed(datasets):
    pixels = [dataset.PixelData for dataset in datasets]
    for dataset, other in zip(datasets, reversed(pixels), strict=True):
        dataset.PixelData = other


DAMAGES = {
    one_voxel_off: "1 voxels wrong",
    spacing_longer_by_a_thousandth: "spacing off by 0.0007",
    axes_swapped: "dimensions (5, 9, 7)",
    slices_reversed: f"{4 * (7 * 9 - 2)} voxels wrong",
}


def damaged(folder, damage):
    """Return a series whose files were changed after it was written."""
    written = write(folder, "CT", "int16")
    paths = sorted(folder.iterdir())
    datasets = [pydicom.dcmread(path) for path in paths]
    damage(datasets)
    for path, dataset in zip(paths, datasets, strict=True):
        dataset.save_as(path)
    return written


@pytest.fixture(scope="module")
def started():
    """Yield a function that returns the view of a viewer, each started once."""
    with ExitStack() as open_viewers:
        yield cache(lambda name: open_viewers.enter_context(VIEWERS[name]()))


@pytest.fixture(params=list(VIEWERS))
def viewer(request, started):
    """Return a viewer's name, and a function that returns its view of a folder."""
    return request.param, started(request.param)


LEFT_TO_CORNERSTONE = ("int16", "uint16", "float -10..10")
"""Forms that the gate shows of one kind alone in OHIF, whose engine Cornerstone3D is."""

REFUSED = {("Cornerstone3D", "MultiframeSC", "8-bit"): "Invalid frame length: 316 for 5 frames"}
"""An odd number of bytes with padding; the plan's advice names it."""


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", KINDS)
def test_a_viewer_holds_every_array_as_it_was_written(tmp_path, viewer, kind):
    name, look = viewer
    forms = [form for cell_kind, form in CELLS if cell_kind == kind]
    if name == "OHIF" and kind != "CT":
        forms = [form for form in forms if form not in LEFT_TO_CORNERSTONE]
    assert_held(tmp_path, name, look, kind, forms)


@pytest.mark.endurance
@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "CT"])
def test_ohif_holds_the_other_arrays_as_they_were_written(tmp_path, started, kind):
    forms = [form for form in LEFT_TO_CORNERSTONE if (kind, form) in CELLS]
    assert_held(tmp_path, "OHIF", started("OHIF"), kind, forms)


def assert_held(tmp_path, name, look, kind, forms):
    found = {form: difference(look, write(tmp_path / form, kind, form)) for form in forms}
    for form, said in found.items():
        assert REFUSED.get((name, kind, form), "") in said
    assert {
        form: said for form, said in found.items() if said and (name, kind, form) not in REFUSED
    } == {}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_damaged_series_is_noticed_in_every_viewer(tmp_path, viewer, damage):
    _, look = viewer
    assert DAMAGES[damage] in difference(look, damaged(tmp_path / "out", damage))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("form", ["float -10..10", "float 0..1", "int16"])
def test_the_first_look_of_ohif_is_the_first_slice_in_the_window_of_the_series(
    tmp_path, started, form
):
    written = write(tmp_path / "out", "CT", form)
    (seen,) = started("OHIF")(written.folder, layout="")
    assert seen.warnings == ()
    middle = seen.array.shape[0] // 2
    assert np.abs(seen.array[middle] - written.array).min(axis=0).max() <= written.max_error + 1e-5
    assert seen.window == pytest.approx((written.array.min(), written.array.max()), abs=1e-3)


@pytest.mark.timeout(600)
def test_ohif_makes_no_volume_of_what_the_example_of_simpleitk_writes(
    tmp_path, started, monkeypatch
):
    monkeypatch.syspath_prepend(BENCHMARKS)  # where its scripts find each other
    example = runpy.run_path(str(BENCHMARKS / "write.py"))["write_like_the_example"]
    example(np.arange(60, dtype="int16").reshape(3, 4, 5), tmp_path / "example")
    with pytest.raises(
        CannotReadError, match=r"not reconstructable: series of 1(, 1)* frames; message 3"
    ):
        started("OHIF")(tmp_path / "example")
