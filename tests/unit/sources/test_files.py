"""HDF5, Zarr and TIFF files; paths; packages that are missing."""

from __future__ import annotations

import sys
import threading

import h5py
import numpy as np
import pytest
import tifffile
import zarr

from dicomseries.errors import GeometryError, MissingPackageError, OptionError, SourceError
from dicomseries.sources import FORMATS, SUFFIXES, open_volume
from systems import needs_links

SPACING = (0.5, 0.75, 2)
ARRAY = np.arange(9 * 4 * 5, dtype="uint16").reshape(9, 4, 5)


@pytest.mark.parametrize("suffix", [".h5", ".hdf5"])
def test_the_only_image_of_an_hdf5_file_is_found(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    with h5py.File(path, "w") as file:
        file.create_dataset("scan/ct", data=ARRAY, chunks=(2, 4, 5), compression="gzip")
        file.create_dataset("scan/times", data=np.arange(9))
        file["scan/note"] = "text"
    volume = open_volume(path, spacing=SPACING)
    assert volume.slabs.depth == 2
    np.testing.assert_array_equal(volume.slabs.read(1, 8), ARRAY[1:8])


def test_one_dataset_of_several_is_named(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["scan/ct"], file["mask"] = ARRAY, ARRAY > 3
        with pytest.raises(SourceError, match="mask, scan/ct"):
            open_volume(file, spacing=SPACING)
    assert open_volume(f"{tmp_path}/a.h5::/mask", spacing=SPACING).slabs.dtype == np.bool_
    for name in ("", "::pet"):
        with pytest.raises(SourceError, match=r"mask, scan/ct.*a\.h5::mask"):
            open_volume(f"{tmp_path}/a.h5{name}", spacing=SPACING)


def test_what_is_no_hdf5_is_rejected(tmp_path):
    (tmp_path / "a.h5").write_bytes(b"nonsense")
    with pytest.raises(SourceError, match="HDF5"):
        open_volume(tmp_path / "a.h5", spacing=SPACING)


def ngff(path, *, version="0.5", unit="micrometer", array=ARRAY, axes="zyx", image_scale=None):
    group = zarr.open_group(path, mode="w", zarr_format=3 if version == "0.5" else 2)
    group.create_array("0", data=array, chunks=(3, *array.shape[1:]))
    group.create_array("1", data=array[::2], chunks=(3, *array.shape[1:]))
    scale = [1.0] * (len(axes) - 3) + [2000.0, 750.0, 500.0]
    shift = [0.0] * (len(axes) - 3) + [3000.0, 2000.0, 1000.0]
    image = {
        "axes": [
            {"name": n, "type": "space", **({"unit": unit} if unit and n in "zyx" else {})}
            for n in axes
        ],
        "datasets": [
            {
                "path": "0",
                "coordinateTransformations": [
                    {"type": "scale", "scale": scale},
                    {"type": "translation", "translation": shift},
                ],
            },
            {"path": "1", "coordinateTransformations": [{"type": "scale", "scale": scale}]},
        ],
    }
    if image_scale:
        image["coordinateTransformations"] = [{"type": "scale", "scale": image_scale}]
    group.attrs.update(
        {"ome": {"version": "0.5", "multiscales": [image]}}
        if version == "0.5"
        else {"multiscales": [image]}
    )


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_ome_zarr_has_its_place_in_millimetres(tmp_path, version):
    ngff(tmp_path / "a.ome.zarr", version=version)
    volume = open_volume(tmp_path / "a.ome.zarr")
    assert volume.slabs.depth == 3
    np.testing.assert_array_equal(volume.array, ARRAY)
    assert volume.grid.spacing_mm == pytest.approx(SPACING)
    assert volume.grid.origin_lps == pytest.approx((1, 2, 3))


def test_a_scale_of_the_whole_ome_image_counts_too(tmp_path):
    ngff(tmp_path / "a.zarr", image_scale=[10, 2, 1])
    grid = open_volume(tmp_path / "a.zarr").grid
    assert grid.spacing_mm == pytest.approx((0.5, 1.5, 20))
    assert grid.origin_lps == pytest.approx((1, 4, 30))


def test_ome_zarr_without_unit_is_millimetres_and_with_another_rejected(tmp_path):
    ngff(tmp_path / "a.zarr", unit=None)
    assert open_volume(tmp_path / "a.zarr").grid.spacing_mm == (500, 750, 2000)
    ngff(tmp_path / "b.zarr", unit="second")
    with pytest.raises(GeometryError, match="second"):
        open_volume(tmp_path / "b.zarr")


def test_channels_and_times_of_ome_zarr_are_axes(tmp_path):
    array = np.arange(2 * 3 * 4 * 5 * 6, dtype="uint8").reshape(2, 3, 4, 5, 6)
    ngff(tmp_path / "a.zarr", array=array, axes="tczyx")
    volume = open_volume(tmp_path / "a.zarr", time_point=1)
    np.testing.assert_array_equal(volume.array, array[1].transpose(1, 2, 3, 0))
    np.testing.assert_array_equal(
        open_volume(tmp_path / "a.zarr").array, array.transpose(0, 2, 3, 4, 1)
    )


def test_a_plain_zarr_array_is_found_and_one_of_several_is_named(tmp_path):
    group = zarr.open_group(tmp_path / "folder", mode="w")
    group.create_array("ct", data=ARRAY)
    assert open_volume(tmp_path / "folder", spacing=SPACING).grid.shape == (9, 4, 5)
    group.create_array("inner/mask", data=ARRAY > 3)
    assert open_volume(f"{tmp_path}/folder::inner/mask", spacing=SPACING).slabs.dtype == np.bool_
    assert open_volume(tmp_path / "folder" / "ct", spacing=SPACING).slabs.dtype == np.uint16
    for source in (tmp_path / "folder", f"{tmp_path}/folder::pet", group):
        with pytest.raises(SourceError, match="ct, inner/mask"):
            open_volume(source, spacing=SPACING)


def test_an_empty_folder_named_zarr_is_rejected(tmp_path):
    (tmp_path / "a.zarr").mkdir()
    with pytest.raises(SourceError, match=r"zarr\.json"):
        open_volume(tmp_path / "a.zarr", spacing=SPACING)


TIFFS = {
    "plain": {},
    "zlib": {"compression": "zlib"},
    "tiled": {"compression": "zlib", "tile": (16, 16)},
    "big endian": {"byteorder": ">"},
    "scattered": {"contiguous": False, "rowsperstrip": 1, "compression": "zlib"},
    "predictor": {"compression": "zlib", "predictor": True},
}


@pytest.mark.parametrize("name", TIFFS)
def test_pages_of_a_tiff_are_slices(tmp_path, name):
    tifffile.imwrite(
        tmp_path / "a.tif", ARRAY, photometric="minisblack", metadata=None, **TIFFS[name]
    )
    volume = open_volume(tmp_path / "a.tif", spacing=SPACING)
    np.testing.assert_array_equal(volume.slabs.read(2, 7), ARRAY[2:7])
    assert volume.slabs.dtype.newbyteorder("=") == np.uint16


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((4, 5), "YX"),
        ((4, 5, 3), "YXS"),
        ((2, 4, 5, 3), "ZYXS"),
        ((2, 3, 4, 5), "TZYX"),
        ((2, 3, 3, 4, 5), "TZCYX"),
    ],
)
def test_axes_of_a_tiff_are_known(tmp_path, shape, axes, compression):
    array = np.arange(np.prod(shape), dtype="uint8").reshape(shape)
    photometric = "rgb" if axes.endswith("S") else "minisblack"
    path = tmp_path / "a.ome.tif"
    tifffile.imwrite(
        path, array, photometric=photometric, metadata={"axes": axes}, compression=compression
    )
    if "T" in axes:
        order = [axes.index(letter) for letter in "TZYXC" if letter in axes]
        np.testing.assert_array_equal(
            open_volume(path, spacing=SPACING).array, array.transpose(order)
        )
    volume = open_volume(path, spacing=SPACING, time_point=1 if "T" in axes else None)
    letters = axes.replace("S", "C").replace("T", "")
    expected = (array[1] if "T" in axes else array).transpose(
        [letters.index(n) for n in "ZYXC" if n in letters]
    )
    np.testing.assert_array_equal(volume.array, expected if "Z" in letters else expected[None])


