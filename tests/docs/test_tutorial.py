"""The examples with an archive run against a test server on loopback."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

import dicomseries as dcs
from docs.test_code_blocks import ROOT, execute
from judges.presence import absent

ADDRESSES = {"pacs.example 104": "127.0.0.1 {}", "pacs.example:104": "127.0.0.1:{}"}
SERVED = re.compile(r"<!-- not run: tests/docs/test_tutorial\.py [^>]*-->\n")


@contextmanager
def archive(folder: Path) -> Iterator[int]:
    """Store received C-STORE data unchanged; yield the port."""
    from pynetdicom import AE, AllStoragePresentationContexts, evt
    from pynetdicom.sop_class import Verification

    def keep(event) -> int:
        path = folder / f"{event.request.AffectedSOPInstanceUID}.dcm"
        path.write_bytes(event.encoded_dataset())
        return 0x0000

    entity = AE(ae_title="ARCHIVE")
    entity.require_called_aet = True
    entity.supported_contexts = AllStoragePresentationContexts
    entity.add_supported_context(Verification)
    server = entity.start_server(
        ("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, keep)]
    )
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()


def send_as_said(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run a document with the address of our archive; return the folder it fills."""
    kept, work = tmp_path / "kept", tmp_path / "work"
    kept.mkdir()
    work.mkdir()
    monkeypatch.chdir(work)
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    assert SERVED.search(text)
    text = SERVED.sub("", text)
    with archive(kept) as port:
        for address, ours in ADDRESSES.items():
            text = text.replace(address, ours.format(port))
        document = tmp_path / "document.md"
        document.write_text(text, encoding="utf-8")
        execute(document)
    return kept


def test_the_tutorial_brings_its_array_into_an_archive(tmp_path, monkeypatch):
    kept = send_as_said("tutorial/from-an-array-to-a-pacs.md", tmp_path, monkeypatch)
    sent = dcs.read(tmp_path / "work" / "series")
    assert len(list(kept.iterdir())) == len(sent.array) == 12
    assert np.array_equal(dcs.read(kept).array, sent.array)
    assert dcs.check(kept, against=sent, validators=False) == ()


def test_every_sender_of_the_how_to_sends_the_whole_series(tmp_path, monkeypatch):
    if not Path("/usr/bin/storescu").is_file():
        absent("dcmtk", "run `make debian` as root")
    kept = send_as_said("how-to/pacs.md", tmp_path, monkeypatch)
    assert np.array_equal(dcs.read(kept).array, np.arange(60).reshape(3, 4, 5))
