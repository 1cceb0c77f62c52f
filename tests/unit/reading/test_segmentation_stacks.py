"""Segmentations whose frames have several orientations."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest

import dicomseries as dcs
from dicomseries.errors import ReadError
from judges.known import write_known_series

STORED = (np.arange(7 * 4 * 5, dtype="int16") * 7 - 300).reshape(7, 4, 5)
AXIAL, CORONAL, SAGITTAL = (1, 0, 0, 0, 1, 0), (1, 0, 0, 0, 0, -1), (0, 1, 0, 0, 0, -1)
ORIENTATIONS = (AXIAL, CORONAL, CORONAL, SAGITTAL, AXIAL, SAGITTAL, CORONAL)
LABELS = np.random.default_rng(15).integers(0, 3, STORED.shape).astype("uint8")
LABELS[3] = 0  # the middle one of the coronal slices
FORMS = ("binary", "labelmap", "fractional")

pytestmark = pytest.mark.filterwarnings("ignore::dicomseries.errors.DicomSeriesWarning")


def placed(index, dataset):
    cosines = np.array(ORIENTATIONS[index], float)
    along = 2.5 * ORIENTATIONS[:index].count(ORIENTATIONS[index])
    point = (-30, 20, 10) + along * np.cross(cosines[:3], cosines[3:])
    dataset.ImageOrientationPatient = [f"{value:.8f}" for value in cosines]
    dataset.ImagePositionPatient = [f"{value:.8f}" for value in point]


@pytest.fixture(scope="module")
def scout(tmp_path_factory):
    """A localizer of three orientations, and a segmentation of it in each form."""
    folder = tmp_path_factory.mktemp("scout")
    write_known_series(folder / "mr", STORED, change=placed)
    for form in FORMS:
        array, options = LABELS, {"segments": {1: "Liver", 2: "Spleen"}}
        if form == "fractional":
            array = np.stack([LABELS == 1, LABELS == 2]).astype("float32")
            options = {"segments": {0: "Liver", 1: "Spleen"}, "axes": "czyx"}
        dcs.write(
            array,
            folder / form,
            kind="Segmentation",
            like=folder / "mr",
            segmentation_type=form,
            sync=False,
            **options,
        )
    return folder


def meant(form, labels=LABELS):
    return np.stack([labels == 1, labels == 2]) if form == "fractional" else labels


@pytest.mark.parametrize("form", FORMS)
def test_a_segmentation_read_alone_has_the_planes_of_its_frames(scout, form):
    volume = dcs.read(scout / form)
    source = dcs.read(scout / "mr")
    kept = np.arange(7) if form == "labelmap" else np.delete(np.arange(7), 3)
    np.testing.assert_array_equal(volume.positions_mm, source.positions_mm[kept])
    np.testing.assert_array_equal(volume.orientations, source.orientations[kept])
    np.testing.assert_array_equal(volume, meant(form, LABELS[kept]))


@pytest.mark.parametrize("form", FORMS)
def test_a_segmentation_lies_on_its_source_and_on_each_stack_of_it(scout, form):
    source = scout / "mr"
    np.testing.assert_array_equal(dcs.read(scout / form, onto=source), meant(form))
    for stack, slices in (("axial", slice(0, 2)), ("coronal", slice(2, 5))):
        onto = dcs.read(scout / form, onto=dcs.read(source, stack=stack))
        np.testing.assert_array_equal(onto, meant(form, LABELS[slices]))
        assert onto.is_regular


@pytest.mark.parametrize("form", FORMS)
def test_a_stack_of_a_segmentation_is_a_volume_with_its_empty_slice(scout, form):
    (series,) = dcs.scan(scout / form).series
    coronal = 3 if form == "labelmap" else 2
    assert {stack.name: len(stack.members) for stack in series.stacks} == {
        "axial": 2,
        "coronal": coronal,
        "sagittal": 2,
    }
    volume = dcs.read(scout / form, stack="coronal")
    np.testing.assert_array_equal(volume, meant(form, LABELS[2:5]))
    affine = dcs.read(scout / "mr", stack="coronal").grid.affine()
    np.testing.assert_allclose(volume.grid.affine(), affine, atol=1e-9)
    assert volume.segment("Spleen").array.sum() == (LABELS[2:5] == 2).sum()


def test_a_frame_without_a_position_is_named_as_the_reason(scout, tmp_path):
    (path,) = (scout / "binary").glob("*.dcm")
    dataset = pydicom.dcmread(path)
    del dataset.PerFrameFunctionalGroupsSequence[2].PlanePositionSequence
    dataset.save_as(tmp_path / "a.dcm")
    with pytest.raises(ReadError, match="lack ImagePositionPatient") as caught:
        dcs.read(tmp_path / "a.dcm")
    assert caught.value.code == "position-missing"


@pytest.mark.parametrize("form", FORMS)
def test_the_slices_of_each_orientation_are_a_stack_by_its_number(scout, form):
    assert list(dcs.check(scout / form, validators=True)) == []
    (path,) = (scout / form).glob("*.dcm")
    dataset = pydicom.dcmread(path)
    pointers = [item.DimensionIndexPointer for item in dataset.DimensionIndexSequence]
    assert pointers[-2:] == [pydicom.tag.Tag("StackID"), pydicom.tag.Tag("InStackPositionNumber")]
    normals = {}
    for frame in dataset.PerFrameFunctionalGroupsSequence:
        content = frame.FrameContentSequence[0]
        place = (int(content.StackID), content.InStackPositionNumber)
        assert tuple(content.DimensionIndexValues)[-2:] == place
        cosines = np.reshape(frame.PlaneOrientationSequence[0].ImageOrientationPatient, (2, 3))
        along = np.cross(*cosines) @ frame.PlanePositionSequence[0].ImagePositionPatient
        normals.setdefault((content.StackID, tuple(cosines[0])), {})[place[1]] = round(along, 6)
    assert len(normals) == 3
    for places in normals.values():
        first = min(places)
        steps = {round(along - places[first], 6) - 2.5 * (n - first) for n, along in places.items()}
        assert steps == {0.0}


def test_check_compares_slices_of_one_orientation_where_no_stack_is_numbered(scout, tmp_path):
    (path,) = (scout / "binary").glob("*.dcm")
    dataset = pydicom.dcmread(path)
    for frame in dataset.PerFrameFunctionalGroupsSequence:
        del frame.FrameContentSequence[0].StackID
    dataset.save_as(tmp_path / "a.dcm")
    findings = {finding.id: finding.level for finding in dcs.check(tmp_path, validators=False)}
    assert findings["GEO-002"] == "warning"
    assert not {"GEO-004", "GEO-008", "GEO-009"} & {*findings}
