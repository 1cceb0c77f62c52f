"""NIfTI files and nibabel's images: nibabel's own affine and values are the judge."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest
from nibabel.affines import apply_affine

import data_packages
from dicomseries.errors import DicomSeriesWarning, GeometryError, SourceError
from dicomseries.sources import open_volume

OBLIQUE = np.array(
    [
        [-1.2, 0.64, 0.0, 90.5],
        [0.9, 0.768, -0.84, -126.25],
        [0.0, 1.0 * 0.56 / 0.8 * 0.8, 1.152, -72.0],
        [0, 0, 0, 1.0],
    ]
)
LPS_FROM_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


def right_angled(spacing=(1.5, 1.0, 2.25)):
    """RAS affine of an oblique, right-handed grid."""
    frame, _ = np.linalg.qr(OBLIQUE[:3, :3])
    affine = np.eye(4)
    affine[:3, :3] = frame * spacing
    affine[:3, 3] = (90.5, -126.25, -72.0)
    return affine


def image(dtype="int16", shape=(5, 4, 3), *, affine=None, order="<"):
    array = (
        np.arange(np.prod(shape), dtype="int64")
        .reshape(shape)
        .astype(np.dtype(dtype).newbyteorder(order))
    )
    header = nibabel.Nifti1Header(endianness=order)
    header.set_data_dtype(array.dtype)
    return nibabel.Nifti1Image(array, right_angled() if affine is None else affine, header)


def saved(made, path):
    nibabel.save(made, path)
    return path


def assert_same_place(volume, affine):
    """Every corner is where nibabel's affine puts it, RAS turned into LPS."""
    slices, rows, columns = volume.grid.shape
    corners = [(x, y, z) for z in (0, slices - 1) for y in (0, rows - 1) for x in (0, columns - 1)]
    np.testing.assert_allclose(
        volume.grid.corners(), apply_affine(LPS_FROM_RAS @ affine, corners), rtol=0, atol=2e-4
    )


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    "dtype",
    [
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
    ],
)
def test_voxels_and_place_are_nibabels(tmp_path, dtype, order, suffix):
    path = saved(image(dtype, order=order), tmp_path / f"a{suffix}")
    volume = open_volume(path)
    loaded = nibabel.load(path)
    assert volume.slabs.dtype.newbyteorder("=") == np.dtype(dtype)
    np.testing.assert_array_equal(volume.array, np.asarray(loaded.dataobj).T)
    assert_same_place(volume, loaded.affine)
    assert not volume.is_scaled


def test_a_slab_of_a_raw_file_is_contiguous(tmp_path):
    slab = open_volume(saved(image(), tmp_path / "a.nii")).slabs.read(1, 3)
    assert slab.flags.c_contiguous


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_a_scaled_integer_file_keeps_its_integers_and_says_what_they_mean(tmp_path, suffix):
    made = image()
    made.header.set_slope_inter(0.1, -7.3)
    path = saved(made, tmp_path / f"a{suffix}")
    loaded = nibabel.load(path)
    volume = open_volume(path)
    assert (volume.slope, volume.intercept) == (float(np.float32(0.1)), float(np.float32(-7.3)))
    assert volume.slabs.dtype == np.int16
    real = volume.array.astype("float64") * volume.slope + volume.intercept
    np.testing.assert_array_equal(real, np.asarray(loaded.dataobj).T)


@pytest.mark.parametrize("slope", [0.0, float("nan")])
def test_a_slope_of_zero_or_nan_means_none(tmp_path, slope):
    path = saved(image(), tmp_path / "a.nii")
    content = bytearray(path.read_bytes())
    content[112:116] = np.float32(slope).tobytes()
    path.write_bytes(content)
    assert not open_volume(path).is_scaled


def test_scaled_floats_are_read_as_what_they_mean(tmp_path):
    path = saved(image("float32"), tmp_path / "a.nii")
    content = bytearray(path.read_bytes())
    content[112:120] = np.array([0.1, 3], "float32").tobytes()
    path.write_bytes(content)
    volume = open_volume(path)
    assert volume.slabs.dtype == np.float64
    assert not volume.is_scaled
    np.testing.assert_array_equal(volume.array, nibabel.load(path).get_fdata().T)


