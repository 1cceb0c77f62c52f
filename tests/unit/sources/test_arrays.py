"""Arrays that are open already, of numpy and of others."""

from __future__ import annotations

import gc
import threading

import dask
import dask.array
import h5py
import numpy as np
import pytest
import SimpleITK as sitk
import xarray
import zarr

from dicomseries.errors import GeometryError, OptionError, SourceError
from dicomseries.sources import Volume, open_volume

SPACING = (0.5, 0.75, 2)
ARRAY = np.arange(9 * 4 * 5, dtype="int16").reshape(9, 4, 5)


class Counted:
    """An array that is no numpy array and counts the indices it is asked for."""

    def __init__(self, array, chunks=None):
        self.array, self.chunks, self.asked = array, chunks, []
        self.shape, self.dtype, self.ndim = array.shape, array.dtype, array.ndim

    def __getitem__(self, index):
        self.asked.append(index)
        return self.array[index]


def test_a_numpy_array_is_viewed_not_copied():
    volume = open_volume(ARRAY, spacing=SPACING)
    assert np.shares_memory(volume.slabs.read(2, 4), ARRAY)
    np.testing.assert_array_equal(volume.array, ARRAY)


@pytest.mark.parametrize("mode", ["r", "r+", "c"])
def test_a_memmap_is_read_with_its_changes(tmp_path, mode):
    np.save(tmp_path / "a.npy", ARRAY)
    memmap = np.load(tmp_path / "a.npy", mmap_mode=mode)
    expected = ARRAY.copy()
    if mode != "r":
        memmap[3], expected[3] = -7, -7
    volume = open_volume(memmap, spacing=SPACING)
    assert np.shares_memory(volume.slabs.read(2, 4), memmap) == (mode == "c")
    for _ in range(2):
        np.testing.assert_array_equal(volume.array, expected)


def test_numbers_computed_from_a_memmap_are_an_array_of_their_own(tmp_path):
    np.save(tmp_path / "a.npy", ARRAY)
    doubled = np.load(tmp_path / "a.npy", mmap_mode="r") * 2
    np.testing.assert_array_equal(open_volume(doubled, spacing=SPACING).array, ARRAY * 2)


def test_a_view_that_runs_backwards_keeps_its_values(tmp_path):
    np.save(tmp_path / "a.npy", ARRAY)
    for array in (ARRAY, np.load(tmp_path / "a.npy", mmap_mode="r")):
        turned = array[::-2, :, ::-1]
        np.testing.assert_array_equal(
            open_volume(turned, spacing=SPACING).slabs.read(1, 4), ARRAY[::-2, :, ::-1][1:4]
        )


def test_an_unknown_array_is_indexed_along_every_axis_and_slab_by_slab():
    source = Counted(ARRAY, chunks=(4, 2, 5))
    volume = open_volume(source, spacing=SPACING)
    assert volume.slabs.depth == 4
    assert source.asked == []
    np.testing.assert_array_equal(volume.slabs.read(4, 8), ARRAY[4:8])
    assert source.asked == [(slice(4, 8), slice(0, 4), slice(0, 5))]


def test_a_stop_past_the_end_is_what_it_is_in_numpy():
    volume = open_volume(Counted(ARRAY), spacing=SPACING)
    np.testing.assert_array_equal(volume.slabs.read(7, 20), ARRAY[7:])


class OnlyDlpack:
    """A block that numpy does not know by itself."""

    def __init__(self, array):
        self.owner = array

    def __dlpack__(self, **options):
        return self.owner.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.owner.__dlpack_device__()


class Exotic(Counted):
    """An array whose dtype is not numpy's and whose blocks only speak DLPack."""

    def __init__(self, array):
        super().__init__(array)
        self.dtype = object()

    def __getitem__(self, index):
        return OnlyDlpack(np.ascontiguousarray(self.array[index]))


def test_dlpack_is_understood():
    volume = open_volume(Exotic(ARRAY), spacing=SPACING)
    assert volume.slabs.dtype == np.int16
    np.testing.assert_array_equal(volume.array, ARRAY)


