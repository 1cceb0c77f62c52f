"""NRRD files: SimpleITK, which reads them by teem, is the judge."""

from __future__ import annotations

import bz2
import gzip
import math

import numpy as np
import pytest
import SimpleITK as sitk

import data_packages
from dicomseries.errors import DicomSeriesWarning, GeometryError, SourceError
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
VOXELS = np.arange(60, dtype="<i2").reshape(3, 4, 5)
FIELDS = {
    "type": "short",
    "dimension": "3",
    "space": "left-posterior-superior",
    "sizes": "5 4 3",
    "space directions": "(0.6,0.8,0) (-1.6,1.2,0) (0,0,2.5)",
    "kinds": "domain domain domain",
    "endian": "little",
    "encoding": "raw",
    "space origin": "(-12.25,7.5,101.125)",
}


def write(path, voxels=b"", **changes):
    fields = FIELDS | {key.replace("_", " "): value for key, value in changes.items()}
    text = "".join(f"{key}: {value}\n" for key, value in fields.items() if value is not None)
    path.write_bytes(
        b"NRRD0005\n# a comment: with a colon\n"
        + text.encode()
        + b"note:=free text: here\n\n"
        + voxels
    )
    return path


def assert_same(volume, path):
    made = sitk.ReadImage(path)
    array = sitk.GetArrayFromImage(made)
    np.testing.assert_array_equal(volume.array, array)
    assert volume.slabs.dtype.newbyteorder("=") == array.dtype
    expected = Grid.from_spacing(
        array.shape[:3], made.GetSpacing(), origin=made.GetOrigin(), direction=made.GetDirection()
    )
    np.testing.assert_allclose(volume.grid.corners(), expected.corners(), rtol=0, atol=1e-9)


@pytest.mark.parametrize("suffix", [".nrrd", ".nhdr"])
@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("dtype", TYPES)
def test_itk_and_we_read_the_same_oblique_volume(tmp_path, dtype, compress, suffix):
    made = sitk.GetImageFromArray((VOXELS - 30 * (np.dtype(dtype).kind != "u")).astype(dtype))
    made.SetDirection((math.cos(0.3), -math.sin(0.3), 0, math.sin(0.3), math.cos(0.3), 0, 0, 0, -1))
    made.SetSpacing((0.7, 0.8, 2.5))
    made.SetOrigin((-12.25, 7.5, 101.125))
    path = tmp_path / f"a{suffix}"
    sitk.WriteImage(made, path, useCompression=compress)
    assert_same(open_volume(path), path)


@pytest.mark.parametrize(
    "space",
    [
        "left-posterior-superior",
        "LPS",
        "right-anterior-superior",
        "RAS",
        "left-anterior-superior",
        "LAS",
    ],
)
def test_every_anatomical_space_is_turned_into_lps(tmp_path, space):
    release = tuple(map(int, sitk.__version__.split(".")[:3]))
    if space in {"left-anterior-superior", "LAS"} and release < (2, 5, 6):
        pytest.skip("SimpleITK before 2.5.6 takes this space for LPS")
    path = write(tmp_path / "a.nrrd", VOXELS.tobytes(), space=space)
    assert_same(open_volume(path), path)


@pytest.mark.parametrize("space", ["scanner-xyz", "3D-right-handed", None])
def test_a_space_without_anatomy_is_rejected_unless_an_affine_is_given(tmp_path, space):
    path = write(tmp_path / "a.nrrd", VOXELS.tobytes(), space=space)
    with pytest.raises(GeometryError, match="affine="):
        open_volume(path)
    assert open_volume(path, affine=np.eye(4), space="LPS").grid.spacing_mm == (1, 1, 1)


def test_big_endian_voxels_have_their_values(tmp_path):
    path = write(tmp_path / "a.nrrd", VOXELS.astype(">i2").tobytes(), endian="big")
    assert_same(open_volume(path), path)


@pytest.mark.parametrize(
    ("encoding", "pack"), [("gz", gzip.compress), ("gzip", gzip.compress), ("bzip2", bz2.compress)]
)
def test_packed_voxels_have_their_values(tmp_path, encoding, pack):
    path = write(tmp_path / "a.nrrd", pack(VOXELS.tobytes()), encoding=encoding)
    np.testing.assert_array_equal(open_volume(path).array, VOXELS)


