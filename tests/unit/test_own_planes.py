"""Promises about series whose slices lie on separate planes."""

from __future__ import annotations

import json
import pickle
import sys

import numpy as np
import pydicom
import pytest

import dicomseries as dcs
from dicomseries.cli.app import run
from dicomseries.errors import DicomSeriesError, GeometryError, VerificationError
from dicomseries.sources import WrittenPlanes, grid_of_planes

ARRAY = (np.arange(5 * 8 * 6).reshape(5, 8, 6) % 251).astype("int16")
UNEVEN = [(1, 2, 0), (1, 2, 2.5), (1, 2, 4), (1, 2, 9), (1, 2, 13.25)]
GAP = [(0, 0, 0), (0, 0, 2.5), (0, 0, 7.5), (0, 0, 10), (0, 0, 12.5)]
TILTED = [(0, 0.9 * index, 2.5 * index) for index in range(5)]
SHEAR = np.array([[0.7, 0, 0.1, 3], [0, 0.8, 0.9, 4], [0, 0, 2.5, 5], [0, 0, 0, 1.0]])
PLACED = {"positions": UNEVEN, "spacing": (0.7, 0.8, 2)}
AXIAL, SAGITTAL = ["1", "0", "0", "0", "1", "0"], ["0", "1", "0", "0", "0", "-1"]
DEMANDED = {
    "EnhancedCT": {"RescaleType": "HU", "IrradiationEventUID": "1.2.3"},
    "EnhancedMR": {"ApplicableSafetyStandardAgency": "IEC"},
}
KINDS = ["CT", "MR", "PT", "SC", "EnhancedCT", "MultiframeSC", "ParametricMap", "Segmentation"]


def voxels(kind):
    if kind == "Segmentation":
        return (ARRAY % 3).astype("uint8")
    return ARRAY.astype("uint8") if "SC" in kind else ARRAY


def datasets(folder):
    return [pydicom.dcmread(path) for path in sorted(folder.glob("*.dcm"))]


def positions_in(folder):
    """Position of each slice as the files have it, in the order of the files or frames."""
    first, *others = datasets(folder)
    if "PerFrameFunctionalGroupsSequence" not in first:
        places = [dataset.ImagePositionPatient for dataset in (first, *others)]
    else:
        places = []
        for frame in first.PerFrameFunctionalGroupsSequence:
            places.append(frame.PlanePositionSequence[0].ImagePositionPatient)
    return np.array(places, float)


def source(folder, places, *, orientations=None, change=None):
    """A CT series at places, with the texts of a scanner."""
    dcs.write(
        ARRAY,
        folder / "even",
        kind="CT",
        affine=np.diag([0.7, 0.8, 2.5, 1]),
        space="LPS",
        metadata={"RescaleType": "HU"},
        verify=False,
    )
    (folder / "source").mkdir()
    for index, dataset in enumerate(datasets(folder / "even")):
        dataset.ImagePositionPatient = [f"{number:.4f}" for number in places[index]]
        if orientations:
            dataset.ImageOrientationPatient = orientations[index]
        del dataset.SpacingBetweenSlices
        dataset.SliceThickness = "2.50"
        if change is not None:
            change(dataset)
        dataset.save_as(folder / "source" / f"{index}.dcm")
    return folder / "source"


# ------------------------------------------------------------------------------- stated positions
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("places", ["uneven", "sheared"])
def test_slices_are_written_at_their_positions(tmp_path, kind, places):
    options, expected, between = PLACED, np.array(UNEVEN, float), None
    if places == "sheared":
        options = {"affine": SHEAR, "space": "LPS"}
        expected = SHEAR[:3, 3] + np.arange(5)[:, None] * SHEAR[:3, 2]
        between = 2.5
    metadata = DEMANDED.get(kind, {})
    receipt = dcs.write(voxels(kind), tmp_path / "out", kind=kind, metadata=metadata, **options)
    written = positions_in(tmp_path / "out")
    np.testing.assert_allclose(np.unique(written, axis=0), np.unique(expected, axis=0), atol=1e-9)
    first = datasets(tmp_path / "out")[0]
    if "SharedFunctionalGroupsSequence" in first:
        assert "DimensionOrganizationType" not in first
        first = first.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    assert first.get("SpacingBetweenSlices") == between
    assert first.SliceThickness == (between or 2)
    assert receipt.to_dict()["irregular"] == ("uneven" if between is None else "sheared")
    assert receipt.to_dict()["spacing_mm"][2] is None