@pytest.mark.parametrize("axes", ["zyx", "xyz", "yzx"])
def test_a_dataset_of_h5py_is_read_by_chunks(tmp_path, axes):
    order = [axes.index(letter) for letter in "zyx"]
    with h5py.File(tmp_path / "a.h5", "w") as file:
        dataset = file.create_dataset(
            "ct", data=ARRAY.transpose(np.argsort(order)), chunks=(2, 3, 4)
        )
        volume = open_volume(dataset, axes=axes, spacing=SPACING)
        assert volume.slabs.depth == (2, 3, 4)[axes.index("z")]
        np.testing.assert_array_equal(volume.slabs.read(2, 5), ARRAY[2:5])


@pytest.mark.parametrize("shards", [None, (6, 4, 5)])
def test_an_array_of_zarr_is_read_by_shards_or_chunks(shards):
    array = zarr.create_array({}, data=ARRAY, chunks=(3, 2, 5), shards=shards)
    volume = open_volume(array, spacing=SPACING)
    assert volume.slabs.depth == (6 if shards else 3)
    np.testing.assert_array_equal(volume.slabs.read(3, 9), ARRAY[3:9])


@pytest.mark.parametrize("names", [("x", "y", "z"), ("a", "b", "c"), None])
def test_dimension_names_of_zarr_are_axes_if_they_are_ours(names):
    array = zarr.create_array({}, data=ARRAY, dimension_names=names)
    shape = open_volume(array, spacing=SPACING).slabs.shape
    assert shape == ((5, 4, 9) if names and names[0] == "x" else (9, 4, 5))


def test_a_dask_array_computes_each_chunk_once_where_it_is_asked():
    computed = []

    def block(part, block_info=None):
        computed.append((block_info[0]["chunk-location"], threading.get_ident()))
        return part

    array = dask.array.from_array(ARRAY, chunks=(4, 2, 5)).map_blocks(
        block, dtype="int16", meta=ARRAY[:0]
    )
    volume = open_volume(array, spacing=SPACING)
    assert volume.slabs.depth == 4
    assert computed == []
    parts = [volume.slabs.read(start, min(start + 4, 9)) for start in range(0, 9, 4)]
    np.testing.assert_array_equal(np.concatenate(parts), ARRAY)
    assert sorted(place for place, _ in computed) == [(i, j, 0) for i in range(3) for j in range(2)]
    assert {thread for _, thread in computed} == {threading.get_ident()}


def test_the_scheduler_that_the_user_chose_computes():
    array = dask.array.from_array(ARRAY, chunks=(4, 2, 5)).map_blocks(
        lambda part: part * 0 + threading.get_ident() % 1000, dtype="int64", meta=ARRAY[:0]
    )
    with dask.config.set(scheduler="threads"):
        other = open_volume(array, spacing=SPACING).array
    assert (other != threading.get_ident() % 1000).any()


def test_a_dask_array_of_unknown_shape_is_rejected_with_a_remedy():
    array = dask.array.from_array(ARRAY, chunks=(4, 4, 5))
    with pytest.raises(SourceError, match="compute_chunk_sizes"):
        open_volume(array[array.sum(axis=(1, 2)) > 0], spacing=SPACING)


COORDS = {"z": np.linspace(30, -6, 9), "y": [1.0, 1.5, 2.0, 2.5], "x": np.arange(5) * 0.1 + 7}


def test_coordinates_of_xarray_are_the_place():
    grid = open_volume(xarray.DataArray(ARRAY, COORDS)).grid
    assert grid.spacing_mm == pytest.approx((0.1, 0.5, 4.5))
    assert grid.origin_lps == (7, 1, 30)
    assert grid.axes[2] == (0, 0, -1)


@pytest.mark.parametrize("chunks", [None, {"z": 4, "y": 2}])
@pytest.mark.parametrize("dims", ["zyx", "xyz", "XZY"])
def test_dimensions_of_xarray_are_axes(dims, chunks):
    source = (
        xarray.DataArray(ARRAY, COORDS)
        .transpose(*dims.lower())
        .rename({d.lower(): d for d in dims if d.isupper()})
    )
    volume = open_volume(source.chunk(dict.fromkeys(dims, 4)) if chunks else source)
    assert volume.slabs.depth == (4 if chunks else 1)
    np.testing.assert_array_equal(volume.slabs.read(2, 5), ARRAY[2:5])
    assert volume.grid.origin_lps == (7, 1, 30)


def test_xarray_dimensions_of_other_names_go_by_their_order():
    volume = open_volume(xarray.DataArray(ARRAY, dims=("plane", "row", "col")), spacing=SPACING)
    np.testing.assert_array_equal(volume.array, ARRAY)


