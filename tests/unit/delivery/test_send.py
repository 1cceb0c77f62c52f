"""Every instance has an answer; what is there is not sent again; a failure says what is there."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pydicom
import pytest

import dicomseries as dcs
from dicomseries.errors import (
    DeliveryError,
    NetworkError,
    OptionError,
    ReadError,
    SendInterrupted,
    TargetError,
)
from dicomseries.network import Commitment
from fake_archive import URL


def files_of(folder):
    return {
        str(pydicom.dcmread(path, specific_tags=["SOPInstanceUID"]).SOPInstanceUID): path
        for path in folder.glob("*.dcm")
    }


def test_every_file_arrives_byte_by_byte(archive, ct):
    receipt = dcs.send(ct, URL)
    assert receipt.counts == {"stored": 5}
    assert receipt.is_complete
    assert archive.kept == {uid: path.read_bytes() for uid, path in files_of(ct).items()}
    assert receipt.bytes == sum(path.stat().st_size for path in ct.iterdir())


@pytest.mark.parametrize("form", ["zip", "series", "volume", "scan", "paths", "datasets"])
def test_every_form_of_a_series_is_sent(archive, ct, tmp_path, form):
    sources = {
        "zip": lambda: shutil.make_archive(str(tmp_path / "ct"), "zip", ct),
        "series": lambda: dcs.scan(ct)[0],
        "scan": lambda: dcs.scan(ct),
        "volume": lambda: dcs.read(ct),
        "paths": lambda: sorted(ct.glob("*.dcm")),
        "datasets": lambda: [pydicom.dcmread(path) for path in sorted(ct.iterdir())],
    }
    assert dcs.send(sources[form](), URL).counts == {"stored": 5}
    assert set(archive.kept) == set(files_of(ct))


def test_a_second_send_sends_the_rest_only(archive, ct):
    archive.lost_after = 2
    with pytest.raises(DeliveryError) as caught:
        dcs.send(ct, URL)
    assert caught.value.code == "instances-not-stored"
    assert caught.value.receipt.counts == {"stored": 2, "failed": 3}
    assert "2 of 5 instances" in str(caught.value)
    archive.lost_after = None
    receipt = dcs.send(ct, URL)
    assert receipt.counts == {"stored": 3, "present": 2}
    assert sorted(archive.sent) == sorted(files_of(ct))
    assert dcs.send(ct, URL, again=True).counts == {"stored": 5}


def test_without_queries_the_earlier_receipt_says_what_is_there(archive, ct, tmp_path):
    archive.has_queries, archive.lost_after = False, 2
    path = tmp_path / "sent.json"
    with pytest.raises(DeliveryError):
        dcs.send(ct, URL, receipt=path)
    assert json.loads(path.read_text(encoding="utf-8"))["counts"] == {"stored": 2, "failed": 3}
    archive.lost_after = None
    receipt = dcs.send(ct, URL, receipt=path)
    assert receipt.counts == {"stored": 3, "present": 2}
    assert "earlier receipt" in receipt.notes[0]
    assert json.loads(path.read_text(encoding="utf-8"))["is_complete"]
    with pytest.raises(TargetError, match="receipt of dicom"):
        dcs.send(ct, "dicom://OTHER@host:104", receipt=path)


def test_a_file_that_is_no_receipt_is_not_replaced(archive, ct, tmp_path):
    path = tmp_path / "mine.json"
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(TargetError) as caught:
        dcs.send(ct, URL, receipt=path)
    assert caught.value.code == "not-a-receipt"
    assert path.read_text(encoding="utf-8") == "{}"
    assert not archive.sent


def test_ctrl_c_reports_what_was_accepted(archive, ct, tmp_path):
    archive.interrupt_after = 3
    path = tmp_path / "sent.json"
    with pytest.raises(SendInterrupted, match="has kept 3 of 5 instances") as caught:
        dcs.send(ct, URL, receipt=path)
    assert caught.value.receipt.counts == {"stored": 3, "unsent": 2}
    assert json.loads(path.read_text(encoding="utf-8"))["counts"] == {"stored": 3, "unsent": 2}


def test_nothing_is_sent_of_a_dry_run(archive, ct):
    receipt = dcs.send(ct, URL, dry_run=True)
    assert receipt.counts == {"planned": 5}
    assert str(receipt).startswith(f"5 instances for {URL}: 5 to send; nothing was sent")
    assert not archive.sent


def test_an_archive_that_does_not_answer_is_an_error_before_anything_is_sent(archive, ct):
    archive.lost_after = 0
    with pytest.raises(NetworkError) as caught:
        dcs.send(ct, URL)
    assert caught.value.code == "peer-not-reached"


def test_a_refused_instance_is_named_with_the_answer(archive, ct):
    archive.refuses = frozenset({"1.2.840.10008.5.1.4.1.1.2"})
    with pytest.raises(DeliveryError, match=r"0 of 5 instances are there; status 0122: no\."):
        dcs.send(ct, URL)


def test_confirm_proves_every_byte(archive, ct):
    receipt = dcs.send(ct, URL, confirm=True)
    proof = receipt.confirmation
    assert (proof.listed, proof.same_data_sets, proof.same_pixels) == (5, 5, 5)
    assert proof.is_complete
    assert "5 of 5 have equal pixels, 5 of them every byte" in str(receipt)


def test_confirm_names_a_changed_attribute(archive, ct):
    archive.changes = lambda data: data.replace(b"DERIVED", b"PRIMARY")
    proof = dcs.send(ct, URL, confirm=True).confirmation
    assert (proof.same_data_sets, proof.same_pixels, proof.changed) == (0, 5, ("ImageType",))


def test_confirm_finds_a_changed_pixel(archive, ct):
    archive.changes = lambda data: data[:-2] + bytes([data[-2] ^ 1, data[-1]])
    with pytest.raises(DeliveryError) as caught:
        dcs.send(ct, URL, confirm=True)
    assert caught.value.code == "delivery-not-confirmed"
    assert caught.value.receipt.confirmation.same_pixels == 0


def test_copies_are_sent_once_and_two_versions_of_one_uid_not_at_all(archive, ct, tmp_path):
    folder = tmp_path / "twice"
    shutil.copytree(ct, folder)
    first = min(folder.iterdir())
    shutil.copy(first, folder / "copy.dcm")
    receipt = dcs.send(folder, URL)
    assert (receipt.counts, receipt.notes) == ({"stored": 5}, ("1 file skipped: copies of others",))
    archive.kept.clear()
    archive.sent.clear()
    data = first.read_bytes()
    (folder / "copy.dcm").write_bytes(data[:-2] + b"\x07\x07")
    with pytest.raises(ReadError) as caught:
        dcs.send(folder, URL)
    assert caught.value.code == "uid-repeated"
    assert not archive.sent


def test_a_damaged_file_stops_the_send_before_it_begins(archive, ct, tmp_path):
    folder = tmp_path / "damaged"
    shutil.copytree(ct, folder)
    first = min(folder.iterdir())
    first.write_bytes(first.read_bytes()[:400])
    with pytest.raises(ReadError) as caught:
        dcs.send(folder, URL)
    assert caught.value.code in {"file-damaged", "file-truncated"}
    assert not archive.sent


def test_only_one_series_is_sent_if_it_is_named(archive, ct, tmp_path):
    folder = tmp_path / "both"
    shutil.copytree(ct, folder / "ct")
    other = dcs.write(
        np.zeros((2, 4, 5), "int16"), folder / "other", kind="CT", spacing=(1, 1, 1), sync=False
    )
    assert dcs.send(folder, URL, series=other.series_uid).counts == {"stored": 2}
    assert len(archive.kept) == 2


def test_a_volume_without_files_says_how_it_is_stored(archive):
    volume = dcs.open_volume(np.zeros((2, 3, 4)), spacing=(1, 1, 1))
    with pytest.raises(OptionError, match="Write the volume"):
        dcs.send(volume, URL)


def test_a_folder_is_not_an_archive(ct):
    with pytest.raises(OptionError) as caught:
        dcs.send(ct, str(ct))
    assert caught.value.code == "not-an-archive"


def test_confirm_reports_that_it_waits_and_what_comes_back(archive, ct):
    archive.commit = lambda references: Commitment(
        committed=tuple(uid for _, uid in references), failed={}
    )
    reports = []
    dcs.send(ct, URL, confirm=True, progress=lambda *report: reports.append(report))
    assert reports.index((0, 0, "waiting for storage commitment")) == 6
    assert reports[-1] == (5, 5, "fetching back")


def test_ctrl_c_while_it_waits_says_that_nothing_is_confirmed(archive, ct):
    def interrupt(_):
        raise KeyboardInterrupt

    archive.commit = interrupt
    with pytest.raises(SendInterrupted, match="kept 5 instances, not confirmed yet"):
        dcs.send(ct, URL, confirm=True)
