"""A source that becomes shorter while it is written is an error; the process goes on."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from dicomseries.errors import SourceError
from dicomseries.sources import open_volume
from dicomseries.sources.frames.files import file_window, mapped_files
from warm_python import warm_python

ARRAY = np.arange(60 * 64 * 64, dtype="int16").reshape(60, 64, 64)
SPACING = (1, 1, 1)


def saved(folder: Path, suffix: str) -> Path:
    path = folder / f"a{suffix}"
    if suffix == ".npy":
        np.save(path, ARRAY)
    elif suffix == ".nii":
        nibabel = pytest.importorskip("nibabel")
        nibabel.save(nibabel.Nifti1Image(ARRAY.T, np.diag([1, 1, 1, 1])), path)
    elif suffix == ".tif":
        pytest.importorskip("tifffile").imwrite(path, ARRAY.astype("uint16"))
    else:
        sitk = pytest.importorskip("SimpleITK")
        sitk.WriteImage(sitk.GetImageFromArray(ARRAY), path)
    return path


@pytest.mark.parametrize("suffix", [".npy", ".nii", ".nrrd", ".mha", ".tif"])
def test_a_file_that_shrinks_is_rejected_where_it_is_read(suffix: str, tmp_path: Path):
    path = saved(tmp_path, suffix)
    slabs = open_volume(path, spacing=SPACING).slabs
    assert np.array_equal(slabs.read(0, 2), ARRAY[:2])
    os.truncate(path, path.stat().st_size // 2)
    assert np.array_equal(slabs.read(0, 2), ARRAY[:2])
    with pytest.raises(SourceError) as caught:
        slabs.read(50, 60)
    assert caught.value.code == "file-truncated"


@pytest.mark.parametrize("mode", ["r", "r+", "c"])
@pytest.mark.parametrize("is_there", [True, False])
def test_a_memmap_whose_file_shrinks_is_rejected(mode: str, is_there: bool, tmp_path: Path):
    path = saved(tmp_path, ".npy")
    memmap = np.load(path, mmap_mode=mode)
    if not is_there:  # the path leads to another file now, or to none
        os.link(path, tmp_path / "b.npy")
        path.unlink()
        path = tmp_path / "b.npy"
        np.save(tmp_path / "a.npy", ARRAY[:1])
    slabs = open_volume(memmap[::-1, 1:], spacing=SPACING).slabs
    assert np.array_equal(slabs.read(58, 60), ARRAY[::-1, 1:][58:])
    os.truncate(path, 100_000)
    with pytest.raises(SourceError) as caught:
        slabs.read(0, 2)
    assert caught.value.code == "file-truncated"
    del slabs, memmap


def test_changes_of_a_private_memmap_are_written_after_reads_between(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(mapped_files, "_MOST_IN_MEMORY", 1 << 12)
    memmap = np.load(saved(tmp_path, ".npy"), mmap_mode="c")
    memmap[7] = 5
    slabs = open_volume(memmap, spacing=SPACING).slabs
    for index in (*range(60), 7):
        assert np.array_equal(
            slabs.read(index, index + 1)[0], np.full((64, 64), 5) if index == 7 else ARRAY[index]
        )


def test_parts_of_any_strides_are_those_of_the_mapping(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "a.npy"
    np.save(path, np.asfortranarray(ARRAY))
    monkeypatch.setattr(file_window, "_LARGEST", 1 << 14)
    monkeypatch.setattr(file_window, "_BLOCK", 1 << 12)
    for axes in ("zyx", "xyz"):
        whole = ARRAY if axes == "zyx" else ARRAY.T
        slabs = open_volume(path, spacing=SPACING, axes=axes).slabs
        for start, stop in ((0, 1), (7, 9), (50, 60), (60, 60)):
            assert np.array_equal(slabs.read(start, stop), whole[start:stop])


def test_a_system_without_preadv_reads_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delattr(os, "preadv", raising=False)
    slabs = open_volume(saved(tmp_path, ".npy"), spacing=SPACING).slabs
    assert np.array_equal(slabs.read(3, 60), ARRAY[3:])


def test_a_write_whose_source_shrinks_ends_with_an_error_and_leaves_nothing(tmp_path: Path):
    path = tmp_path / "long.npy"
    np.save(path, np.tile(ARRAY, (20, 2, 2)))
    script = f"""
import os, dicomseries as dcs
def shrink(done, total, what):
    if done >= 2 and os.path.getsize({str(path)!r}) > 10000:
        os.truncate({str(path)!r}, 10000)
try:
    dcs.write({str(path)!r}, {str(tmp_path / "out")!r}, kind="CT", spacing=(1, 1, 1),
              progress=shrink, workers=1, sync=False, memory="16MiB")
except dcs.DicomSeriesError as error:
    print(error.code)
"""
    done = subprocess.run(
        [warm_python(), "-c", script], capture_output=True, encoding="utf-8", check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "file-truncated"), done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("is_big", [False, True])
@pytest.mark.parametrize("next_page", [8, 4, 10_000_000])
def test_a_chain_of_tiff_pages_that_does_not_end_is_rejected(
    next_page: int, is_big: bool, tmp_path: Path
):
    pytest.importorskip("tifffile").imwrite(
        tmp_path / "a.tif", ARRAY[0].astype("uint16"), bigtiff=is_big
    )
    data = bytearray((tmp_path / "a.tif").read_bytes())
    offset, count, entry = (8, 8, 20) if is_big else (4, 2, 12)
    first = int.from_bytes(data[offset : 2 * offset], "little")
    link = first + count + entry * int.from_bytes(data[first : first + count], "little")
    data[link : link + offset] = (first if next_page == 8 else next_page).to_bytes(offset, "little")
    (tmp_path / "a.tif").write_bytes(data)
    with pytest.raises(SourceError) as caught:
        open_volume(tmp_path / "a.tif", spacing=SPACING)
    assert caught.value.code == "file-damaged"
