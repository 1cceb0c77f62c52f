"""Instances arrive as they are in their files, also when the archive fails in between."""

from __future__ import annotations

import socket
import struct
import threading
import time
from dataclasses import replace

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGLSLossless

from dicomseries.errors import NetworkError, SourceError
from dicomseries.network import open_peer
from dicomseries.network.dimse.statuses import answer_text, status_meaning
from dicomseries.network.dimse.store_messages import open_data_set, store_answer
from judges.dimse_archives import NATIVE, free_port, instance_file, pynetdicom_archive

MR = "1.2.840.10008.5.1.4.1.1.4"
QUICK = {"retry_wait": 0, "timeout": 5}


@pytest.fixture(scope="module")
def shared():
    """One archive for tests that change nothing but its answers."""
    with pynetdicom_archive() as archive:
        yield archive


@pytest.fixture
def archive(shared):
    shared.data.clear()
    shared.associations = 0
    shared.answer = lambda _: 0x0000
    return shared


def peer_of(archive, title="ARCHIVE", scheme="dicom", **options):
    return open_peer(f"{scheme}://{title}@127.0.0.1:{archive.port}", {**QUICK, **options})


def never(instance, syntaxes):
    message = f"{instance} is accepted as it is, not only as {syntaxes}"
    raise AssertionError(message)


def data_set(instance):
    with open_data_set(instance) as data:
        return b"".join(bytes(block) for block, _ in data.blocks(1000))


@pytest.mark.parametrize("longest", [128, 1001, 16384, 0])
def test_data_sets_arrive_byte_by_byte_in_pdus_of_every_size(longest, archive, tmp_path):
    in_memory = instance_file(size=4_999)
    path = tmp_path / "a.dcm"
    in_a_file = instance_file(size=300_001, syntax=ImplicitVRLittleEndian)
    path.write_bytes(in_a_file.content)
    instances = [in_memory, replace(in_a_file, content=path)]
    archive.entity.maximum_pdu_size = longest
    try:
        statuses = list(peer_of(archive).store(instances, transcode=never))
    finally:
        archive.entity.maximum_pdu_size = 16384
    assert [status.outcome for status in statuses] == ["stored", "stored"]
    assert archive.data == {each.sop_instance_uid: data_set(each) for each in instances}
    assert archive.syntaxes[in_a_file.sop_instance_uid] == ImplicitVRLittleEndian
    assert archive.associations == 1


def test_an_instance_in_a_refused_syntax_is_transcoded_to_an_accepted_one(archive):
    instance, native = instance_file(syntax=JPEGLSLossless), instance_file()
    native = replace(native, sop_instance_uid=instance.sop_instance_uid)
    offers = []

    def transcode(given, syntaxes):
        assert given is instance
        offers.append(list(syntaxes))
        return native

    [status] = peer_of(archive).store([instance], transcode=transcode)
    assert status.outcome == "stored"
    assert status.transfer_syntax_uid == ExplicitVRLittleEndian
    assert offers == [[ExplicitVRLittleEndian, ImplicitVRLittleEndian]]
    assert archive.data == {instance.sop_instance_uid: data_set(native)}


def test_an_instance_that_cannot_be_transcoded_fails_alone(archive):
    def transcode(*_):
        raise SourceError(
            code="x", where="pixels", given="lossy ones", expected="lossless", remedy="Decode them."
        )

    instances = [instance_file(syntax=JPEGLSLossless), instance_file()]
    first, second = peer_of(archive).store(instances, transcode=transcode)
    assert first.outcome == "refused"
    assert "JPEG-LS Lossless" in first.text
    assert "Decode them." in first.text
    assert second.outcome == "stored"


def test_an_unsupported_sop_class_is_refused_by_its_name_and_the_others_are_stored(archive):
    instances = [instance_file(sop_class=MR), instance_file(), instance_file(sop_class=MR)]
    statuses = list(peer_of(archive).store(instances, transcode=never))
    assert [status.outcome for status in statuses] == ["refused", "stored", "refused"]
    assert "MR Image Storage" in statuses[0].text
    assert archive.associations == 2


def test_warnings_name_what_the_archive_changed(archive):
    def coerce(_):
        answer = Dataset()
        answer.Status = 0xB000
        answer.OffendingElement = [0x00100020, 0x00100010]
        answer.ErrorComment = "as in the register"
        return answer

    archive.answer = coerce
    [status] = peer_of(archive).store([instance_file()], transcode=never)
    assert (status.outcome, status.status) == ("warning", 0xB000)
    assert status.is_stored
    assert status.coerced == ("PatientID", "PatientName")
    assert "as in the register" in status.text


def test_a_busy_archive_is_asked_again_a_bounded_number_of_times(archive):
    answers = iter([0xA700, 0x0213, 0x0000] + [0xA701] * 9)
    archive.answer = lambda _: next(answers)
    first, second = peer_of(archive, retries=2).store(
        [instance_file(), instance_file()], transcode=never
    )
    assert first.outcome == "stored"
    assert (second.outcome, second.status) == ("refused", 0xA701)
    assert len(list(answers)) == 6