def test_several_threads_may_read_pages(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", ARRAY, photometric="minisblack", compression="zlib")
    slabs = open_volume(tmp_path / "a.tif", spacing=SPACING).slabs
    results = [None] * 18

    def read(i):
        results[i] = slabs.read(i % 9, i % 9 + 1)[0]

    threads = [threading.Thread(target=read, args=(i,)) for i in range(18)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_array_equal(results, np.concatenate([ARRAY, ARRAY]))


@pytest.mark.parametrize("unit", ["mm", "micron", "um", "cm"])
def test_the_resolution_of_imagej_is_the_spacing_if_it_has_a_length(tmp_path, unit):
    factor = {"mm": 1, "cm": 10}.get(unit, 0.001)
    metadata = {"spacing": 2.5, "unit": unit, "axes": "ZYX"}
    tifffile.imwrite(tmp_path / "a.tif", ARRAY, imagej=True, resolution=(2, 4), metadata=metadata)
    assert open_volume(tmp_path / "a.tif").grid.spacing_mm == pytest.approx(
        (0.5 * factor, 0.25 * factor, 2.5 * factor)
    )


@pytest.mark.parametrize(
    "metadata", [{"spacing": 2.5, "unit": "pixel"}, {"spacing": 2.5}, {"unit": "mm"}]
)
def test_a_resolution_without_three_lengths_is_none(tmp_path, metadata):
    tifffile.imwrite(
        tmp_path / "a.tif",
        ARRAY,
        imagej=True,
        resolution=(2, 4),
        metadata={"axes": "ZYX", **metadata},
    )
    with pytest.raises(GeometryError, match="spacing="):
        open_volume(tmp_path / "a.tif")


@pytest.mark.parametrize(
    ("unit", "factor"), [("mm", 1), ("µm", 0.001), (None, 0.001), ("nm", 1e-6)]
)
def test_physical_sizes_of_ome_are_the_spacing(tmp_path, unit, factor):
    metadata = {"axes": "ZYX", "PhysicalSizeX": 0.5, "PhysicalSizeY": 0.75, "PhysicalSizeZ": 2}
    if unit:
        metadata |= {f"PhysicalSize{letter}Unit": unit for letter in "XYZ"}
    tifffile.imwrite(tmp_path / "a.ome.tif", ARRAY, metadata=metadata)
    assert open_volume(tmp_path / "a.ome.tif").grid.spacing_mm == pytest.approx(
        [n * factor for n in SPACING]
    )


@pytest.mark.parametrize("metadata", [{"PhysicalSizeX": 0.5}, {}])
def test_ome_without_three_sizes_gives_no_spacing(tmp_path, metadata):
    tifffile.imwrite(tmp_path / "a.ome.tif", ARRAY, metadata={"axes": "ZYX", **metadata})
    with pytest.raises(GeometryError, match="spacing="):
        open_volume(tmp_path / "a.ome.tif")


def test_what_is_no_tiff_or_cut_short_is_rejected(tmp_path):
    (tmp_path / "a.tif").write_bytes(b"nonsense")
    with pytest.raises(SourceError, match="TIFF"):
        open_volume(tmp_path / "a.tif", spacing=SPACING)
    tifffile.imwrite(tmp_path / "b.tif", ARRAY, photometric="minisblack", compression="zlib")
    content = bytearray((tmp_path / "b.tif").read_bytes())
    content[-60:] = bytes(60)
    (tmp_path / "b.tif").write_bytes(content)
    with pytest.raises(SourceError, match="dicomseries"):
        _ = open_volume(tmp_path / "b.tif", spacing=SPACING).array


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("gone.nii", "file-missing"),
        ("nowhere://bucket/a.zarr", "file-unreadable"),
        ("a.pdf", "format-unknown"),
        ("README", "format-unknown"),
        ("folder", "source-is-folder"),
        ("", "file-missing"),
        ("a.pdf::part", "member-of-single-array"),
    ],
)
def test_a_path_that_cannot_be_opened_says_why(tmp_path, monkeypatch, name, code):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    for file in ("a.pdf", "README"):
        (tmp_path / file).write_bytes(b"x")
    with pytest.raises(SourceError) as caught:
        open_volume(name, spacing=SPACING)
    assert caught.value.code == code


