"""A clean multi-frame file gives no finding, and each planted fault its finding."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from dicomseries.checks import check, check_grid, check_instances
from dicomseries.geometry import Grid
from dicomseries.reading import read_instance
from dicomseries.sources import Volume, array_frames
from judges import known_frames
from judges.known import OBLIQUE

STORED = np.arange(360, dtype="int16").reshape(3, 4, 5, 6) * 7 - 300
REAL = (STORED[0] * 0.37).astype("float32")
BYTES = np.arange(120, dtype="uint8").reshape(4, 5, 6)
LABELS = np.zeros((6, 5, 4), np.uint8)
LABELS[0:4, 1:3, 1:3] = 1
LABELS[2:5, 3:, 2:] = 2

MADE = {
    "Enhanced MR with times": lambda: known_frames.enhanced_mr(STORED),
    "Enhanced MR": lambda: known_frames.enhanced_mr(STORED[:1]),
    "Enhanced MR, single frame": lambda: known_frames.enhanced_mr(STORED[:1, :1]),
    "Enhanced MR, times of one slice": lambda: known_frames.enhanced_mr(STORED[:, :1]),
    "Enhanced CT": lambda: known_frames.enhanced_ct(STORED[0]),
    "Parametric Map, float32": lambda: known_frames.parametric_map(REAL),
    "Parametric Map, float64": lambda: known_frames.parametric_map(REAL.astype("float64")),
    "Secondary Capture": lambda: known_frames.multi_frame_capture(BYTES),
    "Segmentation": lambda: known_frames.segmentation(LABELS),
    "Label Map": lambda: known_frames.label_map(LABELS),
}


def ids(folder: Path, **options) -> set[str]:
    return {finding.id for finding in check(folder, validators=False, **options)}


@pytest.mark.parametrize("make", MADE.values(), ids=MADE)
def test_a_clean_file_gives_no_finding(tmp_path, make):
    assert check(known_frames.save(make(), tmp_path / "series")) == ()


def shared(dataset: Dataset) -> Dataset:
    return dataset.SharedFunctionalGroupsSequence[0]


def frames(dataset: Dataset) -> Sequence:
    return dataset.PerFrameFunctionalGroupsSequence


def content(dataset: Dataset, frame: int) -> Dataset:
    return frames(dataset)[frame].FrameContentSequence[0]


def item(**values) -> Dataset:
    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def top(**values) -> Callable[[Dataset], None]:
    """Set attributes at the top level."""

    def change(dataset: Dataset) -> None:
        for keyword, value in values.items():
            setattr(dataset, keyword, value)

    return change


def in_shared(group: str, **values) -> Callable[[Dataset], None]:
    """Set attributes in a shared functional group; None deletes."""

    def change(dataset: Dataset) -> None:
        for keyword, value in values.items():
            if value is None:
                delattr(shared(dataset)[group].value[0], keyword)
            else:
                setattr(shared(dataset)[group].value[0], keyword, value)

    return change


def in_content(frame: int, **values) -> Callable[[Dataset], None]:
    """Set attributes in the FrameContentSequence of one frame."""

    def change(dataset: Dataset) -> None:
        for keyword, value in values.items():
            setattr(content(dataset, frame), keyword, value)

    return change


def moved(frame: int, mm: float) -> Callable[[Dataset], None]:
    """Move one frame along y, which is the normal here."""

    def change(dataset: Dataset) -> None:
        position = frames(dataset)[frame].PlanePositionSequence[0]
        x, y, z = position.ImagePositionPatient
        position.ImagePositionPatient = [x, f"{float(y) + mm:.6f}", z]

    return change


def per_frame(group: str, change: Callable[[int, Dataset], None]) -> Callable[[Dataset], None]:
    """Give a shared functional group to each frame, changed."""

    def spoil(dataset: Dataset) -> None:
        base = shared(dataset)[group].value[0]
        delattr(shared(dataset), group)
        for index, frame in enumerate(frames(dataset)):
            item = copy.deepcopy(base)
            change(index, item)
            setattr(frame, group, Sequence([item]))

    return spoil


def swapped_positions(dataset: Dataset) -> None:
    first, second = (frames(dataset)[index].PlanePositionSequence for index in (1, 2))
    frames(dataset)[1].PlanePositionSequence, frames(dataset)[2].PlanePositionSequence = (
        second,
        first,
    )


def against_the_normal(dataset: Dataset) -> None:
    for frame in frames(dataset):
        inside = frame.FrameContentSequence[0]
        inside.InStackPositionNumber = 5 - inside.InStackPositionNumber
        inside.DimensionIndexValues = [
            *inside.DimensionIndexValues[:-1],
            inside.InStackPositionNumber,
        ]


def without_times(dataset: Dataset) -> None:
    for frame in frames(dataset):
        inside = frame.FrameContentSequence[0]
        del inside.TemporalPositionIndex, frame.TemporalPositionSequence
        inside.DimensionIndexValues = [1, inside.InStackPositionNumber]
    del dataset.DimensionIndexSequence[1]


def times_backwards(dataset: Dataset) -> None:
    for frame in frames(dataset):
        offset = frame.TemporalPositionSequence[0]
        offset.TemporalPositionTimeOffset = -offset.TemporalPositionTimeOffset


def times_from_zero(dataset: Dataset) -> None:
    for frame in frames(dataset):
        frame.FrameContentSequence[0].TemporalPositionIndex -= 1


def without_offsets_of_a_frame(dataset: Dataset) -> None:
    del content(dataset, 3).TemporalPositionIndex


def third_volume_moved(dataset: Dataset) -> None:
    for index in range(8, 12):
        moved(index, 0.02)(dataset)


def a_frame_too_few(dataset: Dataset) -> None:
    """Drop the last frame: its item, its pixels and its count."""
    del frames(dataset)[-1]
    dataset.NumberOfFrames -= 1
    dataset.PixelData = dataset.PixelData[
        : dataset.Rows * dataset.Columns * 2 * dataset.NumberOfFrames
    ]


def with_two_windows(dataset: Dataset) -> None:
    shared(dataset).FrameVOILUTSequence.append(item(WindowCenter="1", WindowWidth="2"))


def with_shared_content(dataset: Dataset) -> None:
    shared(dataset).FrameContentSequence = Sequence([item(StackID="1")])
    for frame in frames(dataset):
        del frame.FrameContentSequence


def window_of_a_frame(index: int, window: Dataset) -> None:
    window.WindowWidth = "500" if index == 2 else "1000"


def no_window_of_a_frame(index: int, window: Dataset) -> None:
    if index == 2:
        del window.WindowCenter


def slope_of_a_frame(index: int, rescale: Dataset) -> None:
    rescale.RescaleSlope = "2" if index == 2 else "1"


def spacing_of_a_frame(index: int, measures: Dataset) -> None:
    if index == 2:
        measures.PixelSpacing = ["0.7", "0.95"]


MR = "Enhanced MR with times"
ONE = "Enhanced MR"
CT = "Enhanced CT"
MAP = "Parametric Map, float32"
SC = "Secondary Capture"
SEG = "Segmentation"
LAB = "Label Map"

PLANTED = {
    "more frames than items": (MR, top(NumberOfFrames=13), "MFR-001"),
    "far more frames than bytes": (SC, top(NumberOfFrames=2_000_000_000), "MFR-001"),
    "an item too few": (MR, lambda ds: frames(ds).pop(), "MFR-001"),
    "a group shared and of frames": (
        MR,
        lambda ds: setattr(
            shared(ds), "PlanePositionSequence", frames(ds)[0].PlanePositionSequence
        ),
        "MFR-002",
    ),
    "frame content shared": (ONE, with_shared_content, "MFR-003"),
    "a group with two items": (MR, with_two_windows, "MFR-004"),
    "frame type unlike image type": (
        CT,
        in_shared(
            "CTImageFrameTypeSequence", FrameType=["DERIVED", "PRIMARY", "VOLUME", "QUANTITY"]
        ),
        "MFR-005",
    ),
    "frame types that differ": (
        CT,
        per_frame(
            "CTImageFrameTypeSequence",
            lambda at, ds: setattr(
                ds, "FrameType", ["DERIVED", "PRIMARY", ("VOLUME", "AXIAL")[at % 2], "RESAMPLED"]
            ),
        ),
        "MFR-005",
    ),
    "frame increment at nothing": (SC, top(FrameIncrementPointer=0x00181063), "MFR-006"),
    "unknown dimension organization": (
        MR,
        lambda ds: setattr(ds.DimensionIndexSequence[1], "DimensionOrganizationUID", "2.25.9"),
        "MFR-010",
    ),
    "dimension of an attribute that is not there": (
        MR,
        lambda ds: setattr(ds.DimensionIndexSequence[1], "DimensionIndexPointer", 0x00189087),
        "MFR-011",
    ),
    "dimension of an attribute a frame lacks": (MR, without_offsets_of_a_frame, "MFR-011"),
    "an index value too few": (MR, in_content(5, DimensionIndexValues=[1, 2]), "MFR-012"),
    "an index of 0": (MR, in_content(0, DimensionIndexValues=[1, 0, 1]), "MFR-012"),
    "the same indices twice": (MR, in_content(5, DimensionIndexValues=[1, 1, 1]), "MFR-013"),
    "index of another stack position": (
        MR,
        in_content(5, DimensionIndexValues=[1, 2, 3]),
        "MFR-014",
    ),
    "index of another time": (MR, in_content(11, DimensionIndexValues=[1, 2, 4]), "MFR-014"),
    "index of another place": (LAB, in_content(2, DimensionIndexValues=[5]), "MFR-014"),
    "indices that fall where numbers rise": (
        ONE,
        lambda ds: [
            in_content(index, DimensionIndexValues=[1, (1, 3, 2, 4)[index]])(ds)
            for index in range(4)  # one to one, in another order
        ],
        "MFR-014",
    ),
    "stack numbers beside the positions": (MR, swapped_positions, "MFR-015"),
    "stack number twice in a volume": (ONE, in_content(2, InStackPositionNumber=2), "MFR-015"),
    "stack numbers against the normal": (MR, against_the_normal, "MFR-016"),
    "times that fall": (MR, times_backwards, "MFR-017"),
    "time points from 0": (MR, times_from_zero, "MFR-017"),
    "3D with times": (MR, top(DimensionOrganizationType="3D"), "MFR-018"),
    "3D_TEMPORAL without times": (ONE, top(DimensionOrganizationType="3D_TEMPORAL"), "MFR-018"),
    "an unknown organization type": (ONE, top(DimensionOrganizationType="4D"), "MFR-018"),
    "position of one frame wrong": (ONE, moved(2, 0.4), "GEO-006"),
    "position of one frame imprecise": (ONE, moved(2, 0.01), "GEO-007"),
    "position of one frame wrong at one time": (MR, moved(6, 0.4), "GEO-006"),
    "two frames of a time at one place": (MR, moved(6, 2.5), "GEO-004"),
    "volumes that nothing tells apart": (MR, without_times, "GEO-011"),
    "a volume at another place": (MR, third_volume_moved, "GEO-010"),
    "a volume with a frame too few": (MR, a_frame_too_few, "GEO-010"),
    "orientation not unit": (
        MR,
        in_shared(
            "PlaneOrientationSequence",
            ImageOrientationPatient=["0.6", "0", "0.81", "-0.8", "0", "0.6"],
        ),
        "GEO-001",
    ),
    "pixel spacing of a frame": (
        MR,
        per_frame("PixelMeasuresSequence", spacing_of_a_frame),
        "GEO-002",
    ),
    "pixel spacing missing": (SC, in_shared("PixelMeasuresSequence", PixelSpacing=None), "GEO-003"),
    "spacing between slices wrong": (
        MR,
        in_shared("PixelMeasuresSequence", SpacingBetweenSlices="2"),
        "GEO-008",
    ),
    "spacing between slices of segments wrong": (
        SEG,
        in_shared("PixelMeasuresSequence", SpacingBetweenSlices="2"),
        "GEO-008",
    ),
    "Type 1 missing in a shared group": (
        MR,
        in_shared("PixelValueTransformationSequence", RescaleType=None),
        "MOD-001",
    ),
    "Type 1 missing in one frame": (
        MR,
        per_frame(
            "FrameAnatomySequence", lambda at, ds: at == 7 and delattr(ds, "FrameLaterality")
        ),
        "MOD-001",
    ),
    "Type 1 missing two sequences down": (
        MR,
        lambda ds: delattr(
            shared(ds).FrameAnatomySequence[0].AnatomicRegionSequence[0], "CodeMeaning"
        ),
        "MOD-001",
    ),
    "a mandatory group missing": (
        MAP,
        lambda ds: delattr(shared(ds), "FrameAnatomySequence"),
        "MOD-001",
    ),
    "a mandatory group missing in one frame": (
        MR,
        lambda ds: delattr(frames(ds)[9], "PlanePositionSequence"),
        "MOD-001",
    ),
    "Type 2 missing in a group": (
        CT,
        lambda ds: setattr(
            shared(ds), "DerivationImageSequence", Sequence([item(DerivationDescription="x")])
        ),
        "MOD-002",
    ),
    "Type 1 of the module missing": (MR, lambda ds: delattr(ds, "DeviceSerialNumber"), "MOD-001"),
    "a term of a group that is not enumerated": (
        MR,
        in_shared("FrameAnatomySequence", FrameLaterality="X"),
        "MOD-003",
    ),
    "image type of three values": (MAP, top(ImageType=["DERIVED", "PRIMARY", "VOLUME"]), "MOD-004"),
    "derived of nothing": (CT, top(ImageType=["DERIVED", "PRIMARY", "VOLUME", "NONE"]), "MOD-005"),
    "window of one frame": (CT, per_frame("FrameVOILUTSequence", window_of_a_frame), "WIN-003"),
    "window missing in one frame": (
        MR,
        per_frame("FrameVOILUTSequence", no_window_of_a_frame),
        "WIN-002",
    ),
    "window missing": (MR, lambda ds: delattr(shared(ds), "FrameVOILUTSequence"), "WIN-001"),
    "window of width 0": (MR, in_shared("FrameVOILUTSequence", WindowWidth="0"), "WIN-004"),
    "slope 0": (MR, in_shared("PixelValueTransformationSequence", RescaleSlope="0"), "VAL-001"),
    "slope of one frame": (
        MR,
        per_frame("PixelValueTransformationSequence", slope_of_a_frame),
        "VAL-002",
    ),
    "rescaled map": (
        MAP,
        in_shared("PixelValueTransformationSequence", RescaleSlope="2"),
        "VAL-005",
    ),
    "rescaled capture": (SC, top(RescaleSlope="2"), "VAL-006"),
    "rescale of a capture in a group": (
        SC,
        lambda ds: setattr(
            shared(ds),
            "PixelValueTransformationSequence",
            Sequence([item(RescaleSlope="1", RescaleIntercept="0", RescaleType="US")]),
        ),
        "VAL-006",
    ),
    "map without units": (
        MAP,
        in_shared("RealWorldValueMappingSequence", MeasurementUnitsCodeSequence=None),
        "VAL-007",
    ),
    "map of slope 0": (
        MAP,
        in_shared("RealWorldValueMappingSequence", RealWorldValueSlope=0.0),
        "VAL-007",
    ),
    "map of an infinite slope": (
        MAP,
        in_shared("RealWorldValueMappingSequence", RealWorldValueSlope=float("inf")),
        "VAL-007",
    ),
    "map of a range upside down": (
        MAP,
        in_shared("RealWorldValueMappingSequence", DoubleFloatRealWorldValueLastValueMapped=-1e9),
        "VAL-007",
    ),
    "bits stored with floats": (MAP, top(BitsStored=32), "PIX-006"),
    "bits allocated of other floats": (MAP, top(BitsAllocated=64), "PIX-006"),
    "bits that the class has not": (
        SC,
        top(BitsAllocated=16, BitsStored=16, HighBit=15),
        "PIX-002",
    ),
    "values beyond the bits": (CT, top(BitsStored=9, HighBit=8), "PIX-004"),
    "pixels of a frame missing": (
        MR,
        lambda ds: setattr(ds, "PixelData", ds.PixelData[:-60]),
        "FIL-004",
    ),
    "floats of a frame missing": (
        MAP,
        lambda ds: setattr(ds, "FloatPixelData", ds.FloatPixelData[:-120]),
        "FIL-004",
    ),
    "packed pixels too short": (
        SEG,
        lambda ds: setattr(ds, "PixelData", ds.PixelData[:-2]),
        "FIL-004",
    ),
    "a text too long in a frame": (MR, in_content(7, StackID="1" * 17), "VR-001"),
    "segments from 2": (
        SEG,
        lambda ds: [
            setattr(item, "SegmentNumber", item.SegmentNumber + 1) for item in ds.SegmentSequence
        ],
        "SEG-001",
    ),
    "labels twice": (
        LAB,
        lambda ds: setattr(ds.SegmentSequence[2], "SegmentNumber", 1),
        "SEG-001",
    ),
    "a frame of no segment": (
        SEG,
        lambda ds: setattr(
            frames(ds)[5].SegmentIdentificationSequence[0], "ReferencedSegmentNumber", 3
        ),
        "SEG-002",
    ),
    "bytes called binary": (LAB, top(SegmentationType="BINARY"), "SEG-003"),
    "label map in the class of segmentations": (
        SEG,
        top(SegmentationType="LABELMAP"),
        "SEG-003",
    ),
    "an algorithm without a name": (
        SEG,
        lambda ds: delattr(ds.SegmentSequence[1], "SegmentAlgorithmName"),
        "SEG-004",
    ),
    "an unknown kind of algorithm": (
        SEG,
        lambda ds: setattr(ds.SegmentSequence[1], "SegmentAlgorithmType", "MAGIC"),
        "SEG-004",
    ),
    "a label of no segment": (LAB, lambda ds: ds.SegmentSequence.pop(), "SEG-005"),
}


@pytest.mark.parametrize(("kind", "change", "expected"), PLANTED.values(), ids=PLANTED)
@pytest.mark.filterwarnings("ignore:.*:UserWarning:pydicom")
def test_a_planted_fault_is_found(tmp_path, kind, change, expected):
    dataset = MADE[kind]()
    change(dataset)
    assert expected in ids(known_frames.save(dataset, tmp_path / "series"))


def volume(array: np.ndarray, volumes: int | None = None) -> Volume:
    shape = array.shape[1:4] if volumes else array.shape[:3]
    frames_of = array.reshape(-1, *array.shape[2:]) if volumes else array
    return Volume(
        slabs=array_frames(frames_of),
        grid=Grid.from_affine(shape, OBLIQUE, space="LPS"),
        volumes=volumes,
    )


def test_every_voxel_of_every_time_is_compared(tmp_path):
    folder = known_frames.save(known_frames.enhanced_mr(STORED), tmp_path / "series")
    assert ids(folder, against=volume(STORED, 3)) == set()
    other = STORED.copy()
    other[1, 2, 3, 4] += 1
    findings = check(folder, against=volume(other, 3), validators=False)
    assert [(finding.id, finding.where) for finding in findings] == [
        ("VAL-010", "0001.dcm frame 7")
    ]


def test_frames_in_any_order_are_compared_by_position(tmp_path):
    dataset = known_frames.enhanced_ct(STORED[0])
    dataset.PerFrameFunctionalGroupsSequence = Sequence(
        frames(dataset)[index] for index in (2, 0, 3, 1)
    )
    dataset.PixelData = STORED[0][[2, 0, 3, 1]].tobytes()
    folder = known_frames.save(dataset, tmp_path / "series")
    assert ids(folder, against=volume(STORED[0])) == set()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_floats_are_compared_bit_for_bit(tmp_path, dtype):
    real = REAL.astype(dtype)
    real[0, 0, :3] = np.nan, np.inf, -np.inf
    real[1, 1, :2] = 5e-324 if dtype == "float64" else 1e-45, -0.0
    folder = known_frames.save(known_frames.parametric_map(real), tmp_path / "series")
    assert ids(folder, against=volume(real)) == set()
    for place, value in (
        ((0, 0, 0), 0.0),
        ((1, 1, 1), 0.0),
        ((2, 3, 4), np.nextafter(real[2, 3, 4], 99)),
    ):
        other = real.copy()
        other[place] = value
        assert ids(folder, against=volume(other)) == {"VAL-010"}


def test_another_number_of_times_is_found(tmp_path):
    folder = known_frames.save(known_frames.enhanced_mr(STORED), tmp_path / "series")
    assert ids(folder, against=volume(STORED[:2], 2)) == {"GEO-020"}
    assert ids(folder, against=volume(STORED[0])) == {"GEO-020"}


def test_a_shifted_frame_is_found(tmp_path):
    dataset = known_frames.enhanced_mr(STORED)
    for index in range(12):
        moved(index, 0.05)(dataset)
    folder = known_frames.save(dataset, tmp_path / "series")
    assert ids(folder) == set()
    assert ids(folder, against=volume(STORED, 3)) == {"GEO-020"}


def test_the_spacing_of_a_single_frame_is_compared(tmp_path):
    dataset = known_frames.enhanced_mr(STORED[:1, :1])
    in_shared("PixelMeasuresSequence", SpacingBetweenSlices="3")(dataset)
    folder = known_frames.save(dataset, tmp_path / "series")
    assert ids(folder, against=volume(STORED[0, :1])) == {"GEO-021"}


def test_segments_may_leave_out_frames_but_not_shift_them(tmp_path):
    grid = Grid.from_affine(LABELS.shape, OBLIQUE, space="LPS")
    dataset = known_frames.segmentation(LABELS)
    folder = known_frames.save(dataset, tmp_path / "series")
    assert check_grid([read_instance(folder / "0001.dcm")], grid) == ()
    for index in range(len(frames(dataset))):
        moved(index, 0.05)(dataset)
    folder = known_frames.save(dataset, tmp_path / "other")
    assert [finding.id for finding in check_grid([read_instance(folder / "0001.dcm")], grid)] == [
        "GEO-020"
    ]


@pytest.mark.parametrize("make", [known_frames.segmentation, known_frames.label_map])
def test_every_label_is_compared(tmp_path, make):
    folder = known_frames.save(make(LABELS), tmp_path / "series")
    assert ids(folder, against=volume(LABELS)) == set()
    other = LABELS.copy()
    other[1, 2, 2] = 0
    findings = check(folder, against=volume(other), validators=False)
    assert [(finding.id, finding.where) for finding in findings] == [("VAL-011", "slice 2")]


def test_segments_may_be_renumbered_but_not_labels_of_a_label_map(tmp_path):
    other = np.array([0, 30, 7], np.uint8)[LABELS]
    folder = known_frames.save(known_frames.segmentation(LABELS), tmp_path / "series")
    assert ids(folder, against=volume(other)) == set()
    assert ids(folder, against=volume((LABELS > 0).astype(np.uint8))) == {"VAL-011"}
    folder = known_frames.save(known_frames.label_map(LABELS), tmp_path / "map")
    assert ids(folder, against=volume(other)) == {"VAL-011"}


def test_functional_groups_are_not_required_of_files_without_them(tmp_path):
    dataset = known_frames.multi_frame_capture(BYTES)
    del dataset.SharedFunctionalGroupsSequence, dataset.PerFrameFunctionalGroupsSequence
    dataset.FrameIncrementPointer, dataset.PageNumberVector = 0x00182001, [1, 2, 3, 4]
    folder = known_frames.save(dataset, tmp_path / "series")
    assert check_instances([read_instance(folder / "0001.dcm")]) == ()


def test_a_file_may_be_the_second_of_several_time_points(tmp_path):
    dataset = known_frames.enhanced_mr(STORED)
    del frames(dataset)[8:], frames(dataset)[:4]
    dataset.NumberOfFrames, dataset.PixelData = 4, STORED[1].tobytes()
    dataset.DimensionOrganizationType = "3D"
    assert ids(known_frames.save(dataset, tmp_path / "series")) == set()


def test_a_fault_in_many_frames_is_reported_once(tmp_path):
    dataset = known_frames.enhanced_mr(STORED)
    for frame in frames(dataset):
        frame.FrameContentSequence[0].DimensionIndexValues = [1, 1]
    findings = check(known_frames.save(dataset, tmp_path / "series"), validators=False)
    assert [finding.id for finding in findings].count("MFR-012") == 1