def test_positions_are_those_of_the_slices_also_against_the_normal(tmp_path):
    dcs.write(
        ARRAY, tmp_path / "out", kind="CT", positions=[9, 5, 4, 2, 0], spacing=(1, 1, 1), sync=False
    )
    files = datasets(tmp_path / "out")
    assert [float(file.ImagePositionPatient[2]) for file in files] == [0, 2, 4, 5, 9]
    np.testing.assert_array_equal(files[4].pixel_array, ARRAY[0])


def test_even_positions_are_a_regular_series_with_the_stated_thickness(tmp_path):
    dcs.write(ARRAY, tmp_path, kind="CT", positions=[0, 2, 4, 6, 8], spacing=(1, 1, 1.5))
    first = datasets(tmp_path)[0]
    assert (first.SliceThickness, first.SpacingBetweenSlices) == (1.5, 2)
    assert not [finding for finding in dcs.check(tmp_path) if finding.level == "error"]


def test_a_gap_much_longer_than_the_other_distances_is_a_gap(tmp_path):
    positions = [0, 1, 2, 3, 300]
    dcs.write(ARRAY, tmp_path, kind="CT", positions=positions, spacing=(1, 1, 1), sync=False)
    heights = [float(file.ImagePositionPatient[2]) for file in datasets(tmp_path)]
    assert heights == positions


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"positions": UNEVEN[:3]}, "positions-count"),
        ({"positions": "nobody.csv"}, "positions-unreadable"),
        ({"positions": [0, 1, 2, np.nan, 5]}, "positions-count"),
        ({"positions": [0, 1, 1, 2, 3]}, "positions-repeated"),
        ({"positions": [0, 1, 5, 2, 6]}, "positions-out-of-order"),
        ({"positions": [(0, z, 0) for z in range(5)]}, "positions-in-plane"),
        ({"positions": UNEVEN, "origin": (0, 0, 0)}, "geometry-given-twice"),
        ({"positions": [1, 2, 3, 5, 9], "origin": (0, 0, 0)}, "positions-ambiguous"),
        ({"positions": UNEVEN, "spacing": None}, "geometry-missing"),
        (
            {"positions": UNEVEN, "spacing": None, "affine": SHEAR, "space": "LPS"},
            "geometry-given-twice",
        ),
        ({"positions": UNEVEN, "orient": "coronal"}, "slices-not-turnable"),
        ({"positions": UNEVEN, "per_volume": {"SliceLocation": [1, 2, 3, 4, 5]}}, "spacing-uneven"),
    ],
)
def test_contradictions_are_rejected_before_anything_is_read(options, code):
    with pytest.raises(DicomSeriesError) as error:
        dcs.plan(ARRAY, kind="CT", **({"spacing": (1, 1, 2)} | options))
    assert error.value.code == code
    assert error.value.remedy


def test_a_shear_within_the_slice_is_rejected():
    matrix = np.eye(4)
    matrix[0, 1] = 0.3
    with pytest.raises(GeometryError) as error:
        dcs.plan(ARRAY, kind="CT", affine=matrix, space="LPS")
    assert error.value.code == "axes-not-right-angled"


def test_only_a_write_takes_a_sheared_affine():
    with pytest.raises(GeometryError):
        dcs.open_volume(ARRAY, affine=SHEAR, space="LPS")


def test_the_thickness_of_slices_in_one_file_is_demanded():
    planes = grid_of_planes((5, 8, 6), (1, 1), UNEVEN, (1, 0, 0, 0, 1, 0))
    volume = dcs.Volume(slabs=dcs.open_volume(ARRAY, spacing=(1, 1, 1)).slabs, grid=planes)
    with pytest.raises(GeometryError) as error:
        dcs.plan(volume, kind="ParametricMap")
    assert error.value.code == "spacing-missing"
    plan = dcs.plan(volume, kind="CT")
    assert any("SliceThickness is empty" in text for text in plan.advice)
    thick = dcs.plan(volume, kind="ParametricMap", metadata={"SliceThickness": 3})
    assert "SliceThickness" in str(thick)


