"""A fake archive behind every URL, and a series to send."""

from __future__ import annotations

import pytest

import dicomseries as dcs
from dicomseries.network.dimse import DimsePeer
from fake_archive import ARRAY, FakeArchive


@pytest.fixture
def archive(monkeypatch):
    fake = FakeArchive()
    monkeypatch.setattr(DimsePeer, "at", lambda *_: fake)
    return fake


@pytest.fixture(scope="session")
def ct(tmp_path_factory):
    folder = tmp_path_factory.mktemp("delivery") / "ct"
    dcs.write(ARRAY, folder, kind="CT", spacing=(0.7, 0.9, 2.5), sync=False, verify=False)
    return folder
