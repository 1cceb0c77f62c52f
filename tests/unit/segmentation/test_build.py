"""Labels, place, identity, segments and bytes of the object, read with pydicom alone."""

from __future__ import annotations

import datetime as dt
from io import BytesIO

import numpy as np
import pydicom
import pytest

from dicomseries.errors import DicomSeriesError, MetadataError, OptionError
from dicomseries.geometry import Grid
from dicomseries.metadata import Metadata
from dicomseries.part10 import encode_headers, header_template
from dicomseries.plan import SOFTWARE_VERSION
from dicomseries.segmentation import (
    FramePiece,
    SegmentLayer,
    Segments,
    build_segmentation,
    joined_bits,
    parse_segments,
)
from dicomseries.segmentation.segment_advice import advice_on
from dicomseries.segmentation.segment_survey import slab_by_slab
from dicomseries.segmentation.segments import Segment
from dicomseries.sources import FrameReader, Volume, array_frames
from dicomseries.uids import UidPolicy, series_uids

OBLIQUE = (0.6, 0.0, 0.8, 0.0, -1.0, 0.0, 0.8, 0.0, -0.6)
UIDS = series_uids(UidPolicy(), b"segmentation")
MOMENT = dt.datetime(2026, 11, 22, 12, 30, 59)  # noqa: DTZ001
TYPES = ("binary", "labelmap")


def volume(array, direction=OBLIQUE):
    grid = Grid.from_spacing(
        array.shape, (0.7, 0.9, 2.5), origin=(-12.34567, 3.5, 4), direction=direction
    )
    return Volume(slabs=array_frames(array), grid=grid)


def made(array, segments=None, *, metadata=None, **options):
    grid = options.pop("direction", OBLIQUE)
    options = {"uids": UIDS, "moment": MOMENT, **options}
    return build_segmentation(
        [SegmentLayer(volume=volume(array, grid))],
        segments,
        metadata=Metadata.from_mapping(metadata or {}),
        **options,
    )


def blobs(values=(1, 2, 3), shape=(7, 5, 6)):
    """Labels with empty slices at both ends and between, segments of different extent."""
    array = np.zeros(shape, "int32")
    array[2:4, 1:3, 1:4], array[5, 2:, 2:], array[3, 4, 0] = values
    return array


def encoded(segmentation):
    """Return the bytes of the file."""
    plan = segmentation.plan
    template = header_template(plan)
    (header,) = encode_headers(template, plan, 0, 1)
    return b"".join((header, template.pixel_header, pixels(segmentation), template.tail))


def pixels(segmentation):
    slabs = [slab for _, slab in slab_by_slab(segmentation.layers, segmentation.tasks())]
    if segmentation.order is None:
        return b"".join(slab.tobytes() for slab in slabs)
    pieces = {piece.frame: piece for slab in slabs for piece in slab.pieces}
    count = len(segmentation.order.table)
    in_order = [pieces.get(frame, FramePiece(frame, 0, b"")) for frame in range(count)]
    _, rows, columns = segmentation.plan.grid.shape
    return b"".join(joined_bits(in_order, voxels=rows * columns))


def reread(segmentation):
    return pydicom.dcmread(BytesIO(encoded(segmentation)))


def frames(dataset):
    """Return each frame with its slice on the grid of `volume` and its segment number."""
    rows, columns, count = dataset.Rows, dataset.Columns, int(dataset.NumberOfFrames)
    if dataset.BitsAllocated == 1:
        bits = np.unpackbits(np.frombuffer(dataset.PixelData, np.uint8), bitorder="little")
        pixels = bits[: count * rows * columns]
        assert not bits[count * rows * columns :].any(), "what fills the last byte is zero"
    else:
        dtype = {8: "u1", 16: "<u2"}[dataset.BitsAllocated]
        pixels = np.frombuffer(dataset.PixelData, dtype)[: count * rows * columns]
    return pixels.reshape(count, rows, columns)


