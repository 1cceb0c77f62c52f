"""Segmentations of pictures without an image plane: no place, one source picture for each frame."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import generate_uid

import dicomseries as dcs
from dicomseries.errors import DicomSeriesWarning, GeometryError
from judges.validators import dciodvfy, validators

TYPES = ("binary", "labelmap")
GEOMETRY = {
    "FrameOfReferenceUID",
    "PixelSpacing",
    "PixelMeasuresSequence",
    "PlanePositionSequence",
    "PlaneOrientationSequence",
    "DimensionOrganizationType",
    "SliceThickness",
}
DX, CR, US = (
    "1.2.840.10008.5.1.4.1.1.1.1",
    "1.2.840.10008.5.1.4.1.1.1",
    "1.2.840.10008.5.1.4.1.1.3.1",
)
NOT_KNOWN_IN_2022 = re.compile(
    "Information Object Not found$|SegmentNumber not monotonically increasing from one by one"
)
"""Debian's dciodvfy is older than Label Map Segmentation Storage, whose numbers are free."""

SEGMENTS = {
    "default": {"algorithm": "MANUAL"},
    3: {"label": "Lung", "type": "Lung"},
    7: {"label": "Heart", "type": "Heart"},
}
SHAPES = {"one DX": (1, 12, 10), "three CR": (3, 12, 10), "US clip": (5, 12, 10)}


@pytest.fixture(autouse=True)
def _reading_notes():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DicomSeriesWarning)
        yield


def save(folder, number, uids, sop_class, modality, frames=None, **attributes):  # noqa: PLR0917
    dataset, dataset.file_meta = Dataset(), FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = sop_class
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = uids
    dataset.StudyDate, dataset.StudyTime = "20260102", "030405"
    dataset.Modality, dataset.PatientID, dataset.PatientName = modality, "P27", "Doe^Jane"
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = 12, 10, 1
    dataset.PhotometricInterpretation, dataset.InstanceNumber = "MONOCHROME2", number
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = (
        8,
        8,
        7,
        0,
    )
    dataset.PixelData = bytes(120 * (frames or 1))
    if frames:
        dataset.NumberOfFrames, dataset.FrameTime, dataset.FrameIncrementPointer = (
            frames,
            40,
            0x00181063,
        )
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    # names of files run against the order of the pictures, which InstanceNumber gives
    dataset.save_as(folder / f"{9 - number}.dcm", enforce_file_format=True)
    return dataset.SOPInstanceUID


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """Return the folder, and SOPInstanceUID and frame number of each picture, of each source."""
    found = {}
    for name in SHAPES:
        folder, uids = tmp_path_factory.mktemp("source"), (generate_uid(), generate_uid())
        if name == "one DX":
            stated = {"ImagerPixelSpacing": [0.15, 0.15], "PatientOrientation": ["L", "F"]}
            pictures = [(save(folder, 1, uids, DX, "DX", **stated), None)]
        elif name == "three CR":
            pictures = [(save(folder, number, uids, CR, "CR"), None) for number in (1, 2, 3)]
        else:
            uid = save(folder, 1, uids, US, "US", frames=5)
            pictures = [(uid, frame) for frame in range(1, 6)]
        found[name] = folder, pictures
    return found


def labels_for(name):
    """Return two segments; those of several pictures leave the first and a middle picture empty."""
    labels = np.zeros(SHAPES[name], "uint8")
    labels[-1, 2:5, 3:7], labels[-1, 8, 1] = 3, 7
    if len(labels) > 3:
        labels[1, 6:9, 4:] = 7
    return labels


@pytest.fixture(scope="module")
def written(sources, tmp_path_factory):
    """Return the path of the one file, and the receipt, of each source and type."""
    found = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DicomSeriesWarning)
        for name in SHAPES:
            for form in TYPES:
                out = tmp_path_factory.mktemp("seg")
                receipt = dcs.write(
                    labels_for(name),
                    out,
                    kind="Segmentation",
                    like=sources[name][0],
                    segments=SEGMENTS,
                    segmentation_type=form,
                )
                found[name, form] = next(Path(out).glob("**/*.dcm")), receipt
    return found


def renamed(array, path):
    """Return labels for the segment numbers of a file."""
    items = pydicom.dcmread(path).SegmentSequence
    values = {"Lung": 3, "Heart": 7}
    result = np.zeros_like(array)
    for item in items:
        if item.SegmentLabel in values:
            result[array == item.SegmentNumber] = values[item.SegmentLabel]
    return result


@pytest.mark.parametrize("form", TYPES)
@pytest.mark.parametrize("name", SHAPES)
def test_frames_name_their_picture_and_state_no_geometry(sources, written, name, form):
    path, receipt = written[name, form]
    dataset = pydicom.dcmread(path)
    assert not GEOMETRY & {element.keyword for element in dataset.iterall()}
    pictures = sources[name][1]
    for item in dataset.PerFrameFunctionalGroupsSequence:
        (source,) = item.DerivationImageSequence[0].SourceImageSequence
        named = source.ReferencedSOPInstanceUID, source.get("ReferencedFrameNumber")
        assert named == pictures[item.FrameContentSequence[0].InStackPositionNumber - 1]
        assert source.SpatialLocationsPreserved == "YES"
    assert (dataset.PatientOrientation or None) == (["L", "F"] if name == "one DX" else None)
    assert receipt.frame_of_reference_uid is None
    assert receipt.to_dict()["spacing_mm"] is None
    assert any("no place and no spacing" in text for text in receipt.advice)
    assert not any("give spacing=" in text for text in receipt.advice)