def test_a_thickness_that_is_not_known_is_not_made_up(tmp_path):
    dcs.write(ARRAY, tmp_path, kind="CT", positions=UNEVEN, spacing=(0.7, 0.8))
    assert datasets(tmp_path)[0].SliceThickness is None


def test_the_receipt_names_readers_that_misplace_the_slices(tmp_path):
    advice = " ".join(dcs.plan(ARRAY, kind="CT", **PLACED).advice)
    assert "OHIF 3.13 shows the slices one by one" in advice
    assert "takes the first gap for all, and writes an interpolated file" in advice
    for kind, words in (
        ("CT", "both in wrong places"),
        ("MR", "dcm2niix 1.0 drops the shift"),
        ("SC", "OHIF 3.13, SimpleITK 2.5"),
        ("ParametricMap", "Cornerstone3D 5 lays the slices straight"),
    ):
        sheared = " ".join(dcs.plan(ARRAY, kind=kind, affine=SHEAR, space="LPS").advice)
        assert words in sheared
    labels = (ARRAY > 0).astype("uint8")
    receipt = dcs.write(labels, tmp_path / "seg", kind="Segmentation", **PLACED)
    assert "vtk-dicom 0.8 spreads it evenly" in " ".join(receipt.advice)
    regular = dcs.plan(ARRAY, kind="CT", spacing=(1, 1, 2)).advice
    assert "no regular grid" not in " ".join(regular)


# ----------------------------------------------------------------------------------- command line
@pytest.mark.parametrize("form", ["words", "csv", "json", "npy"])
def test_the_command_line_takes_positions_as_words_or_from_a_file(tmp_path, monkeypatch, form):
    monkeypatch.chdir(tmp_path)
    np.save("a.npy", ARRAY)
    (tmp_path / "p.csv").write_text(
        "x;y;z\n" + "\n".join("{};{};{}".format(*p) for p in UNEVEN), encoding="utf-8"
    )
    (tmp_path / "p.json").write_text(json.dumps(UNEVEN), encoding="utf-8")
    np.save("p.npy", UNEVEN)
    word = {"words": "-1,0,2,7,9"}.get(form, f"p.{form}")
    words = ["write", "a.npy", "out", "--kind", "ct", "--spacing", "0.7", "0.8", "2"]
    assert run([*words, "--positions", word, "--quiet"]) == 0
    expected = [(0, 0, z) for z in (-1, 0, 2, 7, 9)] if form == "words" else UNEVEN
    np.testing.assert_allclose(positions_in(tmp_path / "out"), expected)


# ------------------------------------------------------------------------------------------- check
@pytest.mark.parametrize("kind", ["CT", "EnhancedCT", "Segmentation"])
@pytest.mark.parametrize("places", ["uneven", "gap", "sheared"])
def test_check_warns_of_irregular_slices_that_contradict_nothing(tmp_path, kind, places):
    options = {
        "uneven": PLACED,
        "gap": {"positions": GAP, "spacing": (0.7, 0.8, 2)},
        "sheared": {"affine": SHEAR, "space": "LPS"},
    }[places]
    metadata = DEMANDED.get(kind, {})
    array = np.maximum(voxels(kind), 1)  # no empty slice
    dcs.write(array, tmp_path / "out", kind=kind, metadata=metadata, sync=False, **options)
    findings = dcs.check(tmp_path / "out", validators=False)
    assert findings.errors == ()
    if kind == "CT":
        assert {finding.id for finding in findings.warnings} & {"GEO-005", "GEO-006", "GEO-009"}


def test_check_sees_no_lost_file_where_the_numbers_of_the_slices_have_no_gap(tmp_path):
    # Written with one digit and two: "9 " and "10" are neighbours.
    places = [0, 2, 4, 6, 8, 10, 12, 14, 16, 20, 22]
    array = np.arange(11 * 4 * 5, dtype="int16").reshape(11, 4, 5)
    dcs.write(array, tmp_path, kind="CT", positions=places, spacing=(1, 1, 2), sync=False)
    assert dcs.check(tmp_path, validators=False).errors == ()
    for path in sorted(tmp_path.glob("*.dcm"))[9:]:
        dataset = pydicom.dcmread(path)
        dataset.InstanceNumber += 1
        dataset.save_as(path)
    findings = dcs.check(tmp_path, validators=False)
    assert [finding.id for finding in findings.errors if finding.id.startswith("GEO")] == [
        "GEO-005"
    ]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"SpacingBetweenSlices": "2.5"}, "GEO-006"),
        ({"GantryDetectorTilt": "0"}, "GEO-009"),
        ({}, "GEO-005"),
    ],
    ids=["distance stated", "no tilt stated", "file lost"],
)
def test_check_reports_an_error_where_files_contradict_themselves(tmp_path, fault, code):
    places = {"GEO-005": [(0, 0, 2.5 * k) for k in range(5)], "GEO-006": UNEVEN, "GEO-009": TILTED}

    def change(dataset):
        for keyword, text in fault.items():
            setattr(dataset, keyword, text)

    path = source(tmp_path, places[code], change=change)
    if not fault:
        (path / "2.dcm").unlink()
    errors = {finding.id for finding in dcs.check(path, validators=False).errors}
    assert code in errors