@pytest.mark.parametrize(
    ("unit", "factor"), [("mm", 1), ("meter", 1000), ("micron", 0.001), ("unknown", 1)]
)
def test_units_become_millimetres(tmp_path, unit, factor):
    made = image(affine=np.diag([1.5, 2, 4, 1]))
    made.header.set_xyzt_units(unit)
    grid = open_volume(saved(made, tmp_path / "a.nii")).grid
    assert grid.spacing_mm == pytest.approx((1.5 * factor, 2 * factor, 4 * factor))


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", "in memory"])
def test_time_points_are_volumes_of_which_one_may_be_chosen(tmp_path, suffix):
    made = image(shape=(5, 4, 3, 2))
    source = made if suffix == "in memory" else saved(made, tmp_path / f"a{suffix}")
    expected = np.asarray(made.dataobj).T
    volume = open_volume(source)
    assert (volume.volumes, volume.slabs.shape, volume.grid.shape) == (2, (6, 4, 5), (3, 4, 5))
    np.testing.assert_array_equal(volume.array, expected)
    np.testing.assert_array_equal(volume.slabs.read(1, 5), expected.reshape(6, 4, 5)[1:5])
    np.testing.assert_array_equal(open_volume(source, time_point=1).array, expected[1])


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_volumes_of_a_file_are_views_that_are_read_forward(tmp_path, suffix):
    path = saved(image(shape=(50, 40, 30, 4)), tmp_path / f"a{suffix}")
    slabs = open_volume(path).slabs
    assert slabs.depth == 1
    assert not slabs.read(29, 31).flags.owndata


def timed(step, unit, shape=(5, 4, 3, 4)):
    made = image(shape=shape)
    made.header.set_zooms((1.5, 1.0, 2.25, step))
    made.header.set_xyzt_units("mm", unit)
    return made


@pytest.mark.parametrize(
    ("step", "unit", "times_s"),
    [
        (2.5, "sec", (0, 2.5, 5, 7.5)),
        (0.72, "sec", (0, 0.72, 0.72 * 2, 0.72 * 3)),
        (800, "msec", (0, 0.8, 1.6, 2.4)),
        (2300, "msec", (0, 2.3, 4.6, 6.9)),
        (250000, "usec", (0, 0.25, 0.5, 0.75)),
        (1, "sec", (0, 1, 2, 3)),
        (0, "sec", None),
        (1, "unknown", None),
        (0, "unknown", None),
        (2.5, "hz", None),
        (2.5, "ppm", None),
    ],
)
def test_times_are_steps_of_the_fourth_pixdim_in_its_unit(tmp_path, step, unit, times_s):
    path = saved(timed(step, unit), tmp_path / "a.nii")
    assert open_volume(path).times_s == times_s
    assert open_volume(path, times=3).times_s == (0, 3, 6, 9)
    assert open_volume(path, time_point=2).times_s is None


def test_a_step_of_unknown_unit_is_left_out_with_a_word(tmp_path):
    path = saved(timed(2.5, "unknown"), tmp_path / "a.nii")
    with pytest.warns(DicomSeriesWarning, match=r"a\.nii, pixdim\[4\] = 2.5.*times="):
        assert open_volume(path).times_s is None
    assert open_volume(path, times=2.5).times_s == (0, 2.5, 5, 7.5)
    assert open_volume(path, time_point=1).volumes is None


def test_a_negative_step_is_none(tmp_path):
    path = saved(timed(2.5, "sec"), tmp_path / "a.nii")
    content = bytearray(path.read_bytes())
    content[92:96] = np.float32(-2.5).tobytes()
    path.write_bytes(content)
    assert open_volume(path).times_s is None


