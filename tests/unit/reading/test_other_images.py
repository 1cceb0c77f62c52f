"""Images of other classes: clips, projections, doses, reconstructed slices of nuclear medicine."""

from __future__ import annotations

import warnings

import numpy as np
import pydicom
import pytest

import dicomseries as dcs
from dicomseries.api.view import look
from dicomseries.checks import check
from dicomseries.errors import DicomSeriesWarning, KindError, ReadError
from dicomseries.reading import scan
from image_objects import items, save_object

GREY = np.arange(120, dtype="uint8").reshape(12, 10)
FRAMES = np.arange(4 * 120, dtype="uint16").reshape(4, 12, 10)


@pytest.fixture(autouse=True)
def _reading_notes():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DicomSeriesWarning)
        yield


def notes_of(path, **attributes):
    name = attributes.pop("name", "DX")
    stored = attributes.pop("stored", GREY)
    return dcs.read(save_object(path / "1.dcm", name, stored, **attributes)).notes


# ------------------------------------------------------------------------------------- projections
@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ({}, "Divide lengths by the magnification, if you know it."),
        ({"EstimatedRadiographicMagnificationFactor": "1.25"}, "Divide lengths by 1.25"),
        (
            {"DistanceSourceToDetector": "1800", "DistanceSourceToPatient": "1200"},
            "Divide lengths by 1.5,",
        ),
    ],
)
def test_a_spacing_at_the_detector_names_the_magnification(tmp_path, attributes, words):
    notes = notes_of(tmp_path, ImagerPixelSpacing=["0.1", "0.1"], **attributes)
    assert any("at the detector (ImagerPixelSpacing)" in note and words in note for note in notes)


@pytest.mark.parametrize(
    ("kind", "words"),
    [("FIDUCIAL", "calibrated by an object of known size"), ("GEOMETRY", "at the depth")],
)
def test_a_calibrated_spacing_says_where_it_holds(tmp_path, kind, words):
    volume = dcs.read(
        save_object(
            tmp_path / "1.dcm",
            "XA",
            GREY,
            PixelSpacing=["0.2", "0.3"],
            ImagerPixelSpacing=["0.3", "0.45"],
            PixelSpacingCalibrationType=kind,
            PixelSpacingCalibrationDescription="Ball of 10 mm",
        )
    )
    assert volume.spacing[:2] == (0.3, 0.2)
    assert any(words in note and "Ball of 10 mm" in note for note in volume.notes)


def test_an_rt_image_has_the_spacing_of_its_image_plane(tmp_path):
    path = save_object(
        tmp_path / "1.dcm",
        "RTIMAGE",
        GREY,
        ImagePlanePixelSpacing=["0.4", "0.8"],
        RTImageSID="1500",
        RadiationMachineSAD="1000",
    )
    volume = dcs.read(path)
    assert volume.grid.spacing_mm[:2] == (0.8, 0.4)
    assert volume.grid.statement.lengths == "detector"
    assert any("(ImagePlanePixelSpacing)" in note and "by 1.5," in note for note in volume.notes)


def test_several_projections_of_a_series_are_pictures_and_no_slices(tmp_path):
    for number in range(1, 5):
        save_object(tmp_path / f"{number}.dcm", "CR", GREY + number, number=number)
    volume = dcs.read(tmp_path)
    assert volume.shape == (4, 12, 10)
    assert np.isnan(volume.spacing).all()
    assert any("4 pictures" in note and "counts pictures" in note for note in volume.notes)
    assert "counts pictures in the order of InstanceNumber" in look(tmp_path).html()
    assert not [found for found in check(tmp_path, validators=False) if found.id[:3] == "GEO"]


# -------------------------------------------------------------------------------------- ultrasound
def us_region(delta=(0.026, 0.013), units=(3, 3), corners=(0, 0, 9, 11)):
    names = ("MinX0", "MinY0", "MaxX1", "MaxY1")
    places = {f"RegionLocation{name}": at for name, at in zip(names, corners, strict=True)}
    return {
        "PhysicalDeltaX": delta[0],
        "PhysicalDeltaY": delta[1],
        "PhysicalUnitsXDirection": units[0],
        "PhysicalUnitsYDirection": units[1],
        **places,
    }


