"""Our segmentations have the pixels and frames of highdicom's, and highdicom opens them."""

from __future__ import annotations

from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pydicom
import pytest
from hypothesis import given
from pydicom.sr.coding import Code

import dicomseries as dcs
from dicomseries.geometry import Grid
from dicomseries.sources import Volume, array_frames
from examples import examples

hd = pytest.importorskip("highdicom")
pytest.importorskip("highdicom.seg")

DIRECTIONS = {
    "axial": (1, 0, 0, 0, 1, 0, 0, 0, 1),
    "oblique": (0.6, 0.0, 0.8, 0.0, -1.0, 0.0, 0.8, 0.0, -0.6),
    "sagittal": (0, 0, -1, 1, 0, 0, 0, -1, 0),
}
COMPARED = (
    "SegmentationType",
    "SegmentsOverlap",
    "SegmentationFractionalType",
    "MaximumFractionalValue",
    "NumberOfFrames",
    "Rows",
    "Columns",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "PixelPaddingValue",
    "PresentationLUTShape",
    "LossyImageCompression",
    "DimensionOrganizationType",
)
BRAIN = {"type": "Brain", "algorithm": "MANUAL", "color": "#ff8000"}
LABEL = Code("12738006", "SCT", "Brain")
ANATOMY = Code("91723000", "SCT", "Anatomical Structure")


@st.composite
def arrays(draw):
    """Return masks (segments, slices, rows, columns): blobs, thin lines, voxels, empty slices."""
    shape = draw(
        st.tuples(st.integers(1, 3), st.integers(1, 6), st.integers(2, 9), st.integers(4, 9))
    )
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    array = np.zeros(shape, bool)
    for mask in array:
        form = draw(st.sampled_from(["noise", "line", "voxel", "blob"]))
        place = tuple(rng.integers(0, size) for size in mask.shape)
        if form == "noise":
            mask[...] = rng.random(mask.shape) < 0.2
        elif form == "line":
            mask[:, place[1], place[2]] = True
        elif form == "blob":
            mask[place[0] :, place[1] :, : place[2] + 1] = True
        mask[place] = True
        mask[[index for index in range(shape[1]) if rng.random() < 0.3 and index != place[0]]] = 0
    return array


def highdicom_writes(array, form):
    """Return highdicom's object in index space: slice i lies at (0, 0, -i) mm.

    highdicom sorts frames against the normal. It leaves an empty outer slice out, which gets one
    voxel here that is removed again.
    """
    count, slices, rows, columns = array.shape
    stacked = np.moveaxis(array, 0, -1).copy()
    marked = []
    if form != "labelmap":
        marked = [index for index in sorted({0, slices - 1}) if not stacked[index].any()]
        stacked[marked, 0, 0, 0] = 1
    source = pydicom.dataset.Dataset()
    for keyword in ("PatientID", "PatientName", "PatientBirthDate", "PatientSex", "StudyID"):
        setattr(source, keyword, "")
    for keyword in ("AccessionNumber", "StudyDate", "StudyTime"):
        setattr(source, keyword, "")
    source.SOPClassUID, source.Modality = "1.2.840.10008.5.1.4.1.1.7", "OT"
    source.SOPInstanceUID, source.FrameOfReferenceUID = "2.25.3", "2.25.6"
    source.StudyInstanceUID, source.SeriesInstanceUID = "2.25.4", "2.25.5"
    source.Rows, source.Columns, source.SliceThickness = rows, columns, 1
    source.ImageOrientationPatient, source.ImagePositionPatient = [1, 0, 0, 0, 1, 0], [0, 0, 0]
    source.PixelSpacing = [1, 1]
    descriptions = []
    for number in range(1, count + 1):
        description = hd.seg.SegmentDescription(
            segment_number=number,
            segment_label=f"Segment {number}",
            segmented_property_category=ANATOMY,
            segmented_property_type=LABEL,
            algorithm_type="MANUAL",
            display_color=hd.color.CIELabColor.from_rgb(255, 128, 0),
        )
        descriptions.append(description)
    made = hd.seg.Segmentation(
        source_images=[source],
        pixel_array=stacked,
        segmentation_type=form.upper(),
        segment_descriptions=descriptions,
        series_instance_uid="2.25.1",
        series_number=1,
        sop_instance_uid="2.25.2",
        instance_number=1,
        manufacturer="",
        manufacturer_model_name="",
        software_versions="",
        device_serial_number="",
        pixel_measures=hd.PixelMeasuresSequence([1, 1], 1, 1),
        plane_orientation=hd.PlaneOrientationSequence("PATIENT", [1, 0, 0, 0, 1, 0]),
        plane_positions=[
            hd.PlanePositionSequence("PATIENT", [0, 0, -index]) for index in range(slices)
        ],
        omit_empty_frames=form != "labelmap",
        max_fractional_value=255,
    )
    return made, marked