# ------------------------------------------------------------------------------- a source's planes
def test_a_result_keeps_the_planes_of_an_uneven_source_to_the_letter(tmp_path):
    path = source(tmp_path, UNEVEN)
    dcs.write(ARRAY * 0.5, tmp_path / "out", like=path)
    for before, after in zip(datasets(path), datasets(tmp_path / "out"), strict=True):
        texts = [number.original_string for number in after.ImagePositionPatient]
        assert texts == [number.original_string for number in before.ImagePositionPatient]
        assert after.SliceThickness.original_string == "2.50"
        assert "SpacingBetweenSlices" not in after
        (image,) = after.SourceImageSequence
        assert image.ReferencedSOPInstanceUID == before.SOPInstanceUID
        assert image.SpatialLocationsPreserved == "YES"


def test_a_tilted_source_keeps_its_tilt_and_states_it(tmp_path):
    path = source(tmp_path, TILTED, change=lambda dataset: tilt(dataset, "-19.8"))
    dcs.write(ARRAY * 0.5, tmp_path / "out", like=path)
    np.testing.assert_allclose(positions_in(tmp_path / "out"), TILTED)
    assert {float(file.GantryDetectorTilt) for file in datasets(tmp_path / "out")} == {-19.8}
    assert {float(file.SpacingBetweenSlices) for file in datasets(tmp_path / "out")} == {2.5}


def tilt(dataset, text):
    dataset.GantryDetectorTilt = text


def test_no_tilt_is_made_up(tmp_path):
    dcs.write(ARRAY, tmp_path, kind="CT", affine=SHEAR, space="LPS")
    assert "GantryDetectorTilt" not in datasets(tmp_path)[0]


@pytest.mark.parametrize("kind", ["SC", "ParametricMap", "Segmentation"])
@pytest.mark.parametrize("places", [UNEVEN, TILTED], ids=["uneven", "tilted"])
def test_results_of_other_kinds_keep_the_planes_too(tmp_path, kind, places):
    path = source(tmp_path, places)
    dcs.write(voxels(kind), tmp_path / "out", kind=kind, like=path)
    written = np.unique(positions_in(tmp_path / "out"), axis=0)
    np.testing.assert_allclose(written, np.unique(np.array(places, float), axis=0))


@pytest.mark.parametrize("kind", ["CT", "ParametricMap", "Segmentation"])
def test_slices_of_several_orientations_keep_theirs(tmp_path, kind):
    places = [(0, 0, 0), (0, 0, 3), (3, 0, 10), (6, 0, 10), (9, 0, 10)]
    orientations = [AXIAL] * 2 + [SAGITTAL] * 3
    path = source(tmp_path, places, orientations=orientations)
    dcs.write(voxels(kind), tmp_path / "out", kind=kind, like=path)
    expected = set(zip(map(tuple, places), map(tuple, orientations), strict=True))
    written = set()
    first, *others = datasets(tmp_path / "out")
    if others:
        for file in (first, *others):
            orientation = [str(number.original_string) for number in file.ImageOrientationPatient]
            written.add((tuple(map(float, file.ImagePositionPatient)), tuple(orientation)))
    else:
        for frame in first.PerFrameFunctionalGroupsSequence:
            position = frame.PlanePositionSequence[0].ImagePositionPatient
            cosines = frame.PlaneOrientationSequence[0].ImageOrientationPatient
            orientation = [str(number.original_string) for number in cosines]
            written.add((tuple(map(float, position)), tuple(orientation)))
    assert written == expected


