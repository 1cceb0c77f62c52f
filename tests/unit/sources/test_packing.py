"""Compressed files too small for what their header states are rejected; sparse ones are read."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from dicomseries.errors import SourceError
from dicomseries.sources import open_volume

EMPTY = np.zeros((4, 700, 900), "int16")
"""What compresses best: Deflate comes near 1032 to one."""
LARGE = (60000, 50000)


def nifti(path: Path, array: np.ndarray) -> None:
    nibabel = pytest.importorskip("nibabel")
    nibabel.save(nibabel.Nifti1Image(array.T, np.eye(4)), path)


def itk(path: Path, array: np.ndarray) -> None:
    sitk = pytest.importorskip("SimpleITK")
    sitk.WriteImage(sitk.GetImageFromArray(array), path, useCompression=True, compressionLevel=9)


def npz(path: Path, array: np.ndarray) -> None:
    np.savez_compressed(path, array)


def tiff(path: Path, array: np.ndarray) -> None:
    compression = path.name.split(".")[1]
    pytest.importorskip("tifffile").imwrite(
        path, array, compression=compression, photometric="minisblack", metadata=None
    )


def hdf5(path: Path, array: np.ndarray) -> None:
    with pytest.importorskip("h5py").File(path, "w") as file:
        file.create_dataset(
            "a", data=array, chunks=(1, *array.shape[1:]), compression="gzip", compression_opts=9
        )


def zarr(path: Path, array: np.ndarray) -> None:
    pytest.importorskip("zarr").create_array(path, data=array, chunks=(1, *array.shape[1:]))


FORMATS = {
    "a.nii.gz": nifti, "a.nrrd": itk, "a.mha": itk, "a.npz": npz, "a.h5": hdf5, "a.zarr": zarr,
    "a.zlib.tif": tiff, "a.lzw.tif": tiff, "a.packbits.tif": tiff, "a.zstd.tif": tiff,
}  # fmt: skip


@pytest.mark.parametrize("name", FORMATS)
def test_voxels_that_compress_as_well_as_any_are_read(name: str, tmp_path: Path):
    FORMATS[name](tmp_path / name, EMPTY)
    slabs = open_volume(tmp_path / name, spacing=(1, 1, 1)).slabs
    assert not slabs.read(0, 4).any()


def grown_nifti(path: Path) -> None:
    nifti(path, EMPTY)
    content = bytearray(gzip.decompress(path.read_bytes()))
    struct.pack_into("<2h", content, 42, 30000, 30000)
    path.write_bytes(gzip.compress(content))


def grown_text(path: Path) -> None:
    itk(path, EMPTY)
    path.write_bytes(path.read_bytes().replace(b"900 700 4", b"90000 7000 4"))


def grown_npz(path: Path, shape: tuple[int, ...] = (4, *LARGE), name: str = "array") -> None:
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        head, {"shape": shape, "fortran_order": False, "descr": "<i2"}
    )
    np.savez_compressed(path, **({} if name == "array" else {"array": EMPTY}))
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{name}.npy", head.getvalue() + bytes(1000))


def grown_tiff(path: Path) -> None:
    tiff(path, EMPTY[:1])
    tifffile = pytest.importorskip("tifffile")
    with tifffile.TiffFile(path, mode="r+b") as file:
        for name in ("ImageWidth", "ImageLength", "RowsPerStrip"):
            file.pages[0].tags[name].overwrite(50000)


def grown_hdf5(path: Path) -> None:
    with pytest.importorskip("h5py").File(path, "w") as file:
        dataset = file.create_dataset(
            "a", (4, *LARGE), "i2", chunks=(1, 600, 500), compression="gzip"
        )
        dataset[0, :9, :9] = 1


def grown_zarr(path: Path) -> None:
    array = pytest.importorskip("zarr").create_array(
        path, shape=(4, *LARGE), dtype="i2", chunks=(1, 600, 500)
    )
    array[0, :9, :9] = 1


GROWN = {
    "a.nii.gz": grown_nifti,
    "a.nrrd": grown_text,
    "a.mha": grown_text,
    "a.npz": grown_npz,
    "a.h5": grown_hdf5,
    "a.zarr": grown_zarr,
    "a.zlib.tif": grown_tiff,
    "a.lzw.tif": grown_tiff,
    "a.packbits.tif": grown_tiff,
    "a.zstd.tif": grown_tiff,
}


@pytest.mark.parametrize("name", GROWN)
def test_a_size_that_the_file_cannot_hold_is_rejected_before_memory_is_taken(
    name: str, tmp_path: Path
):
    GROWN[name](tmp_path / name)
    with pytest.raises(SourceError, match="compressed voxels") as caught:
        open_volume(tmp_path / name, spacing=(1, 1, 1)).slabs.read(0, 1)
    assert caught.value.code == "file-truncated"


def test_numbers_beside_an_array_are_bounded_too(tmp_path: Path):
    grown_npz(tmp_path / "a.npz", (1 << 30,), "affine_lps")
    with pytest.raises(SourceError, match="compressed voxels"):
        open_volume(tmp_path / "a.npz")


def test_a_large_array_of_which_enough_is_stored_may_be_sparse(tmp_path: Path):
    """As for frames of DICOM files: frames below 256 MiB may be as empty as they like."""
    array = pytest.importorskip("zarr").create_array(
        tmp_path / "a.zarr", shape=(4, 9000, 9000), dtype="u1", chunks=(1, 900, 900), fill_value=7
    )
    array[0, :9, :9] = 1
    slabs = open_volume(tmp_path / "a.zarr", spacing=(1, 1, 1)).slabs
    assert slabs.read(3, 4).max() == 7
