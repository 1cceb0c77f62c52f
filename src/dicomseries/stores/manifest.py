"""``manifest.json``: the objects of a complete prefix."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from dicomseries.errors import ReadError

__all__ = ["MANIFEST", "PLAN", "Entry", "Manifest", "sha256_of"]

MANIFEST = "manifest.json"
"""Key of the manifest."""
PLAN = "_plan.json"
"""Key of what a write under way says of itself: a prefix that has it and no manifest is incomplete."""
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
        What is said of each series, for people and programs that look for it.

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
            found = json.loads(content)
        except ValueError:
            found = None
        if not isinstance(found, dict) or found.get("format") != _FORMAT:
            return None
        try:
            entries = tuple(Entry(**one) for one in found["objects"])
            return cls(entries=entries, series=tuple(found["series"]))
        except (KeyError, TypeError, ValueError) as error:
            raise ReadError(
                code="manifest-damaged",
                where=f"{where}: {MANIFEST}",
                given=str(error),
                expected="a manifest of version 1, as it was written",
                remedy="Write the series again, or delete the manifest to read what is there without it.",
            ) from error

    def to_bytes(self) -> bytes:
        """Return the manifest as JSON."""
        whole = {
            "format": _FORMAT,
            "version": _VERSION,
            "series": [dict(one) for one in self.series],
            "objects": [asdict(one) for one in self.entries],
        }
        return json.dumps(whole, indent=1).encode()

    def missing(self, sizes: Mapping[str, int]) -> Iterator[str]:
        """Yield the faults of objects of these sizes."""
        for one in self.entries:
            size = sizes.get(one.key)
            if size is None:
                yield f"{one.key} is missing"
            elif size != one.size:
                yield f"{one.key} has {size:,} bytes, not {one.size:,}"

    @property
    def size(self) -> int:
        """Bytes of all objects."""
        return sum(one.size for one in self.entries)


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
    more = len(faults) - 3
    return "; ".join([*faults[:3], *([f"and {more} more"] if more > 0 else [])])