def test_a_suffix_counts_in_any_case(tmp_path):
    np.save(tmp_path / "a.npy", ARRAY)
    (tmp_path / "a.npy").rename(tmp_path / "A.NPY")
    assert open_volume(str(tmp_path / "A.NPY"), spacing=SPACING).grid.shape == (9, 4, 5)


@pytest.mark.parametrize(
    ("name", "package", "extra"),
    [
        ("a.nii", "nibabel", "nifti"),
        ("a.nii.gz", "nibabel", "nifti"),
        ("a.h5", "h5py", "hdf5"),
        ("a.zarr", "zarr", "zarr"),
        ("a.tiff", "tifffile", "tiff"),
    ],
)
def test_a_missing_package_is_named_with_its_pip_line(tmp_path, monkeypatch, name, package, extra):
    monkeypatch.setitem(sys.modules, package, None)
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(MissingPackageError) as caught:
        open_volume(tmp_path / name)
    assert caught.value.remedy.endswith(f'pip install "dicomseries[{extra}]"`.')


def test_every_suffix_has_a_reader(tmp_path):
    for suffix in SUFFIXES:
        (tmp_path / f"a{suffix}").write_bytes(b"")
        with pytest.raises((SourceError, OptionError, GeometryError)) as caught:
            open_volume(tmp_path / f"a{suffix}", spacing=SPACING)
        assert caught.value.code not in {"format-unknown", "source-unknown"}, suffix


def test_every_format_has_the_same_three_names():
    for module in FORMATS:
        assert callable(module.matches)
        assert callable(module.open_volume)
        assert module.PACKAGE is None or isinstance(module.PACKAGE, str)