@pytest.mark.parametrize("skips", [{"line_skip": "2", "byte_skip": "3"}, {"byte_skip": "-1"}])
def test_a_detached_file_is_found_and_its_lines_and_bytes_skipped(tmp_path, skips):
    (tmp_path / "voxels.bin").write_bytes(b"one\ntwo\n???" + VOXELS.tobytes())
    path = write(tmp_path / "a.nhdr", data_file="voxels.bin", **skips)
    assert_same(open_volume(path), path)


def test_bytes_are_skipped_after_unpacking(tmp_path):
    (tmp_path / "voxels.gz").write_bytes(gzip.compress(b"???" + VOXELS.tobytes()))
    path = write(tmp_path / "a.nhdr", data_file="voxels.gz", encoding="gzip", byte_skip="3")
    np.testing.assert_array_equal(open_volume(path).array, VOXELS)


@pytest.mark.parametrize("kind", ["vector", "3-color", "RGB-color"])
def test_three_components_are_colour(tmp_path, kind):
    voxels = np.arange(180, dtype="u1").reshape(3, 4, 5, 3)
    path = write(
        tmp_path / "a.nrrd",
        voxels.tobytes(),
        type="uchar",
        dimension="4",
        sizes="3 5 4 3",
        space_directions="none (1,0,0) (0,1,0) (0,0,2)",
        kinds=f"{kind} domain domain domain",
    )
    volume = open_volume(path)
    assert volume.samples == 3
    assert_same(volume, path)


@pytest.mark.parametrize("direction", ["none", "(nan,nan,nan)"])
def test_a_list_of_volumes_is_an_axis_of_volumes(tmp_path, direction):
    voxels = np.arange(120, dtype="<i2").reshape(3, 4, 5, 2)
    path = write(
        tmp_path / "a.nrrd",
        voxels.tobytes(),
        dimension="4",
        sizes="2 5 4 3",
        space_directions=f"{direction} (1,0,0) (0,1,0) (0,0,2)",
        kinds="list domain domain domain",
    )
    volume = open_volume(path)
    assert (volume.volumes, volume.times_s) == (2, None)
    np.testing.assert_array_equal(volume.array, voxels.transpose(3, 0, 1, 2))
    np.testing.assert_array_equal(open_volume(path, time_point=1).array, voxels[..., 1])


TIMED = {
    "dimension": "4",
    "sizes": "5 4 3 2",
    "space_directions": "(1,0,0) (0,1,0) (0,0,2) none",
    "kinds": "domain domain domain time",
}
IN_SPACE_AND_TIME = {
    "space": "left-posterior-superior-time",
    "space_directions": "(1,0,0,0) (0,1,0,0) (0,0,2,0) (0,0,0,800)",
    "space_origin": "(7,8,9,100)",
    "kinds": None,
}


@pytest.mark.parametrize(
    ("changes", "times_s"),
    [
        ({}, None),
        ({"spacings": "nan nan nan 800", "units": '"mm" "mm" "mm" "ms"'}, (0, 0.8)),
        ({"spacings": "nan nan nan 2.5", "units": '"mm" "mm" "mm" "s"'}, (0, 2.5)),
        ({"spacings": "nan nan nan 1"}, None),
        ({"spacings": "nan nan nan nan", "units": '"mm" "mm" "mm" "s"'}, None),
        (IN_SPACE_AND_TIME | {"space_units": '"mm" "mm" "mm" "ms"'}, (0, 0.8)),
    ],
)
def test_times_are_steps_of_the_spacing_in_its_unit(tmp_path, changes, times_s):
    voxels = np.arange(120, dtype="<i2").reshape(2, 3, 4, 5)
    volume = open_volume(write(tmp_path / "a.nrrd", voxels.tobytes(), **(TIMED | changes)))
    np.testing.assert_array_equal(volume.array, voxels)
    assert (volume.volumes, volume.times_s) == (2, times_s)
    assert volume.grid.spacing_mm == (1, 1, 2)


@pytest.mark.parametrize("changes", [{"spacings": "nan nan nan 800"}, IN_SPACE_AND_TIME])
def test_a_step_without_a_unit_is_left_out_with_a_word(tmp_path, changes):
    path = write(tmp_path / "a.nrrd", bytes(240), **(TIMED | changes))
    with pytest.warns(DicomSeriesWarning, match="axis 3.*without a unit"):
        assert open_volume(path).times_s is None