def ultrasound(path, *regions):
    return dcs.read(
        save_object(path / "1.dcm", "US", GREY, SequenceOfUltrasoundRegions=items(*regions))
    )


def test_a_region_that_covers_the_picture_gives_its_spacing(tmp_path):
    volume = ultrasound(tmp_path, us_region())
    assert volume.spacing[:2] == pytest.approx((0.26, 0.13))
    assert not any("region" in note for note in volume.notes)


def test_a_part_of_the_picture_is_named_with_its_spacing(tmp_path):
    volume = ultrasound(tmp_path, us_region(corners=(2, 3, 7, 9)))
    assert volume.spacing[:2] == pytest.approx((0.26, 0.13))
    assert any("in columns 2 to 7, rows 3 to 9" in note for note in volume.notes)


def test_regions_of_different_scales_give_no_spacing_and_are_named(tmp_path):
    doppler = us_region((0.01, 0.5), (4, 7), (0, 6, 9, 11))
    volume = ultrasound(tmp_path, us_region(corners=(0, 0, 9, 5)), doppler)
    assert np.isnan(volume.spacing).all()
    (note,) = [note for note in volume.notes if "regions" in note]
    assert "0.26 mm × 0.13 mm in columns 0 to 9, rows 0 to 5" in note
    assert "0.01 s × 0.5 cm/s in columns 0 to 9, rows 6 to 11" in note


@pytest.mark.parametrize(
    ("attributes", "times"),
    [
        ({"FrameIncrementPointer": 0x00181063, "FrameTime": "40"}, (0, 0.04, 0.08, 0.12)),
        (
            {"FrameIncrementPointer": 0x00181065, "FrameTimeVector": ["0", "40", "50", "60"]},
            (0, 0.04, 0.09, 0.15),
        ),
        ({"FrameTime": "40"}, (0, 0.04, 0.08, 0.12)),
        ({"CineRate": "25"}, (0, 0.04, 0.08, 0.12)),
        ({"FrameIncrementPointer": 0x00181063, "FrameTime": "0", "CineRate": "50"}, None),
        ({}, None),
    ],
)
def test_a_clip_has_the_times_of_its_frames(tmp_path, attributes, times):
    if attributes.get("FrameTime") == "0":
        times = (0, 0.02, 0.04, 0.06)
    volume = dcs.read(save_object(tmp_path / "1.dcm", "US clip", FRAMES, **attributes))
    assert volume.shape == (4, 1, 12, 10)
    if times is None:
        assert volume.times_s is None
        return
    assert volume.times_s == pytest.approx(times)
    assert any("CineRate" in note for note in volume.notes) == ("CineRate" in attributes)
    assert np.array_equal(volume.array[:, 0], FRAMES)


def test_frames_of_a_rotating_angiography_are_views_and_no_slices(tmp_path):
    angles = ["-30", "-10", "10", "30"]
    volume = dcs.read(
        save_object(
            tmp_path / "1.dcm",
            "XA",
            FRAMES,
            FrameIncrementPointer=0x00181520,
            PositionerPrimaryAngleIncrement=angles,
            PixelSpacing=["0.3", "0.4"],
        )
    )
    assert (volume.shape, volume.times_s) == ((4, 1, 12, 10), None)
    assert volume.grid.spacing_mm[:2] == (0.4, 0.3)


# ------------------------------------------------------------------------------ nuclear medicine
def recon(path, step, order=(1, 2, 3, 4), **changes):
    detector = {
        "ImagePositionPatient": ["-20", "-30", "100"],
        "ImageOrientationPatient": ["1", "0", "0", "0", "1", "0"],
    }
    attributes = {
        "ImageType": ["ORIGINAL", "PRIMARY", "RECON TOMO", "EMISSION"],
        "PixelSpacing": ["4", "5"],
        "SpacingBetweenSlices": step,
        "SliceThickness": "9",
        "FrameIncrementPointer": 0x00540080,
        "SliceVector": list(order),
        "NumberOfSlices": len(order),
        "DetectorInformationSequence": items(detector),
        "FrameOfReferenceUID": "2.25.77",
    }
    return dcs.read(save_object(path / "1.dcm", "NM", FRAMES, **attributes | changes))


