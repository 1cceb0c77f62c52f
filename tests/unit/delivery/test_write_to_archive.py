"""An array goes straight into an archive, and comes out of it as a source."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.errors import DeliveryError, OptionError, ValuesError, VerificationError
from dicomseries.network import url_of_series
from fake_archive import ARRAY, URL

SPACING = {"kind": "CT", "spacing": (0.7, 0.9, 2.5)}


def fetched(archive, folder):
    for uid, data in archive.kept.items():
        Path(folder, f"{uid}.dcm").write_bytes(data)
    return folder


@pytest.fixture(autouse=True)
def private_folders(tmp_path, monkeypatch):
    """Every test must leave no private folder."""
    folder = tmp_path / "private"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("kind", ["CT", "MultiframeSC"])
def test_an_array_goes_straight_into_an_archive(archive, tmp_path, kind):
    array = np.abs(ARRAY)
    receipt = dcs.write(array, URL, **{**SPACING, "kind": kind})
    assert receipt.out == URL
    assert receipt.delivery.counts == {"stored": receipt.files}
    assert receipt.verified
    assert "stored" in str(receipt)
    assert np.array_equal(dcs.read(fetched(archive, tmp_path)).array, array)


def test_a_failure_names_what_the_archive_has_kept(archive):
    archive.lost_after = 2
    with pytest.raises(DeliveryError) as caught:
        dcs.write(ARRAY, URL, **SPACING)
    assert caught.value.code == "instances-not-stored"
    assert "2 of 5 instances are there" in str(caught.value)
    assert caught.value.receipt.counts["stored"] == 2


def test_an_instance_that_differs_from_the_array_never_leaves(archive, monkeypatch):
    from dicomseries.writing.encode import read_back

    compare = read_back.FileComparison.compare

    def worse(self, path, frame):
        tally = compare(self, path, frame)
        tally.error = 1.0
        return tally

    monkeypatch.setattr(read_back.FileComparison, "compare", worse)
    with pytest.raises(VerificationError, match="error of 1"):
        dcs.write(ARRAY, URL, **SPACING)
    assert archive.kept == {}


def test_wrong_input_is_rejected_before_anything_is_sent(archive):
    with pytest.raises(ValuesError):
        dcs.write(np.full((3, 4, 5), np.nan), URL, **SPACING)
    assert not archive.sent


def test_a_repeated_write_sends_the_rest_only(archive):
    options = {**SPACING, "uid": "content"}
    archive.lost_after = 3
    with pytest.raises(DeliveryError):
        dcs.write(ARRAY, URL, **options)
    archive.lost_after = None
    receipt = dcs.write(ARRAY, URL, **options, resume=True)
    assert receipt.delivery.counts == {"stored": 2, "present": 3}
    assert len(archive.sent) == len(set(archive.sent)) == 5


@pytest.mark.parametrize(
    ("option", "code"),
    [({"overwrite": True}, "overwrite-in-archive"), ({"resume": True}, "resume-with-new-uids")],
)
def test_options_without_meaning_for_an_archive_are_rejected(archive, option, code):
    with pytest.raises(OptionError) as caught:
        dcs.write(ARRAY, URL, **SPACING, **option)
    assert caught.value.code == code
    assert not archive.sent


def test_a_series_of_an_archive_is_read_checked_and_derived_from(archive, ct):
    dcs.send(ct, URL)
    listing = dcs.find(URL)
    assert (listing.level, len(listing)) == ("study", 1)
    series = dcs.find(listing[0].url)
    assert (series.level, series[0].modality) == ("series", "CT")
    url = series[0].url
    assert np.array_equal(dcs.read(url).array, ARRAY)
    assert len(dcs.scan(url)) == 1
    assert dcs.tags(url)["Modality"] == "CT"
    assert [
        finding for finding in dcs.check(url, validators=False) if finding.level == "error"
    ] == []
    receipt = dcs.write(ARRAY // 2, URL, like=url, description="Halved")
    assert receipt.study_uid == listing[0].study_uid
    derived = dcs.read(url_of_series(URL, receipt.study_uid, receipt.series_uid))
    assert np.array_equal(derived.array, ARRAY // 2)
    volume = dcs.read(url)
    assert volume.derive(ARRAY // 4).write(URL).delivery.counts == {"stored": 5}


def test_all_parts_of_a_result_are_sent(archive, ct):
    dcs.send(ct, URL)
    result = dcs.write_result(
        ct,
        URL,
        masks=(ARRAY > 0).astype("uint8"),
        segments={1: "Liver"},
        maps={"Score": (ARRAY / 9, "1")},
    )
    assert result.delivery.is_complete
    assert result.delivery.stored == result.files
    assert result.out == URL
    assert {part.receipt.out for part in result.parts} == {URL}
    assert len(archive.kept) == 5 + result.files


def test_the_url_of_an_archive_alone_says_what_is_missing(archive):
    with pytest.raises(OptionError) as caught:
        dcs.read(URL)
    assert caught.value.code == "study-not-named"


def test_dates_are_ranges_of_the_standard(archive, monkeypatch):
    asked = []
    monkeypatch.setattr(
        archive, "find", lambda level, keys: iter(asked.append((level, keys)) or ())
    )
    dates = {
        "2026-11-28": "20261128",
        "2026-11-01:2026-11-30": "20261101-20261130",
        "20261101:": "20261101-",
        ":2026-11-30": "-20261130",
    }
    for text in dates:
        dcs.find(URL, date=text)
    assert [keys["StudyDate"] for _, keys in asked] == list(dates.values())
    with pytest.raises(OptionError, match="2026-13"):
        dcs.find(URL, date="2026-13")


@pytest.mark.parametrize("verb", [dcs.read, dcs.scan, dcs.tags, dcs.check])
def test_the_fetch_of_a_series_is_reported(archive, ct, verb):
    dcs.send(ct, URL)
    url = dcs.find(dcs.find(URL)[0].url)[0].url
    reports = []
    verb(url, progress=lambda *report: reports.append(report))
    assert reports[:5] == [(count, 0, "fetching") for count in range(1, 6)]
    assert reports[-1] == ((5, 5, "reading") if verb is dcs.read else (5, 0, "fetching"))


@pytest.mark.parametrize("verb", [dcs.read, dcs.tags, dcs.check])
def test_an_error_names_the_url_and_no_private_folder(archive, ct, tmp_path, verb):
    dcs.send(ct, URL)
    dcs.write(ARRAY, tmp_path / "other", like=ct, verify=False)
    dcs.send(tmp_path / "other", URL)
    with pytest.raises(dcs.DicomSeriesError) as caught:
        verb(dcs.find(URL)[0].url)
    assert (caught.value.code, caught.value.where) == ("several-series", URL)
