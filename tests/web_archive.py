"""A small DICOMweb archive in this process, whose answers a test can replace."""

from __future__ import annotations

import io
import json
import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pydicom

from dicomseries.network import InstanceFile

JSON = "application/dicom+json"
COUNT = "00201209"  # NumberOfSeriesRelatedInstances
RESULT_TAGS = ("00080018", "0020000D", "0020000E", "00100010", "00100020", "00280010")


@dataclass
class Request:
    """A request as it arrived."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    raw_query: str = ""
    body: bytes = b""
    parts: list[bytes] = field(default_factory=list)


@dataclass
class Reply:
    """What is sent instead of the usual answer."""

    status: int = 200
    body: bytes = b""
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    act: Callable[[BaseHTTPRequestHandler], None] | None = None


class WebArchive(ThreadingHTTPServer):
    """Instances in memory, behind QIDO-RS, WADO-RS and STOW-RS."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.reset()

    def reset(self) -> None:
        self.files: dict[str, bytes] = {}
        self.requests: list[Request] = []
        self.ended_early = 0
        self.reply: Callable[[Request], Reply | None] = _no_reply
        self.offers_any_syntax = True
        self.page = self.largest_page = 1000
        self.largest_body = 1 << 40
        self.answers_large_bodies = True

    @property
    def url(self) -> str:
        scheme = "https" if isinstance(self.socket, ssl.SSLSocket) else "http"
        return f"{scheme}://127.0.0.1:{self.server_port}/dicom-web"

    def posts(self) -> list[Request]:
        return [request for request in self.requests if request.method == "POST"]

    def handle_error(self, *_: object) -> None:
        """Stay silent when a test ends a connection."""


def always(reply: Reply) -> Callable[[Request], Reply]:
    """Return a function that answers every request alike."""

    def answer(request: Request) -> Reply:
        assert request.method in {"GET", "POST"}
        return reply

    return answer


def drop(handler: BaseHTTPRequestHandler) -> None:
    """End a connection without an answer."""
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


def _no_reply(_: Request) -> None:
    return None


