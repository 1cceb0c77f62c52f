"""Pictures without a place are written, read, derived and shown without millimetres."""

import warnings

import nibabel
import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import generate_uid

import dicomseries as dcs
from dicomseries.api.view import look
from dicomseries.cli import main
from dicomseries.errors import DicomSeriesWarning, GeometryError
from dicomseries.viewing.contact_sheet import planes_of
from dicomseries.viewing.page_model import page_model

PLACE = ("PixelSpacing", "ImagePositionPatient", "ImageOrientationPatient", "FrameOfReferenceUID")
CLASSES = {
    "CR": "1.2.840.10008.5.1.4.1.1.1",
    "DX": "1.2.840.10008.5.1.4.1.1.1.1",
    "MG": "1.2.840.10008.5.1.4.1.1.1.2",
    "XA": "1.2.840.10008.5.1.4.1.1.12.1",
    "RF": "1.2.840.10008.5.1.4.1.1.12.2",
    "US": "1.2.840.10008.5.1.4.1.1.6.1",
    "OT": "1.2.840.10008.5.1.4.1.1.7",
    "SM": "1.2.840.10008.5.1.4.1.1.77.1.6",
}


def picture(folder, modality, **attributes):
    """Write one picture of 12 rows and 10 columns without a place; return its folder."""
    dataset, dataset.file_meta = Dataset(), FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = CLASSES[modality]
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = generate_uid(), generate_uid()
    dataset.Modality, dataset.PatientID, dataset.PatientName = modality, "P27", "X"
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = 12, 10, 1
    dataset.PhotometricInterpretation, dataset.InstanceNumber = "MONOCHROME2", 1
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = (
        8,
        8,
        7,
        0,
    )
    dataset.PixelData = np.arange(120, dtype="uint8").tobytes()
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    folder.mkdir(parents=True)
    dataset.save_as(folder / "1.dcm", enforce_file_format=True)
    return folder


def region(delta):
    item = Dataset()
    item.PhysicalUnitsXDirection = item.PhysicalUnitsYDirection = 3
    item.PhysicalDeltaX, item.PhysicalDeltaY = delta
    return [item]


def first(folder):
    return pydicom.dcmread(min(folder.glob("**/*.dcm")))


def every_keyword(dataset):
    return {element.keyword for element in dataset.iterall()}


@pytest.fixture(autouse=True)
def _reading_notes():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DicomSeriesWarning)
        yield


# -------------------------------------------------------------------------------------------- write
PICTURES = {
    "page": (np.zeros((30, 20, 3), "uint8"), {"axes": "yxc"}),
    "grey": (np.zeros((30, 20), "uint16"), {}),
    "pages": (np.zeros((4, 30, 20), "uint8"), {}),
    "clip": (np.zeros((8, 12, 10), "uint8"), {"axes": "tyx", "times": 0.033}),
    "colour clip": (np.zeros((8, 12, 10, 3), "uint8"), {"axes": "tyxc", "times": 0.033}),
    "uneven clip": (np.zeros((3, 12, 10), "uint8"), {"axes": "tyx", "times": (0, 0.1, 0.3)}),
}


@pytest.mark.parametrize("kind", ["SC", "MultiframeSC"])
@pytest.mark.parametrize("name", PICTURES)
def test_pictures_are_written_read_and_checked_without_a_place(tmp_path, kind, name):
    array, options = PICTURES[name]
    if kind == "MultiframeSC" and array.dtype == np.uint16:
        array = array.astype("uint8")
    array = array + np.arange(array.size, dtype="uint32").reshape(array.shape).astype(array.dtype)
    receipt = dcs.write(array, tmp_path / "out", kind=kind, **options)
    assert any("No voxel size was stated" in text for text in receipt.advice)
    assert receipt.frame_of_reference_uid is None
    assert receipt.to_dict()["spacing_mm"] is None
    assert not every_keyword(first(tmp_path / "out")) & {
        *PLACE,
        "PlanePositionSequence",
        "SliceThickness",
    }
    volume = dcs.read(tmp_path / "out")
    assert not volume.grid.statement.has_place
    assert not volume.grid.statement.has_lengths
    np.testing.assert_array_equal(np.asarray(volume.array).ravel(), array.ravel())
    times = options.get("times")
    if times is not None:
        expected = times if isinstance(times, tuple) else tuple(index * times for index in range(8))
        assert volume.times_s == pytest.approx(expected)
    errors = [one for one in dcs.check(tmp_path / "out", validators=False) if one.level == "error"]
    assert errors == []