def label_map(dataset, grid, labels):
    """Rebuild the label map from positions, segment numbers and `labels` (number → label)."""
    result = np.zeros(grid.shape, "int64")
    shared = dataset.SharedFunctionalGroupsSequence[0]
    for frame, item in zip(frames(dataset), dataset.PerFrameFunctionalGroupsSequence, strict=True):
        position = np.array(item.PlanePositionSequence[0].ImagePositionPatient, np.float64)
        index = round(
            float((position - grid.origin_lps) @ np.array(grid.normal)) / grid.spacing_mm[2]
        )
        assert np.allclose(position, grid.position(index), atol=1e-9)
        if dataset.SegmentationType == "LABELMAP":
            result[index] = frame
            continue
        named = item if "SegmentIdentificationSequence" in item else shared
        number = named.SegmentIdentificationSequence[0].ReferencedSegmentNumber
        assert not (result[index] * frame).any()
        result[index] += frame * np.int64(labels[number])
    return result


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize(
    "array",
    {
        "labels with gaps between them": blobs((5, 300, 2)),
        "a mask": blobs() > 0,
        "one slice": blobs()[3:4],
        "one voxel": np.array([[[4]]]),
        "frames of 5 voxels": np.arange(4 * 5, dtype="uint8").reshape(4, 1, 5) % 3,
        "a mask with frames of 3 voxels": np.array(
            [1, 0, 1, 1, 0, 1, 0, 0, 0, 1, 1, 1], bool
        ).reshape(4, 3, 1),
        "frames of 77 voxels": np.random.default_rng(0).integers(0, 4, (9, 7, 11)).astype("int16"),
        "frames of 8 voxels": np.random.default_rng(1).integers(0, 3, (5, 2, 4)).astype("uint8"),
        "the highest label": np.where(blobs((1, 1, 1)) > 0, 65535, 0),
    }.values(),
    ids=lambda array: f"{array.dtype}{array.shape}",
)
def test_the_label_map_comes_back_voxel_for_voxel_on_its_grid(array, kind):
    one = made(array, segmentation_type=kind)
    assert np.array_equal(label_map(reread(one), volume(array).grid, one.values), array)


@pytest.mark.parametrize("kind", TYPES)
def test_slices_that_run_against_the_normal_keep_every_label_at_its_point(kind):
    array = blobs()
    left_handed = (0.6, 0.0, -0.8, 0.0, -1.0, 0.0, 0.8, 0.0, 0.6)
    one = made(array, segmentation_type=kind, direction=left_handed)
    turned = volume(array, left_handed).along_normal()
    assert turned.grid.origin_lps != volume(array, left_handed).grid.origin_lps
    assert np.array_equal(label_map(reread(one), turned.grid, one.values), array[::-1])
    first, *_, last = reread(one).PerFrameFunctionalGroupsSequence
    assert first.PlanePositionSequence[0].ImagePositionPatient == list(
        map(float, turned.grid.position_texts(0))
    )
    assert (
        last.PlanePositionSequence[0].ImagePositionPatient
        != first.PlanePositionSequence[0].ImagePositionPatient
    )


def test_empty_frames_are_left_out_of_a_binary_segmentation_but_for_the_first_and_last_slice():
    one = made(blobs((1, 2, 1)))
    dataset = reread(one)
    grid = volume(blobs()).grid
    positions = [
        item.PlanePositionSequence[0].ImagePositionPatient
        for item in dataset.PerFrameFunctionalGroupsSequence
    ]
    slices = [
        round(float((np.array(at) - grid.origin_lps) @ np.array(grid.normal)) / 2.5)
        for at in positions
    ]
    numbers = [
        item.SegmentIdentificationSequence[0].ReferencedSegmentNumber
        for item in dataset.PerFrameFunctionalGroupsSequence
    ]
    assert list(zip(numbers, slices, strict=True)) == [(1, 0), (1, 2), (1, 3), (1, 6), (2, 5)]
    assert not frames(dataset)[0].any()
    assert not frames(dataset)[3].any()


def test_a_label_map_segmentation_has_a_frame_for_every_slice():
    one = made(blobs((7, 300, 2)), segmentation_type="labelmap")
    assert (one.plan.frame_count, one.plan.value_map.dtype, one.numbers) == (
        7,
        "uint16",
        (2, 7, 300),
    )
    assert made(blobs(), segmentation_type="labelmap").plan.value_map.dtype == "uint8"


