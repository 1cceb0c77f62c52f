"""MetaImage files: SimpleITK, which reads them by ITK's own code, is the judge."""

from __future__ import annotations

import math
import zlib

import numpy as np
import pytest
import SimpleITK as sitk

from dicomseries.errors import GeometryError, SourceError
from dicomseries.geometry import Grid
from dicomseries.sources import open_volume

TYPES = (
    "int8",
    "uint8",
    "int16",
    "uint16",
    "int32",
    "uint32",
    "int64",
    "uint64",
    "float32",
    "float64",
)


def oblique():
    a, b = 0.3, -0.2
    about_z = np.array([[math.cos(a), -math.sin(a), 0], [math.sin(a), math.cos(a), 0], [0, 0, 1]])
    about_x = np.array([[1, 0, 0], [0, math.cos(b), -math.sin(b)], [0, math.sin(b), math.cos(b)]])
    return tuple((about_z @ about_x).ravel())


def image(dtype="int16", *, colour=False):
    shape = (3, 4, 5, 3) if colour else (3, 4, 5)
    array = (
        (np.arange(math.prod(shape)) * 2 - 30 * (np.dtype(dtype).kind != "u"))
        .astype(dtype)
        .reshape(shape)
    )
    made = sitk.GetImageFromArray(array, isVector=colour)
    made.SetDirection(oblique())
    made.SetSpacing((0.7, 0.8, 2.5))
    made.SetOrigin((-12.25, 7.5, 101.125))
    return made


def grid_of(made):
    return Grid.from_spacing(
        sitk.GetArrayViewFromImage(made).shape[:3],
        made.GetSpacing(),
        origin=made.GetOrigin(),
        direction=made.GetDirection(),
    )


def assert_same(volume, made):
    array = sitk.GetArrayFromImage(made)
    np.testing.assert_array_equal(volume.array, array)
    assert volume.slabs.dtype.newbyteorder("=") == array.dtype
    np.testing.assert_allclose(volume.grid.corners(), grid_of(made).corners(), rtol=0, atol=1e-12)
    assert volume.grid.spacing_mm == made.GetSpacing()


@pytest.mark.parametrize("suffix", [".mha", ".mhd"])
@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("dtype", TYPES)
def test_itk_and_we_read_the_same_oblique_volume(tmp_path, dtype, compress, suffix):
    path = tmp_path / f"a{suffix}"
    sitk.WriteImage(image(dtype), path, useCompression=compress)
    assert_same(open_volume(path), sitk.ReadImage(path))


@pytest.mark.parametrize("compress", [False, True])
def test_three_channels_are_colour(tmp_path, compress):
    sitk.WriteImage(image("uint8", colour=True), tmp_path / "a.mha", useCompression=compress)
    volume = open_volume(tmp_path / "a.mha")
    assert volume.samples == 3
    assert_same(volume, sitk.ReadImage(tmp_path / "a.mha"))


@pytest.mark.parametrize("key", ["BinaryDataByteOrderMSB", "ElementByteOrderMSB"])
def test_big_endian_voxels_have_their_values(tmp_path, key):
    path = tmp_path / "a.mha"
    sitk.WriteImage(image(), path)
    header, marker, voxels = path.read_bytes().partition(b"LOCAL\n")
    swapped = np.frombuffer(voxels, "<i2").astype(">i2").tobytes()
    path.write_bytes(
        header.replace(b"BinaryDataByteOrderMSB = False", f"{key} = True".encode())
        + marker
        + swapped
    )
    assert_same(open_volume(path), sitk.ReadImage(path))
    np.testing.assert_array_equal(open_volume(path).array, sitk.GetArrayFromImage(image()))


@pytest.mark.parametrize("skip", [17, -1])
def test_bytes_in_front_of_separate_voxels_are_skipped(tmp_path, skip):
    path = tmp_path / "a.mhd"
    sitk.WriteImage(image(), path)
    raw = tmp_path / "a.raw"
    raw.write_bytes(b"#" * 17 + raw.read_bytes())
    path.write_text(
        path.read_text(encoding="utf-8").replace(
            "ElementDataFile", f"HeaderSize = {skip}\nElementDataFile"
        ),
        encoding="utf-8",
    )
    assert_same(open_volume(path), sitk.ReadImage(path))


@pytest.mark.parametrize("name", ["Position", "Origin", "Offset"])
def test_every_name_of_the_origin_is_known(tmp_path, name):
    sitk.WriteImage(image(), tmp_path / "a.mha")
    text = (tmp_path / "a.mha").read_bytes().replace(b"Offset", name.encode())
    (tmp_path / "a.mha").write_bytes(text)
    assert open_volume(tmp_path / "a.mha").grid.origin_lps == (-12.25, 7.5, 101.125)


