"""PET: SeriesDate and SeriesTime are the time base; SUV by every time is the same."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pydicom
import pytest

import dicomseries as dcs
from judges.suv import SUV_READERS, suv_factors

DOSE, HALF_LIFE, WEIGHT = 3.5e8, 6586.2, 80
DRUG = {
    "RadionuclideCodeSequence": [],
    "RadionuclideTotalDose": DOSE,
    "RadionuclideHalfLife": HALF_LIFE,
    "RadiopharmaceuticalStartTime": "110000",
}
FACTS: dict[str, Any] = {
    "PatientID": "1",
    "PatientWeight": WEIGHT,
    "Units": "BQML",
    "AcquisitionDate": "20240131",
    "AcquisitionTime": "120000",
    "RadiopharmaceuticalInformationSequence": [DRUG],
}
CORRECTED = {
    "NONE": {"DecayCorrection": "NONE"},
    "START": {"DecayCorrection": "START", "DecayFactor": 1.0},
    "ADMIN": {"DecayCorrection": "ADMIN", "DecayFactor": 1.5},
}
NOW = dt.datetime(2026, 11, 28, 8, 48, tzinfo=dt.UTC)
STEPS = [0.0, 10.0, 40.0]

STATIC = np.random.default_rng(1).gamma(2, 900, (3, 4, 5)).astype("float32")
DYNAMIC = np.random.default_rng(2).gamma(2, 900, (3, 3, 4, 5)).astype("float32")
BEDS = ["120000", "120300", "120300"]

FORMS: dict[str, tuple[np.ndarray, dict[str, Any]]] = {
    "static": (STATIC, {}),
    "a slope a slice": (STATIC, {"values": dcs.Rescale(per_slice=True)}),
    "dynamic": (DYNAMIC, {"axes": "tzyx", "times": STEPS}),
    "dynamic, a series a time": (DYNAMIC, {"axes": "tzyx", "times": STEPS, "split": "time"}),
    "dynamic, by AcquisitionTime": (
        DYNAMIC,
        {"axes": "tzyx", "per_volume": {"AcquisitionTime": ["120000", "120010", "120040"]}},
    ),
    "whole body": (STATIC, {"per_volume": {"AcquisitionTime": BEDS}}),
}


def written(
    out: Any, array: np.ndarray = STATIC, metadata: dict[str, Any] | None = None, **options: Any
) -> Any:
    metadata = FACTS if metadata is None else metadata
    taken = options.get("per_volume", {})
    metadata = {name: value for name, value in metadata.items() if name not in taken}
    return dcs.write(
        array, out, kind="PT", **{"spacing": (4, 4, 3), "now": NOW, **options, "metadata": metadata}
    )


def first(folder: Any) -> pydicom.Dataset:
    return pydicom.dcmread(min(folder.rglob("*.dcm")))


def expected(correction: str, after_s: float = 0.0) -> float:
    decayed = {"ADMIN": 0.0, "START": 3600.0, "NONE": 3600.0 + after_s}[correction]
    return 1000 * WEIGHT / (DOSE * 2 ** (-decayed / HALF_LIFE))


def starts(form: str) -> np.ndarray:
    """Return when each file begins, in seconds after the first."""
    if form == "whole body":
        return np.array([0.0, 180.0, 180.0])
    return np.repeat(STEPS, 3) if form.startswith("dynamic") else np.zeros(3)


# ---------------------------------------------------------------------------------------------- SUV
@pytest.fixture(scope="module")
def series(tmp_path_factory):
    """Write each form with each decay correction, and a derived series of each."""
    root = tmp_path_factory.mktemp("pet")
    for form, (array, options) in FORMS.items():
        for correction, facts in CORRECTED.items():
            folder = root / f"{form} {correction}"
            written(folder, array, FACTS | facts, **options)
            if "split" not in options:
                dcs.write(
                    array * 2,
                    root / f"{form} {correction} derived",
                    like=folder,
                    axes=options.get("axes"),
                )
    return root


SPLIT = "dynamic, a series a time"
"""Each volume is a separate series; the first has the earliest acquisition."""

CASES = [
    (form, kind, reader)
    for form in FORMS
    for kind in ("", " derived")
    for reader in SUV_READERS
    if form != SPLIT or (kind == "" and reader != "by AcquisitionTime")
]


@pytest.mark.parametrize(("form", "kind", "reader"), CASES)
@pytest.mark.parametrize("correction", CORRECTED)
def test_suv_is_the_same_by_every_time(series, form, kind, correction, reader):
    wanted = [expected(correction, after) for after in starts(form)]
    np.testing.assert_allclose(
        suv_factors(series / f"{form} {correction}{kind}", reader), wanted, rtol=1e-9
    )


@pytest.mark.parametrize("form", FORMS)
def test_check_finds_no_fault_in_the_time_base(series, form):
    folders = [one for one in series.iterdir() if one.name.startswith(form)]
    assert folders
    for folder in folders:
        for part in [*(one for one in folder.iterdir() if one.is_dir())] or [folder]:
            assert [
                one for one in dcs.check(part, validators=False) if one.id.startswith("TIM")
            ] == []


def test_dynamic_series_keep_their_times(series):
    assert dcs.read(series / "dynamic START").times_s == tuple(STEPS)
    assert dcs.read(series / "dynamic START derived").times_s == tuple(STEPS)
    assert dcs.read(series / "dynamic, by AcquisitionTime START").times_s == tuple(STEPS)


# --------------------------------------------------------------------------------------------- base
BASES: dict[str, tuple[dict[str, Any], tuple[str, str, float]]] = {
    "the acquisition": ({}, ("20240131", "120000", 0)),
    "AcquisitionDateTime": (
        {
            "AcquisitionDate": None,
            "AcquisitionTime": None,
            "AcquisitionDateTime": "20240131120000.5+0100",
        },
        ("20240131", "120000.500000", 0),
    ),
    "a day known from the study": (
        {"AcquisitionDate": None, "StudyDate": "20240131"},
        ("20240131", "120000", 0),
    ),
    "SeriesTime at the injection": (
        {"SeriesDate": "20240131", "SeriesTime": "110000"},
        ("20240131", "110000", 3_600_000),
    ),
    "SeriesTime before midnight": (
        {"SeriesDate": "20240130", "SeriesTime": "235900", "AcquisitionTime": "000100"},
        ("20240130", "235900", 120_000),
    ),
    "SeriesTime rounded up": (
        {"SeriesTime": "120000", "AcquisitionTime": "115959.5"},
        ("20240131", "120000", 0),
    ),
    "a time in the middle of the frame": (
        {"FrameReferenceTime": 300_000, "ActualFrameDuration": 600_000},
        ("20240131", "120000", 300_000),
    ),
}


@pytest.mark.parametrize("name", BASES)
def test_times_count_from_the_base(tmp_path, name):
    changes, (date, time, reference) = BASES[name]
    metadata = {key: value for key, value in (FACTS | changes).items() if value is not None}
    receipt = written(tmp_path / "out", metadata=metadata)
    found = first(tmp_path / "out")
    assert (found.SeriesDate, found.SeriesTime) == (date, time)
    assert found.FrameReferenceTime == reference
    assert found.AcquisitionDate == "20240131"
    assert not any("SeriesTime" in one for one in receipt.advice)
    assert dcs.check(tmp_path / "out", validators=False) == ()


def test_dynamic_series_count_from_a_base_of_their_own(tmp_path):
    metadata = FACTS | {"SeriesDate": "20240131", "SeriesTime": "110000"}
    written(tmp_path / "out", DYNAMIC, metadata, axes="tzyx", times=STEPS)
    times = [
        pydicom.dcmread(one).FrameReferenceTime for one in sorted((tmp_path / "out").glob("*.dcm"))
    ]
    assert times == list(np.repeat([3_600_000, 3_610_000, 3_640_000], 3))
    assert dcs.read(tmp_path / "out").times_s == tuple(STEPS)


def test_frames_over_midnight_have_their_own_dates(tmp_path):
    metadata = FACTS | {"AcquisitionTime": "235955"}
    written(tmp_path / "out", DYNAMIC, metadata, axes="tzyx", times=STEPS)
    files = [pydicom.dcmread(one) for one in sorted((tmp_path / "out").glob("*.dcm"))]
    assert {(one.SeriesDate, one.SeriesTime) for one in files} == {("20240131", "235955")}
    assert {one.AcquisitionDate for one in files[3:]} == {"20240201"}


def test_content_uids_need_no_clock_where_the_acquisition_is_known(tmp_path):
    written(tmp_path / "out", uid="content", now=None)
    assert first(tmp_path / "out").SeriesTime == "120000"


def test_a_base_that_is_the_clock_is_named(tmp_path):
    metadata = {name: value for name, value in FACTS.items() if not name.startswith("Acquisition")}
    receipt = written(tmp_path / "out", metadata=metadata)
    assert any("AcquisitionTime" in one and "SUV" in one for one in receipt.advice)


def test_dates_are_in_the_zone_that_the_file_names(tmp_path):
    dcs.write(
        STATIC,
        tmp_path / "out",
        kind="MR",
        spacing=(1, 1, 1),
        now=NOW,
        metadata={"TimezoneOffsetFromUTC": "+0930"},
    )
    found = first(tmp_path / "out")
    assert (found.ContentDate, found.ContentTime) == ("20261128", "181800")


# ----------------------------------------------------------------------------------------- rejected
REJECTED: dict[str, tuple[dict[str, Any], str]] = {
    "a series after its acquisition": (
        {"SeriesDate": "20261128", "SeriesTime": "084800"},
        "time-base-contradicts",
    ),
    "a series two seconds after": ({"SeriesTime": "120002"}, "time-base-contradicts"),
    "a time since the injection": (
        {"FrameReferenceTime": 3_600_000, "ActualFrameDuration": 60_000},
        "time-base-contradicts",
    ),
    "a time before the frame": (
        {"SeriesTime": "110000", "FrameReferenceTime": 0},
        "time-base-contradicts",
    ),
    "a time without a day": ({"AcquisitionDate": None}, "value-missing"),
    "a day without a time": ({"AcquisitionTime": None}, "value-missing"),
}


@pytest.mark.parametrize("name", REJECTED)
def test_contradictions_are_rejected(name):
    changes, code = REJECTED[name]
    metadata = {key: value for key, value in (FACTS | changes).items() if value is not None}
    with pytest.raises(dcs.DicomSeriesError) as refusal:
        dcs.plan(STATIC, kind="PT", spacing=(4, 4, 3), metadata=metadata)
    assert {one.code for one in refusal.value.faults} == {code}


def test_volumes_acquired_at_other_times_than_stated_are_rejected():
    with pytest.raises(dcs.DicomSeriesError) as refusal:
        dcs.plan(
            DYNAMIC,
            kind="PT",
            axes="tzyx",
            spacing=(4, 4, 3),
            times=STEPS,
            metadata={"AcquisitionDate": "20240131"},
            per_volume={"AcquisitionTime": ["120000", "120010", "130000"]},
        )
    assert refusal.value.code == "time-base-contradicts"


# ------------------------------------------------------------------------------------------ derived
def changed(folder, **values):
    for path in folder.glob("*.dcm"):
        dataset = pydicom.dcmread(path)
        for keyword, value in values.items():
            setattr(dataset, keyword, value)
        dataset.save_as(path)


@pytest.mark.parametrize("zone", [{}, {"TimezoneOffsetFromUTC": "+0100"}], ids=["no zone", "zone"])
def test_a_derived_series_counts_from_the_base_of_its_source(tmp_path, zone):
    at_injection = {
        "SeriesDate": "20240131",
        "SeriesTime": "110000",
        "DecayCorrection": "ADMIN",
        "DecayFactor": 1.5,
    }
    written(tmp_path / "source", metadata=FACTS | at_injection | zone)
    dcs.write(STATIC, tmp_path / "out", like=tmp_path / "source", now=NOW)
    found = first(tmp_path / "out")
    assert (found.SeriesDate, found.SeriesTime) == ("20240131", "110000")
    assert (found.AcquisitionTime, found.FrameReferenceTime) == ("120000", 3_600_000)
    assert found.ContentDate == "20261128"
    assert [
        one for one in dcs.check(tmp_path / "out", validators=False) if one.id.startswith("TIM")
    ] == []


def test_a_source_that_contradicts_itself_gives_its_acquisition(tmp_path):
    written(tmp_path / "source", metadata=FACTS | CORRECTED["START"])
    changed(tmp_path / "source", SeriesDate="20261128", SeriesTime="084800")
    receipt = dcs.write(STATIC, tmp_path / "out", like=tmp_path / "source")
    found = first(tmp_path / "out")
    assert (found.SeriesDate, found.SeriesTime) == ("20240131", "120000")
    assert any("contradicts" in one for one in receipt.advice)
    assert [
        one for one in dcs.check(tmp_path / "out", validators=False) if one.id.startswith("TIM")
    ] == []


def test_an_acquisition_of_the_users_sets_the_base_of_a_derived_series(tmp_path):
    written(tmp_path / "source")
    metadata = {"AcquisitionDate": "20240131", "AcquisitionTime": "123000"}
    dcs.write(STATIC, tmp_path / "out", like=tmp_path / "source", metadata=metadata)
    found = first(tmp_path / "out")
    assert (found.SeriesTime, found.AcquisitionTime, found.FrameReferenceTime) == (
        "123000",
        "123000",
        0,
    )


def test_results_of_other_kinds_are_dated_by_the_clock(tmp_path):
    written(tmp_path / "source")
    dcs.write(STATIC, tmp_path / "out", kind="SC", like=tmp_path / "source", now=NOW)
    assert first(tmp_path / "out").SeriesDate == "20261128"


def test_the_stated_duration_of_frames_with_gaps_between_them_is_that_of_the_result(tmp_path):
    stated = FACTS | {"ActualFrameDuration": "5000"}
    written(tmp_path / "source", DYNAMIC, stated, axes="tzyx", times=STEPS)
    dcs.write(DYNAMIC, tmp_path / "out", like=tmp_path / "source", axes="tzyx")
    durations = {pydicom.dcmread(path).ActualFrameDuration for path in tmp_path.rglob("*.dcm")}
    assert durations == {5000}


def test_a_mean_over_frames_asks_for_its_moment_and_has_not_the_duration_of_one(tmp_path):
    stated = FACTS | {"ActualFrameDuration": "5000"}
    written(tmp_path / "source", DYNAMIC, stated, axes="tzyx", times=STEPS)
    mean = DYNAMIC.mean(axis=0)
    receipt = dcs.write(mean, tmp_path / "out", like=tmp_path / "source")
    assert first(tmp_path / "out").ActualFrameDuration is None
    assert [text for text in receipt.advice if "FrameReferenceTime is 0" in text]
    moment = {"FrameReferenceTime": "22500", "ActualFrameDuration": "45000"}
    receipt = dcs.write(mean, tmp_path / "told", like=tmp_path / "source", metadata=moment)
    assert first(tmp_path / "told").FrameReferenceTime == 22500
    assert not [text for text in receipt.advice if "FrameReferenceTime" in text]
