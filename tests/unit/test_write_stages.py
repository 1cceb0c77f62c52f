"""`write` as a whole: repeatable bytes, number of passes, nothing left after a failure."""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from pathlib import Path

import numpy as np
import pydicom
import pytest

import dicomseries as dcs
from dicomseries import errors

NOW = dt.datetime(2024, 2, 29, 23, 59, 58, tzinfo=dt.UTC)
SPACING = (0.7, 0.9, 2.5)


def bytes_of(folder):
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in Path(folder).iterdir()
    }


def integers(shape=(7, 5, 3), seed=0):
    return np.random.default_rng(seed).integers(-1024, 3071, shape).astype("int16")


class Watched:
    """An array that counts the reads of each slice and fails on request."""

    def __init__(self, array, fail_at=None):
        self.array, self.shape, self.dtype = array, array.shape, array.dtype
        self.reads = np.zeros(array.shape[0], int)
        self.fail_at = fail_at
        self.passes = 0

    def __getitem__(self, key):
        rows = key[0] if isinstance(key, tuple) else key
        self.reads[rows] += 1
        if (
            self.fail_at is not None
            and self.reads.max() >= 2
            and range(*rows.indices(len(self.array))).count(self.fail_at)
        ):
            message = "the disk broke"
            raise OSError(message)
        return self.array[key]


@pytest.mark.parametrize(
    "array", [integers(), integers().astype("float32") / 7], ids=["int16", "float32"]
)
def test_the_bytes_depend_on_entropy_and_clock_and_not_on_the_workers(tmp_path, array):
    def written(name, **options):
        fixed = {"now": NOW, "entropy": b"chance"} | options
        dcs.write(array, tmp_path / name, kind="CT", spacing=SPACING, **fixed)
        return bytes_of(tmp_path / name)

    one, two, five = (written(str(workers), workers=workers) for workers in (1, 2, 5))
    assert len(one) == len(array)
    assert one == two == five
    assert written("other entropy", entropy=b"other") != one
    assert written("other clock", now=NOW + dt.timedelta(seconds=1)) != one


def test_with_uid_content_the_same_input_gives_the_same_bytes_on_another_day(tmp_path):
    for name in ("today", "tomorrow"):
        dcs.write(integers(), tmp_path / name, kind="MR", spacing=SPACING, uid="content")
    assert bytes_of(tmp_path / "today") == bytes_of(tmp_path / "tomorrow")


def test_the_digest_does_not_depend_on_byte_order_or_strides():
    array = integers()
    same = [
        array,
        array.astype(">i2"),
        np.asfortranarray(array),
        np.repeat(array, 2, axis=2)[:, :, ::2],
    ]
    uids = {dcs.plan(a, kind="CT", spacing=SPACING, uid="content").uids.series for a in same}
    assert len(uids) == 1


def test_the_series_contract_holds_in_every_file(tmp_path):
    receipt = dcs.write(
        integers(),
        tmp_path / "out",
        kind="CT",
        spacing=SPACING,
        now=NOW,
        metadata={"SeriesNumber": 4},
    )
    datasets = [pydicom.dcmread(path) for path in sorted((tmp_path / "out").iterdir())]
    assert [path.name for path in sorted((tmp_path / "out").iterdir())] == [
        f"{k:04d}.dcm" for k in range(1, 8)
    ]
    varying = {"SOPInstanceUID", "InstanceNumber", "ImagePositionPatient", "PixelData"}
    for element in datasets[0]:
        if element.keyword not in varying:
            assert all(dataset[element.tag] == element for dataset in datasets), element.keyword
    assert [dataset.InstanceNumber for dataset in datasets] == list(range(1, 8))
    assert {dataset.StudyInstanceUID for dataset in datasets} == {receipt.study_uid}
    assert datasets[0].StudyDate == "20240229"
    assert datasets[0].SeriesTime == "235958"
    assert sum(path.stat().st_size for path in (tmp_path / "out").iterdir()) == receipt.bytes