@pytest.mark.parametrize(("step", "times_s"), [(2.5, (0.0, 2.5)), (1.0, None)])
@pytest.mark.parametrize("opened", ["file", "image"])
def test_the_fourth_dimension_is_time_in_seconds_and_a_step_of_one_says_nothing(
    tmp_path, opened, step, times_s
):
    array = np.arange(2 * 3 * 4 * 5, dtype="int16").reshape(2, 3, 4, 5)
    made = sitk.GetImageFromArray(array, isVector=False)
    made.SetSpacing((0.7, 0.8, 2.5, step))
    sitk.WriteImage(made, tmp_path / "a.mha")
    source = made if opened == "image" else tmp_path / "a.mha"
    volume = open_volume(source)
    np.testing.assert_array_equal(volume.array, array)
    assert (volume.volumes, volume.times_s, volume.grid.spacing_mm) == (2, times_s, (0.7, 0.8, 2.5))
    chosen = open_volume(source, time_point=1)
    np.testing.assert_array_equal(chosen.array, array[1])
    assert (chosen.volumes, chosen.times_s) == (None, None)


def test_a_single_image_needs_its_slice_thickness(tmp_path):
    sitk.WriteImage(sitk.GetImageFromArray(np.ones((4, 5), "uint8")), tmp_path / "a.mha")
    with pytest.raises(GeometryError, match="slice thickness"):
        open_volume(tmp_path / "a.mha")
    assert open_volume(tmp_path / "a.mha", spacing=(1, 1, 5)).slabs.shape == (1, 4, 5)


def test_micrometres_become_millimetres(tmp_path):
    sitk.WriteImage(image(), tmp_path / "a.mha")
    text = (
        (tmp_path / "a.mha")
        .read_bytes()
        .replace(b"ElementSpacing", b"DistanceUnits = um\nElementSpacing")
    )
    (tmp_path / "a.mha").write_bytes(text)
    grid = open_volume(tmp_path / "a.mha").grid
    assert grid.spacing_mm == pytest.approx((0.7e-3, 0.8e-3, 2.5e-3))
    assert grid.origin_lps == pytest.approx((-0.01225, 0.0075, 0.101125))


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        (b"ElementDataFile = LOCAL", b"ElementDataFile = LIST\na.raw", "one .mha file"),
        (b"ElementDataFile = LOCAL", b"ElementDataFile = a%03d.raw 1 3 1", "one .mha file"),
        (b"ElementDataFile = LOCAL", b"ElementDataFile = gone.raw", "beside the header"),
        (b"MET_SHORT", b"MET_ASCII_CHAR", "MET_FLOAT"),
        (b"BinaryData = True", b"BinaryData = False", "binary voxels"),
        (b"DimSize = 5 4 3", b"DimSize = 5 4", "NDims"),
        (b"DimSize = 5 4 3", b"DimSize = 5 4 x", "NDims"),
        (b"DimSize = 5 4 3", b"DimSize = 5 4 inf", "NDims"),
        (b"NDims", b"ElementNumberOfChannels = x\nNDims", "whole number"),
        (b"NDims", b"HeaderSize = x\nNDims", "whole number"),
        (b"DimSize = 5 4 3", b"DimSize = 5 4 99", "cut short"),
        (b"NDims", b"ElementNumberOfChannels = 4\nNDims", "alpha"),
        (b"NDims", b"ElementToIntensityFunctionSlope = 2\nNDims", "Apply slope and offset"),
        (b"NDims", b"NDims\x00", "Key = Value|NDims"),
        (b"ElementSpacing", b"DistanceUnits = parsec\nElementSpacing", "spacing="),
        (b"TransformMatrix = ", b"TransformMatrix = 1 ", "9 numbers"),
    ],
)
def test_a_header_that_cannot_be_read_is_rejected_with_a_remedy(tmp_path, old, new, word):
    path = tmp_path / "a.mha"
    sitk.WriteImage(image(), path)
    assert old in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(old, new, 1))
    with pytest.raises(SourceError, match=word):
        open_volume(path)


@pytest.mark.parametrize(
    "lines",
    [
        b"ElementSpacing = 1 2 3\nElementSize = 7 8 9\n",
        b"ElementSize = 7 8 9\nElementSpacing = 1 2 3\n",
    ],
)
def test_the_size_of_an_element_is_not_the_spacing_where_there_is_one(tmp_path, lines):
    header = b"NDims = 3\nDimSize = 5 4 3\nElementType = MET_UCHAR\n"
    (tmp_path / "a.mha").write_bytes(header + lines + b"ElementDataFile = LOCAL\n" + bytes(60))
    assert (
        open_volume(tmp_path / "a.mha").grid.spacing_mm
        == sitk.ReadImage(tmp_path / "a.mha").GetSpacing()
    )


def test_what_is_no_metaimage_is_rejected(tmp_path):
    (tmp_path / "a.mha").write_bytes(bytes(range(256)) * 40)
    with pytest.raises(SourceError, match="Key = Value"):
        open_volume(tmp_path / "a.mha")


def test_damaged_compression_is_rejected_when_it_is_read(tmp_path):
    path = tmp_path / "a.mha"
    header = (
        b"NDims = 3\nDimSize = 5 4 3\nElementSpacing = 1 1 1\n"
        b"ElementType = MET_UCHAR\nCompressedData = True\n"
    )
    packed = zlib.compress(bytes(60))
    path.write_bytes(header + b"ElementDataFile = LOCAL\n" + packed[: len(packed) // 2])
    volume = open_volume(path)
    for _ in range(2):
        with pytest.raises(SourceError, match="again"):
            _ = volume.array