@pytest.mark.parametrize("kind", ["EnhancedCT", "Segmentation"])
def test_slices_of_one_orientation_each_are_the_first_of_their_stacks(tmp_path, kind):
    coronal, oblique = ["1", "0", "0", "0", "0", "-1"], ["0.6", "0.8", "0", "0", "0", "-1"]
    turned = [AXIAL, SAGITTAL, coronal, oblique, ["1", "0", "0", "0", "0.6", "0.8"]]
    path = source(tmp_path, UNEVEN, orientations=turned)
    metadata = DEMANDED.get(kind, {})
    array = np.ones_like(voxels(kind))
    dcs.write(array, tmp_path / "out", kind=kind, like=path, metadata=metadata)
    places = []
    for frame in datasets(tmp_path / "out")[0].PerFrameFunctionalGroupsSequence:
        content = frame.FrameContentSequence[0]
        stated = (int(content.StackID), content.InStackPositionNumber)
        assert tuple(content.DimensionIndexValues[-2:]) == stated
        places.append(stated)
    assert places == [(stack, 1) for stack in range(1, 6)]


REPEATED = [(0, 0, 0), (0, 0, 2.5), (0, 0, 2.5), (0, 0, 5), (0, 0, 7)]
"""Places of four axial slices and a sagittal one."""


def test_slices_of_an_orientation_at_one_place_are_in_different_stacks(tmp_path):
    path = source(tmp_path, REPEATED, orientations=[AXIAL] * 4 + [SAGITTAL])
    dcs.write(
        ARRAY, tmp_path / "out", kind="EnhancedCT", like=path, metadata=DEMANDED["EnhancedCT"]
    )
    places = []
    for frame in datasets(tmp_path / "out")[0].PerFrameFunctionalGroupsSequence:
        content = frame.FrameContentSequence[0]
        places.append((int(content.StackID), content.InStackPositionNumber))
        assert tuple(content.DimensionIndexValues[-2:]) == places[-1]
    assert sorted(places) == [(1, 1), (1, 2), (1, 3), (2, 1), (3, 1)]


def test_a_segmentation_of_slices_at_one_place_is_rejected_as_it_could_not_be_read(tmp_path):
    path = source(tmp_path, REPEATED, orientations=[AXIAL] * 4 + [SAGITTAL])
    with pytest.raises(GeometryError, match="two of which are at one place"):
        dcs.plan(np.ones_like(voxels("Segmentation")), kind="Segmentation", like=path)


def of_two_scans(dataset):
    """Give the first two slices finer pixels, and another thickness."""
    is_first = dataset.InstanceNumber <= 2
    dataset.PixelSpacing = ["0.32", "0.4"] if is_first else ["0.5500", "0.70"]
    dataset.SliceThickness = "1.50" if is_first else "2.50"


@pytest.mark.filterwarnings("ignore::dicomseries.DicomSeriesWarning")
@pytest.mark.parametrize("is_turned", [True, False], ids=["two orientations", "parallel"])
@pytest.mark.parametrize("kind", ["CT", "SC", "EnhancedCT", "MultiframeSC", "ParametricMap", "SEG"])
def test_slices_of_several_pixel_spacings_keep_theirs(tmp_path, kind, is_turned):
    places = [(0, 0, 0), (0, 0, 3), (3, 0, 10), (6, 0, 10), (9, 0, 10)]
    orientations = [AXIAL] * 2 + [SAGITTAL] * 3
    if not is_turned:
        places, orientations = UNEVEN, None
    path = source(tmp_path, places, orientations=orientations, change=of_two_scans)
    before = dcs.read(path)
    array = voxels("Segmentation" if kind == "SEG" else kind)
    metadata = DEMANDED.get(kind, {})
    before.derive(array, kind=kind, metadata=metadata).write(tmp_path / "out")
    after = dcs.read(tmp_path / "out")
    np.testing.assert_array_equal(after, array)
    np.testing.assert_array_equal(after.grid.spacings_mm, before.grid.spacings_mm)
    np.testing.assert_allclose(after.positions_mm, before.positions_mm)
    assert sorted(measures_in(tmp_path / "out")) == [
        *[("0.32", "0.4", "1.50")] * 2,
        *[("0.5500", "0.70", "2.50")] * 3,
    ]