def test_a_lost_association_is_opened_again_and_nothing_is_left_out(archive):
    instances = [instance_file() for _ in range(6)]
    doomed = {instances[2].sop_instance_uid, instances[4].sop_instance_uid}

    def abort(event):
        if event.request.AffectedSOPInstanceUID in doomed:
            doomed.discard(event.request.AffectedSOPInstanceUID)
            event.assoc.abort()
        return 0x0000

    archive.answer = abort
    statuses = list(peer_of(archive).store(instances, transcode=never))
    assert [status.outcome for status in statuses] == ["stored"] * 6
    assert set(archive.data) == {each.sop_instance_uid for each in instances}
    assert archive.associations == 3


def test_an_archive_that_goes_away_fails_the_rest_without_an_exception():
    with pynetdicom_archive() as archive:
        peer = peer_of(archive, retries=1)
        instances = [instance_file() for _ in range(5)]
        statuses = peer.store(iter(instances), transcode=never)
        begun = [next(statuses), next(statuses)]
    rest = list(statuses)
    assert [status.outcome for status in begun] == ["stored"] * 2
    assert [status.outcome for status in rest] == ["failed"] * 3
    assert all("closed port" in status.text for status in rest)


def test_several_associations_send_everything_in_order(archive):
    instances = [instance_file(size=10 * number) for number in range(30)]
    statuses = list(peer_of(archive, associations=3).store(iter(instances), transcode=never))
    uids = [each.sop_instance_uid for each in instances]
    assert [status.sop_instance_uid for status in statuses] == uids
    assert archive.data == {each.sop_instance_uid: data_set(each) for each in instances}
    assert 1 <= archive.associations <= 3


def test_an_archive_that_allows_one_association_gets_everything_through_it():
    with pynetdicom_archive(maximum_associations=1) as archive:
        instances = [instance_file() for _ in range(12)]
        peer = peer_of(archive, associations=3, retries=0)
        statuses = list(peer.store(instances, transcode=never))
    assert [status.outcome for status in statuses] == ["stored"] * 12


def test_instances_are_taken_as_they_are_sent(archive):
    taken = []

    def instances():
        for _ in range(50):
            taken.append(instance_file())
            yield taken[-1]

    statuses = peer_of(archive, associations=2).store(instances(), transcode=never)
    for _ in range(5):
        next(statuses)
    assert len(taken) <= 10
    statuses.close()
    assert len(taken) <= 10


def test_an_end_in_the_middle_leaves_no_association_and_no_thread(archive):
    before = set(threading.enumerate())
    for associations in (1, 2):
        statuses = peer_of(archive, associations=associations).store(
            (instance_file() for _ in range(9)), transcode=never
        )
        next(statuses)
        statuses.close()
    ours = [
        thread
        for thread in set(threading.enumerate()) - before
        if "Requestor" in thread.name or "dicomseries" in thread.name
    ]
    for thread in ours:
        thread.join(timeout=5)
    assert not any(thread.is_alive() for thread in ours)


def test_more_sop_classes_than_an_association_can_have_contexts_for_are_sent():
    from pynetdicom.sop_class import _STORAGE_CLASSES

    classes = sorted(_STORAGE_CLASSES.values())[:20]
    with pynetdicom_archive([(uid, NATIVE) for uid in classes]) as archive:
        instances = [instance_file(sop_class=uid) for uid in classes]
        statuses = list(peer_of(archive).store(instances, transcode=never))
    assert [status.outcome for status in statuses] == ["stored"] * 20
    assert len(archive.data) == 20


def test_a_file_that_is_gone_or_none_of_dicom_fails_alone(archive, tmp_path):
    gone = replace(instance_file(), content=tmp_path / "gone.dcm")
    other = replace(instance_file(), content=b"no DICOM" * 40)
    statuses = list(peer_of(archive).store([gone, other, instance_file()], transcode=never))
    assert [status.outcome for status in statuses] == ["failed", "failed", "stored"]


def test_every_status_of_the_standard_has_a_sentence():
    assert answer_text(0x0000) == ""
    for status in (0x0110, 0x0117, 0x0122, 0x0124, 0x0210, 0x0211, 0x0212, 0xA700, 0xA9FF, 0xC123):
        assert status_meaning(status).outcome == "refused"
        assert f"{status:04X}" in answer_text(status)
        assert answer_text(status).endswith(".")
    for status in (0xB000, 0xB006, 0xB007):
        assert status_meaning(status).outcome == "warning"


def test_an_archive_that_answers_to_no_store_ends_within_the_time_out(archive):
    release = threading.Event()
    archive.answer = lambda _: release.wait(5) and 0
    try:
        with pytest.raises(NetworkError) as caught:
            list(peer_of(archive, timeout=0.2).store([instance_file()], transcode=never))
    finally:
        release.set()
    assert caught.value.code == "peer-timeout"


def code_of(port, title="ARCHIVE", scheme="dicom", **options):
    peer = open_peer(f"{scheme}://{title}@127.0.0.1:{port}", {**QUICK, **options})
    with pytest.raises(NetworkError) as caught:
        peer.echo()
    return caught.value.code