def test_frames_run_along_the_normal_and_say_so_in_their_dimension_indices():
    dataset = reread(made(blobs(), segmentation_type="labelmap"))
    items = dataset.PerFrameFunctionalGroupsSequence
    assert [item.FrameContentSequence[0].DimensionIndexValues for item in items] == list(
        range(1, 8)
    )
    assert float(items[0].PlanePositionSequence[0].ImagePositionPatient[0]) == -12.34567
    assert dataset.DimensionOrganizationType == "3D"


def test_a_binary_segmentation_renumbers_and_remembers_the_labels():
    segments = {300: {"label": "Node", "description": "left"}, 9: "Nothing"}
    one = made(blobs((5, 300, 9000)), segments)
    assert one.values == {1: 5, 2: 9, 3: 300, 4: 9000}
    told = {
        int(item.SegmentNumber): (item.SegmentLabel, item.get("SegmentDescription"))
        for item in reread(one).SegmentSequence
    }
    assert told == {
        1: ("Segment 5", "label 5 of the array"),
        2: ("Nothing", "label 9 of the array"),
        3: ("Node", "left (label 300 of the array)"),
        4: ("Segment 9000", "label 9000 of the array"),
    }
    assert any("Renumbered" in text and "5, 9, 300, 9000" in text for text in one.plan.advice)


def test_labels_that_run_from_one_need_no_remark():
    one = made(blobs(), ["a", "b", "c"])
    assert not any("SegmentDescription" in item for item in reread(one).SegmentSequence)
    assert not any("Renumbered" in text for text in one.plan.advice)


@pytest.mark.parametrize("kind", TYPES)
def test_a_described_segment_without_voxels_is_kept_without_a_frame(kind):
    one = made(blobs((1, 2, 2)), ["a", "b", "c"], segmentation_type=kind)
    dataset = reread(one)
    assert [item.SegmentLabel for item in dataset.SegmentSequence if item.SegmentNumber] == [
        "a",
        "b",
        "c",
    ]
    assert 3 not in frames(dataset)
    assert any("No voxel has label 3" in text for text in one.plan.advice)


@pytest.mark.parametrize("kind", TYPES)
def test_a_segment_is_described_as_the_user_says(kind):
    said = {
        "label": "Liver",
        "description": "whole",
        "type": "Liver",
        "algorithm": "SEMIAUTOMATIC",
        "algorithm_name": "Wand 3",
        "tracking_id": "liver of Jane",
        "color": "#ff0000",
        "region": "Abdomen",
    }
    item = next(
        i
        for i in reread(made(blobs(), {2: said}, segmentation_type=kind)).SegmentSequence
        if i.SegmentNumber == 2
    )
    assert (item.SegmentLabel, item.SegmentDescription) == ("Liver", "whole")
    assert item.SegmentedPropertyTypeCodeSequence[0].CodeValue == "10200004"
    assert item.SegmentedPropertyCategoryCodeSequence[0].CodeMeaning == "Anatomical Structure"
    assert (item.SegmentAlgorithmType, item.SegmentAlgorithmName) == ("SEMIAUTOMATIC", "Wand 3")
    assert item.AnatomicRegionSequence[0].CodeMeaning == "Abdomen"
    assert (item.TrackingID, item.TrackingUID.startswith("2.25.")) == ("liver of Jane", True)
    lightness, a, b = (value / 65535 for value in item.RecommendedDisplayCIELabValue)
    # sRGB's red is (53.2, 80.1, 67.2) in CIELab; PS3.3 section C.10.7.1.1 says how that is scaled
    assert np.allclose(
        (lightness * 100, a * 255 - 128, b * 255 - 128), (53.2, 80.1, 67.2), atol=0.1
    )


def test_a_manual_segment_has_no_algorithm_name_and_neither_has_its_background():
    dataset = reread(made(blobs() > 0, {1: {"algorithm": "MANUAL"}}, segmentation_type="labelmap"))
    assert [item.SegmentLabel for item in dataset.SegmentSequence] == ["Segment 1", "Background"]
    assert all(item.SegmentAlgorithmType == "MANUAL" for item in dataset.SegmentSequence)
    assert not any("SegmentAlgorithmName" in item for item in dataset.SegmentSequence)


