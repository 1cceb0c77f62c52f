"""Masks of every form on an oblique series: by our reader and by highdicom, voxel for voxel."""

from __future__ import annotations

import json
import shutil
from importlib.util import find_spec
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest

import dicomseries as dcs
from dicomseries.cli import main
from dicomseries.errors import (
    KindError,
    MetadataError,
    OptionError,
    SourceError,
    ValuesError,
)
from judges import dciodvfy, validators
from judges.presence import absent

SHAPE = (5, 6, 8)
RNG = np.random.default_rng(2026)
TURN = np.array([[0.8, -0.6, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, 1.0]])
AFFINE = np.eye(4)
AFFINE[:3, :3] = TURN @ np.diag([0.75, 0.9, 2.5])
AFFINE[:3, 3] = (-10, 20.5, 30)
"""From (column, row, slice) to LPS mm."""
RAS = np.diag([-1, -1, 1, 1]) @ AFFINE
NAMES = ("kidney_left", "kidney_right", "lesion", "spleen")
MASKS = RNG.random((4, *SHAPE)) < 0.3
MASKS[1] &= RNG.random(SHAPE) < 0.5
MASKS[3] = False
PLACED = {"affine": AFFINE, "space": "LPS"}
SEG = {"kind": "Segmentation"}
MODEL = {"name": "Net", "version": "1.2"}