def test_reconstructed_slices_have_the_place_of_their_detector(tmp_path):
    volume = recon(tmp_path, "6")
    assert volume.spacing == (5, 4, 6)
    assert volume.grid.origin_lps == (-20, -30, 100)
    assert np.array_equal(volume.array, FRAMES)


def test_a_negative_step_runs_against_the_normal(tmp_path):
    volume = recon(tmp_path, "-6")
    assert volume.grid.origin_lps == (-20, -30, 82)
    assert np.array_equal(volume.array, FRAMES[::-1])
    corner = volume.grid.point(0, 0, 3)
    assert corner == pytest.approx((-20, -30, 100))


def test_slices_are_sorted_by_their_numbers(tmp_path):
    volume = recon(tmp_path, "6", order=(3, 1, 4, 2))
    assert np.array_equal(volume.array, FRAMES[[1, 3, 0, 2]])


@pytest.mark.parametrize(
    "changes",
    [
        {"SpacingBetweenSlices": ""},
        {"SliceVector": [1, 2]},
        {"DetectorInformationSequence": items({"FocalDistance": 0})},
        {"ImageType": ["ORIGINAL", "PRIMARY", "TOMO", "EMISSION"]},
    ],
)
def test_slices_without_a_stated_place_get_none(tmp_path, changes):
    volume = recon(tmp_path, "6", **changes)
    assert not volume.grid.statement.has_place
    assert volume.notes


def nuclear(path, frames, *vectors, **attributes):
    """Write views whose frames have these vectors, the outer one first; return their volume."""
    stored = np.arange(frames * 6, dtype="uint16").reshape(frames, 2, 3)
    tags = [pydicom.datadict.tag_for_keyword(name) for name, _ in vectors]
    attributes["FrameIncrementPointer"] = tags
    for name, numbers in vectors:
        attributes[name] = list(numbers)
    return stored, dcs.read(save_object(path / "1.dcm", "NM", stored, **attributes))


def named_axes(volume):
    return [(axis.name, axis.values, axis.unit) for axis in volume.volume_axes]


def test_static_views_are_named_by_energy_window_and_detector(tmp_path):
    windows = [
        {"EnergyWindowName": "Tc99m"},
        {
            "EnergyWindowRangeSequence": items(
                {"EnergyWindowLowerLimit": "100", "EnergyWindowUpperLimit": "120"}
            )
        },
    ]
    views = [{"ViewCodeSequence": items({"CodeMeaning": name})} for name in ("Anterior", "Left")]
    stored, volume = nuclear(
        tmp_path,
        4,
        ("EnergyWindowVector", (2, 1, 2, 1)),
        ("DetectorVector", (1, 1, 2, 2)),
        EnergyWindowInformationSequence=items(*windows),
        DetectorInformationSequence=items(*views),
    )
    assert volume.shape == (4, 1, 2, 3)
    assert np.array_equal(volume.array[:, 0], stored[[1, 3, 0, 2]])
    assert named_axes(volume) == [
        ("energy_window", ("Tc99m", "100-120 keV"), ""),
        ("detector", ("Anterior", "Left"), ""),
    ]
    assert np.array_equal(volume.pick(energy_window="Tc99m", detector="Left").array[0], stored[3])


def test_a_dynamic_study_has_the_times_of_its_phases(tmp_path):
    phases = [
        {"PhaseDelay": "0", "PauseBetweenFrames": "0", "ActualFrameDuration": "1000"},
        {"PhaseDelay": "500", "PauseBetweenFrames": "100", "ActualFrameDuration": "2000"},
    ]
    for phase, count in zip(phases, (3, 2), strict=True):
        phase["NumberOfFramesInPhase"] = count
    stored, volume = nuclear(
        tmp_path,
        5,
        ("PhaseVector", (1, 1, 1, 2, 2)),
        ("TimeSliceVector", (1, 2, 3, 1, 2)),
        PhaseInformationSequence=items(*phases),
    )
    assert volume.times_s == (0, 1, 2, 3.5, 5.6)
    assert named_axes(volume) == [("time", (0, 1, 2, 3.5, 5.6), "s")]
    assert np.array_equal(volume.array[:, 0], stored)