def test_wrong_titles_and_what_the_archive_does_not_offer_have_their_codes():
    with pynetdicom_archive(
        require_called_aet=True, require_calling_aet=["KNOWN"], has_echo=False
    ) as archive:
        called = open_peer(f"dicom://OTHER@127.0.0.1:{archive.port}?calling=KNOWN", QUICK)
        with pytest.raises(NetworkError, match="does not have the AE title 'OTHER'") as caught:
            called.echo()
        assert caught.value.code == "called-aet-not-recognized"
        assert code_of(archive.port) == "calling-aet-not-recognized"
        unasked = open_peer(f"dicom://ARCHIVE@127.0.0.1:{archive.port}?calling=KNOWN", QUICK)
        with pytest.raises(NetworkError) as caught:
            unasked.echo()
        assert caught.value.code == "no-context-accepted"


def test_a_closed_port_and_an_unknown_host_have_their_codes(monkeypatch):
    assert code_of(free_port()) == "peer-not-reached"

    def unknown(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert code_of(104) == "host-unknown"


@pytest.mark.parametrize("scheme", ["dicom", "dicoms"])
def test_a_silent_server_ends_within_the_time_out(scheme):
    with socket.create_server(("127.0.0.1", 0)) as server:
        code = code_of(server.getsockname()[1], scheme=scheme, connect_timeout=0.2)
    assert code == {"dicom": "peer-timeout", "dicoms": "tls-mismatch"}[scheme]


def test_a_server_that_closes_or_talks_otherwise_has_its_code():
    for answer, code in (
        (b"", "association-lost"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "tls-mismatch"),
        (b"\x07\x00\x00\x00\x00\x04\x00\x00\x00\x00", "association-aborted"),
    ):
        with socket.create_server(("127.0.0.1", 0)) as server:

            def serve(server=server, answer=answer):
                connection, _ = server.accept()
                connection.recv(4096)
                connection.sendall(answer)
                connection.close()

            thread = threading.Thread(target=serve)
            thread.start()
            assert code_of(server.getsockname()[1]) == code
            thread.join()


def test_a_port_without_tls_is_named_when_tls_is_asked_for(archive):
    assert code_of(archive.port, scheme="dicoms") == "tls-mismatch"


def test_a_rejection_that_comes_before_pynetdicom_looks_is_seen(monkeypatch):
    from pynetdicom.acse import ACSE

    request = ACSE.send_request

    def slow(self):
        request(self)
        deadline = time.monotonic() + 5
        while self.assoc.dul.peek_next_pdu() is None and time.monotonic() < deadline:
            time.sleep(0.001)
        while self.socket._is_connected and time.monotonic() < deadline:
            time.sleep(0.001)

    monkeypatch.setattr(ACSE, "send_request", slow)
    with pynetdicom_archive(require_called_aet=True) as archive:
        assert code_of(archive.port, title="OTHER") == "called-aet-not-recognized"


def test_only_a_whole_answer_to_a_store_is_read_without_pynetdicom():
    elements = [(0x0100, b"\x01\x80"), (0x0800, b"\x01\x01"), (0x0900, b"\x00\xb0")]
    elements += [(0x0901, b"\x10\x00\x20\x00\x10\x00\x10\x00"), (0x0902, b"as known ")]

    def pdu(elements, flags=3):
        command = b"".join(struct.pack("<HHI", 0, tag, len(data)) + data for tag, data in elements)
        return struct.pack(">IBB", len(command) + 2, 1, flags) + command

    answer = store_answer(pdu(elements))
    assert (answer.Status, answer.OffendingElement) == (0xB000, (0x00100020, 0x00100010))
    assert answer.ErrorComment == "as known"
    assert store_answer(pdu(elements, flags=1)) is None
    assert store_answer(pdu(elements)[:-1]) is None
    assert store_answer(pdu(elements[1:])) is None
    assert store_answer(pdu([(0x0100, b"\x30\x80"), *elements[1:]])) is None
    assert store_answer(b"") is None


def test_no_message_is_sent_while_pynetdicoms_thread_looks_for_bytes(monkeypatch):
    from pynetdicom.transport import AssociationSocket

    from dicomseries.network.dimse.upper_layer import ArchiveSocket

    looks, may_end, is_sending = threading.Event(), threading.Event(), threading.Event()

    def look(_):
        looks.set()
        return may_end.wait(5)

    monkeypatch.setattr(AssociationSocket, "ready", property(look))
    connection = object.__new__(ArchiveSocket)
    connection._turn, connection._unread = threading.RLock(), bytearray()

    def send():
        with connection.send_whole():
            is_sending.set()

    threads = [threading.Thread(target=lambda: connection.ready), threading.Thread(target=send)]
    threads[0].start()
    assert looks.wait(5)
    threads[1].start()
    assert not is_sending.wait(0.03)
    may_end.set()
    assert is_sending.wait(5)
    for thread in threads:
        thread.join()