@pytest.mark.parametrize(
    ("name", "pointer"),
    [("pages", "PageNumberVector"), ("clip", "FrameTime"), ("uneven clip", "FrameTimeVector")],
)
def test_frames_point_to_what_orders_them(tmp_path, name, pointer):
    array, options = PICTURES[name]
    dcs.write(array, tmp_path / "out", kind="MultiframeSC", **options)
    dataset = first(tmp_path / "out")
    assert pydicom.datadict.keyword_for_tag(dataset.FrameIncrementPointer) == pointer
    assert pointer in dataset
    assert len({"PageNumberVector", "FrameTime", "FrameTimeVector"} & every_keyword(dataset)) == 1


@pytest.mark.parametrize(
    ("stated", "written"), [({}, "NO"), ({"BurnedInAnnotation": "YES"}, "YES")]
)
@pytest.mark.parametrize("name", ["page", "clip", "colour clip"])
def test_text_in_the_pixels_is_answered_for_by_the_user_or_named(tmp_path, name, stated, written):
    array, options = PICTURES[name]
    receipt = dcs.write(array, tmp_path / "out", kind="MultiframeSC", metadata=stated, **options)
    assert first(tmp_path / "out").BurnedInAnnotation == written
    assert any("BurnedInAnnotation" in text for text in receipt.advice) == (not stated)


@pytest.mark.parametrize(
    ("source", "stated", "written"),
    [
        ({}, {}, "YES"),
        ({"BurnedInAnnotation": "NO"}, {}, "NO"),
        ({}, {"BurnedInAnnotation": "NO"}, "NO"),
    ],
)
def test_text_in_the_pictures_of_a_source_is_assumed_where_nobody_knows(
    tmp_path, source, stated, written
):
    page = PICTURES["colour clip"][0][0]
    dcs.write(page, tmp_path / "source", kind="SC", axes="yxc", metadata=source)
    like = {"like": tmp_path / "source", "axes": "yxc"}
    receipt = dcs.write(page, tmp_path / "out", kind="MultiframeSC", metadata=stated, **like)
    assert first(tmp_path / "out").BurnedInAnnotation == written
    assert any("BurnedInAnnotation" in text for text in receipt.advice) == (written == "YES")


def test_secondary_capture_says_nothing_of_text_in_the_pixels(tmp_path):
    dcs.write(PICTURES["page"][0], tmp_path / "out", kind="SC", axes="yxc")
    assert "BurnedInAnnotation" not in first(tmp_path / "out")


def test_a_frame_time_given_for_slices_is_what_the_pointer_points_to(tmp_path):
    dcs.write(
        PICTURES["pages"][0],
        tmp_path / "out",
        kind="MultiframeSC",
        spacing=(1, 1, 2),
        metadata={"FrameTime": 33},
    )
    assert first(tmp_path / "out").FrameIncrementPointer == 0x00181063


def test_a_frame_time_that_contradicts_the_times_is_rejected(tmp_path):
    array, options = PICTURES["clip"]
    with pytest.raises(dcs.DicomSeriesError) as error:
        dcs.write(
            array, tmp_path / "out", kind="MultiframeSC", metadata={"FrameTime": 40}, **options
        )
    assert error.value.code == "frame-time-unfit"


def test_a_clip_with_a_spacing_has_one_and_no_place(tmp_path):
    array, options = PICTURES["clip"]
    dcs.write(array, tmp_path / "out", kind="MultiframeSC", spacing=(0.5, 0.25, 1), **options)
    dataset = first(tmp_path / "out")
    assert dataset.PixelSpacing == [0.25, 0.5]
    assert not every_keyword(dataset) & set(PLACE[1:])


def test_a_clip_that_is_placed_has_its_place_in_every_frame(tmp_path):
    array, options = PICTURES["clip"]
    dcs.write(
        array,
        tmp_path / "out",
        kind="MultiframeSC",
        spacing=(0.5, 0.25, 1),
        origin=(1, 2, 3),
        **options,
    )
    volume = dcs.read(tmp_path / "out")
    assert (volume.grid.origin_lps, volume.volumes, volume.times_s[1]) == (
        (1, 2, 3),
        8,
        pytest.approx(0.033),
    )


@pytest.mark.parametrize(
    "kind",
    ["CT", "MR", "PT", "EnhancedCT", "EnhancedMR", "XRay3D", "ParametricMap", "Segmentation"],
)
def test_all_other_kinds_demand_a_spacing(tmp_path, kind):
    with pytest.raises(GeometryError) as error:
        dcs.plan(PICTURES["pages"][0], kind=kind)
    assert error.value.code == "geometry-missing"


def test_a_picture_with_a_place_and_one_without_share_no_uid():
    array = PICTURES["pages"][0]
    plans = [
        dcs.plan(array, kind="SC", uid="content", **options)
        for options in ({}, {"spacing": (1, 1, 1)})
    ]
    assert plans[0].uids.series != plans[1].uids.series