def test_integers_are_read_once_and_floats_once_to_plan_and_once_to_write(tmp_path):
    for name, array, passes in (("i", integers((40, 5, 3)), 1), ("f", integers((40, 5, 3)) / 3, 2)):
        source = Watched(array)
        dcs.write(source, tmp_path / name, kind="CT", spacing=SPACING)
        assert (source.reads == passes).all()


@pytest.mark.parametrize(
    ("kind", "dtype", "slices"),
    [("ParametricMap", "float64", 513), ("MultiframeSC", "uint16", 2049)],
)
def test_what_no_file_can_hold_is_rejected_unread(kind, dtype, slices):
    source = Watched(np.broadcast_to(np.zeros(1, dtype), (slices, 1024, 1024)))
    with pytest.raises(errors.KindError) as caught:
        dcs.plan(source, kind=kind, spacing=SPACING)
    assert caught.value.code == "file-too-large"
    assert not source.reads.any()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_source_that_fails_half_way_leaves_nothing(tmp_path, workers):
    with pytest.raises(errors.SourceError, match="the disk broke"):
        dcs.write(
            Watched(integers() / 7, fail_at=5),
            tmp_path / "out",
            kind="CT",
            spacing=SPACING,
            workers=workers,
        )
    assert not list(tmp_path.iterdir())


def test_ctrl_c_leaves_nothing(tmp_path):
    def interrupt(done, total, what):
        if what == "writing":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        dcs.write(integers(), tmp_path / "out", kind="CT", spacing=SPACING, progress=interrupt)
    assert not list(tmp_path.iterdir())


def test_progress_counts_every_slice_once_while_reading_and_once_while_writing(tmp_path):
    reports = []
    slices = np.broadcast_to(np.arange(512, dtype="int16"), (40, 512, 512))
    dcs.write(
        slices,
        tmp_path / "out",
        kind="CT",
        spacing=SPACING,
        sync=False,
        progress=lambda *report: reports.append(report),
    )
    assert {what for _, _, what in reports} == {"reading", "writing"}
    for what in ("reading", "writing"):
        counts = [done for done, total, of in reports if of == what and total == 40]
        assert counts == sorted(set(counts))
        assert counts[-1] == 40
        assert len(counts) > 1, "it is reported after each slab, not at the end of the pass"


def test_the_receipt_states_the_seconds_that_the_write_took(tmp_path):
    begun = time.monotonic()
    receipt = dcs.write(integers(), tmp_path / "out", kind="CT", spacing=SPACING)
    assert 0 < receipt.seconds <= time.monotonic() - begun
    assert receipt.to_dict()["seconds"] == receipt.seconds


def test_a_disk_without_room_is_rejected_before_a_file_exists(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "shutil.disk_usage", lambda _: type("Usage", (), {"free": 1000, "total": 9000})()
    )
    with pytest.raises(errors.TargetError) as caught:
        dcs.write(integers(), tmp_path / "out", kind="CT", spacing=SPACING)
    assert caught.value.code == "disk-full"
    assert not list(tmp_path.iterdir())


def test_a_source_that_changes_between_the_passes_is_caught(tmp_path):
    class Changing(Watched):
        def __getitem__(self, key):
            self.passes += 1
            return super().__getitem__(key) * (1 if self.passes == 1 else 3)

    with pytest.raises(errors.DicomSeriesError):
        dcs.write(Changing(integers() / 3), tmp_path / "out", kind="CT", spacing=SPACING, workers=1)
    assert not list(tmp_path.iterdir())


def test_a_file_that_a_fault_of_the_disk_changed_is_never_shown(tmp_path, monkeypatch):
    from dicomseries.sinks.directory import DirectorySink

    put = DirectorySink.put

    def damage(self, name, chunks):
        path = put(self, name, chunks)
        if name == "0004.dcm":
            whole = bytearray(path.read_bytes())
            whole[-1] ^= 1
            path.write_bytes(whole)
        return path

    monkeypatch.setattr(DirectorySink, "put", damage)
    with pytest.raises(errors.VerificationError):
        dcs.write(integers(), tmp_path / "out", kind="CT", spacing=SPACING)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("keyword", [b"InstanceNumber", b"position"])
