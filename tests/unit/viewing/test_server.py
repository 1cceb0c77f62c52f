"""The server answers on loopback, to those who know the token, what there is, and nothing else."""

from __future__ import annotations

import http.client
import threading
from contextlib import contextmanager

import numpy as np
import pytest

from dicomseries.geometry import Grid
from dicomseries.sources import ArraySlabs, Volume
from dicomseries.viewing import Planes, Site, bound_server

ARRAY = np.arange(24, dtype="int16").reshape(2, 3, 4)


@contextmanager
def running():
    volume = Volume(slabs=ArraySlabs(ARRAY), grid=Grid(shape=ARRAY.shape, spacing_mm=(1, 1, 1)))
    site = Site(page="<p>page", planes=(Planes(volume),), records={"findings": lambda: [1], "attributes": fault})
    with bound_server(site, "secret") as server:
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


def test_page_planes_and_records_are_there_for_who_knows_the_token():
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
def test_nothing_else_is_there(path):
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
