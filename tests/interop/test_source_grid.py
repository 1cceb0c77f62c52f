"""Arrays with turned axes are stored on the grid of the source, with its texts."""

from __future__ import annotations

import itertools
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.datadict import keyword_for_tag

import dicomseries as dcs
from dicomseries.geometry import Grid
from dicomseries.orientation import Turn

SHAPE = (5, 6, 7)
OBLIQUE = (
    0.936293363584199,
    0.275095847318244,
    0.218350663146334,
    -0.28962947762552,
    0.956425085849232,
)
DIRECTION = (*OBLIQUE, 0.036957013524625)
TEXTS = (
    "PixelSpacing",
    "ImageOrientationPatient",
    "SpacingBetweenSlices",
    "SliceThickness",
    "ImagePositionPatient",
)
METADATA = {
    "CT": {"RescaleType": "HU"},
    "MR": {},
    "PT": {},
    "SC": {},
    "EnhancedCT": {"IrradiationEventUID": "2.25.20240229", "RescaleType": "HU"},
    "EnhancedMR": {"ApplicableSafetyStandardAgency": "IEC"},
    "MultiframeSC": {},
    "XRay3D": {},
}
RESULTS = [
    *((kind, kind) for kind in METADATA),
    ("CT", "ParametricMap"),
    ("EnhancedCT", "ParametricMap"),
]
LABELS = [("CT", "Segmentation"), ("EnhancedCT", "Segmentation")]
TURNS = [
    Turn(order=order, flips=flips)
    for order in itertools.permutations(range(3))
    for flips in itertools.product((False, True), repeat=3)
]
FORMS = ("nibabel", "NIfTI file", "SimpleITK", "NRRD file", "affine=")


def numbers(kind: str) -> np.ndarray:
    rng = np.random.default_rng(7)
    return rng.integers(0, 200, SHAPE).astype("uint8" if kind == "MultiframeSC" else "uint16")


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sources")
    geometry = {
        "spacing": (0.7, 0.9, 2.5),
        "origin": (-120.1234, 33.2, -400.7),
        "direction": DIRECTION,
    }
    for kind, metadata in METADATA.items():
        dcs.write(
            numbers(kind),
            folder / kind,
            kind=kind,
            metadata=metadata,
            sync=False,
            verify=False,
            **geometry,
        )
    return folder


def turned(array: np.ndarray, grid: Grid, turn: Turn) -> tuple[np.ndarray, np.ndarray]:
    """Return the array with turned axes, and its affine in float32 as in NIfTI headers."""
    moved = array.transpose([2 - axis for axis in reversed(turn.order)])
    flipped = np.flip(moved, [2 - i for i in range(3) if turn.flips[i]])
    return np.ascontiguousarray(flipped), turn.grid(grid).affine("RAS").astype("float32")


def given_as(form: str, array: np.ndarray, affine: np.ndarray, folder: Path) -> tuple[object, dict]:
    if form == "affine=":
        return array, {"affine": affine, "space": "RAS"}
    if form in {"nibabel", "NIfTI file"}:
        image = nibabel.Nifti1Image(array.T, affine)
        nibabel.save(image, folder / "image.nii.gz")
        return (image if form == "nibabel" else folder / "image.nii.gz"), {}
    grid = Grid.from_affine(array.shape, affine, space="RAS")
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(grid.spacing_mm)
    image.SetOrigin(grid.origin_lps)
    image.SetDirection(grid.direction_lps)
    if form == "SimpleITK":
        return image, {}
    sitk.WriteImage(image, folder / "image.nrrd")
    return folder / "image.nrrd", {}


def headers(folder: Path) -> list[dict[str, tuple[str, ...]]]:
    """Return the texts of each slice along the normal, also from functional groups."""
    found = []
    for dataset in map(pydicom.dcmread, sorted(folder.glob("*.dcm"))):
        for item in dataset.get("PerFrameFunctionalGroupsSequence", [dataset]):
            parts = [dataset.get("SharedFunctionalGroupsSequence", [dataset])[0], item]
            found.append({name: texts for part in parts for name, texts in stated_places(part)})
    return found


def stated_places(dataset: pydicom.Dataset):
    for element in dataset.iterall():
        if keyword_for_tag(element.tag) in TEXTS and not element.is_empty:
            values = element.value if element.VM > 1 else [element.value]
            yield element.keyword, tuple(str(value) for value in values)


def locations(folder: Path) -> set[str]:
    """Return the positions of voxels; nothing where they are not stated slice by slice."""
    datasets = map(pydicom.dcmread, folder.glob("*.dcm"))
    return {
        one.value
        for dataset in datasets
        for one in dataset.iterall()
        if one.keyword == "SpatialLocationsPreserved"
    }


