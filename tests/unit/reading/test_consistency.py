"""Warnings about ambiguous or contradictory files."""

from __future__ import annotations

import shutil

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset

import dicomseries as dcs
from dicomseries.checks import check
from dicomseries.errors import ReadError
from dicomseries.reading import read, scan
from judges.known import OBLIQUE, write_known_series

STORED = np.arange(120, dtype="int16").reshape(6, 4, 5)
MAP = "1.2.840.10008.5.1.4.1.1.30"


def only(path):
    (found,) = scan(path).series
    return found


def codes(path):
    return [problem.code for problem in only(path).problems]


def of_slice(keyword, value, *, at=2):
    return lambda index, dataset: setattr(dataset, keyword, value) if index == at else None


@pytest.mark.parametrize(
    ("keyword", "value", "code"),
    [
        ("StudyInstanceUID", "2.25.5", "studies-differ"),
        ("FrameOfReferenceUID", "2.25.5", "frames-of-reference-differ"),
        ("PhotometricInterpretation", "MONOCHROME1", "photometric-differs"),
        ("RescaleType", "HU", "units-differ"),
        ("Units", "BQML", "units-differ"),
    ],
)
def test_a_slice_with_another_meaning_is_reported(tmp_path, keyword, value, code):
    folder = write_known_series(tmp_path, STORED, change=of_slice(keyword, value))
    assert codes(folder) == [code]
    with pytest.warns(UserWarning, match="files of the series have 2 different"):
        np.testing.assert_array_equal(read(folder).array, STORED)


def test_a_slice_without_a_slope_among_others_is_reported(tmp_path):
    def bare(at, dataset):
        if at == 3:
            del dataset.RescaleSlope, dataset.RescaleIntercept

    folder = write_known_series(tmp_path, STORED, slope=2.0, change=bare)
    assert codes(folder) == ["rescale-incomplete"]
    assert "1 of the 6 files of the series have no RescaleSlope" in only(folder).problems[0].text


def test_numbers_of_colours_are_not_taken_for_intensities(tmp_path):
    folder = write_known_series(
        tmp_path,
        STORED,
        change=lambda _, ds: setattr(ds, "PhotometricInterpretation", "PALETTE COLOR"),
    )
    assert codes(folder) == ["palette-missing"]


def test_surplus_pixels_are_reported(tmp_path, write_frames):
    def twice(_, dataset):
        dataset.PixelData *= 2

    assert codes(write_known_series(tmp_path / "classic", STORED, change=twice)) == ["pixels-left"]
    path = write_frames(
        STORED, change=lambda dataset: setattr(dataset, "PixelData", dataset.PixelData + bytes(80))
    )
    assert "NumberOfFrames is 6, 2 more follow" in only(path).problems[0].text
    path = write_frames(
        STORED, change=lambda dataset: setattr(dataset, "PixelData", dataset.PixelData + bytes(38))
    )
    assert codes(path) == []


def test_the_dose_of_a_single_frame_is_scaled():
    with pytest.warns(UserWarning, match="thickness|SliceThickness"):
        volume = read(get_testdata_file("rtdose_1frame.dcm"))
    stored = pydicom.dcmread(get_testdata_file("rtdose_1frame.dcm"))
    np.testing.assert_array_equal(
        volume.array[0], stored.pixel_array * float(stored.DoseGridScaling)
    )


def test_a_file_without_rows_is_rejected_in_words(tmp_path):
    def empty(_, dataset):
        dataset.Rows = 0
        del dataset.ImagePositionPatient

    folder = write_known_series(tmp_path, STORED[:1], change=empty)
    with pytest.raises(ReadError, match="Rows 0, Columns 5"):
        read(folder)


def test_stored_values_are_read_without_a_valid_rescale(tmp_path):
    def unusable(_, dataset):
        dataset.RescaleSlope = "0"

    folder = write_known_series(tmp_path, STORED, change=unusable)
    with pytest.raises(ReadError, match="finite RescaleSlope"):
        read(folder)
    with pytest.warns(UserWarning, match="the real values are unknown"):
        volume = read(folder, values="stored")
    np.testing.assert_array_equal(volume.array, STORED)
    assert (volume.slope, volume.intercept) == (1.0, 0.0)


@pytest.mark.filterwarnings("ignore:1 of 13 files are copies")
def test_images_that_share_a_uid_are_not_copies_unless_their_headers_are_equal(tmp_path):
    for time in range(2):
        folder = write_known_series(
            tmp_path / str(time),
            STORED + time,
            change=lambda _, ds, time=time: setattr(ds, "TriggerTime", str(time)),
        )
    shutil.copy(folder / "0001.dcm", folder / "copy.dcm")
    assert codes(tmp_path) == ["instances-repeated", "uids-repeated"]
    with pytest.warns(UserWarning, match="6 of 13 files share the SOPInstanceUID of another"):
        volume = read(tmp_path)
    np.testing.assert_array_equal(volume.array, np.stack([STORED, STORED + 1]))


def write_torn(folder, mark):
    """Write four volumes of four slices, of which each place lacks another one."""
    for time in range(4):

        def change(at, dataset, time=time):
            dataset.SOPInstanceUID = f"2.25.7.{time}.{at}"
            dataset.InstanceNumber = time * 4 + at + 1
            mark(dataset, time)

        write_known_series(folder / str(time), STORED[:4] + time, change=change)
        (folder / str(time) / f"{time + 1:04d}.dcm").unlink()
    return folder


