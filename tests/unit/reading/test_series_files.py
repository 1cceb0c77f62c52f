"""A series given as folder, files, scan, volume or datasets: the result is the same."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pydicom
import pytest

import dicomseries as dcs
from dicomseries.errors import OptionError, ReadError

SHAPE = (4, 5, 6)
OBLIQUE = (0.8, 0.6, 0.0, -0.6, 0.8, 0.0, 0.0, 0.0, 1.0)
FIXED = {"entropy": b"always", "now": dt.datetime(2024, 2, 29, 12), "sync": False}  # noqa: DTZ001


@pytest.fixture(scope="module")
def array():
    return np.arange(np.prod(SHAPE), dtype="int16").reshape(SHAPE) - 60


@pytest.fixture(scope="module")
def folder(tmp_path_factory, array):
    place = tmp_path_factory.mktemp("sources") / "ct"
    metadata = {"PatientName": "Doe^Jane", "RescaleType": "HU", "(0099,1001) MY LAB": "run 7"}
    dcs.write(
        array,
        place,
        kind="CT",
        spacing=(0.7, 0.9, 2.5),
        origin=(-20, 30, 100),
        direction=OBLIQUE,
        metadata=metadata,
        compression="rle",
        **{**FIXED, "entropy": b"source"},
    )
    dcs.write(array, place.parent / "other", kind="MR", spacing=(1, 1, 2), sync=False)
    return place


def datasets_without_files(folder):
    """Return datasets as programs make them: encoded anew, without a file name."""
    made = []
    for path in sorted(folder.glob("*.dcm"), reverse=True):
        dataset = pydicom.dcmread(path)
        dataset.filename = None
        made.append(dataset)
    return made


FORMS = {
    "str": str,
    "path": Path,
    "list of files": lambda folder: sorted(map(str, folder.glob("*.dcm")), reverse=True),
    "glob": lambda folder: folder.glob("*.dcm"),
    "list of folders": lambda folder: [folder],
    "series": lambda folder: dcs.scan(folder)[0],
    "scan": dcs.scan,
    "datasets": datasets_without_files,
    "generator of datasets": lambda folder: map(pydicom.dcmread, folder.glob("*.dcm")),
}
OF_LIKE = {
    **FORMS,
    "volume": dcs.read,
    "lazy volume": lambda folder: dcs.read(folder, lazy=True),
    "volume of files": lambda folder: dcs.read(folder.glob("*.dcm")),
    "volume of datasets": lambda folder: dcs.read(datasets_without_files(folder)),
    "volume of a mixed folder": lambda folder: dcs.read(
        folder.parent, series=dcs.scan(folder)[0].series_uid
    ),
}


def files_of(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def derived(folder, array):
    out = folder.parent / "derived"
    dcs.write(array // 2, out, like=folder, keep_private=["MY LAB"], **FIXED)
    return files_of(out)


@pytest.mark.filterwarnings("ignore:.*:UserWarning:pydicom")
@pytest.mark.parametrize("form", OF_LIKE)
def test_like_writes_the_same_bytes_for_every_form_of_the_source(
    form, folder, array, derived, tmp_path
):
    like = OF_LIKE[form](folder)
    dcs.write(array // 2, tmp_path / "out", like=like, keep_private=["MY LAB"], **FIXED)
    assert files_of(tmp_path / "out") == derived


@pytest.mark.parametrize("form", FORMS)
def test_every_verb_takes_every_form_of_a_series(form, folder, array):
    make = FORMS[form]
    volume = dcs.read(make(folder))
    assert np.array_equal(volume, array)
    assert volume.grid == dcs.read(folder).grid
    assert dcs.tags(make(folder)) == dcs.tags(folder)
    assert [series.series_uid for series in dcs.scan(make(folder))] == [
        dcs.scan(folder)[0].series_uid
    ]
    assert dcs.check(make(folder), validators=False) == dcs.check(folder, validators=False)


@pytest.mark.parametrize("form", ["list of files", "datasets"])
def test_a_volume_of_files_or_datasets_derives_results(form, folder, array, derived, tmp_path):
    volume = dcs.read(FORMS[form](folder))
    result = volume.derive(array // 2, keep_private=["MY LAB"])
    assert "like" in repr(result)
    assert len(repr(result)) < 200
    result.write(tmp_path / "out", **FIXED)
    assert files_of(tmp_path / "out") == derived


def test_a_dataset_without_file_meta_is_a_source(folder, array, tmp_path):
    datasets = []
    for path in folder.glob("*.dcm"):
        dataset = pydicom.dcmread(path)
        dataset.decompress(generate_instance_uid=False)
        del dataset.file_meta
        datasets.append(dataset)
    before = [str(dataset) for dataset in datasets]
    receipt = dcs.write(array // 2, tmp_path / "out", like=datasets, sync=False)
    assert receipt.grid == dcs.read(folder).grid
    assert [str(dataset) for dataset in datasets] == before
    assert not any(hasattr(dataset, "file_meta") for dataset in datasets)


def test_one_file_alone_is_a_series_of_one_slice(folder, array):
    assert np.array_equal(dcs.read([folder / "0002.dcm"])[0], array[1])
    assert np.array_equal(dcs.read(pydicom.dcmread(folder / "0002.dcm"))[0], array[1])


def test_files_of_several_series_need_a_choice(folder, array):
    files = list(folder.parent.glob("ct/*.dcm")) + list(folder.parent.glob("other/*.dcm"))
    with pytest.raises(ReadError) as caught:
        dcs.read(files)
    assert caught.value.code == "several-series"
    assert caught.value.where.endswith("and 7 more files")
    chosen = dcs.read(files, series=dcs.scan(folder)[0].series_uid)
    assert np.array_equal(chosen, array)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ([], "not-a-path"),
        (iter(()), "not-a-path"),
        ([3], "not-a-path"),
        ([b"a.dcm"], "not-a-path"),
        ({"a.dcm": 1}, "not-a-path"),
        (["s3://bucket/a.dcm"], "url-among-files"),
        (np.zeros((3, 4, 5)), "not-a-path"),
    ],
)
def test_what_is_no_series_is_rejected_with_a_remedy(wrong, code):
    for verb in (dcs.read, dcs.scan, dcs.tags, dcs.check):
        with pytest.raises(OptionError) as caught:
            verb(wrong)
        assert caught.value.code == code
        assert "path" in str(caught.value)


def test_a_missing_file_in_a_list_is_named(folder):
    with pytest.raises(ReadError, match=r"absent\.dcm"):
        dcs.read([folder / "0001.dcm", folder / "absent.dcm"])


def test_a_volume_that_no_series_holds_is_no_source(array):
    volume = dcs.open_volume(array, spacing=(1, 1, 2))
    with pytest.raises(OptionError) as caught:
        dcs.plan(array, like=volume)
    assert caught.value.code == "like-not-a-series"


def test_a_lazy_read_of_datasets_is_rejected(folder):
    with pytest.raises(OptionError) as caught:
        dcs.read(datasets_without_files(folder), lazy=True)
    assert caught.value.code == "lazy-without-files"
    lazy = dcs.read(list(folder.glob("*.dcm")), lazy=True)
    assert np.array_equal(lazy[1], dcs.read(folder)[1])


@pytest.mark.filterwarnings("ignore")  # of pydicom
def test_a_dataset_that_cannot_be_encoded_is_named(folder):
    dataset = pydicom.dcmread(folder / "0001.dcm")
    dataset["Rows"]._value = object()
    with pytest.raises(ReadError) as caught:
        dcs.read([dataset])
    assert caught.value.code == "dataset-not-encoded"


def test_a_volume_of_files_is_shown_and_one_of_datasets_is_not(folder):
    with dcs.read(list(folder.glob("*.dcm"))).view(open_browser=False) as view:
        assert view.address.startswith("http://127.0.0.1:")
    with pytest.raises(OptionError) as caught:
        dcs.read(datasets_without_files(folder)).view(open_browser=False)
    assert caught.value.code == "series-not-local"


@pytest.mark.parametrize("slices", [slice(1, 3), slice(0, 4, 2)], ids=str)
def test_a_result_of_some_slices_lies_where_they_do(slices, folder, array, tmp_path):
    part = dcs.read(folder, slices=slices)
    receipt = part.derive(np.asarray(part) // 2).write(tmp_path / "part", sync=False)
    back = dcs.read(tmp_path / "part")
    assert np.array_equal(back, array[slices] // 2)
    assert receipt.grid.point(1, 2, 1) == pytest.approx(part.grid.point(1, 2, 1))
    affine = np.diag([1, 1, 1, 1]) + part.grid.affine() * [[0, 0, 0, 1]]
    affine[3, 3] = 1
    moved = part.derive(np.asarray(part), affine=affine, space="LPS")
    assert moved.plan().grid.spacing_mm == (1, 1, 1)
