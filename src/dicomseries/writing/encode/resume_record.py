"""The record of a write under way, to resume it.

It holds the entropy and the clock that the files are made from, and a digest of their plan. It
names no patient, and no place.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Self

from dicomseries.errors import OptionError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.short_repr import whole_text
from dicomseries.sinks import Leftover
from dicomseries.sources import content_of
from dicomseries.writing.inputs.write_request import WriteRequest
from dicomseries.writing.jobs.series_jobs import Job

__all__ = ["KilledWrite", "WriteRecord", "check_same_write"]

_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteRecord:
    """Everything that makes the same bytes again.

    Parameters
    ----------
    entropy : bytes or None
        Source of the UIDs; None if they come from the content.
    now : datetime or None
        The clock, if it was read or given.
    fingerprint : str
        SHA-256 of the plan.
    """

    entropy: bytes | None
    now: dt.datetime | None
    fingerprint: str

    @classmethod
    def of(cls, request: WriteRequest, jobs: Sequence[Job]) -> Self:
        """Return the record of a planned write."""
        digest = hashlib.sha256(b"\x1f".join(_planned(jobs))).hexdigest()
        return cls(entropy=request.options.entropy, now=request.options.now, fingerprint=digest)

    @classmethod
    def from_text(cls, text: str) -> Self | None:
        """Return the record that `to_text` wrote; None for other texts.

        A kill may have cut the text short.
        """
        try:
            entries = json.loads(text)
            if entries["version"] != _VERSION:
                return None
            entropy, now = entries["entropy"], entries["now"]
            return cls(
                entropy=None if entropy is None else bytes.fromhex(entropy),
                now=None if now is None else dt.datetime.fromisoformat(now),
                fingerprint=str(entries["fingerprint"]),
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


@dataclass(frozen=True, slots=True, kw_only=True)
class KilledWrite:
    """A killed write to the same target."""

    record: WriteRecord
    leftover: Leftover | None = None


def check_same_write(killed: WriteRecord, planned: WriteRecord, target: str) -> None:
    """Reject other input or options than before the kill.

    Raises
    ------
    OptionError
        If the files of the killed write would not fit these.
    """
    if killed.fingerprint == planned.fingerprint:
        return
    raise OptionError(
        code="resume-of-another-write",
        where="resume",
        given=f"another input, or other options, than those of the killed write to {target}",
        expected="the same call again",
        remedy="Repeat it with the same input and options, or leave `resume=` out to begin anew.",
    )


def _planned(jobs: Sequence[Job]) -> Iterator[bytes]:
    """Yield everything that the files depend on except voxels.

    The value map holds the range of the voxels.
    """
    for job in jobs:
        plan = job.plan
        attributes = (
            plan.sop_class_uid,
            plan.transfer_syntax_uid,
            plan.uids,
            plan.shared,
            plan.groups,
            plan.per_frame,
            plan.frames,
        )
        voxels = (
            plan.extent,
            plan.columns,
            plan.value_map,
            content_of(plan.grid),
            plan.grid.texts,
            plan.samples,
            plan.folder,
        )
        yield whole_text((attributes, voxels)).encode()
