"""What an archive sends is stored as it came, and what it does not send is counted."""

from __future__ import annotations

import threading
from io import BytesIO

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import JPEGLSLossless

from dicomseries.errors import NetworkError, OptionError, ReadError
from dicomseries.network import open_peer
from judges.dimse_archives import CT, NATIVE, free_port, instance_file, pynetdicom_archive

FIND = "1.2.840.10008.5.1.4.1.2.2.1"
MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
GET = "1.2.840.10008.5.1.4.1.2.2.3"
COMMIT = "1.2.840.10008.1.20.1"
QUICK = {"timeout": 5, "retry_wait": 0}
SERIES = {"StudyInstanceUID": "1.2.3", "SeriesInstanceUID": "1.2.3.4"}


class Shelf:
    """Instances of an archive, and the answers to its requests."""

    def __init__(self):
        self.port = free_port()
        self.instances = [instance_file(size=10_000 + number) for number in range(6)]
        self.requests = []
        self.lost_after = None
        self.hidden = set()
        self.final = None
        self.commitment = {}

    def find(self, event):
        level = event.identifier.QueryRetrieveLevel
        if level == "STUDY" and event.identifier.get("PatientID") == "refused":
            yield 0xA900, None
            return
        for instance in self.instances if level == "IMAGE" else self.instances[:1]:
            answer = Dataset()
            answer.QueryRetrieveLevel = level
            answer.StudyInstanceUID = instance.study_uid
            answer.SeriesInstanceUID = instance.series_uid
            answer.SOPInstanceUID = instance.sop_instance_uid
            answer.SOPClassUID = instance.sop_class_uid
            answer.SpecificCharacterSet = "ISO_IR 100"
            answer.PatientName = "Müller^Zoë"
            answer.ModalitiesInStudy = ["CT", "SEG"]
            yield 0xFF00, answer

    def wanted(self, event):
        self.requests.append(event.identifier.QueryRetrieveLevel)
        uids = event.identifier.get("SOPInstanceUID") or [
            each.sop_instance_uid for each in self.instances
        ]
        uids = [uids] if isinstance(uids, str) else uids
        return [each for each in self.instances if each.sop_instance_uid in uids]

    def get(self, event):
        yield from self.sub_operations(event)

    def move(self, event):
        yield ("127.0.0.1", self.port) if event.move_destination == "DICOMSERIES" else (None, None)
        yield from self.sub_operations(event)

    def sub_operations(self, event):
        wanted = self.wanted(event)
        yield len(wanted)
        for number, instance in enumerate(wanted):
            if number == self.lost_after:
                self.lost_after = None
                event.assoc.abort()
                return
            if instance.sop_instance_uid in self.hidden:
                failed = Dataset()
                failed.FailedSOPInstanceUIDList = [instance.sop_instance_uid]
                yield 0xB000, failed
                return
            yield 0xFF00, pydicom.dcmread(BytesIO(instance.content))
        if self.final is not None:
            yield self.final, None

    def action(self, event):
        information = event.action_information
        self.commitment["TransactionUID"] = information.TransactionUID
        report = Dataset()
        report.TransactionUID = information.TransactionUID
        report.ReferencedSOPSequence = list(information.ReferencedSOPSequence)[:-1]
        failed = list(information.ReferencedSOPSequence)[-1]
        failed.FailureReason = 0x0112
        report.FailedSOPSequence = [failed]
        if self.commitment.get("is_silent"):
            return 0x0000, None
        target = event.assoc
        if self.commitment.get("is_elsewhere"):
            threading.Thread(target=self.report_elsewhere, args=(report,)).start()
        else:
            threading.Thread(
                target=target.send_n_event_report,
                args=(report, 2, COMMIT, "1.2.840.10008.1.20.1.1"),
            ).start()
        return 0x0000, None

    def report_elsewhere(self, report):
        from pynetdicom import AE, build_role

        entity = AE("ARCHIVE")
        entity.add_requested_context(COMMIT)
        role = build_role(COMMIT, scp_role=True)
        association = entity.associate(
            "127.0.0.1", self.port, ae_title="DICOMSERIES", ext_neg=[role]
        )
        association.send_n_event_report(report, 2, COMMIT, "1.2.840.10008.1.20.1.1")
        association.release()


