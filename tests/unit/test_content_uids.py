"""UIDs made from content change with every option that changes the files, and with no other."""

from __future__ import annotations

import datetime as dt
import inspect
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dicomseries as dcs

ARRAY = (np.arange(5 * 6 * 7).reshape(5, 6, 7) * 37 % 2000).astype("int16")
FLOATS = ARRAY.astype("float32") / 7
SERIES = np.stack([ARRAY, ARRAY[::-1], ARRAY * 2])
LABELS = (ARRAY > 1000).astype("uint8") + (ARRAY > 1500)
HOLES = np.where(FLOATS < 20, np.float32("nan"), FLOATS)
AFFINE = np.diag([0.7, 0.9, 2.5, 1.0])
CT = {"kind": "CT", "spacing": (0.7, 0.9, 2.5)}
MR = {"kind": "MR", "spacing": (0.7, 0.9, 2.5), "axes": "tzyx"}
SEG = {
    "kind": "Segmentation",
    "spacing": (0.7, 0.9, 2.5),
    "metadata": {"ContentDate": "20240131", "ContentTime": "120000"},
}
FROM_CT = {"like": "ct"}


@dataclass(frozen=True)
class Pair:
    """Two values of an option; None leaves it out.

    A value is a name of a source series where the option is `like`.
    """

    first: Any
    second: Any
    voxels: Any = field(default_factory=lambda: ARRAY)
    others: Mapping[str, Any] = field(default_factory=lambda: CT)


CHANGING: dict[str, Pair] = {
    "kind": Pair("CT", "MR", others={"spacing": (1, 1, 2)}),
    "spacing": Pair((1, 1, 2), (1, 1, 2.5), others={"kind": "CT"}),
    "origin": Pair((0, 0, 0), (0, 0, 1e-9)),
    "direction": Pair([1, 0, 0, 0, 1, 0], [1, 0, 0, 0, -1, 0]),
    "affine": Pair(AFFINE, AFFINE @ np.diag([1, 1, 2.0, 1]), others={"kind": "CT", "space": "LPS"}),
    "space": Pair("LPS", "RAS", others={"kind": "CT", "affine": AFFINE}),
    "positions": Pair(
        [0, 2, 3, 4, 7], [0, 2, 3, 4, 8], others={"kind": "CT", "spacing": (1, 1, 2)}
    ),
    "axes": Pair("zyx", "xyz"),
    "orient": Pair("as-is", "coronal"),
    "time_point": Pair(0, 1, SERIES, MR),
    "part": Pair("real", "imaginary", FLOATS * (1 + 2j), {**MR, "axes": "zyx"}),
    "times": Pair(1.0, 2.0, SERIES, MR),
    "like": Pair("ct", "other ct", others={}),
    "series": Pair("2.25.201", "2.25.202", others={"like": "two series"}),
    "same_space": Pair(True, False, others=FROM_CT),
    "derivation": Pair("113087", "113088", others=FROM_CT),
    "description": Pair("Smooth", "Smoother", others=FROM_CT),
    "model": Pair({"name": "Net"}, {"name": "Net", "version": "2"}, others=FROM_CT),
    "keep_private": Pair((), ("MY LAB",), others={"like": "private ct"}),
    "values": Pair("rescale", dcs.Digits(1), FLOATS),
    "nan": Pair(0.0, 1.0, HOLES),
    "clip": Pair((0, 100), (0, 101), FLOATS),
    "value_range": Pair((0.0, 300.0), (0.0, 301.0), FLOATS),
    "units": Pair("ms", "s", FLOATS, {**CT, "kind": "MR"}),
    "metadata": Pair({"PatientID": "1"}, {"PatientID": "2"}),
    "bids": Pair({"EchoTime": 0.003}, {"EchoTime": 0.004}, others={**CT, "kind": "MR"}),
    "per_volume": Pair({"EchoTime": [1, 2, 3]}, {"EchoTime": [1, 2, 4]}, SERIES, MR),
    "split": Pair(None, "time", SERIES, MR),
    "companion": Pair(None, True, FLOATS, {**CT, "metadata": SEG["metadata"]}),
    "segments": Pair({1: "Liver"}, {1: "Spleen"}, LABELS, SEG),
    "segmentation_type": Pair("binary", "labelmap", LABELS, SEG),
    "threshold": Pair(0.5, 0.6, LABELS, SEG),
    "compression": Pair(None, "rle"),
    "uid": Pair("content", {"StudyInstanceUID": "2.25.7", "others": "content"}),
    "now": Pair(None, dt.datetime(2024, 2, 29, 12, 34, 56)),  # noqa: DTZ001 - local time
    "entropy": Pair(b"one", b"two"),
}
"""Options that change the files, with two values that must not give a common UID."""

