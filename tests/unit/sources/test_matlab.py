"""Arrays of MATLAB files, with their axes as in MATLAB."""

import h5py
import numpy as np
import pytest
from scipy.io import savemat
from scipy.sparse import csc_matrix

import dicomseries as dcs
from dicomseries.errors import SourceError
from dicomseries.sources import open_volume

SCAN = np.random.default_rng(2).integers(-900, 3000, (4, 5, 3)).astype("int16")
"""In MATLAB's order: rows, columns, slices."""
SPACING = (0.7, 0.9, 2.5)


def save_hdf5(path, **arrays):
    """Write what ``save -v7.3`` writes: an HDF5 file behind 512 bytes of text."""
    names = {"f8": "double", "i2": "int16", "u1": "uint8", "c16": "double"}
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, array in arrays.items():
            stored = array.T
            if array.dtype.kind == "c":
                stored = np.empty(array.T.shape, [("real", "f8"), ("imag", "f8")])
                stored["real"], stored["imag"] = array.T.real, array.T.imag
            dataset = file.create_dataset(name, data=stored)
            dataset.attrs["MATLAB_class"] = np.bytes_(names[array.dtype.str[1:]])
    with path.open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file")


def save_old(path, **arrays):
    savemat(path, arrays, do_compression=True)


BOTH = pytest.mark.parametrize("save", [save_old, save_hdf5])


@BOTH
def test_rows_columns_and_slices_are_those_of_matlab(tmp_path, save):
    save(tmp_path / "a.mat", scan=SCAN)
    volume = open_volume(tmp_path / "a.mat", spacing=SPACING)
    assert volume.dtype == np.int16
    np.testing.assert_array_equal(volume.array, SCAN.transpose(2, 0, 1))
    renamed = open_volume(tmp_path / "a.mat", spacing=SPACING, axes="zyx")
    np.testing.assert_array_equal(renamed.array, SCAN)


@BOTH
def test_doubles_that_are_whole_numbers_are_labels(tmp_path, save):
    labels = (np.abs(SCAN) % 3).astype("f8")
    save(tmp_path / "a.mat", labels=labels)
    target = tmp_path / "out"
    names = {1: "Liver", 2: "Spleen"}
    dcs.write(tmp_path / "a.mat", target, kind="Segmentation", spacing=SPACING, segments=names)
    np.testing.assert_array_equal(dcs.read(target).array, labels.transpose(2, 0, 1))


@BOTH
def test_doubles_with_fractions_and_nan_stay_doubles(tmp_path, save):
    for number, value in enumerate((0.5, np.nan, 1e300)):
        array = SCAN.astype("f8")
        array[1, 2, 0] = value
        save(tmp_path / f"{number}.mat", scan=array)
        volume = open_volume(tmp_path / f"{number}.mat", spacing=SPACING)
        assert volume.dtype == np.float64
        np.testing.assert_array_equal(volume.array, array.transpose(2, 0, 1))


@BOTH
def test_complex_numbers_are_written_part_by_part(tmp_path, save):
    signal = SCAN + 1j * SCAN[::-1]
    save(tmp_path / "a.mat", scan=signal)
    volume = open_volume(tmp_path / "a.mat", spacing=SPACING, part="imaginary")
    np.testing.assert_array_equal(volume.array, SCAN[::-1].transpose(2, 0, 1))


@BOTH
def test_one_of_several_variables_is_named(tmp_path, save):
    save(tmp_path / "a.mat", scan=SCAN, other=SCAN[::-1].copy())
    with pytest.raises(SourceError, match=r"scan.*other|other.*scan") as caught:
        open_volume(tmp_path / "a.mat", spacing=SPACING)
    assert caught.value.code == "dataset-unclear"
    volume = open_volume(f"{tmp_path / 'a.mat'}::other", spacing=SPACING)
    np.testing.assert_array_equal(volume.array, SCAN[::-1].transpose(2, 0, 1))
    with pytest.raises(SourceError, match="named third"):
        open_volume(f"{tmp_path / 'a.mat'}::third", spacing=SPACING)


def test_structs_texts_and_sparse_matrices_are_listed_and_passed_over(tmp_path):
    contents = {"scan": SCAN, "note": "text", "info": {"a": 1}, "sparse": csc_matrix(np.eye(3))}
    savemat(tmp_path / "a.mat", contents)
    assert open_volume(tmp_path / "a.mat", spacing=SPACING).slabs.shape == (3, 4, 5)
    with pytest.raises(SourceError, match="field of a struct"):
        open_volume(f"{tmp_path / 'a.mat'}::info", spacing=SPACING)


def test_a_damaged_file_is_an_error_that_names_it(tmp_path):
    savemat(tmp_path / "a.mat", {"scan": SCAN}, do_compression=True)
    content = (tmp_path / "a.mat").read_bytes()
    for damaged in (content[:-40], content[:100], b"", b"x" * 600):
        (tmp_path / "a.mat").write_bytes(damaged)
        with pytest.raises(SourceError, match=r"a\.mat"):
            open_volume(tmp_path / "a.mat", spacing=SPACING)


def test_a_large_file_of_hdf5_is_read_in_parts(tmp_path, monkeypatch):
    """The whole array is never in memory: only slabs, and parts for a look at fractions."""
    rng = np.random.default_rng(4)
    labels = rng.integers(0, 3, (30, 40, 60)).astype("f8")
    save_hdf5(tmp_path / "a.mat", labels=labels)
    sizes = []
    original = h5py.Dataset.__getitem__

    def noted(dataset, index, *others):
        part = original(dataset, index, *others)
        sizes.append(part.size)
        return part

    monkeypatch.setattr(h5py.Dataset, "__getitem__", noted)
    monkeypatch.setattr("dicomseries.sources.formats.research.matlab._PART_BYTES", 1 << 16)
    volume = open_volume(tmp_path / "a.mat", spacing=SPACING)
    assert volume.dtype == np.uint8
    np.testing.assert_array_equal(volume.slabs.read(7, 9), labels.transpose(2, 0, 1)[7:9])
    assert max(sizes) <= labels.size // 8
