"""numpy's files."""

from __future__ import annotations

import numpy as np
import pytest

from dicomseries.errors import OptionError, SourceError
from dicomseries.geometry import Grid
from dicomseries.sinks import Voxels, save_volume
from dicomseries.sources import open_volume

SPACING = (0.5, 0.75, 2)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["bool", "int8", "<u2", ">i4", "float16", ">f8"])
@pytest.mark.parametrize("suffix", [".npy", ".npz", "compressed.npz"])
def test_values_types_and_order_survive(tmp_path, suffix, dtype, order):
    array = np.asarray(np.arange(60).reshape(3, 4, 5) % 7, dtype=dtype, order=order)
    path = tmp_path / f"a{suffix}"
    {".npy": np.save, ".npz": np.savez, "compressed.npz": np.savez_compressed}[suffix](path, array)
    volume = open_volume(path, spacing=SPACING)
    assert volume.slabs.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(volume.slabs.read(1, 3), array[1:3])
    assert volume.grid.spacing_mm == SPACING


@pytest.mark.parametrize(
    "header", [b"{'descr': '<i2', ", b"{'descr': 1, 2: 3}", b"(1, 2)", b"{'shape': (1,)}", b"["]
)
def test_a_damaged_header_is_rejected(header, tmp_path):
    (tmp_path / "a.npy").write_bytes(
        b"\x93NUMPY\x01\x00v\x00" + header.ljust(117) + b"\n" + bytes(99)
    )
    with pytest.raises(SourceError) as caught:
        open_volume(tmp_path / "a.npy", spacing=SPACING)
    assert caught.value.code == "file-unreadable"


def test_a_damaged_npz_is_rejected_wherever_it_is_damaged(tmp_path):
    np.savez_compressed(
        tmp_path / "a.npz", a=np.arange(6000).reshape(10, 20, 30), affine_lps=np.eye(4)
    )
    whole = (tmp_path / "a.npz").read_bytes()
    refused = 0
    for place in range(0, len(whole), 41):
        (tmp_path / "a.npz").write_bytes(whole[:place] + b"\xff\x00\xff" + whole[place + 3 :])
        try:
            open_volume(tmp_path / "a.npz").slabs.read(0, 10)
        except SourceError:
            refused += 1
    assert refused > 10


def test_one_array_of_several_is_named(tmp_path):
    np.savez(tmp_path / "a.npz", ct=np.zeros((3, 4, 5)), mask=np.ones((3, 4, 5), bool))
    assert open_volume(f"{tmp_path}/a.npz::mask", spacing=SPACING).slabs.dtype == np.bool_
    for name in (f"{tmp_path}/a.npz", f"{tmp_path}/a.npz::pet"):
        with pytest.raises(SourceError, match=r"ct, mask.*a\.npz::ct"):
            open_volume(name, spacing=SPACING)


@pytest.mark.parametrize(
    ("array", "word"),
    [
        (np.array([[{}]]), "astype"),
        (np.ones((2, 2), complex), "part="),
        (np.array([["a"]]), "astype"),
        (np.zeros((2, 2), [("a", "i2")]), "one field"),
        (np.zeros((0, 4, 5)), "at least one voxel"),
        (np.zeros(5), "rows, columns"),
    ],
)
@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_what_no_image_holds_is_rejected_with_a_remedy(tmp_path, array, word, suffix):
    path = tmp_path / f"a{suffix}"
    (np.save if suffix == ".npy" else np.savez)(path, array)
    with pytest.raises(SourceError, match=word):
        open_volume(path, spacing=SPACING)


@pytest.mark.parametrize("content", [b"", b"nonsense" * 9])
@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_what_is_no_such_file_is_rejected(tmp_path, suffix, content):
    (tmp_path / f"a{suffix}").write_bytes(content)
    with pytest.raises(SourceError, match=r"numpy\.save"):
        open_volume(tmp_path / f"a{suffix}", spacing=SPACING)


def test_a_cut_file_is_rejected(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((3, 4, 5)))
    (tmp_path / "a.npy").write_bytes((tmp_path / "a.npy").read_bytes()[:-1])
    with pytest.raises(SourceError, match="cut short"):
        open_volume(tmp_path / "a.npy", spacing=SPACING)


def test_more_axes_need_names(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((2, 3, 4, 5)))
    with pytest.raises(OptionError, match="axes='tzyx'"):
        open_volume(tmp_path / "a.npy", spacing=SPACING)
    assert open_volume(
        tmp_path / "a.npy", spacing=SPACING, axes="tzyx", time_point=1
    ).grid.shape == (3, 4, 5)


def test_an_npz_with_its_place_in_space_needs_no_geometry(tmp_path):
    grid = Grid.from_spacing(
        (3, 4, 5), SPACING, origin=(-10, 5, 7), direction=(0.8, 0.6, 0, -0.6, 0.8, 0)
    )
    array = np.arange(60, dtype="int16").reshape(3, 4, 5)
    save_volume(tmp_path / "a.npz", Voxels.of(array, grid))
    volume = open_volume(tmp_path / "a.npz")
    np.testing.assert_array_equal(volume.slabs.read(0, 3), array)
    np.testing.assert_allclose(volume.grid.affine("LPS"), grid.affine("LPS"), atol=1e-12)
