"""Series with more than the slices of one array: objects without pixels, copies, clips."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.api.view import look
from dicomseries.checks import check
from dicomseries.cli import main
from dicomseries.errors import DicomSeriesWarning, ReadError
from dicomseries.reading import open_volume, scan
from image_objects import CLASSES, save_object
from judges.known import OBLIQUE, write_known_series

STORED = np.arange(120, dtype="int16").reshape(6, 4, 5)
UIDS = {"SeriesInstanceUID": "2.25.1002", "StudyInstanceUID": "2.25.1001"}
WITHOUT_PIXELS = ("RAW", "SR", "PR", "KOS", "RTSTRUCT", "RTPLAN", "ECG", "MRS", "CSA")


@pytest.mark.parametrize("name", WITHOUT_PIXELS)
def test_an_object_without_pixels_in_a_series_is_left_out_with_a_note(tmp_path, name):
    folder = write_known_series(tmp_path, STORED)
    sizes = {"Rows": 1, "Columns": 1} if name == "MRS" else {}
    save_object(folder / "0000.dcm", name, **UIDS, **sizes)
    with pytest.warns(DicomSeriesWarning, match="1 object without pixels in the series left out"):
        volume = dcs.read(folder)
    assert np.array_equal(volume.array, STORED)
    assert np.allclose(volume.grid.affine(), OBLIQUE, atol=1e-9)
    (note,) = volume.notes
    assert note.startswith("1 object without pixels in the series left out (1 ")
    assert len(volume.tags.paths) == 6


def test_objects_are_counted_by_kind(tmp_path):
    folder = write_known_series(tmp_path, STORED)
    for number, name in enumerate(("SR", "RAW", "SR"), 1):
        save_object(folder / f"x{number}.dcm", name, number=number, **UIDS)
    (series,) = scan(folder)
    (problem,) = series.problems
    assert "3 objects without pixels" in problem.text
    assert "(2 Basic Text SR, 1 Raw Data)" in problem.text
    assert (len(series.instances), len(series.objects), series.frames) == (6, 3, 6)


def test_an_unknown_class_is_an_object_only_without_pixels(tmp_path):
    folder = write_known_series(
        tmp_path, STORED, change=lambda _, ds: setattr(ds, "SOPClassUID", CLASSES["CSA"])
    )
    assert np.array_equal(open_volume(folder).array, STORED)


def test_an_image_without_its_pixels_is_not_left_out(tmp_path):
    folder = write_known_series(
        tmp_path, STORED, change=lambda at, ds: at == 5 and ds.__delattr__("PixelData")
    )
    with pytest.raises(ReadError, match="1 of 6 images have no Pixel Data"):
        open_volume(folder)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("SR", ("1 Basic Text SR", "highdicom")),
        ("RTSTRUCT", ("1 RT Structure Set", "dcmrtstruct2nii")),
        ("MRS", ("1 MR Spectroscopy", "spec2nii")),
        ("ECG", ("1 12-lead ECG Waveform", "waveform_array")),
        ("RTPLAN", ("1 RT Plan", "pydicom")),
        ("CSA", ("1 of the class 1.3.12.2.1107.5.9.1", "pydicom")),
    ],
)
def test_a_folder_of_objects_names_them_and_their_readers(tmp_path, name, words):
    save_object(tmp_path / "1.dcm", name)
    with pytest.raises(ReadError) as caught:
        dcs.read(tmp_path)
    assert caught.value.code == "no-pixels"
    assert words[0] in caught.value.given
    assert words[1] in caught.value.remedy


def test_several_series_of_objects_are_named_together(tmp_path):
    save_object(tmp_path / "1.dcm", "SR", series="2.25.8")
    save_object(tmp_path / "2.dcm", "RTPLAN", series="2.25.9")
    with pytest.raises(ReadError) as caught:
        dcs.read(tmp_path)
    assert caught.value.code == "no-pixels"
    assert "2 objects without pixels (1 Basic Text SR, 1 RT Plan)" in caught.value.given


def test_the_only_image_series_is_read_beside_others_without_images(tmp_path):
    folder = write_known_series(tmp_path, STORED)
    save_object(folder / "s.dcm", "RTSTRUCT", series="2.25.9")
    with pytest.warns(DicomSeriesWarning, match="1 RT Structure Set"):
        volume = dcs.read(folder)
    assert np.array_equal(volume.array, STORED)
    with pytest.raises(ReadError) as caught:
        dcs.read(folder, series="2.25.9")
    assert caught.value.code == "no-pixels"
    with pytest.raises(ReadError) as caught:
        dcs.tags(folder)
    assert caught.value.code == "several-series"


def test_check_says_what_it_checked_of_an_object(tmp_path):
    folder = write_known_series(tmp_path, STORED)
    clean = {finding.id for finding in check(folder, validators=False)}
    save_object(folder / "9.dcm", "RAW", number=9, **UIDS)
    findings = check(folder, validators=False)
    new = {finding.id for finding in findings} - clean
    assert not {check_id[:3] for check_id in new} & {"PIX", "GEO", "WIN", "VAL"}
    assert "FIL-004" not in new
    (words,) = [words for words in findings.not_checked if "no image object" in words]
    assert words.startswith("pixels and geometry of 1 file (no image object but 1 Raw Data")
    assert "texts and modules of 7 files" in findings.checked


def test_list_counts_no_object_as_a_slice(tmp_path, capsys):
    folder = write_known_series(tmp_path, STORED)
    save_object(folder / "9.dcm", "RAW", **UIDS)
    save_object(folder / "s.dcm", "RTSTRUCT", series="2.25.9")
    assert main(["list", str(folder), "--json"]) == 0
    image, structure = json.loads(capsys.readouterr().out)["series"]
    assert (image["size"], len(image["files"]), len(image["objects"])) == ([5, 4, 6], 6, 1)
    assert (structure["frames"], structure["size"]) == (0, [0, 0, 0])
    assert main(["list", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "1 object without pixels" in out
    assert "no pixels" in out


def enhanced_copy(folder, source):
    from pydicom.dataset import Dataset

    frames = []
    for position in range(len(source)):
        at = (OBLIQUE @ (0, 0, position, 1))[:3]
        plane, content = Dataset(), Dataset()
        plane.ImagePositionPatient = [f"{value:.9f}" for value in at]
        content.FrameAcquisitionNumber = 1
        frame = Dataset()
        frame.PlanePositionSequence, frame.FrameContentSequence = [plane], [content]
        frames.append(frame)
    measures, orientation, shared = Dataset(), Dataset(), Dataset()
    lengths = np.linalg.norm(OBLIQUE[:3, :3], axis=0)
    measures.PixelSpacing = [f"{lengths[1]:.9f}", f"{lengths[0]:.9f}"]
    axes = OBLIQUE[:3, :2] / lengths[:2]
    orientation.ImageOrientationPatient = [f"{value:.9f}" for value in axes.T.ravel()]
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = [measures], [orientation]
    save_object(
        folder / "enhanced.dcm",
        "Enhanced MR",
        source,
        number=77,
        SharedFunctionalGroupsSequence=[shared],
        PerFrameFunctionalGroupsSequence=frames,
        **UIDS,
    )


def test_classic_and_enhanced_copies_of_one_series_are_told_apart(tmp_path, capsys):
    def to_mr(_, dataset):
        dataset.SOPClassUID, dataset.Modality = CLASSES["MR"], "MR"

    folder = write_known_series(tmp_path, STORED, change=to_mr)
    enhanced_copy(folder, STORED + 1000)
    classic, enhanced = sorted(scan(folder), key=lambda series: series.part, reverse=True)
    assert (classic.part, enhanced.part) == ("MR", "EnhancedMR")
    with pytest.raises(ReadError) as caught:
        dcs.read(folder)
    assert caught.value.code == "several-parts"
    assert "2.25.1002/MR  MR 5×4×6" in str(caught.value)
    assert "2.25.1002/EnhancedMR  EnhancedMR 5×4×6" in str(caught.value)
    first = dcs.read(folder, series="2.25.1002/MR")
    second = dcs.read(folder, series="2.25.1002/EnhancedMR")
    assert np.array_equal(first.array + 1000, second.array)
    assert np.allclose(first.grid.affine(), second.grid.affine(), atol=1e-6)
    assert np.array_equal(dcs.read(enhanced).array, second.array)
    assert main(["list", str(folder)]) == 0
    listed = capsys.readouterr().out
    assert "2.25.1002/EnhancedMR" in listed
    assert "2.25.1002/MR " in listed
    ids = {finding.id for finding in check(folder, validators=False)}
    assert not ids & {"GEO-004", "SER-006", "SER-007", "SER-008", "SER-009"}


def test_a_derived_series_names_its_part_as_the_source(tmp_path):
    def to_mr(_, dataset):
        dataset.SOPClassUID, dataset.Modality = CLASSES["MR"], "MR"

    folder = write_known_series(tmp_path / "in", STORED, change=to_mr)
    enhanced_copy(folder, STORED)
    volume = dcs.read(folder, series="2.25.1002/MR")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        receipt = volume.derive(volume.array).write(tmp_path / "out")
    assert receipt.kind == "MR"
    assert np.array_equal(dcs.read(tmp_path / "out").array, STORED)


def test_a_captured_screen_beside_slices_is_a_part(tmp_path):
    folder = write_known_series(tmp_path, STORED)
    screen = np.arange(90, dtype="uint8").reshape(5, 6, 3)
    save_object(folder / "dose.dcm", "SC", screen, number=99, **UIDS)
    assert {series.part: series.frames for series in scan(folder)} == {"CT": 6, "SC": 1}
    assert np.array_equal(open_volume(folder, series="2.25.1002/CT").array, STORED)
    with pytest.warns(DicomSeriesWarning):
        picture = dcs.read(folder, series="2.25.1002/SC")
    assert np.array_equal(picture.array[0], screen)
    assert look(folder, series="2.25.1002/CT").layers[0].volume.shape == (6, 4, 5)
    checked = check(folder, series="2.25.1002/SC", validators=False).checked
    assert "texts and modules of 1 file" in checked
    assert "texts and modules of 7 files" in check(folder, validators=False).checked
    assert main(["tags", str(folder), "--series", "2.25.1002/SC", "--quiet"]) == 0


def test_each_clip_and_each_size_of_pictures_is_a_part(tmp_path):
    clips = [np.full((frames, 4, 6, 3), frames, "uint8") for frames in (3, 4)]
    for number, clip in enumerate(clips, 1):
        save_object(tmp_path / f"clip{number}.dcm", "US clip", clip, number=number)
    for number in (5, 6):
        save_object(tmp_path / f"still{number}.dcm", "US", clips[0][0], number=number)
    save_object(tmp_path / "large.dcm", "US", np.full((8, 6, 3), 7, "uint8"), number=9)
    sizes = {series.choice: (series.frames, series.rows) for series in scan(tmp_path)}
    assert sorted(sizes.values()) == [(1, 8), (2, 4), (3, 4), (4, 4)]
    with pytest.raises(ReadError) as caught:
        dcs.read(tmp_path)
    assert caught.value.code == "several-parts"
    for choice, (frames, _) in sizes.items():
        assert choice in str(caught.value)
        with pytest.warns(DicomSeriesWarning):
            volume = dcs.read(tmp_path, series=choice)
        assert volume.array.shape[0] == frames
    ids = {finding.id for finding in check(tmp_path, validators=False)}
    assert not ids & {"SER-006", "SER-007", "GEO-003", "GEO-004", "FIL-004"}


def test_clips_without_different_uids_are_parts_by_their_files(tmp_path):
    for name in ("a", "b"):
        save_object(tmp_path / f"{name}.dcm", "US clip", np.full((3, 4, 6), 7, "uint8"))
        (tmp_path / f"{name}.dcm").rename(tmp_path / f"{name} of 2.dcm")
    (tmp_path / "b of 2.dcm").write_bytes((tmp_path / "a of 2.dcm").read_bytes() + b"\0\0")
    assert sorted(series.part for series in scan(tmp_path)) == ["a of 2", "b of 2"]


def test_captures_with_a_position_are_parts_by_size(tmp_path):
    def to_capture(at, dataset):
        dataset.SOPClassUID, dataset.Modality = CLASSES["SC"], "OT"
        if at == 5:
            dataset.Rows, dataset.Columns = 2, 10

    folder = write_known_series(tmp_path, STORED, change=to_capture)
    assert {series.part: series.frames for series in scan(folder)} == {"SC-5x4": 5, "SC-10x2": 1}


def test_slices_of_several_sizes_stay_one_series_with_an_error(tmp_path):
    def change(at, dataset):
        if at == 5:
            dataset.Rows, dataset.Columns = 2, 10

    with pytest.raises(ReadError) as caught:
        open_volume(write_known_series(tmp_path, STORED, change=change))
    assert caught.value.code == "mixed-sizes"


def test_broken_files_are_named_with_their_reason_when_the_others_are_read(tmp_path):
    folder = write_known_series(tmp_path, STORED)
    path = folder / "0006.dcm"
    data = path.read_bytes()
    path.write_bytes(data.replace(b"\x08\x00\x60\x00CS", b"\x08\x00\x60\x00\x18\x00"))
    with pytest.warns(DicomSeriesWarning, match="instead of a value representation at byte"):
        volume = dcs.read(folder)
    (note,) = volume.notes
    assert "0006.dcm: (0008,0060) with" in note
    assert "5 other files are fine" in note


def test_notes_are_on_the_page(tmp_path):
    folder = write_known_series(tmp_path, STORED)
    save_object(folder / "9.dcm", "RAW", **UIDS)
    with pytest.warns(DicomSeriesWarning):
        page = look(folder).html()
    assert "1 object without pixels in the series left out (1 Raw Data)." in page


def test_multi_frame_files_of_several_sizes_are_parts(tmp_path):
    for name, rows in (("a", 4), ("b", 6)):
        labels = np.zeros((3, rows, 5), "uint8")
        labels[:, 1, 1:3] = 1
        dcs.write(
            labels,
            tmp_path / f"{name}.dcm",
            kind="Segmentation",
            segments={1: "Liver"},
            spacing=(1.5, 2, 3),
            uid=UIDS,
            sync=False,
        )
    sizes = {series.choice.partition("/")[2]: series.rows for series in scan(tmp_path)}
    assert sizes == {"Segmentation-5x4": 4, "Segmentation-5x6": 6}
    for part, rows in sizes.items():
        assert dcs.read(tmp_path, series=f"2.25.1002/{part}").shape == (3, rows, 5)
