"""Sent instances, fetched back and compared."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import field
from functools import partial
from pathlib import Path

import numpy as np

from dicomseries import reading
from dicomseries.errors import DicomSeriesError, NetworkError
from dicomseries.event_log import LOGGER
from dicomseries.lazy_dataclass import dataclass
from dicomseries.network import InstanceFile, Peer
from dicomseries.progress_bar import ProgressReport
from dicomseries.reports import Confirmation

__all__ = ["confirmed", "listed_uids"]

_META_START = 132
"""Preamble and prefix (PS3.10 section 7.1)."""
_GROUP_LENGTH = b"\x02\x00\x00\x00UL\x04\x00"
_PIXELS = frozenset({"PixelData", "FloatPixelData", "DoubleFloatPixelData"})
_FRAME_BYTES = 64 << 20
"""Bytes of decoded frames that are compared together."""


@dataclass(slots=True, kw_only=True)
class _Sums:
    """What was found so far."""

    committed: int | None = None
    no_commitment: str = ""
    listed: int = 0
    same_data_sets: int = 0
    same_pixels: int = 0
    changed: dict[str, None] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


def listed_uids(peer: Peer, instances: Sequence[InstanceFile]) -> set[str]:
    """Return the UIDs of instances that the archive lists, in the series of these.

    Raises
    ------
    NetworkError
        If the archive does not answer queries.
    """
    series = dict.fromkeys((instance.study_uid, instance.series_uid) for instance in instances)
    uids: set[str] = set()
    for study_uid, series_uid in series:
        keys = {
            "StudyInstanceUID": study_uid,
            "SeriesInstanceUID": series_uid,
            "SOPInstanceUID": "",
        }
        for match in peer.find("IMAGE", keys):
            uids.add(str(match.get("SOPInstanceUID", "")))
    return uids


def confirmed(
    peer: Peer, instances: Sequence[InstanceFile], report: ProgressReport | None = None
) -> Confirmation:
    """Ask an archive for instances, fetch them and compare.

    Series are fetched one by one into a private folder.

    Parameters
    ----------
    peer : Peer
        The archive.
    instances : sequence of InstanceFile
        That it should have.
    report : callable, optional
        Gets the instances done, all of them, and "waiting for storage commitment" or "fetching
        back".
    """
    sums = _Sums()
    _ask_commitment(peer, instances, sums, report)
    done = 0
    by_series: dict[tuple[str, str], list[InstanceFile]] = {}
    for instance in instances:
        by_series.setdefault((instance.study_uid, instance.series_uid), []).append(instance)
    for (study_uid, series_uid), members in by_series.items():
        try:
            uids = listed_uids(peer, members)
            sums.listed += sum(member.sop_instance_uid in uids for member in members)
            with tempfile.TemporaryDirectory(prefix="dicomseries-") as folder:
                arrived = None
                if report is not None:
                    arrived = partial(_report_arrival, report, done, len(instances))
                peer.fetch(study_uid, series_uid, Path(folder), report=arrived)
                _compare(members, Path(folder), sums)
        except DicomSeriesError as error:
            sums.faults.append(f"series {series_uid}: {error}")
        done += len(members)
    return Confirmation(
        instances=len(instances),
        committed=sums.committed,
        no_commitment=sums.no_commitment,
        listed=sums.listed,
        same_data_sets=sums.same_data_sets,
        same_pixels=sums.same_pixels,
        changed=tuple(sums.changed),
        faults=tuple(sums.faults),
    )


def _report_arrival(report: ProgressReport, before: int, total: int, count: int, _: int) -> None:
    report(before + count, total, "fetching back")


def _ask_commitment(
    peer: Peer,
    instances: Sequence[InstanceFile],
    sums: _Sums,
    report: ProgressReport | None,
) -> None:
    """Ask for storage commitment, where the archive has it."""
    commit = getattr(peer, "commit", None)
    if commit is None:
        return
    LOGGER.info("send: waiting for storage commitment")
    if report is not None:
        report(0, 0, "waiting for storage commitment")
    references = [(instance.sop_class_uid, instance.sop_instance_uid) for instance in instances]
    try:
        answer = commit(references)
    except NetworkError as error:
        sums.no_commitment = str(error.given)  # fetching back proves more anyway
        return
    sums.committed = len(answer.committed)
    sums.faults += (f"instance {uid}: {reason}" for uid, reason in answer.failed.items())


def _compare(members: Sequence[InstanceFile], folder: Path, sums: _Sums) -> None:
    """Compare the instances of a series with their fetched files."""
    fetched: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            fetched[reading.read_instance(path).text("SOPInstanceUID")] = path
    for member in members:
        path = fetched.get(member.sop_instance_uid, Path())
        if not path.name:
            sums.faults.append(f"instance {member.sop_instance_uid} was not fetched back")
            continue
        if _data_set(member.content) == _data_set(path):
            sums.same_data_sets += 1
            sums.same_pixels += 1
            continue
        source = _as_file(member, folder)
        sums.changed.update(dict.fromkeys(_differing(source, path)))
        if _have_same_pixels(source, path):
            sums.same_pixels += 1
        else:
            sums.faults.append(f"instance {member.sop_instance_uid} came back with other pixels")


def _data_set(content: Path | bytes) -> bytes:
    """Return the bytes behind the file meta information."""
    data = content if isinstance(content, bytes) else content.read_bytes()
    start = data[_META_START : _META_START + len(_GROUP_LENGTH)]
    if start != _GROUP_LENGTH:
        return data
    position = _META_START + len(_GROUP_LENGTH)
    return data[position + 4 + int.from_bytes(data[position : position + 4], "little") :]


def _as_file(instance: InstanceFile, folder: Path) -> Path:
    """Return the path of an instance; bytes are written into a folder."""
    if isinstance(instance.content, Path):
        return instance.content
    path = folder / "sent.dcm"
    path.write_bytes(instance.content)
    return path


def _differing(source: Path, fetched: Path) -> Iterator[str]:
    """Yield keywords of attributes, other than pixels, with other values."""
    import pydicom  # noqa: PLC0415 - only where bytes differ

    sent = pydicom.dcmread(source, stop_before_pixels=False, defer_size=1 << 16)
    answer = pydicom.dcmread(fetched, stop_before_pixels=False, defer_size=1 << 16)
    for tag in sorted({*sent.keys(), *answer.keys()}):
        if tag.element == 0:
            continue  # group lengths are retired
        keyword = pydicom.datadict.keyword_for_tag(tag) or str(tag)
        if keyword in _PIXELS:
            continue
        if sent.get(tag) != answer.get(tag):
            yield keyword


def _have_same_pixels(source: Path, fetched: Path) -> bool:
    """Return whether both have the same stored values, or no pixels."""
    sent, answer = reading.read_instance(source), reading.read_instance(fetched)
    if sent.pixels is None or answer.pixels is None:
        return sent.pixels is None and answer.pixels is None
    frames = max(sent.frames, 1)
    shape = (frames, sent.rows, sent.columns, sent.samples)
    if shape != (max(answer.frames, 1), answer.rows, answer.columns, answer.samples):
        return False
    step = max(_FRAME_BYTES // (sent.rows * sent.columns * sent.samples * 4), 1)
    for start in range(0, frames, step):
        stop = min(start + step, frames)
        first = reading.read_frames(sent, start, stop)
        if not np.array_equal(first, reading.read_frames(answer, start, stop)):
            return False
    return True