CASES = [
    (
        RESULTS[number % len(RESULTS)],
        TURNS[7 * number % len(TURNS)],
        FORMS[(number + number // 10) % len(FORMS)],
    )
    for number in range(2 * len(RESULTS))
]
"""Every kind in two different turns and two forms; tests/properties has all turns."""


@pytest.mark.parametrize(("case", "turn", "form"), CASES)
def test_voxels_of_the_source_in_any_order_are_stored_on_its_grid(
    case, turn, form, sources, tmp_path
):
    source, kind = case
    array = numbers(source) + 1 if kind != "ParametricMap" else numbers(source).astype("float32")
    grid = dcs.read(sources / source).grid
    image, geometry = given_as(form, *turned(array, grid, turn), tmp_path)
    metadata = METADATA.get(kind, {})
    dcs.write(
        image,
        tmp_path / "out",
        kind=kind,
        like=sources / source,
        metadata=metadata,
        sync=False,
        **geometry,
    )
    np.testing.assert_array_equal(np.asarray(dcs.read(tmp_path / "out").array), array)
    assert headers(tmp_path / "out") == headers(sources / source)
    assert locations(tmp_path / "out") <= {"YES"}
    findings = dcs.check(
        tmp_path / "out", against=dcs.open_volume(image, **geometry), validators=False
    )
    assert [one for one in findings if one.level == "error"] == []


@pytest.mark.parametrize("turn", TURNS[::13], ids=lambda turn: f"{turn.order}{turn.flips}")
@pytest.mark.parametrize(("source", "kind"), LABELS)
def test_labels_in_any_order_lie_over_the_source(source, kind, turn, sources, tmp_path):
    from dicomseries.api.view import look

    array = (numbers(source) > 120).astype("uint8")
    grid = dcs.read(sources / source).grid
    image, _ = given_as("nibabel", *turned(array, grid, turn), tmp_path)
    dcs.write(
        image, tmp_path / "out", kind=kind, like=sources / source, segments={1: "Lung"}, sync=False
    )
    np.testing.assert_array_equal(np.asarray(dcs.read(tmp_path / "out").array), array)
    assert headers(tmp_path / "out") == headers(sources / source)
    assert locations(tmp_path / "out") == {"YES"}
    assert len(look(sources / source, overlay=tmp_path / "out").layers) == 2


@pytest.mark.parametrize("turn", TURNS[::9], ids=lambda turn: f"{turn.order}{turn.flips}")
def test_a_part_of_the_source_is_stored_in_its_order(turn, sources, tmp_path):
    array, grid = numbers("CT"), dcs.read(sources / "CT").grid
    part = Grid(
        shape=(3, 4, 5),
        spacing_mm=grid.spacing_mm,
        origin_lps=grid.point(2, 1, 1),
        direction_lps=grid.direction_lps,
    )
    image, _ = given_as("nibabel", *turned(array[1:4, 1:5, 2:7], part, turn), tmp_path)
    dcs.write(image, tmp_path / "out", like=sources / "CT", sync=False)
    np.testing.assert_array_equal(dcs.read(tmp_path / "out").array, array[1:4, 1:5, 2:7])
    for own, theirs in zip(headers(tmp_path / "out"), headers(sources / "CT")[1:4], strict=True):
        position, other = (
            np.array(one.pop("ImagePositionPatient"), float) for one in (own, theirs)
        )
        assert own == theirs
        assert np.allclose(
            position - other, np.subtract(part.origin_lps, grid.point(0, 0, 1)), atol=1e-9
        )


def test_slices_of_the_source_keep_the_texts_of_their_positions(sources, tmp_path):
    image = nibabel.Nifti1Image(
        numbers("CT")[1:4].T, dcs.read(sources / "CT", slices=slice(1, 4)).grid.affine("RAS")
    )
    dcs.write(image, tmp_path / "out", like=sources / "CT", sync=False)
    assert headers(tmp_path / "out") == headers(sources / "CT")[1:4]


def test_a_single_slice_across_those_of_the_source_stays_one_slice(sources, tmp_path):
    array, grid = numbers("CT"), dcs.read(sources / "CT").grid
    turn = Turn(order=(0, 2, 1), flips=(False, True, False))
    coronal, affine = turned(array, grid, turn)
    lps = np.diag([-1, -1, 1, 1]) @ affine
    lps[:3, 3] = (lps @ (0, 0, 3, 1))[:3]
    receipt = dcs.write(
        coronal[3:4], tmp_path / "out", like=sources / "CT", affine=lps, space="LPS", sync=False
    )
    assert receipt.grid.shape == (1, 5, 7)


def test_voxels_between_those_of_the_source_keep_their_grid(sources, tmp_path):
    grid = dcs.read(sources / "CT").grid
    affine = grid.affine("RAS")
    affine[:3, 3] += 0.3 * affine[:3, 0]
    receipt = dcs.write(
        nibabel.Nifti1Image(numbers("CT").T, affine),
        tmp_path / "out",
        like=sources / "CT",
        sync=False,
    )
    assert np.allclose(receipt.grid.affine("RAS"), affine)


def test_the_order_of_the_array_is_kept_on_request(sources, tmp_path):
    grid = dcs.read(sources / "CT").grid
    array, affine = turned(numbers("CT"), grid, Turn(flips=(True, True, False)))
    image = nibabel.Nifti1Image(array.T, affine)
    dcs.write(image, tmp_path / "out", like=sources / "CT", orient="as-is", sync=False)
    np.testing.assert_array_equal(dcs.read(tmp_path / "out").array, array)
