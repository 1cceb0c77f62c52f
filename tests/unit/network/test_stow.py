"""Instances are stored by STOW-RS: batches, answers, repetition."""

from __future__ import annotations

import dataclasses
import io
import json
import tracemalloc
from pathlib import Path

import numpy as np
import pydicom
import pytest

import dicomseries as dcs
from dicomseries.errors import NetworkError, OptionError, ValuesError
from dicomseries.network.dicomweb import WebPeer, stow_batches, web_session
from web_archive import Reply, always, closed_port, drop, instance_of, stored, web_archive

EXPLICIT = "1.2.840.10008.1.2.1"
RLE = "1.2.840.10008.1.2.5"


@pytest.fixture(scope="module")
def server():
    with web_archive() as archive:
        yield archive


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("series")
    voxels = np.arange(6 * 4 * 5, dtype=np.int16).reshape(6, 4, 5)
    metadata = {"PatientID": "42"}
    dcs.write(voxels, folder / "ct", kind="CT", spacing=(2.5, 3.5, 4.5), metadata=metadata)
    return folder / "ct"


@pytest.fixture
def instances(written):
    return [instance_of(path) for path in sorted(written.glob("*.dcm"))]


@pytest.fixture(autouse=True)
def _fresh(server, monkeypatch):
    server.reset()
    monkeypatch.setattr(web_session, "_FIRST_WAIT", 0.0)


def no_transcoding(instance, syntaxes):
    raise ValuesError(
        code="no-codec", where="pixels", given="-", expected="-", remedy="Install a codec."
    )


def statuses_of(server, instances, transcode=no_transcoding, **options):
    with WebPeer.at(server.url, options) as peer:
        return list(peer.store(iter(instances), transcode=transcode))


def test_every_instance_is_stored_byte_by_byte_in_one_request(server, instances):
    statuses = statuses_of(server, instances)
    assert [status.outcome for status in statuses] == ["stored"] * 6
    uids = [instance.sop_instance_uid for instance in instances]
    assert [status.sop_instance_uid for status in statuses] == uids
    assert server.files == {item.sop_instance_uid: item.content.read_bytes() for item in instances}
    assert len(server.posts()) == 1
    assert server.posts()[0].path == "/studies"


def test_instances_in_memory_are_stored_as_files_are(server, written):
    paths = sorted(written.glob("*.dcm"))
    statuses = statuses_of(server, [instance_of(path, in_memory=True) for path in paths])
    assert all(status.is_stored for status in statuses)
    assert list(server.files.values()) == [path.read_bytes() for path in paths]


@pytest.mark.parametrize(
    ("options", "counts"),
    [({"batch_instances": 4}, [4, 2]), ({"batch_bytes": 2}, [1] * 6)],
    ids=["by count", "by bytes"],
)
def test_batches_have_bounded_sizes(server, instances, options, counts):
    assert all(status.is_stored for status in statuses_of(server, instances, **options))
    assert [len(request.parts) for request in server.posts()] == counts


def test_instances_are_taken_as_they_are_sent(server, instances):
    taken = []
    source = (taken.append(instance) or instance for instance in instances)
    with WebPeer.at(server.url, {"batch_instances": 2}) as peer:
        next(peer.store(source, transcode=no_transcoding))
    assert len(taken) == 3


def test_a_large_file_is_never_in_memory(tmp_path, instances):
    path = tmp_path / "large.dcm"
    with path.open("wb") as file:
        file.truncate(24 << 20)
    large = dataclasses.replace(instances[0], content=path, size=24 << 20)
    body = stow_batches.StowBody([large], "B")
    tracemalloc.start()
    length = sum(map(len, body))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert length == len(body)
    assert peak < 1 << 20


def test_a_request_that_is_too_large_is_divided_and_later_ones_are_smaller(server, instances):
    def limit(request):
        return Reply(413) if len(request.parts) > 2 else None

    server.reply = limit
    assert all(status.is_stored for status in statuses_of(server, [*instances, *instances]))
    server.requests.clear()
    statuses_of(server, instances * 3, batch_instances=6)
    counts = [len(request.parts) for request in server.posts()]
    assert counts[0] == 6
    assert max(counts[4:]) <= 3