def measures_in(folder):
    """PixelSpacing and SliceThickness of each slice that voxels of a segment lie in."""
    first, *others = datasets(folder)
    items = [first, *others]
    if "PerFrameFunctionalGroupsSequence" in first:
        items = []
        by_place = {}
        for frame in first.PerFrameFunctionalGroupsSequence:
            place = tuple(frame.PlanePositionSequence[0].ImagePositionPatient)
            by_place[place] = frame.PixelMeasuresSequence[0]
        items = list(by_place.values())
    measures = []
    for item in items:
        texts = [number.original_string for number in item.PixelSpacing]
        measures.append((*texts, item.SliceThickness.original_string))
    return measures


@pytest.mark.filterwarnings("ignore::dicomseries.DicomSeriesWarning")
def test_a_slice_far_from_the_others_keeps_its_place(tmp_path):
    places = [(0, 0, z) for z in (0, 202.5, 203.75, 205, 206.25)]
    volume = dcs.read(source(tmp_path, places))
    for kind in ("CT", "ParametricMap"):
        volume.derive(volume.array * 0.5, kind=kind).write(tmp_path / kind)
        np.testing.assert_allclose(positions_in(tmp_path / kind), places)


@pytest.mark.filterwarnings("ignore::dicomseries.DicomSeriesWarning")
@pytest.mark.parametrize("part", [slice(None), slice(1, 4)])
@pytest.mark.parametrize("kind", ["EnhancedCT", "CT", "SC", "ParametricMap", "Segmentation"])
def test_a_result_of_uneven_frames_keeps_their_planes_and_thickness(tmp_path, kind, part):
    dcs.write(
        ARRAY, tmp_path / "source", kind="EnhancedCT", metadata=DEMANDED["EnhancedCT"], **PLACED
    )
    volume = dcs.read(tmp_path / "source", slices=part if part.start else None)
    options = {"kind": kind, "metadata": DEMANDED.get(kind, {})}
    volume.derive(voxels(kind)[part], **options).write(tmp_path / "out")
    written = np.unique(positions_in(tmp_path / "out"), axis=0)
    np.testing.assert_allclose(written, np.array(UNEVEN[part], float))
    first = datasets(tmp_path / "out")[0]
    if "SharedFunctionalGroupsSequence" in first:
        first = first.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    assert first.SliceThickness == 2


@pytest.mark.filterwarnings("ignore::dicomseries.DicomSeriesWarning")
@pytest.mark.filterwarnings("ignore:The value length:UserWarning")
def test_an_orientation_of_too_many_digits_is_that_of_its_slice(tmp_path):
    places = [(0, 0, 0), (0, 0, 3), (3, 0, 10), (6, 0, 10), (9, 0, 10)]
    oblique = ["0.28734788556634539", "0.95782628522115133", "0", "0", "0", "-1"]
    path = source(tmp_path, places, orientations=[AXIAL] * 2 + [oblique] * 3)
    for kind in ("CT", "ParametricMap"):
        dcs.write(ARRAY * 0.5, tmp_path / kind, kind=kind, like=path)
        orientations = dcs.read(tmp_path / kind).orientations
        np.testing.assert_allclose(orientations[-1], np.array(oblique, float), atol=1e-12)


def test_a_stated_thickness_completes_slices_that_go_into_one_file(tmp_path):
    def without_thickness(dataset):
        del dataset.SliceThickness

    path = source(tmp_path, UNEVEN, change=without_thickness)
    with pytest.raises(GeometryError) as error:
        dcs.plan(voxels("Segmentation"), kind="Segmentation", like=path)
    assert "SliceThickness" in error.value.remedy
    thick = {"metadata": {"SliceThickness": 3}, "like": path}
    dcs.write(voxels("Segmentation"), tmp_path / "out", kind="Segmentation", **thick)
    groups = datasets(tmp_path / "out")[0].SharedFunctionalGroupsSequence[0]
    assert groups.PixelMeasuresSequence[0].SliceThickness == 3


def test_an_array_of_fewer_slices_is_rejected_with_a_way_on(tmp_path):
    path = source(tmp_path, UNEVEN)
    with pytest.raises(GeometryError) as error:
        dcs.plan(ARRAY[:4], like=path)
    assert error.value.code == "shape-of-another-grid"
    assert "positions=" in error.value.remedy


