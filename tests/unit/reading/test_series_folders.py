"""`scan`: every series below a folder, sorted by geometry, with its problems."""

from __future__ import annotations

import os
import shutil
import warnings

import numpy as np
import pydicom
import pytest

from dicomseries.errors import DicomSeriesError, DicomSeriesWarning, ReadError
from dicomseries.reading import read, scan, select
from dicomseries.slice_planes import IRREGULARITIES
from judges.known import OBLIQUE, write_known_series

STORED = np.arange(120, dtype="int16").reshape(6, 4, 5)


def only(path):
    (found,) = scan(path).series
    return found


def read_on_a_grid(path):
    """Read a series; of irregular slices, ask for the grid that they do not have."""
    if not {problem.code for problem in only(path).problems} & IRREGULARITIES.keys():
        return read(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DicomSeriesWarning)
        return read(path).grid.affine()


def codes(path) -> list[tuple[str, str]]:
    return [(problem.code, problem.level) for problem in only(path).problems]


def test_slices_are_sorted_along_the_normal_not_by_name_or_number(tmp_path):
    folder = write_known_series(
        tmp_path, STORED, change=lambda at, ds: setattr(ds, "InstanceNumber", (at * 5) % 6)
    )
    for index, path in enumerate(sorted(folder.iterdir())):
        path.rename(folder / f"{(index * 7) % 6}.ima")
    series = only(folder)
    assert [instance.text("SOPInstanceUID")[-1] for instance in series.instances] == list("123456")
    assert np.allclose(series.grid.affine(), OBLIQUE, atol=1e-9)
    assert series.problems == ()


def test_a_row_says_what_the_series_is(tmp_path):
    series = only(write_known_series(tmp_path, STORED))
    assert (series.kind, series.modality, series.number) == ("CT", "CT", 1)
    assert (series.rows, series.columns, series.samples) == (4, 5, 1)
    assert (series.study_uid, series.series_uid) == ("2.25.1001", "2.25.1002")
    assert len(series.paths) == 6
    assert str(series).startswith("2.25.1002  CT 5×4×6")


def test_series_are_separated_and_other_files_counted(tmp_path):
    write_known_series(tmp_path / "a" / "deep", STORED)
    write_known_series(
        tmp_path / "b", STORED[:2], change=lambda _, ds: setattr(ds, "SeriesInstanceUID", "2.25.7")
    )
    write_known_series(
        tmp_path / ".b.partial-1",
        STORED,
        change=lambda _, ds: setattr(ds, "SeriesInstanceUID", "2.8"),
    )
    (tmp_path / "notes.txt").write_text("no DICOM", encoding="utf-8")
    (tmp_path / "empty").touch()
    (tmp_path / "DICOMDIR").write_bytes(b"whatever")
    (tmp_path / ".hidden").write_bytes(b"whatever")
    found = scan(tmp_path)
    assert [(len(series.instances), series.series_uid) for series in found.series] == [
        (6, "2.25.1002"),
        (2, "2.25.7"),
    ]
    assert (found.skipped, found.problems) == (2, ())


def test_a_folder_without_series_is_reported_with_these_words(tmp_path):
    (tmp_path / "notes.txt").write_text("no DICOM", encoding="utf-8")
    with pytest.raises(ReadError, match=f'"{tmp_path}" does not contain a DICOM series') as caught:
        read(tmp_path)
    assert caught.value.code == "no-series"
    with pytest.raises(ReadError, match="no such file or folder") as caught:
        scan(tmp_path / "nowhere")
    assert caught.value.code == "no-series"


def break_header(path):
    data = path.read_bytes()
    assert data.count(b"\x08\x00\x60\x00CS") == 1
    path.write_bytes(data.replace(b"\x08\x00\x60\x00CS", b"\x08\x00\x60\x00\x18\x00"))


def test_a_broken_file_is_rejected_with_the_reason(tmp_path):
    write_known_series(tmp_path, STORED[:1])
    path = tmp_path / "0001.dcm"
    break_header(path)
    (problem,) = scan(path).problems
    with pytest.raises(ReadError) as caught:
        read(path)
    assert (caught.value.code, caught.value.where) == ("file-damaged", str(path))
    assert "instead of a value representation at byte" in str(caught.value.given)
    assert str(caught.value.given) in problem.text