@pytest.mark.parametrize("answers", [True, False], ids=["413", "reset"])
def test_a_server_that_ends_the_connection_early_gets_smaller_requests(server, tmp_path, answers):
    voxels = np.zeros((8, 512, 512), np.int16)
    dcs.write(voxels, tmp_path / "ct", kind="CT", spacing=(1, 2, 3), verify=False, sync=False)
    sent = [instance_of(path) for path in sorted((tmp_path / "ct").glob("*.dcm"))]
    server.largest_body = 3 * sent[0].size
    server.answers_large_bodies = answers
    assert [status.outcome for status in statuses_of(server, sent)] == ["stored"] * 8
    assert [len(request.parts) for request in server.posts()] == [2] * 4
    assert server.ended_early


def test_an_instance_that_is_too_large_alone_is_refused_and_the_others_are_stored(
    server, instances
):
    large = instances[2].content.read_bytes()
    server.reply = lambda request: Reply(413) if large in request.parts else None
    statuses = statuses_of(server, instances)
    outcomes = [status.outcome for status in statuses]
    assert outcomes == ["stored", "stored", "refused", "stored", "stored", "stored"]
    assert statuses[2].status == 413
    assert "larger than the server takes" in statuses[2].text


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (0x0110, "failed while it stored it"),
        (0x0111, "another instance with this SOPInstanceUID"),
        (0x0122, "does not take this SOP class"),
        (0x0124, "does not let this user store it"),
        (0xA700, "out of resources"),
        (0xA900, "does not match its SOP class"),
        (0xC000, "cannot understand the data set"),
        (0xC122, "does not take this transfer syntax"),
        (0x4711, "did not store it"),
    ],
)
def test_a_failure_reason_becomes_a_sentence(server, instances, reason, words):
    uid = instances[1].sop_instance_uid
    server.reply = lambda request: request.parts and stored(server, request, failed={uid: reason})
    status = statuses_of(server, instances)[1]
    assert (status.outcome, status.status) == ("refused", reason)
    assert words in status.text
    assert f"{reason:04X}" in status.text


@pytest.mark.parametrize(
    ("reason", "words"),
    [(0xB000, "changed"), (0xB006, "left out"), (0xB007, "does not match"), (0xB123, "warning")],
)
def test_a_warning_says_what_was_changed(server, instances, reason, words):
    uid = instances[1].sop_instance_uid
    server.reply = lambda request: stored(server, request, warned={uid: reason})
    status = statuses_of(server, instances)[1]
    assert (status.outcome, status.status, status.is_stored) == ("warning", reason, True)
    assert status.coerced == ("PatientName",)
    assert words in status.text
    assert "PatientName" in status.text


XML = """<?xml version="1.0" encoding="utf-8"?>
<NativeDicomModel xmlns="http://dicom.nema.org/PS3.19/models/NativeDICOM">
<DicomAttribute tag="00081199" vr="SQ" keyword="ReferencedSOPSequence"><Item number="1">
<DicomAttribute tag="00081155" vr="UI"><Value number="1">{0}</Value></DicomAttribute>
</Item></DicomAttribute>
<DicomAttribute tag="00081198" vr="SQ" keyword="FailedSOPSequence"><Item number="1">
<DicomAttribute tag="00081155" vr="UI"><Value number="1">{1}</Value></DicomAttribute>
<DicomAttribute tag="00081197" vr="US"><Value number="1">272</Value></DicomAttribute>
</Item></DicomAttribute></NativeDicomModel>"""


def test_an_answer_in_xml_is_understood(server, instances):
    uids = [instance.sop_instance_uid for instance in instances[:2]]
    content = XML.format(*uids).encode()
    server.reply = always(Reply(202, content, "application/dicom+xml"))
    statuses = statuses_of(server, instances[:2])
    assert [status.outcome for status in statuses] == ["stored", "refused"]


def test_after_an_empty_answer_the_archive_is_asked_what_it_has(server, instances):
    lost = instances[3].content.read_bytes()

    def silent(request):
        if request.method == "GET":
            return None
        request.parts = [part for part in request.parts if part != lost]
        stored(server, request)
        return Reply(200)

    server.reply = silent
    statuses = statuses_of(server, instances)
    assert [status.outcome for status in statuses].index("failed") == 3
    assert sum(status.outcome == "stored" for status in statuses) == 5