def test_the_times_of_the_fourth_axis_are_not_those_of_another(tmp_path):
    path = saved(timed(2.5, "sec", shape=(5, 4, 3, 2)), tmp_path / "a.nii")
    volume = open_volume(
        path, axes="xytz", spacing=(1, 1, 1), origin=(0, 0, 0), direction=np.eye(3)
    )
    assert (volume.volumes, volume.slices, volume.times_s) == (3, 2, None)


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", "in memory"])
def test_rgb_volumes_have_time_and_colour(tmp_path, suffix):
    rgb = np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")])
    colours = np.arange(720, dtype="u2").astype("u1").reshape(5, 4, 3, 4, 3)
    made = nibabel.Nifti1Image(np.ascontiguousarray(colours).view(rgb)[..., 0], np.eye(4))
    volume = open_volume(made if suffix == "in memory" else saved(made, tmp_path / f"a{suffix}"))
    assert (volume.volumes, volume.samples) == (4, 3)
    np.testing.assert_array_equal(volume.array, colours.transpose(3, 2, 1, 0, 4))


@pytest.mark.parametrize("suffix", [".nii", "in memory"])
def test_rgb_with_alpha_is_rejected_and_its_remedy_works(tmp_path, suffix):
    rgba = np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1"), ("A", "u1")])
    colours = np.arange(240, dtype="u1").reshape(5, 4, 3, 4)
    made = nibabel.Nifti1Image(np.ascontiguousarray(colours).view(rgba)[..., 0], right_angled())
    source = made if suffix == "in memory" else saved(made, tmp_path / "a.nii")
    with pytest.raises(SourceError, match=r"RGBA32.*np\.stack.*axes='xyzc'.*opaque"):
        open_volume(source)
    alone = np.stack([np.asanyarray(made.dataobj)[name] for name in "RGB"], axis=-1)
    volume = open_volume(alone, axes="xyzc", affine=made.affine, space="RAS")
    np.testing.assert_array_equal(volume.array, colours[..., :3].transpose(2, 1, 0, 3))
    assert_same_place(volume, made.affine)


def test_every_time_point_of_a_left_handed_image_keeps_its_points_along_the_normal(tmp_path):
    made = image(shape=(5, 4, 3, 2), affine=right_angled() @ np.diag([1, -1, 1, 1]))
    volume = open_volume(saved(made, tmp_path / "a.nii"))
    assert not volume.grid.is_right_handed
    turned = volume.along_normal()
    assert turned.grid.is_right_handed
    assert_same_points(turned, made)
    assert_same_points(turned.at(1), made.slicer[..., 1:])


def assert_same_points(volume, made):
    """Every voxel of every volume has the value that nibabel has at its point in space."""
    voxels = np.asarray(made.dataobj)
    inverse = np.linalg.inv(LPS_FROM_RAS @ made.affine)
    frames = volume.array.reshape(-1, *volume.grid.shape)
    for t, z, y, x in np.ndindex(frames.shape):
        i, j, k = np.rint(apply_affine(inverse, volume.grid.point(x, y, z))).astype(int)
        assert frames[t, z, y, x] == voxels[i, j, k, t]


@pytest.mark.parametrize("shape", [(5, 4), (5, 4, 1), (5, 4, 1, 1)])
def test_a_single_image_is_one_slice(tmp_path, shape):
    path = saved(image(shape=shape, affine=np.diag([1, 2, 6, 1])), tmp_path / "a.nii")
    assert open_volume(path).grid.shape == (1, 4, 5)
    assert open_volume(path).grid.spacing_mm == (1, 2, 6)


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_trailing_axes_of_one_element_do_not_matter(tmp_path, suffix):
    path = saved(image(shape=(5, 4, 3, 1, 1)), tmp_path / f"a{suffix}")
    np.testing.assert_array_equal(
        open_volume(path).array, np.asarray(nibabel.load(path).dataobj)[..., 0, 0].T
    )