def test_a_file_of_xarray_is_read_lazily(tmp_path):
    xarray.DataArray(ARRAY, COORDS, name="ct").to_dataset().to_zarr(
        tmp_path / "a.zarr", encoding={"ct": {"chunks": (3, 4, 5)}}, consolidated=False
    )
    with xarray.open_zarr(tmp_path / "a.zarr", chunks=None, consolidated=False) as dataset:
        volume = open_volume(dataset["ct"])
        assert volume.slabs.depth == 3
        np.testing.assert_array_equal(volume.slabs.read(3, 6), ARRAY[3:6])
        assert not dataset["ct"].variable._in_memory
        with pytest.raises(SourceError, match=r"dataset\['ct'\]"):
            open_volume(dataset)


def test_units_of_coordinates_are_converted():
    source = xarray.DataArray(ARRAY, COORDS)
    for name in "xyz":
        source[name].attrs["units"] = "cm"
    assert open_volume(source).grid.spacing_mm == pytest.approx((1, 5, 45))
    source["x"].attrs["units"] = "degrees"
    with pytest.raises(GeometryError, match=r"'degrees'.*spacing="):
        open_volume(source)


def test_uneven_coordinates_are_rejected_unless_the_place_is_given():
    source = xarray.DataArray(ARRAY, COORDS | {"y": [0.0, 1, 2, 4]})
    with pytest.raises(GeometryError, match="interp"):
        open_volume(source)
    affine = np.diag([1, 2, 3, 1])
    assert open_volume(source, affine=affine, space="LPS").grid.spacing_mm == (1, 2, 3)


def test_coordinates_that_are_missing_or_single_give_no_place():
    for source in (xarray.DataArray(ARRAY, dims=tuple("zyx")), xarray.DataArray(ARRAY, COORDS)[:1]):
        with pytest.raises(GeometryError, match="spacing="):
            open_volume(source)


@pytest.mark.slow
def test_an_image_of_simpleitk_lives_as_long_as_its_slabs():
    def slab():
        made = sitk.GetImageFromArray(ARRAY)
        made.SetSpacing(SPACING)
        return open_volume(made).slabs.read(1, 8)

    view = slab()
    gc.collect()
    others = [np.full(ARRAY.shape, -1, "int16") for _ in range(50)]
    np.testing.assert_array_equal(view, ARRAY[1:8])
    assert not view.flags.owndata
    assert len(others) == 50


def test_an_image_of_simpleitk_has_its_place():
    made = sitk.GetImageFromArray(np.zeros((3, 4, 5, 3), "uint8"), isVector=True)
    made.SetSpacing(SPACING)
    made.SetOrigin((1, 2, 3))
    made.SetDirection((0, 0, 1, 1, 0, 0, 0, 1, 0))
    volume = open_volume(made)
    assert volume.samples == 3
    assert volume.grid.spacing_mm == SPACING
    assert volume.grid.point(1, 1, 1) == made.TransformIndexToPhysicalPoint((1, 1, 1))


def test_images_of_simpleitk_without_a_number_for_every_pixel_are_rejected():
    with pytest.raises(SourceError, match="LabelMapToLabel"):
        open_volume(sitk.Image([5, 4, 3], sitk.sitkLabelUInt8))
    with pytest.raises(SourceError, match=r"part="):
        open_volume(sitk.Image([5, 4, 3], sitk.sitkComplexFloat32))
    with pytest.raises(SourceError, match="channels"):
        open_volume(sitk.Image([5, 4, 3], sitk.sitkVectorFloat32, 2))
    with pytest.raises(GeometryError, match="slice thickness"):
        open_volume(sitk.Image([5, 4], sitk.sitkInt16))


def test_a_masked_array_is_rejected_with_a_remedy():
    with pytest.raises(SourceError, match=r"filled\(value\)"):
        open_volume(np.ma.masked_array(ARRAY, ARRAY > 3), spacing=SPACING)


@pytest.mark.parametrize("dtype", ["complex128", "O", "U3", "S3", "M8[s]", "m8[s]", "longdouble"])
def test_types_that_no_image_holds_are_rejected_with_a_remedy(dtype):
    with pytest.raises(SourceError, match=r"array\b"):
        open_volume(np.zeros((3, 4, 5), dtype), spacing=SPACING)


