"""Modality LUTs in functional groups, and beside slopes: applied, noted, or rejected."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom import dcmread, dcmwrite
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_modality_lut

import dicomseries as dcs
from dicomseries.errors import ReadError

pytestmark = pytest.mark.filterwarnings("ignore::dicomseries.errors.DicomSeriesWarning")

STORED = np.random.default_rng(5).integers(0, 200, (3, 4, 5)).astype("int16")
METADATA = {"ApplicableSafetyStandardAgency": "IEC"}


def table(entries, *, first=10, bits=16, signed=True):
    item = Dataset()
    item.add_new("LUTDescriptor", "SS" if signed else "US", [len(entries), first, bits])
    item.ModalityLUTType = "US"
    item.add_new("LUTData", "OW", np.asarray(entries, "<u2").tobytes())
    return item


def transformation(*tables, slope=None):
    item = Dataset()
    if tables:
        item.ModalityLUTSequence = list(tables)
    if slope is not None:
        item.RescaleSlope, item.RescaleIntercept, item.RescaleType = slope, 0, "US"
    return item


def enhanced(path, change):
    """Write an enhanced MR, whose dataset `change` gets."""
    folder = path.with_suffix("")
    dcs.write(
        STORED,
        folder,
        kind="EnhancedMR",
        spacing=(1, 2, 3),
        metadata=METADATA,
        sync=False,
        verify=False,
    )
    (file,) = folder.glob("*.dcm")
    dataset = dcmread(file)
    shared = dataset.SharedFunctionalGroupsSequence[0]
    if "PixelValueTransformationSequence" in shared:
        del shared.PixelValueTransformationSequence
    change(dataset, shared, dataset.PerFrameFunctionalGroupsSequence)
    dcmwrite(path, dataset)
    return path


ENTRIES = [np.arange(150) * 7 + 3, np.arange(150) ** 2, np.arange(150)[::-1] + 1000]


def test_each_frame_has_the_values_of_its_table(tmp_path):
    def change(dataset, shared, frames):
        for index, frame in enumerate(frames):
            item = transformation(table(ENTRIES[index], first=10 - 20 * index))
            frame.PixelValueTransformationSequence = [item]

    path = enhanced(tmp_path / "a.dcm", change)
    volume = dcs.read(path)
    for index, frame in enumerate(dcmread(path).PerFrameFunctionalGroupsSequence):
        item = frame.PixelValueTransformationSequence[0]
        assert np.array_equal(volume.array[index], apply_modality_lut(STORED[index], item))
    assert "The values are those of the Modality LUT of each frame." in volume.notes
    assert np.array_equal(dcs.read(path, slices=slice(1, 3)).array, volume.array[1:3])


@pytest.mark.parametrize(
    ("group", "sequence"),
    [
        ("PixelIntensityRelationshipLUTSequence", None),
        ("FrameVOILUTSequence", "VOILUTSequence"),
    ],
)
def test_tables_of_other_meaning_leave_the_values_alone(tmp_path, group, sequence):
    item = table(ENTRIES[0])
    del item.ModalityLUTType
    outer = item
    if sequence is not None:
        outer = Dataset()
        setattr(outer, sequence, [item])

    def change(dataset, shared, frames):
        setattr(frames[0], group, [outer])

    volume = dcs.read(enhanced(tmp_path / "a.dcm", change))
    assert np.array_equal(volume.array, STORED)
    assert not any("Modality LUT" in note for note in volume.notes)


def test_a_shared_table_holds_for_all_frames(tmp_path):
    def change(dataset, shared, frames):
        shared.PixelValueTransformationSequence = [transformation(table(ENTRIES[1]))]

    volume = dcs.read(enhanced(tmp_path / "a.dcm", change))
    assert np.array_equal(volume.array, ENTRIES[1][np.clip(STORED.astype(int) - 10, 0, 149)])


def test_stored_values_of_frames_with_tables_say_so(tmp_path):
    def change(dataset, shared, frames):
        shared.PixelValueTransformationSequence = [transformation(table(ENTRIES[0]))]

    volume = dcs.read(enhanced(tmp_path / "a.dcm", change), values="stored")
    assert np.array_equal(volume.array, STORED)
    assert "The values are those before the Modality LUT of each frame." in volume.notes


def only_some(dataset, shared, frames):
    frames[1].PixelValueTransformationSequence = [transformation(table(ENTRIES[0]))]


def with_a_slope(dataset, shared, frames):
    shared.PixelValueTransformationSequence = [transformation(table(ENTRIES[0]), slope=2)]


def too_short(dataset, shared, frames):
    item = table(ENTRIES[0])
    item.LUTDescriptor[0] = 151
    shared.PixelValueTransformationSequence = [transformation(item)]


@pytest.mark.parametrize("change", [only_some, with_a_slope, too_short])
def test_tables_of_no_clear_meaning_are_rejected(tmp_path, change):
    path = enhanced(tmp_path / "a.dcm", change)
    with pytest.raises(ReadError) as caught:
        dcs.read(path)
    assert caught.value.code == "lookup-table-unusable"
    assert np.array_equal(dcs.read(path, values="stored").array, STORED)


def test_a_table_of_the_file_comes_before_slopes_of_frames_as_in_highdicom(tmp_path):
    def change(dataset, shared, frames):
        dataset.ModalityLUTSequence = [table(ENTRIES[1])]
        for index, frame in enumerate(frames):
            frame.PixelValueTransformationSequence = [transformation(slope=index + 2)]

    path = enhanced(tmp_path / "a.dcm", change)
    volume = dcs.read(path)
    expected = ENTRIES[1][np.clip(STORED.astype(int) - 10, 0, 149)]
    assert np.array_equal(volume.array, expected)
    assert any("further transformation of the values" in note for note in volume.notes)
    highdicom = pytest.importorskip("highdicom")
    theirs = highdicom.imread(path).get_frames(apply_voi_transform=False)
    assert sorted(map(float, theirs.ravel())) == sorted(map(float, expected.ravel()))
