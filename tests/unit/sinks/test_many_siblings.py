"""Ten thousand series in one folder: a write lists it once, not once for each kind of leftover."""

from __future__ import annotations

import os

from dicomseries.sinks import DirectorySink


def test_the_parent_of_a_target_is_listed_once(tmp_path, monkeypatch):
    for index in range(20):
        (tmp_path / str(index)).mkdir()
    listed = []
    listdir = os.listdir

    def counted(path):
        listed.append(path)
        return listdir(path)

    def not_called(path):
        assert path != tmp_path
        return iter([path / name for name in listdir(path)])

    monkeypatch.setattr(os, "listdir", counted)
    monkeypatch.setattr(type(tmp_path), "iterdir", not_called)
    with DirectorySink(tmp_path / "out", sync=False) as sink:
        sink.put("0001.dcm", [b"content"])
        sink.commit()
    assert listed.count(tmp_path) == 1