UNCHANGING: dict[str, Pair] = {
    "workers": Pair(1, 3),
    "memory": Pair("64 MiB", "200 MiB"),
    "progress": Pair(None, lambda *_: None),
    "overwrite": Pair(False, True),
    "resume": Pair(False, True),
    "verify": Pair(True, False),
    "sync": Pair(True, False),
    "storage_options": Pair(None, {}),
}
"""Options without an influence on the files."""

NEITHER = {
    "source": "the voxels: the digest of them is tested below",
    "out": "the place of the files; the same series may lie in two places",
    "dicomdir": "names of files; attributes that a File-set needs are demanded",
    "executor": "tests/system/test_dask_cluster.py compares the bytes written by a cluster",
}
"""Arguments without a pair of values, and why."""


@pytest.fixture(scope="module")
def sources(tmp_path_factory) -> dict[str, Path]:
    """Source series by name."""
    folder = tmp_path_factory.mktemp("sources")
    private = {"(0099,xx01) MY LAB": "run 7"}

    def written(path: str, uid: str, metadata: Mapping[str, Any] | None = None) -> Path:
        options = {"metadata": metadata, "uid": {"SeriesInstanceUID": uid}, "sync": False}
        dcs.write(ARRAY, folder / path, **CT, **options)
        return folder / path

    written("two/first", "2.25.201", {"KVP": 100})
    written("two/second", "2.25.202", {"KVP": 100})
    return {
        "ct": written("ct", "2.25.203"),
        "other ct": written("other", "2.25.204"),
        "private ct": written("private", "2.25.205", private),
        "two series": folder / "two",
    }


def options_of(pair: Pair, name: str, value: Any, sources: Mapping[str, Path]) -> dict[str, Any]:
    options = {"uid": "content", **pair.others}
    if value is not None:
        options[name] = value
    if "like" in options:
        options["like"] = sources[options["like"]]
    return options


def planned_uids(voxels: Any, options: Mapping[str, Any]) -> set[str]:
    """Return the UIDs of series and instances that a plan makes, with those of further series."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dcs.DicomSeriesWarning)
        plan = dcs.plan(voxels, **options)
    uids = set()
    for series in plan.every:
        uids.add(series.uids.series)
        uids |= {series.uids.instance(index) for index in range(len(series))}
    assert len(uids) > 1
    return uids


def test_every_option_of_write_is_in_one_of_the_tables():
    tables = [*CHANGING, *UNCHANGING, *NEITHER]
    assert sorted(tables) == sorted(inspect.signature(dcs.write).parameters)


@pytest.mark.parametrize("name", CHANGING)
def test_another_value_of_an_option_changes_every_uid(name, sources):
    pair = CHANGING[name]
    first, second = (
        planned_uids(pair.voxels, options_of(pair, name, value, sources))
        for value in (pair.first, pair.second)
    )
    assert first & second == set()


@pytest.mark.parametrize("name", CHANGING)
def test_the_same_value_of_an_option_gives_the_same_uids(name, sources):
    pair = CHANGING[name]
    options = options_of(pair, name, pair.second, sources)
    assert planned_uids(pair.voxels, options) == planned_uids(pair.voxels, options)


@pytest.mark.parametrize("name", UNCHANGING)
def test_options_of_how_to_write_change_no_uid(name, tmp_path):
    pair = UNCHANGING[name]
    written = []
    for number, value in enumerate((pair.first, pair.second)):
        options = options_of(pair, name, value, {})
        out = tmp_path / str(number)
        dcs.write(pair.voxels, out, **{"sync": False} | options)
        written.append({path.name: path.read_bytes() for path in out.iterdir()})
    assert len(written[0]) == len(ARRAY)
    assert written[0] == written[1]


def one_voxel_more() -> np.ndarray:
    result = ARRAY.copy()
    result[4, 5, 6] += 1
    return result


def test_other_voxels_change_every_uid():
    variants = [
        ARRAY,
        one_voxel_more(),
        ARRAY.astype("int32"),
        ARRAY[::-1],
        ARRAY[1:],
        ARRAY.reshape(6, 5, 7),
    ]
    uids = [planned_uids(voxels, {"uid": "content", **CT}) for voxels in variants]
    assert len(set().union(*uids)) == sum(map(len, uids))


def test_study_and_frame_of_reference_change_with_the_content():
    plans = [dcs.plan(voxels, uid="content", **CT) for voxels in (ARRAY, one_voxel_more())]
    uids = [uid for plan in plans for uid in (plan.uids.study, plan.uids.frame_of_reference)]
    assert len(set(uids)) == 4


def test_the_repr_of_records_does_not_matter(monkeypatch):
    def series_uid(origin):
        planned = dcs.plan(ARRAY, kind="CT", spacing=(1, 1, 2), origin=origin, uid="content")
        return planned.uids.series

    as_usual = series_uid((0, 0, 0))
    monkeypatch.setattr(dcs.Grid, "__repr__", lambda _: "Grid(…)")
    assert series_uid((0, 0, 0)) == as_usual
    assert series_uid((0, 0, 1)) != as_usual