@pytest.mark.parametrize("form", TYPES)
@pytest.mark.parametrize("name", SHAPES)
def test_labels_are_read_back_without_a_place_and_without_errors(written, name, form):
    path, _ = written[name, form]
    volume = dcs.read(path.parent)
    assert not volume.grid.statement.has_place
    assert not volume.grid.statement.has_lengths
    np.testing.assert_array_equal(renamed(np.asarray(volume.array), path), labels_for(name))
    assert [one for one in dcs.check(path.parent, validators=False) if one.level == "error"] == []


@pytest.mark.parametrize("program", validators)
@pytest.mark.parametrize("form", TYPES)
@pytest.mark.parametrize("name", SHAPES)
def test_no_validator_finds_a_fault(written, name, form, program):
    errors = dciodvfy(written[name, form][0], program=program).errors
    unknown = form == "labelmap" and program == "debian"
    assert [line for line in errors if not (unknown and NOT_KNOWN_IN_2022.search(line))] == []


@pytest.mark.parametrize("form", TYPES)
@pytest.mark.parametrize("name", SHAPES)
def test_highdicom_gives_the_labels_of_each_picture(sources, written, name, form):
    seg = pytest.importorskip("highdicom").seg
    path, _ = written[name, form]
    pictures = sources[name][1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        opened = seg.segread(path)
        options = {"combine_segments": True}
        if name == "US clip":
            uid, numbers = pictures[0][0], [frame for _, frame in pictures]
            options["assert_missing_frames_are_empty"] = True
            array = opened.get_pixels_by_source_frame(uid, numbers, **options)
        else:
            array = opened.get_pixels_by_source_instance([uid for uid, _ in pictures], **options)
    np.testing.assert_array_equal(renamed(array, path), labels_for(name))


def test_labels_of_another_picture_are_seen(written, tmp_path):
    path, _ = written["US clip", "binary"]
    labels = labels_for("US clip")
    assert [
        one
        for one in dcs.check(path.parent, against=labels, validators=False)
        if one.level == "error"
    ] == []
    dataset = pydicom.dcmread(path)
    (tmp_path / "copy").mkdir()
    moved = [item.FrameContentSequence[0] for item in dataset.PerFrameFunctionalGroupsSequence]
    for content in moved:
        if content.InStackPositionNumber == 2:
            content.InStackPositionNumber = content.DimensionIndexValues[-1] = 3
    dataset.save_as(tmp_path / "copy" / "1.dcm")
    findings = {one.id for one in dcs.check(tmp_path / "copy", against=labels, validators=False)}
    assert "VAL-011" in findings


@pytest.mark.parametrize("axes", ["zyx", "tyx"])
def test_a_clip_of_labels_may_have_slices_or_times(sources, written, tmp_path, axes):
    labels = labels_for("US clip")
    options = {"kind": "Segmentation", "like": sources["US clip"][0], "segments": SEGMENTS}
    dcs.write(labels, tmp_path / "out", axes=axes, **options)
    volume = dcs.read(tmp_path / "out")
    assert volume.array.shape == (5, 12, 10)


def test_split_writes_one_segmentation_for_each_frame_of_a_clip(sources, tmp_path):
    labels = labels_for("US clip")
    labels[:, 0, 0] = 3
    dcs.write(
        labels,
        tmp_path / "out",
        kind="Segmentation",
        like=sources["US clip"][0],
        segments=SEGMENTS,
        split="time",
    )
    named = [
        pydicom.dcmread(path)
        .PerFrameFunctionalGroupsSequence[0]
        .DerivationImageSequence[0]
        .SourceImageSequence[0]
        .ReferencedFrameNumber
        for path in sorted((tmp_path / "out").glob("**/*.dcm"))
    ]
    assert named == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("shape", [(12, 11), (2, 12, 10), (10, 12)])
def test_labels_of_another_shape_are_rejected(sources, shape):
    with pytest.raises(GeometryError) as error:
        dcs.plan(np.ones(shape, "uint8"), kind="Segmentation", like=sources["one DX"][0])
    assert error.value.code == "shape-of-another-grid"


@pytest.mark.parametrize("options", [{"spacing": (1, 1, 1)}, {"same_space": False}])
def test_labels_with_half_a_geometry_are_rejected(sources, options):
    with pytest.raises(GeometryError) as error:
        dcs.plan(labels_for("one DX"), kind="Segmentation", like=sources["one DX"][0], **options)
    assert error.value.code == "geometry-missing"


def test_labels_that_state_a_place_keep_it(sources, tmp_path):
    labels = labels_for("one DX")
    options = {"spacing": (1, 1, 1), "origin": (5, 6, 7)}
    dcs.write(labels, tmp_path / "out", kind="Segmentation", like=sources["one DX"][0], **options)
    assert dcs.read(tmp_path / "out").grid.origin_lps == (5, 6, 7)
