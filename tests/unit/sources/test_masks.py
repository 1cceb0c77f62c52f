"""Masks of one grid open as layers: values, files, folders, flips, channels, background."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import nibabel
import numpy as np
import pytest
import SimpleITK

from dicomseries.errors import GeometryError, OptionError, SourceError, ValuesError
from dicomseries.sources import (
    MaskChannels,
    MaskValues,
    mask_set_of,
    masks_in_folder,
    open_picture,
    open_volume,
    slicer_segmentation_of,
)
from dicomseries.sources.formats import nifti as nifti_format

SHAPE = (5, 6, 7)
RNG = np.random.default_rng(14)
TURN = np.array([[0.8, -0.6, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, 1.0]])
AFFINE = np.eye(4)
AFFINE[:3, :3] = TURN @ np.diag([0.7, 0.9, 2.5])
AFFINE[:3, 3] = (-10, 20, 30)
"""RAS mm, from (column, row, slice)."""


def blobs(count):
    """Return masks that overlap, none of them symmetric."""
    return RNG.random((count, *SHAPE)) < 0.3


def nifti(mask, path, affine=AFFINE, dtype="uint8"):
    nibabel.save(nibabel.Nifti1Image(mask.transpose(2, 1, 0).astype(dtype), affine), path)
    return path


def opened(source, **geometry):
    volume = open_volume(mask_set_of(source), **geometry)
    assert volume.volumes == len(source)
    return volume


def test_a_mapping_of_arrays_becomes_a_layer_for_each_mask_in_its_order():
    liver, spleen = blobs(2)
    volume = opened({"liver": liver, "spleen": spleen.astype("int16") * 255}, spacing=(1, 2, 3))
    assert volume.layers == ({1: 1}, {1: 2})
    assert (volume.dtype, volume.time_points) == (np.uint8, 1)
    np.testing.assert_array_equal(volume.array, [liver, spleen])
    np.testing.assert_array_equal(volume.at(1).array, spleen)


def test_labels_as_keys_are_the_values_of_the_segments():
    masks = mask_set_of({7: blobs(1)[0], "3": blobs(1)[0]})
    assert masks.has_labels
    assert open_volume(masks, spacing=(1, 1, 1)).layers == ({1: 7}, {1: 3})


def test_files_of_several_formats_lie_on_one_grid_whichever_way_their_axes_run(tmp_path):
    first, second, third = blobs(3)
    paths = [nifti(first, tmp_path / "a.nii.gz")]
    flipped = nibabel.Nifti1Image(second.transpose(2, 1, 0).astype("uint8"), AFFINE)
    turned = flipped.as_reoriented(np.array([[1, -1], [2, 1], [0, -1]]))
    nibabel.save(turned, tmp_path / "b.nii")
    image = SimpleITK.GetImageFromArray(third.astype("uint8"))
    lps = np.diag([-1, -1, 1, 1]) @ AFFINE
    image.SetSpacing((0.7, 0.9, 2.5))
    image.SetOrigin(lps[:3, 3].tolist())
    image.SetDirection((lps[:3, :3] / [0.7, 0.9, 2.5]).ravel().tolist())
    SimpleITK.WriteImage(image, tmp_path / "c.mha")
    paths += [tmp_path / "b.nii", str(tmp_path / "c.mha")]
    volume = open_volume(mask_set_of(paths))
    np.testing.assert_array_equal(volume.array, [first, second, third])
    np.testing.assert_allclose(volume.grid.affine(), lps, atol=1e-5)
    images = open_volume(mask_set_of({"itk": image, "nib": turned}))
    np.testing.assert_array_equal(images.array, [third, second])


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda affine: affine + np.eye(4)[:, [3]] * [0, 0, 0, 0.5], "origin"),
        (lambda affine: affine * [1, 1, 2, 1], "spacing"),
        (lambda affine: affine @ np.diag([1, 1, 1, 1]) * [1, 1, 1, 1], ""),
    ],
)
def test_a_mask_on_another_grid_is_rejected_with_its_file_and_the_difference(
    tmp_path, change, text
):
    first, second = blobs(2)
    affine = change(AFFINE.copy())
    if not text:
        affine[:3, :3] = np.diag([0.7, 0.9, 2.5])
        text = "direction"
    elif text == "origin":
        affine = AFFINE.copy()
        affine[0, 3] += 0.5
    paths = [nifti(first, tmp_path / "liver.nii"), nifti(second, tmp_path / "spleen.nii", affine)]
    with pytest.raises(GeometryError) as caught:
        opened(paths)
    assert caught.value.code == "masks-on-other-grids"
    assert caught.value.where.endswith("spleen.nii")
    assert text in caught.value.given
    assert "liver.nii" in caught.value.expected


def test_a_mask_of_another_shape_or_without_geometry_beside_files_is_rejected(tmp_path):
    first, second = blobs(2)
    path = nifti(first, tmp_path / "liver.nii")
    with pytest.raises(GeometryError, match=r"shape \(5, 6, 7\)"):
        opened([path, nifti(second[:, :, 1:], tmp_path / "b.nii")])
    for masks in ([path, second], [second, path]):
        with pytest.raises(GeometryError) as caught:
            opened(masks)
        assert caught.value.code == "masks-on-other-grids"
    with pytest.raises(GeometryError) as caught:
        opened([first, second])
    assert caught.value.code == "geometry-missing"
    with pytest.raises(GeometryError, match="shape"):
        open_picture(mask_set_of([first, second[1:]]))


@pytest.mark.parametrize(
    ("mask", "remedy"),
    [
        (np.arange(210).reshape(SHAPE) % 3, "one mask for each label"),
        (np.where(np.arange(210).reshape(SHAPE) % 2, 0.7, 0.0), "threshold=0.5"),
        (np.linspace(0, 1, 210).reshape(SHAPE), "segmentation_type='fractional'"),
        (-np.ones(SHAPE, "int8"), "label"),
        (np.full(SHAPE, np.nan), "nan_to_num"),
    ],
)
def test_a_mask_of_several_values_is_rejected_with_a_remedy(mask, remedy):
    volume = opened({"odd": mask}, spacing=(1, 1, 1))
    with pytest.raises(ValuesError) as caught:
        np.asarray(volume)
    assert caught.value.where == "odd"
    assert remedy in caught.value.remedy


def test_the_value_inside_is_one_for_all_slices_of_a_mask():
    mask = np.zeros(SHAPE, "uint8")
    mask[0, 1, 2], mask[4, 2, 1] = 1, 2
    volume = opened({"odd": mask}, spacing=(1, 1, 1))
    assert volume.slabs.read(0, 2).sum() == 1
    with pytest.raises(ValuesError, match="0, 1, 2"):
        volume.slabs.read(3, 5)


@pytest.mark.parametrize("dtype", [bool, "uint8", ">i2", "float32", "float64"])
def test_whole_numbers_of_any_type_are_masks(dtype):
    mask = blobs(1)[0]
    np.testing.assert_array_equal(opened([mask.astype(dtype)], spacing=(1, 1, 1)).array[0], mask)


def test_a_threshold_is_compared_with_real_values(tmp_path):
    parts = RNG.random(SHAPE)
    image = nibabel.Nifti1Image(parts.transpose(2, 1, 0), AFFINE)
    image.header.set_data_dtype("uint8")
    nibabel.save(image, tmp_path / "a.nii.gz")
    stored = np.asarray(nibabel.load(tmp_path / "a.nii.gz").dataobj).transpose(2, 1, 0)
    masks = mask_set_of([tmp_path / "a.nii.gz"])
    masks = replace(masks, values=MaskValues(threshold=0.5))
    np.testing.assert_array_equal(open_volume(masks).array[0], stored >= 0.5)


def test_fractions_stay_and_others_than_0_to_1_are_rejected():
    parts = RNG.random(SHAPE).astype("float32")
    masks = mask_set_of({"a": parts, "b": parts > 0.5, "c": parts * 2})
    masks = replace(masks, values=MaskValues(is_fractional=True))
    volume = open_volume(masks, spacing=(1, 1, 1))
    assert volume.dtype == np.float32
    np.testing.assert_array_equal(volume.at(0).array, parts)
    np.testing.assert_array_equal(volume.at(1).array, parts > 0.5)
    with pytest.raises(ValuesError, match="sigmoid"):
        np.asarray(volume.at(2))


def test_a_folder_gives_masks_in_natural_order_by_their_names(tmp_path):
    masks = blobs(3)
    for mask, name in zip(masks, ("rib_10.nii.gz", "rib_2.nii.gz", "Liver.nii"), strict=True):
        nifti(mask, tmp_path / name)
    (tmp_path / "statistics.json").write_text("{}", encoding="utf-8")
    (tmp_path / ".rib_3.nii.gz").write_bytes(b"")
    (tmp_path / "sub.nii").mkdir()
    found = masks_in_folder(tmp_path, (".nii", ".nii.gz"))
    assert [mask.name for mask in found.masks] == ["Liver", "rib_2", "rib_10"]
    np.testing.assert_array_equal(open_volume(found).array, masks[[2, 1, 0]])
    nifti(masks[0], tmp_path / "rib_2.nii")
    with pytest.raises(SourceError, match="rib_2"):
        masks_in_folder(tmp_path, (".nii", ".nii.gz"))


def test_a_packed_file_is_unpacked_once_for_any_number_of_passes(tmp_path, monkeypatch):
    masks = blobs(3)
    paths = [nifti(mask, tmp_path / f"m{index}.nii.gz") for index, mask in enumerate(masks)]
    volume = open_volume(mask_set_of(paths))
    opens = []
    plain_open = nifti_format.open_gzip
    monkeypatch.setattr(
        nifti_format, "open_gzip", lambda file: opens.append(file) or plain_open(file)
    )
    for _ in range(3):
        for start in range(15):
            frame = volume.slabs.read(start, start + 2)
            np.testing.assert_array_equal(frame, masks.reshape(15, 6, 7)[start : start + 2])
    assert len(opens) == 3


def test_a_packed_file_needs_no_copy_and_then_tells_which_slices_are_empty(tmp_path, monkeypatch):
    mask = blobs(1)[0]
    mask[[0, 3]] = False
    path = nifti(mask, tmp_path / "a.nii.gz")
    turned = nifti(mask.transpose(0, 2, 1), tmp_path / "b.nii.gz", AFFINE[:, [1, 0, 2, 3]])
    volume = opened({"a": path, "b": turned})
    monkeypatch.setattr(nifti_format, "unpack", None)
    slices = len(mask)
    assert volume.slabs.used(0, 2 * slices).all(), "nothing is known before it is read"
    np.testing.assert_array_equal(volume.at(0).array, mask)
    np.testing.assert_array_equal(volume.at(1).array, mask)
    for layer in (volume.at(0), volume.at(1)):
        assert layer.slabs.used(0, slices).tolist() == mask.any(axis=(1, 2)).tolist()
    assert volume.slabs.used(2, slices + 1).tolist() == [True, False, True, False]


def test_threads_that_read_several_files_see_each_mask_whole(tmp_path):
    masks = blobs(12)
    paths = [nifti(mask, tmp_path / f"m{index}.nii.gz") for index, mask in enumerate(masks)]
    volume = open_volume(mask_set_of(paths))
    order = RNG.permutation(np.repeat(np.arange(60), 3)).tolist()
    with ThreadPoolExecutor(8) as pool:
        frames = list(pool.map(lambda index: volume.slabs.read(index, index + 1)[0], order))
    np.testing.assert_array_equal(frames, masks.reshape(60, 6, 7)[order])


def test_empty_masks_and_empty_slices_stay_empty(tmp_path):
    mask = blobs(1)[0]
    mask[[0, 2]] = False
    empty = nifti(np.zeros(SHAPE, bool), tmp_path / "a.nii.gz")
    volume = open_volume(mask_set_of([empty, nifti(mask, tmp_path / "b.nii.gz")]))
    np.testing.assert_array_equal(volume.array, [np.zeros(SHAPE), mask])


@pytest.mark.parametrize("axes", ["czyx", "zyxc", "xyzc", "zcyx"])
def test_channels_in_any_order_of_axes_are_masks(axes):
    masks = blobs(4)
    array = masks.transpose([dict(zip("czyx", range(4), strict=True))[axis] for axis in axes])
    volume = open_volume(MaskChannels(source=array), axes=axes, spacing=(1, 1, 2))
    np.testing.assert_array_equal(volume.array, masks)
    assert volume.layers == ({1: 1}, {1: 2}, {1: 3}, {1: 4})


def test_channels_of_a_file_lie_where_the_file_says(tmp_path):
    masks = blobs(3)
    nibabel.save(
        nibabel.Nifti1Image(masks.transpose(3, 2, 1, 0).astype("uint8"), AFFINE),
        tmp_path / "onehot.nii.gz",
    )
    volume = open_volume(MaskChannels(source=tmp_path / "onehot.nii.gz"), axes="xyzc")
    np.testing.assert_array_equal(volume.array, masks)
    np.testing.assert_allclose(volume.grid.affine(), np.diag([-1, -1, 1, 1]) @ AFFINE, atol=1e-5)


@pytest.mark.parametrize("options", [{"axes": "tczyx"}, {"axes": "czyx", "time_point": 0}])
def test_channels_in_time_are_rejected(options):
    array = np.zeros((2,) * len(options["axes"]))
    with pytest.raises(OptionError, match="one time point"):
        open_volume(MaskChannels(source=array), spacing=(1, 1, 1), **options)


def one_hot():
    labels = RNG.integers(0, 3, SHAPE)
    return np.stack([labels == index for index in range(3)])


@pytest.mark.parametrize("dtype", [bool, "uint8", "float32", "float16"])
def test_one_hot_and_softmax_are_rejected_until_the_background_is_named(dtype):
    channels = one_hot().astype(dtype)
    if np.dtype(dtype).kind == "f":
        logits = RNG.random((3, *SHAPE))
        channels = (np.exp(logits) / np.exp(logits).sum(axis=0)).astype(dtype)
    with pytest.raises(ValuesError) as caught:
        open_volume(
            MaskChannels(source=channels, may_hold_background=True),
            axes="czyx",
            spacing=(1, 1, 1),
        )
    assert caught.value.code == "background-unnamed"
    assert "background" in caught.value.remedy
    channels[1, 3, 2, 1] = not channels[1, 3, 2, 1] > 0.5
    open_volume(
        MaskChannels(source=channels, may_hold_background=True), axes="czyx", spacing=(1, 1, 1)
    )


def test_empty_sets_and_two_masks_of_one_name_are_rejected():
    for source in ({}, []):
        with pytest.raises(SourceError, match="no masks"):
            mask_set_of(source)
    with pytest.raises(SourceError, match="liver"):
        mask_set_of(["a/liver.nii.gz", "b/liver.nrrd"])
    with pytest.raises(SourceError, match="time_point"):
        opened({"a": np.zeros((2, *SHAPE), bool)}, axes="tzyx", spacing=(1, 1, 1))


SLICER = """NRRD0004
type: unsigned char
dimension: 4
space: left-posterior-superior
sizes: 2 7 6 5
space directions: none (0.7,0,0) (0,-0.9,0) (0,0,-2.5)
kinds: list domain domain domain
encoding: raw
space origin: (1,2,3)
Segment0_Color:=1 0.5 0
Segment0_ID:=Segment_1
Segment0_LabelValue:=3
Segment0_Layer:=1
Segment0_Name:=left kidney
Segment0_Tags:=Segmentation.Status:inprogress|TerminologyEntry:list~CODES~Anatomic~^^~^^|
Segment1_ID:=Segment_2
Segment1_LabelValue:=1
Segment1_Layer:=0
Segment1_Name:=Größe: 5~^
Segment2_ID:=Segment_3
Segment2_LabelValue:=2
Segment2_Layer:=1