def test_projections_of_a_rotation_have_their_angles(tmp_path):
    rotation = {"StartAngle": "10", "AngularStep": "90", "RotationDirection": "CC"}
    _, volume = nuclear(
        tmp_path,
        8,
        ("DetectorVector", (1, 1, 1, 1, 2, 2, 2, 2)),
        ("AngularViewVector", (1, 2, 3, 4, 1, 2, 3, 4)),
        RotationInformationSequence=items(rotation),
    )
    assert named_axes(volume)[0] == ("detector", (1, 2), "")
    assert named_axes(volume)[1] == ("angular_view", (10, 280, 190, 100), "deg")
    assert volume.shape == (8, 1, 2, 3)


def test_gated_slices_are_volumes_of_the_heart_phase(tmp_path):
    gate = {"DataInformationSequence": items({"FrameTime": "125"})}
    volume = recon(
        tmp_path,
        "6",
        FrameIncrementPointer=[0x00540070, 0x00540080],
        TimeSlotVector=[1, 1, 2, 2],
        SliceVector=[1, 2, 1, 2],
        GatedInformationSequence=items(gate),
    )
    assert volume.shape == (2, 2, 12, 10)
    assert volume.grid.statement.has_place
    assert named_axes(volume) == [("cardiac_phase", (0, 125), "ms")]
    assert not any("differ in nothing" in note for note in volume.notes)


def test_slices_without_a_place_stay_slices_of_their_volumes(tmp_path):
    stored, volume = nuclear(
        tmp_path,
        6,
        ("TimeSlotVector", (1, 2, 1, 2, 1, 2)),
        ("SliceVector", (1, 1, 2, 2, 3, 3)),
        ImageType=["ORIGINAL", "PRIMARY", "RECON GATED TOMO", "EMISSION"],
    )
    assert volume.shape == (2, 3, 2, 3)
    assert np.array_equal(volume.array[1], stored[1::2])


@pytest.mark.parametrize("numbers", [(1, 2, 1), (1, 1, 1, 2), (1, 2, 3, 4, 5)])
def test_vectors_that_do_not_fit_leave_the_order_of_the_file(tmp_path, numbers):
    stored, volume = nuclear(tmp_path, 4, ("DetectorVector", numbers))
    assert np.array_equal(volume.array.reshape(stored.shape), stored)


# --------------------------------------------------------------------------------------------- dose
def dose(path, offsets, axes=("1", "0", "0", "0", "1", "0"), z="-50", **changes):
    attributes = {
        "ImagePositionPatient": ["-20", "-30", z],
        "ImageOrientationPatient": list(axes),
        "PixelSpacing": ["2", "3"],
        "GridFrameOffsetVector": offsets,
        "FrameIncrementPointer": 0x3004000C,
        "DoseGridScaling": "0.001",
        "DoseUnits": "GY",
        "FrameOfReferenceUID": "2.25.77",
    }
    return dcs.read(save_object(path / "1.dcm", "RTDOSE", FRAMES, **attributes | changes))


@pytest.mark.parametrize("offsets", [["0", "2.5", "5", "7.5"], ["-50", "-47.5", "-45", "-42.5"]])
def test_both_forms_of_offsets_place_a_dose(tmp_path, offsets):
    volume = dose(tmp_path, offsets)
    assert volume.spacing == (3, 2, 2.5)
    assert volume.grid.origin_lps == (-20, -30, -50)
    assert np.allclose(volume.array, FRAMES * 0.001)


def test_coordinates_of_a_dose_hold_where_its_normal_points_down(tmp_path):
    offsets = ["-50", "-47.5", "-45", "-42.5"]
    volume = dose(tmp_path, offsets, axes=("1", "0", "0", "0", "-1", "0"))
    affine = volume.grid.affine()
    by_z = {}
    for index in range(4):
        z = (affine @ (0, 0, index, 1))[2]
        by_z[round(float(z), 6)] = volume.array[index, 0, 0]
    expected = {-50: FRAMES[0], -47.5: FRAMES[1], -45: FRAMES[2], -42.5: FRAMES[3]}
    assert by_z == pytest.approx({z: plane[0, 0] * 0.001 for z, plane in expected.items()})


@pytest.mark.parametrize(("units", "shown"), [("GY", "Gy"), ("RELATIVE", "")])
def test_a_dose_has_its_unit(tmp_path, units, shown):
    dose(tmp_path, ["0", "2.5", "5", "7.5"], DoseUnits=units)
    (layer,) = look(tmp_path).layers
    assert layer.unit == shown