def test_pictures_read_again_are_no_volume_with_a_place(tmp_path):
    dcs.write(PICTURES["pages"][0], tmp_path / "sc", kind="SC")
    with pytest.raises(GeometryError) as error:
        dcs.plan(dcs.read(tmp_path / "sc"), kind="CT")
    assert error.value.code == "geometry-missing"


# --------------------------------------------------------------------------------------------- read
STATED = {
    "nothing": ({}, (1, 1), "missing", "patient"),
    "calibrated": (
        {"PixelSpacing": [0.2, 0.3], "PixelSpacingCalibrationType": "FIDUCIAL"},
        (0.3, 0.2),
        "stated",
        "patient",
    ),
    "at the detector": ({"ImagerPixelSpacing": [0.15, 0.15]}, (0.15, 0.15), "stated", "detector"),
    "at the detector, twice": (
        {"ImagerPixelSpacing": [0.15, 0.15], "PixelSpacing": [0.15, 0.15]},
        (0.15, 0.15),
        "stated",
        "detector",
    ),
    "on film": ({"NominalScannedPixelSpacing": [0.1, 0.2]}, (0.2, 0.1), "stated", "film"),
    "in regions": (
        {"SequenceOfUltrasoundRegions": region((0.026, 0.013))},
        (0.26, 0.13),
        "stated",
        "ultrasound region",
    ),
    "ratio": ({"PixelAspectRatio": [4, 3]}, (1, 4 / 3), "missing", "ratio"),
}


@pytest.mark.parametrize("name", STATED)
@pytest.mark.parametrize("modality", CLASSES)
def test_what_a_picture_states_of_its_spacing_is_honoured(tmp_path, modality, name):
    attributes, spacing, certainty, lengths = STATED[name]
    grid = dcs.read(picture(tmp_path / "a", modality, **attributes)).grid
    assert grid.spacing_mm[:2] == pytest.approx(spacing)
    assert (grid.statement.spacing, grid.statement.lengths) == (certainty, lengths)
    assert not grid.statement.has_place


# ------------------------------------------------------------------------------------------- derive
_KEPT = {"PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing", "PixelAspectRatio"}


@pytest.mark.parametrize("name", STATED)
@pytest.mark.parametrize("modality", CLASSES)
@pytest.mark.parametrize("rows", [12, 6])
def test_a_result_has_the_spacing_of_its_picture_or_none(tmp_path, modality, name, rows):
    attributes = STATED[name][0]
    source = picture(tmp_path / "source", modality, **attributes)
    plan = dcs.plan(np.ones((1, rows, 10), "uint8"), kind="SC", like=source)
    written = {own.keyword: own.values for own in plan.shared}
    assert not set(written) & {
        "ImagePositionPatient",
        "ImageOrientationPatient",
        "FrameOfReferenceUID",
    }
    assert "SliceThickness" not in written
    kept = _KEPT & set(written)
    expected = set(attributes) & _KEPT if rows == 12 else set()
    if "ImagerPixelSpacing" in expected:
        expected.discard("PixelSpacing")  # an uncalibrated copy would be taken for the patient's
    assert kept == expected
    if not kept:
        assert any("no ruler" in text for text in plan.advice)
    if "ImagerPixelSpacing" in kept:
        assert any("at the detector" in text for text in plan.advice)


def test_a_spacing_of_the_user_holds_and_makes_no_place(tmp_path):
    source = picture(tmp_path / "source", "DX", ImagerPixelSpacing=[0.15, 0.15])
    plan = dcs.plan(np.ones((1, 12, 10), "uint8"), kind="SC", like=source, spacing=(0.1, 0.1, 1))
    written = {own.keyword: own.values for own in plan.shared}
    assert written["PixelSpacing"] == ("0.1", "0.1")
    assert not set(written) & set(PLACE[1:])


def test_a_kind_with_a_plane_is_not_made_of_a_picture(tmp_path):
    source = picture(tmp_path / "source", "DX")
    with pytest.raises(GeometryError) as error:
        dcs.plan(np.ones((1, 12, 10), "int16"), kind="CT", like=source)
    assert error.value.code == "geometry-missing"
    assert "SC" in error.value.remedy


# ------------------------------------------------------------------------------------ uneven source
UNEVEN, WITH_A_GAP = (0, 2, 4, 6, 11, 16), (0, 2, 4, 8, 10, 12)
EVEN_PLACE = {"spacing": (1, 1, 2), "origin": (0, 0, 0)}