def test_unstated_segments_are_named_in_the_advice():
    advice = " ".join(made(blobs()).plan.advice)
    assert "Type not stated: labels 1, 2, 3" in advice
    assert "Algorithm not stated" in advice
    whole = {"type": "Liver", "algorithm": "MANUAL"}
    assert made(blobs(), {"default": whole}).plan.advice == ()


def test_twenty_labels_are_reported_by_their_number():
    array = np.arange(24).reshape(4, 2, 3)
    assert any(
        "labels 1, 2, 3, 4, 5, 6, 7, 8 … (23 in all)" in text for text in made(array).plan.advice
    )


@pytest.mark.parametrize("kind", TYPES)
def test_the_same_arguments_give_the_same_bytes_and_other_entropy_other_uids(kind):
    segments = {2: {"label": "Liver", "tracking_id": "x"}}
    first = made(blobs(), segments, segmentation_type=kind)
    assert encoded(first) == encoded(made(blobs(), segments, segmentation_type=kind))
    other = made(blobs(), segments, segmentation_type=kind, uids=series_uids(UidPolicy(), b"other"))
    kept = uids_of(reread(first)) & uids_of(reread(other))
    assert all(uid.startswith("1.2.840.10008.") for uid in kept)
    assert all(uid.startswith(("1.2.840.10008.", "2.25.")) for uid in uids_of(reread(first)))


def uids_of(dataset):
    found = set()
    for element in dataset.iterall():
        if element.VR == "UI":
            found |= {str(uid) for uid in (element.value if element.VM > 1 else [element.value])}
    return found


def test_no_source_image_is_named_and_no_placeholder_is_left():
    text = str(reread(made(blobs())))
    assert "ReferencedSOPInstanceUID" not in text.replace(" ", "")
    assert "Referenced SOP Instance" not in text
    assert "Derivation" not in text
    assert "highdicom" not in text.lower()


def test_patient_study_series_and_equipment_come_from_the_user():
    metadata = {
        "PatientName": "Doe^Jane",
        "PatientID": "42",
        "StudyDate": "20200101",
        "SeriesNumber": 7,
        "SeriesDescription": "Leber Größe",
        "Manufacturer": "Acme",
        "ContentLabel": "LIVER",
        "ContentCreatorName": "Roe^Richard",
        "BodyPartExamined": "ABDOMEN",
    }
    dataset = reread(made(blobs(), metadata=metadata))
    assert {keyword: str(dataset[keyword].value) for keyword in metadata} == {
        k: str(v) for k, v in metadata.items()
    }
    assert (dataset.StudyTime, dataset.ContentDate, dataset.ContentTime) == (
        "123059",
        "20261122",
        "123059",
    )
    assert (dataset.Modality, dataset.SoftwareVersions) == (
        "SEG",
        f"dicomseries {SOFTWARE_VERSION}",
    )
    assert (dataset.StudyInstanceUID, dataset.SeriesInstanceUID) == (UIDS.study, UIDS.series)
    assert (dataset.FrameOfReferenceUID, dataset.SOPInstanceUID) == (
        UIDS.frame_of_reference,
        UIDS.instance(0),
    )
    assert dataset.SpecificCharacterSet == "ISO_IR 192"


def test_without_metadata_nothing_is_invented():
    dataset = reread(made(blobs()))
    assert all(
        not dataset[name].value
        for name in ("PatientName", "PatientID", "PatientSex", "ContentCreatorName")
    )
    assert dataset.Manufacturer == "dicomseries"
    assert "Laterality" not in dataset


@pytest.mark.parametrize(
    ("metadata", "where"),
    [
        ({"Modality": "CT"}, "Modality"),
        ({"ImageType": ["ORIGINAL", "PRIMARY"]}, "ImageType"),
        ({"SegmentationType": "BINARY"}, "SegmentationType"),
        ({"SegmentSequence": []}, "SegmentSequence"),
        ({"SegmentsOverlap": "NO"}, "SegmentsOverlap"),
    ],
)
def test_what_the_labels_decide_cannot_be_given(metadata, where):
    with pytest.raises(MetadataError) as caught:
        made(blobs(), metadata=metadata)
    assert caught.value.where == where