def test_a_result_of_a_relative_dose_has_no_unit(tmp_path):
    volume = dose(tmp_path / "in", ["0", "2.5", "5", "7.5"], DoseUnits="RELATIVE")
    with pytest.raises(KindError, match="units='1'"):
        volume.derive(volume.array).write(tmp_path / "out")


def test_a_result_of_a_dose_is_a_map_in_gray(tmp_path):
    volume = dose(tmp_path / "in", ["0", "2.5", "5", "7.5"])
    with pytest.raises(KindError) as caught:
        volume.derive(volume.array * 2).write(tmp_path / "out")
    assert "kind='ParametricMap' with units='Gy'" in caught.value.remedy
    volume.derive(volume.array * 2, kind="ParametricMap", units="Gy").write(tmp_path / "out")
    again = dcs.read(tmp_path / "out")
    assert np.allclose(again.array, FRAMES * 0.002)
    assert again.grid == volume.grid
    assert look(tmp_path / "out").layers[0].unit == "Gy"


@pytest.mark.parametrize(
    ("name", "stored", "kind"),
    [("US", GREY, "SC"), ("XA", FRAMES, "MultiframeSC"), ("CR", GREY, "SC"), ("NM", GREY, "SC")],
)
def test_a_result_of_a_picture_names_a_kind_that_can_be_written(tmp_path, name, stored, kind):
    volume = dcs.read(save_object(tmp_path / "in" / "1.dcm", name, stored))
    with pytest.raises(KindError, match=f"kind='{kind}'"):
        volume.derive(volume.array).write(tmp_path / "out")
    array = volume.array.astype("uint8")
    receipt = volume.derive(array, kind=kind).write(tmp_path / "out")
    assert receipt.kind == kind


# -------------------------------------------------------------------------------------------- tiles
def tiled(path, rows, columns, **changes):
    attributes = {"TotalPixelMatrixRows": rows, "TotalPixelMatrixColumns": columns}
    return save_object(
        path / "1.dcm", "SM", np.full((4, 12, 10, 3), 7, "uint8"), **attributes | changes
    )


def test_a_whole_slide_image_is_rejected_with_the_name_of_its_reader(tmp_path):
    path = tiled(tmp_path, 24, 20, DimensionOrganizationType="TILED_FULL")
    with pytest.raises(ReadError) as caught:
        dcs.read(path)
    assert caught.value.code == "tiled-image"
    assert "20×24 pixels in tiles of 10×12" in caught.value.given
    assert "wsidicom" in caught.value.remedy


def test_pictures_of_one_tile_are_read(tmp_path):
    assert dcs.read(tiled(tmp_path, 12, 10)).shape == (4, 12, 10, 3)


# ---------------------------------------------------------------------- frames of classic classes
@pytest.mark.parametrize("name", ["MR", "CT"])
def test_several_frames_of_a_class_with_one_are_read_with_a_note(tmp_path, name):
    path = save_object(
        tmp_path / "1.dcm",
        name,
        FRAMES,
        PixelSpacing=["2", "3"],
        ImagePositionPatient=["0", "0", "5"],
        ImageOrientationPatient=["1", "0", "0", "0", "1", "0"],
    )
    volume = dcs.read(path)
    assert np.array_equal(volume.array, FRAMES)
    assert volume.spacing[:2] == (3, 2)
    assert not volume.grid.statement.has_place
    assert any("only one position is stated for 4 frames" in note for note in volume.notes)
    assert any("its SOP class allows one" in note for note in volume.notes)
    assert "FIL-001" in {finding.id for finding in check(path, validators=False)}


def test_pydicom_gives_the_same_values_of_every_class(tmp_path):
    for index, name in enumerate(("US", "CR", "DX", "MG", "XA", "RF", "NM", "SC", "RTIMAGE", "SM")):
        path = save_object(tmp_path / f"{name}.dcm", name, FRAMES, series=f"2.25.{index + 10}")
        array = dcs.read(path).array
        assert np.array_equal(array.reshape(FRAMES.shape), pydicom.dcmread(path).pixel_array), name
    assert len(scan(tmp_path)) == 10