def test_a_fifth_axis_is_rejected(tmp_path):
    with pytest.raises(SourceError, match="Pass one component"):
        open_volume(saved(image(shape=(5, 4, 3, 1, 2)), tmp_path / "a.nii"))


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", "in memory"])
@pytest.mark.parametrize("sliced", [False, True])
def test_vectors_of_three_bytes_are_colour(tmp_path, suffix, sliced):
    colours = np.arange(180, dtype="u1").reshape(5, 4, 3, 1, 3)
    made = nibabel.Nifti1Image(colours, np.diag([1, 1, 2, 1]))
    made.header.set_intent("vector")
    made = made.slicer[:, :, :, 0] if sliced else made
    volume = open_volume(made if suffix == "in memory" else saved(made, tmp_path / f"a{suffix}"))
    assert volume.volumes is None
    np.testing.assert_array_equal(volume.array, colours[:, :, :, 0].transpose(2, 1, 0, 3))


@pytest.mark.parametrize("shape", [(5, 4, 3, 1, 3), (5, 4, 3, 3)])
def test_vectors_of_other_numbers_are_no_colours_and_no_times(shape):
    made = nibabel.Nifti1Image(np.zeros(shape, "f4"), np.diag([1, 1, 2, 1]))
    made.header.set_intent("vector")
    with pytest.raises(SourceError, match="components of vectors"):
        open_volume(made)


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", "in memory"])
def test_rgb_voxels_are_colour(tmp_path, suffix):
    rgb = np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")])
    colours = np.arange(180, dtype="u1").reshape(5, 4, 3, 3)
    made = nibabel.Nifti1Image(np.ascontiguousarray(colours).view(rgb)[..., 0], np.eye(4))
    volume = open_volume(made if suffix == "in memory" else saved(made, tmp_path / f"a{suffix}"))
    np.testing.assert_array_equal(volume.array, colours.transpose(2, 1, 0, 3))


def test_complex_voxels_are_rejected_with_a_remedy(tmp_path):
    with pytest.raises(SourceError, match="part="):
        open_volume(
            saved(
                nibabel.Nifti1Image(np.ones((5, 4, 3), "complex64"), np.eye(4)), tmp_path / "a.nii"
            )
        )


def test_a_sheared_affine_is_rejected_and_an_explicit_one_fixes_it(tmp_path):
    sheared = np.diag([1.0, 1, 2, 1])
    sheared[0, 1] = 0.56
    made = image(affine=sheared)
    made.set_qform(None, 0)
    path = saved(made, tmp_path / "a.nii")
    with pytest.raises(GeometryError, match="right angles"):
        open_volume(path)
    assert open_volume(path, affine=np.eye(4), space="RAS").grid.spacing_mm == (1, 1, 1)


def test_renaming_the_axes_keeps_every_voxel_on_its_point(tmp_path):
    path = saved(image(), tmp_path / "a.nii")
    plain, turned = open_volume(path), open_volume(path, axes="zxy")
    assert turned.slabs.shape == (5, 3, 4)
    assert turned.grid.point(2, 1, 4) == pytest.approx(plain.grid.point(4, 2, 1))
    assert turned.array[4, 1, 2] == plain.array[1, 2, 4]


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", "in memory", "bytes"])
def test_an_image_object_is_read_like_its_file(tmp_path, suffix):
    made = image()
    if suffix.startswith("."):
        made = nibabel.load(saved(made, tmp_path / f"a{suffix}"))
    elif suffix == "bytes":
        made = nibabel.Nifti1Image.from_bytes(made.to_bytes())
    volume = open_volume(made)
    assert volume.slabs.dtype == np.int16
    np.testing.assert_array_equal(volume.array, np.asarray(image().dataobj).T)
    assert_same_place(volume, right_angled())


class Proxy:
    """An array that only nibabel can read, as those of PAR/REC and ECAT are."""

    is_proxy = True

    def __init__(self, array):
        self.array, self.shape, self.ndim = array, array.shape, array.ndim

    def __getitem__(self, index):
        return self.array[index] * 0.5