@pytest.mark.parametrize(("status", "outcome"), [(200, "warning"), (202, "failed")])
def test_an_empty_answer_of_an_archive_without_search_is_no_silent_success(
    server, instances, status, outcome
):
    server.reply = lambda request: Reply(status if request.method == "POST" else 501)
    statuses = statuses_of(server, instances)
    assert {status.outcome for status in statuses} == {outcome}
    assert "does not say" in statuses[0].text


def test_an_instance_that_an_error_does_not_name_is_refused(server, instances):
    def half(request):
        request.parts = request.parts[:3]
        return dataclasses.replace(stored(server, request), status=400)

    server.reply = half
    statuses = statuses_of(server, instances)
    assert [status.outcome for status in statuses] == ["stored"] * 3 + ["refused"] * 3
    assert statuses[3].status == 400


@pytest.mark.parametrize("code", [400, 409, 415, 422, 500])
def test_one_bad_instance_does_not_stop_the_others(server, instances, code):
    bad = instances[4].content.read_bytes()
    server.reply = lambda request: (
        Reply(code, b"no such luck", "text/plain") if bad in request.parts else None
    )
    statuses = statuses_of(server, instances)
    assert [status.is_stored for status in statuses] == [True] * 4 + [False, True]
    assert "no such luck" in statuses[4].text
    assert statuses[4].status == code


@pytest.fixture(scope="module")
def compressed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rle")
    voxels = np.arange(6 * 4 * 5, dtype=np.int16).reshape(6, 4, 5)
    options = {"kind": "CT", "spacing": (2.5, 3.5, 4.5), "compression": dcs.Rle()}
    dcs.write(voxels, folder / "ct", **options)
    return [instance_of(path) for path in sorted((folder / "ct").glob("*.dcm"))]


def refuse_rle(server):
    def refuse(request):
        refused = {}
        for instance_bytes in request.parts:
            if RLE.encode() in instance_bytes[:1000]:
                refused[pydicom.dcmread(io.BytesIO(instance_bytes)).SOPInstanceUID] = 0xC122
        return stored(server, request, failed=refused)

    return refuse


def test_a_compression_that_is_refused_is_sent_without_and_remembered(server, compressed, written):
    native = sorted(written.glob("*.dcm"))

    def transcode(instance, syntaxes):
        assert list(syntaxes) == [EXPLICIT]
        twin = instance_of(native[compressed.index(instance)])
        return dataclasses.replace(twin, sop_instance_uid=twin.sop_instance_uid)

    server.reply = refuse_rle(server)
    statuses = statuses_of(server, compressed, transcode, batch_instances=2)
    assert all(status.is_stored for status in statuses)
    assert {status.transfer_syntax_uid for status in statuses} == {EXPLICIT}
    refused = [p for r in server.posts() for p in r.parts if RLE.encode() in p[:1000]]
    assert len(refused) == 3  # the first batch, and the instance that was read ahead


def test_an_archive_lost_while_an_instance_is_sent_again_leaves_a_status_for_each(
    server, compressed, written
):
    native = [instance_of(path) for path in sorted(written.glob("*.dcm"))]
    refuse = refuse_rle(server)
    server.reply = lambda request: refuse(request) if len(server.posts()) < 2 else Reply(act=drop)
    transcode = lambda instance, _: native[compressed.index(instance)]  # noqa: E731
    statuses = statuses_of(server, compressed[:3], transcode, retries=0)
    assert [status.outcome for status in statuses] == ["failed"] * 3


def test_a_compression_that_nobody_can_undo_is_refused_with_both_reasons(server, compressed):
    server.reply = refuse_rle(server)
    status = statuses_of(server, compressed)[0]
    assert (status.outcome, status.status) == ("refused", 0xC122)
    assert "transfer syntax" in status.text
    assert "Install a codec" in status.text


@pytest.mark.parametrize(
    "passing",
    [
        Reply(503, headers={"Retry-After": "0"}),
        Reply(429),
        Reply(502),
        Reply(504),
        Reply(act=drop),
    ],
    ids=["503", "429", "502", "504", "lost"],
)
def test_what_passes_is_repeated(server, instances, passing):
    left = [passing, passing]
    server.reply = lambda _: left.pop() if left else None
    assert all(status.is_stored for status in statuses_of(server, instances))
    assert left == []
    assert len(server.files) == len(instances)