def test_a_dataset_without_numbers_is_rejected_and_a_soft_link_followed(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["empty"], file["scan/ct"], file["other"] = h5py.Empty("f"), ARRAY, ARRAY
        file["link"], file["loose"] = h5py.SoftLink("/scan/ct"), h5py.SoftLink("/gone")
        with pytest.raises(SourceError, match="no numbers"):
            open_volume(file["empty"], spacing=SPACING)
    assert open_volume(f"{tmp_path}/a.h5::link", spacing=SPACING).slabs.shape == ARRAY.shape
    with pytest.raises(SourceError, match="named loose"):
        open_volume(f"{tmp_path}/a.h5::loose", spacing=SPACING)


@pytest.mark.parametrize(
    "transformation",
    [
        {"type": "rotation", "rotation": [[0, 1, 0], [1, 0, 0], [0, 0, 1]]},
        {"type": "affine", "affine": [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]},
        {"type": "scale", "path": "numbers"},
    ],
)
def test_a_transformation_that_would_be_dropped_is_rejected(transformation):
    group = ome_group([{"type": "scale", "scale": [3, 2, 1]}, transformation])
    with pytest.raises(GeometryError, match="affine="):
        open_volume(group)
    assert open_volume(group, affine=np.eye(4), space="LPS").grid.spacing_mm == (1, 1, 1)


@pytest.mark.parametrize(
    ("transformations", "path"),
    [
        ([{"type": "scale", "scale": [3, 2]}], "0"),
        ([{"type": "scale", "scale": ["a", 2, 1]}], "0"),
        ([], "gone"),
    ],
)
def test_malformed_ome_attributes_are_rejected_with_a_remedy(transformations, path):
    with pytest.raises(SourceError, match="multiscales"):
        open_volume(ome_group(transformations, path))


@pytest.mark.parametrize("ome", ["text", {"multiscales": "text"}, {"multiscales": []}])
def test_attributes_that_are_no_ome_image_do_not_matter(ome):
    group = ome_group([])
    group.attrs["ome"] = ome
    assert open_volume(group, spacing=SPACING).slabs.shape == ARRAY.shape


def ome_group(transformations, path="0"):
    group = zarr.open_group(store={}, mode="w")
    group.create_array("0", data=ARRAY)
    axes = [{"name": name, "type": "space", "unit": "millimeter"} for name in "zyx"]
    image = {
        "axes": axes,
        "datasets": [{"path": path, "coordinateTransformations": transformations}],
    }
    group.attrs["ome"] = {"version": "0.5", "multiscales": [image]}
    return group


def test_a_damaged_chunk_is_rejected_when_it_is_read(tmp_path):
    zarr.save(str(tmp_path / "a.zarr"), ARRAY)
    for path in (tmp_path / "a.zarr").rglob("*"):
        if path.is_file() and path.name != "zarr.json":
            path.write_bytes(b"junk")
    with pytest.raises(SourceError, match=r"a\.zarr"):
        _ = open_volume(tmp_path / "a.zarr", spacing=SPACING).array


@pytest.mark.parametrize("photometric", ["palette", "miniswhite", "cielab"])
def test_a_tiff_whose_numbers_are_no_brightness_is_rejected(tmp_path, photometric):
    colours = {"colormap": np.zeros((3, 256), "uint16")} if photometric == "palette" else {}
    shape = (4, 5, 3) if photometric == "cielab" else (4, 5)
    tifffile.imwrite(
        tmp_path / "a.tif", np.zeros(shape, "uint8"), photometric=photometric, **colours
    )
    with pytest.raises(SourceError, match=photometric.upper()):
        open_volume(tmp_path / "a.tif", spacing=SPACING)


def test_a_tiff_of_several_images_loses_none_without_a_word(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        for page in ARRAY:
            file.write(page, photometric="minisblack")
    with pytest.raises(SourceError, match="9 images"):
        open_volume(tmp_path / "a.tif", spacing=SPACING)


@pytest.mark.parametrize("suffix", sorted(set(SUFFIXES) - {".zarr"}))
@pytest.mark.parametrize(
    "make", ["a folder", "an empty file", pytest.param("a link to nothing", marks=needs_links)]
)
def test_what_only_has_the_name_of_a_file_is_rejected(tmp_path, suffix, make):
    path = tmp_path / f"a{suffix}"
    {
        "a folder": path.mkdir,
        "an empty file": path.touch,
        "a link to nothing": lambda: path.symlink_to(tmp_path / "gone"),
    }[make]()
    with pytest.raises(SourceError):
        open_volume(path, spacing=SPACING)


def test_a_name_that_is_too_long_is_a_file_that_is_missing():
    with pytest.raises(SourceError, match="no such file"):
        open_volume("a" * 5000 + ".nii")
