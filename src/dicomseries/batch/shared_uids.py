"""UIDs that several jobs share by a key."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from typing import Any

from dicomseries.batch.batch_job import BatchJob
from dicomseries.batch.input_state import content_digest
from dicomseries.lazy_dataclass import dataclass
from dicomseries.uids import make_uid, parse_uid_policy

__all__ = ["ResolvedUids"]

_ROLES = {"study": "StudyInstanceUID", "frame_of_reference": "FrameOfReferenceUID"}
"""Field of a job → the UID that its jobs share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedUids:
    """UIDs by role and key, and the clock of a batch.

    A key names a study, or a frame of reference, within this batch only: another batch with the
    same key has other UIDs, unless both are given the same `namespace`. With ``uid="content"`` they
    are made from the bytes of the inputs of their jobs.

    Parameters
    ----------
    now : str
        Date and time of all series of the batch (ISO 8601).
    uids : dict
        (field, key) → UID.

    Examples
    --------
    >>> job = BatchJob(place="job 1", number=1, source="a.nii", out="a", study="sub-01")
    >>> uids = ResolvedUids(now="2024-01-31T12:00:00")
    >>> uids.add([job], entropy=b"16 random bytes.", namespace="")
    >>> uids.resolved(job).options["uid"]["StudyInstanceUID"] == uids.uids["study", "sub-01"]
    True
    """

    now: str
    uids: dict[tuple[str, str], str] = field(default_factory=dict)

    def add(self, jobs: Iterable[BatchJob], *, entropy: bytes, namespace: str) -> None:
        """Make the UIDs of keys that have none yet.

        Parameters
        ----------
        jobs : iterable of BatchJob
            All jobs of the batch.
        entropy : bytes
            Random bytes of this batch.
        namespace : str
            What makes keys unique in the world: a root, a DOI. Empty without one.
        """
        members: dict[tuple[str, str], list[BatchJob]] = defaultdict(list)
        for job in jobs:
            for role in _ROLES:
                key = getattr(job, role)
                if key and (role, key) not in self.uids:
                    members[role, key].append(job)
        for (role, key), group in members.items():
            policies = [parse_uid_policy(job.options.get("uid", "random")) for job in group]
            seed = b"batch" + entropy
            if namespace:
                seed = b"namespace" + hashlib.sha256(namespace.encode()).digest()
            elif all(policy.mode == "content" for policy in policies):
                contents = sorted(map(content_digest, group))
                seed = b"content" + hashlib.sha256(b"".join(contents)).digest()
            root = policies[0].root
            self.uids[role, key] = make_uid(seed, f"batch {role} {key}", root=root)

    def resolved(self, job: BatchJob) -> BatchJob:
        """Return a job that names its UIDs and its clock."""
        options = dict(job.options)
        uid: Any = options.get("uid", "random")
        if "now" not in options and parse_uid_policy(uid).mode != "content":
            options["now"] = self.now
        shared = {}
        for role, keyword in _ROLES.items():
            key = getattr(job, role)
            if key:
                shared[keyword] = self.uids[role, key]
        if shared:
            base = dict(uid) if isinstance(uid, Mapping) else {"others": uid}
            options["uid"] = {**base, **shared}
        return replace(job, options=options, study="", frame_of_reference="")