@pytest.mark.parametrize(
    ("shape", "axes"),
    [((4, 5, 3), "yxc"), ((3, 4, 5), "cyx"), ((2, 4, 5, 3), None), ((3, 5, 4, 2), "cxyz")],
)
def test_three_colours_end_up_last(shape, axes):
    array = np.arange(np.prod(shape), dtype="uint8").reshape(shape)
    volume = open_volume(array, axes=axes, spacing=SPACING)
    letters = axes or "zyxc"
    expected = array.transpose([letters.index(letter) for letter in "zyxc" if letter in letters])
    np.testing.assert_array_equal(volume.array, expected if "z" in letters else expected[None])


def test_one_channel_is_no_colour():
    assert open_volume(np.zeros((3, 4, 5, 1)), axes="zyxc", spacing=SPACING).slabs.shape == (
        3,
        4,
        5,
    )


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((3, 4, 5), "zy"),
        ((3, 4, 5), "zyxt"),
        ((3, 4, 5), "zzx"),
        ((3, 4, 5), "zyc"),
        ((3, 4, 5), "abc"),
        ((3, 4, 5), ""),
        ((3, 4, 5), 5),
    ],
)
def test_axes_that_do_not_fit_are_rejected(shape, axes):
    with pytest.raises(OptionError, match="Name every axis once"):
        open_volume(np.zeros(shape), axes=axes, spacing=SPACING)


@pytest.mark.parametrize("time_point", [2, -1])
def test_a_time_point_that_is_not_there_is_rejected(time_point):
    with pytest.raises(OptionError, match="0 to 1"):
        open_volume(np.zeros((2, 3, 4, 5)), axes="tzyx", time_point=time_point, spacing=SPACING)
    with pytest.raises(OptionError, match="0 to 0"):
        open_volume(np.zeros((3, 4, 5)), time_point=time_point, spacing=SPACING)


@pytest.mark.parametrize("time_point", ["0", 0.0])
def test_a_time_point_is_a_whole_number(time_point):
    with pytest.raises(OptionError, match="whole number"):
        open_volume(np.zeros((2, 3, 4, 5)), axes="tzyx", time_point=time_point, spacing=SPACING)


@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (3, 4, 5, 2), (3, 4, 5, 4)])
def test_four_axes_that_are_not_colour_have_no_default(shape):
    with pytest.raises(OptionError, match="axes='tzyx'"):
        open_volume(np.zeros(shape), spacing=SPACING)
    with pytest.raises(OptionError, match="axes='tzyx'"):
        open_volume(np.zeros((2, 3, 4, 5, 3)), spacing=SPACING)


