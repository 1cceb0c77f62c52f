"""An archive in memory that keeps the protocol of a peer."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pydicom

from dicomseries.errors import NetworkError
from dicomseries.network import InstanceStatus

__all__ = ["ARRAY", "URL", "FakeArchive"]

URL = "dicom://FAKE@host:104"
ARRAY = np.random.default_rng(3).integers(-1000, 3000, (5, 6, 7)).astype("int16")


def network_error(code):
    return NetworkError(
        code=code, where="fake", given="a fault", expected="none", remedy="Try again."
    )


@dataclass
class FakeArchive:
    """Keeps bytes by SOPInstanceUID; faults are planted by its fields."""

    kept: dict[str, bytes] = field(default_factory=dict)
    accepted: tuple[str, ...] = ()
    lost_after: int | None = None
    refuses: frozenset[str] = frozenset()
    has_queries: bool = True
    changes: object = None
    sent: list[str] = field(default_factory=list)
    interrupt_after: int | None = None
    where: str = "dicom://FAKE@host:104"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def echo(self):
        if self.lost_after == 0:
            code = "peer-not-reached"
            raise network_error(code)

    def store(self, instances, *, transcode):
        for file in instances:
            instance = file
            uid = instance.sop_instance_uid
            if self.interrupt_after is not None and len(self.sent) == self.interrupt_after:
                raise KeyboardInterrupt
            if self.lost_after is not None and len(self.sent) >= self.lost_after:
                yield InstanceStatus(sop_instance_uid=uid, outcome="failed", text="lost.")
                continue
            if self.accepted and instance.transfer_syntax_uid not in self.accepted:
                instance = transcode(instance, self.accepted)
            self.sent.append(uid)
            if instance.sop_class_uid in self.refuses:
                yield InstanceStatus(
                    sop_instance_uid=uid, outcome="refused", status=0x122, text="status 0122: no."
                )
                continue
            content = instance.content
            data = content if isinstance(content, bytes) else content.read_bytes()
            self.kept[uid] = data if self.changes is None else self.changes(data)
            yield InstanceStatus(
                sop_instance_uid=uid,
                outcome="stored",
                status=0,
                transfer_syntax_uid=instance.transfer_syntax_uid,
            )

    def _matching(self, keys):
        for uid, data in self.kept.items():
            dataset = pydicom.dcmread(io.BytesIO(data), stop_before_pixels=True)
            if all(
                not value or str(dataset.get(key, "")) == value
                for key, value in keys.items()
                if key in dataset
            ):
                yield uid, dataset

    def find(self, level, keys):
        if not self.has_queries:
            code = "no-queries"
            raise network_error(code)
        rows = {}
        names = {"STUDY": "StudyInstanceUID", "SERIES": "SeriesInstanceUID"}
        for uid, dataset in self._matching(keys):
            name = names.get(level, "SOPInstanceUID")
            rows.setdefault(str(dataset[name].value), {key: dataset.get(key) for key in keys})
            if level == "IMAGE":
                rows[uid]["SOPInstanceUID"] = uid
        yield from rows.values()

    def fetch(self, study_uid, series_uid, folder, *, report=None):
        keys = {"StudyInstanceUID": study_uid, "SeriesInstanceUID": series_uid or ""}
        count = 0
        for uid, _ in self._matching(keys):
            Path(folder, f"{uid}.dcm").write_bytes(self.kept[uid])
            count += 1
            if report is not None:
                report(count, 0)
        return count
