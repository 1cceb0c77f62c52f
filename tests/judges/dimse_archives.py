"""Archives that talk DIMSE, on free ports: pynetdicom's in this process, and dcmtk's."""

from __future__ import annotations

import io
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from socketserver import TCPServer
from typing import Any

import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, generate_uid

from dicomseries.network import InstanceFile
from judges.orthanc import orthanc_server
from judges.presence import absent

__all__ = [
    "PynetdicomArchive",
    "dcmqrscp",
    "dimse_orthanc",
    "free_port",
    "instance_file",
    "instance_files",
    "pynetdicom_archive",
    "storescp",
]

CT = "1.2.840.10008.5.1.4.1.1.2"
NATIVE = (ExplicitVRLittleEndian, ImplicitVRLittleEndian)


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def instance_files(folder: Path) -> list[InstanceFile]:
    """Return the files of a folder, as they are sent."""
    return [_described(path, pydicom.dcmread(path)) for path in sorted(folder.rglob("*.dcm"))]


def instance_file(
    *, sop_class: str = CT, syntax: str = ExplicitVRLittleEndian, size: int = 1000, **tags: Any
) -> InstanceFile:
    """Return a small instance in memory."""
    dataset = Dataset()
    dataset.SOPClassUID = sop_class
    dataset.SOPInstanceUID = generate_uid()
    dataset.StudyInstanceUID = "1.2.3"
    dataset.SeriesInstanceUID = "1.2.3.4"
    dataset.PatientID = "42"
    for keyword, value in tags.items():
        setattr(dataset, keyword, value)
    dataset.EncapsulatedDocument = bytes(size % 2 + size)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    stream = io.BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    return _described(stream.getvalue(), dataset)


def _described(content: Path | bytes, dataset: Dataset) -> InstanceFile:
    return InstanceFile(
        sop_class_uid=str(dataset.SOPClassUID),
        sop_instance_uid=str(dataset.SOPInstanceUID),
        transfer_syntax_uid=str(dataset.file_meta.TransferSyntaxUID),
        study_uid=str(dataset.StudyInstanceUID),
        series_uid=str(dataset.SeriesInstanceUID),
        content=content,
        size=len(content) if isinstance(content, bytes) else content.stat().st_size,
    )


class PynetdicomArchive:
    """pynetdicom's SCP; `data` has the data sets that were stored, as bytes."""

    def __init__(self) -> None:
        self.port = 0
        self.data: dict[str, bytes] = {}
        self.syntaxes: dict[str, str] = {}
        self.associations = 0
        self.answer: Callable[[Any], Any] = lambda _: 0x0000
        self.entity: Any = None

    def stored(self, event: Any) -> Any:
        answer = self.answer(event)
        if answer == 0x0000:
            uid = str(event.request.AffectedSOPInstanceUID)
            self.data[uid] = event.encoded_dataset(include_meta=False)
            self.syntaxes[uid] = str(event.context.transfer_syntax)
        return answer

    def accepted(self, _: Any) -> None:
        self.associations += 1


@contextmanager
def pynetdicom_archive(
    contexts: Sequence[tuple[str, Sequence[str]]] = ((CT, NATIVE),),
    *,
    title: str = "ARCHIVE",
    has_echo: bool = True,
    handlers: Sequence[tuple[Any, Any]] = (),
    **settings: Any,
) -> Iterator[PynetdicomArchive]:
    """Start an SCP with contexts; `settings` are attributes of pynetdicom's AE."""
    from pynetdicom import AE, evt
    from pynetdicom.transport import ThreadedAssociationServer

    entity = AE(ae_title=title)
    tls = settings.pop("ssl_context", None)
    for name, value in settings.items():
        setattr(entity, name, value)
    if has_echo:
        entity.add_supported_context("1.2.840.10008.1.1")
    for sop_class, syntaxes in contexts:
        entity.add_supported_context(sop_class, list(syntaxes), scu_role=True, scp_role=True)
    archive = PynetdicomArchive()
    archive.entity = entity
    server = entity.make_server(
        ("127.0.0.1", 0),
        evt_handlers=[
            (evt.EVT_C_STORE, archive.stored),
            (evt.EVT_ACCEPTED, archive.accepted),
            *handlers,
        ],
        ssl_context=tls,
        server_class=ThreadedAssociationServer,
    )
    archive.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield archive
    finally:
        TCPServer.shutdown(server)
        thread.join()
        for association in server.active_associations:
            association.abort()
        server.server_close()


@contextmanager
def storescp(folder: Path, *options: str, port: int = 0) -> Iterator[int]:
    """Start dcmtk's storescp, which stores into a folder; yield its port."""
    port = port or free_port()
    folder.mkdir(exist_ok=True)
    command = [_program("storescp"), "-aet", "ARCHIVE", "-od", str(folder), *options, str(port)]
    with _started(command, port):
        yield port


@contextmanager
def dcmqrscp(title: str = "ARCHIVE", movers: Sequence[tuple[str, int]] = ()) -> Iterator[int]:
    """Start dcmtk's archive; `movers` are AE titles and their ports on this machine."""
    with tempfile.TemporaryDirectory() as home:
        port = free_port()
        Path(home, "db").mkdir()
        hosts = "\n".join(
            f"mover{number} = ({aet}, 127.0.0.1, {to})" for number, (aet, to) in enumerate(movers)
        )
        Path(home, "dcmqrscp.cfg").write_text(
            f"NetworkTCPPort = {port}\nMaxPDUSize = 131072\nMaxAssociations = 16\n"
            f"HostTable BEGIN\n{hosts}\nHostTable END\n"
            "VendorTable BEGIN\nVendorTable END\n"
            f"AETable BEGIN\n{title} {home}/db RW (200, 1024mb) ANY\nAETable END\n",
            encoding="ascii",
        )
        command = [_program("dcmqrscp"), "-c", f"{home}/dcmqrscp.cfg", "+xe"]
        with _started(command, port):
            yield port


@contextmanager
def dimse_orthanc(movers: Sequence[tuple[str, int]] = ()) -> Iterator[tuple[int, str]]:
    """Start Orthanc; yield the port of its DICOM server and the address of its REST interface."""
    port = free_port()
    modalities = {
        f"mover{number}": {
            "AET": aet,
            "Host": "127.0.0.1",
            "Port": to,
            "AllowStorageCommitment": True,
        }
        for number, (aet, to) in enumerate(movers)
    }
    settings = {
        "DicomServerEnabled": True,
        "DicomPort": port,
        "DicomAet": "ARCHIVE",
        "DicomCheckCalledAet": True,
        "DicomModalities": modalities,
        "DicomAlwaysAllowFind": True,
        "DicomAlwaysAllowGet": True,
        "DicomAlwaysAllowMove": True,
        "UnknownSopClassAccepted": True,
    }
    with orthanc_server(more_settings=settings) as address:
        yield port, address


@contextmanager
def _started(command: list[str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(server, port)
        yield server
    finally:
        server.kill()
        server.wait(timeout=20)


def _wait_for(server: subprocess.Popen[bytes], port: int) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.01)
        else:
            return
    message = f"{server.args} does not listen"
    raise RuntimeError(message)


def _program(name: str) -> str:
    # Packages of Python install programs of the same names: dcmtk's are the system's.
    program = shutil.which(name, path="/usr/bin:/usr/local/bin:/opt/homebrew/bin")
    if program is None:
        absent(f"dcmtk's {name}", "run `make debian` as root")
    return str(program)