def test_a_server_that_stays_busy_ends_in_an_error_after_the_repetitions(server, instances):
    server.reply = always(Reply(503))
    with pytest.raises(NetworkError) as caught:
        statuses_of(server, instances, retries=2)
    assert caught.value.code == "peer-busy"
    assert len(server.posts()) == 3


def test_an_archive_lost_in_mid_send_leaves_a_status_for_each_instance(server, instances):
    server.reply = lambda _: Reply(act=drop) if len(server.posts()) > 1 else None
    with WebPeer.at(server.url, {"batch_instances": 2, "retries": 1}) as peer:
        statuses = list(peer.store(instances, transcode=no_transcoding))
    assert [status.outcome for status in statuses] == ["stored"] * 2 + ["failed"] * 4
    assert all("send it again" in status.text for status in statuses[2:])
    assert len(server.files) == 2
    assert len(server.posts()) == 5  # twice both, twice one; the rest is not tried


def test_a_file_that_changed_or_is_gone_fails_alone(server, instances, tmp_path):
    longer = dataclasses.replace(instances[1], size=instances[1].size - 1)
    gone = dataclasses.replace(instances[4], content=tmp_path / "gone.dcm")
    sent = [instances[0], longer, *instances[2:4], gone, instances[5]]
    statuses = statuses_of(server, sent)
    assert [status.outcome for status in statuses].count("stored") == 4
    assert (statuses[1].outcome, statuses[4].outcome) == ("failed", "failed")
    assert "has no longer" in statuses[1].text
    assert "cannot be read" in statuses[4].text


def test_the_study_of_the_url_is_stored_to(server, instances):
    study = instances[0].study_uid
    with WebPeer.at(f"{server.url}/studies/{study}", {}) as peer:
        assert all(status.is_stored for status in peer.store(instances, transcode=no_transcoding))
    assert server.posts()[0].path == f"/studies/{study}"


def test_a_web_page_with_status_200_is_no_success(server, instances):
    page = Reply(200, b"<html><body>Please log in</body></html>", "text/html")
    server.reply = always(page)
    with pytest.raises(NetworkError) as caught:
        statuses_of(server, instances)
    assert caught.value.code == "not-dicomweb"
    assert "Please log in" in str(caught.value)


def test_a_server_that_takes_no_dicom_at_all_is_an_error(server, instances):
    server.reply = always(Reply(415))
    with pytest.raises(NetworkError) as caught:
        statuses_of(server, instances)
    assert caught.value.code == "media-type-not-taken"


def test_a_closed_port_is_an_error_before_any_status(instances):
    url = f"http://127.0.0.1:{closed_port()}/dicom-web"
    with WebPeer.at(url, {}) as peer, pytest.raises(NetworkError) as caught:
        list(peer.store(instances, transcode=no_transcoding))
    assert caught.value.code == "peer-not-reached"


@pytest.mark.parametrize(
    "options",
    [
        {"batch_bytes": 0},
        {"timeout": "soon"},
        {"timeout": True},
        {"retries": 1.5},
        {"tiemout": 3},
        {"auth": 7},
        {"auth": "Bearer x\n"},
        {"headers": {"X-Key": 5}},
        {"headers": {"X Key": "5"}},
        {"key": "no-such-file.pem"},
        {"ca_certificate": "no-such-file.pem"},
    ],
    ids=str,
)
def test_a_wrong_option_is_rejected_before_any_request(server, options):
    with pytest.raises(OptionError) as caught:
        WebPeer.at(server.url, options)
    assert "Bearer x" not in str(caught.value)
    assert server.requests == []


def test_answers_with_odd_forms_are_no_crash():
    from dicomseries.network.dicomweb.stow_answers import parse_stow_answer

    odd = [
        b"",
        b"[]",
        b"[1, 2]",
        b'"text"',
        b"<a",
        b"<a/>",
        b"\xff\xfe",
        b'{"00081199": 3}',
        json.dumps({"00081199": {"Value": [None, {"00081155": {"Value": []}}]}}).encode(),
    ]
    assert [parse_stow_answer(content) for content in odd] == [{}] * len(odd)