@pytest.fixture(scope="module")
def running():
    from pynetdicom import evt

    shelf = Shelf()

    def answered_by(name):
        # The shelf of each test, whose methods the test may replace.
        def answer(event):
            method = getattr(shelf.now, name)
            return method(event)

        return answer

    handlers = [
        (evt.EVT_C_FIND, answered_by("find")),
        (evt.EVT_C_GET, answered_by("get")),
        (evt.EVT_C_MOVE, answered_by("move")),
        (evt.EVT_N_ACTION, answered_by("action")),
    ]
    contexts = [(uid, NATIVE) for uid in (FIND, GET, MOVE, COMMIT)]
    contexts.append((CT, (*NATIVE, JPEGLSLossless)))
    with pynetdicom_archive(contexts, handlers=handlers) as archive:
        archive.entity.add_requested_context(CT)
        yield archive, shelf


@pytest.fixture
def shelf(running):
    archive, holder = running
    holder.now = Shelf()
    holder.now.url = f"dicom://ARCHIVE@127.0.0.1:{archive.port}"
    return holder.now


def fetched(shelf, folder, method="get", **options):
    peer = open_peer(f"{shelf.url}?method={method}&port={shelf.port}", {**QUICK, **options})
    return peer.fetch("1.2.3", "1.2.3.4", folder)


def read_back(folder):
    return {path.stem: pydicom.dcmread(path) for path in folder.iterdir()}


@pytest.mark.parametrize("method", ["get", "move"])
def test_every_instance_is_stored_under_its_uid(method, shelf, tmp_path):
    assert fetched(shelf, tmp_path, method) == 6
    stored = read_back(tmp_path)
    for instance in shelf.instances:
        assert stored[instance.sop_instance_uid] == pydicom.dcmread(BytesIO(instance.content))
    assert shelf.requests == ["SERIES"]


@pytest.mark.parametrize("method", ["get", "move"])
def test_after_a_lost_association_only_the_rest_is_asked_for(method, shelf, tmp_path):
    shelf.lost_after = 2
    assert fetched(shelf, tmp_path, method) == 6
    assert shelf.requests == ["SERIES", "IMAGE"]


def test_instances_that_do_not_come_are_counted(shelf, tmp_path):
    shelf.hidden = {shelf.instances[4].sop_instance_uid}
    with pytest.raises(ReadError) as caught:
        fetched(shelf, tmp_path)
    assert caught.value.code == "instances-missing"
    assert "4 of 6 instances" in str(caught.value)


def test_a_retrieval_that_is_refused_says_why(shelf, tmp_path):
    shelf.instances[1:] = []
    shelf.get = refusing
    with pytest.raises(NetworkError) as caught:
        fetched(shelf, tmp_path)
    assert caught.value.code == "retrieval-rejected"
    assert "A702" in str(caught.value)


def refusing(_):
    yield 1
    yield 0xA702, None


def test_an_unknown_move_destination_names_what_to_enter(shelf, tmp_path):
    peer = open_peer(f"{shelf.url}?calling=OTHER&method=move&port={shelf.port}", QUICK)
    with pytest.raises(NetworkError) as caught:
        peer.fetch("1.2.3", "1.2.3.4", tmp_path)
    assert caught.value.code == "retrieval-rejected"
    assert "A801" in str(caught.value)
    assert "add this AE title" in str(caught.value)