@contextmanager
def web_archive(context: ssl.SSLContext | None = None) -> Iterator[WebArchive]:
    """Start an archive on a free port of loopback."""
    server = WebArchive()
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
    )
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def closed_port() -> int:
    """Return a port of loopback that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def instance_of(path: Path, *, in_memory: bool = False) -> InstanceFile:
    """Return a file as an instance to send."""
    header = pydicom.dcmread(path, stop_before_pixels=True)
    return InstanceFile(
        sop_class_uid=header.SOPClassUID,
        sop_instance_uid=header.SOPInstanceUID,
        transfer_syntax_uid=header.file_meta.TransferSyntaxUID,
        study_uid=header.StudyInstanceUID,
        series_uid=header.SeriesInstanceUID,
        content=path.read_bytes() if in_memory else path,
        size=path.stat().st_size,
    )


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: WebArchive

    def log_message(self, *_: object) -> None:
        """Write nothing."""

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def _handle(self) -> None:
        url = urlsplit(self.path)
        request = Request(
            method=self.command,
            path=url.path.removeprefix("/dicom-web"),
            query=parse_qs(url.query),
            headers={name.lower(): value for name, value in self.headers.items()},
            raw_query=url.query,
        )
        if request.method == "POST":
            if int(self.headers["Content-Length"]) > self.server.largest_body:
                self._end_early()
                return
            request.body = self._read_body()
            request.parts = _parts(request.body, request.headers["content-type"])
        self.server.requests.append(request)
        reply = self.server.reply(request) or _usual(self.server, request)
        if reply.act is not None:
            reply.act(self)
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    def _end_early(self) -> None:
        """End the connection while the body is on its way, with an answer or without."""
        self.server.ended_early += 1
        self.close_connection = True
        if self.server.answers_large_bodies:
            self.send_response(413)
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.flush()
        else:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _read_body(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"]))


def _parts(body: bytes, content_type: str) -> list[bytes]:
    boundary = re.search(r'boundary="?([^";]+)', content_type)[1]
    sections = body.split(f"\r\n--{boundary}".encode())[1:-1]
    return [section.partition(b"\r\n\r\n")[2] for section in sections]


def _usual(server: WebArchive, request: Request) -> Reply:
    if request.method == "POST":
        return stored(server, request)
    if "json" in request.headers.get("accept", ""):
        return _search(server, request)
    return _retrieve(server, request)


def stored(server: WebArchive, request: Request, **reasons: dict[str, int]) -> Reply:
    """Keep every instance but those of `failed`; note those of `warned`."""
    failed, warned = reasons.get("failed", {}), reasons.get("warned", {})
    good, bad = [], []
    for part in request.parts:
        header = pydicom.dcmread(io.BytesIO(part), stop_before_pixels=True)
        uid = header.SOPInstanceUID
        item = {"00081155": {"vr": "UI", "Value": [uid]}}
        if uid in failed:
            bad.append({**item, "00081197": {"vr": "US", "Value": [failed[uid]]}})
            continue
        server.files[uid] = part
        if uid in warned:
            modified = {"04000550": {"vr": "SQ", "Value": [{"00100010": {"vr": "PN"}}]}}
            item["00081196"] = {"vr": "US", "Value": [warned[uid]]}
            item["04000561"] = {"vr": "SQ", "Value": [modified]}
        good.append(item)
    answer = {}
    if good:
        answer["00081199"] = {"vr": "SQ", "Value": good}
    if bad:
        answer["00081198"] = {"vr": "SQ", "Value": bad}
    status = 200
    if bad:
        status = 202 if good else 409
    return Reply(status, json.dumps(answer).encode())


def _headers(server: WebArchive, request: Request) -> Iterator[tuple[pydicom.Dataset, bytes]]:
    uids = dict(re.findall(r"/(studies|series|instances)/([0-9.]+)", request.path))
    for content in list(server.files.values()):
        header = pydicom.dcmread(io.BytesIO(content), stop_before_pixels=True)
        own = {
            "studies": header.StudyInstanceUID,
            "series": header.SeriesInstanceUID,
            "instances": header.SOPInstanceUID,
        }
        matches = all(own[level] == uid for level, uid in uids.items())
        patients = request.query.get("PatientID", [header.PatientID])
        if matches and header.PatientID in patients:
            yield header, content


def _search(server: WebArchive, request: Request) -> Reply:
    level = request.path.rpartition("/")[2]
    key = {"studies": "StudyInstanceUID", "series": "SeriesInstanceUID"}.get(
        level, "SOPInstanceUID"
    )
    rows = {}
    for header, _ in _headers(server, request):
        answer = header.to_json_dict()
        row = {tag: answer[tag] for tag in RESULT_TAGS if tag in answer}
        count = rows.get(header[key].value, {}).get(COUNT, {"Value": [0]})["Value"][0]
        row[COUNT] = {"vr": "IS", "Value": [count + 1]}
        rows[header[key].value] = row
    offset = int(request.query.get("offset", ["0"])[0])
    if server.largest_page < int(request.query.get("limit", ["0"])[0]):
        return Reply(400, b"limit is too large", "text/plain")
    limit = min(server.page, int(request.query.get("limit", ["1000"])[0]))
    page = list(rows.values())[offset : offset + limit]
    return Reply(200 if page else 204, json.dumps(page).encode() if page else b"")


def _retrieve(server: WebArchive, request: Request) -> Reply:
    if "transfer-syntax=*" in request.headers["accept"] and not server.offers_any_syntax:
        return Reply(406)
    contents = [content for _, content in _headers(server, request)]
    if not contents:
        return Reply(404)
    return parts_reply(contents)


def parts_reply(contents: list[bytes], boundary: str = "Xq1") -> Reply:
    """Return files as one answer."""
    body = b""
    for content in contents:
        body += f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
        body += content + b"\r\n"
    body += f"--{boundary}--".encode()
    content_type = f'multipart/related; type="application/dicom"; boundary="{boundary}"'
    return Reply(200, body, content_type)
