"""A killed write is resumed: complete files are kept, and the bytes are the usual ones."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.errors import OptionError, TargetError
from dicomseries.sinks import staged_folder
from dicomseries.sinks.directory import DirectorySink
from warm_python import warm_python

ARRAY = np.random.default_rng(3).integers(-1000, 2000, (40, 30, 50)).astype("int16")
FORM = {"kind": "CT", "spacing": (0.7, 0.9, 2.5), "metadata": {"PatientID": "42"}}

# Dies while it writes a file, whose first bytes are then on the disk.
DYING = """
import json, os, sys
import numpy as np, dicomseries as dcs
from dicomseries.sinks import staged_folder

written, form = [0], json.loads(sys.argv[3])
write_buffers = staged_folder.write_buffers

def write_some(handle, buffers):
    written[0] += 1
    if written[0] == int(sys.argv[4]):
        os.write(handle, b"".join(buffers)[:700])
        os._exit(9)
    return write_buffers(handle, buffers)

staged_folder.write_buffers = write_some
dcs.write(np.load(sys.argv[1]), sys.argv[2], workers=2, **form)
"""


def die(tmp_path, array, form, *, at=17):
    np.save(tmp_path / "array.npy", array)
    done = subprocess.run(
        [
            warm_python(),
            "-c",
            DYING,
            tmp_path / "array.npy",
            tmp_path / "out",
            json.dumps(form),
            str(at),
        ],
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(dcs.__file__).parents[1])},
    )
    assert done.returncode == 9
    assert not (tmp_path / "out").exists()
    (record,) = tmp_path.glob(".out.partial-*.json")
    return json.loads(record.read_text(encoding="utf-8"))


def digests(folder):
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*.dcm")
    }


def resumed(tmp_path, array, form, **options):
    """Return how many files were written, having resumed."""
    written = []
    whole = staged_folder.StagedFolder.put
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            staged_folder.StagedFolder,
            "put",
            lambda self, name, data: (written.append(name), whole(self, name, data))[1],
        )
        receipt = dcs.write(array, tmp_path / "out", resume=True, **form, **options)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["array.npy", "out"]
    return receipt, written


@pytest.mark.parametrize("verify", [True, False])
@pytest.mark.parametrize("dtype", ["int16", "float32"])
def test_a_killed_write_is_gone_on_with_and_gives_the_same_bytes(tmp_path, dtype, verify):
    array = ARRAY.astype(dtype)
    record = die(tmp_path, array, FORM)
    receipt, written = resumed(tmp_path, array, FORM, verify=verify)
    assert (
        0 < len(written) <= len(array) - 16 + 2
    )  # sixteen were whole; at most one a thread was not
    assert receipt.files == 40
    assert receipt.bytes == sum(path.stat().st_size for path in (tmp_path / "out").iterdir())
    assert receipt.achieved_error <= receipt.max_error
    entropy, now = bytes.fromhex(record["entropy"]), dt.datetime.fromisoformat(record["now"])
    dcs.write(array, tmp_path / "undisturbed", entropy=entropy, now=now, **FORM)
    assert digests(tmp_path / "out") == digests(tmp_path / "undisturbed")
    assert dcs.check(tmp_path / "out", against=array, validators=False) == ()


def test_a_series_of_many_folders_is_gone_on_with(tmp_path):
    array = ARRAY.reshape(4, 10, 30, 50)
    form = {**FORM, "axes": "tzyx", "times": 2.5, "split": "time"}
    die(tmp_path, array, form, at=25)
    receipt, written = resumed(tmp_path, array, form)
    assert 0 < len(written) < 20
    assert len(receipt.others) == 3


def test_a_file_of_all_frames_is_written_again_unless_it_is_whole(tmp_path):
    form = {"kind": "MultiframeSC", "spacing": (0.7, 0.9, 2.5)}
    array = ARRAY.astype("uint16")
    die(tmp_path, array, form, at=2)
    _, written = resumed(tmp_path, array, form)
    assert written == ["0001.dcm"]
    (tmp_path / "array.npy").unlink()


def test_segmentations_are_gone_on_with_and_give_the_same_bytes(tmp_path):
    array = (ARRAY % 5).astype("uint8").reshape(2, 20, 30, 50)
    form = {"kind": "Segmentation", "axes": "tzyx", "split": "time", "spacing": (0.7, 0.9, 2.5)}
    record = die(tmp_path, array, form, at=4)
    _, written = resumed(tmp_path, array, form)
    assert [Path(name).parent.name for name in written] == ["time-0002"]
    entropy, now = bytes.fromhex(record["entropy"]), dt.datetime.fromisoformat(record["now"])
    dcs.write(array, tmp_path / "undisturbed", entropy=entropy, now=now, **form)
    assert digests(tmp_path / "out") == digests(tmp_path / "undisturbed")


@pytest.mark.parametrize(
    ("kind", "at", "codec", "most"),
    [("CT", 17, "jpegls", len(ARRAY) - 16 + 2), ("MultiframeSC", 2, "rle", 1)],
)
def test_a_compressed_series_is_gone_on_with_and_gives_the_same_bytes(
    tmp_path, kind, at, codec, most
):
    pytest.importorskip("imagecodecs")
    array = (ARRAY + 1000).astype("uint16")
    form = {**FORM, "kind": kind, "compression": codec}
    record = die(tmp_path, array, form, at=at)
    receipt, written = resumed(tmp_path, array, form)
    assert receipt.verified
    assert 0 < len(written) <= most
    entropy, now = bytes.fromhex(record["entropy"]), dt.datetime.fromisoformat(record["now"])
    dcs.write(array, tmp_path / "undisturbed", entropy=entropy, now=now, **form)
    assert digests(tmp_path / "out") == digests(tmp_path / "undisturbed")
    np.testing.assert_array_equal(dcs.read(tmp_path / "out").array, array)


@pytest.mark.parametrize("verify", [True, False])
def test_counts_of_what_was_changed_are_those_of_the_whole(tmp_path, verify):
    form = {**FORM, "clip": [-500, 500]}
    die(tmp_path, ARRAY, form)
    receipt, _ = resumed(tmp_path, ARRAY, form, verify=verify)
    assert receipt.clipped == int(((ARRAY < -500) | (ARRAY > 500)).sum())


def test_a_file_that_has_the_right_size_and_the_wrong_voxels_is_written_again(tmp_path):
    die(tmp_path, ARRAY, FORM)
    (staging,) = (path for path in tmp_path.glob(".out.partial-*") if path.is_dir())
    first = staging / "0001.dcm"
    first.write_bytes(first.read_bytes()[:-2] + b"\x7f\x7f")  # as after a power failure
    _, written = resumed(tmp_path, ARRAY, FORM)
    assert "0001.dcm" in written
    assert np.array_equal(dcs.read(tmp_path / "out").array, ARRAY)


@pytest.mark.parametrize(
    ("array", "changed"),
    [
        (ARRAY, {"metadata": {"PatientID": "43"}}),
        (ARRAY, {"spacing": (0.7, 0.9, 2.6)}),
        (ARRAY[:-1], {}),
        (ARRAY, {"kind": "MR"}),
        (ARRAY, {"now": dt.datetime(2024, 2, 29, 12, 0, tzinfo=dt.UTC)}),
    ],
)
def test_another_input_or_other_options_are_rejected_and_nothing_is_lost(tmp_path, array, changed):
    die(tmp_path, ARRAY, FORM)
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(OptionError) as refusal:
        dcs.write(array, tmp_path / "out", resume=True, **{**FORM, **changed})
    assert refusal.value.code == "resume-of-another-write"
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_write_that_goes_on_is_not_taken_over(tmp_path):
    with DirectorySink(tmp_path / "out", record='{"version": 1}') as sink:
        sink.put("0001.dcm", [b"half"])
        with pytest.raises(TargetError) as refusal:
            dcs.write(ARRAY, tmp_path / "out", resume=True, **FORM)
        assert refusal.value.code == "write-under-way"
        sink.commit()
    assert (tmp_path / "out" / "0001.dcm").read_bytes() == b"half"


def test_nothing_to_resume_is_a_write_like_any_other(tmp_path):
    receipt = dcs.write(ARRAY, tmp_path / "out", resume=True, **FORM)
    assert receipt.files == 40
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_record_cut_short_by_the_kill_begins_anew(tmp_path):
    die(tmp_path, ARRAY, FORM)
    (record,) = tmp_path.glob(".out.partial-*.json")
    record.write_text(record.read_text(encoding="utf-8")[:20], encoding="utf-8")
    _, written = resumed(tmp_path, ARRAY, FORM)
    assert len(written) == 40


def test_a_write_without_resume_removes_what_a_killed_one_left(tmp_path):
    die(tmp_path, ARRAY, FORM)
    dcs.write(ARRAY, tmp_path / "out", **FORM)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["array.npy", "out"]


def test_the_record_names_no_patient_and_no_place(tmp_path):
    record = die(
        tmp_path, ARRAY, {**FORM, "metadata": {"PatientName": "Doe^Jane", "PatientID": "42"}}
    )
    assert set(record) == {"version", "entropy", "now", "fingerprint"}