def test_a_move_needs_a_free_port(shelf, tmp_path):
    with pytest.raises(OptionError) as caught:
        open_peer(f"{shelf.url}?method=move", QUICK).fetch("1.2.3", None, tmp_path)
    assert caught.value.code == "receiver-port-missing"
    shelf.port = int(shelf.url.rpartition(":")[2])
    with pytest.raises(NetworkError) as caught:
        fetched(shelf, tmp_path, "move")
    assert caught.value.code == "receiver-not-started"


def test_a_stranger_cannot_store_at_our_port(shelf, tmp_path):
    outcomes = []

    def intrude(event):
        yield "127.0.0.1", shelf.port
        yield len(shelf.instances)
        stranger = open_peer(f"dicom://DICOMSERIES@127.0.0.1:{shelf.port}?calling=X", QUICK)
        outcomes.extend(stranger.store([instance_file()], transcode=None))
        for instance in shelf.instances:
            yield 0xFF00, pydicom.dcmread(BytesIO(instance.content))

    shelf.move = intrude
    assert fetched(shelf, tmp_path, "move") == 6
    assert [(status.outcome, status.status) for status in outcomes] == [("refused", 0x0124)]
    assert len(list(tmp_path.iterdir())) == 6


def test_a_full_disk_is_named(shelf, tmp_path):
    with pytest.raises(ReadError) as caught:
        fetched(shelf, tmp_path / "gone")
    assert caught.value.code == "file-unwritable"


def test_matches_are_texts_in_their_character_set(shelf):
    peer = open_peer(shelf.url, QUICK)
    [match] = peer.find("STUDY", {"PatientID": "Zoë*", "StudyInstanceUID": ""})
    assert match["PatientName"] == "Müller^Zoë"
    assert match["ModalitiesInStudy"] == ["CT", "SEG"]
    with pytest.raises(NetworkError) as caught:
        list(peer.find("STUDY", {"PatientID": "refused"}))
    assert caught.value.code == "query-rejected"
    with pytest.raises(OptionError) as caught:
        list(peer.find("STUDY", {"PatientIdd": ""}))
    assert caught.value.code == "keyword-unknown"


def test_a_search_may_be_left_before_its_end(shelf):
    peer = open_peer(shelf.url, QUICK)
    matches = peer.find("IMAGE", {**SERIES, "SOPInstanceUID": ""})
    assert next(matches)["SOPInstanceUID"] == shelf.instances[0].sop_instance_uid
    matches.close()
    assert len(list(peer.find("IMAGE", {**SERIES, "SOPInstanceUID": ""}))) == 6


@pytest.mark.parametrize("is_elsewhere", [False, True])
def test_a_commitment_is_reported_here_or_at_our_port(is_elsewhere, shelf):
    shelf.commitment["is_elsewhere"] = is_elsewhere
    peer = open_peer(shelf.url, {**QUICK, "port": shelf.port if is_elsewhere else None})
    commitment = peer.commit([(CT, "1.2.3.1"), (CT, "1.2.3.2"), (CT, "1.2.3.9")])
    assert commitment.committed == ("1.2.3.1", "1.2.3.2")
    assert list(commitment.failed) == ["1.2.3.9"]
    assert "does not have it" in commitment.failed["1.2.3.9"]


def test_a_commitment_that_is_not_reported_ends_within_the_time_out(shelf):
    shelf.commitment["is_silent"] = True
    with pytest.raises(NetworkError) as caught:
        open_peer(shelf.url, {**QUICK, "commit_timeout": 0.1}).commit([(CT, "1.2.3.1")])
    assert caught.value.code == "commitment-not-reported"
    assert "no report within 0.1 s, the option commit_timeout" in str(caught.value)


def test_a_retrieval_that_fails_is_not_blamed_on_a_file_of_the_user(shelf, tmp_path):
    def failing(_):
        yield 1
        yield 0xC000, None

    shelf.instances[1:] = []
    shelf.get = failing
    with pytest.raises(NetworkError) as caught:
        fetched(shelf, tmp_path)
    assert "C000" in str(caught.value)
    assert "dicomseries check" not in str(caught.value)