def frames_of(dataset, bits):
    count, rows, columns = int(dataset.NumberOfFrames), dataset.Rows, dataset.Columns
    content = np.frombuffer(dataset.PixelData, np.uint8)
    if bits == 1:
        content = np.unpackbits(content, bitorder="little")
    elif bits == 16:
        content = content.view("<u2")
    return content[: count * rows * columns].reshape(count, rows, columns)


def written_with_us(array, form, direction, folder):
    grid = Grid.from_spacing(
        array.shape[1:], (0.7, 0.9, 2.5), origin=(-12.5, 3.5, 4), direction=direction
    )
    layers = tuple({1: index + 1} for index in range(len(array)))
    slabs = array_frames(array.reshape(-1, *array.shape[2:]))
    volume = Volume(slabs=slabs, grid=grid, volumes=len(array), layers=layers)
    segments = {}
    for number in range(1, len(array) + 1):
        segments[number] = {"label": f"Segment {number}", **BRAIN}
    out = folder / "out"
    dcs.write(
        volume,
        out,
        kind="Segmentation",
        segmentation_type=form,
        segments=segments,
        overwrite=True,
        orient="as-is",
        verify=False,
    )
    return volume.along_normal(), Path(out, "0001.dcm")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("oracle")


@examples(20)
@pytest.mark.parametrize("form", ["binary", "labelmap", "fractional"])
@given(array=arrays(), direction=st.sampled_from(sorted(DIRECTIONS)))
def test_pixels_and_functional_groups_are_those_of_highdicom(folder, form, array, direction):
    if form == "labelmap":  # each voxel belongs to the first of its segments
        array = array & (np.cumsum(array, axis=0) == 1)
        array = array[array.any(axis=(1, 2, 3))]
    volume, path = written_with_us(array, form, DIRECTIONS[direction], folder)
    voxels = np.asarray(volume.array)
    expected, marked = highdicom_writes(voxels, form)
    ours = pydicom.dcmread(path)
    for keyword in COMPARED:
        assert ours.get(keyword) == expected.get(keyword), keyword
    bits = ours.BitsAllocated
    theirs = frames_of(expected, bits).copy()
    shared = expected.SharedFunctionalGroupsSequence[0]
    items = expected.PerFrameFunctionalGroupsSequence
    for frame, item in zip(theirs, items, strict=True):
        named = item if "SegmentIdentificationSequence" in item else shared
        index = round(-item.PlanePositionSequence[0].ImagePositionPatient[2])
        is_first = form != "labelmap" and (
            named.SegmentIdentificationSequence[0].ReferencedSegmentNumber == 1
        )
        if index in marked and is_first:
            frame[0, 0] = 0
    assert np.array_equal(frames_of(ours, bits), theirs)
    segments = [item for item in expected.SegmentSequence if item.SegmentNumber]
    assert [item for item in ours.SegmentSequence if item.SegmentNumber] == segments
    same_frames(volume.grid, ours, expected)


def same_frames(grid, ours, expected):
    for sequence in ("DimensionIndexSequence", "DimensionOrganizationSequence"):
        for item, other in zip(ours[sequence].value, expected[sequence].value, strict=True):
            other.DimensionOrganizationUID = item.DimensionOrganizationUID
            assert item == other
    shared, others = (dataset.SharedFunctionalGroupsSequence[0] for dataset in (ours, expected))
    assert shared.get("SegmentIdentificationSequence") == others.get(
        "SegmentIdentificationSequence"
    )
    pairs = zip(
        ours.PerFrameFunctionalGroupsSequence,
        expected.PerFrameFunctionalGroupsSequence,
        strict=True,
    )
    for item, other in pairs:
        assert item.FrameContentSequence == other.FrameContentSequence
        assert item.get("SegmentIdentificationSequence") == other.get(
            "SegmentIdentificationSequence"
        )
        index = round(-other.PlanePositionSequence[0].ImagePositionPatient[2])
        position = item.PlanePositionSequence[0].ImagePositionPatient
        assert position == list(map(float, grid.position_texts(index)))


@examples(10)
@pytest.mark.parametrize("form", ["binary", "fractional"])
@given(array=arrays(), direction=st.sampled_from(sorted(DIRECTIONS)))
def test_highdicom_reads_each_segment_on_its_place(folder, form, array, direction):
    volume, path = written_with_us(array, form, DIRECTIONS[direction], folder)
    opened = hd.seg.segread(path)
    read = opened.get_volume()
    affine = volume.grid.affine()[:, [2, 1, 0, 3]]
    if volume.slices > 1 and not np.allclose(read.affine, affine, atol=1e-6):
        read = read.flip_spatial(0)  # highdicom counts slices against the normal
        assert np.allclose(read.affine, affine, atol=1e-6)
    assert np.array_equal(np.moveaxis(read.array, -1, 0), np.asarray(volume.array))
