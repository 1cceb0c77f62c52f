"""Studies and series are found by QIDO-RS and fetched by WADO-RS."""

from __future__ import annotations

import json
import logging
import tracemalloc

import numpy as np
import pydicom
import pytest

import dicomseries as dcs
from dicomseries.errors import NetworkError, ReadError
from dicomseries.network.dicomweb import WebPeer, multipart_files, web_session
from web_archive import Reply, always, parts_reply, web_archive


@pytest.fixture(scope="module")
def server():
    with web_archive() as archive:
        yield archive


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Return UID → file of two series of one study, and one series of another patient."""
    folder = tmp_path_factory.mktemp("series")
    contents = {}
    for index, (patient, slices) in enumerate((("42", 3), ("42", 2), ("7", 4))):
        voxels = np.arange(slices * 4 * 5, dtype=np.int16).reshape(slices, 4, 5) + index
        target = folder / str(index)
        options = {
            "metadata": {"PatientID": patient, "PatientName": "Ünal^Jo"},
            "uid": {"StudyInstanceUID": f"1.2.{patient}"},
        }
        dcs.write(voxels, target, kind="CT", spacing=(2.5, 3.5, 4.5), **options)
        for path in sorted(target.glob("*.dcm")):
            contents[pydicom.dcmread(path).SOPInstanceUID] = path.read_bytes()
    return contents


@pytest.fixture(autouse=True)
def _full(server, files, monkeypatch):
    server.reset()
    server.files.update(files)
    monkeypatch.setattr(web_session, "_FIRST_WAIT", 0.0)


@pytest.fixture
def peer(server):
    with WebPeer.at(server.url, {"retries": 2}) as peer:
        yield peer


def series_of(peer, study="1.2.42"):
    return sorted(
        match["SeriesInstanceUID"] for match in peer.find("SERIES", {"StudyInstanceUID": study})
    )


def contents_of(folder):
    return {path.stem: path.read_bytes() for path in folder.iterdir()}


def test_matches_have_keywords_and_values(server, peer):
    keys = {"PatientID": "42", "PatientName": "", "StudyInstanceUID": ""}
    (match,) = peer.find("STUDY", keys)
    assert match["PatientName"] == "Ünal^Jo"
    assert match["StudyInstanceUID"] == "1.2.42"
    assert match["Rows"] == "4"
    query = server.requests[0].query
    assert query["PatientID"] == ["42"]
    assert sorted(query["includefield"]) == sorted(keys)


@pytest.mark.parametrize(
    ("level", "keys", "path", "count"),
    [
        ("STUDY", {}, "/studies", 2),
        ("SERIES", {}, "/series", 3),
        ("SERIES", {"StudyInstanceUID": "1.2.42"}, "/studies/1.2.42/series", 2),
        ("IMAGE", {}, "/instances", 9),
        ("IMAGE", {"StudyInstanceUID": "1.2.7"}, "/studies/1.2.7/instances", 4),
    ],
)
def test_a_search_is_below_the_study_that_is_known(server, level, keys, path, count):
    with WebPeer.at(server.url, {}) as peer:
        assert len(list(peer.find(level, keys))) == count
    assert server.requests[0].path == path


def test_wildcards_are_sent_as_they_are_and_spaces_escaped(server, peer):
    raw = []
    server.reply = lambda request: raw.append(request.raw_query)
    list(peer.find("STUDY", {"PatientName": "D?e*^A B+&c", "StudyDate": "20200101-"}))
    assert "PatientName=D?e*%5EA%20B%2B%26c" in raw[0].split("&includefield")[0].split("&")
    assert "StudyDate=20200101-" in raw[0]
    assert server.requests[0].query["PatientName"] == ["D?e*^A B+&c"]


@pytest.mark.parametrize("page", [1, 2, 3, 9])
def test_every_page_is_asked_for(server, peer, page):
    server.page = page
    matches = [match["SOPInstanceUID"] for match in peer.find("IMAGE", {})]
    assert sorted(matches) == sorted(server.files)


def test_a_service_that_rejects_large_pages_is_asked_for_smaller_ones(server, peer):
    server.largest_page = 200
    assert len(list(peer.find("IMAGE", {}))) == 9
    assert [request.query["limit"] for request in server.requests] == [["1000"], ["200"], ["200"]]


def test_a_service_that_knows_no_offset_is_not_asked_for_ever(server, peer):
    def without_offset(request):
        request.query.pop("offset", None)

    server.reply = without_offset
    assert len(list(peer.find("IMAGE", {}))) == 9
    assert len(server.requests) == 2


def test_the_study_and_series_of_the_url_are_searched(server, files):
    with WebPeer.at(f"{server.url}/studies/1.2.42", {}) as peer:
        assert len(list(peer.find("IMAGE", {}))) == 5
        assert (peer.study_uid, peer.series_uid) == ("1.2.42", "")


def test_odd_values_of_matches_are_no_crash(server, peer):
    rows = [
        {
            "0020000D": {"vr": "UI", "Value": ["1.2"]},
            "00100010": {"vr": "PN", "Value": [{"Alphabetic": "A^B", "Ideographic": "ア"}]},
            "00080061": {"vr": "CS", "Value": ["CT", "SR"]},
            "00201208": {"vr": "IS", "Value": ["12"]},
            "00101030": {"vr": "DS", "Value": [70.5]},
            "00081199": {"vr": "SQ", "Value": [{}]},
            "00100020": {"vr": "LO"},
            "00100030": {"vr": "DA", "Value": [None]},
            "00280011": {"vr": "US", "Value": ["many"]},
            "00091001": {"vr": "LO", "Value": ["private"]},
            "nonsense": 5,
            "00080020": "20200101",
        }
    ]
    server.reply = always(Reply(body=json.dumps(rows).encode()))
    (match,) = peer.find("STUDY", {})
    assert match == {
        "StudyInstanceUID": "1.2",
        "PatientName": "A^B=ア",
        "ModalitiesInStudy": ["CT", "SR"],
        "NumberOfStudyRelatedInstances": "12",
        "PatientWeight": "70.5",
        "PatientID": "",
        "PatientBirthDate": "",
        "Columns": "many",
    }


def test_a_series_is_fetched_byte_by_byte(server, peer, files, tmp_path):
    counts = []
    series = series_of(peer)[0]
    count = peer.fetch("1.2.42", series, tmp_path, report=lambda *args: counts.append(args))
    fetched = contents_of(tmp_path)
    assert count == len(fetched) > 0
    assert counts[-1] == (count, count)
    assert not [request for request in server.requests if request.path.endswith("instances")]
    assert all(files[uid] == content for uid, content in fetched.items())


def test_a_study_is_fetched_with_all_its_series(peer, files, tmp_path):
    assert peer.fetch("1.2.42", None, tmp_path) == 5
    assert all(files[uid] == content for uid, content in contents_of(tmp_path).items())


def test_a_server_that_does_not_know_any_transfer_syntax_is_asked_once_more(
    server, peer, files, tmp_path, caplog
):
    server.offers_any_syntax = False
    caplog.set_level(logging.WARNING)
    assert peer.fetch("1.2.42", None, tmp_path) == 5
    assert "transfer syntax" in caplog.text


def test_missing_instances_are_asked_for_one_by_one_and_then_an_error(
    server, peer, files, tmp_path
):
    series = series_of(peer)[0]
    uids = [
        match["SOPInstanceUID"]
        for match in peer.find("IMAGE", {"StudyInstanceUID": "1.2.42", "SeriesInstanceUID": series})
    ]

    def without_first(request):
        if "related" in request.headers["accept"] and request.path.endswith(series):
            return parts_reply([files[uid] for uid in uids[1:]])
        return None

    server.reply = without_first
    assert peer.fetch("1.2.42", series, tmp_path) == len(uids)

    def never_first(request):
        return Reply(404) if request.path.endswith(uids[0]) else without_first(request)

    server.reply = never_first
    with pytest.raises(ReadError) as caught:
        peer.fetch("1.2.42", series, tmp_path)
    assert caught.value.code == "instances-missing"
    assert uids[0] in str(caught.value)


def test_a_connection_lost_in_a_series_is_completed(server, peer, files, tmp_path):
    series = series_of(peer)[0]
    whole = []

    def cut(handler):
        body = parts_reply(whole)
        handler.send_response(200)
        handler.send_header("Content-Type", body.content_type)
        handler.send_header("Content-Length", str(len(body.body)))
        handler.end_headers()
        handler.wfile.write(body.body[: len(body.body) * 3 // 4])
        handler.close_connection = True

    def lose(request):
        is_whole = "related" in request.headers["accept"] and request.path.endswith(series)
        return Reply(act=cut) if is_whole else None

    whole.extend(
        files[match["SOPInstanceUID"]]
        for match in peer.find("IMAGE", {"StudyInstanceUID": "1.2.42", "SeriesInstanceUID": series})
    )
    server.reply = lose
    assert peer.fetch("1.2.42", series, tmp_path) == len(whole)
    assert sorted(contents_of(tmp_path).values()) == sorted(whole)
    paths = [request.path for request in server.requests if "related" in request.headers["accept"]]
    assert paths.count(f"/studies/1.2.42/series/{series}") == 1  # not all of it again


def test_an_archive_without_search_gives_what_it_has(server, peer, files, tmp_path):
    server.reply = lambda request: Reply(501) if "json" in request.headers["accept"] else None
    assert peer.fetch("1.2.42", None, tmp_path) == 5


@pytest.mark.parametrize("searches", [True, False])
def test_an_unknown_series_is_an_error(server, peer, tmp_path, searches):
    if not searches:
        server.reply = lambda request: Reply(501) if "json" in request.headers["accept"] else None
    with pytest.raises(ReadError) as caught:
        peer.fetch("1.2.42", "1.2.3.4", tmp_path)
    assert caught.value.code == "no-series"


def test_a_single_file_instead_of_parts_is_taken(server, peer, files, tmp_path):
    uid, content = next(iter(files.items()))
    server.files = {uid: content}
    plain = Reply(200, content, "application/dicom")
    server.reply = lambda request: plain if "related" in request.headers["accept"] else None
    assert peer.fetch("1.2.42", None, tmp_path) == 1
    assert contents_of(tmp_path) == {uid: content}


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply(200, b"<html>Log in</html>", "text/html"), "not-dicomweb"),
        (Reply(200, b"[]"), "answer-not-valid"),
        (parts_reply([b"no DICOM file"]), "answer-not-valid"),
        (parts_reply([b"\0" * 128 + b"DICM" + b"\0" * 50]), "answer-not-valid"),
        (Reply(200, b"--Xq1\r\n\r\nhalf", parts_reply([]).content_type), "connection-lost"),
    ],
    ids=["login page", "json", "no dicom", "no uid", "cut"],
)
def test_an_answer_that_is_no_dicom_file_is_an_error(server, peer, tmp_path, reply, code):
    server.reply = lambda request: reply if "related" in request.headers["accept"] else None
    with pytest.raises(NetworkError) as caught:
        peer.fetch("1.2.42", None, tmp_path)
    assert caught.value.code == code
    assert contents_of(tmp_path) == {}


def test_a_hostile_uid_cannot_leave_the_folder(server, peer, files, tmp_path):
    uid, content = next(iter(files.items()))
    bad = "../../../evil".ljust(len(uid), "x").encode()
    hostile = parts_reply([content.replace(uid.encode(), bad)])
    server.reply = lambda request: hostile if "related" in request.headers["accept"] else None
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    with pytest.raises(NetworkError):
        peer.fetch("1.2.42", None, folder)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("size", [1, 2, 7, 64, 1000])
def test_parts_are_the_same_in_pieces_of_every_size(size):
    contents = [b"", b"a\r\n--", b"\r\n--Xq\r\n", bytes(range(256)) * 3]
    body = parts_reply(contents).body
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    parts, current = [], b""
    for piece in multipart_files.part_contents(pieces, "Xq1"):
        if piece is None:
            parts.append(current)
            current = b""
        else:
            current += piece
    assert parts == contents


def test_a_large_part_is_never_in_memory():
    head = b"--B\r\nContent-Type: application/dicom\r\n\r\n"
    pieces = [head, *[b"\r\n--" + bytes(1 << 16)] * 400, b"\r\n--B--"]
    tracemalloc.start()
    length = sum(len(piece or b"") for piece in multipart_files.part_contents(pieces, "B"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert length == 400 * (4 + (1 << 16))
    assert peak < 1 << 20