@pytest.fixture(scope="module")
def ct(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ct") / "scan"
    hounsfield = {"PatientID": "42", "RescaleType": "HU"}
    array = RNG.integers(-900, 900, SHAPE).astype("int16")
    dcs.write(array, folder, kind="CT", metadata=hounsfield, **PLACED)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder of masks as a network leaves it, one of them with its axes the other way."""
    path = tmp_path_factory.mktemp("masks")
    for index, (mask, name) in enumerate(zip(MASKS, NAMES, strict=True)):
        image = nibabel.Nifti1Image(mask.transpose(2, 1, 0).astype("uint8"), RAS)
        if index == 1:
            image = image.as_reoriented(np.array([[1, -1], [0, 1], [2, -1]]))
        nibabel.save(image, path / f"{name}.nii.gz")
    (path / "statistics.json").write_text("{}", encoding="utf-8")
    return path


def file_of(receipt) -> Path:
    (path,) = Path(receipt.out).rglob("*.dcm")
    return path


def segments_of(path) -> dict[str, pydicom.Dataset]:
    return {item.SegmentLabel: item for item in pydicom.dcmread(path).SegmentSequence}


def highdicom_sees(path) -> dict[int, np.ndarray]:
    """Return the voxels of each segment on the grid of the source, (slices, rows, columns)."""
    if find_spec("highdicom") is None:
        absent("highdicom", "run `make check`, which installs it")
    import highdicom

    segmentation = highdicom.seg.segread(path)
    volume = segmentation.get_volume(combine_segments=False, rescale_fractional=True)
    places = np.linalg.inv(AFFINE) @ volume.affine[:, [2, 1, 0, 3]]
    np.testing.assert_allclose(np.abs(places[:3, :3]), np.eye(3), atol=1e-5)
    seen = {}
    for index, number in enumerate(segmentation.segment_numbers):
        grid = np.zeros(SHAPE)
        for row in range(volume.array.shape[0]):
            place = places @ [0, 0, row, 1]
            np.testing.assert_allclose(place[:2], 0, atol=1e-4)
            grid[round(place[2])] = volume.array[row, :, :, index]
        seen[number] = grid
    return seen


def we_see(path, count) -> dict[int, np.ndarray]:
    volume = dcs.read(path.parent)
    np.testing.assert_allclose(volume.grid.affine()[:3, :3], AFFINE[:3, :3], atol=1e-5)
    first = np.linalg.inv(AFFINE) @ [*volume.grid.origin_lps, 1]
    array = np.asarray(volume).reshape(-1, *volume.grid.shape)
    seen = {}
    for number in range(1, count + 1):
        grid = np.zeros(SHAPE)
        part = array[number - 1] if len(array) > 1 else array[0] == number
        start = round(first[2])
        grid[start : start + len(part)] = part
        seen[number] = grid
    return seen


def check_voxels(path, expected):
    for seen in (highdicom_sees(path), we_see(path, len(expected))):
        assert sorted(seen) == [*range(1, len(expected) + 1)]
        for number, mask in enumerate(expected, 1):
            np.testing.assert_array_equal(seen[number], mask)


def test_a_folder_of_masks_on_the_command_line_is_one_segmentation(ct, folder, tmp_path, capsys):
    out = tmp_path / "seg"
    options = ["--kind", "seg", "--like", str(ct), "--model-name", "Net", "--json"]
    named = ["--segments", "lesion=Läsion,kidney_left=Left kidney"]
    assert main(["write", str(folder), str(out), *options, *named]) == 0
    receipt = json.loads(capsys.readouterr().out)
    path = next(out.rglob("*.dcm"))
    check_voxels(path, MASKS[:3])
    segments = segments_of(path)
    assert [*segments] == ["Left kidney", "kidney_right", "Läsion"]
    for label, side in (("Left kidney", "Left"), ("kidney_right", "Right")):
        (kidney,) = segments[label].SegmentedPropertyTypeCodeSequence
        (modifier,) = kidney.SegmentedPropertyTypeModifierCodeSequence
        assert (kidney.CodeMeaning, modifier.CodeMeaning) == ("Kidney", side)
    (lesion,) = segments["Läsion"].SegmentedPropertyTypeCodeSequence
    assert lesion.CodeMeaning == "Lesion"  # the code of its file's name
    assert {item.SegmentAlgorithmName for item in segments.values()} == {"Net"}
    assert any("Left out, as no voxel is inside: spleen" in text for text in receipt["advice"])


def test_several_files_on_the_command_line_are_masks(ct, folder, tmp_path, capsys):
    files = [str(folder / f"{name}.nii.gz") for name in NAMES[1:3]]
    out = tmp_path / "seg"
    assert main(["derive", str(ct), *files, str(out), "--kind", "segmentation", "--quiet"]) == 0
    check_voxels(next(out.rglob("*.dcm")), MASKS[1:3])
    assert main(["write", *files, str(tmp_path / "no"), "--kind", "ct"]) == 2
    assert "--kind segmentation" in capsys.readouterr().err
    assert main(["write", files[0], str(tmp_path / "no"), "--kind", "seg", "--segments", "=x"]) == 2
    assert "1=Liver,2=Spleen" in capsys.readouterr().err


def test_overlapping_masks_with_sides_and_regions_satisfy_dciodvfy(ct, tmp_path):
    names = {"kidney_left": MASKS[0], "kidney_cyst_right": MASKS[1], "lesion": MASKS[2]}
    path = file_of(dcs.write(names, tmp_path / "seg", like=ct, model=MODEL, **SEG))
    assert dciodvfy(path).errors == ()
    cyst = segments_of(path)["kidney_cyst_right"]
    (region,) = cyst.AnatomicRegionSequence
    assert region.CodeMeaning == "Kidney"
    assert region.AnatomicRegionModifierSequence[0].CodeMeaning == "Right"


@pytest.mark.parametrize("form", ["nibabel", "volumes", "labels", "list", "channels"])
def test_masks_of_every_form_are_seen_voxel_for_voxel(ct, folder, tmp_path, form):
    options = {"like": ct, **SEG}
    if form == "nibabel":
        source = {name: nibabel.load(folder / f"{name}.nii.gz") for name in NAMES[:3]}
    elif form == "volumes":
        source = [dcs.open_volume(folder / f"{name}.nii.gz") for name in NAMES[:3]]
    elif form == "labels":
        source = {3: MASKS[0], 5: MASKS[1] * np.uint8(255), 9: MASKS[2].astype("float32")}
    elif form == "list":
        source = [*MASKS[:3]]
        options["segments"] = ["A", "B", "C"]
    else:
        source = np.concatenate([np.ones((1, *SHAPE), bool), MASKS[:3]])
        options |= {"axes": "czyx", "segments": {1: "A", 2: "B", 3: "C"}}
    receipt = dcs.write(source, tmp_path / "seg", **options)
    path = file_of(receipt)
    check_voxels(path, MASKS[:3])
    if form == "labels":
        assert segments_of(path)["Segment 9"].SegmentDescription == "label 9 of the array"
    if form == "channels":
        assert any("Channel 0 is left out" in text for text in receipt.advice)


def test_probabilities_become_masks_by_a_threshold_or_stay_fractions(ct, tmp_path):
    parts = RNG.random((2, *SHAPE)).astype("float32")
    parts[:, 0] = 0
    options = {"like": ct, "axes": "czyx", "segments": ["Liver", "Spleen"], **SEG}
    with pytest.raises(ValuesError, match=r"threshold=0\.5"):
        dcs.write(parts, tmp_path / "no", **options)
    path = file_of(dcs.write(parts, tmp_path / "binary", threshold=0.6, **options))
    check_voxels(path, parts >= np.float32(0.6))
    description = {item.SegmentDescription for item in segments_of(path).values()}
    assert description == {"values of at least 0.6"}
    path = file_of(dcs.write(parts, tmp_path / "parts", segmentation_type="fractional", **options))
    for seen in (highdicom_sees(path), we_see(path, 2)):
        np.testing.assert_allclose([seen[1], seen[2]], parts, atol=0.5001 / 255)
    with pytest.raises(OptionError, match="one of the two"):
        dcs.plan(parts, segmentation_type="fractional", threshold=0.5, **options)


def test_one_hot_channels_need_a_word_about_the_background(ct, tmp_path):
    labels = RNG.integers(0, 3, SHAPE)
    channels = np.stack([labels == index for index in range(3)])
    with pytest.raises(ValuesError) as caught:
        dcs.write(channels, tmp_path / "no", like=ct, axes="czyx", **SEG)
    assert caught.value.code == "background-unnamed"
    for index, segments in enumerate(
        ({1: "A", 2: "B"}, ["background", "A", "B"], [None, "A", "B"])
    ):
        receipt = dcs.write(
            channels, tmp_path / str(index), like=ct, axes="czyx", segments=segments, **SEG
        )
        check_voxels(file_of(receipt), [labels == 1, labels == 2])
    for segments in ({"default": {"algorithm": "MANUAL"}}, {}, None):
        with pytest.raises(ValuesError, match="background"):
            dcs.plan(channels, like=ct, axes="czyx", segments=segments, **SEG)
        with pytest.raises(ValuesError, match="background"):
            dcs.plan([*channels], like=ct, segments=segments, **SEG)
    with pytest.raises(MetadataError, match="3 masks"):
        dcs.plan(channels, like=ct, axes="czyx", segments=["A", "B"], **SEG)


def test_descriptions_by_name_and_by_number_meet_their_masks(ct, tmp_path):
    masks = {"liver": MASKS[0], "mask 2": MASKS[1]}
    segments = {
        "LIVER": {"label": "Leber", "color": "#ff8000"},
        2: {"label": "Tumor", "type": "Neoplasm", "region": "Liver"},
        "default": {"algorithm": "SEMIAUTOMATIC", "algorithm_name": "Wand"},
    }
    path = file_of(dcs.write(masks, tmp_path / "seg", like=ct, segments=segments, **SEG))
    found = segments_of(path)
    assert found["Leber"].SegmentedPropertyTypeCodeSequence[0].CodeMeaning == "Liver"
    assert found["Tumor"].SegmentedPropertyTypeCodeSequence[0].CodeMeaning == "Neoplasm"
    assert {item.SegmentAlgorithmName for item in found.values()} == {"Wand"}
    for wrong, words in (
        ({"livre": "X"}, "liver, mask 2"),
        ({3: "X"}, "liver, mask 2"),
        ({"liver": {"color": "red"}}, "segments['liver'].color"),
        ({"liver": "A", 1: "B"}, "each mask once"),
    ):
        with pytest.raises(MetadataError) as caught:
            dcs.plan(masks, like=ct, segments=wrong, **SEG)
        assert words in str(caught.value)


def test_masks_without_a_voxel_or_for_another_kind_are_rejected(ct):
    with pytest.raises(ValuesError, match="without a voxel"):
        dcs.plan({"spleen": MASKS[3]}, like=ct, **SEG)
    for source in ({"a": MASKS[0]}, [MASKS[0]]):
        with pytest.raises(SourceError, match="Segmentation"):
            dcs.plan(source, like=ct)


def test_a_label_map_over_time_names_the_images_of_its_time(tmp_path):
    images = RNG.integers(0, 900, (2, *SHAPE)).astype("int16")
    dcs.write(images, tmp_path / "mr", kind="MR", axes="tzyx", times=2.0, **PLACED)
    labels = RNG.integers(0, 3, (2, *SHAPE)).astype("uint8")
    options = {"like": tmp_path / "mr", "axes": "tzyx", "segments": ["Liver", "Spleen"], **SEG}
    with pytest.raises(KindError, match="split='time'"):
        dcs.plan(labels, **options)
    receipt = dcs.write(labels, tmp_path / "seg", split="time", **options)
    uids = set()
    for index, series in enumerate((receipt, *receipt.others)):
        path = file_of(series)
        check_voxels(path, [labels[index] == 1, labels[index] == 2])
        assert [*segments_of(path)] == ["Liver", "Spleen"]
        for frame in pydicom.dcmread(path).PerFrameFunctionalGroupsSequence:
            (image,) = frame.DerivationImageSequence[0].SourceImageSequence
            uids.add((index, image.ReferencedSOPInstanceUID))
    assert len(uids) == 2 * len(images[0])
    assert len({uid for _, uid in uids}) == len(uids)


def test_labels_of_a_series_with_a_gap_lie_on_their_images(ct, tmp_path):
    shutil.copytree(ct, tmp_path / "gap")
    by_place = {}
    for path in (tmp_path / "gap").rglob("*.dcm"):
        by_place[float(pydicom.dcmread(path).ImagePositionPatient[2])] = path
    by_place[sorted(by_place)[2]].unlink()
    labels = np.delete(MASKS[0], 2, axis=0)
    receipt = dcs.write(labels, tmp_path / "seg", like=tmp_path / "gap", **SEG)
    expected = MASKS[0].copy()
    expected[2] = False
    check_voxels(file_of(receipt), [expected])
    frames = pydicom.dcmread(file_of(receipt)).PerFrameFunctionalGroupsSequence
    assert len(frames) == 4
    assert all(len(item.DerivationImageSequence) == 1 for item in frames)
    assert any("gaps" in text for text in receipt.advice)
    assert len(dcs.plan(labels.astype("int16"), like=tmp_path / "gap")) == len(labels)


@pytest.mark.parametrize("options", [{}, {"same_space": False}], ids=["between", "another space"])
def test_labels_in_the_plane_of_no_image_name_the_images_once_for_the_object(ct, tmp_path, options):
    between = AFFINE.copy()
    between[:3, 3] += AFFINE[:3, 2] / 2
    mask = MASKS[0][:4]
    receipt = dcs.write(
        mask, tmp_path / "seg", like=ct, affine=between, space="LPS", **SEG, **options
    )
    path = file_of(receipt)
    assert not dciodvfy(path).errors
    dataset = pydicom.dcmread(path)
    images = {pydicom.dcmread(image).SOPInstanceUID for image in ct.rglob("*.dcm")}
    assert {item.ReferencedSOPInstanceUID for item in dataset.SourceImageSequence} == images
    for frame in dataset.PerFrameFunctionalGroupsSequence:
        assert not frame.get("DerivationImageSequence")


def test_a_result_names_the_frames_of_a_sparse_segmentation_that_it_has_for_each_slice(
    ct, tmp_path
):
    kidney, lesion = np.zeros(SHAPE, bool), np.zeros(SHAPE, bool)
    kidney[1], kidney[4, 2:, 3:], lesion[4, :2] = True, True, True
    masks = {"kidney_left": kidney, "Lesion 1": lesion}
    seg = file_of(dcs.write(masks, tmp_path / "seg", like=ct, **SEG))
    volume = dcs.read(seg)
    assert volume.shape == SHAPE
    values = np.arange(volume.array.size, dtype="uint16").reshape(volume.shape)
    receipt = volume.derive(values, kind="SC", description="Distance").write(tmp_path / "result")
    assert any("without frames for 2 of its 5 slices" in text for text in receipt.advice)
    assert np.array_equal(np.asarray(dcs.read(tmp_path / "result")), values)
    source = pydicom.dcmread(seg)
    frames_named = {}
    for path in sorted((tmp_path / "result").rglob("*.dcm")):
        result = pydicom.dcmread(path)
        frames_named[result.InstanceNumber - 1] = named = []
        for image in result.get("SourceImageSequence", ()):
            assert image.ReferencedSOPInstanceUID == source.SOPInstanceUID
            named += np.ravel(image.ReferencedFrameNumber).tolist()
        for number in named:
            frame = source.PerFrameFunctionalGroupsSequence[number - 1]
            position = frame.PlanePositionSequence[0].ImagePositionPatient
            assert np.allclose(position, result.ImagePositionPatient, atol=1e-3)
    assert [len(frames_named[index]) for index in range(5)] == [1, 1, 0, 0, 2]


@pytest.mark.parametrize("segmentation_type", ["binary", "fractional"])
def test_a_segmentation_that_was_read_is_written_with_its_descriptions(
    ct, tmp_path, segmentation_type
):
    masks = {"kidney_left": MASKS[0], "Lesion 1": MASKS[1]}
    options = {"segmentation_type": segmentation_type, **SEG}
    dcs.write(masks, tmp_path / "first", like=ct, model=MODEL, **options)
    volume = dcs.read(tmp_path / "first")
    dcs.write(volume, tmp_path / "again", like=ct, segments={2: "Tumour"}, **options)
    again = dcs.read(tmp_path / "again")
    np.testing.assert_array_equal(again, volume)
    assert again.segments[1] == volume.segments[1]
    assert (again.segments[1].modifier.meaning, again.segments[2].label) == ("Left", "Tumour")
    one = volume.segment(2)
    dcs.write(one, tmp_path / "one", like=ct, **options)
    assert [part.label for part in dcs.read(tmp_path / "one").segments.values()] == ["Lesion 1"]
    dcs.write(MASKS[0], tmp_path / "given", like=ct, segments={1: volume.segments[1]}, **SEG)
    assert dcs.read(tmp_path / "given").segments[1] == volume.segments[1]
    if segmentation_type == "fractional":
        dcs.write(volume, tmp_path / "cut", like=ct, threshold=0.5, **SEG)
        check_voxels(next((tmp_path / "cut").rglob("*.dcm")), MASKS[:2])


def test_uids_from_the_content_depend_on_voxels_and_names_of_masks(ct):
    moment = {"ContentDate": "20260101", "ContentTime": "120000"}

    def series_uid(masks):
        return dcs.plan(masks, like=ct, uid="content", metadata=moment, **SEG).uids.series

    first = series_uid({"liver": MASKS[0], "spleen": MASKS[1]})
    assert series_uid({"liver": MASKS[0], "spleen": MASKS[1] * np.uint8(255)}) == first
    assert series_uid({"liver": MASKS[0], "kidney": MASKS[1]}) != first
    assert series_uid({"liver": MASKS[0], "spleen": MASKS[2]}) != first
    assert series_uid({3: MASKS[0], 4: MASKS[1]}) != series_uid({3: MASKS[0], 5: MASKS[1]})


def test_a_label_map_of_masks_keeps_their_labels_and_rejects_overlap(ct, tmp_path):
    apart = MASKS[1] & ~MASKS[0]
    options = {"like": ct, "segmentation_type": "labelmap", **SEG}
    dcs.write({7: MASKS[0], 3: apart}, tmp_path / "seg", **options)
    np.testing.assert_array_equal(dcs.read(tmp_path / "seg"), 7 * MASKS[0] + 3 * apart)
    with pytest.raises(ValuesError, match="segmentation_type='binary'"):
        dcs.plan({7: MASKS[0], 3: MASKS[1]}, **options)


@pytest.mark.parametrize("program", validators)
def test_a_picture_of_a_label_map_names_its_frames_and_satisfies_validators(ct, tmp_path, program):
    labels = {"like": ct, "segmentation_type": "labelmap", **SEG}
    dcs.write(MASKS[0].astype("uint8"), tmp_path / "labels", sync=False, **labels)
    volume = dcs.read(tmp_path / "labels")
    volume.derive(volume.array, kind="SC").write(tmp_path / "out")
    paths = sorted((tmp_path / "out").glob("*.dcm"))
    for number, path in enumerate(paths, 1):
        (image,) = pydicom.dcmread(path).SourceImageSequence
        assert image.ReferencedFrameNumber == number
    assert dciodvfy(paths[2], program=program).errors == ()


@pytest.mark.parametrize("program", validators)
def test_labels_of_images_without_a_frame_of_reference_satisfy_validators(ct, tmp_path, program):
    (tmp_path / "ct").mkdir()
    for path in ct.rglob("*.dcm"):
        dataset = pydicom.dcmread(path)
        del dataset.FrameOfReferenceUID
        dataset.save_as(tmp_path / "ct" / path.name)
    dcs.write(MASKS[0], tmp_path / "seg", like=tmp_path / "ct", **SEG)
    path = file_of_folder(tmp_path / "seg")
    assert dciodvfy(path, program=program).errors == ()
    frames = pydicom.dcmread(path).PerFrameFunctionalGroupsSequence
    assert all(len(item.DerivationImageSequence) == 1 for item in frames)


@pytest.mark.parametrize("kind", ["Segmentation", "ParametricMap"])
def test_images_of_a_series_without_uid_are_not_named(ct, tmp_path, kind):
    (tmp_path / "ct").mkdir()
    for path in ct.rglob("*.dcm"):
        dataset = pydicom.dcmread(path)
        del dataset.SeriesInstanceUID, dataset.StudyInstanceUID
        dataset.LossyImageCompressionRatio = None
        dataset.save_as(tmp_path / "ct" / path.name)
    array = MASKS[0] if kind == "Segmentation" else MASKS[0] * 0.5
    receipt = dcs.write(array, tmp_path / "out", like=tmp_path / "ct", kind=kind, sync=False)
    path = file_of_folder(tmp_path / "out")
    assert dciodvfy(path).errors == ()
    assert "ReferencedSOPInstanceUID" not in str(pydicom.dcmread(path))
    assert any("SeriesInstanceUID" in text for text in receipt.advice)


def file_of_folder(folder):
    (path,) = folder.rglob("*.dcm")
    return path
