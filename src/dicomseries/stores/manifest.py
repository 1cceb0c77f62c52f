"""``manifest.json``: the objects of a complete prefix."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Self

from dicomseries.errors import ReadError
from dicomseries.lazy_dataclass import dataclass

__all__ = ["MANIFEST", "PLAN", "Entry", "Manifest", "sha256_of"]

MANIFEST = "manifest.json"
"""Key of the manifest."""
PLAN = "_plan.json"
"""Key of the record of a write under way: a prefix with it and without manifest is incomplete."""
_FORMAT = "dicomseries-manifest"
_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One object.

    Parameters
    ----------
    key : str
        Below the prefix.
    size : int
        Bytes.
    sha256 : str
        Of its content, in hexadecimal.
    sop_instance_uid : str
        As its file meta information has it; "" where it has none.
    """

    key: str
    size: int
    sha256: str
    sop_instance_uid: str = ""

    def __post_init__(self) -> None:
        parts = self.key.split("/")
        if not self.key or "\\" in self.key or {"", ".", ".."} & set(parts):
            message = f"no key of an object: {self.key!r}"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """All objects of one write.

    Parameters
    ----------
    entries : tuple of Entry
        By key.
    series : tuple of mapping
        Facts about each series, for people and programs that look for it.

    Examples
    --------
    >>> manifest = Manifest(entries=(Entry(key="1.dcm", size=4, sha256=sha256_of(b"DICM")),))
    >>> Manifest.from_bytes(manifest.to_bytes(), "s3://bucket/scan") == manifest
    True
    """

    entries: tuple[Entry, ...]
    series: tuple[Mapping[str, Any], ...] = ()

    @classmethod
    def from_bytes(cls, content: bytes, where: str) -> Self | None:
        """Return the manifest, None for another file.

        Raises
        ------
        ReadError
            If it is one of ours, and damaged.
        """
        try:
            document = json.loads(content)
        except ValueError:
            return None
        if not isinstance(document, dict) or document.get("format") != _FORMAT:
            return None
        try:
            entries = tuple(Entry(**values) for values in document["objects"])
            return cls(entries=entries, series=tuple(document["series"]))
        except (KeyError, TypeError, ValueError) as error:
            raise ReadError(
                code="manifest-damaged",
                where=f"{where}: {MANIFEST}",
                given=str(error),
                expected="a manifest of version 1, as it was written",
                remedy="Write the series again, or delete the manifest to read the objects "
                "without it.",
            ) from error

    def to_bytes(self) -> bytes:
        """Return the manifest as JSON."""
        document = {
            "format": _FORMAT,
            "version": _VERSION,
            "series": list(map(dict, self.series)),
            "objects": list(map(asdict, self.entries)),
        }
        return json.dumps(document, indent=1).encode()

    def missing(self, sizes: Mapping[str, int]) -> Iterator[str]:
        """Yield the faults of objects of these sizes."""
        for entry in self.entries:
            size = sizes.get(entry.key)
            if size is None:
                yield f"{entry.key} is missing"
            elif size != entry.size:
                yield f"{entry.key} has {size:,} bytes, not {entry.size:,}"

    @property
    def size(self) -> int:
        """Bytes of all objects."""
        return sum(entry.size for entry in self.entries)


def sha256_of(content: bytes) -> str:
    """Return the digest of a content, in hexadecimal.

    Examples
    --------
    >>> sha256_of(b"DICM")[:8]
    '4c07eaea'
    """
    return hashlib.sha256(content).hexdigest()


def listed(faults: Sequence[str]) -> str:
    """Return the first faults, and how many more there are.

    Examples
    --------
    >>> listed(["a is missing"]), listed(["a", "b", "c", "d", "e"])
    ('a is missing', 'a; b; c; and 2 more')
    """
    texts = [*faults[:3]]
    if len(faults) > 3:
        texts.append(f"and {len(faults) - 3} more")
    return "; ".join(texts)