def test_a_header_that_a_fault_changed_is_never_shown(tmp_path, monkeypatch, keyword):
    from dicomseries.sinks.directory import DirectorySink

    put = DirectorySink.put
    old, new = {
        b"InstanceNumber": (b"IS\x02\x004 ", b"IS\x02\x005 "),
        b"position": (b"0\\0\\7.5", b"0\\0\\7.6"),
    }[keyword]

    def damage(self, name, chunks):
        return put(
            self,
            name,
            [bytes(chunks[0]).replace(old, new), *chunks[1:]] if name == "0004.dcm" else chunks,
        )

    monkeypatch.setattr(DirectorySink, "put", damage)
    with pytest.raises(errors.VerificationError):
        dcs.write(integers(), tmp_path / "out", kind="CT", spacing=SPACING)
    assert not list(tmp_path.iterdir())


def test_rejections_say_how_many_voxels_lie_outside(tmp_path):
    array = np.zeros((3, 4, 5))
    array[1, 2, :3] = 1000.0
    with pytest.raises(errors.ValuesError, match="3 of 60 voxels"):
        dcs.write(array, tmp_path / "out", kind="CT", spacing=SPACING, values=dcs.Digits(3))


def test_the_files_state_the_error_bound(tmp_path):
    receipt = dcs.write(integers() / 3, tmp_path / "out", kind="CT", spacing=SPACING)
    text = pydicom.dcmread(tmp_path / "out" / "0001.dcm").DerivationDescription
    # Rounded, if at all, upwards: the text must be proven too.
    assert (
        receipt.max_error
        <= float(text.rsplit(maxsplit=1)[1].rstrip("."))
        <= receipt.max_error * 1.00001
    )


def test_metadata_may_be_a_toml_or_a_json_file(tmp_path):
    (tmp_path / "m.toml").write_text('PatientID = "42"\nStudyDate = 2024-02-29\n', encoding="utf-8")
    (tmp_path / "m.json").write_text(
        '{"PatientID": "42", "StudyDate": "20240229"}', encoding="utf-8"
    )
    for name in ("m.toml", "m.json"):
        plan = dcs.plan(integers(), kind="CT", spacing=SPACING, metadata=tmp_path / name)
        said = {own.keyword: own.values for own in plan.shared}
        assert (said["PatientID"], said["StudyDate"]) == (("42",), ("20240229",))


@pytest.mark.parametrize("name", ["m.yaml", "missing.toml"])
def test_a_metadata_file_that_cannot_be_read_is_rejected(tmp_path, name):
    (tmp_path / "m.yaml").write_text("PatientID: 42", encoding="utf-8")
    with pytest.raises(errors.MetadataError):
        dcs.plan(integers(), kind="CT", spacing=SPACING, metadata=tmp_path / name)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"now": "2020"}, "now-not-a-datetime"),
        ({"now": dt.date(2020, 1, 1)}, "now-not-a-datetime"),
        ({"entropy": b""}, "entropy-not-bytes"),
        ({"entropy": "chance"}, "entropy-not-bytes"),
        ({"metadata": 5}, "metadata-not-a-mapping"),
        ({"metadata": [("PatientID", "42")]}, "metadata-not-a-mapping"),
        ({"out": None}, "target-not-a-path"),
        ({"out": b"out"}, "target-not-a-path"),
        ({"out": "a\0b"}, "target-not-a-path"),
    ],
)
def test_an_argument_of_a_wrong_type_is_rejected_by_name(tmp_path, wrong, code):
    arguments = {"out": tmp_path / "out", "kind": "CT", "spacing": SPACING} | wrong
    with pytest.raises(errors.DicomSeriesError) as caught:
        dcs.write(integers(), **arguments)
    assert caught.value.code == code
    assert not list(tmp_path.iterdir())


def test_the_content_uids_depend_on_the_time_written_and_not_on_how_its_zone_is_named():
    zones = (dt.UTC, dt.timezone(dt.timedelta(0), "Greenwich"))
    moments = [dt.datetime(2024, 2, 29, 12, 0, tzinfo=zone) for zone in zones]
    uids = {
        dcs.plan(integers(), kind="CT", spacing=SPACING, uid="content", now=now).uids.series
        for now in moments
    }
    assert len(uids) == 1