@pytest.mark.filterwarnings("ignore::dicomseries.DicomSeriesWarning")
@pytest.mark.parametrize("part", [slice(None), slice(1, 4)])
def test_a_volume_that_was_read_derives_onto_its_planes(tmp_path, part):
    path = source(tmp_path, UNEVEN)
    volume = dcs.read(path, slices=part) if part.start else dcs.read(path)
    volume.derive(volume.array * 0.5).write(tmp_path / "out")
    np.testing.assert_allclose(positions_in(tmp_path / "out"), UNEVEN[part])


def test_part_of_the_slices_names_their_source_slices(tmp_path):
    path = source(tmp_path, UNEVEN)
    options = {"positions": UNEVEN[1:4], "spacing": (0.7, 0.8, 2.5)}
    dcs.write(ARRAY[1:4], tmp_path / "out", like=path, **options)
    images = [file.SourceImageSequence[0] for file in datasets(tmp_path / "out")]
    before = datasets(path)[1:4]
    assert [image.ReferencedSOPInstanceUID for image in images] == [
        file.SOPInstanceUID for file in before
    ]


def test_slices_between_those_of_the_source_name_both_neighbours(tmp_path):
    path = source(tmp_path, UNEVEN)
    options = {"positions": [(1, 2, 1), (1, 2, 4), (1, 2, 7)], "spacing": (0.7, 0.8, 2.5)}
    dcs.write(ARRAY[:3], tmp_path / "out", like=path, **options)
    uids = [file.SOPInstanceUID for file in datasets(path)]
    named = []
    for file in datasets(tmp_path / "out"):
        images = [image.ReferencedSOPInstanceUID for image in file.SourceImageSequence]
        named.append([uids.index(uid) for uid in images])
    assert named == [[0, 1], [2], [3, 2]]


# ------------------------------------------------------------------------------------- read back
def test_a_slice_in_the_wrong_plane_is_found_before_anything_appears(tmp_path, monkeypatch):
    def moved(planes, indices=None):
        texts = list(planes.texts.positions)
        texts[1], texts[2] = texts[2], texts[1]
        return texts if indices is None else [texts[index] for index in indices]

    module = sys.modules["dicomseries.plan.series_plan"]
    monkeypatch.setattr(module, "all_position_texts", moved)
    monkeypatch.setattr(WrittenPlanes, "position_texts", lambda planes, i: moved(planes)[i])
    with pytest.raises(VerificationError, match="GEO-020"):
        dcs.write(ARRAY, tmp_path / "out", kind="CT", **PLACED)
    assert not (tmp_path / "out").exists()


def test_planes_survive_a_process_and_a_second_flip():
    planes = grid_of_planes((5, 8, 6), (1, 1), UNEVEN, (1, 0, 0, 0, 1, 0), thickness_mm=2)
    again = pickle.loads(pickle.dumps(planes))  # noqa: S301 - made here
    assert (again, again.printed, again.thickness_mm) == (planes, planes.printed, 2)
    assert planes.flipped("z").flipped("z").printed == planes.printed
    np.testing.assert_allclose(planes.flipped("x").flipped("x").positions_lps, UNEVEN)


def test_more_than_nineteen_slices_are_compared_in_the_order_of_their_numbers(tmp_path):
    positions = np.cumsum([0, *([2.0, 3.5] * 11)])
    array = np.arange(len(positions) * 20, dtype="int16").reshape(-1, 4, 5)
    placed = {"positions": positions, "spacing": (0.7, 0.8, 2.0)}
    dcs.write(array, tmp_path / "out", kind="CT", sync=False, **placed)
    np.testing.assert_allclose(positions_in(tmp_path / "out")[:, 2], positions)


def test_slices_without_a_place_derive_as_pictures_and_other_kinds_demand_one(tmp_path):
    def without_place(dataset):
        if dataset.InstanceNumber == 2:
            del dataset.ImageOrientationPatient

    path = source(tmp_path, UNEVEN, change=without_place)
    with pytest.raises(dcs.DicomSeriesError) as caught:
        dcs.write(ARRAY, tmp_path / "out", like=path)
    assert caught.value.code == "geometry-missing"
    dcs.write(ARRAY, tmp_path / "out", like=path, kind="SC")
    written = datasets(tmp_path / "out")
    assert len(written) == len(ARRAY)
    assert not any("ImagePositionPatient" in dataset for dataset in written)
