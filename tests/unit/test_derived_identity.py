"""UIDs and SeriesNumber of results differ from the source and from each other."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pydicom
import pytest

import dicomseries as dcs
from dicomseries.errors import OptionError
from dicomseries.iod import KINDS

SHAPE = (3, 4, 5)
ENTROPY = b"made once"
NOW = dt.datetime(2024, 2, 29, 12, tzinfo=dt.UTC)
ARRAY = np.arange(60, dtype="int16").reshape(SHAPE)
NAMES = sorted(kind.name for kind in KINDS)
MORE = {
    "EnhancedCT": {"metadata": {"IrradiationEventUID": "1.2.3.4"}},
    "EnhancedMR": {"metadata": {"ApplicableSafetyStandardAgency": "IEC"}},
    "PT": {"metadata": {"Units": "BQML", "DecayCorrection": "NONE"}},
    "ParametricMap": {"units": "1"},
}
"""Metadata that a kind demands."""


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("source") / "ct"
    metadata = {"SeriesNumber": 3, "RescaleType": "HU"}
    dcs.write(
        ARRAY,
        folder,
        kind="CT",
        spacing=(1, 1, 2),
        entropy=ENTROPY,
        now=NOW,
        metadata=metadata,
        sync=False,
    )
    return folder


@pytest.fixture(scope="module")
def header(source) -> pydicom.Dataset:
    return pydicom.dcmread(source / "0001.dcm")


def planned(source, kind, **options):
    array = {"Segmentation": ARRAY > 20, "ParametricMap": ARRAY.astype("float32")}.get(kind, ARRAY)
    if kind in {"SC", "MultiframeSC"}:
        array = ARRAY.astype("uint8")
    return dcs.plan(array, like=source, kind=kind, **MORE.get(kind, {}), **options)


@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.parametrize("keyword", ["SeriesInstanceUID", "SOPInstanceUID"])
def test_a_series_uid_of_the_source_is_rejected_with_a_remedy(kind, keyword, source, header):
    with pytest.raises(OptionError, match="Leave SeriesInstanceUID out") as caught:
        planned(source, kind, uid={"SeriesInstanceUID": header[keyword].value})
    assert caught.value.code == "uid-of-source"


@pytest.mark.parametrize("kind", NAMES)
def test_the_entropy_of_the_source_is_rejected_as_it_gives_the_same_uids(kind, source):
    with pytest.raises(OptionError, match="another entropy=") as caught:
        planned(source, kind, entropy=ENTROPY)
    assert caught.value.code == "uid-of-source"


@pytest.mark.parametrize("kind", NAMES)
def test_uids_from_the_content_are_new(kind, source, header):
    plan = planned(source, kind, uid="content", now=NOW)
    own = {plan.uids.series, *(plan.uids.instance(index) for index in range(len(plan)))}
    there = {pydicom.dcmread(path).SOPInstanceUID for path in source.iterdir()}
    assert not own & {*there, header.SeriesInstanceUID}
    assert plan.uids.study == header.StudyInstanceUID


@pytest.mark.parametrize("keyword", ["StudyInstanceUID", "FrameOfReferenceUID"])
def test_another_study_or_space_than_the_sources_is_rejected_not_ignored(keyword, source, header):
    with pytest.raises(OptionError, match=f"Leave {keyword} out") as caught:
        planned(source, "CT", uid={keyword: "1.2.3"})
    assert caught.value.code == "uid-not-of-source"
    assert (
        planned(source, "CT", uid={keyword: header[keyword].value}).uids.study
        == header.StudyInstanceUID
    )


def test_a_result_elsewhere_takes_a_space_from_the_user_but_not_the_sources(source, header):
    plan = planned(source, "CT", uid={"FrameOfReferenceUID": "1.2.3"}, same_space=False)
    assert plan.uids.frame_of_reference == "1.2.3"
    with pytest.raises(OptionError, match="Leave FrameOfReferenceUID out"):
        planned(
            source, "CT", uid={"FrameOfReferenceUID": header.FrameOfReferenceUID}, same_space=False
        )


def number_of(plan) -> int:
    return next(int(one.values[0]) for one in plan.shared if one.keyword == "SeriesNumber")


@pytest.mark.parametrize("kind", NAMES)
def test_results_of_one_source_have_different_series_numbers_that_begin_with_its(kind, source):
    numbers = [number_of(planned(source, kind, entropy=bytes([index]) * 16)) for index in range(8)]
    assert len(set(numbers)) == 8
    assert {str(number)[0] for number in numbers} == {"3"}
    assert {len(str(number)) for number in numbers} == {7}


def test_the_series_number_is_the_same_for_the_same_call_and_another_for_other_content(source):
    numbers = [number_of(planned(source, "CT", uid="content", now=NOW)) for _ in range(2)]
    other = number_of(dcs.plan(ARRAY + 1, like=source, uid="content", now=NOW))
    assert numbers[0] == numbers[1] != other


def test_the_series_number_of_the_user_wins(source):
    assert number_of(planned(source, "CT", metadata={"SeriesNumber": 3})) == 3


@pytest.mark.parametrize("number", ["2147483647", "-2147483648", "99999", ""])
def test_the_series_number_stays_a_legal_integer_string(number, source, tmp_path):
    for path in source.iterdir():
        dataset = pydicom.dcmread(path)
        dataset.SeriesNumber = number
        dataset.save_as(tmp_path / path.name)
    own = number_of(planned(tmp_path, "CT"))
    assert 0 < own < 2**31
    assert str(own) != number


def test_series_of_one_write_are_numbered_one_after_the_other(source):
    plan = dcs.plan(np.stack([ARRAY, ARRAY]), like=source, axes="tzyx", times=1.0, split="time")
    first, second = (number_of(one) for one in plan.every)
    assert second == first + 1
