"""A volume is an array to numpy, a scan a sequence of series, tags are a mapping."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import dicomseries as dcs

ARRAY = np.arange(2 * 3 * 4 * 5, dtype="int16").reshape(2, 3, 4, 5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("scan") / "ct"
    metadata = {"PatientName": "Doe^Jane", "PatientID": "42", "RescaleType": "HU"}
    options = {"metadata": metadata, "sync": False, "spacing": (2.5, 3.5, 4.5)}
    dcs.write(ARRAY[0], place, kind="CT", **options)
    dcs.write(
        ARRAY, place.parent / "mr", kind="MR", axes="tzyx", times=2.0, spacing=(1, 2, 5), sync=False
    )
    return place


@pytest.fixture(params=[False, True], ids=["loaded", "lazy"])
def volume(request, folder):
    return dcs.read(folder, lazy=request.param)


def test_numpy_takes_a_volume_as_an_array(volume):
    assert np.array_equal(np.asarray(volume), ARRAY[0])
    assert np.array_equal(np.array(volume, dtype=np.float32), ARRAY[0].astype(np.float32))
    assert np.array_equal(np.asarray(volume, "float64", copy=True), ARRAY[0])
    assert np.mean(volume) == ARRAY[0].mean()
    assert (len(volume), volume.shape, volume.ndim) == (3, (3, 4, 5), 3)
    assert volume.dtype == np.asarray(volume).dtype


@pytest.mark.parametrize(
    "index", [0, -1, ..., (1, 2), (slice(None), 1, slice(0, 4, 2)), (..., 3)], ids=str
)
def test_an_index_of_a_volume_is_that_of_its_array(volume, index):
    assert np.array_equal(volume[index], ARRAY[0][index])
    assert np.array_equal(volume[index], volume.array[index])


def test_a_loop_over_a_volume_gives_its_slices_and_ends(volume):
    slices = list(volume)
    assert len(slices) == 3
    assert np.array_equal(slices[2], ARRAY[0][2])
    with pytest.raises(IndexError):
        volume[3]


def test_a_lazy_volume_reads_the_indexed_slices_only(folder, monkeypatch):
    volume = dcs.read(folder, lazy=True)
    (folder / "0003.dcm").rename(folder / ".hidden")
    try:
        assert np.array_equal(volume[0], ARRAY[0][0])
        with pytest.raises(dcs.DicomSeriesError):
            volume[2]
    finally:
        (folder / ".hidden").rename(folder / "0003.dcm")


def test_a_lazy_volume_is_never_viewed_without_a_copy(folder):
    with pytest.raises(ValueError, match="without a copy"):
        np.asarray(dcs.read(folder, lazy=True), copy=False)
    loaded = dcs.read(folder)
    assert np.shares_memory(np.asarray(loaded, copy=False), loaded.array)


def test_an_input_volume_is_an_array_too(tmp_path):
    np.save(tmp_path / "a.npy", ARRAY[0])
    volume = dcs.open_volume(tmp_path / "a.npy", spacing=(1, 2, 5))
    assert np.array_equal(np.asarray(volume), ARRAY[0])
    assert np.array_equal(volume[1:, 2], ARRAY[0][1:, 2])


def test_the_first_axis_of_several_volumes_is_theirs(folder):
    series = dcs.read(folder.parent / "mr")
    assert (len(series), series.shape) == (2, ARRAY.shape)
    assert np.array_equal(series[1, 2], ARRAY[1, 2])


def test_the_spacing_of_a_volume_is_what_write_takes(volume):
    assert volume.spacing == (2.5, 3.5, 4.5)
    plan = dcs.plan(np.asarray(volume), kind="CT", spacing=volume.spacing)
    assert plan.grid.spacing_mm == volume.grid.spacing_mm


@pytest.mark.filterwarnings("ignore")  # of the missing spacing and place
def test_an_unstated_spacing_is_not_a_number(tmp_path):
    dcs.write(ARRAY[0, 0].astype("uint8"), tmp_path / "sc", kind="SC", sync=False)
    assert np.isnan(dcs.read(tmp_path / "sc").spacing).all()


def test_volumes_are_equal_only_to_themselves(folder):
    volume = dcs.read(folder)
    assert volume == volume  # noqa: PLR0124 - this is the promise
    assert volume != dcs.read(folder)
    assert len({volume, volume}) == 1


def test_a_scan_is_a_sequence_of_its_series(folder):
    scan = dcs.scan(folder.parent)
    assert len(scan) == 2
    assert list(scan) == [scan[0], scan[1]] == list(scan.series)
    assert scan[-1] is scan.series[1]
    assert scan[:1] == scan.series[:1]


@pytest.mark.parametrize("find", [dcs.tags, lambda path: dcs.read(path).tags], ids=["tags", "read"])
def test_tags_are_found_by_keyword_and_by_number(find, folder):
    tags = find(folder)
    assert tags["PatientName"] == tags["0010,0010"] == tags["(0010,0010)"] == "Doe^Jane"
    assert tags["InstanceNumber"] == (1, 2, 3)
    assert tags.get("PatientWeight") is None
    assert "PatientID" in tags
    assert "EchoTime" not in tags
    assert "0018,0081" not in tags
    assert set(tags) == set(tags.keys()) == {*tags.shared, *tags.instances[0]}
    assert len(tags) == len(dict(tags))
    assert tags.shared["PatientID"] == "42"


def test_both_kinds_of_tags_are_equal_and_survive_copies(folder):
    tags = dcs.tags(folder)
    assert tags == dcs.read(folder).tags == dict(tags)
    assert pickle.loads(pickle.dumps(tags)) == copy.deepcopy(tags) == tags  # noqa: S301 - our own


def test_a_wrong_keyword_is_an_error_that_names_the_next_one(folder):
    with pytest.raises(KeyError, match="Did you mean PatientName"):
        dcs.tags(folder)["PatientNam"]


def test_private_tags_are_found_by_number(tmp_path):
    metadata = {"(0099,1001) MY LAB": "run 7"}
    dcs.write(ARRAY[0], tmp_path / "a", kind="MR", spacing=(1, 2, 5), metadata=metadata, sync=False)
    assert dcs.tags(tmp_path / "a")["0099,1001"] == "run 7"


def test_the_paths_of_tags_are_the_files_of_the_slices(folder):
    assert dcs.read(folder).tags.paths == dcs.scan(folder)[0].paths