def test_a_folder_of_broken_files_tells_the_reason_of_one(tmp_path):
    write_known_series(tmp_path, STORED[:2])
    (tmp_path / "notes.txt").write_text("no DICOM", encoding="utf-8")
    for path in tmp_path.glob("*.dcm"):
        break_header(path)
    with pytest.raises(ReadError) as caught:
        read(tmp_path)
    assert caught.value.code == "no-series"
    assert "1 file not DICOM, 2 files damaged, such as" in str(caught.value.given)
    assert "0001.dcm: (0008,0060) with" in str(caught.value.given)
    assert caught.value.remedy.startswith("Copy or export the file again")


@pytest.mark.parametrize("keyword", ["Rows", "Columns"])
@pytest.mark.parametrize("value", [None, 0])
def test_an_image_without_a_size_is_rejected_with_its_attribute(tmp_path, keyword, value):
    def change(_, dataset):
        if value is None:
            delattr(dataset, keyword)
        else:
            setattr(dataset, keyword, value)

    write_known_series(tmp_path, STORED[:1], change=change)
    with pytest.raises(ReadError) as caught:
        read(tmp_path)
    assert caught.value.code == "size-missing"
    assert f"{keyword} 0" in caught.value.given
    assert "axes=" not in str(caught.value)


def test_a_grid_that_cannot_be_is_explained_without_options_of_write(tmp_path):
    cosines = ["1", "0", "0", "0.5", "0.5", "0"]
    write_known_series(
        tmp_path, STORED[:1], change=lambda _, ds: setattr(ds, "ImageOrientationPatient", cosines)
    )
    with pytest.raises(ReadError) as caught:
        read(tmp_path)
    assert caught.value.code == "axes-not-right-angled"
    assert "ImageOrientationPatient" in caught.value.remedy


def test_one_of_several_series_must_be_chosen(tmp_path):
    write_known_series(tmp_path / "a", STORED)
    write_known_series(
        tmp_path / "b", STORED[:2], change=lambda _, ds: setattr(ds, "SeriesInstanceUID", "2.25.7")
    )
    with pytest.raises(ReadError) as caught:
        read(tmp_path)
    assert caught.value.code == "several-series"
    assert "2.25.1002  CT 5×4×6" in str(caught.value)
    assert "2.25.7  CT 5×4×2" in str(caught.value)
    assert "series=" in caught.value.remedy
    assert read(tmp_path, series="2.25.7").grid.shape == (2, 4, 5)
    with pytest.raises(ReadError) as caught:
        select(tmp_path, scan(tmp_path), "2.25.8")
    assert caught.value.code == "series-not-found"


def change_position(index, **moves):
    def change(at, dataset):
        if at == index:
            position = [float(value) for value in dataset.ImagePositionPatient]
            for axis, mm in moves.items():
                position["xyz".index(axis)] += mm
            dataset.ImagePositionPatient = [f"{value:.6f}" for value in position]

    return change


def sheared(at, dataset):
    position = [float(value) for value in dataset.ImagePositionPatient]
    dataset.ImagePositionPatient = [f"{position[0] + 0.3 * at:.6f}", *position[1:]]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (change_position(2, y=-0.005), [("spacing-uneven", "warning")]),
        (change_position(2, y=-0.02), [("spacing-uneven", "error")]),
        (change_position(2, y=-0.8), [("spacing-uneven", "error")]),
        (change_position(2, y=2.5), [("positions-repeated", "error")]),
        (change_position(2, x=0.005), [("slices-sheared", "warning")]),
        (change_position(2, x=0.2), [("slices-sheared", "error")]),
        (sheared, [("slices-sheared", "error")]),
        (
            lambda at, ds: at or setattr(ds, "ImageOrientationPatient", [1, 0, 0, 0, 1, 0]),
            [("mixed-orientations", "error")],
        ),
        (
            lambda at, ds: at or setattr(ds, "PixelSpacing", [1, 2]),
            [("pixel-spacing-differs", "error")],
        ),
        (
            lambda at, ds: at or ds.__delattr__("ImagePositionPatient"),
            [("position-missing", "error")],
        ),
        (lambda _, ds: ds.__delattr__("PixelSpacing"), [("pixel-spacing-missing", "warning")]),
        (lambda at, ds: at or ds.__delattr__("PixelData"), [("no-pixels", "error")]),
        (
            lambda at, ds: at or (setattr(ds, "Rows", 2), setattr(ds, "Columns", 10)),
            [("mixed-sizes", "error")],
        ),
        (lambda at, ds: at or setattr(ds, "PixelRepresentation", 0), [("mixed-sizes", "error")]),
        (
            lambda _, ds: setattr(
                ds, "ImageOrientationPatient", ["0.6", 0, "0.81", "-0.8", 0, "0.6"]
            ),
            [("axes-not-right-angled", "error")],
        ),
    ],
)
def test_faults_are_reported_and_errors_reject_the_grid(tmp_path, change, expected):
    folder = write_known_series(tmp_path / "series", STORED, change=change)
    assert codes(folder) == expected
    if expected[0][1] == "error":
        assert only(folder).grid is None
        with pytest.raises(DicomSeriesError) as caught:
            read_on_a_grid(folder)
        assert caught.value.code == expected[0][0]
        assert caught.value.remedy