@pytest.mark.parametrize(
    ("places", "kind", "options"),
    [
        (UNEVEN, "CT", EVEN_PLACE),
        (UNEVEN, "Segmentation", EVEN_PLACE),
        (WITH_A_GAP, "CT", EVEN_PLACE),
        (WITH_A_GAP, "Segmentation", EVEN_PLACE),  # without, its slices lie among even ones
    ],
)
def test_slices_of_an_uneven_source_are_not_put_on_even_places(tmp_path, places, kind, options):
    array = np.ones((6, 12, 10), "int16")
    dcs.write(array, tmp_path / "even", kind="CT", spacing=(1, 1, 2), verify=False)
    (tmp_path / "uneven").mkdir()
    for path, z in zip(sorted((tmp_path / "even").glob("*.dcm")), places, strict=True):
        dataset = pydicom.dcmread(path)
        dataset.ImagePositionPatient = [0, 0, z]
        dataset.save_as(tmp_path / "uneven" / path.name)
    with pytest.raises(GeometryError) as error:
        dcs.plan(array, kind=kind, like=tmp_path / "uneven", **options)
    assert error.value.code == "source-has-gaps"
    assert "Leave the geometry out" in error.value.remedy


@pytest.mark.parametrize("kind", ["SC", "MultiframeSC"])
def test_pictures_can_be_compared_with_a_bare_array(tmp_path, kind):
    array = np.arange(480, dtype="uint16").reshape(4, 12, 10).astype("uint8")
    dcs.write(array, tmp_path / "out", kind=kind)
    assert [
        one
        for one in dcs.check(tmp_path / "out", against=array, validators=False)
        if one.level == "error"
    ] == []
    array[2, 3, 4] += 1
    assert "VAL-010" in {
        one.id for one in dcs.check(tmp_path / "out", against=array, validators=False)
    }


def test_labels_of_a_picture_can_be_laid_over_it_in_colour(tmp_path):
    source = picture(tmp_path / "source", "DX", ImagerPixelSpacing=[0.15, 0.15])
    assert (
        dcs.plan(np.zeros((1, 12, 10, 3), "uint8"), kind="SC", like=source, axes="zyxc").samples
        == 3
    )


def test_regions_of_ultrasound_that_are_left_out_are_named(tmp_path):
    source = picture(tmp_path / "source", "US", SequenceOfUltrasoundRegions=region((0.02, 0.02)))
    plan = dcs.plan(np.ones((1, 12, 10), "uint8"), kind="SC", like=source)
    assert any("which part of the picture has which scale" in text for text in plan.advice)


# --------------------------------------------------------------------------------------------- show
@pytest.mark.parametrize("kind", ["SC", "MultiframeSC"])
@pytest.mark.parametrize("name", PICTURES)
def test_a_report_of_pictures_is_made_and_counts_frames(tmp_path, capsys, kind, name):
    array, options = PICTURES[name]
    np.save(tmp_path / "a.npy", array.astype("uint8"))
    words = ["write", str(tmp_path / "a.npy"), str(tmp_path / "out"), "--kind", kind]
    times = np.atleast_1d(options.get("times", ()))
    words += ["--axes", options["axes"]] if "axes" in options else []
    words += ["--times", ",".join(map(str, times))] if len(times) else []
    assert main([*words, "--report", str(tmp_path / "a.html")]) == 0
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert "none stated" in page
    texts = capsys.readouterr().out
    assert main(["list", str(tmp_path / "out")]) == 0
    texts += capsys.readouterr().out
    assert "volumes" not in texts
    assert ("8 frames" in texts or "3 frames" in texts) == (len(times) > 0)


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("nothing", ""),
        ("calibrated", "mm"),
        ("at the detector", "mm at the detector"),
        ("ratio", ""),
    ],
)
def test_a_view_draws_no_ruler_and_no_sides_that_nobody_stated(tmp_path, name, unit):
    folder = picture(tmp_path / "a", "CR", **STATED[name][0])
    (layer,) = page_model(look(folder).layers, title="a")["layers"]
    assert (layer["hasPlace"], layer["rulerUnit"]) == (False, unit)
    (plane,) = planes_of(dcs.read(folder).grid)
    assert plane.name == "Picture"


def test_an_export_says_that_low_values_are_bright_and_claims_no_orientation(tmp_path, capsys):
    folder = picture(tmp_path / "a", "CR", PhotometricInterpretation="MONOCHROME1")
    assert main(["read", str(folder), str(tmp_path / "a.nii")]) == 0
    assert "MONOCHROME1" in capsys.readouterr().err
    header = nibabel.load(tmp_path / "a.nii").header
    assert (int(header["sform_code"]), int(header["qform_code"])) == (0, 0)