def test_a_moment_is_asked_for_where_none_is_known():
    with pytest.raises(MetadataError) as caught:
        made(blobs(), moment=None)
    assert {fault.where for fault in caught.value.faults} == {"ContentDate", "ContentTime"}
    dated = {"ContentDate": "20261122", "ContentTime": "1200"}
    assert not reread(made(blobs(), moment=None, metadata=dated)).StudyDate


@pytest.mark.parametrize("given", ["float", "", None, 1])
def test_a_type_that_does_not_exist_is_rejected(given):
    with pytest.raises(OptionError) as caught:
        made(blobs(), segmentation_type=given)
    assert caught.value.code == "segmentation-type-unknown"


def test_everything_that_can_be_known_is_rejected_before_the_source_is_read():
    array = blobs()
    unreadable = FrameReader(
        shape=array.shape, dtype=array.dtype, read=lambda *_: pytest.fail("read")
    )
    source = Volume(slabs=unreadable, grid=volume(array).grid)
    for options in (
        {"segments": {0: "x"}},
        {"metadata": Metadata.from_mapping({"Modality": "CT"})},
    ):
        with pytest.raises(DicomSeriesError):
            build_segmentation(
                [SegmentLayer(volume=source)],
                **{"metadata": Metadata(), "uids": UIDS, "moment": MOMENT, **options},
            )


@pytest.mark.parametrize(
    ("label", "proposal"),
    [
        ("Livr", '{1: {"label": "Livr", "type": "Liver"}}'),
        ("left lung", '{1: {"label": "left lung", "type": "Lung"}}'),
        (
            "Foo",
            '{1: {"label": "Foo", "type": ["VALUE", "SCHEME", "MEANING"], "category": "Tissue"}}',
        ),
        ("Segment 1", '{1: "Liver"}'),
    ],
)
def test_the_advice_proposes_a_type_for_the_label_of_the_user(label, proposal):
    advice = next(advice_on([Segment(value=1, label=label)], [1], [1], "binary"))
    assert f"`segments={proposal}" in advice


def test_a_known_name_gives_the_code_and_the_receipt_says_so():
    segmentation = made(blobs(), ["Liver", "left lung", {"label": "Spleen", "type": "Kidney"}])
    types = [
        item.SegmentedPropertyTypeCodeSequence[0] for item in reread(segmentation).SegmentSequence
    ]
    assert [item.CodeMeaning for item in types] == ["Liver", "Lung", "Kidney"]
    sides = [item.get("SegmentedPropertyTypeModifierCodeSequence") for item in types]
    assert [side and side[0].CodeMeaning for side in sides] == [None, "Left", None]
    named = [
        text for text in segmentation.plan.advice if text.startswith("Type taken from the name")
    ]
    assert len(named) == 1
    assert "label 1 is (10200004, SCT, 'Liver'), 2 is (39607008, SCT, 'Lung'), Left." in named[0]


def test_the_model_is_the_algorithm_of_segments_that_state_none():
    segments = {
        2: {"algorithm": "MANUAL"},
        3: {"algorithm": "SEMIAUTOMATIC", "algorithm_name": "A"},
    }
    segmentation = made(blobs(), segments, algorithm_name="LungNet 1")
    written = [
        (item.SegmentAlgorithmType, item.get("SegmentAlgorithmName"))
        for item in reread(segmentation).SegmentSequence
    ]
    assert written == [("AUTOMATIC", "LungNet 1"), ("MANUAL", None), ("SEMIAUTOMATIC", "A")]
    assert not any("Algorithm not stated" in text for text in segmentation.plan.advice)


def test_segments_may_be_parsed_beforehand():
    segments = parse_segments(["a", "b", "c"])
    assert isinstance(segments, Segments)
    assert [one.label for one in made(blobs(), segments).segments] == ["a", "b", "c"]