def test_a_format_that_nibabel_alone_can_read_comes_through_its_proxy():
    array = np.arange(120).reshape(5, 4, 3, 2)
    made = nibabel.spatialimages.SpatialImage(Proxy(array), right_angled())
    volume = open_volume(made, time_point=1)
    np.testing.assert_array_equal(volume.slabs.read(1, 3), array[:, :, 1:3, 1].T * 0.5)
    whole = open_volume(made)
    np.testing.assert_array_equal(whole.array, array.T * 0.5)
    np.testing.assert_array_equal(whole.slabs.read(2, 4), array.T.reshape(6, 4, 5)[2:4] * 0.5)
    assert volume.slabs.dtype == np.float64
    assert_same_place(volume, right_angled())


def test_a_compressed_file_that_is_cut_short_is_rejected_when_it_is_read(tmp_path):
    path = saved(image(shape=(50, 40, 30)), tmp_path / "a.nii.gz")
    path.write_bytes(path.read_bytes()[:-5000])
    volume = open_volume(path)
    with pytest.raises(SourceError, match="again"):
        _ = volume.array


@pytest.mark.parametrize("content", [b"", b"not an image at all" * 40])
def test_what_is_no_nifti_is_rejected(tmp_path, content):
    (tmp_path / "a.nii").write_bytes(content)
    with pytest.raises(SourceError, match="NIfTI"):
        open_volume(tmp_path / "a.nii")


def test_a_cut_raw_file_is_rejected_before_it_is_read(tmp_path):
    path = saved(image(), tmp_path / "a.nii")
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(SourceError, match="cut short"):
        open_volume(path)


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["EXAMPLE_4D", "FUNCTIONAL", "MNI_T1", "MACAQUE_T1"])
def test_real_files_have_the_place_and_values_that_nibabel_reads(name):
    path = data_packages.find(getattr(data_packages, name))
    loaded = nibabel.load(path)
    whole = np.asarray(loaded.dataobj).T
    for time_point in (None, 1)[: loaded.ndim - 2]:
        volume = open_volume(path, time_point=time_point)
        assert volume.slabs.dtype == loaded.header.get_data_dtype()
        real = volume.array * volume.slope + volume.intercept if volume.is_scaled else volume.array
        np.testing.assert_array_equal(real, whole if time_point is None else whole[time_point])
        assert_same_place(volume, loaded.affine)


@pytest.mark.real_data
@pytest.mark.parametrize(("name", "step"), [("EXAMPLE_4D", 2000), ("FUNCTIONAL", 2)])
def test_real_files_have_the_times_that_they_say(name, step):
    volume = open_volume(data_packages.find(getattr(data_packages, name)))
    assert volume.times_s == tuple(float(step * number) for number in range(volume.volumes))


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["scaled+tlrc.HEAD", "example4d+orig.HEAD", "tiny.mnc"])
def test_images_whose_scale_changes_on_the_way_have_nibabels_values(name):
    made = nibabel.load(Path(nibabel.__file__).parent / "tests" / "data" / name)
    expected = made.get_fdata()
    if not name.endswith(".mnc"):  # whose slices come first, as in the array here
        expected = expected.T
    np.testing.assert_array_equal(open_volume(made).array.squeeze(), expected.squeeze())
    first = expected[0] if expected.ndim == 4 else expected
    np.testing.assert_array_equal(open_volume(made, time_point=0).array, first)


@pytest.mark.parametrize("place", [40, 42, 123])
def test_a_damaged_header_is_rejected(tmp_path, place):
    path = saved(image(), tmp_path / "a.nii")
    content = bytearray(path.read_bytes())
    content[place : place + 2] = b"\xff\xff"
    path.write_bytes(content)
    with pytest.raises(SourceError):
        open_volume(path)


def test_damaged_gzip_is_rejected_when_it_is_opened(tmp_path):
    path = saved(image(), tmp_path / "a.nii.gz")
    content = bytearray(path.read_bytes())
    content[12:40] = b"\xff" * 28
    path.write_bytes(content)
    with pytest.raises(SourceError, match="complete"):
        open_volume(path)