""".replace("CODES", "SCT^123037004^Anatomical Structure~SCT^64033007^Kidney~SCT^7771000^Left")


def test_a_segmentation_of_slicer_keeps_layers_names_colours_and_codes(tmp_path):
    layers = RNG.integers(0, 4, (2, *SHAPE)).astype("uint8")
    path = tmp_path / "a.seg.nrrd"
    path.write_bytes(SLICER.encode() + np.moveaxis(layers, 0, -1).tobytes())
    slicer = slicer_segmentation_of(str(path))
    volume = open_volume(slicer)
    assert volume.layers == ({1: 2}, {3: 1, 2: 3})
    np.testing.assert_array_equal(volume.array, layers)
    kidney, other, third = slicer.segments
    assert kidney.fields == {
        "label": "left kidney",
        "color": "#ff8000",
        "category": ("123037004", "SCT", "Anatomical Structure"),
        "type": ("64033007", "SCT", "Kidney"),
        "modifier": ("7771000", "SCT", "Left"),
    }
    assert other.fields == {"label": "Größe: 5~^"}
    assert third.name == "Segment_3"


@pytest.mark.parametrize("line", ["LabelValue:=0", "LabelValue:=x", "Layer:=-1", "LabelValue:=2"])
def test_a_damaged_segment_of_slicer_is_rejected(tmp_path, line):
    path = tmp_path / "a.seg.nrrd"
    path.write_bytes(SLICER.encode().replace(b"\n\n", f"\nSegment0_{line}\n\n".encode()))
    with pytest.raises(SourceError, match="3D Slicer"):
        slicer_segmentation_of(path)
    path.write_bytes(SLICER.encode().replace(b"\n\n", b"\nSegment0_Layer:=2\n\n") + bytes(420))
    with pytest.raises(SourceError, match="layers from 0 to 1"):
        open_volume(slicer_segmentation_of(path))


def test_a_segmentation_of_slicer_at_a_url_is_rejected_as_its_names_would_be_lost():
    with pytest.raises(SourceError, match="Copy the file"):
        slicer_segmentation_of("s3://bucket/a.seg.nrrd")


def test_segments_of_slicer_are_numbered_by_label_in_one_layer_and_by_place_in_several(tmp_path):
    (tmp_path / "a.seg.nrrd").write_bytes(SLICER.encode())
    assert slicer_segmentation_of(tmp_path / "a.seg.nrrd").keys == (1, 2, 3)
    one = SLICER.replace("_Layer:=0", "_Layer:=1")
    (tmp_path / "b.seg.nrrd").write_bytes(one.encode())
    assert slicer_segmentation_of(tmp_path / "b.seg.nrrd").keys == (3, 1, 2)


def test_other_files_are_no_segmentation_of_slicer(tmp_path):
    header = SLICER[: SLICER.index("Segment0")].encode()
    (tmp_path / "plain.nrrd").write_bytes(header + b"\n" + bytes(420))
    assert slicer_segmentation_of(tmp_path / "plain.nrrd") is None
    assert slicer_segmentation_of(tmp_path / "missing.seg.nrrd") is None
    assert slicer_segmentation_of("a.nii.gz") is None
    assert slicer_segmentation_of(np.zeros(SHAPE)) is None
