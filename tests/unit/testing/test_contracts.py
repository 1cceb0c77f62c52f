"""The contracts hold for our own sources and sinks, and notice one that breaks a promise."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import dask.array
import h5py
import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
import tifffile
import zarr
from hypothesis import Phase, find, given, settings

import dicomseries
from dicomseries.errors import MissingPackageError
from dicomseries.sinks import DirectorySink
from dicomseries.sources import FrameReader, Volume, array_frames, open_volume
from dicomseries.testing import SinkContract, SourceContract, volumes

EVERY = (
    "bool",
    "int8",
    "uint8",
    "<i2",
    ">i2",
    "uint16",
    "int32",
    "uint64",
    "float16",
    "float32",
    ">f8",
)


def placed(source, grid, axes="zyx"):
    return open_volume(
        source,
        spacing=grid.spacing_mm,
        origin=grid.origin_lps,
        direction=grid.direction_lps,
        axes=axes,
    )


def image_of(array, grid):
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(grid.spacing_mm)
    image.SetOrigin(grid.origin_lps)
    image.SetDirection(grid.direction_lps)
    return image


class TestArrayFrames(SourceContract):
    dtypes = EVERY

    def open(self, array, grid, folder):
        return Volume(slabs=array_frames(array), grid=grid)


class TestArrayThatLiesInterleaved(SourceContract):
    def open(self, array, grid, folder):
        return placed(np.asfortranarray(array)[::-1][::-1], grid)


class TestVolumesInMemory(SourceContract):
    dtypes = EVERY
    volumes = 3

    def open(self, array, grid, folder):
        return placed(array, grid, axes="tzyx")


class TestVolumesThatLieApart(SourceContract):
    volumes = 3

    def open(self, array, grid, folder):
        return placed(np.ascontiguousarray(array.transpose(3, 2, 1, 0)), grid, axes="xyzt")


class TestVolumesThatAreReversed(SourceContract):
    dtypes = EVERY
    volumes = 3

    def open(self, array, grid, folder):
        turned = np.reshape(grid.direction_lps, (3, 3)) * (1, 1, -1)
        volume = open_volume(
            array[:, ::-1],
            axes="tzyx",
            spacing=grid.spacing_mm,
            origin=grid.position(8),
            direction=turned,
        )
        return volume.along_normal()


class TestVolumesOfNifti(SourceContract):
    tolerance_mm = 1e-4
    volumes = 4

    def open(self, array, grid, folder):
        nibabel.save(nibabel.Nifti1Image(array.T, grid.affine("RAS")), folder / "a.nii.gz")
        return open_volume(folder / "a.nii.gz")


class TestVolumesOfMetaImage(SourceContract):
    volumes = 3

    def open(self, array, grid, folder):
        image = sitk.JoinSeries([image_of(volume, grid) for volume in array])
        sitk.WriteImage(image, folder / "a.mha", useCompression=True)
        return open_volume(folder / "a.mha")


class TestVolumesOfSimpleITK(SourceContract):
    volumes = 3

    def open(self, array, grid, folder):
        return open_volume(sitk.JoinSeries([image_of(volume, grid) for volume in array]))


class TestVolumesOfHdf5(SourceContract):
    volumes = 3

    def open(self, array, grid, folder):
        with h5py.File(folder / "a.h5", "w") as file:
            file.create_dataset("ct", data=array, chunks=(2, 4, 4, 2), compression="gzip")
        return placed(folder / "a.h5", grid, axes="tzyx")


@pytest.mark.slow
class TestVolumesOfDask(SourceContract):
    volumes = 3

    def open(self, array, grid, folder):
        return placed(
            dask.array.from_array(array.transpose(3, 2, 1, 0), chunks=(5, 4, 4, 2)),
            grid,
            axes="xyzt",
        )


class TestVolumesOfTiff(SourceContract):
    dtypes = ("uint8", "uint16", "float32")
    volumes = 3

    def open(self, array, grid, folder):
        metadata = {"axes": "TZYX"}
        tifffile.imwrite(
            folder / "a.tif", array, photometric="minisblack", compression="zlib", metadata=metadata
        )
        return placed(folder / "a.tif", grid, axes="tzyx")


class TestReversed(SourceContract):
    def open(self, array, grid, folder):
        turned = np.reshape(grid.direction_lps, (3, 3)) * (1, 1, -1)
        volume = open_volume(
            array[::-1],
            spacing=grid.spacing_mm,
            origin=grid.position(grid.shape[0] - 1),
            direction=turned,
        )
        return volume.along_normal()


class TestNpy(SourceContract):
    dtypes = EVERY

    def open(self, array, grid, folder):
        np.save(folder / "a.npy", array)
        return placed(folder / "a.npy", grid)


class TestNpz(SourceContract):
    def open(self, array, grid, folder):
        np.savez_compressed(folder / "a.npz", array)
        return placed(folder / "a.npz", grid)


class TestNrrd(SourceContract):
    def open(self, array, grid, folder):
        sitk.WriteImage(image_of(array, grid), folder / "a.nrrd", useCompression=True)
        return open_volume(folder / "a.nrrd")


class TestMetaImage(SourceContract):
    def open(self, array, grid, folder):
        sitk.WriteImage(image_of(array, grid), folder / "a.mha")
        return open_volume(folder / "a.mha")


class TestSimpleITK(SourceContract):
    def open(self, array, grid, folder):
        return open_volume(image_of(array, grid))


class TestNifti(SourceContract):
    tolerance_mm = 1e-4  # NIfTI keeps its affine as float32

    def open(self, array, grid, folder):
        nibabel.save(nibabel.Nifti1Image(array.T, grid.affine("RAS")), folder / "a.nii.gz")
        return open_volume(folder / "a.nii.gz")


class TestHdf5(SourceContract):
    def open(self, array, grid, folder):
        with h5py.File(folder / "a.h5", "w") as file:
            file.create_dataset("ct", data=array, chunks=(2, 3, 2), compression="gzip")
        return placed(folder / "a.h5", grid)


class TestZarr(SourceContract):
    def open(self, array, grid, folder):
        return placed(zarr.create_array(str(folder / "a.zarr"), data=array, chunks=(4, 2, 5)), grid)


@pytest.mark.slow
class TestDask(SourceContract):
    def open(self, array, grid, folder):
        return placed(dask.array.from_array(array, chunks=(2, 3, 2)), grid)


class TestTiff(SourceContract):
    dtypes = ("uint8", "uint16", "float32")

    def open(self, array, grid, folder):
        tifffile.imwrite(folder / "a.tif", array, photometric="minisblack", compression="zlib")
        return placed(folder / "a.tif", grid)


class TestSeriesReadBack(SourceContract):
    dtypes = ("uint8", "int16", "uint16")
    tolerance_mm = 1e-6  # sixteen characters of a decimal string

    def open(self, array, grid, folder):
        dicomseries.write(
            Volume(slabs=array_frames(array), grid=grid), folder / "series", kind="SC", verify=False
        )
        return dicomseries.read(folder / "series", values="stored")


class TestDirectorySink(SinkContract):
    def open(self, place):
        return DirectorySink(place / "series")

    def shown(self, place):
        return {path.name: path.read_bytes() for path in (place / "series").glob("*")}


class TestDirectorySinkThatMakesItsParents(TestDirectorySink):
    def open(self, place):
        return DirectorySink(place / "a" / "b" / "series", sync=False)

    def shown(self, place):
        return {path.name: path.read_bytes() for path in (place / "a" / "b" / "series").glob("*")}


@dataclass
class Broken:
    """Frames with one fault."""

    array: Any
    fault: str
    shared: Any = None

    def reader(self):
        return FrameReader(
            shape=self.array.shape,
            dtype=np.dtype("int32") if self.fault == "dtype" else self.array.dtype,
            read=self.read,
            edges=(0, 99) if self.fault == "depth" else (),
        )

    def read(self, start, stop):
        if self.fault == "bounds" and start > 3:
            start -= 1
        if self.fault == "past the end" and stop > len(self.array):
            raise IndexError
        if self.fault == "threads":
            self.shared = start
            part = self.array[start:stop].copy()
            return (
                self.array[self.shared : self.shared + stop - start]
                if self.shared != start
                else part + 1
            )
        return self.array[start:stop]


PROMISES = [name for name in dir(SourceContract) if name.startswith("test_")]


@pytest.mark.parametrize("axis", [None, 1, 2, 5])
def test_an_axis_of_volumes_that_is_not_there_is_noticed(axis, tmp_path):
    class Wrong(SourceContract):
        volumes = 3

        def open(self, array, grid, folder):
            whole = type(grid)(shape=(27, *grid.shape[1:]), spacing_mm=grid.spacing_mm)
            frames = array_frames(array.reshape(whole.shape))
            return Volume(slabs=frames, grid=whole) if axis is None else Volume(
                slabs=array_frames(frames.read(0, 9 * axis)), grid=grid, volumes=axis
            )  # fmt: skip

    assert fails(Wrong().test_volumes_follow_each_other, "int16", tmp_path)


@pytest.mark.parametrize(
    "fault", ["dtype", "depth", "bounds", "past the end", "threads", "turned", "moved"]
)
def test_a_source_that_breaks_the_contract_is_detected(fault, tmp_path):
    class Wrong(SourceContract):
        def open(self, array, grid, folder):
            array = array[::-1] if fault == "turned" else array
            grid = grid.along_normal()[0] if fault != "moved" else type(grid)(
                shape=grid.shape, spacing_mm=grid.spacing_mm[::-1], origin_lps=grid.origin_lps
            )  # fmt: skip
            return Volume(slabs=Broken(array, fault).reader(), grid=grid)

    failed = [name for name in PROMISES if fails(getattr(Wrong(), name), "int16", tmp_path)]
    assert failed


def fails(promise, *arguments):
    try:
        promise(*arguments)
    except (AssertionError, IndexError, ValueError):
        return True
    return False


class Eager:
    """A sink that shows each file at once and leaves it there."""

    def __init__(self, place):
        self.place = place

    def put(self, name, chunks):
        (self.place / name).write_bytes(b"".join(chunks[:500]))

    def commit(self):
        pass

    def abort(self):
        pass


@pytest.mark.parametrize("promise", ["seen_before", "threads", "abort_leaves"])
def test_a_sink_that_breaks_the_contract_is_detected(promise, tmp_path):
    class Wrong(SinkContract):
        def open(self, place):
            return Eager(place)

        def shown(self, place):
            return {path.name: path.read_bytes()[:90] for path in place.glob("*")}

    name = next(name for name in dir(SinkContract) if promise in name)
    assert fails(getattr(Wrong(), name), tmp_path)


@given(volumes(finite=False))
def test_any_volume_may_be_drawn(volume):
    assert volume.slabs.shape == volume.grid.shape


@given(volumes(colour=True))
def test_volumes_of_colour_are_drawn_on_request(volume):
    assert volume.samples == 3
    assert volume.array.dtype == np.uint8


@given(volumes(max_volumes=3))
def test_volumes_with_an_axis_of_time_are_drawn_on_request(volume):
    count = volume.volumes or 1
    assert volume.slabs.shape[0] == count * volume.grid.shape[0]
    assert volume.times_s is None or len(volume.times_s) == count > 1


@pytest.mark.parametrize("wanted", ["times", "no times", "one volume"])
@pytest.mark.slow
def test_every_form_of_an_axis_of_time_is_drawn(wanted):
    forms = {
        "times": lambda volume: volume.times_s is not None and volume.times_s[-1] > 1,
        "no times": lambda volume: volume.volumes == 3 and volume.times_s is None,
        "one volume": lambda volume: volume.volumes is None,
    }
    # Any such volume will do: the simplest one takes seconds to find.
    first = settings(phases=[Phase.generate], max_examples=300)
    assert forms[wanted](find(volumes(max_volumes=3), forms[wanted], settings=first))


@pytest.mark.parametrize("package", ["hypothesis", "pytest"])
def test_a_missing_package_is_named_with_its_pip_line(package, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("dicomseries.testing")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingPackageError) as refusal:
        __import__("dicomseries.testing")
    assert refusal.value.remedy.endswith('pip install "dicomseries[testing]"`.')