def test_missing_slices_are_counted_and_placed(tmp_path):
    folder = write_known_series(tmp_path, STORED)
    (folder / "0003.dcm").unlink()
    (folder / "0004.dcm").unlink()
    (problem,) = only(folder).problems
    assert (problem.code, problem.level) == ("slices-missing", "error")
    assert "2 of 6 slices are missing, the first between 0002.dcm and 0005.dcm" in problem.text


def test_time_points_at_one_place_are_counted(tmp_path):
    write_known_series(tmp_path / "1", STORED)
    write_known_series(
        tmp_path / "2", STORED, change=lambda at, ds: setattr(ds, "SOPInstanceUID", f"2.25.7.{at}")
    )
    (problem,) = only(tmp_path).problems
    assert problem.code == "positions-repeated"
    assert "12 files share 6 places, 2 at each" in problem.text


def test_copies_of_a_file_are_left_out_with_a_warning(tmp_path):
    folder = write_known_series(tmp_path, STORED)
    shutil.copy(folder / "0002.dcm", folder / "0002 (copy).dcm")
    series = only(folder)
    assert [problem.code for problem in series.problems] == ["instances-repeated"]
    assert series.grid.shape == (6, 4, 5)


def test_a_truncated_file_is_named(tmp_path):
    folder = write_known_series(tmp_path, STORED)
    path = folder / "0004.dcm"
    path.write_bytes(path.read_bytes()[:-3])
    (problem,) = only(folder).problems
    assert problem.code == "file-truncated"
    assert "0004.dcm" in problem.text


def test_a_broken_header_does_not_hide_the_rest(tmp_path):
    folder = write_known_series(tmp_path, STORED)
    path = folder / "0006.dcm"
    path.write_bytes(path.read_bytes()[:500])
    found = scan(folder)
    assert [problem.code for problem in found.problems] == ["file-truncated"]
    assert found.series[0].grid.shape == (5, 4, 5)


def test_a_single_slice_keeps_its_spacing(tmp_path):
    def thick(_, dataset):
        dataset.SliceThickness = "4"

    assert (
        only(write_known_series(tmp_path / "1", STORED[:1], change=thick)).grid.spacing_mm[2] == 2.5
    )

    def thickness_only(_, dataset):
        dataset.SliceThickness = "4"
        del dataset.SpacingBetweenSlices

    assert (
        only(write_known_series(tmp_path / "2", STORED[:1], change=thickness_only)).grid.spacing_mm[
            2
        ]
        == 4.0
    )

    def neither(_, dataset):
        del dataset.SpacingBetweenSlices, dataset.SliceThickness

    folder = write_known_series(tmp_path / "3", STORED[:1], change=neither)
    assert codes(folder) == [("thickness-missing", "warning")]
    assert only(folder).grid.spacing_mm[2] == 1.0


def test_without_geometry_the_numbers_are_the_order(tmp_path):
    def bare(at, dataset):
        del (
            dataset.ImagePositionPatient,
            dataset.ImageOrientationPatient,
            dataset.FrameOfReferenceUID,
        )
        dataset.InstanceNumber = 6 - at

    series = only(write_known_series(tmp_path, STORED, change=bare))
    assert [problem.code for problem in series.problems] == ["no-geometry"]
    assert series.instances[0].name == "0006.dcm"
    assert series.grid.spacing_mm == (0.9, 0.7, 2.5)


def test_files_without_preamble_are_found_where_they_begin_like_dicom(tmp_path):
    folder = write_known_series(tmp_path, STORED)
    for path in folder.iterdir():
        path.write_bytes(path.read_bytes()[132:])
    assert len(only(folder).instances) == 6
    for path in folder.iterdir():
        data = pydicom.dcmread(path, force=True)
        del data.file_meta
        data.save_as(path, implicit_vr=True, little_endian=True, enforce_file_format=False)
    assert only(folder).grid.shape == (6, 4, 5)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_named_pipe_is_passed_over_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    found = scan(tmp_path)
    assert (found.series, found.skipped) == ((), 1)