@pytest.mark.parametrize("axes", ["tzyxc", "ctzyx", "xyzct"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_colour_may_have_time_points(axes, dtype):
    array = np.arange(2 * 3 * 4 * 5 * 3).astype(dtype).reshape(2, 3, 4, 5, 3)
    source = array.transpose(["tzyxc".index(letter) for letter in axes])
    volume = open_volume(source, axes=axes, spacing=SPACING)
    assert (volume.volumes, volume.samples, volume.slabs.shape) == (2, 3, (6, 4, 5, 3))
    np.testing.assert_array_equal(volume.array, array)


@pytest.mark.parametrize(
    ("channels", "word"), [(4, r"alpha.*array\[\.\.\., :3\].*opaque"), (2, "Pick"), (5, "Pick")]
)
def test_other_than_one_or_three_channels_are_rejected_with_a_remedy(channels, word):
    for shape, axes in (((3, 4, 5, channels), "zyxc"), ((2, 3, 4, 5, channels), "tzyxc")):
        array = np.zeros(shape, "uint8")
        with pytest.raises(SourceError, match=word):
            open_volume(array, axes=axes, spacing=SPACING)
        if channels > 3:
            assert open_volume(array[..., :3], axes=axes, spacing=SPACING).samples == 3


def test_vectors_of_simpleitk_are_colour_with_time_too():
    array = np.arange(2 * 3 * 4 * 5 * 3, dtype="uint16").reshape(2, 3, 4, 5, 3)
    volume = open_volume(sitk.GetImageFromArray(array, isVector=True))
    assert (volume.volumes, volume.samples) == (2, 3)
    np.testing.assert_array_equal(volume.array, array)
    with pytest.raises(SourceError, match="alpha"):
        open_volume(sitk.GetImageFromArray(np.zeros((3, 4, 5, 4), "uint8"), isVector=True))


def test_images_without_slices_but_with_time_are_volumes_of_one_slice():
    array = np.arange(6 * 4 * 5, dtype="int16").reshape(6, 4, 5)
    volume = open_volume(array, axes="tyx", spacing=SPACING, times=0.04)
    assert (volume.volumes, volume.slices, volume.grid.shape) == (6, 1, (1, 4, 5))
    np.testing.assert_array_equal(volume.slabs.read(2, 5), array[2:5])


def test_a_single_time_point_needs_no_choice():
    assert open_volume(np.zeros((1, 3, 4, 5)), axes="tzyx", spacing=SPACING).slabs.shape == (
        3,
        4,
        5,
    )


def test_an_array_without_spacing_is_rejected_with_a_remedy():
    with pytest.raises(GeometryError, match=r"Pass spacing=\(x, y, z\)"):
        open_volume(ARRAY)
    with pytest.raises(GeometryError, match="Give all three"):
        open_volume(ARRAY[0], spacing=(1, 1))
    with pytest.raises(GeometryError, match="Give all three"):
        open_volume(ARRAY, spacing=1)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"affine": np.eye(4)}, "space-missing"),
        ({"space": "LPS"}, "space-without-affine"),
        ({"affine": np.eye(4), "space": "LPS", "spacing": SPACING}, "geometry-given-twice"),
        ({"affine": np.eye(4), "space": "LPI"}, "space-unknown"),
        ({"affine": "eye", "space": "LPS"}, "geometry-not-numbers"),
        ({"spacing": "abc"}, "geometry-not-numbers"),
        ({"spacing": SPACING, "direction": "abc"}, "geometry-not-numbers"),
        ({"spacing": SPACING, "direction": [[1, 0], [0]]}, "geometry-not-numbers"),
    ],
)
def test_contradictions_in_geometry_are_rejected(arguments, code):
    with pytest.raises(GeometryError) as caught:
        open_volume(ARRAY, **arguments)
    assert caught.value.code == code


def test_a_volume_is_returned_as_it_is_or_placed_again():
    volume = open_volume(ARRAY, spacing=SPACING, origin=(1, 2, 3))
    assert open_volume(volume) is volume
    moved = open_volume(volume, spacing=(1, 1, 1))
    assert isinstance(moved, Volume)
    assert (moved.grid.spacing_mm, moved.grid.origin_lps) == ((1, 1, 1), (1, 2, 3))
    assert moved.slabs is volume.slabs
    with pytest.raises(OptionError, match="already"):
        open_volume(volume, axes="xyz")


@pytest.mark.parametrize("source", [[[1, 2], [3, 4]], 5, None, {"a": 1}, (n for n in ())])
def test_what_is_no_array_is_rejected_with_a_remedy(source):
    with pytest.raises(SourceError, match=r"numpy\.asarray"):
        open_volume(source, spacing=SPACING)


class Surprise:
    """An array that says int16 of (3, 4, 5) and gives what it likes."""

    shape, dtype = (3, 4, 5), np.dtype("int16")

    def __init__(self, give):
        self.give = give

    def __getitem__(self, index):
        return self.give()


def torn():
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("give", "code"),
    [
        (torn, "file-unreadable"),
        (lambda: np.zeros((3, 4, 4), "int16"), "source-not-as-described"),
        (lambda: np.zeros((3, 4, 5), "float64"), "source-not-as-described"),
        (lambda: np.zeros((3, 4, 5), "uint16"), "source-not-as-described"),
    ],
)
def test_an_array_that_fails_or_gives_other_than_it_says_is_rejected(give, code):
    with pytest.raises(SourceError) as refusal:
        _ = open_volume(Surprise(give), spacing=SPACING).array
    assert refusal.value.code == code


def test_numbers_that_fit_what_the_array_says_are_taken():
    volume = open_volume(Surprise(lambda: np.full((3, 4, 5), 7, "uint8")), spacing=SPACING)
    assert volume.array.dtype == np.int16
    assert (volume.array == 7).all()


def test_units_that_are_no_text_are_rejected():
    coords = {"z": ("z", [0, 1, 2], {"units": 3}), "y": range(4), "x": range(5)}
    with pytest.raises(GeometryError, match="unit of length"):
        open_volume(xarray.DataArray(np.zeros((3, 4, 5)), coords, dims=("z", "y", "x")))
