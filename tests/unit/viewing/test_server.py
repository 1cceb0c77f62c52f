"""The server answers on 127.0.0.1, only with the token."""

from __future__ import annotations

import http.client
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from urllib.parse import quote

import numpy as np
import pytest

from dicomseries.geometry import Grid
from dicomseries.sources import Volume, array_frames
from dicomseries.viewing import Planes, Site, loopback, page_html, site_server

ARRAY = np.arange(24, dtype="int16").reshape(2, 3, 4)


@contextmanager
def running():
    volume = Volume(slabs=array_frames(ARRAY), grid=Grid(shape=ARRAY.shape, spacing_mm=(1, 1, 1)))
    site = Site(
        page="<p>page",
        planes=(Planes(volume),),
        records={"findings": lambda: [1], "attributes": fault},
    )
    with site_server(site, "secret") as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
            site.close()


def fault():
    raise OSError(5, "the disk is gone")


def answer(server, path, method="GET", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=20)
    connection.request(method, path, headers=headers)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response, content


def test_page_planes_and_records_are_answered_with_the_token():
    with running() as server:
        assert server.server_address[0] == "127.0.0.1"
        assert answer(server, "/secret/")[1] == b"<p>page"
        plane = np.frombuffer(answer(server, "/secret/voxels/0/2/1/0")[1], "<i2")
        assert plane.tolist() == ARRAY[:, :, 1].ravel().tolist()
        assert answer(server, "/secret/findings")[1] == b"[1]"
        response, content = answer(server, "/secret/attributes")
        assert (response.status, b"the disk is gone" in content) == (500, True)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/secret",
        "/wrong/",
        "/Secret/",
        "/secret/../etc/passwd",
        "/secret/voxels/0/0/2/0",
        "/secret/voxels/1/0/0/0",
        "/secret/voxels/0/0/-1/0",
        "/secret/voxels/0/0/0",
        "/secret/x",
        "/s%65cret/",
        "/%E9/",
    ],
)
def test_other_paths_are_not_found(path):
    with running() as server:
        response, content = answer(server, path)
        assert (response.status, content) == (404, b"There is nothing here.\n")


def test_another_name_for_this_machine_is_not_answered_and_nothing_is_changed():
    with running() as server:
        assert answer(server, "/secret/", Host="evil.example")[0].status == 404
        assert answer(server, "/secret/", method="POST")[0].status == 501
        headers = answer(server, "/secret/")[0].headers
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "Access-Control-Allow-Origin" not in headers


def raw_answer(server, text):
    """Return all that is answered to these bytes until the connection is closed."""
    with socket.create_connection(
        ("127.0.0.1", server.server_address[1]), timeout=20
    ) as connection:
        connection.sendall(text.encode())
        return b"".join(iter(lambda: connection.recv(1 << 16), b""))


def test_head_is_answered_as_get_without_the_body():
    with running() as server:
        for path in ("/secret/", "/secret/voxels/0/2/1/0", "/secret/findings", "/nothing"):
            full, content = answer(server, path)
            head, nothing = answer(server, path, "HEAD")
            assert (head.status, nothing) == (full.status, b"")
            assert head.getheader("Content-Length") == str(len(content))


def test_the_policy_of_the_page_is_also_a_header():
    with running() as server:
        policy = answer(server, "/secret/")[0].getheader("Content-Security-Policy")
        assert "default-src 'none'" in policy
        assert policy in page_html({"title": "x"}, None)


def test_a_body_is_never_taken_for_the_next_request():
    with running() as server:
        host = f"127.0.0.1:{server.server_address[1]}"
        body = f"GET /other HTTP/1.1\r\nHost: {host}\r\n\r\n"
        text = (
            f"GET /secret/findings HTTP/1.1\r\nHost: {host}\r\nContent-Length: "
            f"{len(body)}\r\n\r\n{body}"
        )
        answered = raw_answer(server, text)
        assert answered.count(b"HTTP/1.1 ") == 1
        assert b"HTTP/1.1 200" in answered


@pytest.mark.parametrize(
    "hosts", [["127.0.0.1", "evil.example"], ["127.0.0.1", "127.0.0.1"], [], ["evil.example"]]
)
def test_several_host_headers_are_rejected(hosts):
    with running() as server:
        lines = "".join(f"Host: {host}\r\n" for host in hosts)
        answered = raw_answer(server, f"GET /secret/ HTTP/1.1\r\n{lines}Connection: close\r\n\r\n")
        assert b" 404 " in answered.splitlines()[0]


@pytest.mark.parametrize("number", ["9" * 5000, "9" * 19, "-1", "٣"])
def test_numbers_beyond_all_bounds_are_not_found(number, capsys):
    with running() as server:
        path = quote(f"/secret/voxels/0/0/{number}/0")
        assert answer(server, path)[0].status == 404
    assert capsys.readouterr().err == ""


def test_hundreds_of_clients_at_once_are_all_answered():
    with running() as server:
        assert server.request_queue_size >= 256
        ready = threading.Barrier(64)

        def ask(_):
            ready.wait()
            return answer(server, "/secret/findings")[0].status

        with ThreadPoolExecutor(64) as pool:
            assert set(pool.map(ask, range(256))) == {200}


def test_an_idle_connection_is_closed(monkeypatch):
    monkeypatch.setattr(loopback._Handler, "timeout", 0.05)
    with (
        running() as server,
        socket.create_connection(("127.0.0.1", server.server_address[1]), timeout=20) as client,
    ):
        assert client.recv(1) == b""