def test_volumes_that_lack_different_slices_are_rejected_where_they_are_numbered(tmp_path):
    folder = write_torn(
        tmp_path, lambda dataset, time: setattr(dataset, "TemporalPositionIdentifier", time + 1)
    )
    assert codes(folder) == ["positions-repeated"]


def test_a_clock_that_disagrees_from_place_to_place_tells_no_volumes_apart(tmp_path):
    folder = write_torn(
        tmp_path, lambda dataset, time: setattr(dataset, "AcquisitionTime", f"12000{time}")
    )
    (problem,) = only(folder).problems
    assert problem.code == "volumes-by-number"
    assert "2 numbers between the first and the last are missing" in problem.text


def test_a_clock_may_be_rounded_otherwise_at_each_place(tmp_path):
    ticks = ((0, 33, 67), (0, 34, 67), (1, 33, 66), (0, 33, 67))
    for time in range(3):

        def change(at, dataset, time=time):
            dataset.SOPInstanceUID = f"2.25.7.{time}.{at}"
            dataset.InstanceNumber = 3 - time
            dataset.TriggerTime = str(ticks[at][time])

        write_known_series(tmp_path / str(time), STORED[:4] + time, change=change)
    np.testing.assert_array_equal(
        read(tmp_path).array, np.stack([STORED[:4] + time for time in range(3)])
    )


def test_two_attributes_of_all_combinations_are_two_axes(tmp_path):
    for volume in range(4):

        def change(at, dataset, volume=volume):
            dataset.SOPInstanceUID = f"2.25.7.{volume}.{at}"
            dataset.TemporalPositionIdentifier, dataset.EchoTime = (
                volume // 2 + 1,
                str(5 + volume % 2),
            )

        write_known_series(tmp_path / str(volume), STORED + volume, change=change)
    series = only(tmp_path)
    assert series.problems == ()
    echo, time = series.layout.axes
    assert (echo.name, echo.values, echo.unit) == ("echo", (5.0, 6.0), "ms")
    assert (time.name, time.values, time.unit) == ("time", (1.0, 2.0), "")
    np.testing.assert_array_equal(
        read(tmp_path).array, np.stack([STORED + volume for volume in (0, 2, 1, 3)])
    )


def test_a_missing_part_of_a_concatenation_is_reported(write_frames):
    def part(number):
        def change(dataset):
            dataset.ConcatenationUID, dataset.InConcatenationNumber = "2.25.8", number
            dataset.InConcatenationTotalNumber = 3

        return change

    paths = [
        write_frames(
            STORED[at : at + 2],
            name=f"{9 - at}.dcm",
            positions=[at, at + 1],
            change=part(at // 2 + 1),
        )
        for at in (0, 2, 4)
    ]
    folder = paths[0].parent
    assert codes(folder) == []
    assert [path.name for path in only(folder).paths] == ["9.dcm", "7.dcm", "5.dcm"]
    paths[2].unlink()
    assert codes(folder) == ["concatenation-incomplete"]
    assert "2 of 3 parts" in only(folder).problems[0].text
    assert any("2 of 3 parts" in finding.message for finding in check(folder, validators=False))


@pytest.mark.parametrize(
    ("mappings", "code"), [(0, "mapping-missing"), (1, None), (2, "mappings-several")]
)
def test_an_unclear_meaning_of_map_values_is_reported(write_frames, mappings, code):
    def each(_, groups):
        for at in range(mappings):
            mapping = Dataset()
            mapping.RealWorldValueSlope, mapping.RealWorldValueIntercept = at + 1.0, 0.0
            groups.RealWorldValueMappingSequence = [
                *groups.get("RealWorldValueMappingSequence", []),
                mapping,
            ]

    path = write_frames(STORED, sop_class=MAP, each=each)
    assert codes(path) == ([code] if code else [])


def test_cosines_that_are_rounded_do_not_shorten_the_spacing(tmp_path):
    rounded = np.round(OBLIQUE[:3, :2] / np.linalg.norm(OBLIQUE[:3, :2], axis=0), 2).T.ravel()
    folder = write_known_series(
        tmp_path,
        STORED,
        change=lambda _, ds: setattr(ds, "ImageOrientationPatient", rounded.tolist()),
    )
    grid = only(folder).grid
    assert grid.spacing_mm[2] == pytest.approx(np.linalg.norm(OBLIQUE[:3, 2]), rel=1e-4)


def test_slices_nearer_than_others_are_uneven_not_missing(tmp_path):
    def nearer(at, dataset):
        if at == 3:
            dataset.ImagePositionPatient = (OBLIQUE @ (0, 0, 2.1, 1))[:3].round(6).tolist()

    (problem,) = only(write_known_series(tmp_path, STORED[:4], change=nearer)).problems
    assert (problem.code, problem.level) == ("spacing-uneven", "error")


def test_the_byte_that_makes_the_pixels_of_one_voxel_even_is_no_frame(tmp_path):
    dcs.write(np.ones((1, 1, 1), "uint8"), tmp_path / "out", kind="SC", spacing=(1, 1, 1))
    assert dcs.read(tmp_path / "out").array.tolist() == [[[1]]]


def test_an_index_of_time_that_counts_acquisitions_gives_way_to_the_dimensions():
    import data_packages

    (series,) = scan(data_packages.enhanced_mr()).series
    assert (series.volumes, series.grid.shape) == (2, (56, 512, 512))
    assert series.problems == ()
