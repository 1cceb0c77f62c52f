"""Fast ways of reading give the values of pydicom, for files that differ in anything."""

from __future__ import annotations

import shutil
import warnings

import hypothesis.strategies as st
import numpy as np
import pydicom
import pytest
from hypothesis import given
from pydicom.dataset import Dataset
from pydicom.uid import RLELossless

import dicomseries as dcs
from dicomseries.errors import OptionError
from dicomseries.reading import read_instance, read_stored
from examples import examples
from judges.known import write_known_series
from judges.known_frames import enhanced_mr, save

SLICES = 6


def as_bytes(dataset: Dataset) -> None:
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = (
        8,
        8,
        7,
        0,
    )
    dataset.Columns = 2 * dataset.Columns


def as_colours(dataset: Dataset) -> None:
    as_bytes(dataset)
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation, dataset.PlanarConfiguration = (
        3,
        "RGB",
        0,
    )
    dataset.PixelData = 3 * dataset.PixelData


def as_planes(dataset: Dataset) -> None:
    as_colours(dataset)
    dataset.PlanarConfiguration = 1


def as_twelve_bits(dataset: Dataset) -> None:
    dataset.BitsStored, dataset.HighBit = 12, 11


FORMS = {
    "words": lambda _: None,
    "bytes": as_bytes,
    "colours": as_colours,
    "planes": as_planes,
    "twelve": as_twelve_bits,
}
ODD = {
    "none": lambda _: None,
    "longer description": lambda dataset: setattr(
        dataset, "SeriesDescription", "another one than the others have"
    ),
    "a private element more": lambda dataset: dataset.private_block(
        0x0029, "A", create=True
    ).add_new(1, "LO", "x"),
    "another slope": lambda dataset: setattr(dataset, "RescaleSlope", "3"),
    "another fraction": lambda dataset: setattr(dataset, "RescaleSlope", "0.25"),
    "twelve bits": as_twelve_bits,
    "RLE": lambda dataset: dataset.compress(RLELossless, generate_instance_uid=False),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("series")


def written(folder, *, dtype, form, odd, at, slope):
    """Return the folder of a series of which one file is odd."""
    shutil.rmtree(folder, ignore_errors=True)
    stored = (
        np.random.default_rng(at).integers(0, 1 << 16, (SLICES, 3, 4), dtype=np.uint16).view(dtype)
    )

    def change(index: int, dataset: Dataset) -> None:
        FORMS[form](dataset)
        if index == at and (form == "words" or odd not in {"twelve bits", "RLE"}):
            ODD[odd](dataset)

    return write_known_series(folder, stored, slope=slope, change=change)


def by_pydicom(folder):
    """Return the real values, each file read by itself."""
    frames = []
    for path in sorted(folder.iterdir()):
        dataset = pydicom.dcmread(path)
        pixels = dataset.pixel_array
        unused = dataset.BitsAllocated - dataset.BitsStored
        words = pixels << pixels.dtype.type(unused) >> pixels.dtype.type(unused)
        is_grey = dataset.SamplesPerPixel == 1
        frames.append(
            words * float(dataset.RescaleSlope) + float(dataset.RescaleIntercept)
            if is_grey
            else words
        )
    return np.stack(frames)


series = st.fixed_dictionaries(
    {
        "dtype": st.sampled_from(["int16", "uint16"]),
        "form": st.sampled_from(sorted(FORMS)),
        "odd": st.sampled_from(sorted(ODD)),
        "at": st.integers(0, SLICES - 1),
        "slope": st.sampled_from([1.0, 2.0, 0.5]),
    }
)
cuts = st.builds(
    slice,
    st.none() | st.integers(-8, 8),
    st.none() | st.integers(-8, 8),
    st.sampled_from([None, 1, 2, 3]),
)


@given(made=series, cut=cuts, workers=st.integers(1, 3))
@examples(12)
def test_every_way_to_read_gives_what_pydicom_reads(folder, made, cut, workers):
    place = written(folder / "one", **made)
    expected = by_pydicom(place)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = dcs.read(place, workers=workers)
        lazy = dcs.read(place, lazy=True)
        assert np.array_equal(whole.array, expected)
        assert np.array_equal(lazy.array[cut, ..., 1:], whole.array[cut, ..., 1:])
        assert lazy.array[cut].dtype == whole.array.dtype
        assert np.array_equal(
            lazy.to_dask(chunks=2)[cut].compute(scheduler="synchronous"), whole.array[cut]
        )
        chosen = range(SLICES)[cut]
        if not chosen:
            with pytest.raises(OptionError, match="none of 6 slices"):
                dcs.read(place, slices=cut)
            return
        some = dcs.read(place, slices=cut, workers=workers)
    assert np.array_equal(some.array, whole.array[cut])
    assert some.array.dtype == whole.array.dtype
    every = [{**whole.tags.shared, **one} for one in whole.tags.instances]
    assert [{**some.tags.shared, **one} for one in some.tags.instances] == every[cut]
    for index in range(len(chosen)):
        assert np.allclose(some.grid.position(index), whole.grid.position(chosen[index]), atol=1e-9)


@given(made=series)
@examples(12)
def test_stored_values_like_those_of_another_file_are_the_file_s_own(folder, made):
    place = written(folder / "one", **made)
    first = last = None
    paths = sorted(place.iterdir())
    assert paths
    for path in paths:
        instance = read_instance(path, like=last)
        first, last = first or instance, instance
        alone = read_instance(path)
        assert list(instance.items()) == list(alone.items())
        fast, slow = read_stored(instance, like=first), read_stored(alone)
        assert fast.dtype == slow.dtype
        assert np.array_equal(fast, slow)


@pytest.fixture(scope="module")
def times(tmp_path_factory):
    """A multi-frame file of three volumes of five slices."""
    stored = np.arange(3 * 5 * 4 * 2, dtype="uint16").reshape(3, 5, 4, 2)
    return save(enhanced_mr(stored), tmp_path_factory.mktemp("times"))


part = st.one_of(st.integers(-2, 1), cuts)


@given(index=st.lists(part, max_size=4), dots=st.none() | st.integers(0, 4), cut=cuts)
@examples(25)
def test_volumes_over_time_are_indexed_as_numpy_indexes(times, index, dots, cut):
    whole, lazy = dcs.read(times).array, dcs.read(times, lazy=True)
    where = tuple(index) if dots is None else (*index[:dots], Ellipsis, *index[dots:])
    assert np.array_equal(lazy.array[where], whole[where])
    assert np.array_equal(
        lazy.to_dask(chunks=2)[where].compute(scheduler="synchronous"), whole[where]
    )
    if range(5)[cut]:
        assert np.array_equal(dcs.read(times, slices=cut).array, whole[:, cut])