def test_spacings_alone_give_an_axial_grid(tmp_path):
    path = write(
        tmp_path / "a.nrrd",
        VOXELS.tobytes(),
        space=None,
        space_directions=None,
        space_origin=None,
        kinds=None,
        spacings="0.5 0.75 2",
        units='"mm" "mm" "cm"',
    )
    assert open_volume(path).grid == Grid(shape=(3, 4, 5), spacing_mm=(0.5, 0.75, 20))


@pytest.mark.parametrize("centerings", [None, "cell cell cell", "node node node"])
def test_the_smallest_positions_of_the_axes_are_the_origin(tmp_path, centerings):
    changes = dict.fromkeys(("space", "space_directions", "space_origin", "kinds"))
    path = write(
        tmp_path / "a.nrrd",
        VOXELS.tobytes(),
        **changes,
        spacings="1 2 3",
        axis_mins="10 20 30",
        centerings=centerings,
    )
    assert_same(open_volume(path), path)


@pytest.mark.parametrize(
    ("encoding", "packed", "message"),
    [
        ("gzip", gzip.compress(b"x", mtime=0), "compressed voxels"),
        ("bzip2", bz2.compress(b"x"), "temporary files"),
    ],
)
def test_a_size_that_no_file_can_have_is_rejected(tmp_path, encoding, packed, message):
    path = write(
        tmp_path / "a.nrrd", packed, encoding=encoding, sizes="999999999999 999999999 9999"
    )
    with pytest.raises(SourceError, match=message):
        open_volume(path)


def test_micrometres_become_millimetres(tmp_path):
    path = write(tmp_path / "a.nrrd", VOXELS.tobytes(), space_units='"um" "um" "um"')
    assert open_volume(path).grid.spacing_mm == pytest.approx((0.001, 0.002, 0.0025))


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"encoding": "text"}, "raw, gzip or bzip2"),
        ({"encoding": "hex"}, "raw, gzip or bzip2"),
        ({"type": "block"}, "integer or float"),
        ({"endian": None}, "little or big"),
        ({"sizes": "5 4"}, "each dimension"),
        ({"sizes": "5 4 99"}, "cut short"),
        ({"data_file": "LIST"}, "one .nrrd file"),
        ({"data_file": "a%03d.raw 1 3 1 2"}, "one .nrrd file"),
        ({"data_file": "gone.raw"}, "beside the header"),
        ({"space_units": '"parsec" "mm" "mm"'}, "spacing="),
        ({"byte_skip": "many"}, "whole number"),
        ({"space_directions": "(1,0) (0,1) (0,0)"}, "three numbers"),
    ],
)
def test_a_header_that_cannot_be_read_is_rejected_with_a_remedy(tmp_path, changes, word):
    with pytest.raises(SourceError, match=word):
        open_volume(write(tmp_path / "a.nrrd", VOXELS.tobytes(), **changes))


@pytest.mark.parametrize(
    "directions",
    ["(1,0,0) (0.2,1,0) (0,0,1)", "(1,0,0) (0,x,0) (0,0,1)", "(1,0,0) (0,0,0) (0,0,1)"],
)
def test_a_grid_that_is_no_grid_is_rejected(tmp_path, directions):
    with pytest.raises(GeometryError):
        open_volume(write(tmp_path / "a.nrrd", VOXELS.tobytes(), space_directions=directions))


def test_what_is_no_nrrd_is_rejected(tmp_path):
    (tmp_path / "a.nrrd").write_bytes(b"PK\x03\x04")
    with pytest.raises(SourceError, match="NRRD0005"):
        open_volume(tmp_path / "a.nrrd")


def test_a_wrong_check_sum_is_rejected_every_time(tmp_path):
    packed = bytearray(gzip.compress(VOXELS.tobytes()))
    packed[-6] ^= 1
    volume = open_volume(write(tmp_path / "a.nrrd", bytes(packed), encoding="gzip"))
    for _ in range(2):
        with pytest.raises(SourceError, match="check sum"):
            _ = volume.array


@pytest.mark.real_data
def test_a_real_ct_has_the_place_and_values_that_itk_reads():
    path = data_packages.find(data_packages.CT_CHEST)
    volume = open_volume(path)
    assert volume.slabs.dtype == np.int32
    assert_same(volume, path)
