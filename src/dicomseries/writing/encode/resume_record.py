"""`resume=`: what a write says of itself while it is under way, so that another one can go on with it if it is killed.

The record holds the chance and the clock that the files were made from, and a digest of what was planned. It names no
patient, and no place.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from dicomseries.errors import OptionError
from dicomseries.sinks import Leftover, find_leftover
from dicomseries.writing.inputs.write_request import WriteRequest
from dicomseries.writing.jobs.series_jobs import Job

__all__ = ["Record", "find_record", "refuse_another"]

_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What a write needs to make the same bytes again.

    Parameters
    ----------
    entropy : bytes or None
        What the UIDs are made from; None where they come from the content.
    now : datetime or None
        The clock, if it was read or given.
    fingerprint : str
        SHA-256 of everything that was planned.

    Examples
    --------
    >>> record = Record(entropy=b"chance", now=None, fingerprint="00")
    >>> Record.from_text(record.to_text()) == record
    True
    """

    entropy: bytes | None
    now: dt.datetime | None
    fingerprint: str

    @classmethod
    def of(cls, request: WriteRequest, jobs: Sequence[Job]) -> Self:
        """Return the record of a write that was planned."""
        digest = hashlib.sha256(b"\x1f".join(_planned(jobs))).hexdigest()
        return cls(entropy=request.options.entropy, now=request.options.now, fingerprint=digest)

    @classmethod
    def from_text(cls, text: str) -> Self | None:
        """Return the record that `to_text` wrote, None for anything else: a kill may have cut it short."""
        try:
            found = json.loads(text)
            if found["version"] != _VERSION:
                return None
            entropy, now = found["entropy"], found["now"]
            return cls(
                entropy=None if entropy is None else bytes.fromhex(entropy),
                now=None if now is None else dt.datetime.fromisoformat(now),
                fingerprint=str(found["fingerprint"]),
            )
        except (ValueError, TypeError, KeyError):
            return None

    def to_text(self) -> str:
        """Return the record as JSON."""
        return json.dumps(
            {
                "version": _VERSION,
                "entropy": None if self.entropy is None else self.entropy.hex(),
                "now": None if self.now is None else self.now.isoformat(),
                "fingerprint": self.fingerprint,
            }
        )


def find_record(target: Path) -> tuple[Leftover, Record] | None:
    """Return what a killed write to this target has left, None if there is nothing to go on with.

    Raises
    ------
    TargetError
        If that write is still under way.
    """
    leftover = find_leftover(target)
    record = None if leftover is None else Record.from_text(leftover.record)
    return None if leftover is None or record is None else (leftover, record)


def refuse_another(found: Record, planned: Record, target: str) -> None:
    """Refuse to go on with a write of another input or of other options: its files would not fit these.

    Raises
    ------
    OptionError
        With the way out.
    """
    if found.fingerprint == planned.fingerprint:
        return
    raise OptionError(
        code="resume-of-another-write",
        where="resume",
        given=f"another input, or other options, than those of the write to {target} that was killed",
        expected="the same call again",
        remedy="Repeat it with the same input and options, or leave `resume=` out to begin anew.",
    )


def _planned(jobs: Sequence[Job]) -> Iterator[bytes]:
    """Yield what the files of all series depend on, but for the voxels, of which the value map knows the range."""
    for job in jobs:
        if job.encoded is not None:
            yield job.encoded
            continue
        one = job.plan
        said = (
            one.sop_class_uid,
            one.transfer_syntax_uid,
            one.uids,
            one.shared,
            one.groups,
            one.per_frame,
        )
        voxels = (
            one.extent,
            one.columns,
            one.value_map,
            one.grid,
            one.grid.texts,
            one.samples,
            one.folder,
        )
        yield repr((said, voxels)).encode()
